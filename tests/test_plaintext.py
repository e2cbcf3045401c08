"""A secret value shows itself nowhere but through `reveal`."""

import copy
import json
import logging
import pickle
import traceback
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from pk_tui.plaintext import Plaintext

SECRET = Plaintext(b"hunter2-and-more")


@dataclass(frozen=True, slots=True)
class Holder:
    value: Plaintext


@pytest.mark.parametrize(
    "shown",
    [
        repr(SECRET),
        str(SECRET),
        f"{SECRET}",
        f"{SECRET!r:>40}",
        f"{SECRET:>40}",
        "%s %r" % (SECRET, SECRET),  # noqa: UP031 - this way of formatting is what is tried
        "{}".format(SECRET),  # noqa: UP032 - and this
        str([SECRET]),
        str(Holder(SECRET)),
        str(ValueError(SECRET)),
    ],
)
def test_no_way_of_printing_shows_it(shown: str) -> None:
    assert "hunter2" not in shown
    assert "‹hidden›" in shown


def test_a_log_line_does_not_show_it(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("value %s", SECRET)

    assert "hunter2" not in caplog.text


def test_a_traceback_with_locals_does_not_show_it() -> None:
    def fails(value: Plaintext) -> None:
        raise RuntimeError("it failed")

    try:
        fails(SECRET)
    except RuntimeError as error:
        text = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())

    assert "value = ‹hidden›" in text
    assert "hunter2-and" not in text


@pytest.mark.parametrize("way", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps, hash])
def test_it_is_not_copied_pickled_or_used_as_a_key(way: Callable[[Plaintext], object]) -> None:
    with pytest.raises(TypeError):
        way(SECRET)


def test_it_cannot_be_read_as_bytes_by_accident() -> None:
    with pytest.raises(TypeError):
        bytes(SECRET)
    with pytest.raises(TypeError):
        b"".join([SECRET])
    assert not hasattr(SECRET, "__dict__")


def test_reveal_gives_the_bytes_and_length_and_equality_work() -> None:
    assert Plaintext.of_text("grüße").reveal() == "grüße".encode()
    assert len(Plaintext(b"abc")) == 3
    assert Plaintext(b"a") == Plaintext(b"a")
    assert Plaintext(b"a") != Plaintext(b"b")
    assert Plaintext(b"a") != b"a"
