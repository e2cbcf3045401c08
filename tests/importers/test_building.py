from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from importers.foreign import refused, slots

from pk_tui.errors import Malformed
from pk_tui.importers.building import Building
from pk_tui.vault.item import MAX_SLOTS, MAX_TAGS, encode_item, parse_item

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)


def test_slots_keep_their_order_and_empty_ones_are_left_out() -> None:
    building = Building("password", "T", "here")
    building.add("username", "ada")
    building.add("url", "")
    building.add("otp", None)
    building.add("password", "x", "password")
    item = building.done(["a", "a", " b ", ""])
    assert slots(item) == {"username": "ada", "password": "x"}
    assert item.tags == ("a", "b")
    assert item.slots[1].type == "password"


def test_a_name_that_is_taken_is_numbered_and_what_cannot_be_a_name_stays_as_label() -> None:
    building = Building("password", "T", "here")
    for name in ("url", "url", "a/b#c", ""):
        building.add(name, "x")
    assert list(slots(building.done())) == ["url", "url (2)", "a-b-c", "unnamed"]
    assert building.done().slots[2].label == "a/b#c"


def test_beyond_the_limits_of_an_item_nothing_is_dropped_unsaid() -> None:
    building = Building("password", "T", "here")
    for number in range(MAX_SLOTS + 3):
        building.add(f"f{number}", "x")
    item = building.done([f"t{number}" for number in range(MAX_TAGS + 2)])
    assert (len(item.slots), len(item.tags)) == (MAX_SLOTS, MAX_TAGS)
    assert len(building.left_out) == 5


@pytest.mark.parametrize("value", ["a\0", "\ud800"])
def test_what_is_no_text_is_refused_and_the_place_is_named_without_the_value(value: str) -> None:
    with refused(Malformed, "line 7", "password"):
        Building("password", "T", "line 7").add("password", value)
    with refused(Malformed, "line 7", "title"):
        Building("password", value, "line 7")
    with refused(Malformed, "line 7", "tag"):
        Building("password", "T", "line 7").done([value])


@given(ANY_TEXT, st.lists(st.tuples(ANY_TEXT, ANY_TEXT), max_size=5), st.lists(ANY_TEXT, max_size=3))
def test_what_is_built_can_be_written_and_read(title: str, fields: list[tuple[str, str]], tags: list[str]) -> None:
    try:
        building = Building("password", title, "here")
        for name, value in fields:
            building.add(name, value)
        item = building.done(tags)
    except Malformed:
        return
    assert parse_item(encode_item(item)) == item
