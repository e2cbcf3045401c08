"""Asking for it is tried through the form, in `test_item_form`."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pk_tui.errors import Misuse
from pk_tui.tui.dialogs.own_slot import ask_for_slot, slot_rule
from pk_tui.tui.glyphs import ASCII
from pk_tui.tui.widgets.slot_field import Blank


@pytest.mark.parametrize("name", ["", "a#b", "a/b", "..", "x\n", "taken", "n" * 300])
def test_what_cannot_name_a_slot_is_refused(name: str) -> None:
    with pytest.raises(Misuse):
        slot_rule(["taken"])(name if name.strip() == name else f"a{name}b")


def test_a_slots_name_is_taken_without_the_space_around_it() -> None:
    assert slot_rule(["taken"])(" user name ") == "user name"


@pytest.mark.parametrize(
    ("answers", "blank"),
    [
        (["pin", "card"], Blank("pin", "card", masked=True, extra=True)),
        (["pin", "url"], Blank("pin", "url", extra=True)),
        ([None], None),
        (["pin", None], None),
    ],
)
def test_two_questions_make_a_field_and_calling_either_off_makes_none(
    answers: list[str | None], blank: Blank | None
) -> None:
    async def ask(dialog: Any) -> str | None:
        return answers.pop(0)

    assert asyncio.run(ask_for_slot(ask, ASCII, (), False)) == blank
    assert answers == []
