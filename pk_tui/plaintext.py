"""A secret value that does not print itself."""

from __future__ import annotations

from typing import NoReturn


class Plaintext:
    """Holds secret bytes; `repr`, `str` and formatting show only ‹hidden›. Take the bytes out with `reveal()`, late and briefly.

    Python cannot erase the bytes; what this class promises is that no log line, traceback or event shows them by accident.
    """

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    @classmethod
    def of_text(cls, text: str) -> Plaintext:
        return cls(text.encode())

    def reveal(self) -> bytes:
        return self._value

    def __len__(self) -> int:
        return len(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plaintext) and self._value == other._value

    def __hash__(self) -> NoReturn:
        raise TypeError("a Plaintext is not a key of anything")

    def __repr__(self) -> str:
        return "‹hidden›"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "‹hidden›"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Plaintext is not pickled")
