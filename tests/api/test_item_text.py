from __future__ import annotations

from pk_tui.api.item_text import written_out
from pk_tui.api.items import ItemView, SlotView
from pk_tui.plaintext import Plaintext


def slot(name: str, value: bytes, label: str = "") -> SlotView:
    return SlotView(name, "text", label, True, Plaintext(value))


def item(*slots: SlotView, tags: tuple[str, ...] = ()) -> ItemView:
    return ItemView("password", "Bank", tags, slots)


def test_each_filled_slot_is_a_line_and_one_of_several_lines_stands_indented() -> None:
    one = item(slot("username", b"me", "User name"), slot("pin", b""), slot("notes", b"a\n\nb"), tags=("x", "y"))

    assert written_out(one).split("\n") == ["title: Bank", "tags: x, y", "username: me", "notes:", "  a", "  ", "  b"]
    assert written_out(one, labels=True).split("\n")[:3] == ["Title: Bank", "Tags: x, y", "User name: me"]


def test_a_newline_at_the_end_of_a_value_can_be_seen() -> None:
    assert written_out(item(slot("password", b"a\n"))) != written_out(item(slot("password", b"a")))


def test_values_that_are_no_text_are_told_apart_without_being_shown() -> None:
    one, other = (written_out(item(slot("key", value))) for value in (b"\xff\x00", b"\xff\x01"))

    assert one.startswith("title: Bank\nkey: 2 bytes, no text (")
    assert one != other
    assert "\xff" not in one
