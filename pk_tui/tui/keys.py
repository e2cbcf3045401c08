"""What can be done, read off the bindings: each verb once, with its keys. Help and palette are made of this."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from textual.binding import Binding

from pk_tui.tui.widgets.key_bar import key_name


@dataclass(frozen=True, slots=True)
class Verb:
    """`keys` as people write them; `description` is short, `tooltip` a sentence; all are our own words."""

    keys: tuple[str, ...]
    description: str
    tooltip: str
    action: str


_THEIRS: dict[str, tuple[str, str] | None] = {
    "app.focus_next": ("Next", "To the next panel or field"),
    "app.focus_previous": ("Previous", "To the panel or field before"),
    "command_palette": ("Find a verb", "Type what to do"),
    "screen.copy_text": None,
}
"""What Textual binds by itself, by action, in our words; None: it does nothing here."""


def ours(one: Binding) -> Binding | None:
    """A binding with words as ours have them; None if nobody needs to know of it."""
    if one.system or one.action not in _THEIRS:
        return None if one.system or not (one.description or one.tooltip) else one
    words = _THEIRS[one.action]
    return None if words is None else replace(one, description=words[0], tooltip=words[1])


def verbs(bindings: Iterable[Binding]) -> list[Verb]:
    """Bindings that do the same under several keys become one verb. What has no words is nobody's to know."""
    found: dict[tuple[str, str], Verb] = {}
    for one in filter(None, map(ours, bindings)):
        same = (one.description or one.tooltip, one.tooltip)
        key = one.key_display or key_name(one.key)
        before = found.get(same)
        if before is None:
            found[same] = Verb((key,), same[0], one.tooltip, one.action)
        elif key not in before.keys:
            found[same] = Verb((*before.keys, key), before.description, before.tooltip, before.action)
    return list(found.values())
