from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from dataclasses import replace

import pytest

from pk_tui.errors import WrongPassword
from pk_tui.home import Home

STATUS = {"status", "node_id", "pid", "locked", "agent_host", "agent_port", "connections"}


def test_status_in_json_and_for_people(type_in, fixed):
    assert type_in("--format", "json", "agent", "status").json == {
        "status": "live",
        "node_id": str(fixed.node),
        "pid": 42,
        "locked": False,
        "agent_host": "127.0.0.1",
        "agent_port": 4433,
        "connections": 2,
    }
    assert str(fixed.node) in type_in("agent", "status").text


def test_stop_answers_first_and_ends_the_agent_after_it(type_in, agent):
    done = type_in("agent", "stop", "--format", "json")

    assert done.code == 0
    assert agent.stopped
    assert done.then is None
    assert done.json["status"] == "dead"
    assert set(done.json) == STATUS


def test_restart_starts_again_at_the_same_address_and_takes_the_password_before_it_stops(type_in, agent):
    assert type_in("agent", "restart").code == 77
    assert not agent.stopped
    done = type_in("agent", "restart", passwords={"PK_PASSWORD": "x"})
    assert agent.stopped
    assert done.then == ("agent", "start", "--background", "--agent-host", "127.0.0.1", "--agent-port", "4433")
    assert done.output == b""


def test_restart_of_a_locked_agent_uses_the_port_of_last_time(type_in, agent):
    agent.lifecycle.results["status"] = replace(agent.lifecycle.results["status"], listening=None)
    assert type_in("agent", "restart", passwords={"PK_PASSWORD": "x"}).then[-1] == "0"


def test_lock_shows_the_status_after_it(type_in, agent):
    assert set(type_in("agent", "lock", "--format", "json").json) == STATUS
    assert [call[0] for call in agent.calls] == ["lifecycle.lock", "lifecycle.status"]


def test_unlock_asks_for_the_password_only_if_it_is_locked(type_in, agent):
    assert type_in("agent", "unlock").code == 0
    assert "lifecycle.unlock" not in [call[0] for call in agent.calls]
    agent.lifecycle.results["status"] = replace(agent.lifecycle.results["status"], locked=True, listening=None)
    assert type_in("agent", "unlock").code == 77
    done = type_in("agent", "unlock", "--format", "json", passwords={"PK_PASSWORD": "word"})
    assert done.json["agent_host"] is None
    assert "lifecycle.unlock" in [call[0] for call in agent.calls]


def test_a_wrong_password_is_77(type_in, agent):
    agent.lifecycle.results["status"] = replace(agent.lifecycle.results["status"], locked=True)
    agent.lifecycle.results["unlock"] = WrongPassword("The password is wrong.")
    done = type_in("--format", "json", "agent", "unlock", passwords={"PK_PASSWORD": "no"})

    assert done.code == 77
    assert done.error == {"kind": "wrong_password", "message": "The password is wrong.", "exit_code": 77}


@pytest.mark.parametrize("word", ["lock", "unlock", "restart"])
def test_what_needs_a_running_agent_says_so(type_in, word):
    done = type_in("agent", word, api=None)

    assert done.code == 75
    assert b"agent start" in done.errors


@pytest.mark.parametrize("word", ["status", "stop"])
def test_with_nobody_running_the_status_is_dead_and_that_is_no_failure(type_in, word):
    done = type_in("agent", word, "--format", "json", api=None)

    assert done.code == 0
    assert done.json == {
        "status": "dead",
        "node_id": None,
        "pid": None,
        "locked": True,
        "agent_host": None,
        "agent_port": None,
        "connections": 0,
    }


def test_an_agent_does_not_start_another_one(type_in):
    assert type_in("agent", "start").code == 75


def test_a_bad_address_is_refused_before_anything_else(type_in):
    assert type_in("agent", "start", "--agent-port", "70000").code == 64


def test_a_succeeding_node_has_no_new_words_to_write(type_in):
    assert type_in("bootstrap", "--recovery-code-file", "x", "--recovery-code-out", "y").code == 64


def test_bootstrap_refuses_a_directory_with_something_in_it(type_in, tmp_path):
    (tmp_path / "notes").touch()
    done = type_in("bootstrap", api=None, passwords={"PK_PASSWORD": "correct horse"})
    assert done.code == 73


def test_bootstrap_without_a_password_is_77_and_makes_nothing(type_in, tmp_path):
    assert type_in("bootstrap", "--recovery-code-out", "words", api=None).code == 77
    assert list(tmp_path.iterdir()) == []


class Program:
    """The real program in its own process, without a terminal."""

    def __init__(self, node, tmp_path):
        self.node, self.cwd = node, tmp_path

    def __call__(self, *argv, code=0, **env):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PK_")}
        done = subprocess.run(
            [sys.executable, "-m", "pk_tui", "--format", "json", "--node-path", str(self.node), *argv],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**clean, **env},
            cwd=self.cwd,
            check=False,
            start_new_session=True,
            timeout=60,
        )
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout or done.stderr)


@pytest.fixture
def program(tmp_path):
    return Program(tmp_path / "node", tmp_path)


def test_a_nodes_life_from_bootstrap_to_stop(program, tmp_path):
    """The one slow test of this room: three times the password's cost."""
    password = {"PK_PASSWORD": "correct horse"}
    (tmp_path / "taken").touch()
    program("bootstrap", "--recovery-code-out", "taken", code=73, **password)
    made = program("bootstrap", "--recovery-code-out", "words", **password)
    assert set(made) == {"node_id"}
    assert len((tmp_path / "words").read_text().split()) == 24
    assert stat.S_IMODE((tmp_path / "words").stat().st_mode) == 0o600
    program("bootstrap", code=73, **password)
    program("agent", "start", "--background", code=77, PK_PASSWORD="wrong")
    started = program("agent", "start", "--background", "--agent-host", "127.0.0.1", **password)
    try:
        assert started["node_id"] == made["node_id"]
        assert started["agent_host"] == "127.0.0.1"
        assert program("agent", "status")["pid"] == started["pid"]
        with open(f"/proc/{started['pid']}/environ") as environment:
            assert "PK_PASSWORD" not in environment.read()
        program("agent", "start", code=75, **password)
    finally:
        assert program("agent", "stop")["status"] == "dead"
    with Home(program.node).lock():
        pass  # who waited for `stop` finds the node free
    assert program("agent", "status")["status"] == "dead"


def start_with_key_from(program, descriptor, *more, pass_fds=()):
    """The exit code, and the kind of error."""
    program.node.mkdir(exist_ok=True)
    (program.node / "node.db").touch()
    command = [sys.executable, "-m", "pk_tui", "--format", "json", "--node-path", str(program.node), "agent", "start"]
    done = subprocess.run(
        [*command, "--agent-host", "127.0.0.1", "--key-from", str(descriptor), *more],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        pass_fds=pass_fds,
        check=False,
        timeout=60,
    )
    return done.returncode, json.loads(done.stderr)["error"]["kind"]


def test_a_root_key_is_taken_from_an_inherited_pipe_and_nothing_else(program, tmp_path):
    with open(tmp_path / "key", "wb+") as file:
        file.write(bytes(32))
        file.seek(0)
        assert start_with_key_from(program, file.fileno(), pass_fds=[file.fileno()]) == (64, "misuse")
    assert start_with_key_from(program, 77) == (64, "misuse")
    assert start_with_key_from(program, 0) == (64, "misuse")
    assert start_with_key_from(program, 77, "--background") == (64, "misuse")


def test_the_way_to_hand_a_key_over_is_the_programs_own(type_in):
    assert "--key-from" not in type_in("agent", "start", "--help").text


def test_a_check_that_finds_damage_names_it_and_ends_with_65(type_in, fixed, agent):
    done = type_in("--format", "json", "check")
    assert done.code == 65
    assert done.json == {
        "ok": False,
        "vaults": 2,
        "objects": 30,
        "problems": [
            {
                "kind": "missing",
                "vault_id": str(fixed.vault),
                "path": "a/b",
                "message": "A part of its content is gone.",
            },
            {"kind": "altered", "vault_id": None, "path": None, "message": "It does not add up."},
        ],
        "repaired": [],
    }
    shown = type_in("check")
    assert shown.code == 65
    assert f"{fixed.vault}:a/b" in shown.text
    assert agent.calls == [("lifecycle.check", False, None, None)] * 2


def test_a_repair_says_what_it_did_and_what_is_left(type_in, agent):
    agent.lifecycle.results["check"] = replace(agent.lifecycle.results["check"], repaired=("Made an index anew.",))
    done = type_in("check", "--repair")
    assert done.code == 65
    assert agent.calls == [("lifecycle.check", True, None, None)]
    assert b"Made an index anew." in done.errors
    assert "backup" in done.text
    assert type_in("--format", "json", "check", "--repair").json["repaired"] == ["Made an index anew."]
