"""The friend's process: lives where it is told to, as long as somebody speaks to it, and removes only a playground."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pk_tui.bootstrap.friend import PREFIX, playground_at

FRIEND = [sys.executable, "-m", "pk_tui.bootstrap.friend"]


@pytest.fixture
def base(short: Path) -> Path:
    made = short / f"{PREFIX}x"
    made.mkdir(mode=0o700)
    return made


def start(first_line: bytes) -> subprocess.Popen[bytes]:
    friend = subprocess.Popen(FRIEND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert friend.stdin is not None
    friend.stdin.write(first_line + b"\n")
    friend.stdin.flush()
    return friend


def line(base: Path) -> bytes:
    return json.dumps({"base": str(base)}).encode()


def test_it_says_who_it_is_and_ends_with_its_input(base) -> None:
    with start(line(base)) as friend:
        assert friend.stdout is not None
        hello = json.loads(friend.stdout.readline())
        assert set(hello) == {"node_id", "port"}
        assert (base / "friend" / "node.db").is_file()
        friend.communicate()
        assert friend.returncode == 0
    assert not base.exists()


def test_it_ends_at_once_even_while_it_gets_ready(base) -> None:
    with start(line(base)) as friend:
        friend.communicate(timeout=60)
    assert not base.exists()


def test_asked_to_end_it_removes_everything_too(base) -> None:
    with start(line(base)) as friend:
        assert friend.stdout is not None
        friend.stdout.readline()
        os.kill(friend.pid, signal.SIGTERM)
        assert friend.wait(timeout=60) == 0
    assert not base.exists()


@pytest.mark.parametrize("raw", [b"{}", b"[]", b'{"base": 5}', b'{"base": "relative/pk-tui-playground-x"}'])
def test_a_wrong_beginning_is_refused(raw) -> None:
    with start(raw) as friend:
        assert friend.wait(timeout=60) == 64


def test_only_a_playground_of_ours_is_ever_removed(base, short) -> None:
    assert playground_at({"base": str(base)}) == base
    other = short / "documents"
    other.mkdir()
    link = short / f"{PREFIX}link"
    link.symlink_to(other)
    file = short / f"{PREFIX}file"
    file.touch()
    for place in (other, link, file, short / f"{PREFIX}gone", Path(f"{PREFIX}x")):
        assert playground_at({"base": str(place)}) is None
    assert playground_at(None) is None


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_another_users_directory_is_not_ours(base) -> None:
    os.chown(base, 12345, 12345)
    assert playground_at({"base": str(base)}) is None
    os.chown(base, 0, 0)
