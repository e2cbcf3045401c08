"""What exists while the node is open: the way to it, what is known of it, and what runs. Ends with the full lock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pk_tui.api.facade import AgentApi
from pk_tui.api.front import Front, Playground, Situation
from pk_tui.clock import Clock
from pk_tui.terms import NodeId
from pk_tui.tui.clipboard import Clipboard
from pk_tui.tui.glyphs import Glyphs
from pk_tui.tui.live import Live
from pk_tui.tui.settings import Settings
from pk_tui.tui.transfers import Transfers
from pk_tui.tui.undo import Undo

if TYPE_CHECKING:
    from pk_tui.tui.name_index import NameIndex


@dataclass(slots=True)
class Session:
    api: AgentApi
    live: Live
    transfers: Transfers
    clipboard: Clipboard
    clock: Clock
    glyphs: Glyphs
    front: Front
    situation: Situation
    settings: Settings
    playground: Playground | None = None
    undo: Undo = field(default_factory=Undo)
    """What was changed in this window."""
    forks_shown: set[NodeId] | None = None
    """Nodes whose two histories were shown in this window, or were known when it was opened; None before that is known."""
    places: dict[str, object] = field(default_factory=dict)
    """Where each pane stood when the screen was locked, by the pane's id; what is in it is the pane's own affair."""
    _names: NameIndex | None = field(default=None, init=False)

    @property
    def names(self) -> NameIndex:
        """What there is to find by name."""
        if self._names is None:
            from pk_tui.tui.name_index import NameIndex  # the first picture needs none

            self._names = NameIndex()
        return self._names
