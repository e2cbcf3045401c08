"""Long work with a progress: clones, pulls, imports, exports, care. It belongs to the app, so it goes on behind a locked
screen and across panes; the status line shows the newest, and anybody may call one off."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from textual.app import App
from textual.content import Content
from textual.signal import Signal
from textual.worker import Worker, WorkerCancelled

from pk_tui.api.views import Progress
from pk_tui.errors import PkError
from pk_tui.tui.remedies import reason
from pk_tui.tui.text import shown

KEPT = 20
"""Ended transfers kept to be shown."""


class State(Enum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(eq=False, slots=True)
class Transfer:
    """`title` says what is done, `says` (once it ended) what came of it; both are safe to show."""

    title: Content
    progress: Progress | None = None
    state: State = State.RUNNING
    says: Content | None = None
    error: PkError | None = None
    worker: Worker[None] | None = None


Work = Callable[[Callable[[Progress], None]], Awaitable[Content]]


class Transfers:
    def __init__(self, app: App[int]) -> None:
        self._app = app
        self.all: list[Transfer] = []
        self.changed: Signal[Transfer] = Signal(app, "transfers")
        """Of every step of every transfer; whoever shows it draws at its own pace."""

    @property
    def running(self) -> list[Transfer]:
        return [one for one in self.all if one.state is State.RUNNING]

    def start(self, title: Content, work: Work) -> Transfer:
        """Begin `work`, which is given a callback for its progress (from any thread) and returns the sentence that says what
        came of it."""
        transfer = Transfer(title)
        self.all = [*self.running, *[one for one in self.all if one.state is not State.RUNNING][-KEPT:], transfer]
        transfer.worker = self._app.run_worker(
            self._see_through(transfer, work), name="transfer", group="transfers", description="transfer",
            exit_on_error=True,
        )  # fmt: skip
        self.changed.publish(transfer)
        return transfer

    def cancel(self, transfer: Transfer | None = None) -> Transfer | None:
        """Call off a transfer, or the newest. Nothing half-done stays: the agent sees to that."""
        running = self.running
        chosen = transfer or (running[-1] if running else None)
        if chosen is not None and chosen.worker is not None and chosen.state is State.RUNNING:
            chosen.worker.cancel()
        return chosen

    async def wait(self, transfer: Transfer) -> Transfer:
        """Until it ended, in whatever way."""
        if transfer.worker is not None and transfer.state is State.RUNNING:
            with suppress(WorkerCancelled):  # shielded: whoever waits may go away, the transfer goes on
                await asyncio.shield(transfer.worker.wait())
        return transfer

    async def _see_through(self, transfer: Transfer, work: Work) -> None:
        loop, home = asyncio.get_running_loop(), threading.get_ident()

        def step(progress: Progress) -> None:
            if transfer.state is State.RUNNING:
                transfer.progress = progress
                self.changed.publish(transfer)

        def told(progress: Progress) -> None:
            """Some work is done in a thread, which is not to touch a screen."""
            if threading.get_ident() == home:
                step(progress)
            else:
                with suppress(RuntimeError):  # the app has ended meanwhile
                    loop.call_soon_threadsafe(step, progress)

        try:
            transfer.says = await work(told)
            transfer.state = State.DONE
        except PkError as error:
            transfer.state, transfer.error, transfer.says = State.FAILED, error, shown(reason(error), 500)
        except BaseException:
            transfer.state, transfer.says = State.CANCELLED, Content("Called off; nothing was changed.")
            raise
        finally:
            self.changed.publish(transfer)
