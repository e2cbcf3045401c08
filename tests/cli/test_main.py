"""What is true of every command: help, misuse, hostile text, failures, and running without an agent."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from time import thread_time

import pytest

from pk_tui.api import care, views
from pk_tui.cli.commands import Noun
from pk_tui.cli.main import main_direct, root, run
from pk_tui.terms import Address, Change, SecretPath


def every_command(noun=root, path=()):
    for name, command in noun.commands.items():
        if isinstance(command, Noun):
            yield from every_command(command, (*path, name))
        else:
            yield (*path, name)


@pytest.mark.parametrize("path", [(), ("vaults",), ("notifications", "inbox"), *every_command()], ids=" ".join)
def test_help_says_what_each_command_does_and_does_nothing(type_in, agent, path):
    done = type_in(*path, "--help")
    assert done.code == 0
    assert done.text.startswith("Usage: " + " ".join(("pk-tui", *path)))
    assert agent.calls == []
    assert done.errors == b""


def test_help_fits_the_terminal(type_in):
    assert max(map(len, type_in("vaults", "share", "--help", columns=64).text.splitlines())) <= 64


def test_the_commands_are_those_of_the_contract():
    assert {" ".join(path) for path in every_command()} == {
        "bootstrap", "check", "demo", "playground", "backup", "restore",
        *(f"agent {v}" for v in ("start", "status", "stop", "restart", "lock", "unlock")),
        *(f"vaults {v}" for v in ("diff", "restore", "revert")),
        "vaults export", "vaults forget", "tidy",
        *(f"vaults {v}" for v in ("fork", "conflicts", "resolve")),
        *(f"vaults {v}" for v in (
            "create", "list", "rename", "delete", "log", "share", "unshare", "exposure", "permissions", "scan", "clone", "pull",
            "import",
        )),
        *(f"secrets {v}" for v in ("write", "create", "cat", "ls", "edit", "rm", "mkdir", "mv", "cp", "stat", "inject", "env")),
        *(f"secrets {v}" for v in ("generate", "otp", "find")),
        *(f"items {v}" for v in ("templates", "create", "get", "set", "edit", "ssh-key")),
        *(f"nodes {v}" for v in ("add", "name", "ping", "list", "connections", "claim", "unclaim", "expel")),
        *(f"identities {v}" for v in ("trust", "untrust", "allow", "disallow", "permissions", "list", "get")),
        *(f"identities {v}" for v in ("invite", "pending", "confirm", "reject", "sigchain", "forks")),
        "keys public", "keys password", "notifications send", "audit",
        *(f"keys {v}" for v in ("sign", "verify", "encrypt", "decrypt")),
        *(f"notifications {v}" for v in (
            "inbox read", "inbox remove", "inbox clear", "outbox read", "outbox remove", "outbox clear",
            "requests read", "requests accept", "requests decline",
        )),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (("vaults", "cre"), "Did you mean `pk-tui vaults create`?"),
        (("vualts", "list"), "Did you mean `pk-tui vaults`?"),
        (("notifications", "inbox", "raed"), "Did you mean `pk-tui notifications inbox read`?"),
        (("xyzzy",), "See `pk-tui --help`."),
        (("vaults",), "`pk-tui vaults` needs a command: create,"),
        ((), "`pk-tui` needs a command:"),
        (("vaults", "create"), "NAME"),
        (("vaults", "create", "a", "b"), "unexpected extra argument"),
        (("vaults", "create", "--bad", "a"), "--bad"),
        (("vaults", "log", "v", "--limit", "x"), "--limit"),
    ],
)
def test_a_wrong_command_line_is_64_with_a_sentence_in_either_format(type_in, agent, argv, sentence):
    done = type_in(*argv)
    assert (done.code, done.output) == (64, b"")
    assert sentence in done.errors.decode()
    done = type_in(*argv, "--format", "json")
    assert done.error["kind"] == "misuse"
    assert done.error["exit_code"] == 64
    assert agent.calls == []


def test_help_says_that_without_a_command_the_screen_opens(type_in):
    text = type_in("--help").text
    assert "Without a command the terminal UI opens" in text
    assert "pk-tui playground" in text


def test_the_playground_is_a_screen_and_no_command_for_an_agent(type_in, agent):
    for argv in (("playground",), ("playground", "--")):
        done = type_in(*argv)
        assert (done.code, agent.calls) == (64, [])
        assert b"`pk-tui playground`" in done.errors


def test_hostile_words_of_a_command_line_are_made_visible(type_in, fixed):
    for argv in (
        (fixed.nasty,),
        ("vaults", fixed.nasty),
        ("vaults", "create", f"--{fixed.nasty}"),
        ("secrets", "cat", fixed.nasty),
    ):
        errors = type_in(*argv).errors.decode()
        assert "1b" in errors
        assert is_harmless(errors)


def is_harmless(text: str) -> bool:
    return not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


@pytest.mark.parametrize("form", ["human", "json"])
def test_text_from_outside_never_reaches_the_terminal_raw(type_in, agent, fixed, form):
    bad = fixed.nasty
    results = agent.vaults.results
    vault = replace(results["list"][0], name=bad, damaged=bad)
    results.update(
        create=vault, list=[vault], scan=[views.OfferView(fixed.vault, bad, ())], clone=views.CloneView(fixed.vault, bad, 1, 1),
        log=[replace(results["log"][0], author=bad, message=bad)],
        permissions=[views.PermissionView(fixed.node, bad, ())],
        import_from=views.ImportView(1, 1, None, ((bad, bad),)),
    )  # fmt: skip
    agent.secrets.results["list"] = [views.EntryView(bad, False, 1)]
    agent.nodes.results["list"] = [views.NodeView(fixed.node, bad, (Address(bad, 1),), None, False)]
    agent.nodes.results["connections"] = [
        views.ConnectionView(fixed.node, bad, "connected", Address(bad, 1), "in", bad, None, None, 0, 0, bad)
    ]
    agent.gestalts.results["list"] = [replace(fixed.gestalt, gestalt=bad, identities=(bad,))]
    agent.gestalts.results["trust"] = replace(fixed.gestalt, gestalt=bad)
    agent.notifications.results["inbox"] = [
        replace(fixed.notification, type=bad, data={"message": bad}),
        replace(fixed.notification, data={"vault_name": bad, "vault_id": bad}),
        replace(fixed.notification, data={bad: bad}),
    ]
    commands = [
        ("vaults", "create", "x"), ("vaults", "list"), ("vaults", "scan", "b"), ("vaults", "clone", "v", "b"),
        ("vaults", "log", "v"), ("vaults", "permissions", "v"), ("vaults", "import", "v", "d"), ("secrets", "ls", "v"),
        ("nodes", "list"), ("nodes", "connections"), ("identities", "list"), ("identities", "trust", "x"),
        ("notifications", "inbox", "read"), ("vaults", "rename", bad, bad), ("nodes", "name", bad, bad),
    ]  # fmt: skip
    for argv in commands:
        done = type_in(*argv, "--format", form)
        assert done.code == 0, argv
        assert is_harmless(done.text + done.errors.decode()), argv
        if form == "json":
            json.loads(done.output)
            if argv == ("vaults", "list"):
                assert done.json[0]["vault_name"] == bad


@pytest.mark.parametrize("form", ["human", "json"])
def test_paths_and_damage_from_outside_never_reach_the_terminal_raw(type_in, agent, fixed, form):
    bad, path = fixed.nasty, SecretPath((fixed.nasty,))
    agent.vaults.results["diff"] = [views.ChangeView(path, Change.MODIFIED)]
    agent.secrets.results["find"] = [views.FoundView(fixed.vault, bad, path, 1, "title", bad, (), bad)]
    agent.lifecycle.results["check"] = care.CheckView(
        False, 1, 1, (care.ProblemView("altered", None, bad, bad),), (bad,)
    )
    for argv, code in (
        (("vaults", "diff", bad, bad), 0), (("vaults", "restore", bad, bad, bad), 64), (("vaults", "revert", bad, bad), 0),
        (("secrets", "find", bad), 0), (("check", "--repair"), 65),
    ):  # fmt: skip
        done = type_in(*argv, "--format", form)
        assert done.code == code, argv
        assert is_harmless(done.text + done.errors.decode()), argv
        if form == "json" and code == 0:
            json.loads(done.output)


def test_an_unforeseen_failure_is_1_and_reported_without_values(type_in, agent, tmp_path):
    agent.vaults.results["list"] = ValueError("a secret value")
    done = type_in("vaults", "list", "--format", "json")

    assert done.code == 1
    assert "secret value" not in done.errors.decode()
    reports = list((tmp_path / "reports").iterdir())
    assert len(reports) == 1
    assert reports[0].name in done.error["message"]
    assert "secret value" not in reports[0].read_text()
    assert "builtins.ValueError" in reports[0].read_text()


def test_colour_only_on_a_terminal_that_wants_it(type_in):
    assert "\x1b[" in type_in("vaults", "list", tty=True, color=True).text
    assert "\x1b" not in type_in("vaults", "list", tty=True).text
    assert "\x1b" not in type_in("vaults", "list", color=True).text
    assert b"\x1b[31m" in type_in("nope", tty=True, color=True).errors
    assert b"\x1b" not in type_in("--format", "json", "nope", tty=True, color=True).errors


@pytest.mark.parametrize("form", ["human", "json"])
def test_ten_thousand_rows_do_not_hold_up_the_loop(prepare, agent, form):
    agent.secrets.results["list"] = [views.EntryView(f"some/directory/secret-{n:05}", False, n) for n in range(10_000)]
    call = prepare("secrets", "ls", "v", "--format", form)

    async def story() -> float:
        longest = 0.0
        async with asyncio.TaskGroup() as tasks:
            work = tasks.create_task(run(call, agent))
            before = thread_time()  # of the processor: what else the machine does is not the loop's fault
            while not work.done():
                await asyncio.sleep(0)
                now = thread_time()
                longest, before = max(longest, now - before), now
        return longest

    assert asyncio.run(story()) < 0.1
    assert call.output.count(b"\n") >= 10_000


def test_without_a_node_the_sentence_says_how_to_make_one(capfd, tmp_path):
    assert main_direct(["--node-path", str(tmp_path / "none"), "vaults", "list"]) == 64
    assert "pk-tui bootstrap" in capfd.readouterr().err
    assert not (tmp_path / "none").exists()


def test_a_node_that_needs_a_password_nobody_gives_is_77(capfd, tmp_path, monkeypatch):
    monkeypatch.delenv("PK_PASSWORD", raising=False)
    monkeypatch.setattr("os.isatty", lambda number: False)
    (tmp_path / "node.db").touch()
    assert main_direct(["--node-path", str(tmp_path), "--format", "json", "vaults", "list"]) == 77
    assert json.loads(capfd.readouterr().err)["error"]["exit_code"] == 77


def test_a_wrong_global_option_is_64(capfd):
    assert main_direct(["--format", "xml", "vaults", "list"]) == 64
