"""A node's word that an account at a provider is its owner's. It counts once the provider's own copy was fetched and verified
here, which shows that the account says the same; how it looks there is `armour`'s."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pk_tui.clock import Instant
from pk_tui.crypto.keys import SigningKey
from pk_tui.errors import Malformed, Misuse
from pk_tui.records import Bytes32, Meta, NameText, Record, Time
from pk_tui.terms import IdentityId, NodeId
from pk_tui.trust.statement import digest_of, read_statement, sign_statement

_PURPOSE = "identity"


class _Identity(Record, frozen=True, tag="identity1"):
    node: Bytes32
    provider: Annotated[str, Meta(max_length=16)]
    account: Annotated[str, Meta(max_length=253)]
    name: NameText
    time: Time


@dataclass(frozen=True, slots=True)
class IdentityStatement:
    """What a node signed. `name` is what people call the account and proves nothing. `raw` is what the provider is to show."""

    node: NodeId
    identity: IdentityId
    name: str
    time: Instant
    digest: bytes
    raw: bytes


def make_identity(signing: SigningKey, identity: IdentityId, name: str, now: Instant) -> bytes:
    """Raises Malformed if the name is empty or too long."""
    record = _Identity(signing.node_id.raw, identity.provider, identity.account, name, now)
    return sign_statement(signing, _PURPOSE, record)


def read_identity(raw: bytes) -> IdentityStatement:
    """Raises Malformed if `raw` is no such statement, NotSigned if the node it names did not sign it."""
    statement = read_statement(_Identity, raw)
    try:
        identity = IdentityId(statement.claimed.provider, statement.claimed.account)
    except Misuse:
        raise Malformed("A statement names no identity that a provider could have.") from None
    node = NodeId(statement.claimed.node)
    said = statement.signed_by(node, _PURPOSE)
    return IdentityStatement(node, identity, said.name, said.time, digest_of(raw), raw)
