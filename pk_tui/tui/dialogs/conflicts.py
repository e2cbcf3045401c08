"""The secrets that were changed on both sides of a merge: both values compared on request, and for each (or all that are left)
which one stays. Deciding is done by a function that is given; what is decided leaves the list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from pk_tui.api.views import ConflictView, Take, VaultView
from pk_tui.clock import Instant
from pk_tui.errors import PkError
from pk_tui.terms import CommitId, SecretPath
from pk_tui.tui.compared import compared
from pk_tui.tui.conflict_words import TAKEN, effect, effect_on_all, sides
from pk_tui.tui.dialogs.confirm import ConfirmDialog
from pk_tui.tui.dialogs.peeking import PeekingDialog, Seen
from pk_tui.tui.reading import SHOWN_AT_MOST, is_text, read_as_text
from pk_tui.tui.remedies import reason
from pk_tui.tui.session import Session
from pk_tui.tui.text import ago, counted, moment, sentence, shown, size
from pk_tui.tui.widgets.line_list import LineList
from pk_tui.tui.widgets.vault_details import NAME_OF, laid_out

Resolve = Callable[[Sequence[SecretPath], Take], Awaitable[int]]
"""Decides these, all or none, and says how many it decided: the others were decided elsewhere, and wait no more either."""
_KEYS = {Take.OURS: "o", Take.THEIRS: "t", Take.BOTH: "b"}


@dataclass(frozen=True, slots=True)
class _Waiting:
    conflict: ConflictView

    @property
    def key(self) -> str:
        return str(self.conflict.path)


class _Conflicts(LineList[_Waiting]):
    def __init__(self, now: Instant, name_of: NAME_OF) -> None:
        super().__init__("conflicts", empty=Content.styled("Reading the conflicts…", "dim"))
        self._now, self._name_of = now, name_of

    def draw(self, row: _Waiting, width: int) -> Content:
        """`db/password   3h  you changed it, bob deleted it`; the path gives way where there is no room."""
        one = row.conflict
        past = ago(one.time, self._now)
        what = Content.assemble(Content.styled(f"  {past}  " if past != "now" else "  just now  ", "dim"),
                                Content.styled(sides(one, self._name_of(one.node)).plain, "dim"))  # fmt: skip
        path = shown(row.key, 1100)
        room = max(width // 3, width - what.cell_length)
        path = path.truncate(room, ellipsis=True)
        return Content.assemble(path, " " * max(0, room - path.cell_length), what)


class ConflictsDialog(PeekingDialog[Counter[Take]]):
    """Answers how many were decided in which way, if any was; `waiting` says how many are left."""

    CSS_PATH = ["dialog.tcss", "history.tcss", "conflicts.tcss"]  # noqa: RUF012 - so declared by Textual
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "take('ours')", "Ours", id="conflicts.ours", tooltip="Ours stays"),
        Binding("t", "take('theirs')", "Theirs", id="conflicts.theirs", tooltip="Theirs is taken"),
        Binding("b", "take('both')", "Both", id="conflicts.both", tooltip="Ours stays, theirs is kept beside it"),
        Binding("O", "all('ours')", "Ours in all", id="conflicts.all_ours", tooltip="Ours stays in all that are left"),
        Binding(
            "T", "all('theirs')", "Theirs in all", id="conflicts.all_theirs", tooltip="Theirs in all that are left"
        ),
        Binding("B", "all('both')", "Both in all", id="conflicts.all_both", tooltip="Keep both in all that are left"),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-slim"), (76, "-broad")]  # noqa: RUF012 - so declared by Textual
    VERTICAL_BREAKPOINTS = [(0, "-low"), (22, "-high")]  # noqa: RUF012 - so declared by Textual
    first = "conflicts"

    def __init__(self, session: Session, vault: VaultView, resolve: Resolve) -> None:
        super().__init__(session)
        self.heading = sentence("Changed on both sides: $vault", vault=shown(vault.name, 50))
        self._vault = str(vault.vault_id)
        self._resolve = resolve
        self._name_of = session.live.name_of
        self._list = _Conflicts(session.clock.now(), session.live.name_of)
        self._decided: Counter[Take] = Counter()
        self._busy = False
        self._ends = False
        """True once it is to be closed, as soon as what is being decided is."""

    def body(self) -> ComposeResult:
        yield self._list
        yield Static("", id="ways", markup=False)
        yield self.view

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [
            ("cancel", "Close  esc", False),
            ("peek", "Compare  space", False),
            ("ours", "Ours  o", False),
            ("theirs", "Theirs  t", False),
            ("both", "Both  b", False),
        ]

    def on_mount(self) -> None:
        self.view.display = False
        self.do(self._read(), "conflicts")

    @property
    def waiting(self) -> int:
        return len(self._list.rows)

    async def _read(self) -> None:
        try:
            found = await self.session.api.vaults.conflicts(self._vault)
        except PkError as error:
            self._list.empty = shown(reason(error), 500, style="$text-error")
            return
        self._list.empty = Content("No conflict waits here any more.")
        self._list.show_rows([_Waiting(one) for one in found])
        self._look()

    def _look(self) -> None:
        row = self._list.current
        self.view.display = row is not None
        self.query_one("#dialog").border_subtitle = Content(f"{counted(self.waiting, 'conflict')} left")
        self.query_one("#ways", Static).update(self._ways(row.conflict) if row is not None else Content(""))

    def _ways(self, one: ConflictView) -> Content:
        """Who did what and when, and what each key would do."""
        who = self._name_of(one.node)
        width = self.query_one("#ways", Static).content_size.width or 70
        first = Content("\n").join(sentence("$sides, $when", sides=sides(one, who), when=moment(one.time)).wrap(width))
        ways = [(f"{_KEYS[take]} {TAKEN[take]}", effect(one, take, who)) for take in Take]
        last = [("O T B", Content("the same for all that are left"))] if self.waiting > 1 else []
        return Content.assemble(first, "\n", laid_out([*ways, *last], width))

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._look)

    @on(LineList.Moved)
    def _moved(self) -> None:
        self.wrong("")
        self.mask()
        self._look()
        self._list.scroll_visible(animate=False)

    @on(LineList.Chosen)
    def _chosen(self) -> None:
        self.action_peek()

    def chosen(self, button: str) -> None:
        if button == "peek":
            self.action_peek()
        else:
            self.action_take(button)

    # Deciding

    def action_take(self, how: str) -> None:
        row = self._list.current
        if row is not None and not self._busy:
            self.mask()
            self._busy = True
            self.do(self._decide([row.conflict.path], Take(how)), "deciding")

    def action_all(self, how: str) -> None:
        if self._list.rows and not self._busy:
            self.mask()
            self._busy = True
            self.do(self._decide_all(Take(how)), "deciding")

    async def _decide_all(self, take: Take) -> None:
        paths = [row.conflict.path for row in self._list.rows]
        if len(paths) > 1:
            heading = Content(
                f"Take {TAKEN[take]} in all {counted(len(paths), 'conflict')}?".replace("Take both", "Keep both")
            )
            yes = "Keep both" if take is Take.BOTH else f"Take {TAKEN[take]}"
            question = ConfirmDialog(heading, Content(effect_on_all(take)), yes, dangerous=False)
            if not await self.app.push_screen_wait(question):
                self._busy = False
                return
        await self._decide(paths, take)

    async def _decide(self, paths: Sequence[SecretPath], take: Take) -> None:
        gone: set[SecretPath] = set()
        try:
            decided = await self._resolve(paths, take)
            gone.update(paths)
        finally:
            self._busy = False
            self._list.show_rows([row for row in self._list.rows if row.conflict.path not in gone])
            self._look()
        if decided:
            self._decided[take] += decided
        if self._ends or not self._list.rows:
            self._close()
        else:
            self.wrong("")

    def action_call_off(self) -> None:
        """What is being decided is seen through."""
        if self._busy:
            self._ends = True
        else:
            self._close()

    def _close(self) -> None:
        self.dismiss(self._decided or None)

    # Comparing

    async def value(self) -> Seen | None:
        row = self._list.current
        if row is None:
            return Seen(why_not="nothing waits")
        one = row.conflict
        sides = [await self._side(commit, one.path) for commit in (one.ours, one.theirs)]
        for side in sides:
            if side is not None and side.why_not is not None:
                return side
        ours, theirs = (side.text if side is not None else None for side in sides)
        legend = f"- ours{' (deleted)' if ours is None else ''}   + theirs{' (deleted)' if theirs is None else ''}"
        return Seen(f"{legend}\n{compared(ours, theirs) or 'both hold the same'}")

    async def _reveal(self, seconds: float | None) -> None:
        await super()._reveal(seconds)
        # On a low screen it does not fit beside what else there is to say.
        self.call_after_refresh(self.view.scroll_visible, animate=False, top=True)

    async def _side(self, commit: CommitId | None, path: SecretPath) -> Seen | None:
        """The value on one side; None if it is not there."""
        if commit is None:
            return None
        vault = f"{self._vault}@{commit}"
        if (await self.session.api.secrets.stat(vault, path)).is_directory:
            return Seen(why_not="a directory on one side: nothing to compare line by line")
        found = await read_as_text(self.session.api, vault, path)
        if not is_text(found):
            return Seen(why_not="binary: not shown")
        if not found.whole:
            return Seen(why_not=f"more than {size(SHOWN_AT_MOST)} is not shown")
        return Seen(found.value.reveal().decode())
