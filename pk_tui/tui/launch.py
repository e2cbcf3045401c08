"""From a terminal to the running app and back: signals, the way out, and what is said after the screen is gone."""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import dataclass

from pk_tui.api.front import Front
from pk_tui.clock import SystemClock
from pk_tui.errors import PkError
from pk_tui.tui.app import ENDED_IN_BACKGROUND, PkApp
from pk_tui.tui.settings import Settings

_ENDS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)


@dataclass(frozen=True, slots=True)
class UiOptions:
    playground: bool = False
    """Open the playground at once."""


async def run_ui(front: Front, options: UiOptions) -> int:
    """The UI from its first picture to its end; the exit code. Raises PkError if it cannot even begin."""
    situation = await front.look()
    settings = Settings.read(front.load_settings())
    app = PkApp(front, situation, settings, SystemClock(), playground=options.playground)
    loop = asyncio.get_running_loop()
    for number in _ENDS:  # else the alternate screen stays up, with whatever is on it
        loop.add_signal_handler(number, app.end_by_signal, number)
    try:
        ending = await app.run_async()
    finally:
        for number in _ENDS:
            loop.remove_signal_handler(number)
        await app.clean_up()
    try:
        if ending == ENDED_IN_BACKGROUND:
            pid = await front.leave_running()
            sys.stdout.write(
                f"The node goes on in the background (process {pid}). `pk-tui` opens it again; `pk-tui agent stop` ends it.\n"
            )
            return 0
    except PkError as error:
        sys.stderr.write(error.message + "\n")
        return error.exit_code
    finally:
        await front.close()
    return ending if ending is not None else app.return_code or 0
