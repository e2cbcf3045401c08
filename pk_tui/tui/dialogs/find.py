"""Find anything by a part of its name: vaults, directories, secrets, nodes. Answers with its place.

Secrets are found by their paths, titles, tags and user names, which the agent is asked for with every key; a newer key calls off
what an older one asked. Values are searched on a key of its own, once, for what is typed then.
"""

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

from pk_tui.errors import PkError
from pk_tui.safe_text import safe_text
from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.name_index import BEST, Hit, Place, merged
from pk_tui.tui.remedies import reason
from pk_tui.tui.session import Session
from pk_tui.tui.text import counted, shown

SLICE = 0.008
"""Seconds of searching before keys and other work have their turn."""
KIND_WIDTH = 11
TYPED_AT_MOST = 60
NO_LETTERS = "Some letters in their order find a name: dbpw finds db/prod-web."


def row(hit: Hit, width: int) -> Content:
    """`secret     work:db/prod-password`, what was typed marked; a long name loses its beginning. Behind it, by what else it was
    found: `tag “money”`."""
    kind = Content.styled(f"{hit.of.kind:<{KIND_WIDTH}}", "dim")
    room = max(1, width - KIND_WIDTH)
    by = _by(hit, room // 2)
    name = _marked(hit.text, hit.at, max(1, room - by.cell_length))
    return Content.assemble(kind, name, by)


def _by(hit: Hit, room: int) -> Content:
    if not hit.what:
        return Content("")
    if not hit.label:
        return Content.styled(f"  in its {hit.what}", "dim")
    before, after = f"  {hit.what} “", "”"
    text = _marked(hit.label, hit.label_at, max(1, room - len(before) - len(after)))
    return Content.assemble((before, "dim"), text, (after, "dim"))


def _marked(text: str, at: Sequence[int], room: int) -> Content:
    """The end of a text, as much as there is room for, with some of its characters marked."""
    safe = safe_text(text, 2000)
    if safe != text:  # escaped, so that places are other places
        at = ()
    cut = 0
    if cell_len(safe) > room:
        used = 1
        cut = len(safe)
        while cut > 0 and (used := used + cell_len(safe[cut - 1])) <= room:
            cut -= 1
    marked = Content(safe[cut:])
    for place in at:
        if place >= cut:
            marked = marked.stylize("bold $accent", place - cut, place - cut + 1)
    return Content.assemble("…", marked) if cut else marked


class FindDialog(Dialog[Place]):
    CSS_PATH = "find.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", "Down", show=False, id="find.down", tooltip="To the next name"),
        Binding("up", "move(-1)", "Up", show=False, id="find.up", tooltip="To the name before"),
        Binding("pagedown", "move(10)", show=False, id="find.page_down", tooltip="Ten names further"),
        Binding("pageup", "move(-10)", show=False, id="find.page_up", tooltip="Ten names back"),
        Binding("f3", "values", "Values", show=False, id="find.values", tooltip="Also look into the values, this once"),
    ]
    first = "typed"
    heading = Content("Find")

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._rows: list[Hit] = []
        self._reading = "names"
        """What is still being read; empty once everything is."""
        self._shown_for: str | None = None
        """What was typed for the rows that show."""
        self._values = ""
        """What is being looked for, or was found, in values."""
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
        return [
            ("cancel", "Cancel  esc", False),
            ("values", "Look into values  f3", False),
            ("go", "Go there  enter", False),
        ]

    def on_mount(self) -> None:
        self._session.names.take(self._session.live.vaults, self._session.live.nodes)
        self.call_after_refresh(self._look)
        self.do(self._read(), "read names")

    async def _read(self) -> None:
        """Wait until the agent knows all names. What it knows so far can be found meanwhile, and is searched again then."""
        api, names = self._session.api, self._session.names
        if await names.check_chosen(api) and not self._typed.strip():
            self._look(keep=self._highlighted())
        await api.secrets.find("", hurry=True)
        self._reading = "titles, tags and user names"
        self._count()
        await api.secrets.find("")
        self._reading = ""
        damaged = [vault.name for vault in self._session.live.vaults if vault.damaged is not None]
        if damaged:
            self.wrong(Content.assemble("Damaged, so not all in them is found: ", shown(", ".join(damaged), 300)))
        self._look(keep=self._highlighted())

    @property
    def _typed(self) -> str:
        return self.query_one("#typed", Input).value

    # Searching

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._enter_waits = False
        self._values = ""
        self._look()

    def action_values(self) -> None:
        """Search for what is typed in values too: this term, this once."""
        if self._typed.strip():
            self._values = self._typed
            self._count(looking=True)
            self._look(keep=self._highlighted())

    def _look(self, keep: Place | None = None) -> None:
        """A newer look ends an older one. `keep`: what stays highlighted, if it is found again."""
        typed = self._typed

        async def search_it() -> None:  # given as it is, uncalled: of fast keys most are called off before they begin
            try:
                await self._search(typed, keep)
            except PkError as error:
                self.wrong(shown(reason(error), 500))

        _: Worker[None] = self.run_worker(
            search_it, name="search", group="search", description="search", exclusive=True
        )

    async def _search(self, typed: str, keep: Place | None) -> None:
        if not typed.strip():
            self._show(typed, self._session.names.chosen(), keep)
            return
        clock = self._session.clock
        steps = self._session.names.search_local(typed)
        until = clock.elapsed() + SLICE
        while True:
            try:
                next(steps)
            except StopIteration as end:
                local: list[Hit] = end.value
                break
            if clock.elapsed() >= until:
                await asyncio.sleep(0)
                until = clock.elapsed() + SLICE
        found = await self._session.api.secrets.find(
            typed, values=self._values == typed, limit=BEST, directories=True, hurry=True
        )
        self._show(typed, merged(typed, local, found), keep)

    def _show(self, typed: str, hits: list[Hit], keep: Place | None) -> None:
        found = self.query_one("#found", OptionList)
        width = (found.scrollable_content_region.width or 64) - 1
        self._rows = hits
        found.set_options([Option(row(hit, width)) for hit in hits])
        places = [hit.of for hit in hits]
        found.highlighted = None if not places else places.index(keep) if keep in places else 0
        self._shown_for = typed
        self._count()
        if self._enter_waits:
            self._enter_waits = False
            self._choose()

    def _count(self, looking: bool = False) -> None:
        live = self._session.live
        total = (
            f"{counted(sum(vault.secrets for vault in live.vaults), 'secret')} in {counted(len(live.vaults), 'vault')}"
        )
        count = len(self._rows)
        typed = (self._shown_for or "").strip()
        in_values = bool(self._values) and self._values == self._shown_for
        values = "Values were searched too." if in_values else "Values are not searched; f3 does that."
        if looking:
            says = f"Looking into the values of {total} …"
        elif not typed:
            says = f"Chosen last, of {total}" if count else f"{total}. {NO_LETTERS}"
        elif not count:
            says = f"Nothing among {total} has these letters in this order. {values}"
        else:
            says = f"{'The best ' if count >= BEST else ''}{count} among {total}. {values}"
        if self._reading:
            says += f"\nStill reading {self._reading}."
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
        if button == "values":
            self.action_values()
        else:
            self._choose()

    def _choose(self) -> None:
        if self._shown_for != self._typed:
            self._enter_waits = True  # what is highlighted belongs to fewer letters than were typed
            return
        at = self.query_one("#found", OptionList).highlighted
        if at is not None and at < len(self._rows):
            self._session.names.choose(self._rows[at])
            self.dismiss(self._rows[at].of)

    def _highlighted(self) -> Place | None:
        at = self.query_one("#found", OptionList).highlighted
        return self._rows[at].of if at is not None and at < len(self._rows) else None
