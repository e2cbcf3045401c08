"""Plaintext never lies in a temporary file: none is made, with a name or without one, whatever is done."""

from __future__ import annotations

import ctypes
import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pk_tui.control.editor import child_environment

WORK = Path(__file__).with_name("watched_work.py")
MARKER = b"PLAINTEXT-MARKER-83b1"
ALL_EVENTS = 0xFFF
_NAME = struct.Struct("iIII")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify and /proc are Linux's")


class Watched:
    """A directory of which every event is kept by the kernel until it is read."""

    def __init__(self, directory: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert self._descriptor >= 0
        assert libc.inotify_add_watch(self._descriptor, os.fsencode(directory), ALL_EVENTS) >= 0

    def events(self) -> list[str]:
        """Names of the files that something happened to; empty for the directory itself."""
        names = []
        try:
            while raw := os.read(self._descriptor, 1 << 16):
                while raw:
                    _, mask, _, size = _NAME.unpack_from(raw)
                    name = raw[_NAME.size : _NAME.size + size].rstrip(b"\0").decode()
                    names.append(name or f"the directory itself ({mask:#x})")
                    raw = raw[_NAME.size + size :]
        except BlockingIOError:
            return names
        return names


def run(tmp_path: Path, *more: str) -> tuple[dict[str, Any], list[str]]:
    temporary, place, source = tmp_path / "temporary", tmp_path / "place", tmp_path / "source"
    for directory in (temporary, place, source / "deep"):
        directory.mkdir(parents=True)
    for number in range(20):
        (source / "deep" / f"{number}").write_bytes(MARKER + b"%d" % number)
    (source / "large").write_bytes(MARKER * 100_000)
    watched = Watched(temporary)
    named = dict.fromkeys(("TMPDIR", "TEMP", "TMP", "SQLITE_TMPDIR"), str(temporary))
    done = subprocess.run(
        [sys.executable, str(WORK), str(place), str(source), *more],
        env={**child_environment(), **named},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout), watched.events()


def test_no_temporary_file_is_made_by_import_clone_check_backup_restore_or_large_secrets(tmp_path: Path) -> None:
    told, events = run(tmp_path)
    assert told["done"] == ["import", "large", "clone", "check", "backup", "tidy", "restore"]
    assert told["looks"] > 50
    # Python tries the directory itself out where it wants to know which one is for temporary files: it never did.
    assert events == []
    place = f"{tmp_path / 'place'}/"
    # Renamed or removed by now, but made in our own directories under names of our own.
    strangers = [path for path in told["paths"] if not path.startswith(place)]
    assert strangers == []
    unnamed = [path for path in told["paths"] if path.endswith(" (deleted)") and "/node.db" not in path]
    assert [path for path in unnamed if not path.removesuffix(" (deleted)").endswith(("witness.new", ".partial"))] == []
    files = [file for file in (tmp_path / "place").rglob("*") if file.is_file()]
    assert len(files) >= 7
    assert [file.name for file in files if MARKER in file.read_bytes()] == []


def test_the_watch_sees_a_temporary_file_that_has_no_name(tmp_path: Path) -> None:
    told, events = run(tmp_path, "--badly")
    strangers = [path for path in told["paths"] if not path.startswith(f"{tmp_path / 'place'}/")]
    assert strangers
    assert any(path.startswith(str(tmp_path / "temporary")) for path in strangers)
    assert events
