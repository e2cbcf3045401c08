from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pk_tui.errors import Malformed
from pk_tui.records import encode
from pk_tui.trust.claim import MAX_CLAIM_BYTES
from pk_tui.trust.pair import PAIR_LIMIT
from pk_tui.trust.sigchain import MAX_CLAIMS
from pk_tui.wire.messages import MAX_MESSAGE, Message, decode_message, encode_message
from pk_tui.wire.trust_messages import (
    MAX_CLAIM,
    MAX_HEADS,
    MAX_PAIR,
    Agreed,
    AskClaims,
    AskFork,
    Claims,
    ForkShown,
    Heads,
    KnownBranch,
    KnownHead,
    Propose,
    VerifyBegin,
    VerifyReply,
    VerifyReveal,
    claim_pages,
)

HEAD = KnownHead(b"t" * 16, 3, b"l" * 32, False, None)
FORKED = KnownHead(b"u" * 16, 4096, b"m" * 32, True, KnownBranch(4096, b"b" * 32))
CHAINS: list[Message] = [
    Heads((HEAD, FORKED)),
    AskClaims(b"n" * 32, 7),
    Claims((b"one", b"x" * MAX_CLAIM)),
    AskFork(b"n" * 32),
    ForkShown(b"one", b"other"),
    Propose(b"half"),
    Agreed(b"whole"),
]
WORDS: list[Message] = [VerifyBegin(b"c" * 32), VerifyReply(b"n" * 32), VerifyReveal(b"o" * 32)]
SAMPLES: list[Message] = [*CHAINS, *WORDS]
ALL = tuple(type(sample) for sample in SAMPLES)
IDS = [type(sample).__name__ for sample in SAMPLES]


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_a_message_comes_back_as_it_was(sample: Message) -> None:
    assert decode_message(encode_message(sample), *ALL) == sample


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_one_message_is_not_taken_for_another(sample: Message) -> None:
    with pytest.raises(Malformed):
        decode_message(encode_message(sample), *(kind for kind in ALL if kind is not type(sample)))


@pytest.mark.parametrize("kind", [*(type(one) for one in WORDS), AskFork])
@pytest.mark.parametrize("wrong", [b"", b"x" * 31, b"x" * 33, "x" * 32, None, 1, [1]], ids=repr)
def test_what_is_no_32_bytes_is_refused(kind: type[Message], wrong: Any) -> None:
    raw = msgspec.msgpack.encode([kind.__struct_config__.tag, wrong])

    with pytest.raises(Malformed):
        decode_message(raw, kind)


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_surplus_fields_and_bytes_are_refused(sample: Message) -> None:
    fields = msgspec.msgpack.decode(encode(sample))
    for raw in (msgspec.msgpack.encode([*fields, 1]), msgspec.msgpack.encode(fields[:1]), encode(sample) + b"\0"):
        with pytest.raises(Malformed):
            decode_message(raw, *ALL)


# ---- limits, field by field ----


def packed(*fields: Any) -> bytes:
    return msgspec.msgpack.encode(list(fields))


def exactly(size: int) -> list[Any]:
    return [b"", b"x" * (size - 1), b"x" * (size + 1), "x" * size, 1, None, [1]]


def up_to(size: int) -> list[Any]:
    return [b"", b"x" * (size + 1), "text", 1, None, [1]]


_head = ["head-known1", b"t" * 16, 3, b"l" * 32, False, None]
_branch = ["branch-known1", 3, b"l" * 32]
_U32 = [-1, 1 << 32, 1.5, "1", b"1", None, True]
_PLACES = [-1, 4097, 1.5, "1", None, True]


def head_with(place: int, value: object) -> list[Any]:
    return [[*_head[:place], value, *_head[place + 1 :]]]


def branch_with(place: int, value: object) -> list[Any]:
    return head_with(5, [*_branch[:place], value, *_branch[place + 1 :]])


FAULTS: list[tuple[list[Any], int, list[Any]]] = [
    (["heads1", [_head]], 1, [[_head] * (MAX_HEADS + 1), None, 1, "x", [1], [_head[:5]], [[*_head, 1]], [_branch]]),
    (["heads1", [_head]], 1, [head_with(0, fault) for fault in ["head-known2", "heads1", b"head-known1", 1]]),
    (["heads1", [_head]], 1, [head_with(1, fault) for fault in exactly(16)]),
    (["heads1", [_head]], 1, [head_with(2, fault) for fault in _PLACES]),
    (["heads1", [_head]], 1, [head_with(3, fault) for fault in exactly(32)]),
    (["heads1", [_head]], 1, [head_with(4, fault) for fault in [0, 1, None, "true", b""]]),
    (["heads1", [_head]], 1, [head_with(5, fault) for fault in [0, False, b"", [], [1], _head, [*_branch, 1]]]),
    (["heads1", [_head]], 1, [branch_with(1, fault) for fault in [0, *_PLACES]]),
    (["heads1", [_head]], 1, [branch_with(2, fault) for fault in exactly(32)]),
    (["ask-claims1", b"n" * 32, 7], 1, exactly(32)),
    (["ask-claims1", b"n" * 32, 7], 2, _U32),
    (["claims1", [b"a"]], 1, [[b"a"] * 257, None, 1, b"a", "a", *([fault] for fault in up_to(MAX_CLAIM))]),
    (["ask-fork1", b"n" * 32], 1, exactly(32)),
    (["fork-shown1", b"a", b"b"], 1, up_to(MAX_CLAIM)),
    (["fork-shown1", b"a", b"b"], 2, up_to(MAX_CLAIM)),
    (["propose1", b"a"], 1, up_to(MAX_PAIR)),
    (["agreed1", b"a"], 1, up_to(MAX_PAIR)),
]


@pytest.mark.parametrize(
    ("good", "place", "fault"),
    [(good, place, fault) for good, place, faults in FAULTS for fault in faults],
    ids=[f"{good[0]}-{place}-{at}" for good, place, faults in FAULTS for at in range(len(faults))],
)
def test_each_field_is_held_to_its_limit(good: list[Any], place: int, fault: object) -> None:
    decode_message(packed(*good), *ALL)
    with pytest.raises(Malformed):
        decode_message(packed(*good[:place], fault, *good[place + 1 :]), *ALL)


def test_what_is_as_large_as_it_may_be_is_read_and_fits_into_a_message() -> None:
    for message in (
        Heads((FORKED,) * MAX_HEADS),
        Heads(()),
        Claims(()),
        Claims((b"x",) * 256),
        ForkShown(b"x" * MAX_CLAIM, b"y" * MAX_CLAIM),
        Propose(b"x" * MAX_PAIR),
        Agreed(b"x" * MAX_PAIR),
        AskClaims(b"n" * 32, 2**32 - 1),
        Heads((KnownHead(b"t" * 16, 0, bytes(32), False, None),)),
    ):
        raw = encode_message(message)
        assert len(raw) <= MAX_MESSAGE
        assert decode_message(raw, *ALL) == message


def test_the_limits_are_those_of_the_rules() -> None:
    assert MAX_CLAIM == MAX_CLAIM_BYTES
    assert MAX_PAIR == PAIR_LIMIT
    length, branch = (kind.__annotations__["length"] for kind in (KnownHead, KnownBranch))
    assert "4096" in length
    assert "4096" in branch
    assert MAX_CLAIMS == 4096


# ---- pages ----


@given(st.lists(st.integers(1, MAX_CLAIM), max_size=600))
def test_pages_hold_every_claim_once_in_order_and_none_is_empty_or_too_large(sizes: list[int]) -> None:
    claims = [at.to_bytes(2, "big")[-size:] + b"x" * (size - 2) for at, size in enumerate(sizes)]
    pages = list(claim_pages(claims))
    assert [claim for page in pages for claim in page.claims] == claims
    for page in pages:
        assert page.claims
        assert decode_message(encode_message(page), Claims) == page


def test_claims_of_nothing_are_no_pages() -> None:
    assert list(claim_pages(())) == []


def test_a_page_is_as_full_as_it_can_be() -> None:
    assert [len(page.claims) for page in claim_pages([b"x"] * 600)] == [256, 256, 88]
    assert [len(page.claims) for page in claim_pages([b"x" * MAX_CLAIM] * 30)] == [12, 12, 6]
