"""Which panes there are. Each is loaded when it is to be made: the first picture waits only for the one that shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pk_tui.tui.panes.pane import Pane


class PaneKind:
    """`PANE` and `TITLE` as the pane's own, known before it is loaded; `style` is the file of its styles, if it has one."""

    def __init__(self, name: str, title: str, load: Callable[[], type[Pane]], style: str = "") -> None:
        self.PANE, self.TITLE = name, title
        self._load = load
        self.loaded: type[Pane] | None = None
        self.style = Path(__file__).with_name(style).resolve() if style else None

    def load(self) -> type[Pane]:
        """May be called in any thread."""
        self.loaded = self._load()
        return self.loaded


def _vaults() -> type[Pane]:
    from pk_tui.tui.panes.vaults import VaultsPane

    return VaultsPane


def _nodes() -> type[Pane]:
    from pk_tui.tui.panes.nodes import NodesPane

    return NodesPane


def _gestalt() -> type[Pane]:
    from pk_tui.tui.panes.gestalt import GestaltPane

    return GestaltPane


def _notifications() -> type[Pane]:
    from pk_tui.tui.panes.notifications import NotificationsPane

    return NotificationsPane


PANES = (
    PaneKind("vaults", "Vaults", _vaults, "vaults.tcss"),
    PaneKind("nodes", "Nodes", _nodes, "nodes.tcss"),
    PaneKind("gestalt", "Gestalt", _gestalt, "gestalt.tcss"),
    PaneKind("notifications", "Inbox", _notifications, "notifications.tcss"),
)
"""In the order of their tabs."""
