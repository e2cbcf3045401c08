"""A disk that is really full: what is there is the old state or the new one, the message says so, and afterwards all goes on.

`store/test_faults` fails every single call of the disk; this is one small file system of the system's own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent


def _namespace() -> list[str]:
    """The command that begins a namespace of its own in which a file system may be mounted; skips where none is allowed."""
    if not (shutil.which("unshare") and shutil.which("mount")):
        pytest.skip("mounting a small disk takes `unshare` and `mount` of Linux")
    mounting = ["sh", "-c", "mount -t tmpfs -o size=1m small /mnt"]
    for begin in (["unshare", "-m", "--"], ["unshare", "-rm", "--"]):
        if subprocess.run([*begin, *mounting], capture_output=True, check=False).returncode == 0:
            return begin
    pytest.skip("this user may not mount a file system, not even in a namespace of its own")


def test_on_a_disk_that_is_full_nothing_is_half_done_and_the_node_goes_on(tmp_path: Path) -> None:
    begin = _namespace()
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        [*begin, sys.executable, "-m", "stories.small_disk", disk],
        env={**os.environ, "PYTHONPATH": f"{TESTS}{os.pathsep}{TESTS.parent}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = {name: messages for name, *messages in (line.split("\t") for line in done.stdout.splitlines())}
    assert set(told) == {"write", "commits", "import", "compaction", "new keys", "backup"}
    for name, messages in told.items():
        assert messages, f"{name} did not come to the end of the disk"
        for message in messages:
            assert "The disk is full" in message or "There is no room" in message
    assert not list(disk.iterdir())  # it was that process's alone
