from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from textual.app import App, ComposeResult

from pk_tui.plaintext import Plaintext
from pk_tui.tui.glyphs import ASCII
from pk_tui.tui.widgets.strength import (
    GUESSES_A_SECOND,
    LOOKED_AT,
    Estimate,
    Strength,
    estimate,
    lasting,
    level,
    verdict,
)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.5, "less than a second"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (7200, "2 hours"),
        (86400 * 3, "3 days"),
        (86400 * 30 * 5, "5 months"),
        (86400 * 30 * 12 * 7, "7 years"),
        (86400 * 30 * 12 * 100, "centuries"),
        (1e30, "centuries"),
    ],
)
def test_how_long_guessing_takes_is_said_in_one_unit(seconds: float, expected: str) -> None:
    assert lasting(seconds * GUESSES_A_SECOND) == expected


def test_levels_rise_with_the_guesses() -> None:
    assert [level(10.0**power)[0] for power in (1, 4, 7, 10, 13, 40)] == [0, 1, 2, 3, 4, 4]


def test_known_passwords_are_weak_and_unrelated_words_strong() -> None:
    assert level(estimate("password1").guesses)[0] == 0
    assert level(estimate("correct horse battery staple").guesses)[0] == 4
    assert estimate("hunter2").is_short
    assert not estimate("hunter22").is_short
    assert estimate("").guesses == 1


def test_a_hint_quotes_nothing_of_the_password() -> None:
    found = estimate("canarycanary")
    assert found.hint
    assert "canary" not in repr(found)


def test_what_is_very_long_is_looked_at_in_part() -> None:
    assert estimate("qx7#" * 256).guesses == estimate(("qx7#" * 256)[:LOOKED_AT]).guesses


def test_the_verdict_says_in_words_what_the_bar_shows() -> None:
    weak = verdict(Estimate(100, "Add a word.", True), ASCII).plain
    assert weak.splitlines()[0] == "####................  very weak"
    assert "Fewer than 8 characters" in weak
    assert "Add a word." in verdict(Estimate(1e6, "Add a word."), ASCII).plain
    assert len(verdict(Estimate(1e20, "Add a word."), ASCII).plain.splitlines()) == 2


class Shown(App[None]):
    def compose(self) -> ComposeResult:
        yield Strength(ASCII)


def test_it_weighs_the_last_one_typed_and_an_empty_one_clears_it() -> None:
    async def scenario() -> None:
        app = Shown()
        async with app.run_test() as pilot:
            it = app.query_one(Strength)
            it.weigh(Plaintext.of_text("password"))
            it.weigh(Plaintext.of_text("correct horse battery staple"))
            for _ in range(200):
                if it.found is not None:
                    break
                await pilot.pause(0.02)
            assert it.found is not None
            assert level(it.found.guesses)[0] == 4
            assert it._password is None
            it.weigh(Plaintext.of_text(""))
            await pilot.pause()
            assert it.render().plain == ""

    asyncio.run(scenario())


def test_the_ui_starts_without_loading_it() -> None:
    asked = "import sys, pk_tui.tui.app, pk_tui.tui.screens.lock; print('zxcvbn' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"
