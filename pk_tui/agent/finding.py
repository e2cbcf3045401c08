"""Find a secret by a few letters of its path, title, tags or user name, in all vaults; on demand by what is in its value.

Names are read once, when first asked for, and then follow the vaults (`vault_names`): behind urgent work, in small steps, by one
task that goes on when a search is called off, and ends with the unlocked span; what it read goes with the span too. A search
itself passes waiting slow work in slices, so that it keeps up with somebody typing.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from pk_tui.agent.directory import find_vault
from pk_tui.agent.in_values import in_values
from pk_tui.agent.vault_names import Part, VaultNames
from pk_tui.api.views import FoundView
from pk_tui.errors import Misuse, NotFound, PkError
from pk_tui.fuzzy import LOOKED_AT_CLOSELY, Match, Shelf, search
from pk_tui.store.vault import VaultFrames
from pk_tui.terms import SecretPath, VaultId

if TYPE_CHECKING:
    from pk_tui.agent.core import Core

T = TypeVar("T")

SLICE = 0.008
"""Seconds of searching in one go at the desk."""
STEPS_AT_ONCE = 32
"""The same for a clock that stands still."""
LIMIT = 1000
"""Hits of one search at most."""
WAIT = 1.0
"""Seconds until it is looked again whether the node is still open."""
MAX_TERM = 1024
"""Characters of a term."""


class Finding:
    """What can be found in an unlocked node. Lives in its `Core`."""

    def __init__(self) -> None:
        self._vaults: dict[VaultId, VaultNames] = {}
        self._reading = False
        self._progress: asyncio.Future[PkError | None] | None = None
        """Done when the next vault is read, or cannot be."""

    def __len__(self) -> int:
        """Names of secrets and directories that are known."""
        return sum(len(names) for names in self._vaults.values())

    async def find(
        self,
        core: Core,
        term: str,
        vault: str | None = None,
        values: bool = False,
        limit: int = 50,
        directories: bool = False,
        hurry: bool = False,
    ) -> Sequence[FoundView]:
        """See `api.facade.Secrets.find`."""
        if len(term) > MAX_TERM:
            raise Misuse(f"What is searched for has at most {MAX_TERM} characters.")
        if limit < 1:
            raise Misuse("The number of hits is at least 1.")
        limit = min(limit, LIMIT)
        only = None if vault is None else await core.desk.do(lambda: find_vault(core.store, vault).vault_id)
        await self._bring_up(core, only, hurry)
        found = await _promptly(core, self._search(core, term, only, limit, directories))
        if values and term:
            within = await core.desk.steps(in_values(_vaults(core, only), term, limit))
            found = sorted([*within, *found], key=_order)
        return found[:limit]

    # Reading names

    async def _bring_up(self, core: Core, only: VaultId | None, hurry: bool) -> None:
        """Wait until the names of every vault (or of that one) are those of its newest version; unless in a hurry, their items
        too."""
        while await core.desk.do(lambda: self._is_behind(core, only, hurry)):
            progress = self._progress
            if progress is None:
                progress = self._progress = asyncio.get_running_loop().create_future()
            if not self._reading:
                self._reading = True
                core.spawn(self._read(core), "read names")
            await asyncio.wait([progress], timeout=WAIT)  # which does not call it off for the others who wait
            if progress.done() and (error := progress.result()) is not None:
                raise error

    def _is_behind(self, core: Core, only: VaultId | None, hurry: bool) -> bool:
        there = core.store.vaults.list()
        for gone in self._vaults.keys() - {frames.vault_id for frames in there}:
            del self._vaults[gone]
        return any(
            self._is_stale(frames) or (not hurry and not self._of(frames).complete) for frames in _vaults(core, only)
        )

    def _of(self, frames: VaultFrames) -> VaultNames:
        return self._vaults.setdefault(frames.vault_id, VaultNames())

    def _is_stale(self, frames: VaultFrames) -> bool:
        return self._of(frames).commit != frames.record.commit

    async def _read(self, core: Core) -> None:
        """Until nothing is left to be read. Paths come first, for they are few."""
        error: PkError | None = PkError("The names in the vaults could not be read.")
        try:
            while await core.desk.steps(self._read_some(core)):
                self._tell(None)
            error = None
        except PkError as failed:
            error = failed
        except asyncio.CancelledError:  # the node is locked, which who waits is told when looking again
            error = None
            raise
        finally:
            self._reading = False
            self._tell(error)

    def _read_some(self, core: Core) -> Generator[None, None, bool]:
        """One vault's paths or items; False if everything is read."""
        there = core.store.vaults.list()
        for frames in there:
            if self._is_stale(frames):
                yield from self._contained(frames, self._of(frames).follow(frames))
                return True
        for frames in there:
            if not self._of(frames).complete:
                yield from self._contained(frames, self._of(frames).read_items(frames))
                return True
        return False

    @staticmethod
    def _contained(frames: VaultFrames, work: Generator[None, None, None]) -> Generator[None, None, None]:
        """One vault that cannot be read, or is deleted meanwhile, hides no other."""
        try:
            yield from work
        except NotFound:
            return

    def _tell(self, error: PkError | None) -> None:
        progress, self._progress = self._progress, None
        if progress is not None and not progress.done():
            progress.set_result(error)

    # Searching names

    def _search(
        self, core: Core, term: str, only: VaultId | None, limit: int, directories: bool
    ) -> Generator[None, None, list[FoundView]]:
        of_shelf: dict[int, _Origin] = {}
        shelves: list[Shelf] = []
        for frames in _vaults(core, only):
            for part in self._of(frames).parts:
                for shelf, holds_labels in part.shelves(f"{frames.record.name}:", directories):
                    of_shelf[id(shelf)] = _Origin(frames, part, holds_labels)
                    shelves.append(shelf)
        matches = yield from search(term, shelves, max(limit, LOOKED_AT_CLOSELY))
        best: dict[tuple[VaultId, tuple[str, ...], bool], FoundView] = {}
        by_path: list[int] = []
        others: list[Match] = []
        for match in matches:
            if of_shelf[id(match.shelf)].holds_labels:
                others.append(match)
            else:
                for view in of_shelf[id(match.shelf)].views(match):
                    best[_key(view)] = view
                    by_path.append(-view.score)
        yield
        for match in others:
            better = bisect_right(by_path, -match.score) + len(best) - len(by_path)
            if better >= limit:  # what comes now is not among the best, or no better than the last of them
                break
            for view in islice(of_shelf[id(match.shelf)].views(match), limit):
                known = best.get(_key(view))
                if known is None or _order(view) < _order(known):
                    best[_key(view)] = view
            yield
        return sorted(best.values(), key=_order)[:limit]


def _vaults(core: Core, only: VaultId | None) -> list[VaultFrames]:
    return [frames for frames in core.store.vaults.list() if only in (None, frames.vault_id)]


def _key(view: FoundView) -> tuple[VaultId, tuple[str, ...], bool]:
    return view.vault_id, view.path.parts, view.is_directory


def _order(view: FoundView) -> tuple[int, bool, int, str, str]:
    """Best first; of two alike the one found by its path, the shorter one."""
    path = str(view.path)
    return -view.score, view.what != "path", len(path), path, view.vault_name


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where the names of a shelf are from."""

    frames: VaultFrames
    part: Part
    holds_labels: bool

    def views(self, match: Match) -> Iterator[FoundView]:
        """The secret that was found; of a label all it belongs to."""
        if self.holds_labels:
            what = self.part.label(match.index)
            return (self._view(match, number, what, match.text, ()) for number in self.part.owners(match.index))
        before = len(match.shelf.prefix)
        at = tuple(place - before for place in match.at if place >= before)
        return iter((self._view(match, match.index, "path", "", at),))

    def _view(self, match: Match, number: int, what: str, label: str, at: tuple[int, ...]) -> FoundView:
        vault = self.frames.record
        path = self.part.names[number]
        return FoundView(
            vault_id=VaultId(vault.vault_id),
            vault_name=vault.name,
            path=SecretPath(tuple(path.rstrip("/").split("/"))),
            score=match.score,
            what=what,
            title=self.part.title(number),
            at=at,
            label=label,
            is_directory=path.endswith("/"),
        )


async def _promptly(core: Core, work: Generator[None, None, T]) -> T:
    """Run steps at the desk before everything that is not urgent, a slice at a time."""
    done: list[T] = []

    def some() -> bool:
        end = core.clock.elapsed() + SLICE
        try:
            for _ in range(STEPS_AT_ONCE):
                next(work)
                if core.clock.elapsed() >= end:
                    break
        except StopIteration as stop:
            done.append(stop.value)
        return not done

    while await core.desk.do(some):
        pass
    return done[0]
