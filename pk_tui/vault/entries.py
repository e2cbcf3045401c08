"""The raw form of a git tree: how entries are split, named, ordered and found. Knows nothing of what they point to.

A tree is a run of entries `mode SP name NUL oid`, in git's order: by name, a directory as if its name ended in `/`. Here an
entry is its raw bytes, so that unchanged entries are never taken apart, and joining a list of them is the tree again. One
compiled pattern splits a tree five times faster than dulwich's parser, which writes out hexadecimal names.

These functions trust the tree (`check` has seen it); only `is_well_formed` does not.
"""

from __future__ import annotations

import re

from pk_tui.vault.objects import Oid

_ENTRY = re.compile(rb"(?:100644|40000) [^\0]++\0.{20}", re.DOTALL)
_FIELDS = re.compile(rb"(100644|40000) ([^\0]+)\0(.{20})", re.DOTALL)
# Possessive (`*+`): what was matched is never tried again in another way, so that hostile bytes cost one pass.
_RUN = re.compile(rb"(?:(?:100644|40000) [^\0]++\0.{20})*+", re.DOTALL)

_WALKED = 16 * 1024
"""Bytes of entries that are worth taking one by one; more are split at once."""

FILE = b"100644"
DIRECTORY = b"40000"
_FOUR = 0x34  # "4", the first byte of a directory's entry


def is_well_formed(raw: bytes) -> bool:
    """True if `raw` is nothing but entries of the two modes we know. Names and order are not looked at."""
    return _RUN.fullmatch(raw) is not None


def split(raw: bytes) -> list[bytes]:
    """The entries, each as its raw bytes."""
    return _ENTRY.findall(raw)


def fields(raw: bytes) -> list[tuple[bytes, bytes, Oid]]:
    """The entries as (mode, name, oid); mode is FILE or DIRECTORY."""
    return _FIELDS.findall(raw)


def make(name: bytes, oid: Oid, directory: bool) -> bytes:
    return (b"40000 %b\0%b" if directory else b"100644 %b\0%b") % (name, oid)


def is_directory(entry: bytes) -> bool:
    return entry[0] == _FOUR


def name_of(entry: bytes) -> bytes:
    return entry[6:-21] if entry[0] == _FOUR else entry[7:-21]


def oid_of(entry: bytes) -> Oid:
    return entry[-20:]


def order_of(entry: bytes) -> bytes:
    """What git sorts entries by."""
    return entry[6:-21] + b"/" if entry[0] == _FOUR else entry[7:-21]


def apart(one: bytes, other: bytes) -> tuple[list[bytes], list[bytes]]:
    """The entries of each of two trees without those that are the same at both beginnings and, mostly, at both ends.

    An edit leaves most of a large directory as it was; that is compared as bytes and not taken apart.
    """
    found = _RUN.match(one, 0, _equal_start(one, other))  # as many whole entries as are equal
    start = found.end() if found else 0
    equal = _equal_end(one, other)
    if max(len(one), len(other)) - equal - start <= _WALKED:
        mine, end = _walked(one, start, len(one) - equal)
        theirs, other_end = _walked(other, start, len(other) - equal)
        # An equal end may begin within an entry, and in another place of it on each side; then it says nothing.
        if len(one) - end == len(other) - other_end:
            return mine, theirs
    return _ENTRY.findall(one, start), _ENTRY.findall(other, start)


def _walked(raw: bytes, start: int, end: int) -> tuple[list[bytes], int]:
    """The entries that begin from `start` on and before `end`, and where the last of them ends."""
    found: list[bytes] = []
    while start < end:
        entry = _ENTRY.match(raw, start)
        if entry is None:  # pragma: no cover - trees are well formed
            break
        found.append(entry[0])
        start = entry.end()
    return found, start


def _equal_start(one: bytes, other: bytes) -> int:
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _equal_end(one: bytes, other: bytes) -> int:
    low, high = 0, min(len(one), len(other))
    size, other_size = len(one), len(other)
    while low < high:
        middle = (low + high + 1) // 2
        if one[size - middle : size - low] == other[other_size - middle : other_size - low]:
            low = middle
        else:
            high = middle - 1
    return low


def lookup(raw: bytes, name: bytes) -> tuple[bool, Oid] | None:
    """(is it a directory, oid) of the entry called `name`, or None."""
    for directory, needle in ((False, b"100644 %b\0" % name), (True, b"40000 %b\0" % name)):
        at = raw.find(needle)
        if at < 0:
            continue
        # The bytes may also lie inside another name or an oid. What lies before them decides; a tree full of such
        # false finds costs one plain scan, not one try each.
        if _RUN.fullmatch(raw, 0, at):
            start = at + len(needle)
            return directory, raw[start : start + 20]
        for mode, other, oid in fields(raw):
            if other == name:
                return mode == DIRECTORY, oid
        return None
    return None
