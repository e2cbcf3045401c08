"""Commits: their exact form, writing one, and walking back from a head along first parents: a vault's own line.

A merge has two parents: the version it was made on, and the one it brought in. What lies behind the second is `ancestry`'s. A
commit is plain git with one author, named by node id, and times in whole seconds of UTC. What orders commits is who is
whose parent, never the time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from pk_tui.clock import SECOND, Instant
from pk_tui.errors import Malformed, Misuse
from pk_tui.terms import Change, CommitId, NodeId, SecretPath
from pk_tui.vault import entries
from pk_tui.vault.diff import Changed, changes, counting
from pk_tui.vault.facts import commit_facts
from pk_tui.vault.objects import Facts, Kind, ObjectSink, ObjectSource, Oid, git_name
from pk_tui.vault.stepwise import finish

MAX_MESSAGE = 64 * 1024
"""Bytes of a commit message in UTF-8."""
MAX_PARENTS = 2
"""A merge brings in one other version at a time."""
MESSAGE_PATHS = 20
"""Changed paths named in a message we write ourselves; more are counted."""
_STEP = 500
"""Changes between two places where the work can be interrupted."""
_LAST_SECOND = 253_402_300_799
"""The end of the year 9999, the last that RFC 3339 can write."""

_COMMIT = re.compile(
    rb"tree (?P<tree>[0-9a-f]{40})\n"
    rb"(?P<parents>(?:parent [0-9a-f]{40}\n){0,%d})"
    rb"author (?P<who>(?P<node>v[0-9a-v]{52}) <(?P=node)> (?P<time>0|[1-9][0-9]{0,11}) \+0000)\n"
    rb"committer (?P=who)\n"
    rb"\n"
    rb"(?P<message>[^\0]*)\n" % MAX_PARENTS
)
_MAX_HEADER = 512


@dataclass(frozen=True, slots=True)
class Commit:
    tree: Oid
    parents: tuple[CommitId, ...]
    author: NodeId
    time: Instant
    message: str


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One commit of a log. `author` is the node id's text; `changes` are those against the first of `parents`: of a merge all
    that it brought."""

    commit: CommitId
    time: Instant
    author: str
    message: str
    changes: tuple[Changed, ...]
    parents: tuple[CommitId, ...] = ()


def parse_commit(raw: bytes) -> Commit:
    """Read a commit's body. Raises Malformed unless it is exactly of the form `build_commit` writes."""
    if len(raw) > MAX_MESSAGE + _MAX_HEADER:
        raise Malformed(f"A commit of {len(raw)} bytes is too large.")
    match = _COMMIT.fullmatch(raw)
    if match is None:
        raise Malformed("A commit is not of the form it should be.")
    seconds = int(match["time"])
    if seconds > _LAST_SECOND or len(match["message"]) > MAX_MESSAGE:
        raise Malformed("A commit has a time or message beyond the limits.")
    try:
        author = NodeId.parse(match["node"].decode())
        message = match["message"].decode()
    except (Misuse, UnicodeDecodeError) as error:
        raise Malformed("A commit has an author or message that cannot be read.") from error
    parents = tuple(CommitId(bytes.fromhex(line[7:].decode())) for line in match["parents"].splitlines())
    if len(set(parents)) != len(parents):
        raise Malformed("A commit names one parent twice.")
    return Commit(bytes.fromhex(match["tree"].decode()), parents, author, seconds * SECOND, message)


def build_commit(
    sink: ObjectSink,
    tree: Oid,
    parent: CommitId | None,
    author: NodeId,
    message: str,
    time: Instant,
    merged: CommitId | None = None,
) -> tuple[CommitId, Facts]:
    """Add a commit of `tree` on `parent` (None for the first), which brings in `merged`. Raises Misuse if the message is too
    long or no text."""
    try:
        text = message.encode()
    except UnicodeEncodeError as error:
        raise Misuse("A message must be text that can be written as UTF-8.") from error
    if len(text) > MAX_MESSAGE or b"\0" in text:
        raise Misuse(f"A message is at most {MAX_MESSAGE} bytes of text without zero characters.")
    who = f"{author} <{author}> {min(max(time // SECOND, 0), _LAST_SECOND)} +0000"
    parents = [one for one in (parent, merged) if one is not None]
    if len(set(parents)) != len(parents):
        raise ValueError("a version is not merged into itself")
    above = "".join(f"parent {one}\n" for one in parents)
    raw = f"tree {tree.hex()}\n{above}author {who}\ncommitter {who}\n\n".encode() + text + b"\n"
    facts = commit_facts(raw, sink.facts(tree), [sink.facts(one.raw) for one in parents])
    commit = git_name(Kind.COMMIT, raw)
    sink.add(commit, facts, raw)
    return CommitId(commit), facts


def read_commit(source: ObjectSource, commit: CommitId) -> Commit:
    return parse_commit(source.body(commit.raw))


def walk(source: ObjectSource, head: CommitId, limit: int | None = None) -> Iterator[tuple[CommitId, Commit]]:
    """The commits from `head` back to the first one along first parents, at most `limit`."""
    here: CommitId | None = head
    count = 0
    while here is not None and (limit is None or count < limit):
        commit = read_commit(source, here)
        yield here, commit
        here = commit.parents[0] if commit.parents else None
        count += 1


def log(source: ObjectSource, head: CommitId, path: SecretPath | None = None) -> Iterator[LogEntry | None]:
    """The commits from `head` back, newest first, each with its changes; with `path` only the changes at or below it.

    Yields None where long work can be interrupted: for a commit that leaves `path` as it was, and among very many changes.
    """
    look = _PathLook(source, path.parts if path else ())
    for (commit_id, commit), parent in _pairs(source, head):
        new, old = look.at(commit.tree), look.at(parent.tree) if parent else None
        if path is not None and new == old:
            yield None
            continue
        changed: list[Changed] = []
        for change in changes(source, old, new, look.parts):
            changed.append(change)
            if len(changed) % _STEP == 0:
                yield None
        yield LogEntry(commit_id, commit.time, str(commit.author), commit.message, tuple(changed), commit.parents)


def last_change(
    source: ObjectSource, head: CommitId, path: SecretPath
) -> Generator[None, None, tuple[CommitId, Commit]]:
    """The newest commit that touched `path`, which is there at `head`, or anything below it. In steps, one for each commit."""
    look = _PathLook(source, path.parts)
    for (commit_id, commit), parent in _pairs(source, head):
        if look.at(commit.tree) != (look.at(parent.tree) if parent else None):
            return commit_id, commit
        yield
    raise LookupError("no commit touches this path")


def _pairs(source: ObjectSource, head: CommitId) -> Iterator[tuple[tuple[CommitId, Commit], Commit | None]]:
    """Each commit with its first parent."""
    newer: tuple[CommitId, Commit] | None = None
    for step in walk(source, head):
        if newer is not None:
            yield newer, step[1]
        newer = step
    if newer is not None:
        yield newer, None


class _PathLook:
    """Finds one path in many trees that are mostly the same: a directory seen in the tree before is not read again."""

    def __init__(self, source: ObjectSource, parts: tuple[str, ...]) -> None:
        self._source = source
        self.parts = parts
        self._names = [part.encode() for part in parts]
        self._last: list[dict[Oid, Oid | None]] = [{} for _ in parts]

    def at(self, root: Oid) -> Oid | None:
        """What lies at the path in the tree `root`, or None."""
        here: Oid | None = root
        for name, last in zip(self._names, self._last, strict=True):
            if here is None:
                return None
            if here not in last:
                if len(last) > 1:  # the tree before is all that can be met again soon
                    last.clear()
                last[here] = self._below(here, name)
            here = last[here]
        return here

    def _below(self, directory: Oid, name: bytes) -> Oid | None:
        if self._source.facts(directory).kind is not Kind.TREE:
            return None
        found = entries.lookup(self._source.body(directory), name)
        return found[1] if found else None


def last_changes(
    source: ObjectSource, head: CommitId, paths: Collection[SecretPath], until: CommitId
) -> Generator[None, None, dict[SecretPath, Commit]]:
    """The newest commit on the head's line that touched each of these secrets or directories, looked for back to `until`. Those
    that none of them touched are left out. Reads nothing beside the way to the paths."""
    found: dict[SecretPath, Commit] = {}
    missing = set(paths)
    wanted = _branches(missing)
    for (commit_id, commit), parent in _pairs(source, head):
        if commit_id == until or not missing:
            break
        for path in _differing_at(source, parent.tree if parent else None, commit.tree, wanted, ()):
            if path is None:
                yield
            elif path in missing:
                missing.discard(path)
                found[path] = commit
        wanted = _branches(missing)
        yield
    return found


_Branches = dict[str, "_Branches"]
"""Names that paths go along, each with what follows; where a path ends it has an entry with an empty name."""


def _branches(paths: Iterable[SecretPath]) -> _Branches:
    root: _Branches = {}
    for path in paths:
        here = root
        for part in path.parts:
            here = here.setdefault(part, {})
        here[""] = {}
    return root


def _differing_at(
    source: ObjectSource, old: Oid | None, new: Oid | None, wanted: _Branches, at: tuple[str, ...]
) -> Iterator[SecretPath | None]:
    """Those of the wanted paths at which two trees differ, and None after each directory that was looked into."""
    if old == new:
        return
    if "" in wanted:
        yield SecretPath(at)
    before, after = (_named(source, oid, wanted) for oid in (old, new))
    yield None
    for name, below in wanted.items():
        if name:
            yield from _differing_at(source, before.get(name), after.get(name), below, (*at, name))


def _named(source: ObjectSource, oid: Oid | None, wanted: _Branches) -> dict[str, Oid]:
    """What lies at these names in a directory; nothing if it is none."""
    if oid is None or not (len(wanted) > ("" in wanted)) or source.facts(oid).kind is not Kind.TREE:
        return {}
    return {name.decode(): below for _, name, below in entries.fields(source.body(oid))}


def describe_changes(source: ObjectSource, old: Oid | None, new: Oid) -> str:
    """A message that says what changed: a line `path added`, `modified` or `deleted` each, or their numbers if they are many."""
    return finish(describing_changes(source, old, new))


def describing_changes(source: ObjectSource, old: Oid | None, new: Oid) -> Generator[None, None, str]:
    """The same in steps."""
    some = list(islice(changes(source, old, new), MESSAGE_PATHS + 1))
    if not some:
        return "Changed empty directories"
    if len(some) <= MESSAGE_PATHS:
        return "\n".join(f"{path} {change}" for path, change in some)
    counts: Counter[Change] = Counter()
    yield from counting(source, old, new, counts)
    numbers = ", ".join(f"{counts[change]} {change}" for change in Change if counts[change])
    return f"{counts.total()} secrets: {numbers}"
