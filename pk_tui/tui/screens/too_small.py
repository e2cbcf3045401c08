"""The notice over a window that is too small. What lies under it stays as it is, and shows again when there is room."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Static

SMALLEST = Size(60, 15)


def fits(size: Size) -> bool:
    return size.width >= SMALLEST.width and size.height >= SMALLEST.height


def notice(size: Size) -> Content:
    """How large the window is, and how large it needs to be."""
    lines = [
        Content.styled("This window is too small.", "bold"),
        Content(f"It has {size.width}x{size.height}; pk-tui needs {SMALLEST.width}x{SMALLEST.height}."),
        Content("Make it larger: everything is as you left it."),
        Content.styled("ctrl+l locks   ctrl+q quits", "dim"),
    ]
    return Content("\n").join(lines[: max(2, size.height)])


class TooSmallScreen(Screen[None]):
    CSS_PATH = "too_small.tcss"
    AUTO_FOCUS = ""
    ALLOW_SELECT = False

    def compose(self) -> ComposeResult:
        yield Static(notice(self.app.size), id="notice", markup=False)

    def on_resize(self, event: events.Resize) -> None:
        self.query_one("#notice", Static).update(notice(event.size))
        self._go_if(event.size)

    def on_screen_resume(self) -> None:
        self._go_if(self.app.size)

    def _go_if(self, size: Size) -> None:
        """Screens under an opaque one are not told of sizes, so what shows then is told here."""
        if fits(size) and self.is_active and self.app.screen is self:
            self.dismiss()
            self.app.screen.post_message(events.Resize(size, size))
