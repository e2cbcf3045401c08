from __future__ import annotations

import asyncio

import pytest
from tui.closed import WORDS
from tui.dialogs.test_dialog import opened
from tui.people import node_id
from tui.stage import stage

from pk_tui.errors import PermissionDenied
from pk_tui.plaintext import Plaintext
from pk_tui.tui.dialogs.expel import ExpelDialog
from pk_tui.tui.widgets.password_field import PasswordField

CODE = " ".join(WORDS[:4])


class Taken:
    def __init__(self, fails: int = 0) -> None:
        self.words: list[str] = []
        self.fails = fails

    async def __call__(self, words: Plaintext) -> None:
        self.words.append(words.reveal().decode())
        if len(self.words) <= self.fails:
            raise PermissionDenied("These words may not speak of [b]server[/].")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_the_consequences_stand_above_the_words_which_are_never_seen(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with stage(size) as s:
            taken = Taken()
            answers = await opened(s, ExpelDialog(node_id(2), "server", taken), "E")
            await s.see(
                "server is out for ever", "Nobody can take this back.", str(node_id(2))[:5], "The 24 recovery words"
            )
            await s.see("Cancel  esc", "Expel for ever  ctrl+s")
            body = s.screen.query_one("#body")
            assert body.virtual_size.height <= body.size.height
            await s.type(CODE)
            assert "abandon" not in s.screen_text()
            await s.press("enter")
            await s.until(lambda: answers == [True], "the answer")
            assert taken.words == [CODE]

    asyncio.run(scenario())


def test_without_words_nothing_is_done_and_a_refusal_leaves_them_to_be_corrected() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            taken = Taken(fails=1)
            answers = await opened(s, ExpelDialog(node_id(2), "server", taken), "ctrl+s")
            await s.press("ctrl+s", "enter")
            await s.see("Type the 24 words first.")
            assert taken.words == []
            await s.type("abandon ability")
            await s.press("ctrl+s")
            await s.see("These words may not speak of [b]server[/].")
            assert s.screen.query_one(PasswordField).typed.reveal() == b"abandon ability"
            await s.type(" able")
            await s.see_no("These words may not")
            await s.press("ctrl+s")
            await s.until(lambda: answers == [True], "the answer")
            assert taken.words == ["abandon ability", "abandon ability able"]

    asyncio.run(scenario())


def test_called_off_nothing_was_asked() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            taken = Taken()
            answers = await opened(s, ExpelDialog(node_id(2), "server", taken), "E")
            await s.type("abandon")
            await s.press("escape")
            assert (answers, taken.words) == ([None], [])

    asyncio.run(scenario())
