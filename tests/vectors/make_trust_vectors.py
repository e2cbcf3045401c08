"""Writes `trust.json`: chains, claims, statements, forks and comparisons, good and bad, each with what must come of it.

    PYTHONPATH=tests .venv/bin/python -m vectors.make_trust_vectors

Keys and nonces are the same every time, so the file is too. What must come of each is written here by hand, never asked of the
program; `tests/trust/test_trust_vectors.py` holds the program to it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from trust.chains import ADA, BEN, CYD, EVE, NOW, Person, agreed, agreed_otherwise

from pk_tui.crypto.entropy import seeded
from pk_tui.crypto.keys import RecoveryKey, SigningKey
from pk_tui.records import Record, decode, encode, replace
from pk_tui.terms import ClaimId, IdentityId
from pk_tui.trust import expulsion, genesis, identity, pair, rewording, statement, successor
from pk_tui.trust.armour import armoured
from pk_tui.trust.claim import (
    BodyRecord,
    ExpelledRecord,
    IdentifiedRecord,
    LinkRecord,
    PairedRecord,
    RetractedRecord,
    RewordedRecord,
    SucceededRecord,
    claim_id,
)
from pk_tui.trust.expulsion import make_expulsion
from pk_tui.trust.identity import make_identity
from pk_tui.trust.pair import make_half
from pk_tui.trust.rewording import make_rewording
from pk_tui.trust.statement import sign_statement
from pk_tui.trust.succession import make_succession
from pk_tui.trust.successor import make_successor

FILE = Path(__file__).with_name("trust.json")
COMMENT = (
    "Made by make_trust_vectors.py; see docs/trust.md. All bytes in hex. A fault of null: it holds. Ed25519 seeds: of the node "
    "X the letter x 32 times; its recovery words stand for the entropy of the letter X 32 times."
)
Vector = dict[str, object]
WORDS_2, WORDS_3 = RecoveryKey(b"2" * 32), RecoveryKey(b"3" * 32)


def build() -> str:
    """The file's text."""
    with seeded(b"pk-tui trust vectors"):
        vectors = [vector for make in MAKERS for vector in make()]
    names = [str(vector["name"]) for vector in vectors]
    assert len(set(names)) == len(names)
    keys = {
        name: {"node": who.node.raw.hex(), "recovery": who.words.public.hex(), "box": who.words.box_public.hex()}
        for name, who in {"a": ADA, "b": BEN, "c": CYD, "e": EVE}.items()
    }
    return json.dumps({"comment": COMMENT, "keys": keys, "vectors": vectors}, indent=1) + "\n"


# ---- statements that stand alone ----


def statements() -> Iterator[Vector]:
    yield from _of_pairs()
    yield from _of_identities()
    yield from _of_recovery_words()


def _of_pairs() -> Iterator[Vector]:
    raw = agreed(ADA, BEN)
    agreement = decode(pair._Agreed, raw)
    said = decode(pair._Pair, agreement.body)
    low, high = sorted((ADA, BEN), key=lambda who: who.node)

    def signed(said: Record, by_low: Person = low, by_high: Person = high, purpose: str = "pair") -> bytes:
        body = encode(said)
        return encode(pair._Agreed(body, by_low.signing.sign(purpose, body), by_high.signing.sign(purpose, body)))

    def one(name: str, raw: bytes, fault: str | None) -> Vector:
        return {"name": f"pair: {name}", "kind": "pair", "raw": raw.hex(), "fault": fault}

    yield one("both signed", raw, None)
    yield one("both have the same recovery key", signed(replace(said, low_recovery=said.high_recovery)), None)
    yield one(
        "the signatures are swapped",
        encode(replace(agreement, by_low=agreement.by_high, by_high=agreement.by_low)),
        "not_signed",
    )
    yield one("one node signed for both", signed(said, low, low), "not_signed")
    yield one("signed for another purpose", signed(said, purpose="identity"), "not_signed")
    yield one(
        "the time is changed after signing",
        encode(replace(agreement, body=encode(replace(said, time=NOW + 1)))),
        "not_signed",
    )
    yield one("the higher id first", signed(replace(said, low=said.high, high=said.low), high, low), "malformed")
    yield one("a node with itself", signed(replace(said, high=said.low), low, low), "malformed")
    yield one("a node's key as a recovery key", signed(replace(said, low_recovery=said.high)), "malformed")
    yield one("a half", make_half(ADA.signing, ADA.words.public, BEN.party, NOW), "malformed")
    yield one("a longer spelling of the body's length", _longer(raw, agreement.body), "malformed")
    yield one("a byte too much", raw + b"\0", "malformed")


def _of_identities() -> Iterator[Vector]:
    raw = ADA.identity()
    said = decode(identity._Identity, decode(statement._Signed, raw).body)

    def one(name: str, raw: bytes, fault: str | None) -> Vector:
        return {"name": f"identity: {name}", "kind": "identity", "raw": raw.hex(), "fault": fault}

    def signed(said: Record, who: Person = ADA, purpose: str = "identity") -> bytes:
        return sign_statement(who.signing, purpose, said)

    yield one("of a number at github", raw, None)
    yield one("of a site", make_identity(ADA.signing, IdentityId("web", "example.org"), "example.org", NOW), None)
    yield one("signed by another node", signed(said, BEN), "not_signed")
    yield one("signed for another purpose", signed(said, purpose="claim link"), "not_signed")
    yield one("a provider with capital letters", signed(replace(said, provider="GitHub")), "malformed")
    yield one("an account with capital letters", signed(replace(said, account="Ada")), "malformed")
    yield one("an account with a colon", signed(replace(said, account="1:2")), "malformed")
    yield one("without a name", sign_unchecked(ADA.signing, "identity", replace(said, name="")), "malformed")


def _of_recovery_words() -> Iterator[Vector]:
    def one(kind: str, name: str, raw: bytes, fault: str | None) -> Vector:
        return {"name": f"{kind}: {name}", "kind": kind, "raw": raw.hex(), "fault": fault}

    out = expulsion._Expulsion(BEN.node.raw, ADA.words.public, NOW)
    yield one("expulsion", "signed by the words", make_expulsion(ADA.words, BEN.node, NOW), None)
    yield one("expulsion", "signed by a device", sign_statement(ADA.signing, "expulsion", out), "not_signed")
    yield one("expulsion", "signed as a succession", sign_statement(ADA.words.signing, "succession", out), "not_signed")
    itself = replace(out, expelled=ADA.words.public)
    yield one("expulsion", "of the recovery key", sign_statement(ADA.words.signing, "expulsion", itself), "malformed")
    after = successor._Successor(ADA.node.raw, BEN.node.raw, ADA.words.public, NOW)
    yield one("succession", "signed by the words", make_successor(ADA.words, ADA.node, BEN.node, NOW), None)
    yield one("succession", "signed by the new node", sign_statement(BEN.signing, "succession", after), "not_signed")
    same = sign_statement(ADA.words.signing, "succession", replace(after, successor=ADA.node.raw))
    yield one("succession", "of a node by itself", same, "malformed")
    first = make_succession(BEN.signing, ADA.signing, ADA.words.public, ADA.words.box_public, NOW)
    yield one("succession", "a first claim of a restored node in its place", first, "malformed")
    raw = make_rewording(ADA.words, WORDS_2, ADA.node, NOW)
    signed = decode(rewording._Signed, raw)
    yield one("rewording", "signed by old and new words", raw, None)
    swapped = encode(replace(signed, by_old=signed.by_new, by_new=signed.by_old))
    yield one("rewording", "the signatures are swapped", swapped, "not_signed")
    body = encode(rewording._Rewords(ADA.node.raw, ADA.words.public, ADA.words.public, ADA.words.box_public, NOW))
    by_old, by_new = (ADA.words.signing.sign(purpose, body) for purpose in ("recovery old", "recovery new"))
    yield one("rewording", "to the same words", encode(rewording._Signed(body, by_old, by_new)), "malformed")


# ---- chains ----


def chains() -> Iterator[Vector]:
    yield from _that_hold()
    yield from _out_of_order()
    yield from _signed_wrongly()
    yield from _that_say_what_they_may_not()


def _chain(
    name: str, raws: list[bytes], fault: str | None, at: int | None = None, who: Person = ADA, **more: object
) -> Vector:
    """`at`: the place of the fault; `head` of one that holds is worked out without the program."""
    vector: Vector = {"name": f"chain: {name}", "kind": "chain", "node": who.node.raw.hex()}
    vector |= {"claims": [raw.hex() for raw in raws], "fault": fault}
    if fault is None:
        head = hashlib.blake2b(raws[-1], digest_size=32, person=b"pk-tui claim").hexdigest()
        return vector | {"head": head, "recovery": ADA.words.public.hex(), "pairs": [], "identities": []} | more
    return vector | {"at": at}


def _digest(raw: bytes) -> str:
    return hashlib.blake2b(raw, digest_size=32, person=b"pk-tui statement").hexdigest()


def _that_hold() -> Iterator[Vector]:
    with_ben, again, name = agreed(ADA, BEN), agreed(ADA, BEN, NOW + 9), ADA.identity()
    yield _chain("a genesis claim", ADA.raws(), None)
    both = ADA.raws(PairedRecord(with_ben), IdentifiedRecord(name, "gist-1"))
    yield _chain("a pair and an identity", both, None, pairs=[_digest(with_ben)], identities=["github:583231"])
    taken = ADA.raws(PairedRecord(with_ben), IdentifiedRecord(name, ""), RetractedRecord(1), RetractedRecord(2))
    yield _chain("both taken back", taken, None)
    anew = ADA.raws(PairedRecord(with_ben), RetractedRecord(1), PairedRecord(again))
    yield _chain("paired again by a new statement", anew, None, pairs=[_digest(again)])
    twice = ADA.raws(PairedRecord(with_ben), PairedRecord(again))
    yield _chain("two pairs with one node", twice, None, pairs=sorted((_digest(with_ben), _digest(again))))
    yield _chain(
        "an expulsion of another node", ADA.raws(ExpelledRecord(make_expulsion(ADA.words, CYD.node, NOW))), None
    )
    followed = SucceededRecord(make_successor(ADA.words, ADA.node, EVE.node, NOW))
    follows = SucceededRecord(make_successor(BEN.words, BEN.node, ADA.node, NOW))
    yield _chain("one before and one after it", ADA.raws(follows, followed), None)
    words = RewordedRecord(make_rewording(ADA.words, WORDS_2, ADA.node, NOW))
    yield _chain("new words", ADA.raws(words), None, recovery=WORDS_2.public.hex())
    more = RewordedRecord(make_rewording(WORDS_2, WORDS_3, ADA.node, NOW))
    last = SucceededRecord(make_successor(ADA.words, ADA.node, EVE.node, NOW))
    yield _chain(
        "new words twice, and the first speak", ADA.raws(words, more, last), None, recovery=WORDS_3.public.hex()
    )
    yield _chain("restored by password", [_restored()], None, recovery=None)
    yield _chain(
        "restored by password, then proven", _behind(_restored(), follows), None, recovery=BEN.words.public.hex()
    )
    half = agreed(Person(ADA.signing, BEN.words), CYD)
    joined = _behind(_restored(), PairedRecord(half))
    yield _chain("restored by password and paired", joined, None, recovery=None, pairs=[_digest(half)])
    late = [ADA.genesis(), ADA.link(1, claim_id(ADA.genesis()), IdentifiedRecord(name, ""), now=0)]
    yield _chain("times that go backwards", late, None, identities=["github:583231"])


def _restored() -> bytes:
    return make_succession(ADA.signing, BEN.signing, BEN.words.public, BEN.words.box_public, NOW)


def _behind(first: bytes, *bodies: BodyRecord) -> list[bytes]:
    raws = [first]
    for sequence, body in enumerate(bodies, 1):
        raws.append(ADA.link(sequence, claim_id(raws[-1]), body, NOW + sequence))
    return raws


def _out_of_order() -> Iterator[Vector]:
    raws = ADA.raws(*(IdentifiedRecord(ADA.identity(str(number)), "") for number in range(3)))
    yield _chain("empty", [], "gap", 0)
    yield _chain("begins in the middle", raws[1:], "gap", 0)
    yield _chain("a claim is missing", [raws[0], *raws[2:]], "gap", 1)
    yield _chain("two claims are swapped", [raws[0], raws[2], raws[1], raws[3]], "gap", 1)
    yield _chain("a claim comes twice", [*raws[:2], raws[1], *raws[2:]], "rollback", 2)
    yield _chain("the first claim comes again", [*raws, raws[0]], "rollback", 4)
    other = ADA.link(1, claim_id(raws[0]), IdentifiedRecord(ADA.identity("9"), ""))
    yield _chain("another claim for a place before", [*raws, other], "fork", 1)
    yield _chain("another first claim", [*raws, ADA.genesis(NOW + 1)], "fork", 0)
    stray = ADA.link(4, claim_id(raws[2]), RetractedRecord(1))
    yield _chain("follows from the one before the last", [*raws, stray], "wrong_digest", 4)
    plain = ClaimId(hashlib.blake2b(raws[3], digest_size=32).digest())
    yield _chain(
        "a hash without its personalisation", [*raws, ADA.link(4, plain, RetractedRecord(1))], "wrong_digest", 4
    )
    branch = [raws[0], other, *raws[2:]]
    yield _chain("the rest of another branch", branch, "wrong_digest", 2)


def _signed_wrongly() -> Iterator[Vector]:
    raws = ADA.raws(IdentifiedRecord(ADA.identity(), ""))
    record = LinkRecord(ADA.node.raw, 2, claim_id(raws[1]).raw, NOW, encode(RetractedRecord(1)))

    def last(who: Person, purpose: str = "claim link", record: LinkRecord = record) -> list[bytes]:
        return [*raws, sign_statement(who.signing, purpose, record, 3968)]

    yield _chain("signed by another node", last(EVE), "wrong_signer", 2)
    yield _chain(
        "signed by the recovery key",
        [*raws, sign_statement(ADA.words.signing, "claim link", record)],
        "wrong_signer",
        2,
    )
    yield _chain("signed for the purpose of a first claim", last(ADA, "claim genesis"), "wrong_signer", 2)
    yield _chain("another node's claim", last(EVE, record=replace(record, node=EVE.node.raw)), "wrong_node", 2)
    yield _chain("replayed under another node", raws, "wrong_node", 0, BEN)
    yield _chain("replayed behind another node's first claim", [BEN.genesis(), raws[1]], "wrong_node", 1, BEN)
    signed = decode(genesis._Claim, raws[0])
    unsigned = encode(replace(signed, by_recovery=signed.by_node))
    yield _chain("a recovery key that did not sign", [unsigned, raws[1]], "wrong_signer", 0)
    yield _chain("longer spelling of a first claim", [_longer(raws[0], signed.body)], "malformed", 0)
    body = decode(statement._Signed, raws[1]).body
    yield _chain("longer spelling of a claim", [raws[0], _longer(raws[1], body)], "malformed", 1)
    yield _chain("a number in a longer spelling", [raws[0], _long_sequence(body)], "malformed", 1)
    yield _chain("a body that is none", last(ADA, record=replace(record, body=b"\x91\xa1x")), "malformed", 2)
    unknown = encode(RetractedRecord(1)).replace(b"retracted1", b"retracted2")
    yield _chain("a body of a type not known", last(ADA, record=replace(record, body=unknown)), "malformed", 2)
    longer = encode(RetractedRecord(1))[:-1] + b"\xcc\x01"
    yield _chain("a body in a longer spelling", last(ADA, record=replace(record, body=longer)), "malformed", 2)
    zero = encode(RetractedRecord(0))
    yield _chain("takes back the first claim", last(ADA, record=replace(record, body=zero)), "malformed", 2)
    spaced = encode(IdentifiedRecord(ADA.identity("7"), "two words"))
    yield _chain("a place with a space", last(ADA, record=replace(record, body=spaced)), "malformed", 2)
    yield _chain(
        "a body that is too large",
        [*raws, sign_unchecked(ADA.signing, "claim link", replace(record, body=bytes(2049)))],
        "malformed",
        2,
    )
    yield _chain("a claim that is too large", [*raws, bytes(4097)], "malformed", 2)
    yield _chain("a statement in the place of a claim", [*raws, agreed(ADA, BEN)], "malformed", 2)


def _that_say_what_they_may_not() -> Iterator[Vector]:
    def refused(name: str, fault: str, *bodies: BodyRecord) -> Vector:
        return _chain(name, ADA.raws(*bodies), fault, len(bodies))

    with_ben, name = PairedRecord(agreed(ADA, BEN)), IdentifiedRecord(ADA.identity(), "")
    expel = make_expulsion(ADA.words, CYD.node, NOW)
    yield refused("a pair of two others", "not_named", PairedRecord(agreed(BEN, CYD)))
    yield refused("another node's identity", "not_named", IdentifiedRecord(BEN.identity(), ""))
    others = SucceededRecord(make_successor(ADA.words, BEN.node, CYD.node, NOW))
    yield refused("a succession of two others", "not_named", others)
    yield refused(
        "another node's new words", "not_named", RewordedRecord(make_rewording(ADA.words, WORDS_2, BEN.node, NOW))
    )
    yield refused("takes back what is not there", "nothing_to_retract", RetractedRecord(9))
    yield refused("takes itself back", "nothing_to_retract", RetractedRecord(1))
    yield refused("taken back twice", "nothing_to_retract", with_ben, RetractedRecord(1), RetractedRecord(1))
    yield refused("takes a taking back back", "nothing_to_retract", with_ben, RetractedRecord(1), RetractedRecord(2))
    yield refused("takes an expulsion back", "nothing_to_retract", ExpelledRecord(expel), RetractedRecord(1))
    yield refused("a pair statement twice", "bad_statement", with_ben, with_ben)
    again = PairedRecord(agreed_otherwise(with_ben.statement, "b"))
    yield refused(
        "a pair taken back, which the other signed once more", "bad_statement", with_ben, RetractedRecord(1), again
    )
    yield refused("what was taken back, again", "bad_statement", name, RetractedRecord(1), name)
    yield refused("an expulsion twice", "bad_statement", ExpelledRecord(expel), ExpelledRecord(expel))
    yield refused(
        "a pair that names other words for it",
        "bad_statement",
        PairedRecord(agreed(Person(ADA.signing, EVE.words), BEN)),
    )
    half = PairedRecord(make_half(ADA.signing, ADA.words.public, BEN.party, NOW))
    yield refused("half a pair", "bad_statement", half)
    by_device = sign_statement(ADA.signing, "expulsion", expulsion._Expulsion(CYD.node.raw, ADA.words.public, NOW))
    yield refused("an expulsion by the device", "bad_statement", ExpelledRecord(by_device))
    wrong = SucceededRecord(make_successor(EVE.words, ADA.node, CYD.node, NOW))
    yield refused("followed, by words that are not its own", "bad_statement", wrong)
    one = SucceededRecord(make_successor(ADA.words, ADA.node, CYD.node, NOW))
    two = SucceededRecord(make_successor(ADA.words, ADA.node, EVE.node, NOW))
    yield refused("followed by two", "bad_statement", one, two)
    one = SucceededRecord(make_successor(BEN.words, BEN.node, ADA.node, NOW))
    two = SucceededRecord(make_successor(CYD.words, CYD.node, ADA.node, NOW))
    yield refused("follows two", "bad_statement", one, two)
    first, back = make_rewording(ADA.words, WORDS_2, ADA.node, NOW), make_rewording(WORDS_2, ADA.words, ADA.node, NOW)
    stale = make_rewording(ADA.words, WORDS_3, ADA.node, NOW)
    yield refused(
        "new words without the old", "bad_statement", RewordedRecord(make_rewording(EVE.words, WORDS_2, ADA.node, NOW))
    )
    yield refused("old words again", "bad_statement", RewordedRecord(first), RewordedRecord(back))
    yield refused("new words by words that gave way", "bad_statement", RewordedRecord(first), RewordedRecord(stale))
    new = RewordedRecord(make_rewording(BEN.words, WORDS_2, ADA.node, NOW))
    yield _chain("new words where the old are only said", _behind(_restored(), new), "bad_statement", 1)
    thief = SucceededRecord(make_successor(EVE.words, BEN.node, ADA.node, NOW))
    yield _chain("restored, and other words speak for it", _behind(_restored(), thief), "bad_statement", 1)


# ---- two lines of claims ----


def forks() -> Iterator[Vector]:
    trunk = ADA.raws(IdentifiedRecord(ADA.identity("1"), ""))
    left = _two_more(trunk, "2", "3")
    right = _two_more(trunk, "4", "5")

    def fork(name: str, one: bytes, other: bytes, fault: str | None, sequence: int = 0, since: int = 0) -> Vector:
        vector: Vector = {
            "name": f"fork: {name}",
            "kind": "fork",
            "one": one.hex(),
            "other": other.hex(),
            "fault": fault,
        }
        return vector if fault else vector | {"node": ADA.node.raw.hex(), "sequence": sequence, "since": since}

    yield fork("two claims for one place", left[2], right[2], None, 2, 2)
    yield fork("two claims further on", left[3], right[3], None, 3, 2)
    yield fork("two first claims", ADA.genesis(), ADA.genesis(NOW + 1), None)
    yield fork("two first claims of two types", ADA.genesis(), _restored(), None)
    yield fork("one claim twice", left[2], left[2], "rollback")
    yield fork("two places", left[2], left[3], "gap")
    yield fork("two nodes", ADA.genesis(), BEN.genesis(), "wrong_node")
    forged = right[2][:-1] + bytes((right[2][-1] ^ 1,))
    yield fork("one of them forged", left[2], forged, "wrong_signer")
    spelt = _longer(left[2], decode(statement._Signed, left[2]).body)
    yield fork("one claim in two spellings", left[2], spelt, "malformed")

    def compared(name: str, known: list[bytes], first: int, offered: list[bytes], verdict: str) -> Vector:
        lines = {"known": [raw.hex() for raw in known], "first": first, "offered": [raw.hex() for raw in offered]}
        return (
            {"name": f"compare: {name}", "kind": "compare", "node": ADA.node.raw.hex()} | lines | {"verdict": verdict}
        )

    yield compared("the same", left, 0, left, "same")
    yield compared("nothing more", left, 4, [], "same")
    yield compared("one more", trunk, 2, left[2:3], "extended")
    yield compared("less", left, 0, trunk, "behind")
    yield compared("another branch", left, 0, right, "forked")
    yield compared("another branch, from behind the parting", left, 3, right[3:], "forked")
    yield compared("what would follow another branch", left[:3], 3, right[3:], "wrong_digest")
    yield compared("from too far on", trunk, 3, left[3:], "gap")


def _two_more(trunk: list[bytes], *accounts: str) -> list[bytes]:
    raws = list(trunk)
    for account in accounts:
        raws.append(ADA.link(len(raws), claim_id(raws[-1]), IdentifiedRecord(ADA.identity(account), "")))
    return raws


# ---- statements in text ----


def texts() -> Iterator[Vector]:
    raw, other = ADA.identity(), BEN.identity()
    word = armoured(raw)
    assert word == f"pk-tui-identity1.{base64.urlsafe_b64encode(raw).decode().rstrip('=')}."

    def text(name: str, around: str, *found: bytes) -> Vector:
        return {
            "name": f"text: {name}",
            "kind": "text",
            "text": around.encode().hex(),
            "found": [raw.hex() for raw in found],
        }

    yield text("alone", word, raw)
    yield text("in markup", f"<p>This is me:</p><pre>{word}</pre>", raw)
    yield text("two and one again", f"{word}\n{armoured(other)}\n{word}", raw, other)
    yield text("a letter touches it", f"x{word}")
    yield text("broken over two lines", f"{word[:60]}\n{word[60:]}")
    yield text("cut off", word[:-1])
    yield text("with padding", f"{word[:-1]}=.")
    yield text("behind sixteen that are none", "pk-tui-identity1.AAAA. " * 16 + word)
    yield text("behind fifteen that are none", "pk-tui-identity1.AAAA. " * 15 + word, raw)


MAKERS: tuple[Callable[[], Iterator[Vector]], ...] = (statements, chains, forks, texts)


# ---- bytes that no maker of the program gives ----


def _longer(raw: bytes, body: bytes) -> bytes:
    """The same record with the body's length in one byte more than it takes."""
    at = raw.index(body) - (2 if len(body) < 256 else 3)
    size = b"\xc5" + len(body).to_bytes(2, "big") if len(body) < 256 else b"\xc6" + len(body).to_bytes(4, "big")
    return raw[:at] + size + body + raw[raw.index(body) + len(body) :]


def _long_sequence(body: bytes) -> bytes:
    """A claim, well signed, whose sequence takes a byte more than it should."""
    at = body.index(ADA.node.raw) + 32
    assert body[at] == 1
    longer = body[:at] + b"\xcc\x01" + body[at + 1 :]
    return encode(statement._Signed(longer, ADA.signing.sign("claim link", longer)))


def sign_unchecked(signing: SigningKey, purpose: str, record: Record) -> bytes:
    body = encode(record)
    return encode(statement._Signed(body, signing.sign(purpose, body)))


if __name__ == "__main__":
    FILE.write_text(build(), "utf-8")
    sys.stdout.write(f"{FILE.name} written.\n")
