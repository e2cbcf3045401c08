"""A history without a path, or without a value: every version that held it is written anew, as if it had never been there.

Commits keep their author, time and message (but for lines that name the path), and stay even if nothing is left of what they
changed, so that nothing else shifts. Only directories on the way to the path are made anew, each as a delta of the new one
before it, so that nothing that stays builds on what is to go. Versions from before the path are not touched.

Whether it may be done, what is signed of it and what becomes of the old objects is left to others.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable

from pk_tui.terms import CommitId, SecretPath
from pk_tui.vault import ancestry, entries, history
from pk_tui.vault.delta import Operation, make_delta
from pk_tui.vault.facts import child_digests_of, directory_facts, remember_digests, share_of
from pk_tui.vault.objects import Facts, Kind, ObjectSink, Oid, git_name
from pk_tui.vault.splice import Splice, place, spliced, sums
from pk_tui.vault.tree import find

EMPTY_MESSAGE = "A secret was forgotten"
"""Of a commit whose whole message named the path."""
_BEFORE = r"(?<![^\s\"'“”‘’`(\[{:;,>])"
_AFTER = r"(?=$|[\s/\"'“”‘’`)\]}:;,.<])"


class Forgetting:
    """Writes versions anew without one path; with `value`, without that path where it holds this object. `versions` says by which
    commit each one it looked at is replaced; one that never held the path, nor came after one that did, by itself."""

    def __init__(self, sink: ObjectSink, path: SecretPath, value: Oid | None = None) -> None:
        self._sink = sink
        self._value = value
        self._names = [part.encode() for part in path.parts]
        self._path = path
        self._done: dict[tuple[int, Oid], Oid | None] = {}
        self.versions: dict[CommitId, CommitId] = {}

    @property
    def rewritten(self) -> int:
        """How many versions are replaced by another."""
        return sum(1 for old, new in self.versions.items() if old != new)

    def go_on(self, heads: Iterable[CommitId]) -> Generator[None, None, None]:
        """Write anew all that leads to these versions, as far as that has not been done."""
        for head in heads:
            commits = yield from ancestry.behind(self._sink, [head], self.versions.keys())
            for commit_id in ancestry.in_order(commits, head):
                yield from self._ahead(commit_id)
                self._commit(commit_id)
                yield

    def _ahead(self, commit_id: CommitId) -> Generator[None, None, None]:
        """What of a version has to be done in steps of its own. Of one path nothing: only the directories on its way are read."""
        yield from ()

    def held_by(self, commit_id: CommitId) -> bool:
        """Whether the path is there in this version, and holds the value."""
        found = find(self._sink, history.read_commit(self._sink, commit_id).tree, self._path.parts)
        return found is not None and self._value in (None, found[0])

    def _commit(self, commit_id: CommitId) -> None:
        sink = self._sink
        commit = history.read_commit(sink, commit_id)
        parents = tuple(dict.fromkeys(self.versions[parent] for parent in commit.parents))
        tree = self._without(commit.tree, 0, self._tree_before(commit))
        assert tree is not None, "a vault may be empty, but it has a tree"
        if tree == commit.tree and parents == commit.parents:
            self.versions[commit_id] = commit_id
            return
        message = message_without(commit.message, self._path)
        self.versions[commit_id], _ = history.build_commit(
            sink,
            tree,
            parents[0] if parents else None,
            commit.author,
            message,
            commit.time,
            parents[1] if len(parents) > 1 else None,
        )

    def _tree_before(self, commit: history.Commit) -> Oid | None:
        """The new tree of its first parent."""
        return history.read_commit(self._sink, self.versions[commit.parents[0]]).tree if commit.parents else None

    def _without(self, directory: Oid, level: int, near: Oid | None) -> Oid | None:
        """The directory without what the path names from this level on; None if nothing else was in it. `near`: the new one at
        this place in the version before."""
        key = (level, directory)
        if key not in self._done:
            self._done[key] = self._make(directory, level, near)
        return self._done[key]

    def _make(self, directory: Oid, level: int, near: Oid | None) -> Oid | None:
        sink, name = self._sink, self._names[level]
        raw = sink.body(directory)
        found = entries.lookup(raw, name)
        if found is None:
            return directory
        is_directory, oid = found
        new: Oid | None = None
        if level + 1 < len(self._names):
            if not is_directory or sink.facts(oid).kind is not Kind.TREE:
                return directory  # a secret where the path has a directory: what is forgotten is not below it
            new = self._without(oid, level + 1, self._child(near, name))
            if new == oid:
                return directory
        elif self._value not in (None, oid):
            return directory
        now = entries.split(raw)
        at, _ = place(now, name + b"/" if is_directory else name)
        now[at : at + 1] = [] if new is None else [entries.make(name, new, directory=True)]
        if not now and level:
            return None
        return self._add(now, directory, near)

    def _child(self, directory: Oid | None, name: bytes) -> Oid | None:
        """The directory of that name in this one, or None."""
        found = None if directory is None else entries.lookup(self._sink.body(directory), name)
        return found[1] if found and found[0] and self._sink.facts(found[1]).kind is Kind.TREE else None

    def _add(self, now: list[bytes], old: Oid, near: Oid | None) -> Oid:
        """Add the directory that has these entries: facts follow from those of a directory like it, and the delta, if any, is one
        of `near`, which stays."""
        sink = self._sink
        raw = b"".join(now)
        oid = git_name(Kind.TREE, raw)
        if oid in sink:
            return oid
        like = old if near is None else near
        facts, told, size = self._facts(raw, now, like)
        if near is not None and 2 * sum(len(piece) for piece in told if isinstance(piece, bytes)) < len(raw):
            sink.add(oid, facts, raw, near, make_delta(size, told))
        else:
            sink.add(oid, facts, raw)
        return oid

    def _facts(self, raw: bytes, now: list[bytes], like: Oid) -> tuple[Facts, list[Operation], int]:
        """Facts of the directory, how it is told from `like`, and the size of that one's raw form."""
        lookup = self._sink.facts
        base, old = self._sink.body(like), lookup(like)
        before = entries.split(base)
        both = set(before).intersection(now)
        less = [(at, entry) for at, entry in enumerate(before) if entry not in both]
        more = [entry for entry in now if entry not in both]
        splices = [Splice(at, True) for at, _ in less]
        for entry in more:
            order = entries.order_of(entry)
            splices.append(Splice(place(before, order)[0], False, order, entry, lookup(entries.oid_of(entry)).digest))
        splices.sort()
        made, digests, told = spliced(before, child_digests_of(old, before, lookup), splices)
        gone, come = (
            [share_of(len(entries.name_of(entry)), lookup(entries.oid_of(entry))) for entry in some]
            for some in ([entry for _, entry in less], more)
        )
        facts = directory_facts(raw, sums(old, gone, come, made, lookup), digests)
        remember_digests(facts, digests)
        return facts, told, len(base)


class ForgettingEverywhere(Forgetting):
    """Writes versions anew without one object, at whatever paths they hold it. `path` is for the messages: lines that name it go.

    Each directory is looked through once, however many versions hold it."""

    def __init__(self, sink: ObjectSink, path: SecretPath, value: Oid) -> None:
        super().__init__(sink, path, value)
        self._gone = value

    def _ahead(self, commit_id: CommitId) -> Generator[None, None, None]:
        commit = history.read_commit(self._sink, commit_id)
        yield from self._look_through(commit.tree, 0, self._tree_before(commit))

    def _look_through(self, directory: Oid, level: int, near: Oid | None) -> Generator[None, None, None]:
        """From below, directory by directory, so that a step is one of them."""
        if (min(level, 1), directory) in self._done:
            return
        for name, oid in self._directories(self._sink.body(directory)):
            yield from self._look_through(oid, level + 1, self._child(near, name))
        self._without(directory, level, near)
        yield

    def _directories(self, raw: bytes) -> list[tuple[bytes, Oid]]:
        return [
            (name, oid)
            for mode, name, oid in entries.fields(raw)
            if mode == entries.DIRECTORY and self._sink.facts(oid).kind is Kind.TREE
        ]

    def _without(self, directory: Oid, level: int, near: Oid | None) -> Oid | None:
        return super()._without(directory, min(level, 1), near)  # only of the root it matters where it stands

    def _make(self, directory: Oid, level: int, near: Oid | None) -> Oid | None:
        raw = self._sink.body(directory)
        below = {name: (oid, self._without(oid, 1, self._child(near, name))) for name, oid in self._directories(raw)}
        if self._gone not in raw and all(new == old for old, new in below.values()):
            return directory
        kept: list[bytes] = []
        for entry in entries.split(raw):
            name, oid = entries.name_of(entry), entries.oid_of(entry)
            old, new = below.get(name, (oid, oid))
            if new is not None and oid != self._gone:
                kept.append(entry if new == old else entries.make(name, new, directory=True))
        if not kept and level:
            return None
        oid = git_name(Kind.TREE, b"".join(kept))
        return directory if oid == directory else self._add(kept, directory, near)


def message_without(message: str, path: SecretPath) -> str:
    """The message without the lines that name the path or something below it."""
    names_it = re.compile(_BEFORE + re.escape(str(path)) + _AFTER)
    kept = [line for line in message.split("\n") if not names_it.search(line)]
    return "\n".join(kept) if any(line.strip() for line in kept) else EMPTY_MESSAGE
