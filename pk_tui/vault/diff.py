"""What changed between two trees, in whole secrets. Equal subtrees are skipped unread, so it costs what changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator

from pk_tui.terms import Change, SecretPath
from pk_tui.vault import entries
from pk_tui.vault.objects import Kind, ObjectSource, Oid

Changed = tuple[SecretPath, Change]
_STEP = 500
"""Entries of one directory between two places where counting can be interrupted."""


def changes(source: ObjectSource, old: Oid | None, new: Oid | None, prefix: tuple[str, ...] = ()) -> Iterator[Changed]:
    """The secrets added, modified and deleted from tree (or secret) `old` to `new`, in order of names; None is nothing there.

    `prefix` is where the two lie. Directories are no secrets: one that is made or removed empty gives no row.
    """
    if old == new:
        return
    old_tree = old is not None and source.facts(old).kind is Kind.TREE
    new_tree = new is not None and source.facts(new).kind is Kind.TREE
    if old is not None and new is not None and not old_tree and not new_tree:
        yield SecretPath(prefix), Change.MODIFIED
        return
    if old is not None and not old_tree:
        yield SecretPath(prefix), Change.DELETED
        old = None
    if new is not None and not new_tree:
        yield SecretPath(prefix), Change.ADDED
        new = None
    before, after = differing(source, old, new)
    for name in sorted(before.keys() | after.keys()):
        yield from changes(source, before.get(name), after.get(name), (*prefix, name.decode()))


def counting(
    source: ObjectSource, old: Oid | None, new: Oid | None, counts: Counter[Change]
) -> Generator[None, None, None]:
    """Add to `counts` how many rows `changes` would give, in steps. What is there on one side alone is not read."""
    if old == new:
        return
    was, became = (None if oid is None else source.facts(oid) for oid in (old, new))
    if was and became and Kind.TREE not in (was.kind, became.kind):
        counts[Change.MODIFIED] += 1
        return
    if was is None or became is None or was.kind is not became.kind:
        counts[Change.DELETED] += was.secrets if was else 0
        counts[Change.ADDED] += became.secrets if became else 0
        return
    before, after = differing(source, old, new)
    yield
    for number, name in enumerate(before.keys() | after.keys(), 1):
        yield from counting(source, before.get(name), after.get(name), counts)
        if number % _STEP == 0:
            yield


def differing(source: ObjectSource, old: Oid | None, new: Oid | None) -> tuple[dict[bytes, Oid], dict[bytes, Oid]]:
    """Name to oid of the entries that only the tree `old` has and that only `new` has."""
    raw_before = source.body(old) if old is not None else b""
    raw_after = source.body(new) if new is not None else b""
    before, after = entries.apart(raw_before, raw_after)
    if before and after:
        both = set(before).intersection(after)
        before = [entry for entry in before if entry not in both]
        after = [entry for entry in after if entry not in both]
    name_of, oid_of = entries.name_of, entries.oid_of
    return {name_of(e): oid_of(e) for e in before}, {name_of(e): oid_of(e) for e in after}
