"""The audit as a list: what was done at this node, newest first, and what is done while one looks. To be read only."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from pk_tui.api.audit import AuditView
from pk_tui.clock import Clock
from pk_tui.errors import PkError
from pk_tui.tui.audit_words import in_full, line
from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.link_words import NameOf
from pk_tui.tui.remedies import reason
from pk_tui.tui.session import Session
from pk_tui.tui.text import ago, counted, shown
from pk_tui.tui.widgets.line_list import LineList

KEPT = 1_000
"""Entries that are shown; `pk-tui audit` tells them all."""
AGES_EVERY = 10.0
_AGE = 6


@dataclass(frozen=True, slots=True)
class Row:
    entry: AuditView

    @property
    def key(self) -> str:
        return str(self.entry.id)


class _Entries(LineList[Row]):
    def __init__(self, clock: Clock, name_of: NameOf) -> None:
        super().__init__("entries", empty=Content.styled("Reading the audit …", "dim"))
        self._clock, self._name_of = clock, name_of

    def draw(self, row: Row, width: int) -> Content:
        age = f"{ago(row.entry.time, self._clock.now()):>{_AGE - 2}}  "
        return Content.assemble(Content.styled(age, "dim"), line(row.entry, self._name_of))


class AuditDialog(Dialog[None]):
    CSS_PATH = ["dialog.tcss", "sigchain.tcss"]  # noqa: RUF012 - so declared by Textual
    heading = Content("Audit of this node")
    first = "entries"

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._rows: list[Row] = []
        """Newest first."""

    def body(self) -> ComposeResult:
        yield _Entries(self._session.clock, self._session.live.name_of)
        yield Static("", id="entry", markup=False)

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [("cancel", "Close  esc", False)]

    def on_mount(self) -> None:
        self.set_interval(AGES_EVERY, self.query_one(_Entries).refresh)
        self.do(self._follow(), "audit")

    async def _follow(self) -> None:
        """What there is, then what comes; from a known entry on, so that none in between is missed."""
        audit, entries = self._session.api.audit, self.query_one(_Entries)
        try:
            found = await audit.list(KEPT)
            entries.empty = Content("Nothing was noted yet.")
            self._take(*found)
            async with audit.follow(found[-1].id if found else 0) as coming:
                async for entry in coming:
                    self._take(entry)
        except PkError as error:
            if self._rows:
                raise
            entries.empty = shown(reason(error), 500, style="$text-error")

    def _take(self, *found: AuditView) -> None:
        """These are newer than all that are there. A cursor on the newest stays on the newest; any other on its entry."""
        entries = self.query_one(_Entries)
        self._rows = [*map(Row, reversed(found)), *self._rows][:KEPT]
        at_top = entries.at == 0 and bool(self._rows)
        entries.show_rows(self._rows, self._rows[0].key if at_top else None)
        more = "+" if len(self._rows) == KEPT else ""
        self.query_one("#dialog").border_subtitle = Content(counted(len(self._rows), "entry", f"entries{more}"))

    @on(LineList.Moved)
    def _moved(self) -> None:
        row = self.query_one(_Entries).current
        self.query_one("#entry", Static).update(Content("") if row is None else in_full(row.entry))
