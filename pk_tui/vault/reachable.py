"""What a set of versions needs: every object that is reached from their commits. What is not reached nobody can name."""

from __future__ import annotations

from collections.abc import Generator, Iterable

from pk_tui.terms import CommitId
from pk_tui.vault import entries
from pk_tui.vault.history import read_commit
from pk_tui.vault.objects import Kind, ObjectSource, Oid

_STEP = 2000
"""Entries looked at between two places where the work can be interrupted."""


def reach(source: ObjectSource, commits: Iterable[Oid], found: set[Oid]) -> Generator[None, None, None]:
    """Add the names of all that these commits need to `found`. What is in it already, with all it needs, is not read again.

    Raises KeyError if an object is missing, Corrupt if one does not open.
    """
    waiting = list(commits)
    seen = 0
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        commit = read_commit(source, CommitId(name))
        trees = [commit.tree]
        while trees:
            tree = trees.pop()
            if tree in found:
                continue
            found.add(tree)
            if source.facts(tree).kind not in (Kind.TREE, Kind.CHUNKS):
                continue
            names = entries.split(source.body(tree))
            for entry in names:
                if entries.is_directory(entry):
                    trees.append(entries.oid_of(entry))
                else:
                    found.add(entries.oid_of(entry))
            seen += 1 + len(names)
            if seen >= _STEP:
                seen = 0
                yield
        waiting += [parent.raw for parent in commit.parents]
        found.add(name)
        yield
