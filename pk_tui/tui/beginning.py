"""What makes the first picture come soon: the styles that it needs are read at once, no screen but it is loaded."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

from textual.screen import Screen

from pk_tui.api.front import Beginning

_HERE = Path(__file__).resolve().parent
_STYLES = {
    Beginning.NO_NODE: ("screens/first_run.tcss",),
    Beginning.LOCKED: ("screens/lock.tcss",),
    Beginning.ATTACHED: ("screens/workspace.tcss", "panes/vaults.tcss"),
}
_kept: list[int] = []


def first_styles(beginning: Beginning) -> list[Path]:
    """Of the screen that comes first, to be read with the app's own: for those that come later Textual reads all again."""
    return [_HERE / style for style in _STYLES[beginning]]


def first_run(in_playground: bool) -> Screen[Any]:
    from pk_tui.tui.screens.first_run import FirstRunScreen

    return FirstRunScreen(in_playground)


def lock(says: str) -> Screen[Any]:
    from pk_tui.tui.screens.lock import LockScreen

    return LockScreen(says=says)


def keep_what_is_loaded() -> None:
    """What was loaded by now stays for good; only the first call does anything. Looking through it again and again held up keys
    for 150 ms at a time."""
    if not _kept:
        gc.freeze()
        _kept.append(gc.get_freeze_count())
