"""Which keys work here: made from the bindings that are active where help was asked for, to be filtered with `/`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import Input, Static

from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.keys import Verb, verbs
from pk_tui.tui.panes.pane import Pane

TWO_COLUMNS_FROM = 100
KEYS_WIDTH = 14
WIDEST = 116
FRAME = 6
"""Cells that border, padding and scrollbar take."""
GAP = 2
"""Cells between two columns."""


@dataclass(frozen=True, slots=True)
class HelpGroup:
    title: str
    verbs: tuple[Verb, ...]


def group_title(node: DOMNode) -> str:
    """Where a binding is at home: what has focus, its pane, or everywhere."""
    if isinstance(node, Pane):
        return node.TITLE
    if any(isinstance(one, Pane) for one in node.ancestors):
        return "Here"
    return "Everywhere"


def help_groups(screen: Screen[Any]) -> list[HelpGroup]:
    """What is bound where the focus is, nearest first."""
    groups: dict[str, list[Binding]] = {}
    for node, binding, _, _ in screen.active_bindings.values():
        groups.setdefault(group_title(node), []).append(binding)
    for rows in groups.values():
        rows.sort(key=lambda one: not one.id)  # verbs of ours before what Textual binds for moving about
    return [HelpGroup(title, found) for title, rows in groups.items() if (found := tuple(verbs(rows)))]


def matching(groups: Sequence[HelpGroup], wanted: str) -> list[HelpGroup]:
    """Those verbs whose keys or words contain what was typed."""
    wanted = wanted.strip().lower()

    def holds(verb: Verb) -> bool:
        return wanted in f"{' '.join(verb.keys)} {verb.description} {verb.tooltip}".lower()

    kept = (replace(group, verbs=tuple(verb for verb in group.verbs if holds(verb))) for group in groups)
    return [group for group in kept if group.verbs]


def columns(groups: Sequence[HelpGroup], count: int) -> list[list[HelpGroup]]:
    """The groups in so many columns of about one height; a group that is too long for one goes on in the next."""
    total = sum(len(group.verbs) + 2 for group in groups)
    height = -(-total // count)
    filled: list[list[HelpGroup]] = [[]]
    used = 0
    for group in groups:
        rest = list(group.verbs)
        title = group.title
        while rest:
            room = height - used - 2
            if room < 1 and len(filled) < count:
                filled.append([])
                used = 0
                continue
            taken = rest if len(filled) == count else rest[: max(room, 1)]
            filled[-1].append(HelpGroup(title, tuple(taken)))
            used += len(taken) + 2
            rest = rest[len(taken) :]
            title = f"{group.title}, more"
    return filled + [[] for _ in range(count - len(filled))]


def drawn(groups: Sequence[HelpGroup], width: int) -> Content:
    """What goes on of a sentence stands below its beginning, not below the keys."""
    lines: list[Content] = []
    for group in groups:
        lines.append(Content.styled(group.title, "bold underline"))
        for verb in group.verbs:
            keys = " ".join(verb.keys)
            says = verb.tooltip or verb.description
            if len(keys) >= KEYS_WIDTH:
                lines.append(Content.styled(f" {keys}", "bold"))
                keys = ""
            for part in Content(says).wrap(max(10, width - KEYS_WIDTH - 1)):
                lines.append(Content.assemble(Content.styled(f" {keys:<{KEYS_WIDTH}}", "bold"), part))
                keys = ""
        lines.append(Content(""))
    return Content("\n").join(lines[:-1])


class HelpDialog(Dialog[None]):
    CSS_PATH = "help.tcss"
    heading = Content("Keys here")
    VERTICAL_BREAKPOINTS = [(0, "-low"), (40, "-high")]  # noqa: RUF012 - so declared by Textual
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", show=False, id="help.filter", tooltip="Find a key or a verb"),
        Binding("question_mark,f1,q", "call_off", "Close", show=False, id="help.close", tooltip="Close"),
        Binding("j,down", "scroll('scroll_down')", "Down", show=False, id="help.down", tooltip="Down"),
        Binding("k,up", "scroll('scroll_up')", "Up", show=False, id="help.up", tooltip="Up"),
        Binding("pagedown,ctrl+d,space", "scroll('scroll_page_down')", "Page down", show=False, id="help.page_down"),
        Binding("pageup,ctrl+u", "scroll('scroll_page_up')", "Page up", show=False, id="help.page_up"),
        Binding("g,home", "scroll('scroll_home')", "Top", show=False, id="help.top"),
        Binding("G,end", "scroll('scroll_end')", "End", show=False, id="help.end"),
    ]

    def __init__(self, groups: Sequence[HelpGroup]) -> None:
        super().__init__()
        self._groups = groups

    def body(self) -> ComposeResult:
        yield Input(placeholder="Filter", id="filter", compact=True)
        with Horizontal(id="columns"):
            yield Static("", id="left", markup=False)
            yield Static("", id="right", markup=False)

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [("cancel", "Close  esc", False)]

    def on_mount(self) -> None:
        self.query_one("#filter", Input).display = False
        self.query_one("#dialog").border_subtitle = "j k Scroll   / Filter"
        self._draw(self.app.size.width)

    def on_resize(self, event: events.Resize) -> None:
        self._draw(event.size.width)

    def _draw(self, width: int) -> None:
        found = matching(self._groups, self.query_one("#filter", Input).value)
        right = self.query_one("#right", Static)
        right.display = width >= TWO_COLUMNS_FROM
        left_column, *others = columns(found, 2 if right.display else 1)
        room = min(WIDEST, int(width * 0.96)) - FRAME
        room = (room - GAP) // 2 if right.display else room
        nothing = Content.styled("No key here does that. esc shows all again.", "dim")
        self.query_one("#left", Static).update(drawn(left_column, room) if found else nothing)
        right.update(drawn(others[0], room) if others else "")

    def action_filter(self) -> None:
        field = self.query_one("#filter", Input)
        field.display = True
        field.focus()

    @on(Input.Changed)
    def _filtered(self, event: Input.Changed) -> None:
        event.stop()
        self._draw(self.app.size.width)

    @on(Input.Submitted)
    def _settled(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one("#cancel").focus()

    def action_call_off(self) -> None:
        """Esc takes the filter away first."""
        field = self.query_one("#filter", Input)
        if field.display:
            field.value = ""
            field.display = False
            self.query_one("#cancel").focus()
        else:
            self.dismiss(None)

    def action_scroll(self, way: str) -> None:
        getattr(self.query_one("#body", VerticalScroll), way)(animate=False)
