"""Every published vector comes to what stands beside it, by this program and, for what is signed, by a reader made from the
document alone."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable

import msgspec
import nacl.bindings
import pytest
from vectors.make_trust_vectors import FILE, build

from pk_tui.errors import Malformed
from pk_tui.terms import NodeId
from pk_tui.trust.armour import find_statements
from pk_tui.trust.expulsion import read_expulsion
from pk_tui.trust.fork import compare, verify_fork
from pk_tui.trust.identity import read_identity
from pk_tui.trust.pair import read_pair
from pk_tui.trust.rewording import read_rewording
from pk_tui.trust.sigchain import ChainFault, Fault, read_chain
from pk_tui.trust.standing import standing
from pk_tui.trust.statement import NotSigned
from pk_tui.trust.successor import read_successor

VECTORS = json.loads(FILE.read_text("utf-8"))["vectors"]
READERS: dict[str, Callable[[bytes], object]] = {
    "pair": read_pair,
    "identity": read_identity,
    "expulsion": read_expulsion,
    "succession": read_successor,
    "rewording": read_rewording,
}


def of_kind(*kinds: str) -> object:
    chosen = [vector for vector in VECTORS if vector["kind"] in kinds]
    assert chosen
    return pytest.mark.parametrize("vector", chosen, ids=lambda vector: vector["name"])


def unhex(texts: list[str]) -> list[bytes]:
    return [bytes.fromhex(text) for text in texts]


def test_the_file_is_what_its_maker_writes() -> None:
    assert build() == FILE.read_text("utf-8")


def test_there_are_many_of_every_kind_and_every_fault() -> None:
    kinds = Counter(vector["kind"] for vector in VECTORS)
    assert set(kinds) == {*READERS, "chain", "fork", "compare", "text"}
    assert len(VECTORS) >= 100
    shown = {vector.get("fault") for vector in VECTORS if vector["kind"] == "chain"}
    assert shown == {None, *(fault.value for fault in Fault)} - {Fault.TOO_LONG.value}


@of_kind(*READERS)
def test_statement(vector: dict[str, str]) -> None:
    try:
        READERS[vector["kind"]](bytes.fromhex(vector["raw"]))
        found = None
    except NotSigned:
        found = "not_signed"
    except Malformed:
        found = "malformed"
    assert found == vector["fault"]


@of_kind("chain")
def test_chain(vector: dict[str, object]) -> None:
    node, raws = NodeId(bytes.fromhex(vector["node"])), unhex(vector["claims"])
    if vector["fault"] is not None:
        with pytest.raises(ChainFault) as caught:
            read_chain(node, raws)
        assert (caught.value.fault.value, caught.value.at) == (vector["fault"], vector["at"])
        return
    chain = read_chain(node, raws)
    said = standing(chain)
    assert str(chain.head.digest) == vector["head"]
    assert (chain.recovery.hex() if chain.recovery else None) == vector["recovery"]
    assert sorted(digest.hex() for digests in said.pairs.values() for digest in digests) == vector["pairs"]
    assert [str(one.identity) for one in said.identities] == vector["identities"]


@of_kind("fork")
def test_fork(vector: dict[str, object]) -> None:
    one, other = unhex([vector["one"], vector["other"]])
    if vector["fault"] is not None:
        with pytest.raises(ChainFault) as caught:
            verify_fork(one, other)
        assert caught.value.fault.value == vector["fault"]
        return
    fork = verify_fork(one, other)
    assert (fork.node.raw.hex(), fork.sequence, fork.since) == (vector["node"], vector["sequence"], vector["since"])


@of_kind("compare")
def test_compare(vector: dict[str, object]) -> None:
    chain = read_chain(NodeId(bytes.fromhex(vector["node"])), unhex(vector["known"]))
    try:
        found = type(compare(chain, vector["first"], unhex(vector["offered"]))).__name__.lower()
    except ChainFault as fault:
        found = fault.fault.value
    assert found == vector["verdict"]


@of_kind("text")
def test_text(vector: dict[str, object]) -> None:
    found = find_statements(bytes.fromhex(vector["text"]))
    assert [one.raw for one in found] == unhex(vector["found"])


# ---- a reader made from docs/trust.md ----


def is_signed(signer: bytes, purpose: bytes, body: bytes, signature: bytes) -> bool:
    covered = bytes((7 + len(purpose),)) + b"pk-tui " + purpose + body
    try:
        return nacl.bindings.crypto_sign_open(signature + covered, signer) == covered
    except Exception:
        return False


def plain(raw: bytes) -> list[object]:
    """The array of a record that stands in its shortest form."""
    found = msgspec.msgpack.decode(raw)
    assert msgspec.msgpack.encode(found) == raw
    return found


def check_statement(kind: str, raw: bytes) -> None:
    tag, body, *signatures = plain(raw)
    said = plain(body)
    signers = {
        "pair1": ("pairing1", [(said[1], b"pair"), (said[2], b"pair")]),
        "identity1": ("signed1", [(said[1], b"identity")]),
        "expulsion1": ("signed1", [(said[2], b"expulsion")]),
        "successor1": ("signed1", [(said[3], b"succession")]),
        "rewords1": ("rewording1", [(said[2], b"recovery old"), (said[3], b"recovery new")]),
    }
    bodies = {"paired1": "pair1", "identified1": "identity1", "expelled1": "expulsion1"}
    bodies |= {"succeeded1": "successor1", "reworded1": "rewords1"}
    assert said[0] == bodies[kind]
    around, keys = signers[said[0]]
    assert tag == around
    assert len(keys) == len(signatures)
    for (signer, purpose), signature in zip(keys, signatures, strict=True):
        assert is_signed(signer, purpose, body, signature)


def test_a_reader_made_from_the_document_alone_reads_every_chain_that_holds() -> None:
    claims = 0
    for vector in VECTORS:
        if vector["kind"] != "chain" or vector["fault"] is not None:
            continue
        node, (first, *rest) = bytes.fromhex(vector["node"]), unhex(vector["claims"])
        tag, body, by_node, by_other = plain(first)
        said = plain(body)
        assert said[1] == node
        if tag == "claim1":
            assert (said[0], len(said)) == ("genesis1", 5)
            assert is_signed(node, b"claim genesis", body, by_node)
            assert is_signed(said[2], b"claim recovery", body, by_other)
        else:
            assert (tag, said[0], len(said)) == ("succeeds1", "succession1", 6)
            assert is_signed(node, b"claim succession", body, by_node)
            assert is_signed(said[2], b"claim succeeded", body, by_other)
        previous = first
        for place, raw in enumerate(rest, 1):
            tag, body, signature = plain(raw)
            link, whose, sequence, before, _, what = plain(body)
            assert (tag, link, whose, sequence) == ("signed1", "link1", node, place)
            assert before == hashlib.blake2b(previous, digest_size=32, person=b"pk-tui claim").digest()
            assert is_signed(node, b"claim link", body, signature)
            kind, carried, *_ = plain(what)
            if kind != "retracted1":
                check_statement(kind, carried)
            previous = raw
            claims += 1
        assert hashlib.blake2b(previous, digest_size=32, person=b"pk-tui claim").hexdigest() == vector["head"]
    assert claims >= 20
