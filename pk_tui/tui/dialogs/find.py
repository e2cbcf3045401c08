"""Find anything by a part of its name: vaults, directories, secrets, nodes. Answers with its place; values are not searched."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option
from textual.worker import Worker

from pk_tui.safe_text import safe_text
from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.fuzzy import Match, search
from pk_tui.tui.name_index import Named, Place
from pk_tui.tui.session import Session
from pk_tui.tui.text import counted, shown

SLICE = 0.008
"""Seconds of searching before keys and other work have their turn."""
KIND_WIDTH = 11
TYPED_AT_MOST = 60
NO_LETTERS = "Some letters in their order find a name: dbpw finds db/prod-web."


def row(name: Named, at: Sequence[int], width: int) -> Content:
    """`secret     work:db/prod-password`, what was typed marked; a long name loses its beginning."""
    kind = Content.styled(f"{name.of.kind:<{KIND_WIDTH}}", "dim")
    text = safe_text(name.text, 2000)
    if text != name.text:  # escaped, so that places are other places
        at = ()
    cut = 0
    room = max(1, width - KIND_WIDTH)
    if cell_len(text) > room:
        used = 1
        cut = len(text)
        while cut > 0 and (used := used + cell_len(text[cut - 1])) <= room:
            cut -= 1
    marked = Content(text[cut:])
    for place in at:
        if place >= cut:
            marked = marked.stylize("bold $accent", place - cut, place - cut + 1)
    return Content.assemble(kind, "…" if cut else "", marked)


class FindDialog(Dialog[Place]):
    CSS_PATH = "find.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", "Down", show=False, id="find.down", tooltip="To the next name"),
        Binding("up", "move(-1)", "Up", show=False, id="find.up", tooltip="To the name before"),
        Binding("pagedown", "move(10)", show=False, id="find.page_down", tooltip="Ten names further"),
        Binding("pageup", "move(-10)", show=False, id="find.page_up", tooltip="Ten names back"),
    ]
    first = "typed"
    heading = Content("Find")

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._names: list[Named] = []
        self._rows: list[Named] = []
        self._reading: tuple[int, int] | None = (0, 0)
        self._shown_for: str | None = None
        """What was typed for the rows that show."""
        self._enter_waits = False

    def body(self) -> ComposeResult:
        yield Input(
            id="typed", compact=True, max_length=TYPED_AT_MOST, placeholder="part of a name", select_on_focus=False
        )
        found = OptionList(id="found", markup=False, compact=True)
        found.can_focus = False  # the keys stay with what is typed
        yield found
        yield Static(Content(NO_LETTERS), id="count", markup=False)

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [("cancel", "Cancel  esc", False), ("go", "Go there  enter", False)]

    def on_mount(self) -> None:
        self._names = self._session.names.names()
        self.call_after_refresh(self._look)
        self.do(self._read(), "read names")

    async def _read(self) -> None:
        """What is not known yet. What is found so far can be searched meanwhile, and is searched again with the rest."""
        index, live = self._session.names, self._session.live
        await index.refresh(self._session.api, live.vaults, live.nodes, self._step)
        self._reading = None
        self._names = index.names()
        if index.unread:
            self.wrong(Content.assemble("Not read, so not found here: ", shown(", ".join(index.unread), 300)))
        self._look(keep=self._highlighted())

    def _step(self, done: int, of: int) -> None:
        self._reading = (done, of)
        self._names = self._session.names.names()
        self._count()

    # Searching

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._enter_waits = False
        self._look()

    def _look(self, keep: Place | None = None) -> None:
        """A newer look ends an older one. `keep`: what stays highlighted, if it is found again."""
        typed = self.query_one("#typed", Input).value

        async def search_it() -> None:  # given as it is, uncalled: of fast keys most are called off before they begin
            await self._search(typed, keep)

        _: Worker[None] = self.run_worker(
            search_it, name="search", group="search", description="search", exclusive=True
        )

    async def _search(self, typed: str, keep: Place | None) -> None:
        if not typed.strip():
            self._show(typed, [Match(name, 0, ()) for name in self._session.names.chosen()], keep)
            return
        clock = self._session.clock
        steps = search(typed, self._names)
        until = clock.elapsed() + SLICE
        while True:
            try:
                next(steps)
            except StopIteration as end:
                matches: list[Match[Place]] = end.value
                break
            if clock.elapsed() >= until:
                await asyncio.sleep(0)
                until = clock.elapsed() + SLICE
        self._show(typed, matches, keep)

    def _show(self, typed: str, matches: list[Match[Place]], keep: Place | None) -> None:
        found = self.query_one("#found", OptionList)
        width = (found.scrollable_content_region.width or 64) - 1
        self._rows = [match.name for match in matches]
        found.set_options([Option(row(match.name, match.at, width)) for match in matches])
        places = [name.of for name in self._rows]
        found.highlighted = None if not places else places.index(keep) if keep in places else 0
        self._shown_for = typed
        self._count()
        if self._enter_waits:
            self._enter_waits = False
            self._choose()

    def _count(self) -> None:
        count = len(self._rows)
        total = counted(len(self._names), "name")
        if self._reading is not None:
            done, of = self._reading
            says = f"Reading names: {done} of {counted(of, 'vault')}" if of else "Reading names"
        elif not (self._shown_for or "").strip():
            says = f"Chosen last, of {total}" if count else f"{total}. {NO_LETTERS}"
        elif not count:
            says = f"No name among {total} has these letters in this order. Values are not searched."
        else:
            says = f"The best {count} of {total}" if count >= 50 else f"{count} of {total}"
        self.query_one("#count", Static).update(Content(says))

    # Choosing

    def action_move(self, by: int) -> None:
        found = self.query_one("#found", OptionList)
        if found.option_count:
            found.highlighted = min(max((found.highlighted or 0) + by, 0), found.option_count - 1)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._choose()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._choose()

    def chosen(self, button: str) -> None:
        self._choose()

    def _choose(self) -> None:
        if self._shown_for != self.query_one("#typed", Input).value:
            self._enter_waits = True  # what is highlighted belongs to fewer letters than were typed
            return
        place = self._highlighted()
        if place is not None:
            self._session.names.choose(place)
            self.dismiss(place)

    def _highlighted(self) -> Place | None:
        at = self.query_one("#found", OptionList).highlighted
        return self._rows[at].of if at is not None and at < len(self._rows) else None
