"""Care of the vaults' frames: tidying when asked, and by itself when the node has nothing else to do.

How frames are rewritten is `store.rewriting`'s; here it is decided which vaults, when, and what of them has to stay. One vault
at a time, in small steps behind all other work; locking stops it at once, and what was begun is finished after the next unlock.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from pk_tui.api.care import TidyView
from pk_tui.api.facade import OnProgress
from pk_tui.api.views import Progress
from pk_tui.errors import Corrupt, NotFound, PkError
from pk_tui.store.node import NodeStore
from pk_tui.store.rewriting import Steps, is_worthwhile, rewrite
from pk_tui.store.vault import VaultFrames
from pk_tui.terms import VaultId
from pk_tui.vault.objects import Oid

if TYPE_CHECKING:
    from pk_tui.agent.core import Core

log = logging.getLogger("pk_tui.care")

LOOK_EVERY = 5.0
"""Seconds between two looks whether the node is idle."""
IDLE = 30.0
"""Seconds without a change after which vaults are tidied that are worth it."""
GATHERING, RENEWING = "Tidying", "Sealing under new keys"


class Care:
    """One for each time the node is unlocked."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        """Held by whoever rewrites frames: one at a time."""
        self._given_up: set[VaultId] = set()
        """Vaults that could not be finished: they are damaged, and trying again and again would not help."""

    async def run(self, core: Core) -> None:
        """Finish what was broken off, then tidy whenever the node is idle, for as long as the keys are in memory."""
        await self._see_to(core, lambda frames: len(frames.epochs) > 1)
        version, quiet, seen = core.store.version, 0.0, -1
        while True:
            await asyncio.sleep(LOOK_EVERY)
            quiet += LOOK_EVERY
            if core.store.version != version:
                version, quiet = core.store.version, 0.0
            elif quiet >= IDLE and version != seen:
                await self._see_to(core, _is_due)
                version = seen = core.store.version

    async def _see_to(self, core: Core, is_due: Callable[[VaultFrames], bool]) -> None:
        """Rewrite those vaults of which this is true."""
        for frames in await core.desk.do(lambda: [one for one in core.store.vaults.list() if is_due(one)]):
            vault_id = await core.desk.do(lambda frames=frames: _id_of(frames))  # type: ignore[misc] # bound for the loop
            if vault_id is None or vault_id in self._given_up:
                continue
            try:
                async with self.turn:
                    await core.desk.steps(rewrite(frames, roots_of(core.store, frames)))
            except NotFound:  # deleted meanwhile
                continue
            except PkError as error:
                self._given_up.add(vault_id)
                log.warning("a vault could not be tidied: %s", error.kind)


def _id_of(frames: VaultFrames) -> VaultId | None:
    try:
        return frames.vault_id
    except NotFound:
        return None


def _is_due(frames: VaultFrames) -> bool:
    return len(frames.epochs) > 1 or is_worthwhile(*frames.frame_store.rows.measure())


def roots_of(store: NodeStore, frames: VaultFrames) -> Callable[[], set[Oid]]:
    """The versions that have to stay, with all they need, as they are when it is asked."""

    def roots() -> set[Oid]:
        record = frames.record
        waiting = store.conflicts.list(VaultId(record.vault_id))
        named = {commit for row in waiting for commit in (row.base, row.ours, row.theirs) if commit is not None}
        return {*record.roots, *(commit for commit in named if commit in frames)}

    return roots


def told(work: Steps, progress: OnProgress, doing: str) -> Steps:
    """The same work, and its progress told."""
    while True:
        try:
            step = next(work)
        except StopIteration as end:
            return int(end.value)
        if progress:
            progress(Progress(doing, bytes=step.done, bytes_total=step.total))
        yield step


async def tidy(core: Core, new_keys: bool, progress: OnProgress) -> TidyView:
    """Every vault, one after the other. One that is damaged keeps no other from it, and is named at the end: Corrupt."""
    before = await core.desk.do(lambda: core.store.size)
    found = await core.desk.do(core.store.vaults.list)
    done = objects = 0
    damaged: list[str] = []
    for frames in found:

        def work(frames: VaultFrames = frames) -> Generator[object, None, int]:
            rewriting = rewrite(frames, roots_of(core.store, frames), new_keys)
            yield from told(rewriting, progress, RENEWING if new_keys else GATHERING)
            return len(frames)

        try:
            async with core.care.turn:
                objects += await core.desk.steps(work())
            done += 1
        except NotFound:  # deleted meanwhile
            continue
        except Corrupt as error:
            damaged.append(error.message)
    if damaged:
        raise Corrupt(" ".join((*damaged, f"The other vaults are tidied: {done}.")))
    after = await core.desk.do(lambda: core.store.size)
    return TidyView(done, objects, before, after)
