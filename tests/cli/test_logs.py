from __future__ import annotations

import asyncio
import logging

import pytest

from pk_tui.cli.logs import logs_shown

LOGGER = logging.getLogger("pk_tui.somewhere")


@pytest.mark.parametrize(("flags", "shown"), [([], []), (["-v"], ["info"]), (["-vv"], ["info", "debug"])])
def test_as_many_lines_as_were_asked_for(prepare, flags, shown):
    call = prepare("x", *flags)

    async def story() -> None:
        with logs_shown(call):
            await asyncio.to_thread(LOGGER.info, "a \x1b line")
            LOGGER.debug("more")
        await asyncio.sleep(0)

    asyncio.run(story())
    assert [line.split()[0] for line in call.errors.decode().splitlines()] == shown
    assert b"\x1b" not in call.errors
    assert logging.getLogger("pk_tui").level == logging.NOTSET
    assert logging.getLogger("pk_tui").handlers == []


def test_one_command_going_does_not_silence_another(prepare):
    first, second = prepare("x", "-v"), prepare("x", "-v")

    async def story() -> None:
        one, two = logs_shown(first), logs_shown(second)
        one.__enter__()
        two.__enter__()
        one.__exit__(None, None, None)
        LOGGER.info("still here")
        two.__exit__(None, None, None)
        await asyncio.sleep(0)

    asyncio.run(story())
    assert b"still here" in second.errors
    assert first.errors == b""
