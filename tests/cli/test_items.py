from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pk_tui.api.items import ItemView, SlotChange, SlotSpec, SlotView, TemplateView
from pk_tui.cli.slot_text import MAX_TEXT
from pk_tui.errors import AlreadyExists
from pk_tui.plaintext import Plaintext
from pk_tui.terms import SecretPath

AB = SecretPath(("a", "b"))


@pytest.fixture
def calls(agent, fixed):
    spec = SlotSpec("kind", "choice", "Kind", True, True, ("x", "y"))
    slots = (
        SlotView("username", "text", "User name", False, Plaintext(b"ada")),
        SlotView("password", "password", "Password", True, Plaintext(b"canary"), "It is short."),
        SlotView("seal", "file", "Seal", False, Plaintext(b"\xff")),
        SlotView(fixed.nasty, "text", "", False, Plaintext(fixed.nasty.encode())),
        SlotView("empty", "password", "", True, Plaintext(b"")),
    )

    class Items:
        view = ItemView("password", "My bank", ("money", "daily"), slots)
        fault = None

        async def templates(self, vault=None):
            agent.calls.append(("templates", vault))
            return [TemplateView("t", "A t", (spec,), True), TemplateView("own", "Own", ())]

        async def create(self, *args):
            agent.calls.append(("create", *args))
            if self.fault:
                raise self.fault
            return fixed.commit

        async def get(self, *args):
            agent.calls.append(("get", *args))
            return self.view

        async def change(self, *args):
            agent.calls.append(("change", *args))
            return fixed.commit

        async def new_ssh_key(self, *args):
            agent.calls.append(("new_ssh_key", *args))
            made = {"private_key": "canary", "public_key": "ssh-ed25519 AAAA c", "fingerprint": "SHA256:f"}
            views = tuple(SlotView(name, "text", "", False, Plaintext.of_text(text)) for name, text in made.items())
            self.view = ItemView("ssh-key", "k", (), views)
            return fixed.commit

    agent.items = Items()
    return agent.calls


def test_templates_are_listed_with_their_slots(type_in, calls):
    done = type_in("--format", "json", "items", "templates", "--vault", "v")
    assert done.json[0] == {
        "template": "t",
        "label": "A t",
        "own": True,
        "slots": [
            {"name": "kind", "type": "choice", "label": "Kind", "required": True, "masked": True, "choices": ["x", "y"]}
        ],
    }
    assert calls == [("templates", "v")]
    assert "kind*" in type_in("items", "templates").text


def test_create_reads_slots_from_standard_input(type_in, calls, fixed):
    done = type_in(
        *("--format", "json", "items", "create", "v:a/b", "--template", "t", "--tag", "x", "--tag", "y"),
        stdin=b'{"username":"ada","more":{"value":"1","type":"url","label":"M"}}\n',
    )
    assert done.json == {"commit": str(fixed.commit), "warnings": {}}
    slots = [SlotChange("username", Plaintext(b"ada")), SlotChange("more", Plaintext(b"1"), "url", "M")]
    assert calls[0] == ("create", "v", AB, "t", "b", slots, ("x", "y"))


def test_create_takes_a_title_and_no_slots(type_in, calls, agent):
    assert type_in("items", "create", "v:a/b", "--template", "t", "--title", "T").code == 0
    assert calls == [("create", "v", AB, "t", "T", [], ())]
    assert b"ctrl+d" in type_in("items", "create", "v:a/b", "--template", "t", tty=True).errors
    agent.items.fault = AlreadyExists("It is there.")
    assert type_in("items", "create", "v:a/b", "--template", "t").code == 73


@pytest.mark.parametrize("stdin", [b"canary", b'{"a":7}', b'{"a":"canary"}' + b" " * 3 + b"x" * (MAX_TEXT + 1)])
def test_create_refuses_other_input_without_quoting_it(type_in, calls, stdin):
    done = type_in("items", "create", "v:a/b", "--template", "t", stdin=stdin)
    assert (done.code, done.output) == (64, b"")
    assert b"canary" not in done.errors
    assert calls == []


def test_create_without_a_template_says_where_to_look(type_in, calls):
    done = type_in("items", "create", "v:a/b")
    assert done.code == 64
    assert b"items templates" in done.errors


def test_get_gives_every_value_in_json(type_in, calls, fixed):
    item = type_in("--format", "json", "items", "get", "v:a/b").json
    assert item["template"] == "password"
    assert item["title"] == "My bank"
    assert item["tags"] == ["money", "daily"]
    assert item["slots"] == {
        "username": "ada",
        "password": "canary",
        "seal": {"value64": "/w=="},
        fixed.nasty: fixed.nasty,
        "empty": "",
    }
    assert item["warnings"] == {"password": "It is short."}
    assert item["types"]["seal"] == "file"


def test_get_hides_masked_values_from_people_until_they_ask(type_in, calls, fixed):
    done = type_in("items", "get", "v:a/b")
    assert "ada" in done.text
    assert "canary" not in done.text
    assert "•" in done.text
    assert "(empty)" in done.text
    assert b"It is short." in done.errors
    assert "\x1b" not in done.text
    assert "canary" in type_in("items", "get", "v:a/b", "--reveal").text


def test_set_lays_slots_over_the_item(type_in, calls, fixed):
    done = type_in("--format", "json", "items", "set", "v:a/b", stdin=b'{"password":"new","seal":null}')
    assert done.json == {"commit": str(fixed.commit), "warnings": {"password": "It is short."}}
    slots = [SlotChange("password", Plaintext(b"new")), SlotChange("seal", None)]
    assert calls == [("change", "v", AB, slots, None, None), ("get", f"v@{fixed.commit}", AB)]


@pytest.mark.parametrize("verb", ["set", "create"])
def test_what_speaks_against_a_value_that_was_given_is_said_beside_the_result(type_in, calls, agent, fixed, verb):
    more = ("--template", "t") if verb == "create" else ()
    done = type_in("items", verb, "v:a/b", *more, stdin=b'{"password":"new"}')
    assert done.code == 0
    assert b"password: It is short." in done.errors
    assert "short" not in done.text
    quiet = type_in("items", verb, "v:a/b", *more, stdin=b'{"username":"ada"}')
    assert b"short" not in quiet.errors
    slots = tuple(
        replace(slot, warning="Odd." if slot.name == fixed.nasty else None) for slot in agent.items.view.slots
    )
    agent.items.view = replace(agent.items.view, slots=slots)
    nasty = type_in("items", verb, "v:a/b", *more, stdin=json.dumps({fixed.nasty: "x"}).encode())
    assert b"Odd." in nasty.errors
    assert b"\x1b" not in nasty.errors


def test_set_changes_title_and_tags_alone(type_in, calls):
    type_in("items", "set", "v:a/b", "--title", "N", tty=True)
    type_in("items", "set", "v:a/b", "--no-tags")
    type_in("items", "set", "v:a/b", "--tag", "z")
    assert [call[3:] for call in calls] == [([], "N", None), ([], None, ()), ([], None, ("z",))]
    assert type_in("items", "set", "v:a/b", "--tag", "z", "--no-tags").code == 64


def test_edit_shows_the_item_and_changes_what_was_changed(type_in, calls, agent, fixed):
    agent.items.view = replace(agent.items.view, slots=agent.items.view.slots[:3])
    done = type_in("--format", "json", "items", "edit", "v:a/b")
    assert done.json == {"commit": None, "warnings": {}}
    shown, ending = done.shown
    assert ending == ".json"
    text = json.loads(shown)
    text["slots"]["password"] = "new"
    del text["slots"]["seal"]
    done = type_in("--format", "json", "items", "edit", "v:a/b", edited=json.dumps(text).encode())
    assert done.json == {"commit": str(fixed.commit), "warnings": {"password": "It is short."}}
    changes = [SlotChange("password", Plaintext(b"new")), SlotChange("seal", None)]
    assert calls[-2] == ("change", "v", AB, changes, "My bank", ("money", "daily"))
    assert type_in("items", "edit", "v:a/b", edited=b"{").code == 64
    assert type_in("items", "edit", "v@abcd:a/b").code == 64


def test_ssh_key_prints_the_public_part_alone(type_in, calls, fixed):
    done = type_in("items", "ssh-key", "v:a/b", "--comment", "ada@x")
    assert calls[0] == ("new_ssh_key", "v", AB, "b", "ada@x")
    assert done.text == "ssh-ed25519 AAAA c\n"
    assert b"SHA256:f" in done.errors
    assert b"canary" not in done.output + done.errors
    assert type_in("--format", "json", "items", "ssh-key", "v:a/b").json == {
        "commit": str(fixed.commit),
        "public_key": "ssh-ed25519 AAAA c",
        "fingerprint": "SHA256:f",
    }
