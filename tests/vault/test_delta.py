import pytest
from dulwich.pack import apply_delta as dulwich_apply
from dulwich.pack import create_delta
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.errors import Malformed
from pk_tui.vault.delta import apply_delta, make_delta, target_size
from pk_tui.vault.objects import MAX_OBJECT

BASE = bytes(range(256)) * 1200
operations = st.lists(
    st.one_of(st.binary(max_size=300), st.tuples(st.integers(0, 200_000), st.integers(0, 107_200))), max_size=8
)


def told(ops: list) -> bytes:
    return b"".join(op if isinstance(op, bytes) else BASE[op[0] : op[0] + op[1]] for op in ops)


@given(operations)
@settings(max_examples=60)
def test_a_delta_gives_what_was_told_here_and_in_dulwich(ops: list) -> None:
    delta = make_delta(len(BASE), ops)
    assert apply_delta(BASE, delta) == told(ops)
    assert target_size(delta) == len(told(ops))
    assert b"".join(dulwich_apply(BASE, delta)) == told(ops)


@given(st.binary(max_size=2000), st.binary(max_size=2000))
@settings(max_examples=40)
def test_deltas_made_by_dulwich_are_applied(base: bytes, target: bytes) -> None:
    assert apply_delta(base, b"".join(create_delta(base, target))) == target


def test_a_copy_of_exactly_64_kib_is_written_without_size() -> None:
    assert apply_delta(BASE, make_delta(len(BASE), [(1, 0x10000)])) == BASE[1:0x10001]


@pytest.mark.parametrize(
    "delta",
    [
        b"",
        b"\x80",
        b"\x05",
        b"\xff" * 12,
        b"\x05\x03",
        b"\x06\x03\x03abc",
        b"\x05\x03\x00",
        b"\x05\x03\x03ab",
        b"\x05\x03\x04abcd",
        b"\x05\x02\x03abc",
        b"\x05\x04\x03abc",
        b"\x05\x05\x91\x01\x05",
        b"\x05\x05\x90\x06",
        b"\x05\x05\x9f\x00",
        b"\x05\x05\x90",
        b"\x05\x05\x80",
    ],
    ids=repr,
)
def test_a_delta_that_does_not_fit_is_refused(delta: bytes) -> None:
    with pytest.raises(Malformed):
        apply_delta(b"hello", delta)


def test_a_delta_bomb_is_refused_before_it_takes_memory() -> None:
    huge = make_delta(len(BASE), [(0, 200_000)] * 20_000)
    assert len(huge) < 200_000
    assert target_size(huge) == 4_000_000_000
    with pytest.raises(Malformed, match="promises more"):
        apply_delta(BASE, huge)


def test_a_delta_that_gives_more_than_it_promises_is_stopped() -> None:
    ops = make_delta(len(BASE), [(0, 200_000)] * 20_000)
    header = len(make_delta(len(BASE), [])) - 1
    lying = ops[:header] + b"\x0a" + ops[header + 5 :]
    assert target_size(lying) == 10
    with pytest.raises(Malformed, match="copies what is not there"):
        apply_delta(BASE, lying)


def test_the_largest_object_can_be_told() -> None:
    base = bytes(MAX_OBJECT)
    assert apply_delta(base, make_delta(len(base), [(0, len(base))])) == base
    with pytest.raises(Malformed):
        apply_delta(base, make_delta(len(base), [(0, len(base)), b"x"]))
