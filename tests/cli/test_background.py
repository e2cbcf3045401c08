"""Starting in the background, with a stand-in for the program: what it is given, and what becomes of what it says."""

from __future__ import annotations

import os
import stat
import sys

import pytest

from pk_tui.cli import background
from pk_tui.errors import Busy, StorageFailed
from pk_tui.plaintext import Plaintext


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Sets what runs instead of the Python interpreter."""

    def is_now(script: str) -> None:
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(path))

    return is_now


def start(tmp_path):
    return background.start(tmp_path, ["--agent-port", "5"], Plaintext(b"correct horse"), tmp_path / "agent.log")


def test_the_agent_is_told_all_but_the_password_on_its_command_line(program, tmp_path, monkeypatch):
    monkeypatch.setenv("PK_PASSWORD", "in the environment")
    program(f'echo "$@" > {tmp_path}/argv; env > {tmp_path}/env; echo \'{{"pid": 5}}\'')

    assert start(tmp_path) == {"pid": 5}
    argv = (tmp_path / "argv").read_text()
    assert argv.startswith(f"-m pk_tui --node-path {tmp_path} --format json --password-file /dev/fd/")
    assert argv.endswith("agent start --agent-port 5\n")
    assert "PK_PASSWORD" not in (tmp_path / "env").read_text()


def test_the_password_comes_over_the_pipe(program, tmp_path):
    program(f'for word; do case "$word" in /dev/fd/*) cat "$word" > {tmp_path}/password;; esac; done; echo "{{}}"')
    start(tmp_path)

    assert (tmp_path / "password").read_text() == "correct horse\n"


def test_a_root_key_comes_over_the_pipe_and_is_nowhere_else(program, tmp_path, monkeypatch):
    monkeypatch.setenv("PK_PASSWORD", "in the environment")
    key = bytes(range(1, 33))
    program(
        f'echo "$@" > {tmp_path}/argv; env > {tmp_path}/env\n'
        f'for word; do last="$word"; done; cat /dev/fd/"$last" > {tmp_path}/key; echo \'{{"pid": 5}}\''
    )

    assert background.hand_over(tmp_path, ["--agent-port", "5"], Plaintext(key), tmp_path / "agent.log") == {"pid": 5}
    assert (tmp_path / "key").read_bytes() == key
    argv = (tmp_path / "argv").read_text()
    assert argv.startswith(f"-m pk_tui --node-path {tmp_path} --format json agent start --agent-port 5 --key-from ")
    assert "PK_PASSWORD" not in (tmp_path / "env").read_text()
    assert key.hex() not in argv + (tmp_path / "env").read_text()


def test_a_log_that_cannot_be_written_is_told(tmp_path):
    before = len(os.listdir("/dev/fd"))
    with pytest.raises(StorageFailed, match="could not be started"):
        background.start(tmp_path, [], Plaintext(b"x"), tmp_path / "missing" / "agent.log")
    assert len(os.listdir("/dev/fd")) == before


def test_what_the_agent_fails_with_is_what_the_command_fails_with(program, tmp_path):
    program(
        'echo a log line >&2; echo \'{"error": {"kind": "busy", "message": "Another one.", "exit_code": 75}}\' >&2; exit 75'
    )
    with pytest.raises(Busy, match=r"Another one\."):
        start(tmp_path)

    assert stat.S_IMODE((tmp_path / "agent.log").stat().st_mode) & 0o077 == 0


@pytest.mark.parametrize(
    "script",
    ["exit 9", "echo 'half a line'; exit 9", "printf 'odd \\033 words' >&2; exit 9", "printf no-newline; exit 9"],
)
def test_an_end_without_a_reason_is_told_with_what_was_said(program, tmp_path, script):
    program(script.replace("echo 'half", "printf 'half"))
    with pytest.raises(StorageFailed, match="code 9") as failed:
        start(tmp_path)

    assert "\x1b" not in failed.value.message


def test_a_long_log_is_begun_anew(program, tmp_path):
    (tmp_path / "agent.log").write_bytes(bytes(background.MAX_LOG + 1))
    program('echo here >&2; echo "{}"')
    start(tmp_path)

    assert (tmp_path / "agent.log").read_bytes().endswith(b"here\n")
    assert (tmp_path / "agent.log").stat().st_size < 100


def test_a_program_that_cannot_be_started_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    before = len(os.listdir("/dev/fd"))
    with pytest.raises(StorageFailed, match="could not be started"):
        start(tmp_path)
    assert len(os.listdir("/dev/fd")) == before
