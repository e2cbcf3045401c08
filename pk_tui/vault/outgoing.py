"""Vaults between peers: what is sent of a history to one who has some of it.

The stream is that of `transfer`, which checks it where it arrives: each commit comes after its parents, each object after
everything it names, nothing that the receiver has, and a directory as a delta where one is at hand.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

from pk_tui.terms import CommitId
from pk_tui.vault import ancestry
from pk_tui.vault.delta import target_size
from pk_tui.vault.diff import differing
from pk_tui.vault.history import read_commit
from pk_tui.vault.objects import Kind, ObjectSource, Oid
from pk_tui.vault.transfer import DELTA, HEADER, PIECE

_STEP = 1000
"""Commits walked between two places where the work can be interrupted."""


def outgoing(source: ObjectSource, head: Oid, have: Sequence[Oid]) -> Iterator[bytes]:
    """The history behind `head` that a receiver with one of the commits `have` lacks, in pieces of about PIECE bytes.

    Without a known commit among the head's ancestors that is all of it. Yields empty pieces while it looks for one in a long
    history: nothing to send, but points where the work can be interrupted. One record larger than a piece is sent in several.
    """
    found = yield from _along_the_line(source, head, set(have))
    if found is None:
        found = yield from _among_all(source, CommitId(head), {CommitId(oid) for oid in have})
    yield from _pieces(_records(source, *found))


_Missing = tuple[list[tuple[Oid, Oid, Oid | None]], dict[Oid, Oid]]
"""Commits to send, each after its parents, with its tree and its first parent; and the trees of those the receiver has."""


def _along_the_line(source: ObjectSource, head: Oid, known: set[Oid]) -> Generator[bytes, None, _Missing | None]:
    """What is missing if no merge comes before a known commit, or the first one; else None. It reads nothing but that."""
    line: list[tuple[Oid, Oid, Oid | None]] = []
    here: Oid | None = head
    while here is not None:
        commit = read_commit(source, CommitId(here))
        if here in known:
            return line[::-1], {here: commit.tree}
        if len(commit.parents) > 1:
            return None
        parent = commit.parents[0].raw if commit.parents else None
        line.append((here, commit.tree, parent))
        here = parent
        if len(line) % _STEP == 0:
            yield b""
    return line[::-1], {}


def _among_all(source: ObjectSource, head: CommitId, have: set[CommitId]) -> Generator[bytes, None, _Missing]:
    """The same whatever the shape of the history; reads all of it."""
    all_of_it = yield from _stopping(ancestry.behind(source, [head]))
    known = yield from _stopping(ancestry.behind(source, have.intersection(all_of_it)))
    missing = {commit: parents for commit, parents in all_of_it.items() if commit not in known}
    rows: list[tuple[Oid, Oid, Oid | None]] = []
    trees: dict[Oid, Oid] = {}
    for commit in ancestry.in_order(missing, head):
        parents = missing[commit]
        rows.append((commit.raw, read_commit(source, commit).tree, parents[0].raw if parents else None))
        if parents and parents[0] in known:
            trees[parents[0].raw] = read_commit(source, parents[0]).tree
        if len(rows) % _STEP == 0:
            yield b""
    return rows, trees


def _stopping(work: Generator[None, None, ancestry.Parents]) -> Generator[bytes, None, ancestry.Parents]:
    try:
        while True:
            next(work)
            yield b""
    except StopIteration as end:
        found: ancestry.Parents = end.value
        return found


def _pieces(records: Iterator[bytes]) -> Iterator[bytes]:
    waiting: list[bytes] = []
    size = 0
    for record in records:
        if size + len(record) > PIECE and waiting:
            cut = PIECE - size if len(record) > PIECE else 0  # one that has to be cut in any case fills this piece
            waiting.append(record[:cut])
            yield b"".join(waiting)
            waiting.clear()
            size = 0
        else:
            cut = 0
        while len(record) - cut > PIECE:
            yield record[cut : cut + PIECE]
            cut += PIECE
        waiting.append(record[cut:] if cut else record)
        size += len(record) - cut
    if waiting:
        yield b"".join(waiting)


def _records(
    source: ObjectSource, missing: list[tuple[Oid, Oid, Oid | None]], trees: dict[Oid, Oid]
) -> Iterator[bytes]:
    sent: set[Oid] = set()
    for commit, tree, parent in missing:
        old = None if parent is None else trees[parent]
        if tree != old and tree not in sent:
            yield from _tree_records(source, tree, old, sent)
        body = source.body(commit)
        yield HEADER.pack(Kind.COMMIT, len(body)) + body
        trees[commit] = tree


def _tree_records(source: ObjectSource, tree: Oid, old: Oid | None, sent: set[Oid]) -> Iterator[bytes]:
    """What `tree` has and the tree `old` at the same place has not, then `tree` itself."""
    sent.add(tree)
    body_of = source.body
    before, after = differing(source, old, tree)
    kind = source.facts(tree).kind
    for name, oid in after.items():
        if oid in sent:
            continue
        facts = source.facts(oid)
        if facts.kind is Kind.BLOB:
            sent.add(oid)
            body = body_of(oid)
            yield HEADER.pack(Kind.BLOB, len(body)) + body
        else:
            twin = before.get(name)
            if twin is not None and source.facts(twin).kind is not facts.kind:
                twin = None
            yield from _tree_records(source, oid, twin, sent)
    base, stored = source.stored(tree)
    if base is not None and (base in sent or base == old) and 20 + len(stored) < target_size(stored):
        yield HEADER.pack(kind | DELTA, 20 + len(stored)) + base + stored
    else:
        body = body_of(tree)
        yield HEADER.pack(kind, len(body)) + body
