"""A vault's index made anew from its frames, for one whose index was damaged while its frames are whole.

Nothing is taken on trust: names and facts are worked out from the objects themselves, and the result is believed only if the
version that the vault's state names comes out of it with the digest that stands there, which covers all history behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from typing import NamedTuple

from pk_tui.errors import Busy, Corrupt, Malformed
from pk_tui.store.framelayout import DEFLATED, DELTA, RECORD, IndexChain, entry_of, read_record
from pk_tui.store.framestore import FrameStore
from pk_tui.store.vault import VaultFrames
from pk_tui.vault import check
from pk_tui.vault.delta import apply_delta
from pk_tui.vault.objects import Facts, Kind, Oid, git_name

_KINDS = frozenset(map(int, Kind))


class _Record(NamedTuple):
    """Where a record lies, and what object it is once that is known."""

    kind: Kind
    frame: int
    offset: int
    length: int
    base: Oid | None


def rebuild_index(
    vault: VaultFrames, transaction: Callable[[], AbstractContextManager[None]]
) -> Generator[None, None, bool]:
    """Step by step; False, and nothing changed, if the frames do not hold all that the vault's versions need. Raises Busy if the
    vault is changed or rewritten meanwhile."""
    store = vault.frame_store
    with store.alone():
        before = store.chain
        depths: dict[Oid, int] = {}
        records = yield from _objects(store, depths)
        facts = yield from _facts(store, records)
        if not _is_whole(vault, facts):
            return False
        entries = {
            oid: entry_of(known, records[oid].frame, depths[oid], records[oid].offset, records[oid].length)
            for oid, known in facts.items()
        }
        if store.chain != before:
            raise Busy("The vault was changed while its index was made anew. Nothing was lost; try again.")
        with transaction():
            chain = IndexChain(series=store.chain.series + 1)
            vault.take_index(store.write_index(entries, chain))
        vault.damage = None
    return True


def _objects(store: FrameStore, depths: dict[Oid, int]) -> Generator[None, None, dict[Oid, _Record]]:
    """All objects that can be put together, by name. Of two records of one object the first stays, as when it was written."""
    found: dict[Oid, _Record] = {}
    deltas: list[_Record] = []
    for (number,) in store.db.rows("SELECT id FROM frame WHERE vault_id = ? ORDER BY id", (store.row,)):
        try:
            content = store.opened(number)
        except Corrupt:
            continue
        for record in _records(content, number):
            if record.base is not None:
                deltas.append(record)
            else:
                try:
                    body = read_record(content[record.offset : record.offset + record.length])[2]
                except Malformed:
                    continue
                oid = git_name(record.kind, body)
                found.setdefault(oid, record)
                depths.setdefault(oid, 0)
        yield
    progress = True
    while deltas and progress:  # a base may lie behind what builds on it, where frames were gathered anew
        left: list[_Record] = []
        for record in deltas:
            if record.base not in found:
                left.append(record)
                continue
            try:
                oid = git_name(record.kind, _body(store, found, record))
            except (Corrupt, Malformed):
                continue
            if oid not in found:
                found[oid] = record
                depths[oid] = min(depths[record.base] + 1, 0xFF)
            yield
        progress = len(left) < len(deltas)
        deltas = left
    return found


def _records(content: bytes, frame: int) -> list[_Record]:
    found: list[_Record] = []
    offset = 0
    while offset + RECORD.size <= len(content):
        kind, length = RECORD.unpack_from(content, offset)
        end = offset + RECORD.size + length
        bare = kind & ~(DELTA | DEFLATED)
        if end > len(content) or bare not in _KINDS:
            break
        base = content[offset + RECORD.size : offset + RECORD.size + 20] if kind & DELTA else None
        found.append(_Record(Kind(bare), frame, offset, end - offset, base))
        offset = end
    return found


def _body(store: FrameStore, found: dict[Oid, _Record], record: _Record) -> bytes:
    chain: list[bytes] = []
    while True:
        base, raw = store.split(store.frame(record.frame)[record.offset : record.offset + record.length])
        if base is None:
            break
        chain.append(raw)
        record = found[base]
    for step in reversed(chain):
        raw = apply_delta(raw, step)
    return raw


def _facts(store: FrameStore, records: dict[Oid, _Record]) -> Generator[None, None, dict[Oid, Facts]]:
    """The facts of every object whose children are all there."""
    known: dict[Oid, Facts] = {}
    waiting = list(records)
    while waiting:
        left: list[Oid] = []
        for oid in waiting:
            try:
                known[oid] = _facts_of(records[oid].kind, _body(store, records, records[oid]), known)
            except Malformed:  # what it names is not known yet, or never will be
                left.append(oid)
            except Corrupt:
                continue
            yield
        if len(left) == len(waiting):
            break
        waiting = left
    return known


def _facts_of(kind: Kind, body: bytes, known: dict[Oid, Facts]) -> Facts:
    if kind is Kind.BLOB:
        return check.checked_blob(body)
    if kind is Kind.COMMIT:
        return check.checked_commit(body, known.__getitem__)[0]
    return check.checked_tree(body, known.__getitem__)[0]


def _is_whole(vault: VaultFrames, facts: dict[Oid, Facts]) -> bool:
    record = vault.record
    heads = [(record.commit, record.digest)]
    if record.upstream is not None:
        heads.append((record.upstream.commit, record.upstream.digest))
    return all(name in facts for name in record.roots) and all(
        commit in facts and facts[commit].digest == digest for commit, digest in heads
    )
