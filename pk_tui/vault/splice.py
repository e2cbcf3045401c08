"""A directory made from its predecessor: its entries, digests and sums follow from the old ones and what changed.

So one new secret among 10,000 costs copying, not 10,000 look-ups; both for edits of ours (`tree`) and for checking what a
peer sends as a delta (`check`).
"""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

from pk_tui.vault import entries
from pk_tui.vault.delta import Operation
from pk_tui.vault.facts import Lookup, Share, share_of, total
from pk_tui.vault.objects import Facts


class Splice(NamedTuple):
    """Take the old entry `at` away, or put `entry` before it. Sorts into the order of doing."""

    at: int
    takes: bool
    order: bytes = b""
    entry: bytes = b""
    digest: bytes = b""


def place(old: list[bytes], order: bytes) -> tuple[int, bool]:
    """Where an entry of this order stands or would stand among sorted entries, and whether it is there."""
    at = bisect_left(old, order, key=entries.order_of)
    return at, at < len(old) and entries.order_of(old[at]) == order


def spliced(old: list[bytes], digests: bytes, splices: list[Splice]) -> tuple[list[bytes], bytes, list[Operation]]:
    """The new entries, their digests, and how the new raw tree is told from the old one. `splices` are sorted."""
    now: list[bytes] = []
    parts: list[bytes] = []
    told: list[Operation] = []
    done = offset = 0
    for at, takes, _, entry, digest in splices:
        if at > done:
            kept = old[done:at]
            size = sum(map(len, kept))
            now += kept
            parts.append(digests[done * 32 : at * 32])
            told.append((offset, size))
            done, offset = at, offset + size
        if takes:
            offset += len(old[at])
            done = at + 1
        else:
            now.append(entry)
            parts.append(digest)
            told.append(entry)
    rest = old[done:]
    now += rest
    parts.append(digests[done * 32 :])
    told.append((offset, sum(map(len, rest))))
    return now, b"".join(parts), told


def sums(old: Facts, gone: list[Share], come: list[Share], now: list[bytes], lookup: Lookup) -> Share:
    """Sums and maxima of the directory that has the entries `now`, after `gone` left the old one and `come` came."""
    less, more = total(gone), total(come)
    height, reach = max(old.height, more.height), max(old.reach, more.reach)
    if less.height == height > more.height or less.reach == reach > more.reach:
        height, reach = _maxima(now, height, reach, lookup)
    return Share(
        height,
        reach,
        old.secrets - less.secrets + more.secrets,
        old.size - less.size + more.size,
        old.empties - less.empties + more.empties,
    )


def _maxima(now: list[bytes], height_at_most: int, reach_at_most: int, lookup: Lookup) -> tuple[int, int]:
    """What reached a maximum is gone: look for another that does, and stop at it."""
    height = reach = 0
    for entry in now:
        share = share_of(len(entries.name_of(entry)), lookup(entries.oid_of(entry)))
        height, reach = max(height, share.height), max(reach, share.reach)
        if height == height_at_most and reach == reach_at_most:
            break
    return height, reach
