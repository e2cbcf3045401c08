"""The top line: the panes with what is unread, how many nodes are connected, whose agent this is, when the screen locks."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from pk_tui.tui.glyphs import Glyphs


@dataclass(frozen=True, slots=True)
class Facts:
    """What the line shows. `tabs` are (pane id, title); `warns_in`: seconds until the screen locks, None if that is far off."""

    tabs: tuple[tuple[str, str], ...]
    current: str = ""
    unread: int = 0
    waiting: int = 0
    """Nodes that wait to be confirmed."""
    connected: int = 0
    tried: int = 0
    name: str = ""
    attached: bool = False
    playground: bool = False
    read_only_reason: str = ""
    warns_in: int | None = None


def tab_texts(facts: Facts) -> list[tuple[str, str]]:
    """Each pane's id and its tab as text: `[1 Vaults]` where one is, ` 2 Nodes ` elsewhere."""
    texts = []
    for number, (pane, title) in enumerate(facts.tabs, 1):
        many = {"notifications": facts.unread, "gestalt": facts.waiting}.get(pane, 0)
        text = f"{number} {title}{f'({many})' if many else ''}"
        texts.append((pane, f"[{text}]" if pane == facts.current else f" {text} "))
    return texts


class HeaderBar(Widget):
    ALLOW_SELECT = False
    DEFAULT_CSS = "HeaderBar { height: 1; background: $panel; }"
    facts: reactive[Facts] = reactive(Facts(()))

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, pane: str) -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs

    def _left(self) -> Content:
        facts = self.facts
        wide = self.size.width >= 100
        parts: list[Content | str] = [Content.styled(" pk-tui ", "bold $primary")]
        if wide and facts.name:
            parts.append(Content.styled(f" {facts.name}  ", "dim"))
        for pane, text in tab_texts(facts):
            parts.append(Content.styled(text, "bold reverse" if pane == facts.current else ""))
        return Content.assemble(*parts)

    def _right(self, words: str, apart: str) -> Content:
        facts = self.facts
        parts: list[Content | str] = []
        if facts.playground:
            parts.append(Content.styled(f"playground{apart}", "bold $text-warning"))
        if facts.attached:
            parts.append(Content.styled(f"attached{apart}", "$text-accent"))
        glyph = self._glyphs.up if facts.connected else self._glyphs.down
        parts.append(f"{glyph} {facts.connected}/{facts.tried}{words}")
        if facts.warns_in is not None:
            parts.append(Content.styled(f"{apart}locks in {facts.warns_in} s", "bold $text-warning"))
        return Content.assemble(*parts, " ")

    def render(self) -> Content:
        left = self._left()
        for words, apart in ((" connected", "  "), ("", "  "), ("", " ")):
            right = self._right(words, apart)
            gap = self.size.width - left.cell_length - right.cell_length
            if gap >= 1:
                return Content.assemble(left, " " * gap, right)
        return left  # too narrow for both: where one is matters more

    def on_click(self, event: events.Click) -> None:
        column = len(" pk-tui ")
        if self.size.width >= 100 and self.facts.name:
            column += len(f" {self.facts.name}  ")
        for pane, text in tab_texts(self.facts):
            if column <= event.x < column + len(text):
                self.post_message(self.Chosen(pane))
            column += len(text)
