"""What kind of secret is to be made: free text, or an item of one of the templates there are. Picked by typing a part of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from textual.content import Content

from pk_tui.api.items import TemplateView
from pk_tui.tui.dialogs.pick import PickDialog
from pk_tui.tui.glyphs import Glyphs
from pk_tui.tui.item_words import kind_note
from pk_tui.tui.widgets.chooser import Choice, Chooser

FREE, KEY_PAIR = "free", "key pair"
_TEMPLATE = "template "
"""Before the name of a template: own ones may be called anything."""
SSH = "ssh-key"


def template_of(answer: str) -> str | None:
    """The name of the template that was picked, if one was."""
    return answer.removeprefix(_TEMPLATE) if answer.startswith(_TEMPLATE) else None


def kinds(templates: Sequence[TemplateView]) -> list[Choice]:
    choices = [Choice(FREE, "Free text", "any text: a password, a file, a few lines")]
    for one in templates:
        slots = kind_note(one) or "slots that you name"
        note = f"own template: {slots}" if one.own else slots
        choices.append(Choice(_TEMPLATE + one.name, one.label or one.name, note))
        if one.name == SSH and not one.own:
            choices.append(Choice(KEY_PAIR, "SSH key, newly made", "a new Ed25519 key pair, made here"))
    return choices


class KindDialog(PickDialog):
    """What follows is laid over it, so that keys typed ahead never reach the panes; it comes back if that was called off."""

    CSS_PATH = "kind.tcss"

    def __init__(
        self,
        heading: Content,
        templates: Sequence[TemplateView],
        glyphs: Glyphs,
        then: Callable[[str], Awaitable[bool]],
    ) -> None:
        """`then` is given what was picked, and says whether something was made of it."""
        super().__init__(heading, Content("What kind?"), kinds(templates), glyphs)
        self._then = then
        self._following = False

    @property
    def is_ready(self) -> bool:
        return super().is_ready and not self._following

    def take(self, picked: Choice) -> None:
        if not self._following:
            self._following = True
            self.do(self._follow(picked.key), "kind")

    async def _follow(self, key: str) -> None:
        frame = self.query_one("#dialog")
        frame.visible = False
        self.set_focus(None)
        made = False
        try:
            made = await self._then(key)
        finally:
            self._following = False
            if not made and self.is_attached:  # the screen may have been locked meanwhile
                frame.visible = True
                self.query_one(Chooser).focus_field()
        if made:
            self.dismiss(key)

    def action_call_off(self) -> None:
        if not self._following:
            super().action_call_off()
