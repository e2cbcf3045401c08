"""What an object from outside must be before it is believed: its form, its names, its order, its limits, its children.

Nothing here trusts git's or dulwich's own checks, which let pass `.GIT`, links, terminal escapes and bombs. Each function
gives the object's facts and the names it holds, or raises Malformed without quoting what was sent.
"""

from __future__ import annotations

from operator import lt

from pk_tui.errors import Malformed
from pk_tui.terms import component_fault
from pk_tui.vault import entries
from pk_tui.vault.chunks import CHUNK, MAX_CHUNKS, MAX_WHOLE, MIN_CHUNKS, chunk_name
from pk_tui.vault.facts import (
    Lookup,
    Share,
    child_digests_of,
    chunks_facts,
    commit_facts,
    directory_facts,
    directory_fault,
    remember_digests,
    share_of,
    total,
)
from pk_tui.vault.history import Commit, parse_commit
from pk_tui.vault.objects import MAX_OBJECT, Facts, Kind, Oid, blob_digest
from pk_tui.vault.splice import Splice, place, spliced, sums

Fields = list[tuple[bytes, bytes, Oid]]
_NOT_IN_ORDER = "A tree is not in order, or has a name twice."


def checked_blob(body: bytes) -> Facts:
    """A secret of at most 1 MiB, or a chunk of a larger one."""
    if len(body) > MAX_WHOLE:
        raise Malformed(f"A secret of {len(body)} bytes was not sent in chunks.")
    return Facts(Kind.BLOB, 0, 0, 1, len(body), blob_digest(body))


def checked_tree(raw: bytes, lookup: Lookup) -> tuple[Facts, list[Oid]]:
    """A directory or a tree of chunks, and the names in it."""
    _check_form(raw)
    rows = entries.fields(raw)
    children = _children(rows, lookup)
    digests = b"".join([child.digest for child in children])
    if rows and rows[0][1][:1] == b"\x01":
        facts = chunks_facts(raw, _chunked_size(rows, children), digests)
    else:
        _check_names(rows)
        facts = _directory(raw, total(_shares(rows, children)), digests)
        remember_digests(facts, digests)
    return facts, [oid for _, _, oid in rows]


def checked_successor(raw: bytes, old_raw: bytes, old: Facts, lookup: Lookup) -> tuple[Facts, list[Oid]]:
    """Like `checked_tree` for a directory that came as a delta of the known directory `old_raw` with the facts `old`.

    Entries that the old directory has too were checked with it. The new one is built from those and the fresh ones in
    git's order; only if that gives `raw`, byte for byte, is it sorted.
    """
    _check_form(raw)
    before, after = entries.split(old_raw), entries.split(raw)
    both = set(before).intersection(after)
    fresh = [entry for entry in after if entry not in both]
    rows = entries.fields(b"".join(fresh))
    _check_names(rows)
    children = _children(rows, lookup)
    come = _shares(rows, children)
    splices = [Splice(at, True) for at, entry in enumerate(before) if entry not in both]
    gone = [share_of(len(entries.name_of(before[at])), lookup(entries.oid_of(before[at]))) for at, *_ in splices]
    for entry, child in zip(fresh, children, strict=True):
        order = entries.order_of(entry)
        splices.append(Splice(place(before, order)[0], False, order, entry, child.digest))
    splices.sort()
    now, digests, _ = spliced(before, child_digests_of(old, before, lookup), splices)
    if b"".join(now) != raw or any(_stands_twice(now, name) for _, name, _ in rows):
        raise Malformed(_NOT_IN_ORDER)
    facts = _directory(raw, sums(old, gone, come, now, lookup), digests)
    remember_digests(facts, digests)
    return facts, list(map(entries.oid_of, now))


def _stands_twice(now: list[bytes], name: bytes) -> bool:
    at, as_secret = place(now, name)
    if as_secret and place(now[at + 1 : at + 2], name)[1]:
        return True
    at, as_directory = place(now, name + b"/")
    return as_directory and (as_secret or place(now[at + 1 : at + 2], name + b"/")[1])


def _children(rows: Fields, lookup: Lookup) -> list[Facts]:
    try:
        return [lookup(oid) for _, _, oid in rows]
    except KeyError as error:
        raise Malformed("A tree names an object that was not sent before it.") from error


def _shares(rows: Fields, children: list[Facts]) -> list[Share]:
    shares: list[Share] = []
    for (mode, name, _), child in zip(rows, children, strict=True):
        if (mode == entries.FILE) != (child.kind is Kind.BLOB) or child.kind is Kind.COMMIT:
            raise Malformed("A tree takes an object for one of another kind.")
        shares.append(share_of(len(name), child))
    return shares


def _directory(raw: bytes, share: Share, digests: bytes) -> Facts:
    fault = directory_fault(len(raw), share)
    if fault:
        raise Malformed(f"A tree is beyond the limits: {fault}.")
    return directory_facts(raw, share, digests)


def _check_form(raw: bytes) -> None:
    if len(raw) > MAX_OBJECT or not entries.is_well_formed(raw):
        raise Malformed("A tree is too large, or has an entry that is neither a secret nor a directory.")


def _check_names(rows: Fields) -> None:
    orders = [name if mode == entries.FILE else name + b"/" for mode, name, _ in rows]
    if not all(map(lt, orders, orders[1:])) or len({name for _, name, _ in rows}) != len(rows):
        raise Malformed(_NOT_IN_ORDER)
    for _, raw_name, _ in rows:
        try:
            fault = component_fault(raw_name.decode())
        except UnicodeDecodeError as error:
            raise Malformed("A tree has a name that is not UTF-8.") from error
        if fault:
            raise Malformed(f"A tree has a name that is not allowed: {fault}.")


def _chunked_size(rows: Fields, children: list[Facts]) -> int:
    if not MIN_CHUNKS <= len(rows) <= MAX_CHUNKS:
        raise Malformed("A large secret has too few or too many chunks.")
    for number, ((mode, name, _), child) in enumerate(zip(rows, children, strict=True)):
        last = number == len(rows) - 1
        if mode != entries.FILE or name != chunk_name(number) or child.kind is not Kind.BLOB:
            raise Malformed("A large secret is not made of chunks alone, in order.")
        if not (1 <= child.size <= CHUNK if last else child.size == CHUNK):
            raise Malformed("A chunk of a large secret has the wrong size.")
    return sum(child.size for child in children)


def checked_commit(raw: bytes, lookup: Lookup) -> tuple[Facts, Commit]:
    """A commit whose tree and parents are known. Whether it may follow them is the caller's question."""
    commit = parse_commit(raw)
    try:
        tree = lookup(commit.tree)
        parents = [lookup(parent.raw) for parent in commit.parents]
    except KeyError as error:
        raise Malformed("A commit names an object that was not sent before it.") from error
    if tree.kind is not Kind.TREE or any(parent.kind is not Kind.COMMIT for parent in parents):
        raise Malformed("A commit takes an object for one of another kind.")
    return commit_facts(raw, tree, parents), commit
