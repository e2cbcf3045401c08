"""An item is read strictly and written in one form; nothing of it is quoted when it is refused."""

import base64
import json
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pk_tui.errors import Malformed, Misuse
from pk_tui.plaintext import Plaintext
from pk_tui.vault.item import (
    MAX_ITEM,
    MAX_SLOTS,
    MAX_TAG,
    MAX_TAGS,
    MAX_TITLE,
    Item,
    Slot,
    encode_item,
    is_item,
    parse_item,
    slot_name_fault,
    user_names,
    with_slot,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NAMES = st.text("abcdefgäß0123456789_- .", min_size=1, max_size=20).filter(lambda name: slot_name_fault(name) is None)
SLOTS = st.builds(
    Slot, NAMES, st.binary(max_size=60).map(Plaintext) | TEXT.map(Plaintext.of_text), NAMES, st.just("") | TEXT
)
ITEMS = st.builds(
    Item,
    NAMES,
    TEXT,
    st.lists(SLOTS, max_size=6, unique_by=lambda slot: slot.name).map(tuple),
    st.lists(TEXT.filter(bool), max_size=4).map(tuple),
)

BANK = Item(
    "password",
    "Bank",
    (Slot("username", Plaintext(b"ada")), Slot("seal", Plaintext(b"\xff\x00"), "file", "The seal")),
    ("money",),
)
RAW = (
    b'{"pk-item":1,"template":"password","title":"Bank","tags":["money"],"slots":['
    b'{"name":"username","type":"text","value":"ada"},'
    b'{"name":"seal","type":"file","label":"The seal","value64":"/wA="}]}'
)


def refused(raw: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        parse_item(raw)
    told = "".join(traceback.format_exception(caught.value))
    assert "canary" not in str(caught.value)
    assert "During handling" not in told


def test_an_item_has_this_form() -> None:
    assert encode_item(BANK) == RAW
    assert parse_item(RAW) == BANK
    assert is_item(RAW)


@given(ITEMS)
def test_what_is_written_is_read_back(item: Item) -> None:
    raw = encode_item(item)

    assert parse_item(raw) == item
    assert encode_item(parse_item(raw)) == raw
    assert b"\n" not in raw


@given(ITEMS)
def test_any_other_json_program_reads_the_same(item: Item) -> None:
    read = json.loads(encode_item(item))

    assert (read["title"], tuple(read["tags"])) == (item.title, item.tags)
    for one, slot in zip(read["slots"], item.slots, strict=True):
        value = one["value"].encode() if "value" in one else base64.b64decode(one["value64"])
        assert (one["name"], value) == (slot.name, slot.value.reveal())


def test_spacing_order_and_escapes_of_an_editor_are_forgiven() -> None:
    shuffled = (
        b'{"pk-item":1, "slots": [\n {"value": "\\u0061da", "type": "text", "name": "username"},\n'
        b' {"name": "seal", "type": "file", "label": "The seal", "value64": "/wA="} ],\n'
        b'"tags":["money"], "title":"Bank", "template":"password"}\n'
    )

    assert parse_item(shuffled) == BANK
    assert encode_item(parse_item(shuffled)) == RAW


def test_an_unknown_type_is_kept() -> None:
    item = Item("t", "", (Slot("a", Plaintext(b"1"), "hologram"),))

    assert parse_item(encode_item(item)) == item


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"canary",
        b"{}",
        b' {"pk-item":1,"template":"a","title":"","tags":[],"slots":[]}',
        b'{"pk-item":2,"template":"a","title":"","tags":[],"slots":[]}',
        b'{"pk-item":1,"template":"a","title":"","tags":[]}',
        b'{"pk-item":1,"template":"a","title":"canary","tags":[],"slots":[],"more":1}',
        b'{"pk-item":1,"template":"a","title":"canary","title":"b","tags":[],"slots":[]}',
        b'{"pk-item":1,"pk-item":1,"template":"a","title":"b","tags":[],"slots":[]}',
        b'{"pk-item":1,"template":"a","title":"","tags":[],"slots":[]}{"canary":1}',
        b'{"pk-item":1,"template":"","title":"","tags":[],"slots":[]}',
        b'{"pk-item":1,"template":"a/b","title":"","tags":[],"slots":[]}',
        b'{"pk-item":1,"template":"a","title":7,"tags":[],"slots":[]}',
        b'{"pk-item":1,"template":"a","title":NaN,"tags":[],"slots":[]}',
        b'{"pk-item":1,"template":"a","title":null,"tags":[],"slots":[]}',
        b'{"pk-item":1,"template":"a","title":"","tags":[""],"slots":[]}',
        b'{"pk-item":1,"template":"a","title":"","tags":"canary","slots":[]}',
        b'{"pk-item":1,"template":"a","title":"\\ud800","tags":[],"slots":[]}',
        b'{"pk-item":1,"template":"a","title":"\xed\xa0\x80","tags":[],"slots":[]}',
        b'{"pk-item":1,"template":"a","title":"\xff","tags":[],"slots":[]}',
        b'{"pk-item":1,"template":"a","title":"canary' + b"\x00" + b'","tags":[],"slots":[]}',
        b'{"pk-item":1,"template":"a","title":"' + b"x" * (MAX_TITLE + 1) + b'","tags":[],"slots":[]}',
        b'{"pk-item":1,"template":"a","title":"","tags":[],"slots":' + b"[" * 200_000,
        b'{"pk-item":1,"deep":' + b'{"a":' * 200_000,
        b'{"pk-item":1,"template":"a","title":"","tags":[],"slots":[]}' + b" " * MAX_ITEM,
    ],
)
def test_what_is_no_item_is_refused_and_not_quoted(raw: bytes) -> None:
    refused(raw)


@pytest.mark.parametrize(
    "slots",
    [
        '{"name":"a","type":"text"}',
        '{"name":"a","type":"text","value":"canary","value64":"AA=="}',
        '{"name":"a","type":"text","value":7}',
        '{"name":"a","type":"text","value64":"canary"}',
        '{"name":"a","type":"text","value64":"!!!!"}',
        '{"name":"a","type":"text","value":"1"},{"name":"a","type":"text","value":"canary"}',
        '{"name":"a","name":"b","type":"text","value":"canary"}',
        '{"name":"a","type":"text","value":"canary","hidden":true}',
        '{"name":"a#b","type":"text","value":"canary"}',
        '{"name":"a/b","type":"text","value":"canary"}',
        '{"name":"..","type":"text","value":"canary"}',
        '{"name":"","type":"text","value":"canary"}',
        '{"name":"\\u001b[2J","type":"text","value":"canary"}',
        '{"name":"a\\u0308","type":"text","value":"canary"}',
        '{"name":"a","type":"","value":"canary"}',
        '{"name":"a","type":"' + "t" * 65 + '","value":"canary"}',
        '{"name":"a","value":"canary"}',
        '["a","text","canary"]',
        ",".join(f'{{"name":"s{number}","type":"text","value":""}}' for number in range(MAX_SLOTS + 1)),
    ],
)
def test_a_slot_that_cannot_be_is_refused_and_not_quoted(slots: str) -> None:
    refused(f'{{"pk-item":1,"template":"a","title":"","tags":[],"slots":[{slots}]}}'.encode())


@given(st.binary(max_size=80), st.integers(0, len(RAW)), st.integers(0, 10))
def test_whatever_is_put_into_an_item_it_is_read_or_malformed(some: bytes, at: int, gone: int) -> None:
    try:
        item = parse_item(RAW[:at] + some + RAW[at + gone :])
    except Malformed:
        return
    assert parse_item(encode_item(item)) == item


@pytest.mark.parametrize(
    ("item", "named"),
    [
        (Item("", "", ()), "template"),
        (Item("a", "x" * (MAX_TITLE + 1), ()), "title"),
        (Item("a", "\ud800", ()), "UTF-8"),
        (Item("a", "", (), ("",)), "tag"),
        (Item("a", "", (), ("x" * (MAX_TAG + 1),)), "tag"),
        (Item("a", "", (), ("x",) * (MAX_TAGS + 1)), "tags"),
        (Item("a", "", (Slot("one", Plaintext(b"canary")), Slot("one", Plaintext(b"canary")))), "“one” twice"),
        (Item("a", "", (Slot("o#ne", Plaintext(b"canary")),)), "“o#ne”"),
        (Item("a", "", (Slot("one", Plaintext(b"canary"), "\n"),)), "“one”"),
        (Item("a", "", (Slot("one", Plaintext(b"canary"), label="x" * 256),)), "“one”"),
        (Item("a", "", (Slot("one", Plaintext(b"canary"), label="\udfff"),)), "UTF-8"),
        (Item("a", "", tuple(Slot(f"s{number}", Plaintext(b"")) for number in range(MAX_SLOTS + 1))), "slots"),
        (Item("a", "", (Slot("small", Plaintext(b"")), Slot("big", Plaintext(b"\n" * MAX_ITEM)))), "“big”"),
    ],
)
def test_what_no_item_may_hold_is_not_written(item: Item, named: str) -> None:
    with pytest.raises(Misuse, match=named) as caught:
        encode_item(item)
    assert "canary" not in str(caught.value)


def test_setting_a_slot_leaves_everything_else_as_it_is() -> None:
    changed = with_slot(BANK, "seal", Plaintext(b"new"))

    assert changed.slot("seal") == Slot("seal", Plaintext(b"new"), "file", "The seal")
    assert changed.slot("username") == BANK.slot("username")
    assert (changed.template, changed.title, changed.tags) == (BANK.template, BANK.title, BANK.tags)


def test_user_names_are_what_one_logs_in_with() -> None:
    item = Item(
        "x",
        "",
        (
            Slot("Username", Plaintext(b"ada")),
            Slot("mail", Plaintext(b"ada@example.org"), "email"),
            Slot("login", Plaintext(b"ada")),
            Slot("account", Plaintext(b"")),
            Slot("password", Plaintext(b"canary")),
            Slot("email", Plaintext(b"\xffbroken" + b"x" * 5000)),
        ),
    )

    names = user_names(item)

    assert names[:2] == ("ada", "ada@example.org")
    assert names[2].startswith("broken")
    assert len(names) == 3
    assert len(names[2]) == 255


def test_an_item_does_not_print_its_values() -> None:
    assert "ada" not in repr(BANK)
