"""Bytes as letters, digits, `-` and `_`: base64url without padding, and of each only the one spelling.

The last letter can carry bits that mean nothing; where those could be chosen, one thing would have several spellings.
"""

from __future__ import annotations

import base64
import binascii

from pk_tui.errors import Malformed


def spelled(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def unspelled(text: str) -> bytes:
    """Raises Malformed for anything but what `spelled` gives."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):  # the latter for what is not ASCII
        raw = b""
    if spelled(raw) != text:
        raise Malformed("What should be letters, digits, `-` and `_` is cut off or misspelt.")
    return raw
