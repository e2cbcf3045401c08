from __future__ import annotations

from dataclasses import replace

import pytest


def shape(fixed):
    return {
        "notification_id": str(fixed.note),
        "from": str(fixed.node),
        "type": "General",
        "data": {"message": "hello"},
        "is_read": False,
        "time": fixed.time_text,
    }


def test_send(type_in, fixed, agent):
    assert type_in("--format", "json", "notifications", "send", "bob", "hi").json == {
        "notification_id": str(fixed.note)
    }
    assert agent.calls == [("notifications.send", "bob", "hi")]


@pytest.mark.parametrize("box", ["inbox", "outbox", "requests"])
def test_every_box_is_read_in_one_shape(type_in, fixed, box):
    assert type_in("--format", "json", "notifications", box, "read").json == [shape(fixed)]
    assert "hello" in type_in("notifications", box, "read").text


def test_people_see_who_wrote_by_petname(type_in, fixed):
    shown = type_in("notifications", "inbox", "read").text
    assert "bob" in shown
    assert str(fixed.node) not in shown


def test_what_of_the_inbox_is_read(type_in, agent):
    type_in("--format", "json", "notifications", "inbox", "read", "--unread", "--limit", "3", "--order", "oldest")
    type_in("--format", "json", "notifications", "inbox", "read")
    assert agent.calls == [("notifications.inbox", True, 3, False), ("notifications.inbox", False, None, True)]
    assert type_in("notifications", "inbox", "read", "--order", "random").code == 64


@pytest.mark.parametrize(
    ("argv", "method"),
    [
        (("inbox", "remove", "{}"), "remove"),
        (("outbox", "remove", "{}"), "outbox_remove"),
        (("requests", "decline", "{}"), "decline"),
        (("inbox", "clear"), "clear"),
        (("outbox", "clear"), "outbox_clear"),
    ],
)
def test_what_is_removed(type_in, fixed, agent, argv, method):
    words = [word.format(fixed.note) for word in argv]
    assert type_in("--format", "json", "notifications", *words).json == {}
    assert agent.calls == [(f"notifications.{method}", *([fixed.note] if "{}" in argv else []))]


def test_accept_shows_what_was_accepted(type_in, fixed):
    assert type_in("--format", "json", "notifications", "requests", "accept", str(fixed.note)).json == shape(fixed)
    assert "hello" in type_in("notifications", "requests", "accept", str(fixed.note)).text


def test_an_id_that_is_none_is_misuse(type_in):
    assert type_in("notifications", "inbox", "remove", "x").code == 64


def test_a_shared_vault_is_told_in_words(type_in, fixed, agent):
    data = {"vault_id": str(fixed.vault), "vault_name": "v\x1b", "actions": ["clone"]}
    agent.notifications.results["inbox"] = [
        replace(fixed.notification, type="VaultShare", data=data),
        replace(fixed.notification, data={"odd": 1}),
        replace(fixed.notification, data={}),
    ]
    text = type_in("notifications", "inbox", "read").text
    assert "shares the vault “v\\u{1b}”" in text
    assert '{"odd": 1}' in text
