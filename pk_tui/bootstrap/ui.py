"""From the command line to the terminal UI: is there a terminal, what must be quiet before textual is loaded, and the exit code.

The UI itself is in `tui`. Nothing of the agent is loaded here.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import sys
import threading
from collections.abc import Iterable
from typing import Any

from pk_tui.bootstrap.collecting import collect_seldom, loaded
from pk_tui.bootstrap.front import HolderFront
from pk_tui.control import client
from pk_tui.errors import PkError
from pk_tui.home import Home
from pk_tui.safe_text import safe_text

NO_TERMINAL = 2
"""Exit code: no usable terminal for the UI."""
LOADED_WITHIN = 1.0
"""Seconds from the start of the UI after which the collector looks for rings again, whatever was drawn by then."""
LOCK_HELD_AT_MOST = 0.0005
"""Seconds that one thread keeps the interpreter while another wants it."""
WISHES = frozenset({"TEXTUAL_ANIMATIONS", "TEXTUAL_COLOR_SYSTEM", "TEXTUAL_DISABLE_KITTY_KEY", "TEXTUAL_FPS"})
"""Of textual's variables those that only say how it looks. The others write keys and screens to files or over the network,
press keys, or name code to load."""
STALE = frozenset({"COLUMNS", "LINES"})
"""A size that some shells export: it would be taken for the window's, and stay so however that is resized."""


def open_ui(found: client.Options) -> int:
    """Show the UI until it ends; returns the exit code."""
    fault = _refusal(found)
    if fault is not None:
        client.say_fault(found, fault)
        return fault.code
    front = HolderFront(Home(client.node_path(found)))
    quieten(front)
    favour_the_screen()
    try:
        return asyncio.run(_show(front, in_playground=bool(found.rest)), debug=False)
    except KeyboardInterrupt:
        return client.INTERRUPTED
    except PkError as error:
        fault = client.Fault(error.kind, error.message, error.exit_code)
    except Exception as error:
        report = front.report(error)
        where = f"A report is in “{safe_text(str(report), 300)}”." if report else "No report could be kept."
        fault = client.Fault(
            "failed", f"The program failed ({type(error).__name__}): that is our mistake, not yours. {where}", 1
        )
    client.say_fault(found, fault)
    return fault.code


def favour_the_screen() -> None:
    """Keys before everything else. Every turn of the event loop gives up the interpreter's lock and then waits for it as long
    as the desk's thread may keep it, and one key takes some ten turns: with Python's 5 ms a clone would make it wait 50 ms."""
    sys.setswitchinterval(LOCK_HELD_AT_MOST)
    collect_seldom()


async def _show(front: HolderFront, in_playground: bool) -> int:
    from pk_tui.tui.launch import UiOptions, run_ui  # only now: textual reads its variables when it is loaded

    asyncio.get_running_loop().call_later(LOADED_WITHIN, loaded)
    async with front:
        return await run_ui(front, UiOptions(playground=in_playground))


def _refusal(found: client.Options) -> client.Fault | None:
    reason = why_no_screen(os.isatty(0), os.isatty(1), os.environ.get("TERM", ""))
    if reason is not None:
        sentence = (
            f"The terminal UI needs a terminal, and {reason}. For scripts there are commands: see `pk-tui --help`."
        )
        return client.Fault("no_terminal", sentence, NO_TERMINAL)
    if found.password_file:
        return client.Fault(
            "misuse", "The terminal UI asks for the password on its own screen: leave out --password-file.", 64
        )
    return None


def why_no_screen(input_is_terminal: bool, output_is_terminal: bool, term: str) -> str | None:
    """Why no UI can be shown here, as a clause; None if it can."""
    if not input_is_terminal:
        return "standard input is none"
    if not output_is_terminal:
        return "standard output is none"
    if term in ("", "dumb", "unknown"):
        return (
            f"TERM={safe_text(term, 20)} names one that shows only lines" if term else "TERM does not say which it is"
        )
    return None


def unwanted(names: Iterable[str]) -> list[str]:
    return [name for name in names if name in STALE or (name.startswith("TEXTUAL") and name not in WISHES)]


def quieten(front: HolderFront) -> None:
    """For this whole process: nothing is logged, dumped or printed behind the screen, where it would show or outlast values."""
    assert "textual" not in sys.modules, "textual has read its variables already"
    for name in unwanted(list(os.environ)):
        del os.environ[name]
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not os.isatty(2):
        os.dup2(1, 2)  # textual draws on standard error
    # Without a handler Python writes warnings, with whatever values they name, over the screen.
    logging.getLogger().addHandler(logging.NullHandler())
    logging.captureWarnings(True)

    def unraisable(what: Any) -> None:
        if what.exc_value is not None:
            front.report(what.exc_value)

    def in_thread(what: threading.ExceptHookArgs) -> None:
        if what.exc_value is not None:
            front.report(what.exc_value)

    sys.unraisablehook = unraisable
    threading.excepthook = in_thread
