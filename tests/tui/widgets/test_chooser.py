from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pytest
from textual.app import App, ComposeResult
from textual.content import Content
from textual.widgets import Input

from pk_tui.tui.glyphs import UNICODE
from pk_tui.tui.widgets.chooser import NONE_FITS, Choice, Chooser, closeness, fitting
from pk_tui.tui.widgets.line_list import LineList

NO = Content("Not this one.")
CHOICES = [Choice("1", "bob"), Choice("2", "bobby", why_not=NO), Choice("3", "carol@home"), Choice("4", "Abo")]


class Harness(App[None]):
    def __init__(self, choices: Sequence[Choice] = CHOICES) -> None:
        super().__init__()
        self.choices = choices
        self.picked: list[str | None] = []
        self.refused: list[str] = []

    def compose(self) -> ComposeResult:
        yield Chooser(self.choices, UNICODE)

    def on_chooser_picked(self) -> None:
        picked = self.chooser.picked
        self.picked.append(picked.key if picked else None)

    def on_chooser_refused(self, event: Chooser.Refused) -> None:
        self.refused.append(event.why.plain)

    @property
    def chooser(self) -> Chooser:
        return self.query_one(Chooser)


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ("", ["1", "3", "4", "2"]),
        ("bo", ["1", "2", "4"]),
        ("CH", ["3"]),
        ("crl", ["3"]),
        ("lrc", []),
        ("abo", ["4"]),
        ("bobby", ["2"]),
        ("bby", ["2"]),
    ],
)
def test_what_fits_comes_best_first_and_of_two_as_good_the_one_that_can_be_picked(typed: str, keys: list[str]) -> None:
    assert [choice.key for choice in fitting(CHOICES, typed)] == keys


def test_a_beginning_is_closer_than_a_part_and_a_part_closer_than_scattered_letters() -> None:
    assert (
        closeness("in", "infra") > closeness("fra", "infra") > closeness("ifa", "infra") > closeness("x", "infra") == 0
    )


def test_the_whole_name_of_what_cannot_be_picked_never_picks_a_neighbour() -> None:
    carl, carol = Choice("1", "carl", why_not=NO), Choice("2", "carol")

    assert fitting([carol, carl], "carl")[0] == carl
    assert fitting([carl, carol], "")[0] == carol
    assert fitting([Choice("3", "bobby"), Choice("4", "bob", why_not=NO)], "bob")[0].key == "4"


def test_a_name_made_to_be_searched_for_long_is_searched_at_once() -> None:
    begin = time.process_time()
    assert closeness("a" * 30 + "b", "a" * 255) == 0
    assert closeness("ab" * 20, "aab" * 80) > 0
    assert time.process_time() - begin < 1  # letter by letter, and back again, would take for ever


def test_enter_picks_the_best_and_typing_again_unpicks() -> None:
    async def scenario() -> None:
        app = Harness()
        async with app.run_test(size=(60, 10)) as pilot:
            app.chooser.focus_field()
            await pilot.press("b", "o", "down", "down", "enter")
            await pilot.pause()
            assert app.picked == ["4"]
            assert app.query_one(Input).value == "Abo"
            await pilot.press("backspace")
            await pilot.pause()
            assert app.picked == ["4", None]
            assert app.chooser.picked is None

    asyncio.run(scenario())


def test_what_cannot_be_picked_says_why_instead() -> None:
    async def scenario() -> None:
        app = Harness()
        async with app.run_test(size=(60, 10)) as pilot:
            app.chooser.focus_field()
            await pilot.press(*"bobby", "enter")
            await pilot.pause()
            assert app.picked == []
            assert app.refused == ["Not this one."]
            await pilot.press(*"xyz", "enter")
            await pilot.pause()
            assert (app.picked, len(app.refused)) == ([], 1)

    asyncio.run(scenario())


def test_a_pick_that_is_no_longer_possible_is_taken_back() -> None:
    async def scenario() -> None:
        app = Harness()
        async with app.run_test(size=(60, 10)) as pilot:
            app.chooser.focus_field()
            await pilot.press("b", "enter")
            await pilot.pause()
            app.chooser.show_choices([Choice("1", "bob", "new"), *CHOICES[1:]])
            assert app.chooser.picked == Choice("1", "bob", "new")
            app.chooser.show_choices([Choice("1", "bob", why_not=NO), *CHOICES[1:]])
            await pilot.pause()
            assert app.picked == ["1", None]

    asyncio.run(scenario())


def test_hostile_names_are_shown_as_they_are_and_harm_nothing() -> None:
    async def scenario() -> None:
        names = ["[/x]", "[@click=app.quit]x[/]", "a\x1b]52;c;aGk=\x07b", "a\u202eb", "長" * 100]
        app = Harness([Choice(str(at), name, note=name) for at, name in enumerate(names)])
        async with app.run_test(size=(60, 10)) as pilot:
            app.chooser.focus_field()
            for _ in names:
                await pilot.press("enter", "down")
            await pilot.pause()
            assert app.picked == [str(at) for at in range(len(names))]
            drawn = [app.query_one("#choices").render_line(y).text for y in range(5)]
            assert "[/x]" in drawn[0]
            assert not any(set(line) & {"\x1b", "\x07", "\u202e"} for line in drawn)
            assert "\x1b" not in app.query_one(Input).value

    asyncio.run(scenario())


def test_letters_that_nothing_has_are_answered_in_words() -> None:
    async def scenario() -> None:
        app = Harness()
        async with app.run_test() as pilot:
            app.chooser.focus_field()
            await pilot.press("x", "x")
            await pilot.pause()
            choices = app.query_one("#choices", LineList)
            assert choices.size.height == 1
            assert NONE_FITS in choices.render_line(0).text
            await pilot.press("backspace", "backspace")
            await pilot.pause()
            assert NONE_FITS not in choices.render_line(0).text

    asyncio.run(scenario())
