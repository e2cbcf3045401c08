"""The real git, held away from everybody's configuration, and a vault's export put where it can read it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pk_tui.terms import CommitId
from pk_tui.vault import history
from pk_tui.vault.export_checkout import checked_out, git_index
from pk_tui.vault.export_pack import Packing, reachable
from pk_tui.vault.objects import ObjectSource

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(where: Path, *words: str, given: bytes = b"") -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": str(where), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["git", "-C", str(where), *words], input=given, capture_output=True, check=False, env=environment
    )
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout.decode()


def fsck(where: Path) -> None:
    """Nothing may be wrong, missing, dangling, or even be warned of."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(where), "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", "-C", str(where), "fsck", "--strict", "--full", "--no-progress"],
        capture_output=True, check=False, env=environment,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def export(source: ObjectSource, head: CommitId, where: Path) -> list[bytes]:
    """A bare repository with the pack of this version. Returns the objects, in their order."""
    objects = [oid for oid in reachable(source, head) if oid is not None]
    packing = Packing(source)
    pack = packing.begin(len(objects)) + b"".join(map(packing.add, objects)) + packing.end()
    for directory in ("objects/pack", "refs/heads"):
        (where / directory).mkdir(parents=True)
    (where / "objects/pack/pack-x.pack").write_bytes(pack)
    (where / "objects/pack/pack-x.idx").write_bytes(b"".join(packing.index()))
    (where / "refs/heads/main").write_text(f"{head}\n")
    (where / "HEAD").write_text("ref: refs/heads/main\n")
    return objects


def check_out(source: ObjectSource, head: CommitId, where: Path) -> None:
    """The working tree and index that go with it, beside the repository at `where/.git`."""
    files = []
    for row in checked_out(source, history.read_commit(source, head).tree):
        path = where / os.fsdecode(b"/".join(row.path))
        if row.is_directory:
            path.mkdir()
        else:
            path.write_bytes(source.body(row.oid))
            files.append((row.path, row.oid))
    (where / ".git/index").write_bytes(b"".join(git_index(files)))
