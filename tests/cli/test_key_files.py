from __future__ import annotations

from typing import Any

import pytest

from pk_tui.cli.commands import Needs, parse
from pk_tui.cli.main import root
from pk_tui.errors import CannotOpen, UnknownNode
from pk_tui.plaintext import Plaintext

RAW = bytes(range(256)) + b"\xff\x00\r\n"
TURNED = b"".join(RAW[at : at + 3][::-1] for at in range(0, len(RAW), 3))
"""As `Keys` seals it: files are read three bytes at a time here."""


class Keys:
    """Writes down what it is given; seals by turning bytes around."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.valid = True
        self.fails: Exception | None = None

    async def _whole(self, content: Any) -> bytes:
        return b"".join([piece async for piece in content])

    async def sign(self, content: Any) -> str:
        self.calls.append(("sign", await self._whole(content)))
        return "uSIGNATURE"

    async def verify(self, content: Any, signature: str, node: str) -> bool:
        self.calls.append(("verify", await self._whole(content), signature, node))
        return self.valid

    async def encrypt(self, content: Any, node: str) -> Any:
        self.calls.append(("encrypt", node))
        if self.fails:
            raise self.fails
        async for piece in content:
            yield piece[::-1]

    async def decrypt(self, content: Any) -> Any:
        async for piece in content:
            yield Plaintext(piece[::-1])
        if self.fails:
            raise self.fails


@pytest.fixture
def keys(agent: Any, tmp_path: Any) -> Keys:
    agent.keys = Keys()
    (tmp_path / "file").write_bytes(RAW)
    return agent.keys


def test_sign(type_in, keys):
    assert type_in("--format", "json", "keys", "sign", "file").json == {"signature": "uSIGNATURE"}
    assert type_in("keys", "sign", "-", stdin=b"other").output == b"uSIGNATURE\n"
    assert keys.calls == [("sign", RAW), ("sign", b"other")]


def test_verify_says_so_and_ends_with_65_if_it_is_not_good(type_in, keys):
    done = type_in("--format", "json", "keys", "verify", "file", "uX", "ada")
    assert (done.json, done.code) == ({"valid": True}, 0)
    keys.valid = False
    done = type_in("--format", "json", "keys", "verify", "file", "uX", "ada")
    assert (done.json, done.code, done.errors) == ({"valid": False}, 65, b"")
    done = type_in("keys", "verify", "-", "uX", "ada", stdin=b"other")
    assert b"not good" in done.output
    assert done.code == 65
    assert keys.calls == [("verify", RAW, "uX", "ada")] * 2 + [("verify", b"other", "uX", "ada")]


@pytest.mark.parametrize("form", ["human", "json"])
def test_encrypt_and_decrypt_write_raw_bytes_in_either_format(type_in, keys, form):
    done = type_in("--format", form, "keys", "encrypt", "file", "ada")
    assert (done.output, done.errors, done.code) == (TURNED, b"", 0)
    done = type_in("--format", form, "keys", "decrypt", "-", stdin=TURNED)
    assert (done.output, done.errors, done.code) == (RAW, b"", 0)


def test_an_unknown_node_is_67_and_nothing_is_written(type_in, keys):
    keys.fails = UnknownNode("Nobody is called so.")
    done = type_in("keys", "encrypt", "file", "nobody")
    assert (done.output, done.code) == (b"", 67)


def test_what_was_cut_off_is_65_after_what_was_good_of_it_and_says_how_much(type_in, keys):
    keys.fails = CannotOpen("The sealed file is damaged.")
    done = type_in("--format", "json", "keys", "decrypt", "file")
    assert (done.output, done.code) == (TURNED, 65)
    assert b"260 bytes had been written" in done.errors
    assert type_in("keys", "decrypt", "-", stdin=b"").errors == b"The sealed file is damaged.\n"


def test_sealed_bytes_are_not_written_to_a_terminal(type_in, keys):
    done = type_in("keys", "encrypt", "file", "ada", tty=True)
    assert (done.output, done.code, keys.calls) == (b"", 64, [])


def test_all_of_them_need_the_node_open():
    for argv in (["sign", "f"], ["verify", "f", "s", "n"], ["encrypt", "f", "n"], ["decrypt", "f"]):
        assert parse(root, ["keys", *argv], 0).needs is Needs.NODE
