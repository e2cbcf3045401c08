"""Every row looked at where it lies, and what is wrong with it said by kind. Nothing is changed.

A row that does not open at its place was altered, or it is another one that was put there (moved); which of the two is found
out by trying it at the places of the others. What the objects in the rows must be is left to others.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pk_tui.store.database import Database
from pk_tui.store.framestore import FrameStore
from pk_tui.store.ledger import Ledger, Part
from pk_tui.store.shelf import Number, ShelfRoom

MAX_TRIES = 20_000
"""Places tried in one survey for rows that do not open at theirs: some seconds at most."""
_SHELVES = {
    Number.CONTACTS: "a contact",
    Number.ISSUED_GRANTS: "a right that was given",
    Number.RECEIVED_GRANTS: "a right that was received",
    Number.INBOX: "a notification in the inbox",
    Number.REQUESTS: "a request",
    Number.OUTBOX: "a notification in the outbox",
    Number.SEEN: "the memory of notifications that came",
    Number.SERVED: "the memory of what others were given",
    Number.SETTINGS: "a setting",
}


class Damage(StrEnum):
    """What can be wrong with something stored. `check` tells these words."""

    MISSING = "missing"
    ALTERED = "altered"
    EXTRA = "extra"
    DANGLING = "dangling"
    MOVED = "moved"
    WRONG_KIND = "wrong kind"
    ROLLED_BACK = "rolled back"


@dataclass(frozen=True, slots=True)
class Finding:
    damage: Damage
    says: str


@dataclass(frozen=True, slots=True)
class RowFinding:
    """`number`: of the frame; None for a row of the index."""

    damage: Damage
    says: str
    number: int | None = None


# The small rows


def survey_small(db: Database, ledger: Ledger, room: ShelfRoom) -> Iterator[Finding]:
    odd, more, adds_up = ledger.audit()
    named = False
    for part, row in odd:
        named = True
        match part:
            case Part.SHELF:
                yield _shelf_row(db, room, row)
            case Part.VAULT_STATE:
                yield Finding(Damage.ALTERED, f"The state of the vault in row {row} is not the one that was counted.")
            case _:
                yield Finding(Damage.ALTERED, "A vault's key is not the one that was counted.")
    if adds_up:
        return
    if more < 0:
        yield Finding(Damage.MISSING, f"{_rows(-more)} of the node's records: the ledger counted more.")
    elif more > 0:
        yield Finding(Damage.EXTRA, f"{_rows(more)} among the node's records that the ledger did not count.")
    elif not named:
        yield Finding(
            Damage.ALTERED,
            "The node's own facts, its key slots or a mark were altered, or records were put back as they once were: there are "
            "as many as the ledger counted, and their sum is another one.",
        )


def _shelf_row(db: Database, room: ShelfRoom, row: int) -> Finding:
    number, rk, gen, sealed = db.rows("SELECT number, rk, gen, sealed FROM shelf WHERE rowid = ?", (row,))[0]
    what = next((words for shelf, words in _SHELVES.items() if shelf == number), "a record")
    if isinstance(sealed, bytes):
        for place in db.rows("SELECT number, rk, gen FROM shelf WHERE rowid <> ? LIMIT ?", (row, MAX_TRIES)):
            if room.fits(place[0], place[1], place[2], sealed):
                return Finding(Damage.MOVED, f"In the place of {what} lies another record.")
    if room.fits(number, rk, gen, sealed):
        return Finding(Damage.ALTERED, f"The mark of {what} was altered; the record itself is whole.")
    return Finding(Damage.ALTERED, f"The record of {what} does not open.")


def _rows(number: int) -> str:
    return "One row" if number == 1 else f"{number} rows"


# Frames and index


class Tries:
    """How many places may still be tried."""

    def __init__(self) -> None:
        self.left = MAX_TRIES

    def one(self) -> bool:
        self.left -= 1
        return self.left >= 0


def survey_index(
    store: FrameStore, others: Sequence[FrameStore], tries: Tries
) -> Generator[None, None, list[RowFinding]]:
    """What is wrong with a vault's index rows; step by step. Whether the index is the whole truth, loading it says."""
    expected = store.chain
    found: list[RowFinding] = []
    chain = type(expected)(series=expected.series)
    rows = store.db.rows(
        "SELECT id, epoch, sealed FROM findex WHERE vault_id = ? AND series = ? ORDER BY id",
        (store.row, expected.series),
    )
    for number, epoch, sealed in rows:
        if store.fits("findex", epoch, number, sealed):
            chain = chain.extended(number, sealed)
        else:
            damage = _why("findex", store, others, epoch, sealed, tries)
            found.append(RowFinding(damage, f"A part of the index {_is(damage)}."))
        yield
    if store.chain != expected:
        return []  # it was changed meanwhile, by a commit that would not have been made on a damaged one
    if len(rows) < expected.rows:
        found.append(RowFinding(Damage.MISSING, f"{_rows(expected.rows - len(rows))} of the index."))
    elif len(rows) > expected.rows and not found:
        found.append(RowFinding(Damage.EXTRA, f"{_rows(len(rows) - expected.rows)} in the index too many."))
    elif chain != expected and not found:
        found.append(RowFinding(Damage.ROLLED_BACK, "Rows of the index were put back as they once were."))
    return found


def survey_frames(
    store: FrameStore, others: Sequence[FrameStore], tries: Tries
) -> Generator[None, None, list[RowFinding]]:
    """What is wrong with the frames that the index names, and which there are besides; step by step. The result is of the last
    step: what was written or rewritten meanwhile is not taken for damage. Raises Corrupt if the index does not load."""
    suspect: list[int] = []
    for number in sorted(_named(store)):
        if _frame_fault(store, number) is not None:
            suspect.append(number)
        yield
    named = _named(store)
    found: list[RowFinding] = []
    for number in suspect:
        row = _frame_fault(store, number) if number in named else None
        if row is None:
            continue
        if row.damage is Damage.ALTERED:
            epoch, sealed = store.db.rows("SELECT epoch, sealed FROM frame WHERE id = ?", (number,))[0]
            damage = _why("frame", store, others, epoch, sealed, tries)
            row = RowFinding(damage, f"The frame it lies in {_is(damage)}", number)
        found.append(row)
    if store.is_settled:
        there = {number for (number,) in store.db.rows("SELECT id FROM frame WHERE vault_id = ?", (store.row,))}
        for number in sorted(there - named):
            found.append(RowFinding(Damage.EXTRA, "A frame that the index does not name", number))
    return found


def _named(store: FrameStore) -> set[int]:
    return set(store.in_frames(list(store)))


def _frame_fault(store: FrameStore, number: int) -> RowFinding | None:
    row = store.db.one("SELECT vault_id, epoch, sealed FROM frame WHERE id = ?", (number,))
    if row is None:
        return RowFinding(Damage.MISSING, "The frame it lies in is gone", number)
    if row[0] != store.row:
        return RowFinding(Damage.MOVED, "The frame it lies in was put into another vault", number)
    if not store.fits("frame", row[1], number, row[2]):
        return RowFinding(Damage.ALTERED, "The frame it lies in does not open", number)
    return None


def survey_strays(db: Database) -> Iterator[Finding]:
    """Rows of vaults that are not there."""
    for table, what in (("frame", "frame"), ("findex", "index row")):
        row = db.one(f"SELECT count(*) FROM {table} WHERE vault_id NOT IN (SELECT id FROM vault)")  # noqa: S608
        if row and row[0]:
            yield Finding(Damage.EXTRA, f"{_rows(row[0])} ({what}) of a vault that is not there.")


def _why(
    table: str, store: FrameStore, others: Sequence[FrameStore], epoch: object, sealed: object, tries: Tries
) -> Damage:
    """Of a row that does not open at its place: MOVED if it opens at another one, ALTERED if not."""
    if not isinstance(sealed, bytes):
        return Damage.ALTERED
    for one in (store, *others):
        for (number,) in one.db.rows(f"SELECT id FROM {table} ORDER BY id LIMIT ?", (MAX_TRIES,)):  # noqa: S608
            for other_epoch in one.epochs:
                if not tries.one():
                    return Damage.ALTERED
                if one.fits(table, other_epoch, number, sealed):
                    return Damage.MOVED
    return Damage.ALTERED


def _is(damage: Damage) -> str:
    return "is one that belongs elsewhere" if damage is Damage.MOVED else "does not open"
