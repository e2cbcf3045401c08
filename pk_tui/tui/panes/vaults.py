"""The vaults pane: a tree of vaults and what is in them, and beside it what the cursor is on. The looking side of it.

It reads the branches that are opened. What is beside the tree, values too, is `vault_side`'s; what changes vaults is done by
`deeds`; the keys, and which verb is refused where, stand in `vault_verbs`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static
from textual.worker import Worker

from pk_tui.api.views import VaultView
from pk_tui.errors import PkError
from pk_tui.terms import SecretPath, VaultId
from pk_tui.tui.live import Noun
from pk_tui.tui.panes.item_side import ItemSide
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.panes.vault_side import NOTICEABLE, Side
from pk_tui.tui.panes.vault_verbs import BINDINGS, deed, refusal, wants_fork
from pk_tui.tui.remedies import reason
from pk_tui.tui.session import Session
from pk_tui.tui.text import sentence, shown
from pk_tui.tui.widgets.filter_line import FilterLine
from pk_tui.tui.widgets.preview import Preview
from pk_tui.tui.widgets.vault_rows import Row, RowKind, Spot, VaultRows
from pk_tui.tui.widgets.vault_tree import VaultTree

NO_VAULTS = Content.assemble(
    Content.styled("No vaults yet\n\n", "bold"),
    "A vault is a set of secrets that is kept encrypted on this node, with all its versions, and shared as a whole.\n\n",
    Content.styled("N", "bold"), "  makes one\n",
    Content.styled("4", "bold"), "  shows what others share with you",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Place:
    cursor: Spot | None
    opened: frozenset[Spot]
    filter: str
    top: int


class VaultsPane(Pane):
    PANE = "vaults"
    TITLE = "Vaults"
    BINDINGS = BINDINGS

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._rows = VaultRows(session.live.name_of)
        self._tree = VaultTree(session.glyphs)
        self._filter = FilterLine()
        self._side = Side(self)
        self._listing: Worker[None] | None = None
        self._wish: Spot | None = None
        """Where the cursor is to go as soon as that row is there."""
        self._top: int | None = None
        """How far the tree was scrolled where the cursor was wished for."""

    def compose(self) -> ComposeResult:
        with Horizontal(id="columns"):
            with Vertical(id="shelf", classes="panel"):
                yield self._tree
                yield Static("", id="nothing", markup=False)
                yield self._filter
            yield self._side

    def on_mount(self) -> None:
        if not self.is_whole:
            return
        # A dialog over this screen leaves it in sight: what is revealed is not to stand behind it.
        self.watch(self.screen, "stack_updates", self._covered, init=False)
        self.refreshed(Noun.VAULTS)

    # What every pane does

    def refreshed(self, noun: Noun) -> None:
        if noun in (Noun.VAULTS, Noun.NODES):
            self._rows.take(self.live.vaults)
            self._show_rows()
            self._list()
            self._look(again=noun is Noun.VAULTS)

    def place(self) -> object:
        row = self._tree.row
        cursor = self._wish or (row.spot if row else None)
        return _Place(cursor, frozenset(self._rows.opened), self._rows.filter, self._tree.scroll_offset.y)

    def restore(self, place: object) -> None:
        if isinstance(place, _Place):
            self._rows.opened = set(place.opened)
            self._wish, self._top = place.cursor, place.top
            self._filter.put(place.filter)
            self._rows.narrow(place.filter)
            self._show_rows()
            self._list()

    def go_to(self, subject: object) -> None:
        match subject:
            case VaultId() as vault:
                spot = Spot(vault)
            case (VaultId() as vault, SecretPath() as path):
                spot = Spot(vault, path.parts)
            case (VaultId() as vault, str() as path):
                spot = Spot(vault, tuple(part for part in path.split("/") if part))
            case _:
                return
        if self._rows.filter:
            self._filter.put("")
            self._rows.narrow("")
        self._rows.take(self.live.vaults)  # what was just made may be known, but not have been told yet
        self._rows.reveal(spot)
        self._wish, self._top = spot, None
        self._show_rows()
        self._list()
        self._come_back()

    def entered(self) -> None:
        self._come_back()
        self._side.resume()

    def left(self) -> None:
        self._side.mask()

    def _covered(self) -> None:
        self.left()
        self._side.resume()

    # The tree

    def _show_rows(self) -> None:
        self._tree.show(self._rows)
        self._follow_wish()
        self.query_one("#shelf").border_title = Content(f"Vaults {len(self.live.vaults)}")
        says = self._nothing()
        self.query_one("#shelf").set_class(says is not None, "-nothing")
        self.set_class(says is NO_VAULTS, "-bare")
        if says is not None:
            self.query_one("#nothing", Static).update(says)

    def _nothing(self) -> Content | None:
        """Why there are no rows, and what to do about it; None if there are."""
        if self._tree.row is not None:
            return None
        if Noun.VAULTS not in self.live.has_read:
            return Content("Reading the vaults…")
        if self._rows.empty:
            return NO_VAULTS
        return sentence("Nothing that was opened here has “$words” in its name.\n\nesc  shows everything again\n"
                        "ctrl+f  searches everything", words=shown(self._rows.filter, 60))  # fmt: skip

    def _follow_wish(self) -> None:
        """Put the cursor where it is wished, or as near as there are rows yet."""
        if self._wish is None:
            return
        if self._tree.put_cursor(self._wish):
            self.call_after_refresh(self._tree.scroll_back, self._top)  # on a new screen nothing has a size yet
            self._wish = self._top = None
            return
        for outer in reversed(list(self._wish.above)):
            if self._tree.put_cursor(outer):
                break
        if self._rows.vault(self._wish.vault) is not None and self._rows.next_unread() is None:
            self._wish = self._top = None  # it is not there

    def _list(self) -> None:
        """Read the branches that are open and were not read yet."""
        if self._listing is None or self._listing.is_finished:
            self._listing = self.run_worker(
                self._read_branches(), name="listing", group="listing", description="listing"
            )

    async def _read_branches(self) -> None:
        while (branch := self._rows.next_unread()) is not None:
            vault = self._rows.vault(branch.vault)
            head = vault.head if vault else None
            slow = self.set_timer(NOTICEABLE, partial(self._is_slow, branch))
            try:
                entries = await self.api.secrets.list(str(branch.vault), branch.path)
            except PkError as error:
                self._rows.failed(branch, head, reason(error))
            else:
                self._rows.listed(branch, head, entries)
            finally:
                slow.stop()
            self._show_rows()
            await asyncio.sleep(0)

    def _is_slow(self, branch: Spot) -> None:
        self._rows.slow.add(branch)
        self._show_rows()

    def on_vault_tree_toggled(self, event: VaultTree.Toggled) -> None:
        self._rows.set_open(event.branch, event.is_open)
        self._show_rows()
        self._list()

    def on_vault_tree_moved(self, event: VaultTree.Moved) -> None:
        if event.by_hand:
            self._wish = self._top = None
        self._look()

    def on_vault_tree_entered(self) -> None:
        self._go_aside(self._side.preview)

    def on_filter_line_narrowed(self, event: FilterLine.Narrowed) -> None:
        event.stop()
        row = self._tree.row
        self._rows.narrow(event.text, row.spot if row else None)
        self._show_rows()
        self._list()

    def on_filter_line_closed(self) -> None:
        self._come_back()

    # What the cursor is on

    def _vault(self) -> VaultView | None:
        row = self._tree.row
        return self._rows.vault(row.spot.vault) if row is not None else None

    def _look(self, again: bool = False) -> None:
        row = self._tree.row
        if row is not None and row.kind is RowKind.NOTE:
            row = self._tree.find(row.spot)
        self._side.look(row, self._rows.vault(row.spot.vault) if row is not None else None, again)

    def action_peek(self, stays: bool = False) -> None:
        self._look()  # the cursor may have moved an instant ago: never the value of the row before
        row = self._tree.row
        if row is None or row.kind is not RowKind.SECRET:
            self.say("Only a secret has a value to show: put the cursor on one.")
            return
        if self.screen.has_class("-short") and not self.has_class("-aside"):
            self._go_aside(self._side.preview)
        self._side.peek(stays)

    def action_copy(self) -> None:
        self._look()
        row = self._tree.row
        if row is None or row.kind is not RowKind.SECRET:
            self.say("Only a secret has a value to copy. C copies where something lies.")
        else:
            self._side.copy()

    def action_copy_user(self) -> None:
        self._look()
        self.do(self._of_item(lambda items: items.copy_user()), "copy user")

    def action_copy_code(self) -> None:
        self._look()
        self.do(self._of_item(lambda items: items.copy_code()), "copy code")

    async def _of_item(self, verb: Callable[[ItemSide], None]) -> None:
        items = await self._side.slots()
        if items is not None:
            verb(items)

    def action_copy_path(self) -> None:
        self._look()
        if self._tree.row is None:
            self.say("There is nothing here to copy the path of.")
        else:
            self._side.copy_path()

    # Other verbs

    def action_deed(self, verb: str) -> None:
        row, vault = self._tree.row, self._vault()
        if self._refused(verb, row, vault):
            return
        self.left()
        slot = self._side.preview.slots.current
        work = deed(verb, self, row, vault, slot.name if slot is not None else None)
        if work is not None:
            self.begin(work, "deed")

    def _refused(self, verb: str, row: Row | None, vault: VaultView | None) -> bool:
        """Say why a verb does nothing here; of a change in a clone, with the way to make it all the same."""
        if row is not None and vault is not None and wants_fork(verb, row, vault):
            from pk_tui.tui.deeds import forking  # when it is needed: it brings its dialogs along

            self.left()
            self.begin(forking.offer(self, vault, row.spot.path), "deed")
            return True
        why = refusal(verb, row, vault, self.live.name_of)
        if why is not None:
            self.say(why)
        return why is not None

    def action_filter(self) -> None:
        self.remove_class("-aside")
        self._filter.open()

    def action_details(self) -> None:
        self._look()
        self._side.more_or_less()
        if self.screen.has_class("-short"):
            self._go_aside(self._side.preview)

    def action_again(self) -> None:
        self._rows.doubt()
        self.do(self._read_again(), "refresh")

    async def _read_again(self) -> None:
        async with self.busy("Reading everything again"):
            await self.live.read(Noun.VAULTS)
        self.refreshed(Noun.VAULTS)

    def action_back(self) -> None:
        """One step: hide the value, else clear the filter, else back to the tree; else it is for others to handle."""
        if self._side.preview.showing.revealed:
            self.left()
            self._side.resume()
        elif self.has_class("-aside") or not self._tree.has_focus:
            self._come_back()
        elif self._rows.filter:
            self._filter.put("")
        else:
            raise SkipAction

    def _go_aside(self, widget: Preview) -> None:
        """To the preview; where there is no room beside the tree, in its place."""
        self.add_class("-aside")
        widget.focus()

    def _come_back(self) -> None:
        self.remove_class("-aside")
        self._tree.focus()
