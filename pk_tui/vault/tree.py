"""The secrets of a vault as a tree: finding, listing, and many edits in one pass.

An edit takes apart only the directories on its way: their raw entries are spliced, the facts follow from the old ones, and
each new directory goes to the sink together with the delta that makes it from the directory it replaces. Committing the new
root is `history`'s work.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
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
from pk_tui.vault.stepwise import finish


@dataclass(frozen=True, slots=True)
class Put:
    """Let the path name this object: a secret, or a directory with all it holds. It is in the sink already.

    Directories above are made as needed. A secret replaces a secret; anything else in its place is refused. `facts`: those of
    the object, from whoever has them at hand.
    """

    oid: Oid
    facts: Facts | None = None


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


Row = tuple[str, bool, int, Oid]
"""What a `Listed` holds, without its names."""
PORTION = 1000
_STOP_EVERY = 500
"""Edits between two places where the work can be interrupted."""


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
    return map(Listed._make, chain.from_iterable(listed_in_portions(source, root, parts, recursive)))


def listed_in_portions(source: ObjectSource, root: Oid, parts: Sequence[str], recursive: bool) -> Iterator[list[Row]]:
    """The same as bare tuples, at most PORTION at a time, for whoever makes something else of a great many of them."""
    found = find(source, root, parts)
    if found is None or found[1].kind is not Kind.TREE:
        raise NotFound(f"There is no directory “{safe_text('/'.join(parts))}”.")
    return _portions(source, found[0], "".join(part + "/" for part in parts), recursive)


def _portions(source: ObjectSource, directory: Oid, prefix: str, recursive: bool) -> Iterator[list[Row]]:
    fields = entries.fields(source.body(directory))
    for start in range(0, len(fields), PORTION):
        modes, names, oids = zip(*fields[start : start + PORTION], strict=True)
        sizes = source.sizes_of(oids)
        paths = [prefix + name for name in b"\0".join(names).decode().split("\0")]  # at once, in a third of the time
        if modes.count(entries.FILE) == len(modes):
            yield list(zip(paths, repeat(False), sizes, oids))
            continue
        rows: list[Row] = []
        for mode, path, size, oid in zip(modes, paths, sizes, oids, strict=True):
            is_directory = mode == entries.DIRECTORY and source.facts(oid).kind is Kind.TREE
            rows.append((path, is_directory, size, oid))
            if is_directory and recursive:
                yield rows
                rows = []
                yield from _portions(source, oid, path + "/", True)
        yield rows


def transplanting(source: ObjectSource, sink: ObjectSink, oid: Oid) -> Generator[None, None, None]:
    """Copy a secret or directory with all it holds from one vault into another, an object a step. What is there already is not
    read."""
    facts = source.facts(oid)
    if oid in sink and sink.facts(oid).digest == facts.digest:
        return
    body = source.body(oid)
    if facts.kind is not Kind.BLOB:
        for child in map(entries.oid_of, entries.split(body)):
            yield from transplanting(source, sink, child)
    sink.add(oid, facts, body)
    yield


def edit(sink: ObjectSink, root: Oid, edits: Sequence[Edit]) -> Oid:
    """Do the edits one after the other on the tree `root` and add the trees that result. Returns the new root.

    Raises NotFound, AlreadyExists or Misuse if what is at a path does not fit the edit, and Misuse if a limit would be
    broken; the sink is then to be discarded.
    """
    return finish(editing(sink, root, edits))


def editing(sink: ObjectSink, root: Oid, edits: Sequence[Edit]) -> Generator[None, None, Oid]:
    """The same in steps, for very many edits: it can be interrupted after some of them and after each new directory."""
    work = _Edits(sink, root)
    for number, (path, action) in enumerate(edits, 1):
        if isinstance(action, Put):
            work.put(path, (action.oid, action.facts or sink.facts(action.oid)))
        elif isinstance(action, Remove):
            work.remove(path)
        else:
            work.make_directory(path)
        if number % _STOP_EVERY == 0:
            yield
    return (yield from work.write())


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

    def write(self) -> Generator[None, None, Oid]:
        return (yield from self._write(self._root))[0]

    def _write(self, directory: _Directory) -> Generator[None, None, Leaf]:
        """Add the directory as it now is, those below it first."""
        if not directory.entries:
            return (yield from self._write_new(directory))
        facts_of = self._sink.facts
        old = facts_of(directory.base) if directory.base else None
        splices: list[Splice] = []
        gone: list[Share] = []
        come: list[Share] = []
        for name, child in directory.changes.items():
            leaf = (yield from self._write(child)) if isinstance(child, _Directory) else child
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
        yield
        return self._add(directory, old, splices, gone, come)

    def _write_new(self, directory: _Directory) -> Generator[None, None, Leaf]:
        """One that was not there, or was empty: an import makes many, and there is nothing to splice into."""
        rows: list[tuple[bytes, bytes, Facts]] = []
        shares: list[Share] = []
        for name, child in directory.changes.items():
            leaf = (yield from self._write(child)) if isinstance(child, _Directory) else child
            if leaf is not None:
                oid, facts = leaf
                is_tree = facts.kind is not Kind.BLOB
                rows.append((name + b"/" if is_tree else name, entries.make(name, oid, directory=is_tree), facts))
                shares.append(share_of(len(name), facts))
        if directory.base and not rows:
            return directory.base, self._sink.facts(directory.base)
        rows.sort()
        yield
        return self._add_tree(
            b"".join([entry for _, entry, _ in rows]), total(shares), b"".join([facts.digest for _, _, facts in rows])
        )

    def _add_tree(
        self, raw: bytes, share: Share, child_digests: bytes, base: Oid | None = None, delta: bytes | None = None
    ) -> Leaf:
        fault = directory_fault(len(raw), share)
        if fault:
            raise Misuse(f"The vault would become too large: {fault}. Nothing was written.")
        oid, facts = git_name(Kind.TREE, raw), directory_facts(raw, share, child_digests)
        self._sink.add(oid, facts, raw, base, delta)
        remember_digests(facts, child_digests)
        return oid, facts

    def _add(
        self, directory: _Directory, old: Facts | None, splices: list[Splice], gone: list[Share], come: list[Share]
    ) -> Leaf:
        sink = self._sink
        digests = child_digests_of(old, directory.entries, sink.facts) if old else b""
        now, child_digests, told = spliced(directory.entries, digests, splices)
        raw = b"".join(now)
        share = sums(old, gone, come, now, sink.facts) if old else total(come)
        inserted = sum(len(piece) for piece in told if isinstance(piece, bytes))
        if directory.base and inserted * 2 < len(raw):
            return self._add_tree(raw, share, child_digests, directory.base, make_delta(directory.size, told))
        return self._add_tree(raw, share, child_digests)
