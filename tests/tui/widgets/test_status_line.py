from __future__ import annotations

import asyncio

from textual.content import Content
from tui.stage import stage

from pk_tui.api.views import Progress
from pk_tui.tui.glyphs import ASCII
from pk_tui.tui.messages import Busy, Said, Tone
from pk_tui.tui.transfers import Transfer
from pk_tui.tui.widgets.status_line import StatusLine, progress_line


def test_progress_is_by_bytes_where_they_are_known_and_else_by_objects() -> None:
    title = Content("Cloning infra")

    by_bytes = progress_line(Transfer(title, Progress("", 10, 1000, 50, 100)), ASCII).plain
    by_objects = progress_line(Transfer(title, Progress("", 750, 1000, 50, 0)), ASCII).plain

    assert "########........" in by_bytes
    assert "############...." in by_objects
    assert "750 of 1,000" in by_objects
    assert "50 B" in by_bytes


def test_progress_never_overflows_whatever_a_peer_claims() -> None:
    line = progress_line(Transfer(Content("x"), Progress("", 5, 1, 500, 1)), ASCII).plain

    assert line.count("#") == 16


def test_before_the_first_step_only_the_title_shows() -> None:
    assert progress_line(Transfer(Content("Cloning")), ASCII).plain == "Cloning   esc calls it off"


def test_an_error_stays_until_a_key_and_work_shows_only_if_it_takes_time() -> None:
    async def scenario() -> None:
        async with stage() as s:
            line = s.screen.query_one(StatusLine)
            s.screen.post_message(Said(Content("It went wrong."), Tone.FAILED))
            await s.see("It went wrong.")
            assert line.has_class("-failed")
            await s.press("2")
            await s.see_no("It went wrong.")
            token = object()
            s.screen.post_message(Busy(token, Content("Thinking")))
            await s.pilot.pause()
            assert "Thinking" not in s.screen_text()
            await s.see("Thinking…")
            s.screen.post_message(Busy(token, None))
            await s.see_no("Thinking")

    asyncio.run(scenario())


def test_a_newer_word_takes_the_place_of_an_older_one() -> None:
    async def scenario() -> None:
        async with stage() as s:
            s.screen.post_message(Said(Content("first"), Tone.FAILED))
            s.screen.post_message(Said(Content("second")))
            await s.see("second")
            assert "first" not in s.screen_text()
            assert not s.screen.query_one(StatusLine).has_class("-failed")

    asyncio.run(scenario())
