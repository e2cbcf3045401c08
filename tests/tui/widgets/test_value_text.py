from __future__ import annotations

import asyncio

import pytest
from textual.app import App, ComposeResult

from pk_tui.tui.widgets.value_text import ValueText, classes, folded, legible


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("hunter2", "hunter2"),
        ("hunter2\n", "hunter2"),
        ("one\r\ntwo\r\n", "one\ntwo"),
        ("a\tb\nc", "a   b\nc"),
        ("a\tb", "a\\u{9}b"),  # in a password a tab is a character like any other
        ("a\x1b]52;c;aGk=\x07b", "a\\u{1b}]52;c;aGk=\\u{7}b"),
        ("\u202egnp.exe", "\\u{202e}gnp.exe"),
        ("[/x][b]", "[/x][b]"),
        ("a\rb", "a\\u{d}b"),
        ("", ""),
    ],
)
def test_a_value_is_shown_as_it_is_but_steers_nothing(value: str, seen: str) -> None:
    assert legible(value) == seen


def test_nothing_of_a_long_value_is_cut() -> None:
    assert legible("\u202e" * 1000).count("\\u{202e}") == 1000


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("abcdef", 4, ["abcd", "ef"]),
        ("abcd", 4, ["abcd"]),
        ("a\n\nb", 4, ["a", "", "b"]),
        ("世界世界", 5, ["世界", "世界"]),
        ("", 4, [""]),
    ],
)
def test_lines_are_folded_where_they_are_full(text: str, width: int, lines: list[str]) -> None:
    assert folded(text, width) == lines


def test_letters_digits_and_signs_are_told_apart() -> None:
    assert classes("ab1-2_ c") == [
        ("ab", "letter"),
        ("1", "digit"),
        ("-", "sign"),
        ("2", "digit"),
        ("_", "sign"),
        (" c", "letter"),
    ]
    assert "".join(run for run, _ in classes("pÄ$9 x")) == "pÄ$9 x"


class TextApp(App[None]):
    def compose(self) -> ComposeResult:
        yield ValueText()


def test_a_text_is_let_go_of_with_the_next_one_and_with_the_screen() -> None:
    async def scenario() -> None:
        app = TextApp()
        async with app.run_test(size=(20, 10)) as pilot:
            text = app.screen.query_one(ValueText)
            assert not text.display
            text.put("canary-1\n" * 30)
            await pilot.pause()
            assert text.display
            assert text.render_line(2).text.strip() == "canary-1"
            assert text.virtual_size.height == text.size.height == 30
            text.put("")
            await pilot.pause()
            assert not text.display
            assert "canary" not in repr(vars(text))
            text.put("canary-2")
            await pilot.pause()
            await text.remove()
            assert "canary" not in repr(vars(text))

    asyncio.run(scenario())
