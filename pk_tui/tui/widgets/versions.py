"""The versions of a secret or vault, newest first: when, by whom, what. Which version the cursor is on survives new ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from pk_tui.api.views import CommitView
from pk_tui.clock import Instant
from pk_tui.tui.text import ago, shown
from pk_tui.tui.widgets.vault_details import NAME_OF, VERSIONS_READ, who


def version_line(version: CommitView, now: Instant, name_of: NAME_OF, path: str = "") -> Content:
    """`  2d  bob  db/prod-password changed`; among the versions of `path` itself `  2d  bob  changed`. Of a message of many
    lines the first, and how many more there are: an import names every secret. Of a merge from whom, and what it brought."""
    about = f"{path} "
    first, *more = [line for line in version.message.splitlines() if line] or [""]
    if len(version.parents) > 1 and more:
        first = f"{first}: {more.pop(0)}"
    message = first.removeprefix(about) if path else first
    if more:
        message += f" and {len(more):,} more"
    return Content.assemble(
        Content.styled(f"{ago(version.time, now):>5}", "dim"),
        "  ",
        who(version.author, name_of),
        "  ",
        shown(message, 200, style="dim"),
    )


class Versions(OptionList):
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor_up", "Up", show=False, id="versions.up", tooltip="A newer version"),
        Binding("down,j", "cursor_down", "Down", show=False, id="versions.down", tooltip="An older version"),
        Binding("home,g", "first", "First", show=False, id="versions.first", tooltip="The newest version"),
        Binding("end,G", "last", "Last", show=False, id="versions.last", tooltip="The oldest version shown"),
        Binding("ctrl+d", "page_down", "Page down", show=False, id="versions.page_down", tooltip="One page down"),
        Binding("ctrl+u", "page_up", "Page up", show=False, id="versions.page_up", tooltip="One page up"),
    ]

    class Chosen(Message):
        """Enter on a version: say it in full."""

        def __init__(self, version: CommitView) -> None:
            super().__init__()
            self.version = version

    def __init__(self) -> None:
        super().__init__(id="versions", classes="panel", markup=False, compact=True)
        self.border_title = "Versions"
        self._versions: dict[str, CommitView] = {}

    def show(self, versions: Sequence[CommitView], now: Instant, name_of: NAME_OF, path: str = "") -> None:
        lines = {str(one.commit): version_line(one, now, name_of, path) for one in versions}
        self._versions = {str(one.commit): one for one in versions}
        more = "+" if len(lines) >= VERSIONS_READ else ""
        self.border_title = Content(f"Versions {len(lines)}{more}" if lines else "Versions")
        if [one.id for one in self.options] == list(lines) and lines:
            for commit, line in lines.items():
                self.replace_option_prompt(commit, line)
            return
        if not lines and not self.option_count:
            return
        old = self.highlighted_option
        top = self.scroll_offset.y
        below = (self.highlighted or 0) - top
        follows = self.highlighted == 0 and not self.has_focus  # nobody reads here: the newest is what one looks for
        self.set_options([Option(line, commit) for commit, line in lines.items()])
        if old is not None and old.id in lines and not follows:
            self.highlighted = at = list(lines).index(old.id)
            self.scroll_to(y=max(0, at - below), animate=False, immediate=True)
        elif lines:
            self.highlighted = 0
            self.scroll_to(y=0, animate=False, immediate=True)

    def action_cursor_up(self) -> None:
        if self.highlighted:  # Textual's goes from the first to the last
            super().action_cursor_up()

    def action_cursor_down(self) -> None:
        if self.highlighted is None or self.highlighted < self.option_count - 1:
            super().action_cursor_down()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        version = self._versions.get(event.option.id or "")
        if version is not None:
            self.post_message(self.Chosen(version))
