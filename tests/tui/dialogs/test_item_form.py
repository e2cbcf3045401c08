from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.content import Content
from textual.widgets import Input
from tui.deeds.acting import Acting, acting
from tui.dialogs.test_dialog import opened

from pk_tui.api.items import SlotChange
from pk_tui.errors import AlreadyExists
from pk_tui.plaintext import Plaintext
from pk_tui.terms import SecretPath
from pk_tui.tui.dialogs.item_form import Filled, ItemFormDialog
from pk_tui.tui.widgets.secret_text import SecretText
from pk_tui.tui.widgets.slot_field import Blank, SlotField

CANARY = "canary-form-1"
BLANKS = [
    Blank("username", "text", "User name"),
    Blank("password", "password", "Password", required=True, masked=True),
    Blank("url", "url", "Website"),
    Blank("kind", "choice", "Kind", choices=("one", "two")),
    Blank("notes", "note", "Notes"),
]


class Kept:
    """Where the form stores: `says` is the answer, or what is raised."""

    def __init__(self, says: bool | Exception = True) -> None:
        self.says = says
        self.filled: list[tuple[str, Filled]] = []

    async def __call__(self, path: SecretPath, filled: Filled) -> bool:
        self.filled.append((str(path), filled))
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


def play(
    scenario: Callable[[Acting, Kept, list[Any]], Awaitable[None]],
    blanks: list[Blank] = BLANKS,
    size: tuple[int, int] = (80, 24),
    **given: Any,
) -> None:
    async def run() -> None:
        async with acting(size) as s:
            kept = Kept()
            assert s.app.session is not None
            where = given or {"rule": SecretPath.parse}
            dialog = ItemFormDialog(s.app.session, Content("New: Password"), blanks, kept, **where)
            answers = await opened(s, dialog, "n")
            await s.see("New: Password")
            await scenario(s, kept, answers)

    asyncio.run(run())


def fields(s: Acting) -> dict[str, SlotField]:
    return {field.slot_name: field for field in s.screen.query(SlotField)}


def change(name: str, text: str | None, type_: str | None = None) -> SlotChange:
    return SlotChange(name, None if text is None else Plaintext.of_text(text), type_)


def test_a_form_is_filled_with_the_keyboard_and_gives_what_was_typed() -> None:
    async def scenario(s: Acting, kept: Kept, answers: list[Any]) -> None:
        await s.see("Name *", "Password *", "https://", "(none)")
        await s.type("web/bank")
        await s.press("enter", "enter")
        await s.type("money, daily")
        await s.press("tab")
        await s.type("ada")
        await s.press("enter")
        await s.type(CANARY)
        await s.press("down", "down", "right", "tab")
        await s.type("a")
        await s.press("enter")
        await s.type("b")
        assert CANARY not in s.screen_text()
        await s.press("ctrl+s")
        await s.until(lambda: bool(answers), "the answer")
        slots = (change("username", "ada"), change("password", CANARY), change("kind", "one"), change("notes", "a\nb"))
        assert kept.filled == [("web/bank", Filled(slots, "bank", ("money", "daily")))]
        assert answers == [SecretPath.parse("web/bank")]

    play(scenario)


def test_what_is_asked_for_has_to_be_there_and_focus_goes_to_it() -> None:
    async def scenario(s: Acting, kept: Kept, answers: list[Any]) -> None:
        await s.press("ctrl+s")
        await s.see("cannot be the path of a secret")
        await s.type("bank")
        await s.press("ctrl+s")
        await s.see("Password is asked for.")
        await s.type("x")
        await s.press("ctrl+s")
        assert [path for path, _ in kept.filled] == ["bank"]

    play(scenario)


@pytest.mark.parametrize("says", [False, AlreadyExists("“bank” is already there [/x].")])
def test_what_was_not_stored_is_still_there_to_be_stored(says: bool | Exception) -> None:
    async def scenario(s: Acting, kept: Kept, answers: list[Any]) -> None:
        kept.says = says
        await s.type("bank")
        fields(s)["password"].put(Plaintext.of_text(CANARY))
        await s.press("ctrl+s")
        await s.until(lambda: len(kept.filled) == 1, "a try")
        if isinstance(says, Exception):
            await s.see("already there [/x].")
        assert answers == []
        kept.says = True
        await s.press("ctrl+s")
        await s.until(lambda: bool(answers), "the answer")
        assert kept.filled[0] == kept.filled[1]

    play(scenario)


def test_warnings_come_while_it_is_typed_and_go_when_it_is_right() -> None:
    async def scenario(s: Acting, kept: Kept, answers: list[Any]) -> None:
        fields(s)["url"].focus_editor()
        await s.type("example.org")
        await s.see("An address begins with https://")
        await s.press("home")
        await s.type("https://")
        await s.see_no("An address begins with")

    play(scenario)


def test_leaving_asks_only_if_something_was_written() -> None:
    async def scenario(s: Acting, kept: Kept, answers: list[Any]) -> None:
        fields(s)["notes"].focus_editor()
        await s.type("x")
        await s.press("escape")
        await s.see("Throw away what you wrote?")
        await s.press("escape")
        await s.see_no("Throw away")
        assert s.screen.query_one(SecretText).text == "x"
        await s.press("backspace", "escape")
        await s.until(lambda: answers == [None], "leaving unasked")

    play(scenario)


def test_a_generated_password_goes_into_the_field_that_asked_for_it() -> None:
    async def scenario(s: Acting, kept: Kept, answers: list[Any]) -> None:
        await s.press("ctrl+g")
        await s.see("go to a field that hides what is in it")
        fields(s)["password"].focus_editor()
        await s.press("ctrl+g")
        await s.see("Generate", "bits, strong")
        made = s.screen._made.value  # type: ignore[attr-defined]
        await s.press("ctrl+s")
        await s.see("•" * 20)
        assert fields(s)["password"].typed == made

    play(scenario)


EDITED = [
    Blank("username", "text", "User name", value=Plaintext.of_text("ada")),
    Blank("password", "password", "Password", required=True, masked=True, value=Plaintext.of_text(CANARY)),
    Blank("pin", "password", masked=True, extra=True, value=Plaintext.of_text("1234")),
    Blank("hint", extra=True, value=Plaintext.of_text("h")),
]
WHERE = {"path": SecretPath.parse("bank"), "title": "Bank", "tags": ("money",)}


def test_slots_of_ones_own_are_added_renamed_and_taken_out() -> None:
    async def scenario(s: Acting, kept: Kept, answers: list[Any]) -> None:
        await s.press("ctrl+t")
        await s.see("Only a slot that you added")
        fields(s)["pin"].focus_editor()
        await s.press("ctrl+t")
        await s.put("code", "#line")
        await s.press("enter")
        await s.until(lambda: "code" in fields(s), "another name")
        fields(s)["hint"].focus_editor()
        await s.press("ctrl+o")
        await s.see("Take out the slot hint?")
        await s.press("y")
        await s.until(lambda: "hint" not in fields(s), "one slot less")
        await s.press("ctrl+n")
        await s.see("Add a slot")
        await s.type("code")
        await s.see("There is a slot “code” already.")
        await s.type(" 2")
        await s.press("enter")
        await s.see("What is in it?")
        await s.type("url")
        await s.press("enter")
        await s.until(lambda: "code 2" in fields(s), "another slot")
        await s.type("https://x")
        await s.press("ctrl+s")
        await s.until(lambda: bool(answers), "the answer")
        assert kept.filled[0][1].slots == (
            change("hint", None),
            change("pin", None),
            change("code", "1234", "password"),
            change("code 2", "https://x", "url"),
        )

    play(scenario, EDITED, **WHERE)


def test_of_an_item_only_what_was_changed_is_stored() -> None:
    async def scenario(s: Acting, kept: Kept, answers: list[Any]) -> None:
        await s.see("Title", "Bank", "money", "ada")
        assert CANARY not in s.screen_text()
        assert not s.screen.is_changed  # type: ignore[attr-defined]
        title = s.screen.query_one("#title", Input)
        title.value = "My bank"
        fields(s)["username"].put(Plaintext.of_text(""))
        await s.press("ctrl+s")
        await s.until(lambda: bool(answers), "the answer")
        assert kept.filled == [("bank", Filled((change("username", None),), "My bank", None))]

    play(scenario, EDITED, (120, 40), **WHERE)


def test_a_template_is_described_slot_by_slot() -> None:
    async def scenario(s: Acting, kept: Kept, answers: list[Any]) -> None:
        await s.see("required, masked, choice: TEXT")
        await s.type("mine")
        await s.press("ctrl+n")
        await s.see("Add a slot")
        await s.type("colour")
        await s.press("enter")
        await s.see("What is in it?")
        await s.type("choice")
        await s.press("enter")
        await s.until(lambda: "colour" in fields(s), "a slot")
        await s.type("choice: red")
        await s.press("ctrl+s")
        await s.until(lambda: bool(answers), "the answer")
        assert kept.filled == [("mine", Filled((change("colour", "choice: red", "choice"),), "mine", ()))]

    play(scenario, [], rule=SecretPath.parse, describes=True)


def test_what_was_typed_goes_with_the_locked_screen() -> None:
    async def scenario(s: Acting, kept: Kept, answers: list[Any]) -> None:
        fields(s)["password"].put(Plaintext.of_text(CANARY))
        editors = [one for one in s.screen.query(Input) if one.id == "line"]
        await s.press("ctrl+l")
        await s.see("locked")
        assert all(CANARY not in one.value for one in editors)
        assert CANARY not in s.screen_text()

    play(scenario)
