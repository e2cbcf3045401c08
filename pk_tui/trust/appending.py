"""What the own node signs to say one thing more in its chain.

Each gives the claim's bytes, or raises ChainFault for what the chain does not allow, so nothing is shown that others refuse. The
caller keeps them before anybody sees them: a place that is signed for twice is a fork, even by mistake.
"""

from __future__ import annotations

from pk_tui.clock import Instant
from pk_tui.crypto.keys import SigningKey
from pk_tui.trust.claim import (
    BodyRecord,
    ExpelledRecord,
    IdentifiedRecord,
    PairedRecord,
    RetractedRecord,
    RewordedRecord,
    SucceededRecord,
    sign_link,
)
from pk_tui.trust.sigchain import Chain, extend


def make_paired(signing: SigningKey, chain: Chain, statement: bytes, now: Instant) -> bytes:
    """`statement`: as `pair.countersign` gives it."""
    return _make(signing, chain, PairedRecord(statement), now)


def make_identified(signing: SigningKey, chain: Chain, statement: bytes, locator: str, now: Instant) -> bytes:
    """`statement`: as it was published; `locator`: where the provider shows it."""
    return _make(signing, chain, IdentifiedRecord(statement, locator), now)


def make_retracted(signing: SigningKey, chain: Chain, sequence: int, now: Instant) -> bytes:
    """The claim at `sequence`, a pair or an identity, is taken back."""
    return _make(signing, chain, RetractedRecord(sequence), now)


def make_expelled(signing: SigningKey, chain: Chain, statement: bytes, now: Instant) -> bytes:
    return _make(signing, chain, ExpelledRecord(statement), now)


def make_succeeded(signing: SigningKey, chain: Chain, statement: bytes, now: Instant) -> bytes:
    return _make(signing, chain, SucceededRecord(statement), now)


def make_reworded(signing: SigningKey, chain: Chain, statement: bytes, now: Instant) -> bytes:
    return _make(signing, chain, RewordedRecord(statement), now)


def _make(signing: SigningKey, chain: Chain, body: BodyRecord, now: Instant) -> bytes:
    """Raises Malformed too, for what is outside the limits of its record."""
    raw = sign_link(signing, len(chain.claims), chain.head.digest, body, now)
    extend(chain, raw)
    return raw
