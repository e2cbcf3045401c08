"""The tree of vaults: draws rows, moves a cursor over them, and tells what the cursor is on and which branch is to open.

Which rows there are is decided elsewhere (`vault_rows`). Rows are kept by what they stand for: when they change, the cursor,
the open branches and the scroll position stay where they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Tree
from textual.widgets._tree import TOGGLE_STYLE, TreeNode

from pk_tui.tui.glyphs import Glyphs
from pk_tui.tui.text import cell
from pk_tui.tui.widgets.vault_rows import Row, RowKind, Spot, VaultRows, fitting

_UNDRAWN = Text("")
"""Labels are drawn when they are seen, so that a branch of thousands of rows opens at once."""
NAME_AT_LEAST = 12
"""Cells that a name keeps before a fact beside it gives way."""

Key = tuple[Spot, RowKind]


def drawn(row: Row, width: int, tones: dict[str, Style], icon: str = "") -> Text:
    """One row in `width` cells: icon and name on the left, facts on the right, whatever is too long cut."""
    name = cell(row.name, 300)
    if row.kind is RowKind.VAULT:
        name.stylize(tones["vault"])
    elif row.kind is RowKind.NOTE:
        name.stylize(tones["dim"])
    room = width - len(icon) - min(name.cell_len, NAME_AT_LEAST)
    text = Text(icon, no_wrap=True, end="")
    facts = Text("")
    for fact in fitting(row.facts, room):
        said = cell(fact.text, 60)
        said.stylize(tones[fact.tone])
        facts.append("  ").append(said)
    name.truncate(max(1, width - len(icon) - facts.cell_len), overflow="ellipsis", pad=True)
    return text.append(name).append(facts)


class VaultTree(Tree[Row], inherit_bindings=False):
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "vault-tree--vault",
        "vault-tree--dim",
        "vault-tree--warning",
        "vault-tree--error",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor_up", "Up", show=False, id="list.up", tooltip="One row up"),
        Binding("down,j", "cursor_down", "Down", show=False, id="list.down", tooltip="One row down"),
        Binding("home,g", "scroll_home", "First", show=False, id="list.first", tooltip="To the first row"),
        Binding("end,G", "scroll_end", "Last", show=False, id="list.last", tooltip="To the last row"),
        Binding(
            "ctrl+d", "half_page(1)", "Half a page down", show=False, id="list.half_down", tooltip="Half a page down"
        ),
        Binding("ctrl+u", "half_page(-1)", "Half a page up", show=False, id="list.half_up", tooltip="Half a page up"),
        Binding("pagedown", "page_down", "Page down", show=False, id="list.page_down", tooltip="One page down"),
        Binding("pageup", "page_up", "Page up", show=False, id="list.page_up", tooltip="One page up"),
        Binding(
            "left,h", "fold", "Fold", show=False, id="list.fold", tooltip="Fold this branch, or go to the one it is in"
        ),
        Binding(
            "right,l", "unfold", "Unfold", show=False, id="list.unfold", tooltip="Unfold this branch, or go into it"
        ),
        Binding("enter", "open", "Open", show=False, id="list.open", tooltip="Fold or unfold, or look at the secret"),
    ]

    class Moved(Message):
        """The cursor is on another row, or what its row says has changed. `by_hand`: somebody moved it."""

        def __init__(self, by_hand: bool) -> None:
            super().__init__()
            self.by_hand = by_hand

    class Toggled(Message):
        """A branch is to be opened or closed."""

        def __init__(self, branch: Spot, is_open: bool) -> None:
            super().__init__()
            self.branch = branch
            self.is_open = is_open

    class Entered(Message):
        """A secret is to be looked at."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(_UNDRAWN, id="tree")
        self._by_key: dict[Key, TreeNode[Row]] = {}
        self._told: Row | None = None
        self._by_hand = True
        self.show_root = False
        self.show_guides = False
        self.guide_depth = 2
        self.auto_expand = False
        self.root._expanded = True
        self._icons = ("> ", "v ") if glyphs.up.isascii() else ("▸ ", "▾ ")

    # What it stands on

    @property
    def row(self) -> Row | None:
        """What the cursor is on."""
        return self.cursor_node.data if self.cursor_node is not None and self.cursor_line >= 0 else None

    def find(self, spot: Spot) -> Row | None:
        """The row of a spot, if it shows."""
        node = self._node_at(spot)
        return node.data if node is not None else None

    def put_cursor(self, spot: Spot) -> bool:
        """False, and nothing happens, if there is no such row."""
        node = self._node_at(spot)
        if node is not None:
            self._by_hand = False
            self._go(node)
            self._by_hand = True
        return node is not None

    def on_resize(self) -> None:
        """What the cursor is on stays in sight, also while a long sentence below takes some of the lines."""
        if self.cursor_line >= 0:
            self.scroll_to_line(self.cursor_line)

    def scroll_back(self, top: int | None) -> None:
        """To where it was scrolled before, as far as the cursor stays in sight."""
        if top is not None:
            self.scroll_to(y=top, animate=False, force=True, immediate=True)
        self.scroll_to_line(self.cursor_line)

    def _go(self, node: TreeNode[Row]) -> None:
        self.last_line  # noqa: B018 - numbers the lines, if that is due
        self.move_cursor(node)

    def _node_at(self, spot: Spot) -> TreeNode[Row] | None:
        kinds = (RowKind.DIRECTORY, RowKind.SECRET) if spot.parts else (RowKind.VAULT,)
        return next((self._by_key[spot, kind] for kind in kinds if (spot, kind) in self._by_key), None)

    # Showing other rows

    def show(self, rows: VaultRows) -> None:
        """Bring the tree to these rows. What is there already stays the same node, and so does what the cursor is on and where
        on the screen that is; if it is gone, the cursor goes to what is nearest."""
        self._by_hand = False
        cursor = self.cursor_node if self.cursor_line >= 0 else None
        near = _nearest(cursor)
        anchor, offset = self._anchor(cursor)
        known, self._by_key = self._by_key, {}
        self._fill(self.root, rows.rows(), rows, known)
        for key in known.keys() - self._by_key.keys():
            self._tree_nodes.pop(known[key].id, None)
        target = next((self._by_key[key] for key in near if key in self._by_key), None)
        if target is None and self.root._children:
            target = self.root._children[0]
        self._invalidate()
        self.last_line  # noqa: B018 - numbers them
        self.cursor_line = -1 if target is None else target.line
        held = self._by_key.get(anchor, target) if anchor is not None else None
        if held is not None:
            self.scroll_to(y=max(0, held.line - offset), animate=False, force=True, immediate=True)
        self._tell()
        self._by_hand = True

    def _fill(self, node: TreeNode[Row], wanted: list[Row], rows: VaultRows, known: dict[Key, TreeNode[Row]]) -> None:
        children = []
        for row in wanted:
            child = known.get(row.key)
            if child is None:
                child = self._add_node(node, _UNDRAWN, row)
                child._allow_expand = row.is_branch
            elif child.data != row:
                child.data = row
                child._updates += 1
            self._by_key[row.key] = child
            if row.is_branch:
                child._expanded = rows.is_open(row.spot)
                self._fill(child, rows.rows(row.spot) if child._expanded else [], rows, known)
            child._parent = node
            children.append(child)
        node._children = children

    def _anchor(self, cursor: TreeNode[Row] | None) -> tuple[Key | None, int]:
        """The row that is to stay where it is on the screen, and how far down that is: the cursor's, or if that is out of
        sight the topmost."""
        top = self.scroll_offset.y
        if cursor is not None and cursor.data is not None and top <= self.cursor_line < top + self.size.height:
            return cursor.data.key, self.cursor_line - top
        first = self.get_node_at_line(top)
        return (first.data.key, 0) if first is not None and first.data is not None else (None, 0)

    def _tell(self) -> None:
        if self.row != self._told:
            self._told = self.row
            self.post_message(self.Moved(self._by_hand))

    def watch_cursor_line(self, previous_line: int, line: int) -> None:
        super().watch_cursor_line(previous_line, line)
        self._tell()

    # Drawing

    def render_label(self, node: TreeNode[Row], base_style: Style, style: Style) -> Text:
        if node.data is None:
            return _UNDRAWN.copy()
        depth = len(node.data.spot.parts) + (node.data.kind is RowKind.NOTE)
        icon = self._icons[node.is_expanded] if node.data.is_branch else "  "
        tones = {
            tone: self.get_component_rich_style(f"vault-tree--{tone}", partial=True)
            for tone in ("vault", "dim", "warning", "error")
        }
        text = drawn(node.data, self.scrollable_content_region.width - depth * self.guide_depth, tones, icon)
        text.stylize_before(style)
        if node.data.is_branch:
            text.stylize(TOGGLE_STYLE, 0, len(icon))
        return text

    def get_label_width(self, node: TreeNode[Row]) -> int:
        """Rows are cut to the width there is, so there is nothing to measure, which for thousands takes long."""
        return 1

    # Moving

    def scroll_to_line(self, line: int, animate: bool = True) -> None:
        super().scroll_to_line(line, animate=False)

    def action_half_page(self, direction: int) -> None:
        self.cursor_line += direction * max(1, self.scrollable_content_region.height // 2)
        self.scroll_to_line(self.cursor_line)

    def action_fold(self) -> None:
        node = self.cursor_node
        if node is None or node.data is None:
            return
        if node.data.is_branch and node.is_expanded:
            self.post_message(self.Toggled(node.data.spot, False))
        elif node.parent is not None and not node.parent.is_root:
            self._go(node.parent)

    def action_unfold(self) -> None:
        node = self.cursor_node
        if node is None or node.data is None or not node.data.is_branch:
            return
        if not node.is_expanded:
            self.post_message(self.Toggled(node.data.spot, True))
        elif node._children:
            self._go(node._children[0])

    def action_open(self) -> None:
        node = self.cursor_node
        if node is None or node.data is None:
            return
        if node.data.is_branch:
            self.post_message(self.Toggled(node.data.spot, not node.is_expanded))
        elif node.data.kind is RowKind.SECRET:
            self.post_message(self.Entered())

    async def _on_click(self, event: events.Click) -> None:
        """A click goes to a row; one on its icon, or a second one, opens it."""
        event.prevent_default()  # Textual's own would fold by itself
        line = event.style.meta.get("line")
        if line is None:
            return
        again = line == self.cursor_line
        self.cursor_line = line
        if again or event.style.meta.get("toggle"):
            self.action_open()


def _nearest(node: TreeNode[Row] | None) -> Iterator[Key]:
    """Where the cursor may go when its row is gone, best first: the row itself, those after it, those before it, then the
    branch that it is in, and so on."""
    beside: list[Key] = []
    while node is not None and node.parent is not None:
        rows = [one.data.key for one in node.parent._children if one.data is not None]
        at = node.parent._children.index(node)
        beside += [*rows[at:], *reversed(rows[:at])]
        node = node.parent
    return iter(beside)
