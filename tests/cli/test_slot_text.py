"""Slots as JSON: what is written is read back, and what is not understood is not quoted."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pk_tui.api.items import ItemView, SlotChange, SlotView
from pk_tui.cli.slot_text import editable, read_edited, read_slots, slot_values
from pk_tui.errors import Misuse
from pk_tui.plaintext import Plaintext

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def view(*slots: tuple[str, bytes], title: str = "T", tags: tuple[str, ...] = ("t",)) -> ItemView:
    return ItemView(
        "x", title, tags, tuple(SlotView(name, "text", name, False, Plaintext(value)) for name, value in slots)
    )


BEFORE = view(("a", b"1"), ("b", b"\xff"), ("c", b"3"))


def test_a_value_is_a_text_null_or_an_object() -> None:
    text = b'\xef\xbb\xbf{"a":"\\u00e9","b":null,"c":{"value":"1","type":"url","label":"C"},"d":{"value64":"/wA="}}'

    assert read_slots(text) == [
        SlotChange("a", Plaintext("é".encode())),
        SlotChange("b", None),
        SlotChange("c", Plaintext(b"1"), "url", "C"),
        SlotChange("d", Plaintext(b"\xff\x00")),
    ]
    assert read_slots(b"{}") == []


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"canary",
        b'"canary"',
        b'["canary"]',
        b'{"a":"canary"',
        b'{"a":"canary","a":"b"}',
        b'{"a":7}',
        b'{"a":true}',
        b'{"a":["canary"]}',
        b'{"a":NaN}',
        b'{"a":{}}',
        b'{"a":{"type":"canary"}}',
        b'{"a":{"value":"canary","value64":""}}',
        b'{"a":{"value":"canary","kind":"x"}}',
        b'{"a":{"value":null}}',
        b'{"a":{"value":"canary","type":7}}',
        b'{"a":{"value64":"canary!"}}',
        b'{"a":{"value64":"\xc3\xa9"}}',
        b'{"a":"\\ud800 canary"}',
        b'{"\\ud800":"canary"}',
        b'{"a":{"value":"canary","label":"\\udfff"}}',
        b'{"a":"\xff canary"}',
        b'{"a":' + b"[" * 200_000,
        b'{"a":' * 200_000,
    ],
)
def test_what_is_no_object_of_slots_is_refused_and_not_quoted(text: bytes) -> None:
    with pytest.raises(Misuse) as caught:
        read_slots(text)
    assert "canary" not in str(caught.value)


@given(st.dictionaries(TEXT, st.binary(max_size=20) | TEXT.map(str.encode), max_size=5))
def test_what_is_shown_is_read_back(slots: dict[str, bytes]) -> None:
    shown = json.dumps(slot_values(view(*slots.items()))).encode()

    assert {one.name: one.value for one in read_slots(shown)} == {
        name: Plaintext(value) for name, value in slots.items()
    }


def edited(**changes: object) -> bytes:
    return json.dumps({**json.loads(editable(BEFORE).reveal()), **changes}).encode()


def test_only_what_was_edited_is_changed_and_what_is_gone_is_removed() -> None:
    assert read_edited(editable(BEFORE).reveal(), BEFORE) == ("T", ["t"], [])
    slots = {"a": "2", "b": {"value64": "/w=="}, "new": "4"}
    assert read_edited(edited(title="N", tags=[], slots=slots), BEFORE) == (
        "N",
        [],
        [SlotChange("a", Plaintext(b"2")), SlotChange("new", Plaintext(b"4")), SlotChange("c", None)],
    )


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b'{"title":"canary"}',
        edited(title=7),
        edited(tags="canary"),
        edited(tags=[7]),
        edited(slots=["canary"]),
        edited(more="canary"),
        edited(title="\ud800"),
        edited(slots={"a": 7}),
    ],
)
def test_an_edited_text_that_is_no_item_is_refused_and_not_quoted(text: bytes) -> None:
    with pytest.raises(Misuse) as caught:
        read_edited(text, BEFORE)
    assert "canary" not in str(caught.value)
