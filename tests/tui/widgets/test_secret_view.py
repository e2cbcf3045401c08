from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from textual.app import App, ComposeResult
from textual.widgets import Static

from pk_tui.plaintext import Plaintext
from pk_tui.tui.glyphs import ASCII
from pk_tui.tui.reading import SHOWN_AT_MOST, Beginning
from pk_tui.tui.widgets.secret_view import SecretView, why_not_shown
from pk_tui.tui.widgets.value_text import ValueText


class SetClock:
    """Stands until it is set."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> int:
        return 0

    def elapsed(self) -> float:
        return self.seconds


class ViewApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.set_clock = SetClock()
        self.view = SecretView(self.set_clock, ASCII)

    def compose(self) -> ComposeResult:
        yield self.view

    def text(self) -> str:
        state = self.view.query_one("#state", Static).content
        value = self.view.query_one(ValueText)
        lines = "\n".join(value.render_line(y).text for y in range(value.size.height)) if value.display else ""
        return f"{state}\n{lines}"


def play(scenario: Callable[[ViewApp, Callable[[], Awaitable[None]]], Awaitable[None]]) -> None:
    async def run() -> None:
        app = ViewApp()
        async with app.run_test(size=(60, 20)) as pilot:
            await pilot.pause()
            await scenario(app, pilot.pause)

    asyncio.run(run())


def test_the_mask_is_as_long_for_every_value() -> None:
    async def scenario(app: ViewApp, pause: Callable[[], Awaitable[None]]) -> None:
        assert "************  space peeks" in app.text()

    play(scenario)


def test_a_value_shows_for_its_time_with_a_countdown_and_is_gone_then() -> None:
    async def scenario(app: ViewApp, pause: Callable[[], Awaitable[None]]) -> None:
        app.view.reveal("canary-1", 10.0)
        await pause()
        assert "canary-1" in app.text()
        assert "hides in 10 s" in app.text()
        app.set_clock.seconds += 6.5
        app.view.tick()
        assert "hides in 4 s" in app.text()
        app.view.extend(10.0)
        assert "hides in 10 s" in app.text()
        app.set_clock.seconds += 9.9
        app.view.tick()
        assert "hides in 1 s" in app.text()
        app.set_clock.seconds += 0.1
        app.view.tick()
        await pause()
        assert not app.view.revealed
        assert "canary" not in app.text()
        assert "canary" not in repr(vars(app.view.query_one(ValueText)))  # let go of, not only hidden

    play(scenario)


def test_what_is_to_stay_stays_until_it_is_masked() -> None:
    async def scenario(app: ViewApp, pause: Callable[[], Awaitable[None]]) -> None:
        app.view.reveal("canary-2", None)
        app.set_clock.seconds += 10_000
        app.view.tick()
        await pause()
        assert app.view.stays
        assert "canary-2" in app.text()
        app.view.extend(5.0)
        assert app.view.stays  # asked to be kept for longer it is not made to go earlier
        app.view.mask()
        await pause()
        assert "canary" not in app.text()

    play(scenario)


def test_a_shown_value_can_be_made_to_stay() -> None:
    async def scenario(app: ViewApp, pause: Callable[[], Awaitable[None]]) -> None:
        app.view.reveal("canary-3", 5.0)
        app.view.extend(None)
        app.set_clock.seconds += 60
        app.view.tick()
        assert app.view.stays

    play(scenario)


def test_why_there_is_nothing_to_show_is_said_and_goes_with_the_next_secret() -> None:
    async def scenario(app: ViewApp, pause: Callable[[], Awaitable[None]]) -> None:
        app.view.mask("binary, 3.0 MiB")
        assert "binary, 3.0 MiB" in app.text()
        app.view.mask()
        assert "binary" not in app.text()

    play(scenario)


def test_no_part_of_it_can_be_selected_with_the_mouse() -> None:
    async def scenario(app: ViewApp, pause: Callable[[], Awaitable[None]]) -> None:
        assert not app.view.allow_select
        assert not app.view.query_one(ValueText).allow_select

    play(scenario)


@pytest.mark.parametrize(
    ("value", "whole", "size", "why"),
    [
        (b"hunter2", True, 7, None),
        (b"", True, 0, None),
        (b"x" * SHOWN_AT_MOST, True, SHOWN_AT_MOST, None),
        (b"x" * (SHOWN_AT_MOST + 1), True, SHOWN_AT_MOST + 1, "text, 64.0 KiB: more than 64.0 KiB is not shown"),
        (b"x" * (SHOWN_AT_MOST + 1), False, 3 << 20, "text, 3.0 MiB: more than 64.0 KiB is not shown"),
        (b"\xff" * 100, False, 3 << 20, "binary, 3.0 MiB"),
        (b"\0", True, 1, "binary, 1 B"),
    ],
)
def test_only_text_of_moderate_length_is_shown(value: bytes, whole: bool, size: int, why: str | None) -> None:
    assert why_not_shown(Beginning(Plaintext(value), whole), size) == why
