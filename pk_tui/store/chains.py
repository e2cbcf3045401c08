"""Sigchains as they were signed, our own and those of nodes we know, and evidence that a node has shown two of them.

Claims are kept verbatim and in order. They are verified before they come here; what they mean is decided in `trust`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from pk_tui.records import U32, Meta, Record, decode, encode
from pk_tui.store.shelf import Number, Shelf, ShelfRoom
from pk_tui.terms import NodeId

MAX_CLAIM = 4096
"""Bytes of one claim, as `trust.claim` has it."""
_Raw = Annotated[bytes, Meta(min_length=1, max_length=MAX_CLAIM)]


class _Fork(Record, frozen=True, tag="fork1"):
    one: _Raw
    other: _Raw
    first: U32


_FORK_LIMIT = 2 * MAX_CLAIM + 256


@dataclass(frozen=True, slots=True)
class KnownFork:
    """Two claims that prove it, and the other branch from the place `first` on, as far as it is known."""

    one: bytes
    other: bytes
    first: int
    branch: tuple[bytes, ...]


class ChainTable:
    def __init__(self, room: ShelfRoom) -> None:
        self._room = room
        self._claims = Shelf(room, Number.CHAINS)
        self._forks = Shelf(room, Number.FORKS)

    def get(self, node: NodeId) -> list[bytes]:
        """The node's claims from its first, as far as they are here."""
        claims: list[bytes] = []
        while (raw := self._claims.get(_name(node, len(claims)))) is not None:
            claims.append(raw)
        return claims

    def list(self) -> Iterator[tuple[NodeId, list[bytes]]]:
        """Every chain, in the order in which the nodes became known."""
        found: dict[bytes, dict[int, bytes]] = {}
        for name, raw in self._claims.items():
            found.setdefault(name[:32], {})[int.from_bytes(name[32:], "big")] = raw
        for node, claims in found.items():
            yield NodeId(node), [claims[sequence] for sequence in range(len(claims))]

    def append(self, node: NodeId, sequence: int, raw: bytes) -> None:
        """Raises ValueError if another claim has this place, or none has the one before: a chain is never written over."""
        if not 1 <= len(raw) <= MAX_CLAIM:
            raise ValueError("a claim is larger than a claim may be")
        with self._room.ledger.transaction():
            if sequence and self._claims.get(_name(node, sequence - 1)) is None:
                raise ValueError("a chain has no gaps")
            there = self._claims.get(_name(node, sequence))
            if there is not None and there != raw:
                raise ValueError("a claim is never replaced")
            self._claims.put(_name(node, sequence), raw)

    def remove(self, node: NodeId) -> bool:
        """Forget a node's chain and what is known against it. False if there was none."""
        with self._room.ledger.transaction():
            count = len(self.get(node))
            for sequence in range(count):
                self._claims.remove(_name(node, sequence))
            for name in [name for name, _ in self._forks.items() if name[:32] == node.raw]:
                self._forks.remove(name)
        return count > 0

    def put_fork(self, node: NodeId, one: bytes, other: bytes, first: int = 0, branch: Sequence[bytes] = ()) -> None:
        """Keep the evidence, and of the other branch the claims from the place `first` on. What was kept first stays."""
        if self._forks.get(node.raw) is not None:
            return
        raw = encode(_Fork(one, other, first))
        decode(_Fork, raw, _FORK_LIMIT)
        with self._room.ledger.transaction():
            self._forks.put(node.raw, raw)
            for offset, claim in enumerate(branch):
                self._forks.put(_name(node, first + offset), claim)

    def replace_fork(self, node: NodeId, one: bytes, other: bytes, first: int, branch: Sequence[bytes]) -> None:
        """As `put_fork`, in place of what was kept: more of the other branch is known by now."""
        with self._room.ledger.transaction():
            for name in [name for name, _ in self._forks.items() if name[:32] == node.raw]:
                self._forks.remove(name)
            self.put_fork(node, one, other, first, branch)

    def forks(self) -> Iterator[tuple[NodeId, KnownFork]]:
        """Nodes that signed two claims of one place, with what is known of it."""
        rows = dict(self._forks.items())
        for name, raw in rows.items():
            if len(name) == 32:
                node, fork = NodeId(name), decode(_Fork, raw, _FORK_LIMIT)
                branch: list[bytes] = []
                while (claim := rows.get(_name(node, fork.first + len(branch)))) is not None:
                    branch.append(claim)
                yield node, KnownFork(fork.one, fork.other, fork.first, tuple(branch))


def _name(node: NodeId, sequence: int) -> bytes:
    return node.raw + sequence.to_bytes(4, "big")
