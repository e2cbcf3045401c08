"""Who is at the other end: what an honest pair ends with, and every lie that must be refused, always with the same words."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest

from pk_tui.crypto.entropy import random_bytes, seeded
from pk_tui.crypto.keys import SigningKey
from pk_tui.crypto.noise import HandshakeState, KeyPair
from pk_tui.crypto.seal import SealKey
from pk_tui.errors import PeerMisbehaved
from pk_tui.records import Record, encode
from pk_tui.terms import NodeId
from pk_tui.wire.handshake import PROLOGUE, PROTOCOL, VERSION, Handshake, Proof, Role

ALICE, BOB, MALLORY = (SigningKey(SealKey(bytes((number,)) * 32)) for number in (1, 2, 3))
WORDS = "The session was not set up: the other side did not prove to be a node that may answer here."

Payload = Callable[[bytes, bytes], bytes]
"""Makes a rogue's payload from its static public key and the hash to be signed."""


def dialler(expected: NodeId = BOB.node_id) -> Handshake:
    return Handshake(Role.INITIATOR, ALICE, expected)


def answerer() -> Handshake:
    return Handshake(Role.RESPONDER, BOB)


def refuses(side: Handshake, message: bytes) -> None:
    """`side` refuses `message` with the one error, produces nothing, and stays refused."""
    for _ in range(2):
        with pytest.raises(PeerMisbehaved) as caught:
            side.receive(message)
        assert str(caught.value) == WORDS
    assert side.established is None


def finish(one: Handshake, two: Handshake) -> tuple[bytes, bytes, bytes]:
    """Run an honest handshake; its three messages."""
    first = one.start()
    second = two.receive(first)
    assert second is not None
    third = one.receive(second)
    assert third is not None
    assert two.receive(third) is None
    return first, second, third


def rogue_noise(
    role: Role, prologue: bytes = PROLOGUE, static: KeyPair | None = None
) -> tuple[HandshakeState, KeyPair]:
    static = static or KeyPair.generate()
    state = HandshakeState(PROTOCOL, initiator=role is Role.INITIATOR, prologue=prologue, static=static)
    return state, static


def answer_with(
    payload: Payload, victim: Handshake, static: KeyPair | None = None, prologue: bytes = PROLOGUE
) -> bytes:
    """Message 2 of a rogue that speaks Noise well and says `payload`."""
    noise, static = rogue_noise(Role.RESPONDER, prologue, static)
    noise.read(victim.start())
    return noise.write(lambda bound: payload(static.public, bound))


def dial_with(payload: Payload, victim: Handshake, static: KeyPair | None = None) -> bytes:
    """Message 3 of a rogue that speaks Noise well and says `payload`."""
    noise, static = rogue_noise(Role.INITIATOR, static=static)
    second = victim.receive(noise.write(lambda _: b""))
    assert second is not None
    noise.read(second)
    return noise.write(lambda bound: payload(static.public, bound))


def signed(key: SigningKey, role: Role, node: NodeId | None = None, version: int = VERSION) -> Payload:
    """An honest proof but for what the arguments bend."""

    def payload(static: bytes, bound: bytes) -> bytes:
        signature = key.sign(f"session {role.value}", static + bound)
        return encode(Proof(version, (node or key.node_id).raw, signature))

    return payload


def both_refuse(as_answer: Payload, as_dial: Payload) -> None:
    victim = dialler()
    refuses(victim, answer_with(as_answer, victim))
    victim = answerer()
    refuses(victim, dial_with(as_dial, victim))


# Honest pairs


def test_both_sides_end_with_the_other_one_and_the_same_binding() -> None:
    one, two = dialler(), answerer()
    first, second, third = finish(one, two)
    a, b = one.established, two.established
    assert a is not None
    assert b is not None
    assert (a.peer, b.peer) == (BOB.node_id, ALICE.node_id)
    assert a.binding == b.binding
    assert len(a.binding) == 32
    assert b.receive.decrypt(a.send.encrypt(b"there")) == b"there"
    assert a.receive.decrypt(b.send.encrypt(b"and back")) == b"and back"
    assert len(first) == 32
    assert max(len(second), len(third)) <= 256


def test_the_rogues_of_these_tests_are_believed_when_they_tell_the_truth() -> None:
    victim = dialler()
    assert victim.receive(answer_with(signed(BOB, Role.RESPONDER), victim)) is not None
    victim = answerer()
    assert victim.receive(dial_with(signed(ALICE, Role.INITIATOR), victim)) is None
    assert victim.established is not None


def test_two_sessions_of_the_same_nodes_share_neither_binding_nor_any_message() -> None:
    seen: set[bytes] = set()
    for _ in range(2):
        one, two = dialler(), answerer()
        seen.update(finish(one, two))
        assert one.established is not None
        seen.add(one.established.binding)
    assert len(seen) == 8


def test_no_id_is_seen_in_the_messages() -> None:
    wire = b"".join(finish(dialler(), answerer()))
    assert ALICE.node_id.raw not in wire
    assert BOB.node_id.raw not in wire


def test_a_seeded_run_repeats_byte_for_byte() -> None:
    runs = []
    for _ in range(2):
        with seeded(b"again"):
            runs.append(finish(dialler(), answerer()))
    assert runs[0] == runs[1]


def test_a_dialler_must_know_whom_it_dials() -> None:
    with pytest.raises(ValueError, match="whom"):
        Handshake(Role.INITIATOR, ALICE)


def test_an_answerer_may_expect_someone() -> None:
    two = Handshake(Role.RESPONDER, BOB, MALLORY.node_id)
    refuses(two, dial_with(signed(ALICE, Role.INITIATOR), two))
    two = Handshake(Role.RESPONDER, BOB, ALICE.node_id)
    finish(dialler(), two)


def test_calls_out_of_turn_are_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="turn"):
        answerer().start()
    with pytest.raises(ValueError, match="turn"):
        dialler().receive(bytes(207))
    one, two = dialler(), answerer()
    finish(one, two)
    with pytest.raises(ValueError, match="turn"):
        two.receive(bytes(100))


# Bytes that are not what was sent


def at_each_message() -> list[tuple[bytes, Callable[[bytes], None]]]:
    """The three messages of one handshake, each with a function that tries another message in its place on a copy."""
    one, two = dialler(), answerer()
    first = one.start()
    fresh_two, waiting_one = copy.deepcopy(two), copy.deepcopy(one)
    second = two.receive(first)
    assert second is not None
    third = one.receive(second)
    assert third is not None
    # The copies are as good as the originals: they take what was really sent.
    assert copy.deepcopy(waiting_one).receive(second) == third
    last_two = copy.deepcopy(two)
    assert last_two.receive(third) is None
    assert last_two.established is not None

    def try_first(message: bytes) -> None:
        side = copy.deepcopy(fresh_two)
        if len(message) != 32:
            refuses(side, message)
            return
        # Nothing protects message 1 by itself: the dialler sees at message 2 that it was not its own, and says no more.
        reply = side.receive(message)
        assert reply is not None
        refuses(copy.deepcopy(waiting_one), reply)

    return [
        (first, try_first),
        (second, lambda message: refuses(copy.deepcopy(waiting_one), message)),
        (third, lambda message: refuses(copy.deepcopy(two), message)),
    ]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_every_flipped_bit_is_refused(number: int) -> None:
    message, attempt = at_each_message()[number]
    for bit in range(len(message) * 8):
        flipped = bytearray(message)
        flipped[bit // 8] ^= 1 << bit % 8
        attempt(bytes(flipped))


@pytest.mark.parametrize("number", [0, 1, 2])
def test_every_truncation_and_extension_is_refused(number: int) -> None:
    message, attempt = at_each_message()[number]
    for size in range(len(message)):
        attempt(message[:size])
    for more in (1, 2, 15, 16, 17, 31, 32, 64, 200, 512, 65_535 - len(message), 65_536, 1_000_000):
        attempt(message + bytes(more))
        attempt(message + random_bytes(more))


def test_random_bytes_are_refused_at_every_step() -> None:
    for _ in range(20):
        noise = random_bytes(32)
        for _, attempt in at_each_message():
            attempt(noise)


# Lies of those who speak Noise well


def test_another_node_than_the_dialled_one_is_refused_before_we_say_who_we_are() -> None:
    one, two = dialler(MALLORY.node_id), answerer()
    second = two.receive(one.start())
    assert second is not None
    refuses(one, second)


def test_our_own_id_is_refused_on_both_sides() -> None:
    one, two = Handshake(Role.INITIATOR, ALICE, ALICE.node_id), Handshake(Role.RESPONDER, ALICE)
    second = two.receive(one.start())
    assert second is not None
    refuses(one, second)
    two = Handshake(Role.RESPONDER, ALICE)
    refuses(two, dial_with(signed(ALICE, Role.INITIATOR), two))


def test_our_own_messages_sent_back_to_us_are_refused() -> None:
    one = dialler()
    refuses(one, one.start())
    two = answerer()
    second = two.receive(dialler().start())
    assert second is not None
    refuses(two, second)


def test_a_recorded_handshake_does_not_play_a_second_time() -> None:
    first, second, third = finish(dialler(), answerer())
    two = answerer()
    assert two.receive(first) is not None
    refuses(two, third)
    one = dialler()
    one.start()
    refuses(one, second)


def test_a_proof_of_the_wrong_role_is_refused() -> None:
    both_refuse(signed(BOB, Role.INITIATOR), signed(ALICE, Role.RESPONDER))


def test_a_signature_by_another_key_is_refused() -> None:
    both_refuse(
        signed(MALLORY, Role.RESPONDER, BOB.node_id),
        signed(MALLORY, Role.INITIATOR, ALICE.node_id),
    )


def test_a_signature_from_an_earlier_session_is_refused_even_with_the_same_noise_key() -> None:
    static = KeyPair.generate()
    kept: list[bytes] = []

    def keep(static: bytes, bound: bytes) -> bytes:
        kept.append(signed(BOB, Role.RESPONDER)(static, bound))
        return kept[-1]

    victim = dialler()
    assert victim.receive(answer_with(keep, victim, static)) is not None
    victim = dialler()
    refuses(victim, answer_with(lambda *_: kept[0], victim, static))


def test_a_signature_over_another_noise_key_is_refused() -> None:
    other = KeyPair.generate().public
    both_refuse(
        lambda _, bound: signed(BOB, Role.RESPONDER)(other, bound),
        lambda _, bound: signed(ALICE, Role.INITIATOR)(other, bound),
    )


def test_someone_between_two_nodes_cannot_pass_their_proofs_on() -> None:
    one, two = dialler(), answerer()
    towards_bob, _ = rogue_noise(Role.INITIATOR)
    second = two.receive(towards_bob.write(lambda _: b""))
    assert second is not None
    proof_of_bob, _ = towards_bob.read(second)
    refuses(one, answer_with(lambda *_: proof_of_bob, one))


@pytest.mark.parametrize("version", [0, 2, 255])
def test_another_version_is_refused(version: int) -> None:
    both_refuse(
        signed(BOB, Role.RESPONDER, version=version),
        signed(ALICE, Role.INITIATOR, version=version),
    )


def test_another_prologue_is_refused() -> None:
    victim = dialler()
    refuses(victim, answer_with(signed(BOB, Role.RESPONDER), victim, prologue=b"pk-tui/noise/0"))


class Longer(Record, frozen=True, tag="session1"):
    version: int
    node: bytes
    signature: bytes
    more: bytes


class Otherwise(Record, frozen=True, tag="session2"):
    version: int
    node: bytes
    signature: bytes


@pytest.mark.parametrize("size", [0, 1, 10, 64, 60_000, 65_000])
def test_proofs_with_extras_are_refused(size: int) -> None:
    def longer(key: SigningKey, role: Role) -> Payload:
        return lambda static, bound: encode(
            Longer(1, key.node_id.raw, key.sign(f"session {role.value}", static + bound), bytes(size))
        )

    def trailing(key: SigningKey, role: Role) -> Payload:
        return lambda static, bound: signed(key, role)(static, bound) + bytes(max(size, 1))

    for bent in (longer, trailing):
        both_refuse(bent(BOB, Role.RESPONDER), bent(ALICE, Role.INITIATOR))


def test_payloads_that_are_no_proof_are_refused() -> None:
    for payload in (b"", b"\xc1", b"\x93", b"\xdd\xff\xff\xff\xff", b"\x91" * 200, random_bytes(111)):
        both_refuse(lambda *_, payload=payload: payload, lambda *_, payload=payload: payload)
    other = encode(Otherwise(1, BOB.node_id.raw, bytes(64)))
    both_refuse(lambda *_: other, lambda *_: other)


def test_keys_and_signatures_of_another_size_are_refused() -> None:
    class Loose(Record, frozen=True, tag="session1"):
        version: int
        node: bytes
        signature: bytes

    for node, signature in ((31, 64), (33, 64), (32, 63), (32, 65), (0, 0)):
        payload = encode(Loose(1, bytes(node), bytes(signature)))
        both_refuse(lambda *_, payload=payload: payload, lambda *_, payload=payload: payload)


class LowOrder(KeyPair):
    """A Noise key of low order, whose holder knows what everybody agrees on with it: nothing."""

    def __init__(self, point: bytes) -> None:
        super().__init__(bytes(32))
        self.public = point

    def agree(self, public: bytes) -> bytes:
        return bytes(32)


LOW_ORDER = [
    bytes(32),
    b"\x01" + bytes(31),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    bytes.fromhex("ec" + "ff" * 30 + "7f"),
    bytes.fromhex("ed" + "ff" * 30 + "7f"),
    bytes.fromhex("ee" + "ff" * 30 + "7f"),
]


@pytest.mark.parametrize("point", LOW_ORDER, ids=lambda p: p.hex()[:4])
def test_low_order_keys_are_refused_as_ephemeral_and_as_static(point: bytes) -> None:
    refuses(answerer(), point)
    one, two = dialler(), answerer()
    second = two.receive(one.start())
    assert second is not None
    refuses(one, point + second[32:])
    victim = dialler()
    refuses(victim, answer_with(signed(BOB, Role.RESPONDER), victim, LowOrder(point)))
    victim = answerer()
    refuses(victim, dial_with(signed(ALICE, Role.INITIATOR), victim, LowOrder(point)))


SMALL_ORDER_IDS = [
    bytes.fromhex(point)
    for point in (
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
]


@pytest.mark.parametrize("node", SMALL_ORDER_IDS, ids=lambda p: p.hex()[:2] + p.hex()[-2:])
def test_small_order_ids_whose_signatures_anyone_can_make_are_refused(node: bytes) -> None:
    identity = b"\x01" + bytes(31)
    for start in (identity, node):
        payload = encode(Proof(VERSION, node, start + bytes(32)))
        victim = dialler(NodeId(node))
        refuses(victim, answer_with(lambda *_, payload=payload: payload, victim))
        victim = answerer()
        refuses(victim, dial_with(lambda *_, payload=payload: payload, victim))
