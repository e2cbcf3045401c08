"""The bottom line: the keys that work here, at most seven and Help, cut to the width rather than clipped."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget

KEYS_AT_MOST = 7

NAMES = {
    "slash": "/",
    "question_mark": "?",
    "exclamation_mark": "!",
    "escape": "esc",
    "plus": "+",
    "equals_sign": "=",
    "colon": ":",
    "enter": "enter",
    "space": "space",
}


def key_name(key: str) -> str:
    """A key as people write it."""
    return NAMES.get(key, key)


def fitted(keys: list[tuple[str, str, str]], width: int) -> list[tuple[int, str, str, str]]:
    """Which of the (key, description, action) fit, with the column each starts in. The last one (Help) always does."""
    if not keys:
        return []
    *some, last = keys[: KEYS_AT_MOST + 1] if len(keys) <= KEYS_AT_MOST + 1 else [*keys[:KEYS_AT_MOST], keys[-1]]
    room = width - len(last[0]) - len(last[1]) - 3
    placed: list[tuple[int, str, str, str]] = []
    column = 1
    for key, description, action in some:
        length = len(key) + len(description) + 3
        if column + length > room:
            break
        placed.append((column, key, description, action))
        column += length
    return [*placed, (max(column, width - len(last[0]) - len(last[1]) - 2), *last)]


def hints(line: str) -> Content:
    """`enter Unlock   ctrl+q Quit` with the keys set off; a key is what stands before a word with a capital letter."""
    parts = []
    for one in line.split("   "):
        words = one.split(" ")
        number = next((at for at, word in enumerate(words) if word[:1].isupper()), 0)
        keys, says = " ".join(words[:number]), " ".join(words[number:])
        parts.append(Content.assemble(Content.styled(keys, "bold $footer-key-foreground"), " " if keys else "", says))
    return Content("   ").join(parts)


class KeyBar(Widget):
    """Shows the bindings with `show` of whatever has focus, then of the screen; a click does what the key does."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "KeyBar { height: 1; background: $panel; color: $foreground; }"

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, screen: Screen[object]) -> None:
        self.refresh()

    def keys(self) -> list[tuple[str, str, str]]:
        found: list[tuple[str, str, str]] = []
        seen: set[str] = set()
        for _, binding, enabled, _ in self.screen.active_bindings.values():
            if binding.show and enabled and binding.action not in seen:
                seen.add(binding.action)
                found.append((binding.key_display or key_name(binding.key), binding.description, binding.action))
        found.sort(key=lambda row: row[1] == "Help")
        return found

    def render(self) -> Content:
        parts: list[Content | str] = []
        column = 0
        for start, key, description, _ in fitted(self.keys(), self.size.width):
            parts += [" " * (start - column), Content.styled(key, "bold $footer-key-foreground"), f" {description}"]
            column = start + len(key) + 1 + len(description)
        return Content.assemble(*parts)

    async def on_click(self, event: events.Click) -> None:
        for start, key, description, action in fitted(self.keys(), self.size.width):
            if start <= event.x < start + len(key) + 1 + len(description):
                await self.app.run_action(action, self.screen.focused or self.screen)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return 1
