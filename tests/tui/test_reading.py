from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pk_tui.api.facade import AgentApi
from pk_tui.api.items import ITEM_BEGINS, ItemView, SlotView
from pk_tui.errors import Malformed, NotFound
from pk_tui.plaintext import Plaintext
from pk_tui.terms import SecretPath
from pk_tui.tui.reading import Beginning, is_text, read_as_text, read_beginning

MIB = 1024 * 1024


class Endless:
    """A secret of 300 MiB; counts the pieces that were taken."""

    def __init__(self, pieces: int = 300, length: int = MIB) -> None:
        self.pieces, self.length = pieces, length
        self.taken = 0
        self.closed = False

    async def read(self, vault: str, path: SecretPath) -> AsyncIterator[Plaintext]:
        try:
            for _ in range(self.pieces):
                self.taken += 1
                yield Plaintext(b"x" * self.length)
        finally:
            self.closed = True


def begin(secrets: Endless, limit: int) -> Beginning:
    api = cast(AgentApi, SimpleNamespace(secrets=secrets))
    return asyncio.run(read_beginning(api, "v", SecretPath.parse("a"), limit))


def test_of_a_large_secret_one_piece_is_read_and_the_reading_is_ended() -> None:
    secrets = Endless()
    found = begin(secrets, 64 * 1024)
    assert (secrets.taken, secrets.closed, found.whole) == (1, True, False)
    assert len(found.value) == MIB


def test_a_value_of_just_the_limit_is_whole_and_one_byte_more_is_not() -> None:
    assert begin(Endless(2, 50), 100).whole
    assert not begin(Endless(2, 50), 99).whole
    assert begin(Endless(0), 10) == Beginning(Plaintext(b""), True)


@pytest.mark.parametrize(
    ("value", "whole", "text"),
    [
        (b"", True, True),
        ("Grüße\n".encode(), True, True),
        (b"\xff\xfe", True, False),
        (b"a\0b", True, False),
        ("€".encode()[:2], True, False),
        ("€".encode()[:2], False, True),  # cut in the middle of a character: what comes next would end it
        (b"\xed\xa0\x80", True, False),
    ],
)
def test_text_is_strict_utf_8_without_zero_bytes(value: bytes, whole: bool, text: bool) -> None:
    assert is_text(Beginning(Plaintext(value), whole)) is text


def test_what_was_read_does_not_print_itself() -> None:
    found: Any = Beginning(Plaintext(b"canary-value"), True)
    assert "canary" not in repr(found) + str(found)


class Items:
    def __init__(self, found: ItemView | Exception) -> None:
        self.found = found

    async def get(self, vault: str, path: SecretPath) -> ItemView:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


class Stored:
    def __init__(self, value: bytes) -> None:
        self.value = value

    async def read(self, vault: str, path: SecretPath) -> AsyncIterator[Plaintext]:
        yield Plaintext(self.value)


def as_text(value: bytes, found: ItemView | Exception) -> bytes:
    api = cast(AgentApi, SimpleNamespace(secrets=Stored(value), items=Items(found)))
    return asyncio.run(read_as_text(api, "v", SecretPath.parse("a"))).value.reveal()


def test_an_item_is_read_as_its_slots_and_what_only_begins_as_one_as_it_is() -> None:
    slot = SlotView("username", "text", "User name", False, Plaintext(b"ada"))
    item = ItemView("password", "Bank", (), (slot,))
    stored = ITEM_BEGINS + b"}"

    assert as_text(stored, item) == b"Title: Bank\nUser name: ada"
    assert as_text(stored, Malformed("It is none.")) == stored
    assert as_text(b"plain", NotFound("Nobody asks.")) == b"plain"
