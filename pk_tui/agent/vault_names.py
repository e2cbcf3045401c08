"""The names of one vault, ready to be searched: its paths, and what its items are found by. Desk work in small steps.

Only names are kept, never another slot's value, and all of it as a few long byte strings: 100,000 paths of 23 characters take
5 MB, and 17 MB if each is an item with a title, two tags and a user name. When the vault's head moves only what differs between
the two trees is read; it lies in younger parts in front of the older ones, which are told what is gone. After many changes all is
read anew.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from pk_tui.agent.item_names import KINDS, NOTHING, STEP, Labels, read_items
from pk_tui.errors import Corrupt
from pk_tui.fuzzy import Names, Shelf
from pk_tui.lines import Lines, LineWriter
from pk_tui.store.vault import VaultFrames
from pk_tui.terms import CommitId
from pk_tui.vault import entries, history
from pk_tui.vault.diff import differing
from pk_tui.vault.objects import Kind, Oid

YOUNG_AT_MOST = 500
"""Rows of the youngest part, which is made anew with every change: a few milliseconds."""
PARTS_AT_MOST = 16
GONE_AT_MOST = 5000
"""Paths remembered as gone from a part."""
FOLLOWED_AT_MOST = 4000
"""Differences between two versions beyond which everything is read anew."""
Steps = Generator[None, None, None]


@dataclass(slots=True)
class Walked:
    """What lies in a tree: paths (a directory's ends in a slash) and oids, those of one length together."""

    paths: dict[int, LineWriter] = field(default_factory=dict)
    oids: dict[int, bytearray] = field(default_factory=dict)
    damaged: bool = False
    """Some directory could not be read."""

    def add(self, rows: Iterable[tuple[str, Oid]]) -> None:
        some: dict[int, list[str]] = {}
        for path, oid in rows:
            size = len(path)
            some.setdefault(size, []).append(path)
            self.oids.setdefault(size, bytearray()).extend(oid)
        for size, paths in some.items():
            self.paths.setdefault(size, LineWriter()).extend(paths)

    def rows(self) -> Iterator[tuple[str, Oid]]:
        """By length; each length is let go when it was given."""
        for size in sorted(self.paths):
            lines, oids = self.paths.pop(size).lines(), self.oids.pop(size)
            for number in range(len(lines)):
                yield lines[number], bytes(oids[20 * number : 20 * number + 20])


def walk(frames: VaultFrames, root: Oid, walked: Walked) -> Steps:
    """Everything below a tree. A directory that does not open is left out, and hides nothing else."""
    waiting = [("", root)]
    while waiting:
        prefix, directory = waiting.pop()
        try:
            fields = entries.fields(frames.body(directory))
        except (Corrupt, KeyError):
            walked.damaged = True
            yield
            continue
        for start in range(0, len(fields), STEP):
            rows = []
            for mode, name, oid in fields[start : start + STEP]:
                path = prefix + name.decode("utf-8", "replace")
                if mode == entries.DIRECTORY and _is_tree(frames, oid):
                    waiting.append((path + "/", oid))
                    rows.append((path + "/", NOTHING))
                else:
                    rows.append((path, oid))
            walked.add(rows)
            yield


def _is_tree(frames: VaultFrames, oid: Oid) -> bool:
    try:
        return frames.facts(oid).kind is Kind.TREE
    except KeyError:
        return False


@dataclass(slots=True)
class Part:
    """Names of one time. `gone`: paths of which something younger is known, or that are no longer there."""

    names: Names
    labels: Labels | None = None
    gone: set[str] = field(default_factory=set)

    def shelves(self, prefix: str, directories: bool) -> Iterator[tuple[Shelf, bool]]:
        """Each with whether it holds labels."""
        names, gone = self.names, self.gone

        def hidden(index: int) -> bool:
            path = names[index]
            return path in gone or (not directories and path.endswith("/"))

        yield Shelf(names, prefix, hidden), False
        if (labels := self.labels) is not None:
            yield (
                Shelf(labels.names, "", (lambda index: next(self.owners(index), None) is None) if gone else None),
                True,
            )

    def label(self, index: int) -> str:
        """What a label is: title, tag or user."""
        assert self.labels is not None
        return KINDS[self.labels.kinds[index]]

    def owners(self, index: int) -> Iterator[int]:
        """The numbers of the paths that a label belongs to, without those that are gone."""
        assert self.labels is not None
        owners = self.labels.owners_of(index)
        return (number for number in owners if self.names[number] not in self.gone) if self.gone else iter(owners)

    def title(self, index: int) -> str:
        """Of the item at the path of this number; empty if there is none, or it is not read yet."""
        return self.labels.titles[index] if self.labels is not None else ""


class VaultNames:
    """`commit` is the version whose names these are; None before anything was read."""

    def __init__(self) -> None:
        self.commit: bytes | None = None
        self.damaged = False
        """A part of the vault could not be read."""
        self._root: Oid | None = None
        self._parts: list[Part] = []
        self._young: dict[str, Oid] = {}
        """What the youngest part holds, as long as it may be made anew."""
        self._unread: tuple[Part, bytes] | None = None

    @property
    def complete(self) -> bool:
        """False while items are still to be read."""
        return self._unread is None

    @property
    def parts(self) -> tuple[Part, ...]:
        return tuple(self._parts)

    def __len__(self) -> int:
        """Names of secrets and directories, those that are gone included."""
        return sum(len(part.names) for part in self._parts)

    # Paths

    def follow(self, frames: VaultFrames) -> Steps:
        """Bring the paths to the vault's newest version, and the items of what changed. A damaged vault has no names."""
        commit = frames.record.commit
        try:
            root = history.read_commit(frames, CommitId(commit)).tree
            frames.body(root)
        except (Corrupt, KeyError):
            self._take(commit, None, [])
            self.damaged = True
            return
        if root != self._root:
            changed = yield from self._changed_to(frames, root)
            if changed is None:
                yield from self._read_all(frames, root)
            else:
                yield from self._put_in_front(frames, changed)
        self._root, self.commit = root, commit

    def _take(self, commit: bytes | None, root: Oid | None, parts: list[Part]) -> None:
        self.commit, self._root, self._parts = commit, root, parts
        self._young, self._unread, self.damaged = {}, None, False

    def _read_all(self, frames: VaultFrames, root: Oid) -> Steps:
        walked = Walked()
        yield from walk(frames, root, walked)
        oids = bytearray()

        def paths() -> Iterator[str]:
            for path, oid in walked.rows():
                oids.extend(oid)
                yield path

        part = Part((yield from Names.gathered(paths())))
        self._take(None, root, [part])
        self.damaged = walked.damaged
        self._unread = part, bytes(oids)

    def _changed_to(self, frames: VaultFrames, root: Oid) -> Generator[None, None, dict[str, Oid | None] | None]:
        """Paths that differ, with what is there now; None if they are too many or cannot be told."""
        if self._root is None or len(self._parts) > PARTS_AT_MOST:
            return None
        if any(len(part.gone) > GONE_AT_MOST for part in self._parts):
            return None
        changed: dict[str, Oid | None] = {}
        try:
            for path, oid in _differences(frames, self._root, root, ""):
                changed[path] = oid
                if len(changed) > FOLLOWED_AT_MOST:
                    return None
                if len(changed) % STEP == 0:
                    yield
        except (Corrupt, KeyError):  # the version before is gone, or damaged
            return None
        return changed

    def _put_in_front(self, frames: VaultFrames, changed: dict[str, Oid | None]) -> Steps:
        young = {**self._young, **{path: oid for path, oid in changed.items() if oid is not None}}
        for path in [path for path, oid in changed.items() if oid is None]:
            young.pop(path, None)
        older = self._parts[:-1] if self._young else self._parts
        rows = sorted(young.items(), key=lambda row: (len(row[0]), row[0]))
        part = Part(Names.of(path for path, _ in rows))
        yield
        part.labels = yield from read_items(frames, part.names, b"".join(oid for _, oid in rows))
        for one in older:
            one.gone.update(changed)
        self._parts = [*older, part] if rows else older
        self._young = young if len(young) <= YOUNG_AT_MOST else {}

    # Items

    def read_items(self, frames: VaultFrames) -> Steps:
        """Titles, tags and user names of all that was not read yet, in the order in which it is stored."""
        if self._unread is None:
            return
        part, oids = self._unread
        part.labels = yield from read_items(frames, part.names, oids)
        if self._unread is not None and self._unread[0] is part:
            self._unread = None


def _differences(
    frames: VaultFrames, old: Oid | None, new: Oid | None, prefix: str
) -> Iterator[tuple[str, Oid | None]]:
    """Paths of secrets and directories that are not the same in both trees; with what is there now, None for nothing."""
    before, after = differing(frames, old, new)
    for name in before.keys() | after.keys():
        path = prefix + name.decode("utf-8", "replace")
        was, now = before.get(name), after.get(name)
        was_tree = was is not None and frames.facts(was).kind is Kind.TREE
        now_tree = now is not None and frames.facts(now).kind is Kind.TREE
        if was_tree or now_tree:
            if was_tree != now_tree:
                yield path + "/", NOTHING if now_tree else None
            yield from _differences(frames, was if was_tree else None, now if now_tree else None, path + "/")
        if not now_tree and now is not None:
            yield path, now
        elif not was_tree and was is not None:
            yield path, None


def secrets_in(frames: VaultFrames, root: Oid) -> Generator[None, None, tuple[Lines, bytes]]:
    """All secrets below a tree, for a look into their values: their paths, and their oids one after the other."""
    walked = Walked()
    yield from walk(frames, root, walked)
    paths, oids = LineWriter(), bytearray()
    rows = walked.rows()
    while some := list(islice(rows, STEP)):
        secrets = [(path, oid) for path, oid in some if oid != NOTHING]
        paths.extend([path for path, _ in secrets])
        oids += b"".join([oid for _, oid in secrets])
        yield
    return paths.lines(), bytes(oids)
