"""`-v`: log lines of the program, on the stderr of the command that asked for them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from pk_tui.control.invocation import Invocation
from pk_tui.safe_text import safe_text

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


class _Lines(logging.Handler):
    def __init__(self, invocation: Invocation, loop: asyncio.AbstractEventLoop, level: int) -> None:
        super().__init__(level)
        self._invocation = invocation
        self._loop = loop

    def emit(self, record: logging.LogRecord) -> None:
        text = safe_text(f"{record.levelname.lower()} {record.name}: {record.getMessage()}", 1000)
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._invocation.hint, text.encode() + b"\n")


@contextmanager
def logs_shown(invocation: Invocation) -> Iterator[None]:
    """Within the block the program's log lines also go to the command's stderr, as many as it asked for."""
    if not invocation.request.verbose:
        yield
        return
    logger = logging.getLogger("pk_tui")
    level = _LEVELS[min(invocation.request.verbose, len(_LEVELS) - 1)]
    handler = _Lines(invocation, asyncio.get_running_loop(), level)
    logger.addHandler(handler)
    _set_level(logger)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        _set_level(logger)


def _set_level(logger: logging.Logger) -> None:
    """As low as any of the commands at work wants it; several may."""
    logger.setLevel(min((one.level for one in logger.handlers if isinstance(one, _Lines)), default=logging.NOTSET))
