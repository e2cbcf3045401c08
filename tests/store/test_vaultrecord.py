import pytest

from pk_tui.errors import Malformed
from pk_tui.records import encode, replace
from pk_tui.store import vaultrecord
from pk_tui.store.framelayout import OLD_SERIES
from pk_tui.store.vaultrecord import State, Upstream, VaultRecord, read_state, require_readable

UPSTREAM = Upstream(b"u" * 32, b"n" * 32, b"their signed head", b"c" * 20, b"d" * 32, 7)
RECORD = VaultRecord(
    vault_id=bytes(16), name="letters", creator=b"c" * 32, nonce=b"n" * 32, origin_node=None, origin_vault=None, read_only=False,
    head=b"signed head", commit=bytes(20), digest=bytes(32), sequence=1, created=1, updated=2,
)  # fmt: skip


def test_a_fork_has_taken_what_it_merged_and_any_other_vault_what_it_is() -> None:
    assert replace(RECORD, upstream=UPSTREAM).taken == UPSTREAM
    assert RECORD.taken == Upstream(b"c" * 32, b"n" * 32, b"signed head", bytes(20), bytes(32), 1)


def test_what_has_to_stay_is_reached_from_each_of_its_versions_once() -> None:
    fork = replace(RECORD, upstream=UPSTREAM, kept=(b"k" * 20, bytes(20), b"c" * 20))
    assert fork.roots == (bytes(20), b"c" * 20, b"k" * 20)
    assert RECORD.roots == (bytes(20),)


def test_a_state_comes_back_as_it_was_written() -> None:
    state = State(3, 1, 2, bytes(32), 7, replace(RECORD, upstream=UPSTREAM, kept=(b"k" * 20,)))
    assert read_state(encode(state)) == state


@pytest.mark.parametrize("before_forks", [True, False])
def test_the_forms_of_before_are_taken_up_into_those_of_now(before_forks: bool) -> None:
    old = vaultrecord._VaultRecord1(*(getattr(RECORD, name) for name in vaultrecord._VaultRecord1.__struct_fields__))
    raw = encode(vaultrecord._State1(3, 1, 2, bytes(32), old if before_forks else RECORD))
    assert (b"vault1" in raw) == before_forks
    assert read_state(raw) == State(3, 1, 2, bytes(32), OLD_SERIES, RECORD)


@pytest.mark.parametrize("raw", [b"", b"\x90", encode(RECORD), encode(State(1, 1, 1, bytes(32), 1, RECORD)) + b"\0"])
def test_what_is_no_state_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        read_state(raw)


def test_a_record_beyond_its_limits_is_not_readable() -> None:
    require_readable(RECORD)
    with pytest.raises(Malformed):
        require_readable(replace(RECORD, name=""))
