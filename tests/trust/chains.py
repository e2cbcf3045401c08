"""Nodes with chains, for tests of what is signed. Their keys come from a letter, so every run signs the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import nacl.bindings as nacl

from pk_tui.crypto.keys import RecoveryKey, SigningKey
from pk_tui.crypto.seal import SealKey
from pk_tui.records import decode, encode, replace
from pk_tui.terms import ClaimId, IdentityId, NodeId
from pk_tui.trust import pair
from pk_tui.trust.appending import (
    make_expelled,
    make_identified,
    make_paired,
    make_retracted,
    make_reworded,
    make_succeeded,
)
from pk_tui.trust.claim import BodyRecord, Identified, Paired, Succeeded, claim_id, sign_link
from pk_tui.trust.expulsion import make_expulsion
from pk_tui.trust.genesis import make_genesis
from pk_tui.trust.identity import make_identity
from pk_tui.trust.pair import Party, countersign, make_half
from pk_tui.trust.rewording import make_rewording
from pk_tui.trust.sigchain import Chain, extend, read_chain
from pk_tui.trust.successor import make_successor

NOW = 1_800_000_000_000_000


@dataclass(frozen=True)
class Person:
    """A node and its owner's recovery words."""

    signing: SigningKey
    words: RecoveryKey

    @property
    def node(self) -> NodeId:
        return self.signing.node_id

    @property
    def party(self) -> Party:
        return Party(self.node, self.words.public)

    def genesis(self, now: int = NOW) -> bytes:
        return make_genesis(self.signing, self.words, now)

    def identity(self, account: str = "583231", now: int = NOW) -> bytes:
        return make_identity(self.signing, IdentityId("github", account), "ada", now)

    def link(self, sequence: int, previous: ClaimId, body: BodyRecord, now: int = NOW) -> bytes:
        return sign_link(self.signing, sequence, previous, body, now)

    def after(self, chain: Chain, body: BodyRecord, now: int = NOW) -> bytes:
        """A claim right behind `chain`, whether the rules allow what it says or not."""
        return self.link(len(chain.claims), chain.head.digest, body, now)

    def chain(self, *bodies: BodyRecord) -> Chain:
        """The genesis claim and one claim for each body."""
        return read_chain(self.node, self.raws(*bodies))

    def raws(self, *bodies: BodyRecord) -> list[bytes]:
        raws = [self.genesis()]
        for sequence, body in enumerate(bodies, 1):
            raws.append(self.link(sequence, claim_id(raws[-1]), body, NOW + sequence))
        return raws


def person(letter: str) -> Person:
    return Person(SigningKey(SealKey(letter.encode() * 32)), RecoveryKey(letter.upper().encode() * 32))


def agreed(one: Person, other: Person, now: int = NOW) -> bytes:
    """A pair statement that both signed."""
    half = make_half(one.signing, one.words.public, other.party, now)
    return countersign(other.signing, other.words.public, half, one.party)


def altered(raw: bytes) -> Iterator[bytes]:
    """Each way to change one bit of a byte, to cut the end off and to put something behind it: nobody signed any of these."""
    for at, byte in enumerate(raw):
        yield raw[:at] + bytes((byte ^ 1 << at % 8,)) + raw[at + 1 :]
    for size in range(len(raw)):
        yield raw[:size]
    yield raw + b"\0"
    yield raw * 10


def signed_otherwise(seed: bytes, purpose: str, body: bytes) -> bytes:
    """A valid signature with another nonce than the one that Ed25519 derives."""
    public, _ = nacl.crypto_sign_seed_keypair(seed)
    digest = bytearray(hashlib.sha512(seed).digest()[:32])
    digest[0] &= 248
    digest[31] = digest[31] & 63 | 64
    prefix = f"pk-tui {purpose}".encode()
    message = bytes((len(prefix),)) + prefix + body
    nonce = nacl.crypto_core_ed25519_scalar_reduce(b"n" * 64)
    point = nacl.crypto_scalarmult_ed25519_base_noclamp(nonce)
    challenge = nacl.crypto_core_ed25519_scalar_reduce(hashlib.sha512(point + public + message).digest())
    scalar = nacl.crypto_core_ed25519_scalar_add(
        nonce,
        nacl.crypto_core_ed25519_scalar_mul(
            challenge, nacl.crypto_core_ed25519_scalar_reduce(bytes(digest) + bytes(32))
        ),
    )
    return point + scalar


def agreed_otherwise(agreement: bytes, by: str) -> bytes:
    """The same pair statement, which the node of letter `by` signed once more with another nonce of its own."""
    signed = decode(pair._Agreed, agreement)
    who = person(by)
    again = signed_otherwise(by.encode() * 32, "pair", signed.body)
    is_low = decode(pair._Pair, signed.body).low == who.node.raw
    return encode(replace(signed, by_low=again) if is_low else replace(signed, by_high=again))


ADA, BEN, CYD, EVE = person("a"), person("b"), person("c"), person("e")


DEEDS = 8
"""How many kinds of deeds `honest` knows."""


def honest(chain: Chain, deeds: list[int], now: int = NOW) -> Chain:
    """Ada's chain with one claim more for each deed that is possible; each number stands for a kind of deed."""
    words = {ADA.words.public: ADA.words} | {w.public: w for w in (_later_words(at) for at in range(1, 40))}
    for step, deed in enumerate(deeds, 1):
        at = now + step
        said = [claim.said for claim in chain.claims]
        assert chain.recovery is not None
        recovery = words[chain.recovery]
        me = Person(ADA.signing, recovery)
        live = [
            claim.sequence
            for claim in chain.claims
            if isinstance(claim.said, Paired | Identified) and claim.sequence not in chain.retracted
        ]
        follows = any(isinstance(one, Succeeded) and one.succession.successor == ADA.node for one in said)
        followed = any(isinstance(one, Succeeded) and one.succession.predecessor == ADA.node for one in said)
        match deed % DEEDS:
            case 0 | 1:
                raw = make_paired(ADA.signing, chain, agreed(me, (BEN, CYD)[deed % 2], at), at)
            case 2:
                raw = make_identified(ADA.signing, chain, ADA.identity(str(at)), "", at)
            case 3 if live:
                raw = make_retracted(ADA.signing, chain, live[deed % len(live)], at)
            case 4:
                raw = make_expelled(ADA.signing, chain, make_expulsion(recovery, CYD.node, at), at)
            case 5 if not followed:
                raw = make_succeeded(ADA.signing, chain, make_successor(recovery, ADA.node, EVE.node, at), at)
            case 6 if not follows:
                raw = make_succeeded(ADA.signing, chain, make_successor(BEN.words, BEN.node, ADA.node, at), at)
            case 7:
                new = next(key for key in words.values() if key.public not in chain.named)
                raw = make_reworded(ADA.signing, chain, make_rewording(recovery, new, ADA.node, at), at)
            case _:
                continue
        chain = extend(chain, raw)
    return chain


@cache
def _later_words(at: int) -> RecoveryKey:
    return RecoveryKey(bytes((at,)) * 32)
