from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pk_tui.control import answering, client, ending


@pytest.fixture
def held(home):
    """A process that holds the node until its input ends."""
    script = (
        f"import sys\nfrom pk_tui.home import Home\n"
        f"with Home({str(home.path)!r}).lock(): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process


def test_a_node_never_held_is_not_waited_for(tmp_path):
    assert ending.wait_until_gone(str(tmp_path), 0)


def test_the_wait_ends_with_the_process(home, held):
    assert not ending.wait_until_gone(str(home.path), 0)
    held.stdin.close()
    assert ending.wait_until_gone(str(home.path), 10)


def test_an_agent_that_does_not_end_is_told(home, held, monkeypatch):
    monkeypatch.setattr(ending, "PATIENCE", 0.0)
    with pytest.raises(client.Fault) as refused:
        ending.follow(0, [], str(home.path), client.hoist([]))

    assert refused.value.code == 75


def test_the_holders_exit_code_is_passed_on(home):
    assert ending.follow(7, [], str(home.path), client.hoist([])) == 7


def test_the_next_command_gets_the_password_over_a_pipe_that_is_closed_afterwards(home, monkeypatch):
    seen = []

    def here(argv):
        options = client.hoist(argv)
        with open(options.password_file, "rb") as file:
            seen.append((options, file.read()))
        return 5

    monkeypatch.setattr(client, "here", here)
    monkeypatch.setattr(answering, "given_password", b"correct horse")
    open_before = len(os.listdir("/dev/fd"))
    code = ending.follow(0, ["agent", "start"], str(home.path), client.hoist(["--format", "json"]))

    options, password = seen[0]
    assert (code, password) == (5, b"correct horse\n")
    assert options.rest == ["agent", "start"]
    assert options.as_json
    assert client.node_path(options) == str(home.path)
    assert "correct horse" not in str(options.__dict__)
    assert len(os.listdir("/dev/fd")) == open_before
