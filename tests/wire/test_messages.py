from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.errors import Busy, Malformed, NotFound, PeerMisbehaved, PermissionDenied
from pk_tui.records import encode
from pk_tui.wire.messages import (
    MAX_HAVE,
    MAX_HEAD,
    MAX_MESSAGE,
    OFFERS_IN_PAGE,
    Ack,
    Failure,
    Hello,
    Message,
    Moved,
    Notify,
    Offer,
    Offers,
    Scan,
    Transfer,
    TransferBegin,
    TransferEnd,
    decode_answer,
    decode_message,
    encode_message,
    encode_piece,
    pages,
    piece_of,
)

OFFER = Offer(b"v" * 16, "work", ("clone", "pull"), b"c" * 32, b"n" * 32, b"grant", b"head", 3, 99)
SAMPLES: list[Message] = [
    Hello(1, "pk-tui 0.1"),
    Scan(),
    Offers((OFFER, OFFER)),
    Transfer(b"v" * 16, "pull", (b"h" * 20,)),
    TransferBegin(b"head", 7, 1234, b"c" * 32, b"n" * 32),
    TransferEnd(7, 1234),
    Moved(b"v" * 16, b"head"),
    Notify(b"i" * 16, "share", b"body", 1_700_000_000_000_000),
    Ack(),
    Failure("refused", "no"),
]
ALL = tuple(type(sample) for sample in SAMPLES)
IDS = [type(sample).__name__ for sample in SAMPLES]

U32_FAULTS: list[Any] = [-1, 1 << 32, True, 1.0, None, "1", b"1"]
U63_FAULTS: list[Any] = [-1, 1 << 63, (1 << 64) - 1, False, 1.5, float("nan"), "1", None]
TEXT_FAULTS: list[Any] = [b"bytes", 1, None, ["x"]]
BYTES_FAULTS: list[Any] = ["text", 1, None, [1]]


def exactly(size: int) -> list[Any]:
    return [b"x" * (size - 1), b"x" * (size + 1), b"", *BYTES_FAULTS]


_offer = ["offer2", b"v" * 16, "work", ["clone"], b"c" * 32, b"n" * 32, b"grant", b"head", 3, 99]


def offer_with(place: int, value: object) -> list[Any]:
    return [[*_offer[:place], value, *_offer[place + 1 :]]]


FAULTS: list[tuple[list[Any], int, list[Any]]] = [
    (["hello1", 1, "soft"], 1, [0, 1 << 16, *U32_FAULTS]),
    (["hello1", 1, "soft"], 2, ["x" * 65, *TEXT_FAULTS]),
    (["offers1", [_offer]], 1, [[_offer] * (OFFERS_IN_PAGE + 1), None, 1, "x", [1], [["offer1", *_offer[1:7]]]]),
    (["offers1", [_offer]], 1, [offer_with(1, fault) for fault in exactly(16)]),
    (["offers1", [_offer]], 1, [offer_with(2, fault) for fault in ["", "x" * 256, *TEXT_FAULTS]]),
    (
        ["offers1", [_offer]],
        1,
        [offer_with(3, fault) for fault in [["scan"], ["clone"] * 3, "clone", [b"pull"], [1], None]],
    ),
    (["offers1", [_offer]], 1, [offer_with(4, fault) for fault in exactly(32)]),
    (["offers1", [_offer]], 1, [offer_with(5, fault) for fault in exactly(32)]),
    (["offers1", [_offer]], 1, [offer_with(6, fault) for fault in [b"x" * 1025, *BYTES_FAULTS]]),
    (["offers1", [_offer]], 1, [offer_with(7, fault) for fault in [b"x" * (MAX_HEAD + 1), *BYTES_FAULTS]]),
    (["offers1", [_offer]], 1, [offer_with(8, fault) for fault in U32_FAULTS]),
    (["offers1", [_offer]], 1, [offer_with(9, fault) for fault in U63_FAULTS]),
    (["offers1", [_offer]], 1, [[[*_offer, 1]], [_offer[:-1]]]),
    (["moved1", b"v" * 16, b"head"], 1, exactly(16)),
    (["moved1", b"v" * 16, b"head"], 2, [b"", b"x" * (MAX_HEAD + 1), *BYTES_FAULTS]),
    (["transfer1", b"v" * 16, "pull", []], 1, exactly(16)),
    (["transfer1", b"v" * 16, "pull", []], 2, ["scan", "", "PULL", b"pull", 1, None]),
    (
        ["transfer1", b"v" * 16, "pull", []],
        3,
        [[b"h" * 20] * (MAX_HAVE + 1), [b"h" * 19], [b"h" * 21], ["h" * 20], b"", None, 1],
    ),
    (["begin1", b"head", 1, 2, b"c" * 32, b"n" * 32], 1, [b"", b"x" * 2049, *BYTES_FAULTS]),
    (["begin1", b"head", 1, 2, b"c" * 32, b"n" * 32], 2, U32_FAULTS),
    (["begin1", b"head", 1, 2, b"c" * 32, b"n" * 32], 3, U63_FAULTS),
    (["begin1", b"head", 1, 2, b"c" * 32, b"n" * 32], 4, exactly(32)),
    (["begin1", b"head", 1, 2, b"c" * 32, b"n" * 32], 5, exactly(32)),
    (["end1", 1, 2], 1, U32_FAULTS),
    (["end1", 1, 2], 2, U63_FAULTS),
    (["notify1", b"i" * 16, "share", b"", 0], 1, exactly(16)),
    (["notify1", b"i" * 16, "share", b"", 0], 2, ["", "x" * 65, *TEXT_FAULTS]),
    (["notify1", b"i" * 16, "share", b"", 0], 3, [b"x" * 4097, *BYTES_FAULTS]),
    (["notify1", b"i" * 16, "share", b"", 0], 4, U63_FAULTS),
    (["failure1", "busy", ""], 1, ["", "denied", b"busy", 1, None]),
    (["failure1", "busy", ""], 2, ["x" * 201, *TEXT_FAULTS]),
]
CASES = [
    pytest.param([*sound[:place], fault, *sound[place + 1 :]], id=f"{sound[0]}-{place}-{number}")
    for sound, place, faults in FAULTS
    for number, fault in enumerate(faults)
]


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_every_message_comes_back_as_it_was(sample: Message) -> None:
    assert decode_message(encode_message(sample), *ALL) == sample


@pytest.mark.parametrize("sound", [fault[0] for fault in FAULTS], ids=lambda sound: str(sound[0]))
def test_the_messages_that_the_faults_are_put_into_are_sound(sound: list[Any]) -> None:
    decode_message(msgspec.msgpack.encode(sound), *ALL)


@pytest.mark.parametrize("faulty", CASES)
def test_every_limit_of_every_field_is_held(faulty: list[Any]) -> None:
    with pytest.raises(Malformed):
        decode_message(msgspec.msgpack.encode(faulty), *ALL)


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_a_surplus_field_a_missing_field_and_trailing_bytes_are_refused(sample: Message) -> None:
    raw = encode_message(sample)
    parts = msgspec.msgpack.decode(raw)
    refused = [msgspec.msgpack.encode([*parts, 0]), raw + b"\xc0", raw + raw, raw[:-1], b""]
    refused.append(msgspec.msgpack.encode(parts[:-1]))
    for bad in refused:
        with pytest.raises(Malformed):
            decode_message(bad, *ALL)


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_a_map_is_no_message(sample: Message) -> None:
    fields = {"record": type(sample).__struct_config__.tag}
    fields |= {name: getattr(sample, name) for name in sample.__struct_fields__ if name != "offers"}
    with pytest.raises(Malformed):
        decode_message(msgspec.msgpack.encode(fields), *ALL)


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_a_message_of_a_kind_that_was_not_asked_for_is_refused(sample: Message) -> None:
    others = [kind for kind in ALL if kind is not type(sample)]
    with pytest.raises(Malformed):
        decode_message(encode_message(sample), *others)


@pytest.mark.parametrize(
    "bomb",
    [
        b"\x91" * 50_000 + b"\xc0",  # arrays in arrays
        b"\x92\xa6hello1" + b"\x81\xa1a" * 10_000 + b"\xc0",
        b"\xdd\xff\xff\xff\xff",  # 2^32-1 elements declared
        b"\xdf\xff\xff\xff\xff",
        b"\x92\xa7offers1\xdd\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\x93\xa6hello1\x01\xa4\xff\xfe\xfd\xfc",  # ill-formed UTF-8
        b"\x93\xa6hello1\x01\xa3\xed\xa0\x80",  # a lone surrogate
        b"\x93\xa6hello1\x01\xd6\xff\x00\x00\x00\x00",  # a timestamp extension
        b"\x93\xa6hello9\x01\xa1x",  # a tag of another version
        b"\x93\x01\x01\xa1x",
        b"\xc1",
        b"\x00",
        b"\xff" * 100,
    ],
    ids=range(14),
)
def test_bombs_and_garbage_are_refused(bomb: bytes) -> None:
    with pytest.raises(Malformed):
        decode_message(bomb, *ALL)


def test_a_message_longer_than_allowed_is_refused_before_it_is_read() -> None:
    raw = b"\x92\xa7notify1" + b"\xc0" * MAX_MESSAGE
    with pytest.raises(Malformed, match="larger"):
        decode_message(raw, *ALL)


def test_a_message_of_our_own_that_is_too_long_is_not_sent() -> None:
    big = Offer(b"v" * 16, "名" * 255, ("clone",), b"c" * 32, b"n" * 32, b"g" * 1024, b"h" * MAX_HEAD, 1, 1)
    with pytest.raises(ValueError, match="larger"):
        encode_message(Offers((big,) * 100))


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_random_bytes_are_either_a_message_or_malformed(raw: bytes) -> None:
    try:
        message = decode_message(raw, *ALL)
    except Malformed:
        return
    assert decode_message(encode_message(message), *ALL) == message


def test_a_message_does_not_show_what_a_hostile_one_held() -> None:
    with pytest.raises(Malformed) as caught:
        decode_message(msgspec.msgpack.encode(["hello1", "a secret", 1]), *ALL)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("reason", "error"),
    [("refused", PermissionDenied), ("busy", Busy), ("gone", NotFound), ("malformed", PeerMisbehaved)],
)
def test_a_failure_is_raised_where_the_request_was_made(reason: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="try at noon"):
        decode_answer(encode_message(Failure(reason, "try at noon")), Ack)


def test_the_words_of_a_failure_cannot_steer_a_terminal() -> None:
    message = str(Failure("busy", "\x1b[2J\u202egone").as_error())
    assert "\x1b" not in message
    assert "\u202e" not in message


def test_an_answer_that_is_no_answer_is_blamed_on_the_peer() -> None:
    assert decode_answer(encode_message(Ack()), Ack) == Ack()
    for raw in (encode_message(Scan()), b"", b"\xc1", encode_piece(b"x")):
        with pytest.raises(PeerMisbehaved):
            decode_answer(raw, Ack)


def test_a_piece_is_told_from_every_message() -> None:
    assert piece_of(encode_piece(b"raw")) == b"raw"
    assert piece_of(encode_piece(b"x" * MAX_MESSAGE)) == b"x" * MAX_MESSAGE
    for sample in SAMPLES:
        assert piece_of(encode_message(sample)) is None


def test_a_piece_is_neither_empty_nor_too_large() -> None:
    for size in (0, MAX_MESSAGE + 1):
        with pytest.raises(ValueError, match="piece"):
            encode_piece(b"x" * size)
        with pytest.raises(Malformed):
            piece_of(b"\0" + b"x" * size)


@pytest.mark.parametrize("count", [0, 1, 100, 101, 1000])
@pytest.mark.parametrize("name", ["work", "名" * 255])
@pytest.mark.parametrize("grant", [300, 1024])
@pytest.mark.parametrize("head", [0, 241, MAX_HEAD])
def test_pages_hold_every_offer_in_order_and_fit(count: int, name: str, grant: int, head: int) -> None:
    offers = [
        Offer(number.to_bytes(16, "big"), name, ("pull",), b"c" * 32, b"n" * 32, b"g" * grant, b"h" * head, 2, 3)
        for number in range(count)
    ]
    found = [offer for page in pages(offers) for offer in decode_message(encode_message(page), Offers).offers]
    assert found == offers
    assert all(len(encode(page)) <= MAX_MESSAGE for page in pages(offers))
