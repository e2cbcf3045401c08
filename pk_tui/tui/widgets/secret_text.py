"""A text area for a value: what is typed stays in it while it is on the screen, and is hidden while the window is not in use.

It copies nothing by itself: what is to be copied is handed to `copy`, whose affair the clipboard is, with what to do once
it is there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.document._document import Document
from textual.strip import Strip
from textual.widgets import TextArea

from pk_tui.plaintext import Plaintext
from pk_tui.tui.plain_text import line_fault, text_fault

WRAPPED_AT_MOST = 16 * 1024
"""Letters in one line that are still wrapped; every key in a longer one would take longer than a key should."""
HIDDEN = "hidden while another window is in use"


class SecretText(TextArea):
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c,super+c", "copy", "Copy", show=False, id="value.copy", tooltip="Copy what is selected, for a while"),
        Binding("ctrl+x,super+x", "cut", "Cut", show=False, id="value.cut", tooltip="Copy what is selected and remove it"),
        Binding("ctrl+v,super+v", "paste", "Paste", show=False, id="value.paste", tooltip="Says how to paste"),
    ]  # fmt: skip

    def __init__(
        self,
        value: str,
        copy: Callable[[Plaintext, Callable[[], None]], None],
        complain: Callable[[str], None],
        *,
        id: str,  # noqa: A002 - Textual's word
    ) -> None:
        super().__init__(value, id=id, soft_wrap=_wraps(value), compact=True)
        self._copy = copy
        self._complain = complain
        self._hidden = False

    def on_mount(self) -> None:
        self.watch(self.app, "app_focus", self._window_focus, init=False)

    def _window_focus(self, focused: bool) -> None:
        self._hidden = not focused
        self.refresh()

    def render_line(self, y: int) -> Strip:
        if not self._hidden:
            return super().render_line(y)
        text = HIDDEN if y == 0 else ""
        return Strip([Segment(text, self.rich_style)]).adjust_cell_length(self.size.width, self.rich_style)

    # The clipboard

    def action_copy(self) -> None:
        if self.selected_text:
            self._copy(Plaintext.of_text(self.selected_text), _nothing_more)

    def action_cut(self) -> None:
        """Removed only once it is on the clipboard."""
        if self.selected_text:
            self._copy(Plaintext.of_text(self.selected_text), self.action_delete_right)

    def action_paste(self) -> None:
        """Nothing is kept to be pasted here; Textual's would replace what is selected with nothing."""
        self._complain("Paste with your terminal's own key, often ctrl+shift+v.")

    async def _on_paste(self, event: events.Paste) -> None:
        """Textual takes for a line end whatever Python does; what would be changed by that is refused."""
        fault = text_fault(event.text.encode()) or line_fault(event.text.replace("\r\n", "\n").replace("\r", "\n"))
        if fault:
            event.stop()
            event.prevent_default()
            self._complain(f"What was pasted cannot be kept exactly: {fault}. `pk-tui secrets write` stores any bytes.")
            return
        if not _wraps(event.text):
            self.soft_wrap = False

    # The end

    def on_unmount(self) -> None:
        """What was typed goes with the screen it was on, not with the next garbage collection."""
        self.history.clear()
        self.document = Document("")
        self._line_cache.clear()


def _nothing_more() -> None:
    return


def _wraps(text: str) -> bool:
    return len(text) <= WRAPPED_AT_MOST or max(map(len, text.splitlines()), default=0) <= WRAPPED_AT_MOST
