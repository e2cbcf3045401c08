"""Merging two trees that were made from a third: by whole secrets, never inside a value.

What one side changed is taken; what both changed alike is taken once; what both changed differently is a conflict, and there
ours stays. A directory where the other side has a secret is one too. Nothing of theirs is lost: the merge commit's second
parent holds it. Equal subtrees are not read, so it costs what differs. Committing, and what becomes of the conflicts, is
left to others.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from pk_tui.terms import SecretPath
from pk_tui.vault import entries, tree
from pk_tui.vault.diff import differing
from pk_tui.vault.objects import Kind, ObjectSink, ObjectSource, Oid


@dataclass(frozen=True, slots=True)
class Clash:
    """What lies at `path` was changed on both sides, in two ways. The three say on which of them something is there. If one
    side has a directory there, all it holds is meant."""

    path: SecretPath
    base: bool
    ours: bool
    theirs: bool


@dataclass(frozen=True, slots=True)
class Merged:
    """The merged tree, and the conflicts in the order of names."""

    tree: Oid
    clashes: tuple[Clash, ...]


def merge(sink: ObjectSink, base: Oid | None, ours: Oid, theirs: Oid) -> Generator[None, None, Merged]:
    """Bring into the tree `ours` what `theirs` changed since `base` (None: they have nothing in common), and add the trees that
    result. Stops after each directory that differs, and after each that is made.

    Raises Misuse if a limit would be broken; the sink is then to be discarded. Who is named ours decides nothing but which
    side stays where they clash.
    """
    if theirs in (ours, base):
        return Merged(ours, ())
    if ours == base:
        return Merged(theirs, ())
    work = _Merging(sink)
    yield from work.look_inside((), base, ours, theirs)
    clashes = tuple(sorted(work.clashes, key=lambda clash: clash.path))
    # What comes is put first, so that no directory is emptied on the way that is not empty in the end.
    return Merged((yield from tree.editing(sink, ours, [*work.come, *work.gone, *work.kept])), clashes)


class _Merging:
    """Compares the three trees and gathers what has to be done to ours."""

    def __init__(self, source: ObjectSource) -> None:
        self._source = source
        self.clashes: list[Clash] = []
        self.come: list[tree.Edit] = []
        self.gone: list[tree.Edit] = []
        self.kept: list[tree.Edit] = []
        """Directories that stay although they are empty."""

    def _is_directory(self, oid: Oid | None) -> bool:
        return oid is not None and self._source.facts(oid).kind is Kind.TREE

    def _look(
        self, at: tuple[str, ...], base: Oid | None, ours: Oid | None, theirs: Oid | None
    ) -> Generator[None, None, bool]:
        """Merge what lies at one path. True if something lies there afterwards."""
        if theirs in (ours, base):
            return ours is not None
        if ours == base:
            self._take(at, ours, theirs)
            return theirs is not None
        was, mine, other = self._is_directory(base), self._is_directory(ours), self._is_directory(theirs)
        if mine and other:
            return (yield from self.look_inside(at, base if was else None, ours, theirs))
        if was and ((mine and theirs is None) or (other and ours is None)):
            # One side removed the directory in which the other changed something: that concerns each secret by itself.
            return (yield from self.look_inside(at, base, ours, theirs))
        if theirs is None and (was or mine):  # gone on both sides; ours has put something of another kind there
            return True
        if ours is None and (was or other):
            self._take(at, None, theirs)
            return True
        self.clashes.append(Clash(SecretPath(at), base is not None, ours is not None, theirs is not None))
        return ours is not None

    def _take(self, at: tuple[str, ...], ours: Oid | None, theirs: Oid | None) -> None:
        path = SecretPath(at)
        if theirs is None:
            self.gone.append((path, tree.Remove()))
            return
        if self._is_directory(ours) or (ours is not None and self._is_directory(theirs)):
            self.come.append((path, tree.Remove()))
        self.come.append((path, tree.Put(theirs)))

    def look_inside(
        self, at: tuple[str, ...], base: Oid | None, ours: Oid | None, theirs: Oid | None
    ) -> Generator[None, None, bool]:
        """The same for a directory that both sides have, or one of them and the base."""
        yield
        mine, other = differing(self._source, ours, theirs)
        before = {} if base is None else self._entries(base)
        left = 0 if ours is None else self._count(ours) - len(mine)
        for name in sorted(mine.keys() | other.keys()):
            stays = yield from self._look((*at, name.decode()), before.get(name), mine.get(name), other.get(name))
            left += stays
        if left or not at:
            return True
        if ours is not None and theirs is not None and not (self._count(ours) and self._count(theirs)):
            self.kept.append((SecretPath(at), tree.MakeDirectory()))  # one side wants it to be there, empty
            return True
        if ours is not None and not self._count(ours):
            self.gone.append((SecretPath(at), tree.Remove()))
        return False

    def _entries(self, directory: Oid) -> dict[bytes, Oid]:
        return {name: oid for _, name, oid in entries.fields(self._source.body(directory))}

    def _count(self, directory: Oid) -> int:
        return len(entries.split(self._source.body(directory)))
