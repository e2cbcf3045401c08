"""Types of slots are hints: what looks wrong is told in a sentence that does not quote it, what is right is not nagged at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pk_tui.plaintext import Plaintext
from pk_tui.vault.slots import MASKED_TYPES, PLAIN_TYPES, check_slot

TYPES = ("text", "password", "note", "url", "email", "date", "month", "phone", "number", "otp")
TYPES += ("file", "choice", "card", "hologram")

RIGHT = [
    ("text", "anything at all, ünïcode"),
    ("text", b""),
    ("password", "hunter2 with spaces"),
    ("password", "x" * 5000),
    ("note", "two\nlines\tand a tab"),
    ("file", b"\x00\xff"),
    ("hologram", b"\x00\xff"),
    ("url", "https://example.org/a?b=c#d"),
    ("url", "http://[::1]:8080/"),
    ("url", "ssh://ada@host:22"),
    ("url", "file:///etc/hosts"),
    ("email", "ada.l+tag@mail.example.org"),
    ("email", "ada@bücher.example"),
    ("date", "2024-02-29"),
    ("date", "2000-02-29"),
    ("month", "2027-01"),
    ("month", "01/27"),
    ("month", "1 / 2027"),
    ("phone", "+49 (0)30 1234-567"),
    ("phone", "555-0100 ext. 12"),
    ("number", "-12.5"),
    ("number", "8080"),
    ("card", "4111 1111 1111 1111"),
    ("card", "378282246310005"),
    ("card", "5555-5555-5555-4444"),
    ("otp", "JBSW Y3DP EHPK 3PXP"),
    ("otp", "otpauth://totp/a?secret=JBSWY3DPEHPK3PXP"),
    ("choice", "yes"),
]

WRONG = [
    ("text", "two\nlines"),
    ("password", "ends with a line feed\n"),
    ("password", " padded "),
    ("password", b"\xff\xfe"),
    ("text", "\x1b[2J"),
    ("text", "turned \u202e round"),
    ("email", "x" * 5000),
    ("url", "example.org"),
    ("url", "https://"),
    ("url", "https://exa mple.org"),
    ("url", "https://x:99999999/"),
    ("url", "https://[::1/"),
    ("url", "https://ada:canary@x.org/"),
    ("email", "ada"),
    ("email", "ada@host"),
    ("email", "a b@x.org"),
    ("date", "31.1.2027"),
    ("date", "2023-02-29"),
    ("date", "1900-02-29"),
    ("date", "2027-13-01"),
    ("date", "2027-00-10"),
    ("date", "2027-01-32"),
    ("month", "2027-13"),
    ("month", "13/27"),
    ("phone", "call me"),
    ("phone", "5"),
    ("number", "eight"),
    ("number", "1e9"),
    ("card", "4111 1111 1111 1112"),
    ("card", "4111"),
    ("card", "٤١١١١١١١١١١١١١١١"),
    ("otp", "canary!"),
    ("otp", b"\xff"),
    ("choice", "perhaps"),
]


def plain(value: str | bytes) -> Plaintext:
    return Plaintext(value.encode() if isinstance(value, str) else value)


@pytest.mark.parametrize(("type_", "value"), RIGHT)
def test_nothing_is_said_against_what_is_right(type_: str, value: str | bytes) -> None:
    assert check_slot(type_, plain(value), ("yes", "no")) is None


@pytest.mark.parametrize(("type_", "value"), WRONG)
def test_what_looks_wrong_is_warned_of_in_a_sentence(type_: str, value: str | bytes) -> None:
    warning = check_slot(type_, plain(value), ("yes", "no"))

    assert warning is not None
    assert warning.endswith(".")
    assert "\n" not in warning
    assert "canary" not in warning


@pytest.mark.parametrize("type_", TYPES)
def test_an_empty_value_is_always_right(type_: str) -> None:
    assert check_slot(type_, Plaintext(b""), ("a",)) is None


def test_a_choice_without_choices_is_any_text() -> None:
    assert check_slot("choice", plain("anything")) is None


@pytest.mark.parametrize("digit", range(15))
def test_two_digits_of_a_card_that_were_swapped_are_noticed(digit: int) -> None:
    number = list("4539578763621486")
    assert check_slot("card", plain("".join(number))) is None
    if number[digit] == number[digit + 1] or {number[digit], number[digit + 1]} == {"0", "9"}:
        return
    number[digit : digit + 2] = number[digit + 1], number[digit]
    assert check_slot("card", plain("".join(number))) is not None


@given(
    st.sampled_from(TYPES),
    st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")),
)
def test_any_bytes_are_checked_and_none_is_quoted(type_: str, raw: bytes) -> None:
    warning = check_slot(type_, Plaintext(b"canary" + raw))

    assert warning is None or "canary" not in warning


def test_no_type_is_both_hidden_and_plain() -> None:
    assert not MASKED_TYPES & PLAIN_TYPES
