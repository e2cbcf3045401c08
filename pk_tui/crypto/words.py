"""32 random bytes as 24 words and back (BIP-39, English list, with its checksum)."""

from __future__ import annotations

import unicodedata
from functools import cache

from mnemonic import Mnemonic

from pk_tui.crypto.entropy import random_bytes
from pk_tui.errors import Misuse
from pk_tui.plaintext import Plaintext

WORDS = 24


@cache
def _list() -> Mnemonic:
    return Mnemonic("english")


def new_recovery_entropy() -> bytes:
    return random_bytes(32)


def to_words(entropy: bytes) -> Plaintext:
    return Plaintext.of_text(_list().to_mnemonic(entropy))


def from_words(text: str) -> bytes:
    """The entropy behind 24 words; case and spacing are forgiven. Raises Misuse, naming positions but never words."""
    words = unicodedata.normalize("NFKC", text).lower().split()
    if len(words) != WORDS:
        raise Misuse(f"A recovery code has {WORDS} words; {len(words)} were given.")
    known = set(_list().wordlist)
    strange = [str(position) for position, word in enumerate(words, 1) if word not in known]
    if strange:
        raise Misuse(
            f"These words of the recovery code are not on the list (a typing error?): number {', '.join(strange)}."
        )
    if not _list().check(" ".join(words)):
        raise Misuse("The recovery code's checksum is wrong: a word is mistaken for another, or two are swapped.")
    return bytes(_list().to_entropy(" ".join(words)))


def spoken(digest: bytes, count: int) -> tuple[str, ...]:
    """`count` words of the list for the first bits of `digest`, eleven a word: for reading aloud, not for keeping."""
    bits = int.from_bytes(digest, "big")
    words = _list().wordlist
    top = len(digest) * 8 - 11
    if count * 11 > len(digest) * 8:
        raise ValueError("the digest is too short for so many words")
    return tuple(words[bits >> top - 11 * place & 0x7FF] for place in range(count))
