"""The clipboard, on loan: what is copied is taken off again after a while, if it is still ours.

It belongs to the app, so a countdown goes on across panes and behind a locked screen. Which ways there are is decided in
`clipboard_routes`. A value is only ever written to a program's standard input or to the terminal; what is kept of it is a
keyed digest, to know it again.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import ceil

from textual.app import App
from textual.content import Content
from textual.signal import Signal
from textual.timer import Timer

from pk_tui.clock import Clock
from pk_tui.errors import Misuse, Unreachable
from pk_tui.plaintext import Plaintext
from pk_tui.tui.clipboard_routes import OVERWRITING, Command, Route, routes
from pk_tui.tui.plain_text import MAX_TEXT, text_fault
from pk_tui.tui.text import sentence

PATIENCE = 3.0
"""Seconds that a clipboard program may take."""
TICK = 1.0

CLEARED = "The clipboard was cleared."
NOT_OURS = "The clipboard holds something else by now, so it was left alone."
ASKED = "The terminal was asked to overwrite the clipboard. Not every terminal does: copy something else to be sure."
FAILED = "The clipboard could not be cleared. Copy something else over the value."


@dataclass(frozen=True, slots=True)
class Copied:
    """`what` is safe to show and never the value; `route`: how it got there; `until`: seconds on the clock, when it goes.

    `can_clear` is False where it can only be asked for, and nobody can look whether it was done.
    """

    what: str
    route: str
    until: float
    can_clear: bool


@dataclass(frozen=True, slots=True)
class _Loan:
    route: Route
    key: bytes
    digest: bytes

    def is_of(self, held: bytes) -> bool:
        return _digest(held, self.key) == self.digest


class Clipboard:
    def __init__(
        self, app: App[int], clock: Clock, environment: Mapping[str, str], platform: str = sys.platform
    ) -> None:
        self._app = app
        self._clock = clock
        # A value's way is no way for our own passwords: PK_* reaches no child.
        self._environment = {name: value for name, value in environment.items() if not name.startswith("PK_")}
        if platform == "darwin":  # pbcopy takes its input for MacRoman unless told otherwise
            self._environment.setdefault("LC_CTYPE", "UTF-8")
        self._platform = platform
        self.held: Copied | None = None
        """What is on loan now."""
        self.changed: Signal[Content | None] = Signal(app, "clipboard")
        """At every second of a countdown and at each end of it: then with a sentence that says what became of the value."""
        self._loan: _Loan | None = None
        self._one_at_a_time = asyncio.Lock()
        self._ticking: Timer | None = None
        self._hints: dict[str, bool] = {}

    @property
    def routes(self) -> tuple[Route, ...]:
        """The ways from here, best first."""
        path = self._environment.get("PATH", "")
        return routes(self._environment, lambda name: shutil.which(name, path=path), self._platform)

    @property
    def route(self) -> str:
        """The way that is tried first, in words."""
        ways = self.routes
        return ways[0].name if ways else "none found"

    async def copy(self, value: Plaintext, what: str, seconds: float) -> Copied:
        """Raises PkError if there is no way to a clipboard or the value is no text. An earlier countdown ends."""
        fault = text_fault(value.reveal())
        if not len(value):
            fault = "it is empty"
        if fault is not None:
            raise Misuse(f"It was not copied: {fault}. `pk-tui secrets cat` writes any value to a file or a program.")
        # Shielded: if the screen is locked in the middle, the value must not stay on the clipboard with nobody to know of it.
        return await asyncio.shield(self._lend(value, what, seconds))

    async def _lend(self, value: Plaintext, what: str, seconds: float) -> Copied:
        async with self._one_at_a_time:
            route = await self._put(value)
            if self._loan is not None and self._loan.route.name != route.name:
                await self._take_off(self._loan)
            key = os.urandom(32)  # of no use but here: a digest that only this process can compare
            self._loan = _Loan(route, key, _digest(value.reveal(), key))
            self.held = held = Copied(what, route.name, self._clock.elapsed() + seconds, route.certain)
        self._tick_on()
        self.changed.publish(None)
        return held

    async def clear_now(self) -> None:
        """Take our value off, if it is still there; nothing if there is none. Also after the app has ended."""
        async with self._one_at_a_time:
            await self._end()

    def line(self) -> Content | None:
        """What is on loan, and for how long, in words; None if nothing is."""
        if self.held is None:
            return None
        left = max(0, ceil(self.held.until - self._clock.elapsed()))
        ending = (
            f"Cleared in {left} s" if self.held.can_clear else f"Overwritten in {left} s, if the terminal does that"
        )
        return sentence(f"{ending}: $what, copied via $route.", what=self.held.what, route=self.held.route)

    # The countdown

    def _tick_on(self) -> None:
        if self._ticking is None:
            self._ticking = self._app.set_interval(TICK, self.look)
        self._ticking.resume()

    def look(self) -> None:
        """Is it time? Called every second; the work is not done here, where it would hold up the app's messages."""
        if self.held is None:
            if self._ticking is not None:
                self._ticking.pause()
        elif self._clock.elapsed() >= self.held.until:
            self._app.run_worker(self._time_is_up(), name="clipboard", group="clipboard", description="clipboard")
        else:
            self.changed.publish(None)

    async def _time_is_up(self) -> None:
        async with self._one_at_a_time:
            if self.held is not None and self._clock.elapsed() >= self.held.until:  # not if something was copied since
                await self._end()

    async def _end(self) -> None:
        loan, self._loan, self.held = self._loan, None, None
        if loan is not None:
            self.changed.publish(Content(await self._take_off(loan)))

    # To the clipboard and off it

    async def _put(self, value: Plaintext) -> Route:
        """Onto the clipboard by the first way that works."""
        for route in self.routes:
            if not route.copy:
                self._tell_terminal(value.reveal())
                return route
            hint = (route.history_hint,) if await self._knows(route) else ()
            code, _ = await self._run((*route.copy, *hint), value.reveal())
            if code == 0:
                return route
        raise Unreachable("It was not copied: no clipboard program took it. Reveal it, or use `pk-tui secrets cat`.")

    async def _take_off(self, loan: _Loan) -> str:
        """What became of the value, as a sentence."""
        route = loan.route
        if not route.copy:
            self._tell_terminal(OVERWRITING)
            self._tell_terminal(b"")
            return ASKED
        if route.paste:
            code, held = await self._run(route.paste, prints=True)
            if code is not None and (code != 0 or not loan.is_of(held)):
                return NOT_OURS  # a program that ran and failed found no text there
        for step in route.clear:
            code, _ = await self._run(step.command, step.reads)
            if code != 0:
                return FAILED
        return CLEARED

    async def _knows(self, route: Route) -> bool:
        """Does this version of the program know the option that keeps a value out of histories?"""
        program = route.copy[0]
        if route.history_hint and program not in self._hints:
            _, says = await self._run((program, "--help"), prints=True)
            self._hints[program] = route.history_hint.encode() in says
        return self._hints.get(program, False)

    async def _run(self, command: Command, reads: bytes = b"", *, prints: bool = False) -> tuple[int | None, bytes]:
        """A program's exit code (None: it did not start, or did not end in time) and the beginning of what it printed."""
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                # One that copies leaves a child behind that holds the clipboard, and would hold a pipe open with it.
                stdout=asyncio.subprocess.PIPE if prints else asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                env=self._environment,
                start_new_session=True,  # away from our terminal: it reads no keys, and an interrupt does not reach it
            )
        except OSError:
            return None, b""
        try:
            async with asyncio.timeout(PATIENCE):
                await _feed(process, reads)
                printed = await _beginning(process)
                return await process.wait(), printed
        except TimeoutError:
            return None, b""
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    def _tell_terminal(self, value: bytes) -> None:
        sequence = f"\x1b]52;c;{b64encode(value).decode()}\a"
        driver = self._app._driver
        try:
            if self._app.is_running and driver is not None:
                driver.write(sequence)
            elif sys.__stderr__ is not None and sys.__stderr__.isatty():  # the app has ended: where its driver wrote
                sys.__stderr__.write(sequence)
                sys.__stderr__.flush()
        except (OSError, ValueError):  # the terminal is gone, and what it held with it
            return


def _digest(value: bytes, key: bytes) -> bytes:
    from hashlib import blake2b  # when it is needed: it brings a large library along

    return blake2b(value, key=key, digest_size=32).digest()


async def _feed(process: asyncio.subprocess.Process, reads: bytes) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError, ConnectionResetError):  # it did not want to read: its exit code says how it went
        process.stdin.write(reads)
        await process.stdin.drain()
        process.stdin.close()
        await process.stdin.wait_closed()


async def _beginning(process: asyncio.subprocess.Process) -> bytes:
    """What it prints, if that is at most what we could have copied; one byte more tells that it is not ours."""
    held = bytearray()
    if process.stdout is not None:
        while len(held) <= MAX_TEXT and (piece := await process.stdout.read(64 * 1024)):
            held += piece
    if len(held) > MAX_TEXT:
        process.kill()
    return bytes(held[: MAX_TEXT + 1])
