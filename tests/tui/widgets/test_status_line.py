from __future__ import annotations

import asyncio

import pytest
from simulator import World
from textual.content import Content
from tui.stage import stage, write

from pk_tui.api.views import Progress
from pk_tui.tui.glyphs import ASCII
from pk_tui.tui.messages import Busy, Said, Tone
from pk_tui.tui.transfers import Transfer
from pk_tui.tui.widgets.status_line import MOST_LINES, StatusLine, progress_line


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


LONG = "The history was rewritten, and what it was before stays readable; " * 4 + "press a key."


@pytest.mark.parametrize("size", [(80, 24), (60, 15)])
@pytest.mark.parametrize("tone", list(Tone))
def test_a_sentence_that_is_longer_than_the_line_is_read_whole_on_as_many_as_it_needs(
    size: tuple[int, int], tone: Tone
) -> None:
    async def scenario() -> None:
        async with stage(size, many_secrets) as s:
            await s.see("work")
            await s.press("right", "G")
            await s.see("s39")
            line = s.screen.query_one(StatusLine)
            s.screen.post_message(Said(Content(LONG), tone))
            await s.see("press a key.")
            shown = " ".join(s.screen_text().split())
            assert LONG in shown
            assert line.size.height == -(-len(LONG) // line.content_size.width)
            await s.see("s39")  # what the cursor is on stays in sight
            s.screen.post_message(Said(Content("Short again.")))
            await s.see("Short again.")
            assert line.size.height == 1
            await s.see("s39")

    asyncio.run(scenario())


def test_an_error_over_several_lines_goes_with_the_first_key_and_gives_them_back() -> None:
    async def scenario() -> None:
        async with stage((80, 24), many_secrets) as s:
            line = s.screen.query_one(StatusLine)
            s.screen.post_message(Said(Content(LONG), Tone.FAILED))
            await s.see("press a key.")
            await s.press("down")
            await s.see_no("press a key.")
            assert line.size.height == 1

    asyncio.run(scenario())


def test_it_never_takes_more_than_its_share_and_follows_the_window() -> None:
    async def scenario() -> None:
        async with stage((60, 15), many_secrets) as s:
            line = s.screen.query_one(StatusLine)
            s.screen.post_message(Said(Content("word " * 400), Tone.FAILED))
            await s.until(lambda: line.size.height == MOST_LINES, "the line growing")
            s.screen.post_message(Said(Content("word " * 20), Tone.FAILED))
            await s.until(lambda: line.size.height == 2, "the line shrinking")
            await s.pilot.resize_terminal(120, 40)
            await s.until(lambda: line.size.height == 1, "the line following the window")

    asyncio.run(scenario())


def test_work_and_progress_keep_to_one_line() -> None:
    async def scenario() -> None:
        async with stage((60, 15)) as s:
            line = s.screen.query_one(StatusLine)
            s.screen.post_message(Busy(object(), Content("Working " * 20)))
            await s.see("Working Working")
            assert line.size.height == 1

    asyncio.run(scenario())


async def many_secrets(w: World) -> None:
    await w.agents["alice"].vaults.create("work")
    for number in range(40):
        await write(w.agents["alice"], "work", f"s{number:02}", b"1")
