from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from providers.server import NOW

from pk_tui.clock import DAY, SECOND
from pk_tui.errors import Malformed, PkError
from pk_tui.providers.answers import is_text, json_of, list_of, number, object_of, refusal, text_of, try_again, word
from pk_tui.providers.fetching import Answer
from pk_tui.providers.provider import MAX_TEXT, Limited

SECONDS = NOW // SECOND


def answer(status: int = 200, body: bytes = b"", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, named, body, "https://ada.example/", "ada.example")


@pytest.mark.parametrize("text", ["", "a\tb\r\nc\n", "ä€😀", "\u200b", "x" * MAX_TEXT])
def test_text_is_read(text: str) -> None:
    assert text_of(answer(body=text.encode())) == text


@given(st.binary(max_size=60))
def test_any_bytes_are_text_or_refused(body: bytes) -> None:
    try:
        text = text_of(answer(body=body))
    except Malformed:
        return
    assert is_text(text)
    assert text.encode() == body


@given(st.binary(max_size=60) | st.text(alphabet='[]{}":,0123456789eE.-+ntf\\u ', max_size=60).map(str.encode))
def test_any_bytes_are_json_or_refused_in_one_sentence(body: bytes) -> None:
    try:
        json_of(answer(body=body))
    except Malformed as error:
        fault = error.message
    else:
        return
    assert fault == "ada.example answers in a form that is not the documented one. Nothing was taken from it."


def test_a_nest_of_any_depth_is_refused() -> None:
    for body in (b"[" * 200_000, b'{"a":' * 50_000, b"[" * 100_000 + b"]" * 100_000):
        with pytest.raises(Malformed):
            json_of(answer(body=body))


def test_fields_have_the_type_that_is_asked_for() -> None:
    here = answer()
    assert object_of({"a": 1}, here) == {"a": 1}
    assert list_of([1], here) == [1]
    assert number(5, here, 5) == 5
    assert word("ab", re.compile("[ab]+"), here) == "ab"

    for check in (
        lambda: object_of([], here),
        lambda: object_of(None, here),
        lambda: list_of({}, here),
        lambda: list_of("ab", here),
        lambda: number(6, here, 5),
        lambda: number(0, here, 5),
        lambda: number(True, here, 5),
        lambda: number("5", here, 5),
        lambda: word("abc", re.compile("[ab]+"), here),
        lambda: word("ab\n", re.compile("[ab]+$"), here),
        lambda: word(7, re.compile("."), here),
    ):
        with pytest.raises(Malformed):
            check()


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, 60),
        ({"retry_after": "0"}, 0),
        ({"retry_after": "7"}, 7),
        ({"retry_after": "-7"}, 60),
        ({"retry_after": "soon"}, 60),
        ({"retry_after": "9" * 500}, 60),
        ({"retry_after": "999999999"}, 86_400),
        ({"retry_after": "Fri, 15 Jan 2027 08:10:00 GMT"}, 600),
        ({"retry_after": "Fri, 15 Jan 1999 08:10:00 GMT"}, 60),
        ({"retry_after": "Fri, 99 Jan 99999 08:10:00 GMT"}, 60),
        ({"x_ratelimit_reset": str(SECONDS + 5)}, 5),
        ({"x_ratelimit_reset": str(SECONDS + 5), "x_ratelimit_remaining": "0"}, 5),
        ({"x_ratelimit_reset": str(SECONDS + 5), "x_ratelimit_remaining": "9"}, 60),
        ({"x_ratelimit_reset": str(SECONDS - 5)}, 60),
        ({"x_ratelimit_reset": "99999999999"}, 86_400),
        ({"x_ratelimit_reset": "1e9"}, 60),
        ({"x_ratelimit_reset": "٣"}, 60),
    ],
)
def test_the_next_try_is_when_the_provider_says_within_reason(headers: dict[str, str], wait: int) -> None:
    assert try_again(answer(429, **headers), NOW) == NOW + wait * SECOND


@given(
    st.integers(100, 599),
    st.dictionaries(st.sampled_from(["retry-after", "x-ratelimit-reset", "x-ratelimit-remaining"]), st.text()),
)
def test_every_status_is_a_sentence_and_no_wait_is_longer_than_a_day(status: int, headers: dict[str, str]) -> None:
    fault = refusal(Answer(status, headers, b"\x1b[2J", "", "ada.example"), NOW, "It is not there.")

    assert isinstance(fault, PkError)
    assert fault.message.isprintable()
    if isinstance(fault, Limited):
        assert NOW <= fault.until <= NOW + DAY
