from __future__ import annotations

import asyncio

import pytest
from textual.content import Content
from textual.widgets import Input
from tui.deeds.acting import Acting, acting
from tui.deeds.test_editing import retype
from tui.dialogs.test_dialog import opened

from pk_tui.errors import AlreadyExists
from pk_tui.plaintext import Plaintext
from pk_tui.terms import SecretPath
from pk_tui.tui.dialogs.edit_secret import EditSecretDialog, ending
from pk_tui.tui.widgets.secret_text import SecretText

CANARY = "canary-value"
PATH = SecretPath.parse("db/password")


class Kept:
    """Where the dialog stores: `says` is the answer, or what is raised."""

    def __init__(self, says: bool | Exception = True) -> None:
        self.says = says
        self.values: list[tuple[SecretPath, bytes]] = []

    async def __call__(self, path: SecretPath, value: Plaintext) -> bool:
        self.values.append((path, value.reveal()))
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


def editor(s: Acting, kept: Kept, value: str = CANARY, *, new: bool = False) -> EditSecretDialog:
    return EditSecretDialog(
        Content("Edit it"),
        kept,
        s.app.copied,
        45,
        path=None if new else PATH,
        value="" if new else value,
        rule=SecretPath.parse if new else None,
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "empty"), ("x", "no newline at the end"), ("x\n", "ends in a newline"), ("x\r\n", "ends in a newline")],
)
def test_how_a_value_ends_is_said(text: str, says: str) -> None:
    assert ending(text) == says


def test_what_is_written_is_stored_to_the_letter() -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            kept = Kept()
            answers = await opened(s, editor(s, kept, "one\n"), "e")
            await s.see("one", "ends in a newline")
            s.screen.query_one(SecretText).move_cursor((1, 0))
            await s.type(" [/x] ")
            await s.see("no newline at the end")
            await s.press("ctrl+s")
            assert answers == [PATH]
            assert kept.values == [(PATH, b"one\n [/x] ")]

    asyncio.run(scenario())


@pytest.mark.parametrize("says", [False, AlreadyExists("“x” is already there.")])
def test_what_was_not_stored_is_still_there_to_be_stored(says: bool | Exception) -> None:
    async def scenario() -> None:
        async with acting() as s:
            kept = Kept(says)
            answers = await opened(s, editor(s, kept), "e")
            await retype(s, "changed")
            await s.press("ctrl+s")
            if isinstance(says, Exception):
                await s.see("already there")
            assert answers == []
            assert s.screen.query_one(SecretText).text == "changed"
            kept.says = True
            await s.press("ctrl+s")
            assert answers == [PATH]

    asyncio.run(scenario())


def test_leaving_asks_only_if_something_was_written() -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            answers = await opened(s, editor(s, Kept()), "e")
            await s.press("escape")
            assert answers == [None]
            answers = await opened(s, editor(s, Kept()), "e")
            await retype(s, "changed")
            await s.press("escape")
            await s.see("Throw away what you wrote?")
            await s.press("escape")
            await s.see_no("Throw away")
            assert s.screen.query_one(SecretText).text == "changed"
            await s.press("escape")
            await s.see("Throw away what you wrote?")
            await s.press("y")
            await s.until(lambda: answers == [None], "the answer")

    asyncio.run(scenario())


def test_a_typed_name_alone_is_not_thrown_away_unasked() -> None:
    async def scenario() -> None:
        async with acting() as s:
            await opened(s, editor(s, Kept(), new=True), "n")
            await s.type("token")
            await s.press("escape")
            await s.see("Throw away what you wrote?")

    asyncio.run(scenario())


def test_a_name_is_asked_for_and_must_be_one() -> None:
    async def scenario() -> None:
        async with acting() as s:
            kept = Kept()
            answers = await opened(s, editor(s, kept, new=True), "n")
            await retype(s, "value")
            await s.press("ctrl+s")
            await s.see("cannot be the path of a secret")
            s.screen.query_one("#name", Input).focus()
            await s.type("a")
            await s.press("ctrl+s")
            assert answers == [SecretPath.parse("a")]
            assert kept.values == [(SecretPath.parse("a"), b"value")]

    asyncio.run(scenario())


def test_a_selection_is_copied_for_a_while_and_a_cut_removes_it_only_then() -> None:
    async def scenario() -> None:
        async with acting() as s:
            await opened(s, editor(s, Kept(), "secret part"), "e")
            area = s.screen.query_one(SecretText)
            await s.press("ctrl+c", "ctrl+x")
            assert s.app.copied.held is None  # nothing selected: nothing copied, nothing cut
            assert area.text == "secret part"
            area.select_all()
            await s.press("ctrl+c")
            await s.see("copied via")
            assert s.app.copied.held is not None
            assert "secret" not in s.app.copied.held.what
            assert s.app.clipboard == ""
            area.select_all()
            await s.press("ctrl+x")
            await s.until(lambda: area.text == "", "cut")

    asyncio.run(scenario())


def test_a_cut_that_cannot_be_copied_removes_nothing() -> None:
    async def scenario() -> None:
        async with acting() as s:
            await opened(s, editor(s, Kept(), "part"), "e")
            area = s.screen.query_one(SecretText)

            async def refuse(*given: object) -> None:
                raise AlreadyExists("no way to a clipboard")

            s.app.copied.copy = refuse  # type: ignore[method-assign, assignment]
            area.select_all()
            await s.press("ctrl+x")
            await s.see("no way to a clipboard")
            assert area.text == "part"

    asyncio.run(scenario())


def test_ctrl_z_takes_back_a_change_and_does_not_throw_it_away_by_suspending() -> None:
    async def scenario() -> None:
        async with acting() as s:
            await opened(s, editor(s, Kept()), "e")
            area = s.screen.query_one(SecretText)
            await s.press("x")
            assert area.text == "x" + CANARY
            await s.press("ctrl+z")
            assert area.text == CANARY

    asyncio.run(scenario())


def test_a_locked_screen_leaves_nothing_of_it() -> None:
    async def scenario() -> None:
        async with acting() as s:
            dialog = editor(s, Kept())
            await opened(s, dialog, "e")
            area = s.screen.query_one(SecretText)
            await retype(s, CANARY + "-changed")
            assert area.history.undo_stack
            await s.press("ctrl+l")
            await s.see_no("canary")
            await s.until(lambda: not area.is_attached, "the editor being gone")
            assert area.text == ""
            assert not area.history.undo_stack
            assert not area.history.redo_stack
            assert dialog._before == Plaintext(b"")

    asyncio.run(scenario())


def test_a_generated_password_is_put_where_the_cursor_is() -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            asked: list[Plaintext | None] = [None, Plaintext.of_text("made")]

            async def generate() -> Plaintext | None:
                return asked.pop(0)

            dialog = EditSecretDialog(
                Content("Edit"), Kept(), s.app.copied, 45, path=PATH, value="a=;", generate=generate
            )
            await opened(s, dialog, "e")
            area = s.screen.query_one(SecretText)
            area.move_cursor((0, 2))
            await s.press("ctrl+g")
            assert area.text == "a=;"
            await s.press("ctrl+g")
            await s.until(lambda: area.text == "a=made;", "the password")
            assert area.has_focus

    asyncio.run(scenario())
