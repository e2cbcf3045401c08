from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pk_tui.control.child import environment_with, typed_after_dashes

SCRIPT = """
import os, sys
from pk_tui.control.child import become
from pk_tui.control.client import Fault
try:
    become(sys.argv[2:], [os.fsencode(sys.argv[1])] if sys.argv[1] else [])
except Fault as fault:
    print(fault.kind, fault.message, file=sys.stderr)
    sys.exit(fault.code)
"""


def become(*words: str, given: str = "", **more: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-c", SCRIPT, given, *words], capture_output=True, **more)  # type: ignore[call-overload]


def test_the_command_is_what_stands_after_the_first_dashes():
    assert typed_after_dashes(["secrets", "env", "v", "--", "a", "--", "b"]) == ["a", "--", "b"]
    assert typed_after_dashes(["secrets"]) == []


def test_the_environment_is_ours_without_our_own_variables_and_with_what_is_given(monkeypatch):
    monkeypatch.setenv("PK_PASSWORD", "secret")
    monkeypatch.setenv("PK_NODE_PATH", "/x")
    monkeypatch.setenv("KEPT", "1")
    monkeypatch.setenv("REPLACED", "old")
    monkeypatch.setitem(os.environb, b"BYTES", b"\xff")
    found = environment_with([b"REPLACED=a=b\n\xff", b"EMPTY="])

    assert not [name for name in found if name.startswith(b"PK_")]
    assert found[b"KEPT"] == b"1"
    assert found[b"BYTES"] == b"\xff"
    assert found[b"REPLACED"] == b"a=b\n\xff"
    assert found[b"EMPTY"] == b""


@pytest.mark.parametrize("code", [0, 1, 77, 255])
def test_the_exit_code_is_the_commands_own(code):
    assert become("sh", "-c", f"exit {code}").returncode == code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGPIPE])
def test_a_signal_ends_the_command_as_if_nobody_stood_between(number):
    assert become("sh", "-c", f"kill -{int(number)} $$").returncode == -number


def test_the_command_is_this_very_process():
    with subprocess.Popen([sys.executable, "-c", SCRIPT, "", "sh", "-c", "echo $$"], stdout=subprocess.PIPE) as process:
        assert process.communicate()[0].strip() == str(process.pid).encode()


def test_standard_input_arrives_untouched():
    content = os.urandom(300_000)

    assert become("cat", input=content).stdout == content


def test_the_command_finds_signals_as_a_shell_leaves_them():
    plain = subprocess.run(["sh", "-c", "yes | head -n 1"], capture_output=True, check=True)
    done = become("sh", "-c", "yes | head -n 1", timeout=60)

    assert done.stdout == plain.stdout
    status = Path("/proc/self/status")
    if status.exists():
        ignored = become("grep", "SigIgn", "/proc/self/status").stdout
        assert ignored == subprocess.run(["grep", "SigIgn", "/proc/self/status"], capture_output=True).stdout


def test_a_command_that_is_not_there_ends_as_in_a_shell(tmp_path):
    for word in ("no-such-command-here", "./nope", "", str(tmp_path / "nope")):
        done = become(word, cwd=tmp_path)
        assert (done.returncode, done.stderr[:9]) == (127, b"not_found")


def test_a_file_that_cannot_be_run_ends_as_in_a_shell(tmp_path):
    (tmp_path / "plain").write_text("echo no")
    for word in ("./plain", "./"):
        assert become(word, cwd=tmp_path).returncode == 126
    done = become("plain", cwd=tmp_path, env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})

    assert (done.returncode, done.stderr.split()[0]) == (126, b"permission_denied")


def test_a_later_place_in_path_is_tried_after_one_that_cannot_be_run(tmp_path):
    for place, mode in (("one", 0o600), ("two", 0o700)):
        (tmp_path / place).mkdir()
        (tmp_path / place / "it").write_text("#!/bin/sh\necho $0\n")
        (tmp_path / place / "it").chmod(mode)
    path = f"{tmp_path}/none:{tmp_path}/one:{tmp_path}/two"

    assert become("it", env={"PATH": path}).stdout.decode().strip() == f"{tmp_path}/two/it"


def test_a_path_that_is_given_is_the_one_that_is_searched(tmp_path):
    (tmp_path / "it").write_text("#!/bin/sh\necho found\n")
    (tmp_path / "it").chmod(0o700)

    assert become("it", given=f"PATH={tmp_path}").stdout == b"found\n"


def test_a_script_without_an_interpreter_is_the_shells(tmp_path):
    (tmp_path / "it").write_text('echo "$0 $1 $X"\n')
    (tmp_path / "it").chmod(0o700)

    assert become("./it", "one two", given="X=3", cwd=tmp_path).stdout == b"./it one two 3\n"


def test_what_is_too_large_for_the_system_is_named_and_not_shown(tmp_path):
    script = SCRIPT.replace(
        "[os.fsencode(sys.argv[1])] if sys.argv[1] else []", "[b'S=1', b'LARGE=' + b'hunter2' * 1000000]"
    )
    done = subprocess.run([sys.executable, "-c", script, "", "true"], capture_output=True)

    assert done.returncode == 126
    assert b"LARGE" in done.stderr
    assert b"7000000" in done.stderr
    assert b"hunter2" not in done.stderr


def test_without_a_command_nothing_is_run():
    done = become()

    assert (done.returncode, done.stderr.split()[0]) == (64, b"misuse")
