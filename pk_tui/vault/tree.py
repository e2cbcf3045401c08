"""The secrets of a vault as a tree: finding, listing, and many edits in one pass.

An edit takes apart only the directories on its way: their raw entries are spliced, the facts follow from the old ones, and
each new directory goes to the sink together with the delta that makes it from the directory it replaces. Committing the new
root is `history`'s work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pk_tui.errors import AlreadyExists, Misuse, NotFound
from pk_tui.safe_text import safe_text
from pk_tui.terms import SecretPath
from pk_tui.vault import entries
from pk_tui.vault.delta import make_delta
from pk_tui.vault.facts import (
    NOTHING,
    Share,
    child_digests_of,
    directory_facts,
    directory_fault,
    remember_digests,
    share_of,
    total,
)
from pk_tui.vault.objects import Facts, Kind, ObjectSink, ObjectSource, Oid, git_name
from pk_tui.vault.splice import Splice, place, spliced, sums


@dataclass(frozen=True, slots=True)
class Put:
    """Let the path name this object: a secret, or a directory with all it holds. It is in the sink already.

    Directories above are made as needed. A secret replaces a secret; anything else in its place is refused.
    """

    oid: Oid


@dataclass(frozen=True, slots=True)
class Remove:
    """Take the secret or directory away. A directory that this empties goes too."""


@dataclass(frozen=True, slots=True)
class MakeDirectory:
    """An empty directory, with those above it. One that is there already stays as it is."""


Edit = tuple[SecretPath, Put | Remove | MakeDirectory]


class Listed(NamedTuple):
    """One row of a listing. `path` is the whole path in the vault; `size` in bytes, for a directory that of all below it.

    A tuple and no dataclass: made 10,000 at a time, it costs a third.
    """

    path: str
    is_directory: bool
    size: int
    oid: Oid


def empty_tree(sink: ObjectSink) -> Oid:
    """The tree of a vault without secrets; added if it is not there."""
    oid = git_name(Kind.TREE, b"")
    sink.add(oid, directory_facts(b"", NOTHING, b""), b"")
    return oid


def find(source: ObjectSource, root: Oid, parts: Sequence[str]) -> tuple[Oid, Facts] | None:
    """What lies at this path below the tree `root`, or None. Without parts the root itself."""
    oid, facts = root, source.facts(root)
    for part in parts:
        if facts.kind is not Kind.TREE:
            return None
        found = entries.lookup(source.body(oid), part.encode())
        if found is None:
            return None
        oid = found[1]
        facts = source.facts(oid)
    return oid, facts


def listing(source: ObjectSource, root: Oid, parts: Sequence[str], recursive: bool) -> Iterator[Listed]:
    """What the directory at `parts` holds, in git's order; with `recursive` each directory is followed by what it holds.

    Raises NotFound if there is no directory at this path.
    """
    found = find(source, root, parts)
    if found is None or found[1].kind is not Kind.TREE:
        raise NotFound(f"There is no directory “{safe_text('/'.join(parts))}”.")
    return _rows(source, found[0], "".join(part + "/" for part in parts), recursive)


def _rows(source: ObjectSource, directory: Oid, prefix: str, recursive: bool) -> Iterator[Listed]:
    facts_of = source.facts
    for mode, name, oid in entries.fields(source.body(directory)):
        facts = facts_of(oid)
        path = prefix + name.decode()
        if mode == entries.FILE or facts.kind is not Kind.TREE:
            yield Listed(path, False, facts.size, oid)
        else:
            yield Listed(path, True, facts.size, oid)
            if recursive:
                yield from _rows(source, oid, path + "/", True)


def transplant(source: ObjectSource, sink: ObjectSink, oid: Oid) -> None:
    """Copy a secret or directory with all it holds from one vault into another. What is there already is not read."""
    facts = source.facts(oid)
    if oid in sink and sink.facts(oid).digest == facts.digest:
        return
    body = source.body(oid)
    if facts.kind is not Kind.BLOB:
        for child in map(entries.oid_of, entries.split(body)):
            transplant(source, sink, child)
    sink.add(oid, facts, body)


def edit(sink: ObjectSink, root: Oid, edits: Sequence[Edit]) -> Oid:
    """Do the edits one after the other on the tree `root` and add the trees that result. Returns the new root.

    Raises NotFound, AlreadyExists or Misuse if what is at a path does not fit the edit, and Misuse if a limit would be
    broken; the sink is then to be discarded.
    """
    work = _Edits(sink, root)
    for path, action in edits:
        if isinstance(action, Put):
            work.put(path, (action.oid, sink.facts(action.oid)))
        elif isinstance(action, Remove):
            work.remove(path)
        else:
            work.make_directory(path)
    return work.write()


Leaf = tuple[Oid, Facts]


class _Directory:
    """A directory being edited: the entries of the tree it was (none if it is new) and what changed by name.

    A change is a leaf (an object that is in the sink), an opened directory, or None for removed.
    """

    __slots__ = ("base", "changes", "entries", "held", "size")

    def __init__(self, base: Oid | None, raw: bytes) -> None:
        self.base = base
        self.size = len(raw)
        self.entries = entries.split(raw)
        self.changes: dict[bytes, Leaf | _Directory | None] = {}
        self.held = len(self.entries)

    def old_index(self, name: bytes) -> int | None:
        if self.entries:
            for order in (name, name + b"/"):
                index, there = place(self.entries, order)
                if there:
                    return index
        return None

    def set(self, name: bytes, child: Leaf | _Directory | None, was_there: bool) -> None:
        self.changes[name] = child
        self.held += (child is not None) - was_there


class _Edits:
    """All edits of one pass, held in memory until `write`."""

    def __init__(self, sink: ObjectSink, root: Oid) -> None:
        self._sink = sink
        self._root = self._open(root)
        self._opened: dict[tuple[str, ...], _Directory] = {(): self._root}

    def _open(self, oid: Oid) -> _Directory:
        return _Directory(oid, self._sink.body(oid))

    def _child(self, directory: _Directory, name: bytes) -> Leaf | _Directory | None:
        if name in directory.changes:
            return directory.changes[name]
        index = directory.old_index(name)
        if index is None:
            return None
        oid = entries.oid_of(directory.entries[index])
        return oid, self._sink.facts(oid)

    def _directory(self, parts: tuple[str, ...], make: bool) -> _Directory | None:
        """The directory at `parts`, opened. If it is not there: made, or None. Raises Misuse if a secret is in the way."""
        known = self._opened.get(parts)
        if known is not None:
            return known
        above = self._directory(parts[:-1], make)
        if above is None:
            return None
        name = parts[-1].encode()
        child = self._child(above, name)
        if isinstance(child, tuple):
            if child[1].kind is not Kind.TREE:
                raise Misuse(f"“{safe_text('/'.join(parts))}” is a secret, so nothing can lie below it.")
            here = self._open(child[0])
        elif child is not None:
            here = child
        elif make:
            here = _Directory(None, b"")
        else:
            return None
        above.set(name, here, child is not None)
        self._opened[parts] = here
        return here

    def _made(self, parts: tuple[str, ...]) -> _Directory:
        directory = self._directory(parts, make=True)
        assert directory is not None
        return directory

    def put(self, path: SecretPath, leaf: Leaf) -> None:
        directory = self._made(path.parent)
        name = path.name.encode()
        there = self._child(directory, name)
        if there is not None:
            if not isinstance(there, tuple) or there[1].kind is Kind.TREE:
                raise AlreadyExists(
                    f"“{safe_text(str(path))}” is already there and is a directory. Remove it first, or choose another name."
                )
            if leaf[1].kind is Kind.TREE:
                raise AlreadyExists(
                    f"“{safe_text(str(path))}” is already there and is a secret. Remove it first, or choose another name."
                )
        directory.set(name, leaf, there is not None)

    def make_directory(self, path: SecretPath) -> None:
        directory = self._made(path.parent)
        there = self._child(directory, path.name.encode())
        if isinstance(there, tuple) and there[1].kind is not Kind.TREE:
            raise AlreadyExists(f"“{safe_text(str(path))}” is already there and is a secret.")
        self._made(path.parts)

    def remove(self, path: SecretPath) -> None:
        parts = path.parts
        directory = self._directory(parts[:-1], make=False)
        there = self._child(directory, path.name.encode()) if directory else None
        if directory is None or there is None:
            raise NotFound(f"There is no secret or directory “{safe_text(str(path))}”.")
        directory.set(parts[-1].encode(), None, True)
        emptied = isinstance(there, _Directory)
        while directory.held == 0 and len(parts) > 1:
            parts = parts[:-1]
            directory = self._opened[parts[:-1]]
            directory.set(parts[-1].encode(), None, True)
            emptied = True
        if emptied:  # paths below it may be among the opened ones
            self._opened = {(): self._root}

    def write(self) -> Oid:
        return self._write(self._root)[0]

    def _write(self, directory: _Directory) -> Leaf:
        """Add the directory as it now is, those below it first."""
        facts_of = self._sink.facts
        old = facts_of(directory.base) if directory.base else None
        splices: list[Splice] = []
        gone: list[Share] = []
        come: list[Share] = []
        for name, child in directory.changes.items():
            leaf = self._write(child) if isinstance(child, _Directory) else child
            index = directory.old_index(name)
            if index is not None:
                before = directory.entries[index]
                if leaf is not None and entries.oid_of(before) == leaf[0]:
                    continue
                gone.append(share_of(len(name), facts_of(entries.oid_of(before))))
                splices.append(Splice(index, True))
            if leaf is not None:
                oid, facts = leaf
                entry = entries.make(name, oid, directory=facts.kind is not Kind.BLOB)
                come.append(share_of(len(name), facts))
                order = entries.order_of(entry)
                splices.append(Splice(place(directory.entries, order)[0], False, order, entry, facts.digest))
        if directory.base and old and not splices:
            return directory.base, old
        splices.sort()
        return self._add(directory, old, splices, gone, come)

    def _add(
        self, directory: _Directory, old: Facts | None, splices: list[Splice], gone: list[Share], come: list[Share]
    ) -> Leaf:
        sink = self._sink
        digests = child_digests_of(old, directory.entries, sink.facts) if old else b""
        now, child_digests, told = spliced(directory.entries, digests, splices)
        raw = b"".join(now)
        share = sums(old, gone, come, now, sink.facts) if old else total(come)
        fault = directory_fault(len(raw), share)
        if fault:
            raise Misuse(f"The vault would become too large: {fault}. Nothing was written.")
        oid, facts = git_name(Kind.TREE, raw), directory_facts(raw, share, child_digests)
        inserted = sum(len(piece) for piece in told if isinstance(piece, bytes))
        if directory.base and inserted * 2 < len(raw):
            sink.add(oid, facts, raw, directory.base, make_delta(directory.size, told))
        else:
            sink.add(oid, facts, raw)
        remember_digests(facts, child_digests)
        return oid, facts
