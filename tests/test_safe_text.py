"""Nothing that steers a terminal, hides, or turns text around survives; what is ordinary stays as it is."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.safe_text import MAX_COMBINING, is_safe_character, safe_text

ASTRAL_PLANES_WITH_SURPRISES = range(0xE0000, 0x110000)
"""Tags and variation selectors (plane 14) and private use (15 and 16)."""
BIDI = [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
ZERO_WIDTH = [
    0x00AD,
    0x034F,
    0x180B,
    0x180E,
    0x200B,
    0x200C,
    0x200D,
    0x2060,
    0x2064,
    0xFEFF,
    0xFE0F,
    0x3164,
    0x115F,
    0x2800,
]
LINE_BREAKS = [0x0A, 0x0B, 0x0C, 0x0D, 0x85, 0x2028, 0x2029]
NONCHARACTERS = [0xFFFE, 0xFFFF, 0x1FFFE, 0x1FFFF, 0x10FFFE, 0x10FFFF, *range(0xFDD0, 0xFDF0)]


def every_code_point() -> list[int]:
    return [*range(0x20000), *ASTRAL_PLANES_WITH_SURPRISES]


def test_of_all_code_points_only_those_that_show_survive() -> None:
    unsafe_categories = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    survivors = {code for code in every_code_point() if is_safe_character(chr(code))}
    by_category = {code for code in survivors if unicodedata.category(chr(code)) in unsafe_categories}

    assert not by_category
    assert not survivors & {*BIDI, *ZERO_WIDTH, *LINE_BREAKS, *NONCHARACTERS}
    assert not survivors & {*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000)}
    assert not survivors & set(ASTRAL_PLANES_WITH_SURPRISES)


def test_whatever_is_not_safe_comes_out_as_a_visible_escape() -> None:
    for code in every_code_point():
        character = chr(code)
        if not is_safe_character(character):
            assert safe_text(character) == f"\\u{{{code:x}}}"


def test_letters_digits_and_marks_of_all_scripts_stay() -> None:
    kept = {"L", "N", "P", "S"}
    lost = [
        code
        for code in every_code_point()
        if unicodedata.category(chr(code))[0] in kept
        and not is_safe_character(chr(code))
        and code not in ZERO_WIDTH
        and code not in (0x1160, 0xFFA0)  # the other two Hangul fillers
        and not 0xFFF0 <= code < 0xFFFE  # specials, among them the replacement character
    ]

    assert lost == []


@pytest.mark.parametrize(
    "hostile",
    [
        "\x1b[2J\x1b[H",
        "\x1b]0;owned\x07",
        "\x1b]52;c;cGF5bG9hZA==\x1b\\",
        "\x1b]8;;http://example.org\x1b\\click\x1b]8;;\x1b\\",
        "\x1bPq#0\x1b\\",
        "\x9b31m",
        "\x9d0;owned\x9c",
        "a\rb",
        "a\bb",
        "a\x00b",
        "a\x7fb",
        "\u202egpj.exe",
        "\u2066a\u2069",
        "pay\u200bpal",
        "soft\u00adhyphen",
        "\U000e0041\U000e0042",
        "\ud800",
        "line\u2028break",
        "\ufeffbom",
    ],
)
@pytest.mark.parametrize("lines", [False, True])
def test_no_steering_sequence_survives(hostile: str, lines: bool) -> None:
    shown = safe_text(hostile, lines=lines)

    assert all(map(is_safe_character, shown))
    assert "\\u{" in shown
    shown.encode()


@pytest.mark.parametrize(
    "raw",
    [b"\x1b[31m", b"\x9b31m", b"\xff\xfe", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x80\xae", b"\xc2"],
)
def test_bytes_that_are_no_text_become_escapes(raw: bytes) -> None:
    shown = safe_text(raw)

    assert shown.isascii()
    assert shown.isprintable()


@pytest.mark.parametrize(
    "text", ["plain", "grüße", "日本語", "עברית", "العربية", "hindi हिन्दी", "😀", "[/x]", "a b", "naïve", ""]
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert safe_text(text) == text
    assert safe_text(text.encode()) == text


def test_newlines_stay_only_where_lines_are_asked_for() -> None:
    assert safe_text("a\nb") == "a\\u{a}b"
    assert safe_text("a\nb\r\nc", lines=True) == "a\nb\\u{d}\nc"


@pytest.mark.parametrize("mark", ["\u0301", "\u0e31", "\u20dd"])
def test_marks_do_not_pile_up(mark: str) -> None:
    shown = safe_text("a" + mark * 30 + "b", 1000)

    assert shown.count(mark) == MAX_COMBINING
    assert shown.endswith("b")


def test_marks_do_not_pile_up_around_something_invisible() -> None:
    shown = safe_text(("a" + "\u0301" * 4 + "\u034f") * 2, 1000)

    assert "\u034f" not in shown
    assert shown.count("\u0301") == 8


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        (b"abcdefg", 6, "abcde…"),
        ("ééééééé", 6, "ééééé…"),
        ("é" * 7, 7, "é" * 7),
        ("\x1b" * 3, 12, "\\u{1b}…"),
        ("\x1b" * 2, 12, "\\u{1b}\\u{1b}"),
        ("\x1b", 1, "…"),
    ],
)
def test_long_text_is_cut_with_an_ellipsis(text: str | bytes, limit: int, shown: str) -> None:
    assert safe_text(text, limit) == shown


@settings(max_examples=200)
@given(st.text() | st.binary(), st.integers(1, 60), st.booleans())
def test_the_result_is_never_longer_than_asked_for_and_always_safe(text: str | bytes, limit: int, lines: bool) -> None:
    shown = safe_text(text, limit, lines=lines)

    assert len(shown) <= limit
    assert all(is_safe_character(character) or (lines and character == "\n") for character in shown)


@settings(max_examples=100)
@given(st.text(max_size=100))
def test_what_is_safe_is_not_changed_again(text: str) -> None:
    shown = safe_text(text, 10_000)

    assert safe_text(shown, 10_000) == shown
