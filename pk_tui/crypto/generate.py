"""New passwords and passphrases, and how much chance is in them. What one is to be like is the caller's to say.

A password is drawn evenly from all those that hold each chosen sort of character at least once: their number is counted, one
number below it is drawn, and the password of that number is written out. So the bits told are exactly those of the draw.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import combinations

from pk_tui.crypto.entropy import random_bytes
from pk_tui.errors import Misuse
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import is_safe_character

LOWER = "abcdefghijklmnopqrstuvwxyz"
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"
SYMBOLS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
ALIKE = "0Oo1lI|5S2Z8B`'\".,:;"
"""Characters that are easily taken for one another."""

MAX_LENGTH = 1024
MAX_WORDS = 64
MAX_SEPARATOR = 16
LIST_SIZE = 7776
"""Words of the EFF's long list: five dice."""


@dataclass(frozen=True, slots=True)
class Generated:
    value: Plaintext
    entropy_bits: float


def below(limit: int) -> int:
    """A number from 0 to `limit` - 1, each as likely as the others: what does not fit is drawn again, never folded."""
    if limit < 1:
        raise ValueError("there is no number below that")
    bits = (limit - 1).bit_length()
    size = (bits + 7) // 8
    while True:
        number = int.from_bytes(random_bytes(size), "big") >> (8 * size - bits) if bits else 0
        if number < limit:
            return number


def password(length: int, sorts: Sequence[str], exclude: str = "") -> Generated:
    """A password with at least one character of each of `sorts`, none of `exclude`. Raises Misuse if there is no such thing."""
    kept = [sorted(set(sort) - set(exclude)) for sort in sorts]
    if not kept:
        raise Misuse("A password needs at least one sort of characters: lower case, upper case, digits or symbols.")
    if not all(kept):
        raise Misuse("Of one sort of characters all are excluded. Leave that sort out, or exclude fewer.")
    if not len(kept) <= length <= MAX_LENGTH:
        raise Misuse(f"A password of the sorts chosen has {len(kept)} to {MAX_LENGTH} characters.")
    ways = _Ways(tuple(len(sort) for sort in kept))
    missing = frozenset(range(len(kept)))
    total = ways.count(missing, length)
    number = below(total)
    letters = []
    for left in range(length - 1, -1, -1):
        for index, sort in enumerate(kept):
            each = ways.count(missing - {index}, left)
            if number < each * len(sort):
                chosen, number = divmod(number, each)
                letters.append(sort[chosen])
                missing -= {index}
                break
            number -= each * len(sort)
    return Generated(Plaintext.of_text("".join(letters)), _bits(total))


def passphrase(words: int, separator: str = "-") -> Generated:
    """So many words of the EFF's long list. No word of it begins another, so two draws never give one phrase."""
    if not 1 <= words <= MAX_WORDS:
        raise Misuse(f"A passphrase has 1 to {MAX_WORDS} words.")
    if len(separator) > MAX_SEPARATOR or not all(map(is_safe_character, separator)):
        raise Misuse(f"What stands between words is at most {MAX_SEPARATOR} characters that show.")
    listed = word_list()
    chosen = [listed[below(LIST_SIZE)] for _ in range(words)]
    return Generated(Plaintext.of_text(separator.join(chosen)), _bits(LIST_SIZE**words))


@cache
def word_list() -> tuple[str, ...]:
    """The EFF's long list. Loaded when the first passphrase is asked for."""
    words = tuple((resources.files("xkcdpass") / "static" / "eff-long").read_text("ascii").split())
    if (
        len(set(words)) != LIST_SIZE
        or len(words) != LIST_SIZE
        or not all(re.fullmatch("[a-z-]+", word) for word in words)
    ):
        raise Misuse("The list of words is not the one it should be. Install the program anew, or choose a password.")
    return words


class _Ways:
    """How many texts there are, by which sorts must still come and how many characters are left."""

    def __init__(self, sizes: tuple[int, ...]) -> None:
        self._sizes = sizes
        self._known: dict[tuple[frozenset[int], int], int] = {}

    def count(self, missing: frozenset[int], left: int) -> int:
        """All texts, less those without one of the missing, plus those without two of them …"""
        known = self._known.get((missing, left))
        if known is None:
            known = self._known[missing, left] = sum(
                (-1) ** many * (sum(self._sizes) - sum(self._sizes[index] for index in without)) ** left
                for many in range(len(missing) + 1)
                for without in combinations(sorted(missing), many)
            )
        return known


def _bits(number: int) -> float:
    """log2, also of numbers that no float holds."""
    shift = max(0, number.bit_length() - 64)
    return math.log2(number >> shift) + shift
