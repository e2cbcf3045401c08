"""Who is whose ancestor, once histories branch and merge: by parents alone, never by time, which every writer sets as it likes.

Each question costs one look at each commit behind the versions asked about, whatever their shape, and is a generator that
stops after every STEP commits, so that long work can be interrupted. What a version's own line is, `history.walk` says.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Set

from pk_tui.terms import CommitId
from pk_tui.vault.history import Commit, read_commit
from pk_tui.vault.objects import ObjectSource

STEP = 500
"""Commits looked at between two places where the work can be interrupted."""
NOTHING: Set[CommitId] = frozenset()

Parents = dict[CommitId, tuple[CommitId, ...]]
"""Commits, each with its parents."""


def behind(
    source: ObjectSource, heads: Iterable[CommitId], without: Set[CommitId] = NOTHING
) -> Generator[None, None, Parents]:
    """`heads` and all their ancestors, except `without` and what is reached through those alone."""
    found: Parents = {}
    todo = [head for head in heads if head not in without]
    while todo:
        here = todo.pop()
        if here in found:
            continue
        found[here] = parents = read_commit(source, here).parents
        todo += [parent for parent in parents if parent not in found and parent not in without]
        if len(found) % STEP == 0:
            yield
    return found


def every(source: ObjectSource, head: CommitId) -> Iterator[tuple[CommitId, Commit]]:
    """`head` and all its ancestors, each once; its own line first, then what was merged in, the oldest merge first."""
    seen = {head}
    todo = [head]
    while todo:
        here = todo.pop()
        commit = read_commit(source, here)
        yield here, commit
        for parent in reversed(commit.parents):
            if parent not in seen:
                seen.add(parent)
                todo.append(parent)


def is_ancestor(source: ObjectSource, old: CommitId, new: CommitId) -> Generator[None, None, bool]:
    """Whether `new` is `old` or was made on it. First parents are looked at first: on a line only what lies between is read."""
    for number, (commit_id, _) in enumerate(every(source, new), 1):
        if commit_id == old:
            return True
        if number % STEP == 0:
            yield
    return False


def merge_base(source: ObjectSource, one: CommitId, other: CommitId) -> Generator[None, None, CommitId | None]:
    """The newest version that both were made on; None if they have none in common. The same whichever of the two is named first.

    When there are several such (neither made on another: both sides had merged the other's), the one with the latest time is
    taken, and of those the one with the lowest name: any of them is right, and everybody has to find the same.
    """
    common = yield from _common(source, one, other)
    older = {parent for commit_id in common for parent in common[commit_id]}
    # What two versions have in common holds all its ancestors too, so whatever is no one's parent in it is a newest.
    newest = [commit_id for commit_id in common if commit_id not in older]
    return min(newest, key=lambda base: (-read_commit(source, base).time, base.raw), default=None)


def _common(source: ObjectSource, one: CommitId, other: CommitId) -> Generator[None, None, Parents]:
    mine = yield from behind(source, [one])
    if other in mine:  # as common as anything: one side is made on the other
        return {other: ()}
    theirs = yield from behind(source, [other])
    return {commit_id: parents for commit_id, parents in mine.items() if commit_id in theirs}


def in_order(commits: Parents, head: CommitId) -> Iterator[CommitId]:
    """Those of `commits` that `head` leads to, each after its parents: the first parent's line before what was merged in."""
    done: set[CommitId] = set()
    todo = [(head, False)]
    while todo:
        here, ready = todo.pop()
        if ready:
            yield here
        elif here in commits and here not in done:
            done.add(here)
            todo.append((here, True))
            todo += [(parent, False) for parent in reversed(commits[here])]
