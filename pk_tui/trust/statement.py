"""A record together with its signature, as bytes. Who has to sign what for which purpose is said by `head` and `grant`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from pk_tui.crypto.keys import SigningKey, verifies
from pk_tui.errors import Malformed
from pk_tui.records import Bytes64, Meta, Record, decode, encode
from pk_tui.terms import NodeId

BODY_LIMIT = 1024
"""Bytes of a signed record; the largest of today takes about 200."""
STATEMENT_LIMIT = BODY_LIMIT + 128
"""Bytes of a statement: the record, the signature and what msgpack puts around them."""


class _Signed(Record, frozen=True, tag="signed1"):
    body: Annotated[bytes, Meta(max_length=BODY_LIMIT)]
    signature: Bytes64


R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Unverified(Generic[R]):
    """What a statement says before anybody has shown who signed it. `claimed` is for finding out whose signature to ask for."""

    claimed: R
    body: bytes
    signature: bytes

    def signed_by(self, signer: NodeId, purpose: str) -> R:
        """What is said, now that it is known that `signer` signed it for `purpose`. Raises Malformed if not so."""
        if not verifies(signer.raw, purpose, self.body, self.signature):
            raise Malformed("A signed record does not carry the signature it must have.")
        return self.claimed


def sign_statement(signing: SigningKey, purpose: str, record: Record) -> bytes:
    """The record and a signature over its bytes. Raises Malformed for a record that nobody could read back."""
    body = encode(record)
    decode(type(record), body, BODY_LIMIT)
    return encode(_Signed(body, signing.sign(purpose, body)))


def read_statement(kind: type[R], raw: bytes) -> Unverified[R]:
    """Raises Malformed if `raw` is no statement about a record of `kind`."""
    signed = decode(_Signed, raw, STATEMENT_LIMIT)
    return Unverified(decode(kind, signed.body, BODY_LIMIT), signed.body, signed.signature)
