"""A record together with its signature, as bytes. Who has to sign what for which purpose is said by the modules of each kind.

What is signed has one form, the shortest that msgpack knows. Any other is refused: it would be the same words under the same
signature with another hash, which anybody could make without a key, and pass off as a second claim of a chain.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Generic, TypeVar

from pk_tui.crypto.keys import SigningKey, verifies
from pk_tui.errors import Malformed
from pk_tui.records import Bytes64, Record, decode, encode
from pk_tui.terms import NodeId

BODY_LIMIT = 1024
"""Bytes of a signed record, unless its kind says otherwise; most take about 200."""
AROUND = 128
"""Bytes at most that one signature and msgpack put around it."""
STATEMENT_LIMIT = BODY_LIMIT + AROUND
"""Bytes of a statement: the record, the signature and what msgpack puts around them."""

_PERSON = b"pk-tui statement"


class NotSigned(Malformed):
    """Bytes of the right type that do not carry a signature they must have."""


class _Signed(Record, frozen=True, tag="signed1"):
    body: bytes
    signature: Bytes64


R = TypeVar("R", bound=Record)


def read_exactly(kind: type[R], raw: bytes, limit: int) -> R:
    """Read a record that stands in its one form. Raises Malformed."""
    record = decode(kind, raw, limit)
    if encode(record) != raw:
        raise Malformed("A signed record is not in the one form it has.")
    return record


def digest_of(statement: bytes) -> bytes:
    """What a statement is told by: 32 bytes over all of it, the signatures too."""
    return hashlib.blake2b(statement, digest_size=32, person=_PERSON).digest()


@dataclass(frozen=True, slots=True)
class Unverified(Generic[R]):
    """What a statement says before anybody has shown who signed it. `claimed` is for finding out whose signature to ask for."""

    claimed: R
    body: bytes
    signature: bytes

    def signed_by(self, signer: NodeId, purpose: str) -> R:
        """What is said, now that it is known that `signer` signed it for `purpose`. Raises NotSigned if not so."""
        if not verifies(signer.raw, purpose, self.body, self.signature):
            raise NotSigned("A signed record does not carry the signature it must have.")
        return self.claimed


def sign_statement(signing: SigningKey, purpose: str, record: Record, limit: int = BODY_LIMIT) -> bytes:
    """The record and a signature over its bytes. Raises Malformed for a record that nobody could read back.

    limit: bytes of the record's own; a reader has to be given the same.
    """
    body = encode(record)
    decode(type(record), body, limit)
    return encode(_Signed(body, signing.sign(purpose, body)))


def read_statement(kind: type[R], raw: bytes, limit: int = BODY_LIMIT) -> Unverified[R]:
    """Raises Malformed if `raw` is no statement about a record of `kind` with at most `limit` bytes."""
    signed = read_exactly(_Signed, raw, limit + AROUND)
    return Unverified(read_exactly(kind, signed.body, limit), signed.body, signed.signature)
