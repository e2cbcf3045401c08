from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.color import Color
from textual.filter import Monochrome
from textual.widgets import Input
from tui.closed import SetClock, closed_stage

from pk_tui.api.front import Beginning
from pk_tui.plaintext import Plaintext
from pk_tui.tui.guard import GuardedApp, NothingSteers

CANARY = "canary-7c1"


class Reporting:
    def __init__(self, path: Path | None = None) -> None:
        self.reported: list[BaseException] = []
        self._path = path

    def report(self, error: BaseException) -> Path | None:
        self.reported.append(error)
        return self._path


class Crashing(GuardedApp):
    """Goes down where it is told to, with a value among the local variables and one in the error's own words."""

    AUTO_FOCUS = ""
    BINDINGS = [  # noqa: RUF012 - so declared by Textual
        Binding("a", "fail"),
        Binding("b", "fail_later"),
        Binding("c", "fail_in_worker"),
        Binding("d", "fail_in_timer"),
    ]

    def compose(self) -> ComposeResult:
        yield Input(CANARY)

    def action_fail(self) -> None:
        password = CANARY
        taken = Plaintext.of_text(password)
        raise ValueError(f"no good: {password} {taken}")

    def action_fail_later(self) -> None:
        self.call_later(self.action_fail)

    def action_fail_in_worker(self) -> None:
        async def work() -> None:
            self.action_fail()

        self.run_worker(work(), name="work", group="work", description="work")

    def action_fail_in_timer(self) -> None:
        self.set_timer(0.001, self.action_fail)


@pytest.mark.parametrize("key", ["a", "b", "c", "d"])
@pytest.mark.parametrize("path", [None, Path("~/reports/\x1b[2Jone.txt")])
def test_a_crash_shows_no_value_is_reported_and_ends_with_one(
    key: str, path: Path | None, capsys: pytest.CaptureFixture[str]
) -> None:
    front = Reporting(path)

    async def scenario() -> int | None:
        app = Crashing(front, SetClock())  # type: ignore[arg-type]  # of the front it needs the report alone

        async def press(pilot: Any) -> None:
            await pilot.press(key)
            await app._exception_event.wait()

        await app.run_async(headless=True, auto_pilot=press)
        return app.return_code

    assert asyncio.run(scenario()) == 1
    out = "".join(capsys.readouterr())
    assert CANARY not in out
    assert "Traceback" not in out
    assert "pk-tui made a mistake of its own and had to end (" in out
    assert "Nothing that was reported done is lost." in out
    assert ("one.txt" in out) == (path is not None)
    assert "\x1b[2J" not in out
    assert len(front.reported) == 1


def test_the_private_parts_of_textual_that_are_replaced_are_still_there() -> None:
    from textual.app import App

    for name in ("_handle_exception", "_close_messages_no_wait", "get_line_filters", "copy_to_clipboard"):
        assert callable(getattr(App, name))
    assert "_handle_exception" in vars(GuardedApp)


def test_nothing_is_copied_by_textuals_own_keys() -> None:
    async def scenario() -> None:
        app = Crashing(Reporting(), SetClock())  # type: ignore[arg-type]
        async with app.run_test() as pilot:
            app.query_one(Input).focus()
            await pilot.press("ctrl+shift+a", "ctrl+c", "ctrl+x")
            assert app.clipboard == ""

    asyncio.run(scenario())


@pytest.mark.parametrize("bad", ["\x1b", "\x9b", "\x07", "\x00", "\u202e", "\u200b", "\x7f"])
def test_no_character_that_steers_gets_past_the_last_look(bad: str) -> None:
    (found,) = NothingSteers().apply([Segment(f"a{bad}b")], Color(0, 0, 0))
    assert bad not in found.text
    assert found.text.startswith("a")
    assert found.text.endswith("b")


def test_what_is_harmless_passes_as_it_is() -> None:
    (found,) = NothingSteers().apply([Segment("abc äöü 漢字 ✓ [/x]")], Color(0, 0, 0))
    assert found.text == "abc äöü 漢字 ✓ [/x]"


def test_keys_clicks_and_pastes_count_as_touching_and_looking_does_not() -> None:
    async def scenario() -> None:
        async with closed_stage(Beginning.ATTACHED) as s:
            where = {"widget": None, "x": 40, "y": 12, "delta_x": 0, "delta_y": 0}
            keys = {"shift": False, "meta": False, "ctrl": False}
            s.clock.advance(10)
            await s.look()
            s.app.post_message(events.MouseMove(**where, button=0, **keys))
            s.app.post_message(events.AppBlur())
            s.app.post_message(events.AppFocus())
            await s.pilot.pause()
            assert s.app.clock.elapsed() - s.app.touched == 10
            for event in (events.MouseDown(**where, button=1, **keys), events.Paste("x")):
                s.clock.advance(10)
                s.app.post_message(event)
                await s.pilot.pause()
                assert s.app.clock.elapsed() == s.app.touched
            s.clock.advance(10)
            await s.press("x")
            assert s.app.clock.elapsed() == s.app.touched
            assert s.app.last_key == "x"

    asyncio.run(scenario())


def test_no_colour_means_no_grey_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = Crashing(Reporting(), SetClock())  # type: ignore[arg-type]
    assert app.no_color
    assert not any(isinstance(one, Monochrome) for one in app.get_line_filters())
    segments = [Segment("x", Style.parse("#ff0000 on red"))]
    for one in app.get_line_filters():
        segments = one.apply(segments, Color(0, 0, 0))
    (left,) = segments
    assert left.style is not None
    assert left.style.color is not None
    assert left.style.color.is_default
    assert left.style.bgcolor is not None
    assert left.style.bgcolor.is_default
