import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pk_tui.crypto.base64url import spelled, unspelled
from pk_tui.errors import Malformed

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(st.binary(max_size=200))
def test_what_is_spelled_comes_back(raw: bytes) -> None:
    text = spelled(raw)
    assert set(text) <= set(LETTERS)
    assert unspelled(text) == raw
    assert base64.urlsafe_b64decode(text + "==") == raw


@given(st.text(LETTERS, max_size=12))
def test_there_is_one_spelling_of_everything(text: str) -> None:
    with suppress(Malformed):
        assert spelled(unspelled(text)) == text


@pytest.mark.parametrize(
    "text", ["AB", "A", "AAAAA", "AA==", "AA\n", " AA", "A+A_", "A/A_", "A.A_", "AÄAA", "AA\0A", "="]
)
def test_any_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        unspelled(text)
