"""Grants, kept as they were signed: those we issued and those issued to us. What a grant allows is decided in `trust`."""

from __future__ import annotations

from typing import Annotated

from pk_tui.records import U63, Bytes16, Bytes32, Meta, NameText, Record, Time, decode, encode
from pk_tui.store.shelf import Number, Shelf, ShelfRoom
from pk_tui.terms import NodeId, VaultId

_Signed = Annotated[bytes, Meta(min_length=1, max_length=4096)]


class IssuedGrant(Record, frozen=True, tag="issued1"):
    """The newest grant of a vault to a node. Once revoked it stays, so that its serial is never used again."""

    vault_id: Bytes16
    grantee: Bytes32
    grant: _Signed
    serial: U63
    revoked: Time | None = None


class ReceivedGrant(Record, frozen=True, tag="received1"):
    """A grant to us: from which node, its id of the vault, the lineage's creator and nonce, and the name it goes by there."""

    node: Bytes32
    vault_id: Bytes16
    grant: _Signed
    creator: Bytes32
    nonce: Bytes32
    name: NameText


class IssuedGrants:
    def __init__(self, room: ShelfRoom) -> None:
        self._room = room
        self._shelf = Shelf(room, Number.ISSUED_GRANTS)

    def get(self, vault_id: VaultId, grantee: NodeId) -> IssuedGrant | None:
        raw = self._shelf.get(vault_id.raw + grantee.raw)
        return None if raw is None else decode(IssuedGrant, raw)

    def put(self, row: IssuedGrant) -> None:
        """Raises Malformed if it breaks a limit of its type."""
        raw = encode(row)
        decode(IssuedGrant, raw)
        self._shelf.put(row.vault_id + row.grantee, raw)

    def remove(self, vault_id: VaultId, grantee: NodeId) -> bool:
        return self._shelf.remove(vault_id.raw + grantee.raw)

    def of_vault(self, vault_id: VaultId) -> list[IssuedGrant]:
        return [decode(IssuedGrant, raw) for name, raw in self._shelf.items() if name[:16] == vault_id.raw]

    def to_node(self, grantee: NodeId) -> list[IssuedGrant]:
        return [decode(IssuedGrant, raw) for name, raw in self._shelf.items() if name[16:] == grantee.raw]

    def remove_vault(self, vault_id: VaultId) -> None:
        """End all grants of a vault, as when it is deleted."""
        with self._room.ledger.transaction():
            for name in [name for name, _ in self._shelf.items() if name[:16] == vault_id.raw]:
                self._shelf.remove(name)

    def list(self) -> list[IssuedGrant]:
        """All of them, in the order in which they were first issued. One look instead of one for each vault or node."""
        return [decode(IssuedGrant, raw) for _, raw in self._shelf.items()]


class ReceivedGrants:
    def __init__(self, room: ShelfRoom) -> None:
        self._shelf = Shelf(room, Number.RECEIVED_GRANTS)

    def get(self, node: NodeId, vault_id: VaultId) -> ReceivedGrant | None:
        """`vault_id`: as the granting node knows it."""
        raw = self._shelf.get(node.raw + vault_id.raw)
        return None if raw is None else decode(ReceivedGrant, raw)

    def put(self, row: ReceivedGrant) -> None:
        """Raises Malformed if it breaks a limit of its type."""
        raw = encode(row)
        decode(ReceivedGrant, raw)
        self._shelf.put(row.node + row.vault_id, raw)

    def remove(self, node: NodeId, vault_id: VaultId) -> bool:
        return self._shelf.remove(node.raw + vault_id.raw)

    def from_node(self, node: NodeId) -> list[ReceivedGrant]:
        return [decode(ReceivedGrant, raw) for name, raw in self._shelf.items() if name[:32] == node.raw]


class GrantTable:
    def __init__(self, room: ShelfRoom) -> None:
        self.issued = IssuedGrants(room)
        self.received = ReceivedGrants(room)
