from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from textual.content import Content
from tui.stage import Stage, stage

from pk_tui.api.views import Progress
from pk_tui.errors import Conflict
from pk_tui.tui.transfers import State, Transfers

Step = Callable[[Progress], None]


def transfers(s: Stage) -> Transfers:
    assert s.app.session is not None
    return s.app.session.transfers


def test_a_transfer_shows_its_progress_and_ends_with_its_sentence() -> None:
    async def scenario() -> None:
        async with stage() as s:
            go_on = asyncio.Event()

            async def work(step: Step) -> Content:
                step(Progress("Receiving", 3, 12, 100, 400))
                await go_on.wait()
                return Content("Cloned infra.")

            transfer = transfers(s).start(Content("Cloning infra"), work)
            await s.see("Cloning infra", "3 of 12", "esc calls it off")
            go_on.set()
            await s.see("Cloned infra.")
            assert (await transfers(s).wait(transfer)).state is State.DONE

    asyncio.run(scenario())


def test_escape_calls_off_the_newest_and_says_that_nothing_changed() -> None:
    async def scenario() -> None:
        async with stage() as s:
            ended = []

            async def work(step: Step) -> Content:
                try:
                    await asyncio.Event().wait()
                finally:
                    ended.append(True)
                return Content("never")

            transfer = transfers(s).start(Content("Cloning infra"), work)
            await s.see("Cloning infra")
            await s.press("escape")
            await s.see("Called off; nothing was changed.")
            assert ended
            assert transfer.state is State.CANCELLED
            assert transfers(s).running == []
            await transfers(s).wait(transfer)

    asyncio.run(scenario())


def test_a_failure_is_kept_with_its_error_and_shown_harmlessly() -> None:
    async def scenario() -> None:
        async with stage() as s:

            async def work(step: Step) -> Content:
                raise Conflict("The vault “[/x]\x1b]0;t\x07” went another way.")

            transfer = transfers(s).start(Content("Pulling"), work)
            await s.see("went another way")
            assert transfer.state is State.FAILED
            assert isinstance(transfer.error, Conflict)

    asyncio.run(scenario())


def test_it_goes_on_behind_a_locked_screen() -> None:
    async def scenario() -> None:
        async with stage() as s:
            go_on = asyncio.Event()

            async def work(step: Step) -> Content:
                await go_on.wait()
                return Content("done")

            transfer = transfers(s).start(Content("Cloning infra"), work)
            await s.press("ctrl+l")
            await s.see_no("Cloning infra")
            go_on.set()
            await s.until(lambda: transfer.state is State.DONE, "the transfer")

    asyncio.run(scenario())


def test_progress_told_by_a_thread_is_shown_by_the_loop_and_none_of_it_after_the_end() -> None:
    async def scenario() -> None:
        async with stage() as s:
            go_on, kept, seen = asyncio.Event(), [], []
            transfers(s).changed.subscribe(s.screen, lambda _: seen.append(threading.get_ident()), immediate=True)

            async def work(step: Step) -> Content:
                kept.append(step)
                await asyncio.to_thread(step, Progress("Backing up", bytes=300, bytes_total=600))
                await go_on.wait()
                return Content("Backed up.")

            transfer = transfers(s).start(Content("Backing up"), work)
            await s.see("Backing up", "300 B")
            go_on.set()
            await s.see("Backed up.")
            await asyncio.to_thread(kept[0], Progress("Backing up", bytes=600, bytes_total=600))
            await s.pilot.pause()
            assert transfer.progress == Progress("Backing up", bytes=300, bytes_total=600)
            assert set(seen) == {threading.get_ident()}

    asyncio.run(scenario())
