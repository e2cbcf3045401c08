from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Input

from pk_tui.api.items import SlotChange
from pk_tui.errors import MissingInput, Misuse
from pk_tui.plaintext import Plaintext
from pk_tui.tui.glyphs import ASCII
from pk_tui.tui.widgets.cycle import Cycle
from pk_tui.tui.widgets.password_field import PasswordField
from pk_tui.tui.widgets.secret_text import SecretText
from pk_tui.tui.widgets.slot_field import Blank, CoveredLine, CoveredText, SlotField

CANARY = "canary-field-1"


class FieldApp(App[None]):
    glyphs = ASCII

    def __init__(self, blanks: Sequence[Blank]) -> None:
        super().__init__()
        self.fields = [SlotField(blank, lambda value, then: None) for blank in blanks]
        self.edited: list[str] = []
        self.complaints: list[str] = []

    def compose(self) -> ComposeResult:
        yield from self.fields

    def on_slot_field_edited(self, event: SlotField.Edited) -> None:
        self.edited.append(event.field.slot_name)

    def on_slot_field_complained(self, event: SlotField.Complained) -> None:
        self.complaints.append(event.why)

    def text(self) -> str:
        strips = self.screen._compositor.render_strips()
        return "\n".join("".join(one.text for one in strip if not one.control) for strip in strips)


def play(blanks: Sequence[Blank], scenario: Callable[[FieldApp, Pilot[None]], Awaitable[None]]) -> None:
    async def run() -> None:
        app = FieldApp(blanks)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            await scenario(app, pilot)

    asyncio.run(run())


def value(text: str | bytes) -> Plaintext:
    return Plaintext(text.encode() if isinstance(text, str) else text)


@pytest.mark.parametrize(
    ("blank", "editor"),
    [
        (Blank("a"), PasswordField),
        (Blank("a", "password", masked=True), CoveredLine),
        (Blank("a", "note"), SecretText),
        (Blank("a", "note", masked=True), CoveredText),
        (Blank("a", "text", value=value("two\nlines")), SecretText),
        (Blank("a", "text", value=value("x" * 2000)), SecretText),
        (Blank("a", "choice", choices=("x", "y")), Cycle),
        (Blank("a", "choice"), PasswordField),
        (Blank("a", "file"), Input),
        (Blank("a", "text", value=value(b"\xff")), Input),
        (Blank("a", "file", describes=True), SecretText),
    ],
)
def test_a_field_has_the_shape_of_its_type_and_of_what_is_in_it(blank: Blank, editor: type) -> None:
    async def scenario(app: FieldApp, pilot: Pilot[None]) -> None:
        assert type(app.fields[0]._editor) is editor
        assert await app.fields[0].changes() == []
        assert not app.fields[0].is_changed

    play([blank], scenario)


def test_a_hidden_line_is_dots_and_hidden_lines_show_only_while_they_are_written_in() -> None:
    async def scenario(app: FieldApp, pilot: Pilot[None]) -> None:
        assert CANARY not in app.text()
        await pilot.press("ctrl+r")
        await pilot.pause()
        assert f"{CANARY}-line" in app.text()
        await pilot.press("tab")
        await pilot.pause()
        assert f"{CANARY}-line" not in app.text()
        assert f"{CANARY}-note" in app.text()
        await pilot.press("tab")
        await pilot.pause()
        assert CANARY not in app.text()
        assert app.text().splitlines()[0].split() == ["a", "*" * 12]  # whatever its length
        assert "shows while it is written in" in app.text()
        assert all(CANARY not in repr(node) for node in app.screen.query("*"))

    blanks = [
        Blank("a", "password", masked=True, value=value(f"{CANARY}-line")),
        Blank("b", "note", masked=True, value=value(f"{CANARY}-note")),
        Blank("c"),
    ]
    play(blanks, scenario)


def change(name: str, text: str | None, type_: str | None = None) -> SlotChange:
    return SlotChange(name, None if text is None else value(text), type_)


def test_only_what_differs_is_a_change() -> None:
    async def scenario(app: FieldApp, pilot: Pilot[None]) -> None:
        for field in app.fields:
            field.put(value("new"))
        await pilot.pause()
        changes = [await field.changes() for field in app.fields]
        assert changes == [[change("a", "new")], [change("b", "new")], [change("c", "new", "password")]]
        assert set(app.edited) == {"a", "b", "c"}
        for field in app.fields:
            field.put(value(""))
        changes = [await field.changes() for field in app.fields]
        assert changes == [[change("a", None)], [], [change("c", "", "password")]]

    play([Blank("a", value=value("old")), Blank("b"), Blank("c", "password", extra=True, value=value("x"))], scenario)


def test_a_slot_that_was_added_is_kept_even_if_it_is_empty() -> None:
    async def scenario(app: FieldApp, pilot: Pilot[None]) -> None:
        assert await app.fields[0].changes() == [change("a", "", "url")]

    play([Blank("a", "url", extra=True)], scenario)


def test_another_name_moves_the_value() -> None:
    async def scenario(app: FieldApp, pilot: Pilot[None]) -> None:
        field = app.fields[0]
        field.rename("b")
        await pilot.pause()
        assert "b " in app.text()
        assert field.is_changed
        assert await field.changes() == [change("a", None), change("b", "x", "text")]

    play([Blank("a", extra=True, value=value("x"))], scenario)


def test_a_file_is_read_when_it_is_stored_and_what_was_there_is_kept_without_one(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"\xfe")

    async def scenario(app: FieldApp, pilot: Pilot[None]) -> None:
        field = app.fields[0]
        assert "1 B, kept as it is" in app.text()
        assert not field.is_empty
        line = field.query_one(Input)
        line.value = str(tmp_path / "gone")
        with pytest.raises(MissingInput):
            await field.changes()
        line.value = str(tmp_path / "f")
        assert await field.changes() == [SlotChange("a", Plaintext(b"\xfe"), None)]

    play([Blank("a", "file", value=value(b"\xff"))], scenario)


def test_text_that_cannot_be_kept_is_refused_by_the_name_of_its_slot() -> None:
    async def scenario(app: FieldApp, pilot: Pilot[None]) -> None:
        app.fields[0].query_one(SecretText).text = "a\x07b"
        with pytest.raises(Misuse, match=r"Notes.*control characters"):
            await app.fields[0].changes()

    play([Blank("a", "note", "Notes")], scenario)


def test_labels_and_warnings_are_shown_harmless_and_what_is_asked_for_is_marked() -> None:
    async def scenario(app: FieldApp, pilot: Pilot[None]) -> None:
        assert "[red]\\u{1b} *" in app.text()
        app.fields[0].warn("It is none [/x].")
        await pilot.pause()
        assert "It is none [/x]." in app.text()
        app.fields[0].warn(None)
        await pilot.pause()
        assert "It is none" not in app.text()

    play([Blank("a", label="[red]\x1b", required=True)], scenario)


def test_what_was_in_it_goes_with_it() -> None:
    async def scenario(app: FieldApp, pilot: Pilot[None]) -> None:
        field = app.fields[0]
        editor = field.query_one(PasswordField)
        await field.remove()
        assert editor.value == ""
        assert field.blank.value is None

    play([Blank("a", "password", masked=True, value=value(CANARY))], scenario)
