"""The strip below the table of nodes: all there is to say of the selected one, in sentences; opened, it takes more room."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from pk_tui.api.views import SharedView, VaultView
from pk_tui.clock import Instant
from pk_tui.tui.node_rows import NodeRow
from pk_tui.tui.node_words import lines_about, name_or_short
from pk_tui.tui.widgets.telling import Telling


class NodeStrip(Telling):
    def show(
        self, row: NodeRow | None, shared: Sequence[SharedView], clones: Sequence[VaultView], now: Instant
    ) -> None:
        """`shared`: vaults of ours that it may clone; `clones`: our clones of its vaults."""
        if row is None:
            self.tell(Content(""), [])
            return
        self.tell(name_or_short(row.node_id, row.name), lines_about(row, shared, clones, now))
