"""Randomness is the system's, except where a simulation sets it, and then it can be repeated exactly."""

import pytest

from pk_tui.crypto import entropy
from pk_tui.crypto.entropy import random_bytes, random_fraction, seeded


def drawn() -> list[bytes]:
    return [random_bytes(size) for size in (16, 32, 1, 0)]


def test_bytes_have_the_size_asked_for_and_do_not_repeat() -> None:
    assert [len(raw) for raw in drawn()] == [16, 32, 1, 0]
    assert len({random_bytes(16) for _ in range(1000)}) == 1000


def test_one_seed_gives_one_stream_and_another_seed_another() -> None:
    with seeded(b"a"):
        first = drawn()
    with seeded(b"a"):
        again = drawn()
    with seeded(b"b"):
        other = drawn()

    assert first == again
    assert first[:2] != other[:2]


def test_a_seeded_stream_does_not_repeat_itself() -> None:
    with seeded(b"a"):
        assert len({random_bytes(16) for _ in range(1000)}) == 1000


def test_after_the_block_randomness_is_real_again_even_after_a_failure() -> None:
    with pytest.raises(RuntimeError), seeded(b"a"):
        raise RuntimeError
    with seeded(b"a"):
        in_block = random_bytes(32)

    assert entropy._source is entropy.os.urandom
    assert random_bytes(32) != in_block


def test_blocks_within_blocks_come_back_to_the_outer_stream() -> None:
    with seeded(b"outer"):
        first = random_bytes(8)
        with seeded(b"inner"):
            random_bytes(8)
        second = random_bytes(8)
    with seeded(b"outer"):
        assert [random_bytes(8), random_bytes(8)] == [first, second]


def test_a_fraction_is_at_least_zero_and_below_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(0 <= random_fraction() < 1 for _ in range(1000))
    for edge in (b"\0", b"\xff"):
        monkeypatch.setattr(entropy, "_source", lambda size, edge=edge: edge * size)
        assert 0 <= random_fraction() < 1
