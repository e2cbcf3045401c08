from __future__ import annotations

import json
import os

import pytest

from pk_tui.control import answering
from pk_tui.control.answering import Answers, Input
from pk_tui.control.client import ANSWER, MAX_PIECE, PIECE


def ask(answers: Answers, **what: object) -> tuple[int, bytes]:
    return answers.answer(json.dumps(what).encode() + b"\n")


def test_a_file_is_given_in_full_pieces_and_an_empty_one_at_its_end(tmp_path):
    content = os.urandom(2 * MAX_PIECE + 5)
    (tmp_path / "f").write_bytes(content)
    source = Input()
    source.open(str(tmp_path / "f"))

    assert [len(source.piece()) for _ in range(4)] == [MAX_PIECE, MAX_PIECE, 5, 0]


def test_pieces_of_a_slow_pipe_are_gathered(monkeypatch):
    reading, writing = os.pipe()
    os.write(writing, b"a" * 10)
    os.write(writing, b"b" * 10)
    os.close(writing)
    source = Input()
    source.open(f"/dev/fd/{reading}")
    os.close(reading)

    assert source.piece() == b"a" * 10 + b"b" * 10
    assert source.piece() == b""


def test_one_file_after_the_other_can_be_asked_for(tmp_path):
    answers = Answers(str(tmp_path))
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
        assert answers.answer(b"open\n" + os.fsencode(tmp_path / name)) == (PIECE, name.encode())
        assert answers.answer(b"piece") == (PIECE, b"")


def test_a_file_whose_name_is_not_utf8_or_has_a_newline_is_read(tmp_path):
    answers = Answers(str(tmp_path))
    for name in (b"\xff\xfe", b"two\nlines"):
        path = os.fsencode(tmp_path) + b"/" + name
        with open(path, "wb") as file:
            file.write(name)
        assert answers.answer(b"open\n" + path) == (PIECE, name)


@pytest.mark.parametrize(("path", "reason"), [("nowhere/to/be/seen", "No such file"), ("/", "directory")])
def test_what_cannot_be_read_is_told_in_the_systems_words(path, reason):
    kind, payload = Answers("/").answer(b"open\n" + path.encode())

    assert kind == ANSWER
    assert reason in json.loads(payload)["unreadable"]


def test_a_password_goes_back_beside_the_facts(monkeypatch):
    monkeypatch.setenv("PK_PASSWORD", "correct horse")
    kind, payload = ask(Answers("/"), ask="password", prompt="?", file=None)

    assert (kind, payload) == (ANSWER, b'{"given": true}\ncorrect horse')


def test_a_failure_goes_back_as_kind_and_sentence():
    payload = ask(Answers("/"), ask="password", prompt="?", file="/nowhere")[1]

    assert json.loads(payload)["failed"][0] == "missing_input"


def test_what_is_typed_hidden_is_not_remembered_as_the_nodes_password(monkeypatch):
    monkeypatch.setenv("PK_PASSWORD", "no")
    monkeypatch.setattr("pk_tui.control.prompt.hidden", lambda prompt: b"typed")
    monkeypatch.setattr(answering, "given_password", None)
    kind, payload = ask(Answers("/"), ask="hidden", prompt="?")

    assert (kind, payload) == (ANSWER, b'{"given": true}\ntyped')
    assert answering.given_password is None
