"""The rows that one vault's frames and index lie in, as the database sees them: sealed, and with nothing opened.

What a row holds, and under which key, is `framestore`'s matter; which of them may go, that of whoever asks.
"""

from __future__ import annotations

from pk_tui.store.database import Database

_SWEEP_ROWS = 64
"""Frames removed in one transaction: at most about 4 MiB, so that the desk is free again soon."""


class FrameRows:
    """Those of the vault with this row."""

    def __init__(self, db: Database, vault: int) -> None:
        self._db = db
        self._vault = vault

    # Looking

    def frames(self) -> set[int]:
        """The ids of all frames, whether the index names them or not."""
        return {number for (number,) in self._db.rows("SELECT id FROM frame WHERE vault_id = ?", (self._vault,))}

    def sizes(self, before_epoch: int | None = None) -> list[tuple[int, int]]:
        """Id and sealed size of every frame, or of those of older epochs than this one."""
        which, values = ("", ()) if before_epoch is None else (" AND epoch < ?", (before_epoch,))
        return self._db.rows(
            f"SELECT id, length(sealed) FROM frame WHERE vault_id = ?{which} ORDER BY id",  # noqa: S608
            (self._vault, *values),
        )

    def measure(self) -> tuple[int, int, int]:
        """How many frames there are, their sealed bytes, and those of the index. The index is not opened for it."""
        frames, size = self._db.rows(
            "SELECT count(*), total(length(sealed)) FROM frame WHERE vault_id = ?", (self._vault,)
        )[0]
        index = self._db.rows("SELECT total(length(sealed)) FROM findex WHERE vault_id = ?", (self._vault,))[0][0]
        return frames, int(size), int(index)

    def has_rows_before(self, epoch: int) -> bool:
        """Whether anything of this vault is sealed under an older epoch than this, visible or not."""
        return any(
            self._db.one(f"SELECT 1 FROM {table} WHERE vault_id = ? AND epoch < ? LIMIT 1", (self._vault, epoch))  # noqa: S608
            for table in ("frame", "findex")
        )

    # Removing

    def remove_frames(self, numbers: list[int]) -> None:
        """Delete frames that nothing names, a few at a time."""
        for start in range(0, len(numbers), _SWEEP_ROWS):
            with self._db.transaction():
                self._db.executemany(
                    "DELETE FROM frame WHERE id = ? AND vault_id = ?",
                    [(number, self._vault) for number in numbers[start : start + _SWEEP_ROWS]],
                )

    def remove_index_rows(self, series: int) -> None:
        """Delete those of every other series than this one, each in a transaction of its own."""
        for number in self.index_rows_beside(series):
            self.remove_index_row(number)

    def index_rows_beside(self, series: int) -> list[int]:
        sql = "SELECT id FROM findex WHERE vault_id = ? AND series <> ? ORDER BY id"
        return [number for (number,) in self._db.rows(sql, (self._vault, series))]

    def remove_index_row(self, number: int) -> None:
        with self._db.transaction():
            self._db.execute("DELETE FROM findex WHERE id = ? AND vault_id = ?", (number, self._vault))

    def remove_all(self) -> None:
        """All that is left of a vault whose keys are gone, in short steps; the vault's own row last."""
        for table in ("frame", "findex"):
            todo = True
            while todo:
                with self._db.transaction():
                    sql = f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE vault_id = ? LIMIT {_SWEEP_ROWS})"  # noqa: S608
                    todo = self._db.execute(sql, (self._vault,)).rowcount > 0
        with self._db.transaction():
            self._db.execute("DELETE FROM vault WHERE id = ?", (self._vault,))
