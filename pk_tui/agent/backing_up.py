"""Backup of a node at work into one file: taken at the desk in a moment, written and read again in a thread of its own.

How slow the target is (a stick, a network drive) then holds up nobody. What a backup is made of is `store.backup`'s.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from pk_tui.agent.core import Core, Gate
from pk_tui.api.care import BackupView
from pk_tui.api.facade import OnProgress
from pk_tui.api.views import Progress
from pk_tui.crypto.entropy import random_bytes
from pk_tui.errors import Cancelled, Corrupt, Locked, PkError
from pk_tui.store.backup import MAGIC, Backup, Source, begin_backup, write_backup
from pk_tui.store.newfile import NewFile, new_file

T = TypeVar("T")
GoOn = Callable[[], None]
"""Raises what the work is to end with, if it is to end."""


async def in_thread(work: Callable[[GoOn], T]) -> T:
    """Work that may wait for a disk, in a thread. If the caller is cancelled the work is told so at its next step, by Cancelled;
    only when it has tidied up does the cancellation go on."""
    stopped = threading.Event()

    def go_on() -> None:
        if stopped.is_set():
            raise Cancelled("This was called off. Nothing was left of it.")

    running = asyncio.get_running_loop().run_in_executor(None, work, go_on)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stopped.set()
        await asyncio.wait([running])
        if not running.cancelled():
            running.exception()  # it is `Cancelled`, or it was done already
        raise


async def back_up(gate: Gate, file: Path, progress: OnProgress = None) -> BackupView:
    """Everything of this node as it is now. Cancelled, locked or without room, nothing is left of the file."""
    core = gate.core()
    source = await core.desk.do(lambda: begin_backup(core.store, core.clock.now(), random_bytes(32)))

    def work(go_on: GoOn) -> int:
        def both() -> None:
            go_on()
            if not _is_open(gate, core):
                raise Locked("The node was locked while it was backed up. Nothing was left of the backup.")

        try:
            return _make(source, file, both, progress)
        finally:
            source.close()

    return BackupView(str(file), source.vaults, await in_thread(work))


def _is_open(gate: Gate, core: Core) -> bool:
    try:
        return gate.core() is core
    except PkError:
        return False


def _make(source: Source, file: Path, go_on: GoOn, progress: OnProgress) -> int:
    with new_file(file, MAGIC) as made:
        total = source.snapshot.size
        for written in write_backup(source, made.write):
            go_on()
            if progress:
                progress(Progress("Backing up", bytes=written, bytes_total=max(total, written)))
        _read_again(made, source, go_on, progress)
        go_on()
        made.finish()
        return made.bytes


def _read_again(made: NewFile, source: Source, go_on: GoOn, progress: OnProgress) -> None:
    """Raises Corrupt unless what is on disk is the whole backup."""
    descriptor = made.settle()
    backup = Backup(partial(os.read, descriptor))
    for read in backup.verify(source.key):
        go_on()
        if progress:
            progress(Progress("Verifying", bytes=read, bytes_total=made.bytes))
    if backup.bytes != made.bytes:
        raise Corrupt("What was written could not be read back. The disk may be failing; choose another one.")
