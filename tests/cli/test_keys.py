from __future__ import annotations

from pk_tui.cli.commands import Needs, parse
from pk_tui.cli.main import root
from pk_tui.plaintext import Plaintext


def test_the_public_key(type_in, fixed):
    value = type_in("--format", "json", "keys", "public").json
    assert value == {"node_id": str(fixed.node), "public_key": fixed.node.raw.hex()}


def test_a_new_password_takes_the_old_one(type_in, agent):
    done = type_in("--format", "json", "keys", "password", passwords={"PK_PASSWORD": "old", "PK_PASSWORD_NEW": "new"})
    assert done.json == {}
    assert agent.calls == [("lifecycle.change_password", Plaintext(b"old"), Plaintext(b"new"), None)]


def test_a_new_password_takes_the_recovery_words_instead(type_in, agent, tmp_path):
    (tmp_path / "words").write_text("  one two\n")
    type_in("keys", "password", "--recovery-code-file", "words", passwords={"PK_PASSWORD_NEW": "new"})
    assert agent.calls == [("lifecycle.change_password", None, Plaintext(b"new"), Plaintext(b"one two"))]


def test_without_old_or_new_password_it_is_77(type_in, agent):
    assert type_in("keys", "password").code == 77
    assert type_in("keys", "password", passwords={"PK_PASSWORD": "old"}).code == 77
    assert agent.calls == []


def test_a_file_that_cannot_hold_words_is_refused(type_in, tmp_path):
    (tmp_path / "words").write_bytes(bytes(20_000))
    assert type_in("keys", "password", "--recovery-code-file", "words").code == 64


def test_the_words_open_a_node_whose_password_is_lost():
    assert parse(root, ["keys", "password", "--recovery-code-file", "f"], 0).needs is Needs.LOCKED_NODE
    assert parse(root, ["keys", "password"], 0).needs is Needs.NODE
    assert parse(root, ["keys", "public"], 0).needs is Needs.LOCKED_NODE
