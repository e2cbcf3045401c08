"""Streams over a session: honest pairs agree on every byte and boundary, and whatever the protocol forbids ends the session."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.crypto.keys import SigningKey
from pk_tui.crypto.noise import NONCE_LIMIT, CipherState
from pk_tui.crypto.seal import SealKey
from pk_tui.errors import Busy, Misuse, PeerMisbehaved, Unreachable
from pk_tui.terms import NodeId
from pk_tui.wire.events import Closed, Event, Opened, Ponged, Received, WasReset, WentAway, Writable
from pk_tui.wire.frames import MAX_DATA, Frame, Type, header, numbered, parse
from pk_tui.wire.handshake import Established, Handshake, Role
from pk_tui.wire.session import MAX_STREAMS, MESSAGE_COST, WINDOW, Session

ONE, TWO = bytes([1]) * 32, bytes([2]) * 32


def established(role: Role, messages: int = 0) -> Established:
    """What a handshake would leave; both directions have carried `messages`."""
    there, back = CipherState(ONE, messages), CipherState(TWO, messages)
    send, receive = (there, back) if role is Role.INITIATOR else (back, there)
    return Established(NodeId(bytes(32)), send, receive, bytes(32))


def pair(rekey_every: int = 1 << 20) -> tuple[Session, Session]:
    one, two = (Session(role, established(role), rekey_every=rekey_every) for role in Role)
    return one, two


def drain(session: Session) -> list[bytes]:
    out = []
    while (message := session.outgoing()) is not None:
        out.append(message)
    return out


def pump(sender: Session, receiver: Session) -> list[Event]:
    return [event for message in drain(sender) for event in receiver.receive(message)]


def opened() -> tuple[Session, Session, int]:
    one, two = pair()
    stream = one.open()
    assert pump(one, two) == [Opened(stream)]
    return one, two, stream


class Rogue:
    """A dialler that seals any frames it likes, against a session that answers."""

    def __init__(self) -> None:
        keys = established(Role.INITIATOR)
        self.cipher, self.opener = keys.send, keys.receive
        self.victim = Session(Role.RESPONDER, established(Role.RESPONDER))

    def says(self, *frames: bytes) -> list[Event]:
        return self.victim.receive(self.cipher.encrypt(b"".join(frames)))

    def hears(self) -> list[Frame]:
        """The frames that the victim has to send."""
        return [frame for message in drain(self.victim) for frame in parse(self.opener.decrypt(message))]

    def is_refused(self, *frames: bytes) -> None:
        with pytest.raises(PeerMisbehaved):
            self.says(*frames)
        assert_over(self.victim)


def assert_over(session: Session) -> None:
    with pytest.raises(PeerMisbehaved):
        session.receive(bytes(100))
    assert session.outgoing() is None
    with pytest.raises(Unreachable):
        session.open()


def op(stream: int) -> bytes:
    return header(Type.OPEN, stream, 0)


def cl(stream: int) -> bytes:
    return header(Type.CLOSE, stream, 0)


def dt(stream: int, data: bytes = b"x") -> bytes:
    return header(Type.DATA, stream, len(data)) + data


def rs(stream: int, code: int = 0) -> bytes:
    return numbered(Type.RESET, stream, code)


# Honest pairs


def test_a_session_stands_on_a_real_handshake() -> None:
    alice, bob = (SigningKey(SealKey(bytes((number,)) * 32)) for number in (1, 2))
    one, two = Handshake(Role.INITIATOR, alice, bob.node_id), Handshake(Role.RESPONDER, bob)
    third = one.receive(two.receive(one.start()) or b"")
    two.receive(third or b"")
    assert one.established is not None
    assert two.established is not None
    first, second = Session(Role.INITIATOR, one.established), Session(Role.RESPONDER, two.established)
    stream = first.open()
    assert first.send(stream, b"hello")
    assert pump(first, second) == [Opened(stream), Received(stream, b"hello")]
    assert second.send(stream, b"and to you")
    assert pump(second, first) == [Received(stream, b"and to you")]


def test_ids_are_odd_for_the_dialler_and_even_for_the_other() -> None:
    one, two = pair()
    assert [one.open(), one.open(), two.open(), two.open()] == [1, 3, 2, 4]


def test_small_frames_share_one_message_and_boundaries_are_kept() -> None:
    one, two = pair()
    stream = one.open()
    for text in (b"a", b"bc", b"def"):
        assert one.send(stream, text)
    one.close(stream)
    one.ping(5)
    messages = drain(one)
    assert len(messages) == 1
    assert two.receive(messages[0]) == [
        Opened(1),
        Received(1, b"a"),
        Received(1, b"bc"),
        Received(1, b"def"),
        Closed(1),
    ]


def test_a_silent_session_has_nothing_to_send() -> None:
    one, two = pair()
    assert one.outgoing() is None
    assert two.outgoing() is None


def test_no_message_is_longer_than_the_transport_takes() -> None:
    one, two, stream = opened()
    for size in (MAX_DATA, 400, 300, MAX_DATA - 1, 511, MAX_DATA, 1):
        assert one.send(stream, bytes(size))
    messages = drain(one)
    assert max(map(len, messages)) <= 65_535
    sizes = [len(event.data) for m in messages for event in two.receive(m) if isinstance(event, Received)]
    assert sizes == [MAX_DATA, 400, 300, MAX_DATA - 1, 511, MAX_DATA, 1]


@pytest.mark.parametrize("size", [0, MAX_DATA + 1])
def test_a_message_that_no_frame_can_carry_is_our_own_mistake(size: int) -> None:
    one, _, stream = opened()
    with pytest.raises(ValueError, match="65,000"):
        one.send(stream, bytes(size))


def test_each_direction_closes_by_itself() -> None:
    one, two, stream = opened()
    one.close(stream)
    one.close(stream)
    assert pump(one, two) == [Closed(stream)]
    with pytest.raises(Misuse):
        one.send(stream, b"late")
    assert two.send(stream, b"an answer")
    two.close(stream)
    assert pump(two, one) == [Received(stream, b"an answer"), Closed(stream)]
    with pytest.raises(Misuse):
        two.send(stream, b"late")


def test_a_stream_that_was_never_opened_is_not_sent_on_and_the_rest_does_nothing() -> None:
    one, _ = pair()
    with pytest.raises(Misuse):
        one.send(1, b"x")
    one.close(1)
    one.reset(1)
    one.consumed(1, 10)
    assert one.outgoing() is None


def test_a_reset_ends_both_directions_and_what_was_on_its_way_is_dropped() -> None:
    one, two, stream = opened()
    assert two.send(stream, b"on its way")
    one.reset(stream, 7)
    one.reset(stream, 8)
    with pytest.raises(Misuse):
        one.send(stream, b"x")
    assert pump(one, two) == [WasReset(stream, 7)]
    assert pump(two, one) == []
    assert one.outgoing() is None
    with pytest.raises(Misuse):
        one.send(stream, b"x")
    with pytest.raises(Misuse):
        two.send(stream, b"x")


def test_resets_of_both_sides_may_cross() -> None:
    one, two, stream = opened()
    one.reset(stream, 1)
    two.reset(stream, 2)
    assert pump(one, two) == []
    assert pump(two, one) == []
    assert one.outgoing() is None
    assert two.outgoing() is None


def test_a_reset_may_meet_a_stream_that_is_already_gone_at_the_other_side() -> None:
    one, two, stream = opened()
    one.close(stream)
    pump(one, two)
    two.close(stream)
    one.reset(stream, 1)
    assert pump(one, two) == []
    assert pump(two, one) == []
    assert one.outgoing() is None
    fill(one, two)


def fill(one: Session, two: Session) -> None:
    """No place of a stream has been lost on either side: all 64 can be opened."""
    for first, second in ((one, two), (two, one)):
        streams = [first.open() for _ in range(MAX_STREAMS)]
        with pytest.raises(Busy):
            first.open()
        assert [event for event in pump(first, second) if isinstance(event, Opened)] == [Opened(s) for s in streams]


def test_more_than_64_streams_of_ours_have_to_wait_for_a_place() -> None:
    one, two = pair()
    streams = [one.open() for _ in range(MAX_STREAMS)]
    with pytest.raises(Busy):
        one.open()
    pump(one, two)
    one.close(streams[0])
    pump(one, two)
    with pytest.raises(Busy):
        one.open()
    two.close(streams[0])
    pump(two, one)
    assert one.open() == 2 * MAX_STREAMS + 1
    with pytest.raises(Busy):
        one.open()
    one.reset(streams[1])
    pump(one, two)
    with pytest.raises(Busy):
        one.open()  # until the other side has confirmed
    pump(two, one)
    one.open()
    pump(one, two)


def test_pings_are_answered_before_waiting_data() -> None:
    one, two, stream = opened()
    assert two.send(stream, bytes(MAX_DATA))
    assert two.send(stream, bytes(MAX_DATA))
    one.ping(2**64 - 1)
    assert pump(one, two) == []
    first = two.outgoing()
    assert first is not None
    assert Ponged(2**64 - 1) in one.receive(first)


def test_after_goaway_streams_go_on_but_none_is_opened_by_who_heard_it() -> None:
    one, two, stream = opened()
    assert one.send(stream, b"before")
    one.goaway(3)
    assert pump(one, two) == [Received(stream, b"before"), WentAway(3)]
    with pytest.raises(Unreachable):
        two.open()
    assert two.send(stream, b"after")
    assert pump(two, one) == [Received(stream, b"after")]


# Credit


def test_credit_is_used_up_and_comes_back_when_messages_are_consumed() -> None:
    one, two, stream = opened()
    count = 0
    while one.send(stream, bytes(MAX_DATA)):
        count += 1
    assert count == 4
    assert not one.send(stream, bytes(MAX_DATA))
    received = [event for event in pump(one, two) if isinstance(event, Received)]
    assert len(received) == 4
    assert pump(two, one) == []
    two.consumed(stream, MAX_DATA)
    assert pump(two, one) == []  # too little to be worth a frame
    two.consumed(stream, MAX_DATA)
    assert pump(two, one) == [Writable(stream)]
    assert one.send(stream, bytes(MAX_DATA))


def test_whoever_consumes_all_never_starves_the_sender_whatever_the_sizes() -> None:
    for size in (1, 100, 16_000, 32_704, 40_000, MAX_DATA):
        one, two, stream = opened()
        for _ in range(3 * WINDOW // (size + MESSAGE_COST)):
            assert one.send(stream, bytes(size))
            for event in pump(one, two):
                if isinstance(event, Received):
                    two.consumed(stream, size)
            pump(two, one)


def test_tiny_messages_cost_what_holding_them_takes() -> None:
    one, two, stream = opened()
    count = 0
    while one.send(stream, b"x"):
        count += 1
    assert count == WINDOW // (1 + MESSAGE_COST)
    pump(one, two)


def test_each_stream_has_credit_of_its_own() -> None:
    one, two, stream = opened()
    while one.send(stream, bytes(MAX_DATA)):
        pass
    other = one.open()
    assert one.send(other, bytes(MAX_DATA))
    assert two.send(stream, bytes(MAX_DATA))
    pump(one, two)
    pump(two, one)


def test_consuming_more_than_came_is_our_own_mistake() -> None:
    one, two, stream = opened()
    assert one.send(stream, b"xyz")
    pump(one, two)
    with pytest.raises(ValueError, match="more"):
        two.consumed(stream, 4)
    two.consumed(stream, 3)
    for size in (3, 0, -64):
        with pytest.raises(ValueError, match="more"):
            two.consumed(stream, size)


def test_a_peer_that_never_gives_credit_holds_back_one_window_and_no_more() -> None:
    one, _, stream = opened()
    for _ in range(1000):
        one.send(stream, bytes(MAX_DATA))
    assert sum(map(len, drain(one))) < WINDOW + 1000


# The transport in between


def test_replayed_dropped_reordered_altered_and_foreign_messages_are_fatal() -> None:
    def sent(count: int) -> tuple[list[bytes], Session, Session]:
        one, two, stream = opened()
        out = []
        for _ in range(count):
            assert one.send(stream, b"some data")
            out += drain(one)
        return out, one, two

    def refused(session: Session, *messages: bytes) -> None:
        for message in messages[:-1]:
            session.receive(message)
        with pytest.raises(PeerMisbehaved):
            session.receive(messages[-1])
        assert_over(session)

    (first, second, _), one, two = sent(3)
    refused(two, first, first)  # replayed, duplicated
    (first, second, third), _, two = sent(3)
    refused(two, first, third)  # dropped
    (first, second, _), _, two = sent(3)
    refused(two, second)  # reordered
    (first, *_), one, two = sent(1)
    refused(one, first)  # reflected
    for size in (0, 1, 15, 16, len(first) - 1):
        (first, *_), _, two = sent(1)
        refused(two, first[:size])
    (first, *_), _, two = sent(1)
    refused(two, first + b"\0")


def test_every_flipped_bit_is_fatal() -> None:
    one, _, stream = opened()
    assert one.send(stream, b"x")
    message = drain(one)[0]
    for bit in range(len(message) * 8):
        flipped = bytearray(message)
        flipped[bit // 8] ^= 1 << bit % 8
        two = Session(Role.RESPONDER, established(Role.RESPONDER, messages=1))
        with pytest.raises(PeerMisbehaved):
            two.receive(bytes(flipped))


def test_a_message_that_is_too_long_is_refused_before_it_is_opened() -> None:
    cipher = established(Role.INITIATOR).send
    two = Session(Role.RESPONDER, established(Role.RESPONDER))
    with pytest.raises(PeerMisbehaved):
        two.receive(cipher.encrypt(op(1) + dt(1, bytes(MAX_DATA)) + dt(1, bytes(600))))
    assert_over(two)


def test_the_last_nonce_ends_the_session() -> None:
    two = Session(Role.RESPONDER, established(Role.RESPONDER, NONCE_LIMIT - 1))
    cipher = established(Role.INITIATOR, NONCE_LIMIT - 1).send
    assert two.receive(cipher.encrypt(op(1))) == [Opened(1)]
    with pytest.raises(PeerMisbehaved):
        two.receive(bytes(100))


@pytest.mark.parametrize("every", [1, 2, 5])
def test_both_directions_change_keys_in_step_and_each_by_its_own_count(every: int) -> None:
    one, two = pair(rekey_every=every)
    stream = one.open()
    pump(one, two)
    for number in range(12):
        assert one.send(stream, b"%d" % number)
        assert pump(one, two) == [Received(stream, b"%d" % number)]
        if number % 3 == 0:
            assert two.send(stream, b"-%d" % number)
            assert pump(two, one) == [Received(stream, b"-%d" % number)]


def test_after_the_change_the_old_key_opens_nothing() -> None:
    one, two = pair(rekey_every=2)
    stream = one.open()
    pump(one, two)
    one.send(stream, b"second")
    pump(one, two)
    one.send(stream, b"third")
    (third,) = drain(one)
    old = Session(Role.RESPONDER, established(Role.RESPONDER, messages=2))
    with pytest.raises(PeerMisbehaved):
        old.receive(third)
    assert two.receive(third) == [Received(stream, b"third")]


# Frames that the protocol forbids


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param(b"", id="a message without frames"),
        pytest.param(b"\x01\x00\x00", id="a cut header"),
        pytest.param(header(Type.DATA, 1, 100) + b"x", id="a length beyond the message"),
        pytest.param(header(Type.DATA, 1, 0), id="empty data"),
        pytest.param(header(Type.DATA, 1, 65_001) + bytes(65_001), id="data too long"),
        pytest.param(bytes((9, 0, 0, 0, 0, 1, 0, 0)), id="an unknown type"),
        pytest.param(bytes((1, 1, 0, 0, 0, 5, 0, 0)), id="a flag"),
        pytest.param(dt(5), id="data on a stream that was never opened"),
        pytest.param(dt(2), id="data on a stream of ours that was never opened"),
        pytest.param(dt(3), id="data on a closed stream"),
        pytest.param(cl(5), id="closing a stream that was never opened"),
        pytest.param(cl(3), id="closing twice"),
        pytest.param(rs(5), id="resetting a stream that was never opened"),
        pytest.param(rs(2), id="resetting a stream of ours that was never opened"),
        pytest.param(op(1), id="opening twice"),
        pytest.param(op(7), id="leaving out an id"),
        pytest.param(op(2), id="opening with an id of the other parity"),
        pytest.param(op(0xFFFF_FFFF), id="the highest id"),
        pytest.param(op(0), id="opening stream 0"),
        pytest.param(numbered(Type.CREDIT, 1, 1), id="credit that was never used"),
        pytest.param(numbered(Type.CREDIT, 1, 0), id="credit of nothing"),
        pytest.param(numbered(Type.CREDIT, 1, 0xFFFF_FFFF), id="credit that would wrap"),
        pytest.param(numbered(Type.CREDIT, 9, 1), id="credit for a stream that was never opened"),
        pytest.param(numbered(Type.PONG, 0, 1), id="an answer without a ping"),
    ],
)
def test_what_the_protocol_forbids_ends_the_session(frames: bytes) -> None:
    rogue = Rogue()
    assert rogue.says(op(1), dt(1), op(3), cl(3)) == [Opened(1), Received(1, b"x"), Opened(3), Closed(3)]
    rogue.is_refused(frames)


def test_good_frames_before_a_bad_one_are_not_reported() -> None:
    rogue = Rogue()
    rogue.is_refused(op(1), dt(1), dt(7))


def test_nothing_comes_on_a_stream_after_it_is_gone_but_what_may_have_crossed() -> None:
    for ending in ([cl(1)], [rs(1)]):
        for late in (dt(1), cl(1)):
            rogue = Rogue()
            rogue.says(op(1))
            rogue.victim.close(1)
            drain(rogue.victim)
            rogue.says(*ending)
            drain(rogue.victim)
            assert rogue.says(numbered(Type.CREDIT, 1, 10), rs(1)) == []
            rogue.is_refused(late)


def test_what_comes_after_our_reset_is_dropped_but_still_bounded() -> None:
    rogue = Rogue()
    rogue.says(op(1))
    rogue.victim.reset(1)
    drain(rogue.victim)
    for _ in range(4):
        assert rogue.says(dt(1, bytes(MAX_DATA))) == []
    rogue.is_refused(dt(1, bytes(MAX_DATA)))
    for late in (dt(1), cl(1)):
        rogue = Rogue()
        rogue.says(op(1))
        rogue.victim.reset(1)
        assert rogue.says(cl(1)) == []
        rogue.is_refused(late)
    rogue = Rogue()
    rogue.says(op(1))
    rogue.victim.reset(1)
    assert rogue.says(rs(1)) == []
    rogue.is_refused(dt(1))


def test_the_65th_stream_is_refused_and_ten_thousand_as_well() -> None:
    rogue = Rogue()
    rogue.says(*(op(2 * number + 1) for number in range(MAX_STREAMS)))
    rogue.is_refused(op(2 * MAX_STREAMS + 1))
    rogue = Rogue()
    rogue.is_refused(*(op(2 * number + 1) for number in range(8_000)))


def test_a_stream_that_we_reset_counts_until_the_peer_confirms() -> None:
    rogue = Rogue()
    rogue.says(*(op(2 * number + 1) for number in range(MAX_STREAMS)))
    for number in range(MAX_STREAMS):
        rogue.victim.reset(2 * number + 1)
    drain(rogue.victim)
    assert rogue.says(rs(1), op(2 * MAX_STREAMS + 1)) == [Opened(2 * MAX_STREAMS + 1)]
    rogue.is_refused(op(2 * MAX_STREAMS + 3))


def test_sending_beyond_credit_is_refused() -> None:
    rogue = Rogue()
    rogue.says(op(1))
    for _ in range(4):
        rogue.says(dt(1, bytes(MAX_DATA)))
    rest = WINDOW - 4 * (MAX_DATA + MESSAGE_COST)
    rogue.says(dt(1, bytes(rest - MESSAGE_COST)))
    rogue.is_refused(dt(1))


def test_a_ping_is_answered_once() -> None:
    rogue = Rogue()
    rogue.victim.ping(7)
    assert rogue.says(numbered(Type.PONG, 0, 7)) == [Ponged(7)]
    rogue.is_refused(numbered(Type.PONG, 0, 7))


def test_credit_counts_only_once_it_has_left() -> None:
    rogue = Rogue()
    rogue.says(op(1))
    for _ in range(4):
        rogue.says(dt(1, bytes(MAX_DATA)))
        rogue.victim.consumed(1, MAX_DATA)
    rogue.is_refused(dt(1, bytes(MAX_DATA)))


def test_credit_for_more_than_was_sent_is_refused() -> None:
    rogue = Rogue()
    rogue.says(op(1))
    assert rogue.victim.send(1, b"x" * 36)
    assert rogue.says(numbered(Type.CREDIT, 1, 60)) == [Writable(1)]
    assert rogue.says(numbered(Type.CREDIT, 1, 40)) == [Writable(1)]
    rogue.is_refused(numbered(Type.CREDIT, 1, 1))


def test_credit_that_crosses_our_reset_says_nothing() -> None:
    rogue = Rogue()
    rogue.says(op(1))
    assert rogue.victim.send(1, b"x" * 36)
    rogue.victim.reset(1)
    assert rogue.says(numbered(Type.CREDIT, 1, 100)) == []


@pytest.mark.parametrize("ending", ["their close", "their reset", "our reset"])
def test_no_credit_is_given_for_a_direction_that_has_ended(ending: str) -> None:
    rogue = Rogue()
    rogue.says(op(1), dt(1, bytes(60_000)))
    rogue.says(dt(1, bytes(60_000)))
    if ending == "their close":
        rogue.says(cl(1))
    rogue.victim.consumed(1, 60_000)
    rogue.victim.consumed(1, 60_000)
    if ending == "their reset":
        rogue.says(rs(1, 4))
    if ending == "our reset":
        rogue.victim.reset(1, 4)
    assert rogue.hears() == ([] if ending == "their close" else [Frame(Type.RESET, 1, b"", 4)])


def test_credit_that_crosses_our_close_is_taken_quietly() -> None:
    rogue = Rogue()
    rogue.says(op(1))
    assert rogue.victim.send(1, b"x" * 36)
    rogue.victim.close(1)
    assert rogue.says(numbered(Type.CREDIT, 1, 100)) == []


# A peer that does not read


def test_a_peer_that_pings_and_does_not_read_is_refused() -> None:
    rogue = Rogue()
    for token in range(32):
        rogue.says(numbered(Type.PING, 0, token))
    rogue.is_refused(numbered(Type.PING, 0, 99))


def test_a_peer_that_opens_and_resets_and_does_not_read_is_refused_but_not_one_that_reads() -> None:
    rogue = Rogue()
    for number in range(1000):
        rogue.says(op(2 * number + 1), rs(2 * number + 1))
        drain(rogue.victim)
    rogue = Rogue()
    for number in range(MAX_STREAMS):
        rogue.says(op(2 * number + 1), rs(2 * number + 1))
    rogue.is_refused(op(2 * MAX_STREAMS + 1))


def test_answers_that_are_closed_but_not_read_are_bounded_too() -> None:
    rogue = Rogue()
    for number in range(MAX_STREAMS):
        stream = 2 * number + 1
        rogue.says(op(stream), cl(stream))
        assert rogue.victim.send(stream, b"an answer")
        rogue.victim.close(stream)
    rogue.is_refused(op(2 * MAX_STREAMS + 1))


def test_a_stream_with_many_frames_waiting_gives_one_place_back_not_many() -> None:
    rogue = Rogue()
    rogue.says(*(op(2 * number + 1) for number in range(MAX_STREAMS)))
    for _ in range(10):
        assert rogue.victim.send(1, b"part of an answer")
    rogue.victim.close(1)
    rogue.says(cl(1))
    assert len(rogue.hears()) == 11
    assert rogue.says(op(2 * MAX_STREAMS + 1)) == [Opened(2 * MAX_STREAMS + 1)]
    rogue.is_refused(op(2 * MAX_STREAMS + 3))


# Any pair, any order


@dataclass
class Side:
    session: Session
    wire: deque[bytes] = field(default_factory=deque)
    """Messages on their way to this side."""
    streams: list[int] = field(default_factory=list)
    sent: dict[int, list[bytes]] = field(default_factory=dict)
    received: dict[int, list[bytes]] = field(default_factory=dict)
    held: dict[int, deque[bytes]] = field(default_factory=dict)
    closing: set[int] = field(default_factory=set)
    closed: set[int] = field(default_factory=set)
    dead: set[int] = field(default_factory=set)
    pings: int = 0
    pongs: list[int] = field(default_factory=list)

    def enter(self, stream: int) -> None:
        self.streams.append(stream)
        self.sent[stream], self.received[stream], self.held[stream] = [], [], deque()

    def take(self, message: bytes) -> None:
        for event in self.session.receive(message):
            match event:
                case Opened(stream):
                    self.enter(stream)
                case Received(stream, data):
                    assert stream not in self.closed | self.dead
                    self.received[stream].append(data)
                    self.held[stream].append(data)
                case Closed(stream):
                    assert stream not in self.closed | self.dead
                    self.closed.add(stream)
                case WasReset(stream, code):
                    assert code == stream
                    assert stream not in self.dead
                    self.dead.add(stream)
                case Ponged(token):
                    self.pongs.append(token)
                case Writable(stream):
                    assert stream not in self.closing | self.dead
                case WentAway():
                    raise AssertionError("nobody went away")

    def consume(self, stream: int) -> None:
        if self.held[stream]:
            self.session.consumed(stream, len(self.held[stream].popleft()))


SIZES = [1, 2, 900, 30_000, 64_999, MAX_DATA]
ACTIONS = [
    "open",
    "send",
    "send",
    "send",
    "consume",
    "consume",
    "close",
    "reset",
    "ping",
    "emit",
    "emit",
    "deliver",
    "deliver",
]
steps = st.lists(
    st.tuples(st.booleans(), st.sampled_from(ACTIONS), st.integers(0, 5), st.sampled_from(SIZES)),
    min_size=10,
    max_size=120,
)


def act(me: Side, other: Side, action: str, pick: int, size: int, number: int) -> None:
    if action == "open":
        if len(me.streams) < 6:
            me.enter(me.session.open())
    elif action == "ping":
        me.session.ping(number)
        me.pings += 1
    elif action == "emit":
        message = me.session.outgoing()
        if message is not None:
            other.wire.append(message)
    elif action == "deliver":
        if me.wire:
            me.take(me.wire.popleft())
    elif me.streams:
        stream = me.streams[pick % len(me.streams)]
        if action == "consume":
            me.consume(stream)
        elif action == "close":
            me.session.close(stream)
            me.closing.add(stream)
        elif action == "reset":
            me.session.reset(stream, stream)
            me.dead.add(stream)
        elif stream not in me.closing | me.dead:
            data = (number.to_bytes(2, "big") * (size // 2 + 1))[:size]
            if me.session.send(stream, data):
                me.sent[stream].append(data)


def settle(sides: tuple[Side, Side]) -> None:
    """Deliver and consume until nothing moves any more."""
    moving = True
    while moving:
        moving = False
        for me, other in (sides, sides[::-1]):
            other.wire.extend(drain(me.session))
            while other.wire:
                other.take(other.wire.popleft())
                moving = True
            for stream, held in other.held.items():
                while held:
                    other.consume(stream)


@given(steps)
@settings(max_examples=80, deadline=None)
def test_two_sessions_agree_on_every_byte_and_boundary_whatever_is_done(todo: list[tuple[bool, str, int, int]]) -> None:
    one, two = pair(rekey_every=3)
    sides = (Side(one), Side(two))
    for number, (first, action, pick, size) in enumerate(todo):
        me, other = sides if first else sides[::-1]
        act(me, other, action, pick, size, number)
        for reader, writer in (sides, sides[::-1]):
            for stream, got in reader.received.items():
                assert got == writer.sent.get(stream, [])[: len(got)]
    settle(sides)
    for me, other in (sides, sides[::-1]):
        assert len(me.pongs) == me.pings
        assert set(me.streams) == set(other.streams)
        for stream in set(me.streams) - me.dead - other.dead:
            assert me.received[stream] == other.sent[stream]
            assert (stream in me.closed) == (stream in other.closing)
    for me in sides:
        for stream in me.streams:
            me.session.close(stream)
    for me in sides:
        me.closing.update(me.streams)
    settle(sides)
    fill(one, two)
