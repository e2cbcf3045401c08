"""What is written of a vault besides its objects: who made it, where it comes from, how far it is, and what its index must be.

Sealing it is `vault`'s. Older forms are still read; they are written anew in the newest with the vault's next change.
"""

from __future__ import annotations

from typing import Annotated, Any

from pk_tui.records import U63, Bytes16, Bytes20, Bytes32, Meta, NameText, Record, Time, decode, encode
from pk_tui.store.framelayout import OLD_SERIES

_LIMIT = 64 * 1024
"""Bytes of a state."""
MAX_HEAD_BYTES = 8192
MAX_KEPT = 64
"""Versions of rewritten histories kept readable in one vault."""

HeadBytes = Annotated[bytes, Meta(max_length=MAX_HEAD_BYTES)]


class Upstream(Record, frozen=True, tag="upstream1"):
    """What is here of the vault at the origin: its lineage (creator and nonce), and the signed head that was taken in last,
    verbatim, with copies of what it says."""

    creator: Bytes32
    nonce: Bytes32
    head: HeadBytes
    commit: Bytes20
    digest: Bytes32
    sequence: U63


class _Known(Record, frozen=True):
    """The fields of both forms of a vault's record."""

    vault_id: Bytes16
    name: NameText
    creator: Bytes32
    nonce: Bytes32
    origin_node: Bytes32 | None
    origin_vault: Bytes16 | None
    read_only: bool
    head: HeadBytes
    commit: Bytes20
    digest: Bytes32
    sequence: U63
    created: Time
    updated: Time


class _VaultRecord1(_Known, frozen=True, tag="vault1"):
    """The form of before there were forks."""

    def taken_up(self) -> VaultRecord:
        return VaultRecord(*(getattr(self, name) for name in self.__struct_fields__))


class VaultRecord(_Known, frozen=True, tag="vault2"):
    """What is known of a vault besides its objects. `head` is the signed head record verbatim, of which commit, digest and
    sequence are copies; creator and nonce are its lineage; origin is where a clone or a fork pulls from.

    `upstream` is there for forks alone: what of the origin's lineage was merged last. `kept` are versions that stay readable
    although the head no longer leads to them: those before a rewritten history that the user accepted."""

    upstream: Upstream | None = None
    kept: Annotated[tuple[Bytes20, ...], Meta(max_length=MAX_KEPT)] = ()

    @property
    def taken(self) -> Upstream:
        """How far it has come with its origin: a fork with what it merged, a clone with what it is."""
        if self.upstream is not None:
            return self.upstream
        return Upstream(self.creator, self.nonce, self.head, self.commit, self.digest, self.sequence)

    @property
    def roots(self) -> tuple[bytes, ...]:
        """The versions from which everything is reached that has to stay."""
        merged = () if self.upstream is None else (self.upstream.commit,)
        return tuple(dict.fromkeys((self.commit, *merged, *self.kept)))


class State(Record, frozen=True, tag="vaultstate2"):
    """The record with what its index must be, of the `gen`-th time it was written."""

    gen: U63
    rows: U63
    last: U63
    chain: Bytes32
    series: U63
    record: VaultRecord


class _State1(Record, frozen=True, tag="vaultstate1"):
    """The form of layout 1, which knew one series."""

    gen: U63
    rows: U63
    last: U63
    chain: Bytes32
    record: VaultRecord | _VaultRecord1

    def taken_up(self) -> State:
        record = self.record if isinstance(self.record, VaultRecord) else self.record.taken_up()
        return State(self.gen, self.rows, self.last, self.chain, OLD_SERIES, record)


def read_state(raw: bytes) -> State:
    """Either form. Raises Malformed."""
    either: Any = State | _State1
    found: State | _State1 = decode(either, raw, _LIMIT)
    return found.taken_up() if isinstance(found, _State1) else found


def require_readable(record: VaultRecord) -> None:
    """Raises Malformed for a record that could not be read back, which would look like damage then."""
    decode(VaultRecord, encode(record), _LIMIT)
