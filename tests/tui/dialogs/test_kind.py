from __future__ import annotations

import asyncio

from textual.content import Content
from tui.deeds.acting import acting
from tui.dialogs.test_dialog import opened

from pk_tui.api.items import SlotSpec, TemplateView
from pk_tui.errors import Misuse
from pk_tui.tui.dialogs.kind import FREE, KEY_PAIR, KindDialog, kinds, template_of
from pk_tui.tui.glyphs import ASCII

SLOTS = (SlotSpec("a", "text", "Name"), SlotSpec("b", "password", "Password"))
TEMPLATES = [TemplateView("ssh-key", "SSH key", SLOTS), TemplateView("free", "[red]mine\x1b", SLOTS, own=True)]


def test_free_text_comes_first_and_an_own_template_may_be_called_anything() -> None:
    choices = kinds(TEMPLATES)
    assert [one.key for one in choices] == [FREE, "template ssh-key", KEY_PAIR, "template free"]
    assert template_of("template free") == "free"
    assert template_of(FREE) is None
    assert choices[-1].note == "own template: name, password"


def test_what_follows_lies_over_it_and_it_comes_back_if_that_was_called_off() -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            asked: list[str] = []
            made = asyncio.Event()

            async def then(key: str) -> bool:
                asked.append(key)
                if len(asked) == 2:
                    raise Misuse("There is no such [/x] template.")
                if len(asked) == 3:
                    await made.wait()
                return len(asked) == 3

            answers = await opened(s, KindDialog(Content("New"), TEMPLATES, ASCII, then), "n")
            await s.see("What kind?", ">   Free text", "[red]mine\\u{1b}", "own template: name, password")
            await s.type("mine")
            await s.press("enter")
            await s.see("What kind?")
            await s.press("enter")
            await s.see("There is no such [/x] template.")
            await s.press("enter")
            await s.until(lambda: len(asked) == 3, "the third try")
            # Typed ahead: neither the panes' nor its own.
            await s.press("d", "escape", "enter")
            assert len(s.app.screen_stack) == 3
            made.set()
            await s.until(lambda: bool(answers), "the answer")
            assert asked == ["template free"] * 3
            assert answers == ["template free"]

    asyncio.run(scenario())
