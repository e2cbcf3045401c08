from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual.widgets import Input
from tui.deeds.acting import Acting, acting
from tui.dialogs.test_dialog import opened

from pk_tui.api.items import Recipe
from pk_tui.tui.dialogs.generate import GenerateDialog, entropy_line
from pk_tui.tui.glyphs import ASCII


@pytest.mark.parametrize(
    ("bits", "says"),
    [(0.0, "#...................  0 bits, weak"), (64.0, "##########..........  64 bits, fair"),
     (500.0, "####################  500 bits, strong")],
)  # fmt: skip
def test_chance_is_told_as_a_bar_a_number_and_a_word(bits: float, says: str) -> None:
    assert entropy_line(bits, ASCII).plain == says


async def dialog(s: Acting) -> list[Any]:
    answers = await opened(s, GenerateDialog(s.alice.items, ASCII), "ctrl+g")
    await s.see("bits, strong")
    return answers


def test_what_is_used_is_what_was_shown_and_it_shows_only_if_asked() -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            answers = await dialog(s)
            made = s.screen._made  # type: ignore[attr-defined]
            text = made.value.reveal().decode()
            assert len(text) == 20
            await s.see("************", "130 bits, strong", "Show  ctrl+r")
            assert text not in s.screen_text()
            await s.press("ctrl+r")
            await s.see(text, "Hide  ctrl+r")
            s.app.app_focus = False
            await s.see_no(text)
            assert text not in repr(s.screen.query_one("#bits"))
            await s.press("ctrl+s")
            assert answers == [made.value]

    asyncio.run(scenario())


def test_every_change_makes_another_by_the_recipe_on_the_screen() -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            asked: list[Recipe] = []
            real = s.alice.items.suggest

            async def suggest(recipe: Recipe) -> Any:
                asked.append(recipe)
                return await real(recipe)

            s.alice.items.suggest = suggest  # type: ignore[method-assign]
            answers = await dialog(s)
            await s.put("32", "#size")
            await s.until(lambda: asked[-1].length == 32, "32 characters")
            await s.press("tab", "space", "tab", "space")
            await s.until(lambda: asked[-1] == Recipe(length=32, lower=False, upper=False), "two sorts")
            s.screen.query_one("#easy").focus()
            await s.press("space")
            await s.until(lambda: asked[-1].easy, "no look-alikes")
            count = len(asked)
            await s.press("ctrl+g")
            await s.until(lambda: len(asked) == count + 1, "another")
            s.screen.query_one("#kind").focus()
            await s.press("right")
            await s.until(lambda: asked[-1] == Recipe(words=6), "six words")
            await s.see("Words", "77 bits, strong")
            assert "lower case" not in s.screen_text()
            assert s.screen.query_one("#size", Input).value == "6"
            await s.press("left")
            await s.until(lambda: asked[-1].length == 32, "as it was before")
            await s.press("escape")
            assert answers == [None]

    asyncio.run(scenario())


@pytest.mark.parametrize(("kind", "says"), [("", "A password of the sorts chosen has"), ("right", "1 to 64 words")])
def test_what_there_is_no_such_thing_of_is_said_and_not_used(kind: str, says: str) -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            answers = await dialog(s)
            if kind:
                s.screen.query_one("#kind").focus()
                await s.press(kind)
            await s.put("", "#size")
            await s.see(says)
            assert "bits" not in s.screen_text()
            await s.press("ctrl+s")
            await s.see("There is nothing to use yet")
            assert answers == []

    asyncio.run(scenario())
