from __future__ import annotations

import pytest

from pk_tui.clock import DAY, MINUTE, SECOND
from pk_tui.tui.text import HOUR, ago, cell, counted, milliseconds, moment, sentence, shown, size

NASTY = [
    "[/x]",
    "[@click=app.quit]go[/]",
    "x\\",
    "[bold",
    "a\x1b]52;c;aGk=\x07b",
    "\u202eevil",
    "\x9b31m",
    "[red]$x[/red]",
]


@pytest.mark.parametrize("text", NASTY)
def test_text_from_outside_is_never_markup_and_steers_nothing(text: str) -> None:
    for made in (shown(text), sentence("said $what", what=text)):
        assert not any(character in made.plain for character in "\x1b\x07\u202e\x9b")
        assert not made.spans
    assert not cell(text).spans
    if text.isprintable():
        assert shown(text).plain == text
        assert sentence("said $what.", what=text).plain == f"said {text}."


def test_a_sentence_keeps_its_own_style_and_takes_none_from_its_parts() -> None:
    made = sentence("[b]$name[/b] is here", name="[red]bob[/red]")

    assert made.plain == "[red]bob[/red] is here"
    assert len(made.spans) == 1


def test_lines_are_kept_only_where_asked_for() -> None:
    assert shown("a\nb").plain == "a\\u{a}b"
    assert shown("a\nb", lines=True).plain == "a\nb"


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 secrets"), (1, "1 secret"), (2, "2 secrets"), (12345, "12,345 secrets")]
)
def test_counts_read_as_people_say_them(number: int, text: str) -> None:
    assert counted(number, "secret") == text


def test_a_plural_of_its_own_is_used() -> None:
    assert counted(2, "copy", "copies") == "2 copies"


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (3 * 1024 * 1024, "3.0 MiB"), (1 << 50, "1024.0 TiB")]
)  # fmt: skip
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("past", "text"),
    [
        (0, "now"),
        (4 * SECOND, "now"),
        (5 * SECOND, "5s"),
        (MINUTE, "1m"),
        (HOUR * 23, "23h"),
        (DAY * 400, "400d"),
        (-DAY, "now"),
    ],
)
def test_how_long_ago(past: int, text: str) -> None:
    assert ago(10**15 - past, 10**15) == text


def test_what_never_happened_is_never() -> None:
    assert ago(None, 10**15) == "never"


@pytest.mark.parametrize(("value", "text"), [(None, "-"), (0.84, "0.8 ms"), (12.4, "12 ms")])
def test_round_trips(value: float | None, text: str) -> None:
    assert milliseconds(value) == text


def test_a_moment_is_told_to_the_minute_or_second_and_says_where() -> None:
    at = 1_700_000_000 * SECOND
    assert moment(at) == "2023-11-14 22:13 UTC"
    assert moment(at, seconds=True) == "2023-11-14 22:13:20 UTC"
