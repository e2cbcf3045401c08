"""Whose turn it is on a screen: one verb at a time asks and changes things, from its key to its last sentence.

A verb that is begun has the turn. It gives it up while it only waits (for another node, for a transfer), and has to wait for it
again before it asks something more. So two verbs never lay their dialogs over one another, and a key that was pressed while a
dialog was being made can be kept for it. What is done with keys meanwhile is `typed_ahead`'s affair.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pk_tui.clock import Clock

KEPT_FOR = 2.0
"""Seconds from the beginning of a verb, or from the end of its last dialog, for which keys are kept for what it asks next. A verb
that takes longer only works: then one can move about, though not begin another."""


class Turn:
    """A verb's."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    def end(self) -> None:
        """The verb is done; harmless if it is not its turn."""
        self._turns._give_up(self)

    @asynccontextmanager
    async def given_up(self) -> AsyncIterator[None]:
        """For as long as the block takes other verbs may begin. Afterwards it is this one's turn again if no other has it."""
        self._turns._give_up(self)
        try:
            yield
        finally:
            if self._turns._whose is None:
                self._turns._take(self)

    async def comes(self) -> None:
        """Wait until it is this one's turn."""
        while self._turns._whose is not self:
            if self._turns._whose is None:
                self._turns._take(self)
            else:
                await self._turns._change()

    def goes_on(self) -> None:
        """It has asked, and now does or asks the next thing."""
        if self._turns._whose is self:
            self._turns._take(self)


class Turns:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._whose: Turn | None = None
        self._since = 0.0
        self._waiting: list[asyncio.Event] = []

    def begin(self) -> Turn | None:
        """A turn for a verb that begins now; None if it is another one's."""
        if self._whose is not None:
            return None
        turn = Turn(self)
        self._take(turn)
        return turn

    @property
    def keeps_keys(self) -> bool:
        """True while what is typed is meant for a dialog that is not there yet."""
        return self._whose is not None and self._clock.elapsed() - self._since < KEPT_FOR

    def _take(self, turn: Turn) -> None:
        self._whose, self._since = turn, self._clock.elapsed()

    def _give_up(self, turn: Turn) -> None:
        if self._whose is turn:
            self._whose = None
            for one in self._waiting:
                one.set()

    async def _change(self) -> None:
        """Until somebody gives it up."""
        changed = asyncio.Event()
        self._waiting.append(changed)
        try:
            await changed.wait()
        finally:
            self._waiting.remove(changed)
