from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from textual.app import App, ComposeResult
from tui.widgets.test_secret_view import SetClock

from pk_tui.api.items import CodeView
from pk_tui.plaintext import Plaintext
from pk_tui.tui.glyphs import ASCII
from pk_tui.tui.item_words import ItemRows, SlotRow
from pk_tui.tui.widgets.slot_rows import SlotRows

CANARY = "canary-slots-1"
ITEM = ItemRows(
    "password",
    "My [b]bank\x1b",
    ("money", "a b"),
    (
        SlotRow("username", "User name", "text", False, "ada"),
        SlotRow("password", "Password", "password", True),
        SlotRow("otp", "One-time code", "otp", True, is_code=True),
        SlotRow("notes", "Notes", "note", False, "first line\nsecond line with more words"),
        SlotRow("url", "Website", "url", False, "nowhere", warning="An address begins with https:// or the like."),
        SlotRow("pin", "PIN", "password", True, note="empty"),
    ),
)


class RowsApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.set_clock = SetClock()
        self.rows = SlotRows(self.set_clock, ASCII)
        self.ended = 0

    def compose(self) -> ComposeResult:
        yield self.rows

    def on_slot_rows_code_ended(self) -> None:
        self.ended += 1

    def text(self) -> str:
        return "\n".join(self.rows.render_line(y).text.rstrip() for y in range(self.rows.size.height))


def play(scenario: Callable[[RowsApp, Callable[[], Awaitable[None]]], Awaitable[None]], width: int = 80) -> None:
    async def run() -> None:
        app = RowsApp()
        async with app.run_test(size=(width, 30)) as pilot:
            app.rows.show(ITEM)
            await pilot.pause()
            await scenario(app, pilot.pause)

    asyncio.run(run())


def test_slots_are_labelled_rows_and_hidden_ones_are_as_long_whatever_they_are() -> None:
    async def scenario(app: RowsApp, pause: Callable[[], Awaitable[None]]) -> None:
        assert app.text().splitlines() == [
            "My [b]bank\\u{1b}",
            "#money  #a b",
            "",
            "  User name      ada",
            "> Password       ************  space peeks",
            "  One-time code  *** ***  o copies the code, space shows it",
            "  Notes          first line",
            "                 second line with more words",
            "  Website        nowhere",
            "                 ! An address begins with https:// or the like.",
            "  PIN            empty",
        ]

    play(scenario)


def test_in_a_narrow_place_nothing_is_cut_but_the_hints() -> None:
    async def scenario(app: RowsApp, pause: Callable[[], Awaitable[None]]) -> None:
        lines = app.text().splitlines()
        assert max(map(len, lines)) <= 34
        assert "> Password      ************" in lines
        assert lines[lines.index("  Notes") + 1 :][:2] == ["    first line", "    second line with more words"]
        assert "    ! An address begins with" in lines

    play(scenario, 34)


def test_a_value_shows_for_its_time_and_longer_if_asked_again() -> None:
    async def scenario(app: RowsApp, pause: Callable[[], Awaitable[None]]) -> None:
        app.rows.reveal("password", CANARY, 10)
        await pause()
        assert f"> Password       {CANARY}" in app.text()
        assert "hides in 10 s  space keeps" in app.text()
        app.set_clock.seconds += 6
        app.rows.extend(10)
        app.set_clock.seconds += 9
        app.rows.tick()
        assert "hides in 1 s" in app.text()
        app.set_clock.seconds += 1
        app.rows.tick()
        await pause()
        assert not app.rows.revealed
        assert CANARY not in app.text()
        assert CANARY not in repr(vars(app.rows))

    play(scenario)


def test_what_stays_is_masked_by_moving_to_another_slot() -> None:
    async def scenario(app: RowsApp, pause: Callable[[], Awaitable[None]]) -> None:
        app.rows.reveal("password", CANARY, None)
        assert app.rows.stays
        app.set_clock.seconds += 1000
        app.rows.tick()
        await pause()
        assert CANARY in app.text()
        assert app.rows.move(1)
        await pause()
        assert CANARY not in app.text()
        assert app.rows.current is not None
        assert app.rows.current.name == "otp"
        assert not app.rows.move(4)

    play(scenario)


def test_a_code_counts_down_and_is_gone_before_it_is_wrong() -> None:
    async def scenario(app: RowsApp, pause: Callable[[], Awaitable[None]]) -> None:
        app.rows.put_code("otp", CodeView(Plaintext.of_text("123456"), 30.0, 30, "", ""))
        assert "123 456  ########## 30 s" in app.text()
        app.set_clock.seconds += 18
        app.rows.tick()
        assert "123 456  ####...... 12 s" in app.text()
        app.set_clock.seconds += 11.5
        app.rows.tick()
        assert "#.........  1 s" in app.text()
        app.set_clock.seconds += 0.5
        app.rows.tick()
        await pause()
        assert app.ended == 1
        assert "123 456" not in app.text()
        assert "123" not in repr(vars(app.rows))
        app.rows.tick()
        await pause()
        assert app.ended == 1  # said once; who owns it asks for the next

    play(scenario)


def test_masking_takes_value_and_code_and_hiding_the_value_alone() -> None:
    async def scenario(app: RowsApp, pause: Callable[[], Awaitable[None]]) -> None:
        app.rows.put_code("otp", CodeView(Plaintext.of_text("123456"), 30.0, 30, "", ""))
        app.rows.reveal("password", CANARY, None)
        app.rows.hide()
        assert "123 456" in app.text()
        assert CANARY not in app.text()
        app.rows.mask()
        await pause()
        assert "123 456" not in app.text()
        assert not app.rows.code_shows

    play(scenario)


def test_a_counters_code_has_no_time_to_count() -> None:
    async def scenario(app: RowsApp, pause: Callable[[], Awaitable[None]]) -> None:
        app.rows.put_code("otp", CodeView(Plaintext.of_text("123456"), 0.0, 0, "", ""))
        app.set_clock.seconds += 1000
        app.rows.tick()
        await pause()
        assert "123 456  used up when it is asked for" in app.text()
        assert app.ended == 0

    play(scenario)


def test_another_item_shows_nothing_of_the_one_before() -> None:
    async def scenario(app: RowsApp, pause: Callable[[], Awaitable[None]]) -> None:
        app.rows.reveal("password", CANARY, None)
        app.rows.show(None)
        await pause()
        assert not app.rows.display
        assert not app.rows.revealed
        app.rows.show(ItemRows("mine", "", (), ()))
        await pause()
        assert app.text() == "It has no slots yet: e edits it."

    play(scenario)


def test_the_cursor_stays_on_its_slot_when_the_item_changes() -> None:
    async def scenario(app: RowsApp, pause: Callable[[], Awaitable[None]]) -> None:
        app.rows.move(2)
        app.rows.show(ItemRows("password", "", (), tuple(reversed(ITEM.slots))))
        assert app.rows.current is not None
        assert app.rows.current.name == "notes"

    play(scenario)


def test_a_long_note_is_cut_and_says_so() -> None:
    async def scenario(app: RowsApp, pause: Callable[[], Awaitable[None]]) -> None:
        text = "\n".join(map(str, range(5000)))
        app.rows.show(ItemRows("note", "", (), (SlotRow("text", "Text", "note", False, text),)))
        await pause()
        assert len(app.rows._lines) == 201
        assert "and 4800 lines more" in app.rows._lines[-1][-1][0]

    play(scenario)
