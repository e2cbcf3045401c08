"""The palette: every verb of the panes, the screen and the app, with its key, to be found by typing a few of its letters.

It is made from the bindings, so it knows no names and no values. A verb of a pane that does not show goes there first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

from rich.text import Text
from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.dom import DOMNode

from pk_tui.tui.keys import Verb, verbs
from pk_tui.tui.panes.pane import Pane

if TYPE_CHECKING:
    from pk_tui.tui.screens.workspace import Workspace

VERB_WIDTH = 26
WHERE_WIDTH = 16
_HIDDEN = frozenset({"app.command_palette", "command_palette"})
_MOVES = ("cursor_", "scroll", "page_", "app.focus_", "select_")
"""How actions that only move about begin: nobody types for what an arrow does."""


@dataclass(frozen=True, slots=True)
class Command:
    """A verb, where it is at home, and what to carry it out on. `pane` is empty for what works everywhere."""

    verb: Verb
    where: str
    pane: str
    node: DOMNode

    @property
    def text(self) -> str:
        return self.verb.description

    def line(self, name: Text) -> Text:
        """The verb, where it is at home, and its keys."""
        gap = " " * max(1, VERB_WIDTH - name.cell_len)
        keys = "  ".join(self.verb.keys)
        return Text.assemble(name, gap, (f"{self.where:<{WHERE_WIDTH}}", "dim"), (keys, "bold"))


def named(node: DOMNode) -> Iterable[Binding]:
    """The bindings of a node that are verbs of ours: Textual's own have no id."""
    for _, one in node._bindings:
        if one.id and one.action not in _HIDDEN and not one.action.startswith(_MOVES):
            yield one


def commands(workspace: Workspace) -> list[Command]:
    """Of the pane that shows, then of the workspace and the app, then of the other panes."""
    shown = workspace.pane
    panes = [shown, *(pane for pane in workspace.query(Pane) if pane is not shown)]
    found: list[Command] = []
    for pane in panes:
        for node in (pane, *pane.query("*")):
            found += [Command(verb, pane.TITLE, pane.PANE, node) for verb in verbs(named(node))]
        if pane is shown:
            for node in (workspace, workspace.app):
                found += [Command(verb, "Everywhere", "", node) for verb in verbs(named(node))]
    once: dict[tuple[str, str, str], Command] = {}
    for one in found:
        once.setdefault((one.where, one.verb.description, one.verb.tooltip), one)
    return list(once.values())


async def carry_out(workspace: Workspace, command: Command) -> None:
    """As its key would. The screen may have been locked since the palette was opened."""
    if not workspace.is_attached or not command.node.is_attached:
        return
    if command.pane and command.pane != workspace.pane.PANE:
        await workspace.show(command.pane)
    await workspace.app.run_action(command.verb.action, command.node)


class VerbProvider(Provider):
    def _all(self) -> list[Command]:
        from pk_tui.tui.screens.workspace import Workspace

        return commands(self.screen) if isinstance(self.screen, Workspace) else []

    def _does(self, command: Command) -> Callable[[], Awaitable[None]]:
        return partial(carry_out, cast("Workspace", self.screen), command)  # `_all` gave it for this screen

    async def discover(self) -> Hits:
        for one in self._all():
            yield DiscoveryHit(one.line(Text(one.text)), self._does(one), one.text, _plain(one.verb.tooltip))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for one in self._all():
            by_verb = matcher.match(one.text)
            by_sentence = matcher.match(f"{one.where} {one.verb.tooltip}") * 0.8
            if max(by_verb, by_sentence) > 0:
                name = _marked(one.text, query) if by_verb else Text(one.text)
                yield Hit(
                    max(by_verb, by_sentence), one.line(name), self._does(one), one.text, _plain(one.verb.tooltip)
                )


def _marked(text: str, query: str) -> Text:
    """The letters that were typed, underlined, from left to right as far as they come."""
    marked = Text(text)
    at = 0
    for letter in query.lower():
        found = text.lower().find(letter, at)
        if found < 0:
            break
        marked.stylize("underline", found, found + 1)
        at = found + 1
    return marked


def _plain(sentence: str) -> str:
    """The palette reads its second line as markup."""
    return sentence.replace("[", "\\[")
