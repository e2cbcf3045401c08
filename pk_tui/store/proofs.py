"""Providers' copies of identity statements, as they were verified here, and when. What follows from one is decided in `trust`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pk_tui.records import Bytes32, Meta, Record, Time, decode, encode
from pk_tui.store.shelf import Number, Shelf, ShelfRoom
from pk_tui.terms import IdentityId, NodeId
from pk_tui.trust.belief import Proof

_Text = Annotated[str, Meta(min_length=1, max_length=1024)]


class _Proved(Record, frozen=True, tag="proof1"):
    identity: Annotated[str, Meta(min_length=3, max_length=270)]
    node: Bytes32
    statement: Bytes32
    name: _Text
    url: _Text
    checked: Time


class ProofTable:
    """One proof for each node and identity: the newest."""

    def __init__(self, room: ShelfRoom) -> None:
        self._shelf = Shelf(room, Number.PROOFS)

    def get(self, node: NodeId, identity: IdentityId) -> Proof | None:
        raw = self._shelf.get(_name(node, identity))
        return None if raw is None else _read(raw)

    def put(self, proof: Proof) -> None:
        """Raises Malformed if it breaks a limit of its type."""
        raw = encode(
            _Proved(str(proof.identity), proof.node.raw, proof.statement, proof.name, proof.url, proof.checked)
        )
        _read(raw)
        self._shelf.put(_name(proof.node, proof.identity), raw)

    def remove(self, node: NodeId, identity: IdentityId) -> bool:
        """False if there was none."""
        return self._shelf.remove(_name(node, identity))

    def list(self) -> Iterator[Proof]:
        for _, raw in self._shelf.items():
            yield _read(raw)


def _name(node: NodeId, identity: IdentityId) -> bytes:
    return node.raw + str(identity).encode()


def _read(raw: bytes) -> Proof:
    said = decode(_Proved, raw)
    return Proof(IdentityId.parse(said.identity), NodeId(said.node), said.statement, said.name, said.url, said.checked)
