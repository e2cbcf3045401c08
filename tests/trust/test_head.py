"""A clone believes a writer's signed head and nothing else; two heads of one history have an order, others are a fork."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.crypto.keys import SigningKey
from pk_tui.crypto.seal import SealKey
from pk_tui.errors import Malformed, PermissionDenied
from pk_tui.terms import CommitId, LineageId, NodeId
from pk_tui.trust import head
from pk_tui.trust.head import Head, Verdict, compare, read_head, sign_head
from pk_tui.trust.lineage import Lineage
from pk_tui.trust.statement import sign_statement

ADA, BEN = SigningKey(SealKey(b"a" * 32)), SigningKey(SealKey(b"b" * 32))
VAULT = Lineage(ADA.node_id, b"n" * 32)
OTHER_VAULT = Lineage(ADA.node_id, b"m" * 32)
BENS_VAULT = Lineage(BEN.node_id, b"n" * 32)
NOW = 1_800_000_000_000_000


def commit(number: int) -> CommitId:
    return CommitId(number.to_bytes(20, "big"))


def digest(number: int) -> bytes:
    return number.to_bytes(32, "big")


def a_head(number: int, after: int | None = None) -> Head:
    """Head `number` of a straight history, or one that says it follows commit `after`."""
    before = number - 1 if after is None else after
    return Head(
        VAULT.id, ADA.node_id, number, (commit(before),) if before else (), commit(number), digest(number), NOW + number
    )


RAW = sign_head(ADA, VAULT, 2, (commit(1),), commit(2), digest(2), NOW + 2)


def test_a_head_says_what_its_writer_signed() -> None:
    assert read_head(RAW, VAULT) == a_head(2)


def test_a_first_head_has_no_parent() -> None:
    assert read_head(sign_head(ADA, VAULT, 1, (), commit(1), digest(1), NOW + 1), VAULT) == a_head(1)


def test_a_head_with_any_changed_bit_is_refused() -> None:
    for at in range(len(RAW)):
        with pytest.raises(Malformed):
            read_head(RAW[:at] + bytes((RAW[at] ^ 1 << at % 8,)) + RAW[at + 1 :], VAULT)


def test_a_head_cut_short_or_followed_by_more_is_refused() -> None:
    for raw in [RAW[:-1], RAW[: len(RAW) // 2], b"", RAW + b"\0", RAW * 20]:
        with pytest.raises(Malformed):
            read_head(raw, VAULT)


@pytest.mark.parametrize("lineage", [OTHER_VAULT, BENS_VAULT])
def test_a_head_of_another_vault_is_refused(lineage: Lineage) -> None:
    with pytest.raises(Malformed):
        read_head(RAW, lineage)


def forged(signer: SigningKey, **changes: object) -> bytes:
    fields: dict[str, object] = {
        "lineage": VAULT.id.raw,
        "writer": ADA.node_id.raw,
        "sequence": 2,
        "parents": (commit(1).raw,),
        "commit": commit(2).raw,
        "digest": digest(2),
        "time": NOW,
    }
    return sign_statement(signer, "head", head._Head(**(fields | changes)))


def test_the_forgeries_below_are_refused_for_what_they_change() -> None:
    assert read_head(forged(ADA), VAULT).sequence == 2


def test_a_mirror_cannot_sign_for_the_writer() -> None:
    with pytest.raises(Malformed):
        read_head(forged(BEN), VAULT)


def test_a_mirror_cannot_put_itself_in_as_the_writer() -> None:
    with pytest.raises(Malformed):
        read_head(forged(BEN, writer=BEN.node_id.raw), VAULT)


def test_a_writer_of_another_vault_is_none_here() -> None:
    with pytest.raises(Malformed):
        read_head(sign_head(BEN, BENS_VAULT, 2, (commit(1),), commit(2), digest(2), NOW), VAULT)


def test_a_signature_for_another_purpose_makes_no_head() -> None:
    record = head._Head(VAULT.id.raw, ADA.node_id.raw, 2, (commit(1).raw,), commit(2).raw, digest(2), NOW)
    with pytest.raises(Malformed):
        read_head(sign_statement(ADA, "grant", record), VAULT)


@pytest.mark.parametrize(
    "changes",
    [
        {"sequence": 0},
        {"sequence": -1},
        {"sequence": 2**63},
        {"parents": (b"p" * 20, b"q" * 20)},
        {"parents": (b"p" * 19,)},
        {"commit": b"c" * 32},
        {"digest": b"d" * 20},
        {"time": -1},
        {"lineage": b""},
    ],
)
def test_a_head_outside_its_limits_is_not_even_signed(changes: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        forged(ADA, **changes)


def test_only_a_writer_signs_a_head() -> None:
    with pytest.raises(PermissionDenied):
        sign_head(BEN, VAULT, 1, (), commit(1), digest(1), NOW)


def test_whoever_knows_nothing_takes_any_head() -> None:
    assert compare(None, a_head(7)) is Verdict.NEWER


def test_the_same_head_is_the_same_even_if_signed_again_later() -> None:
    assert compare(a_head(3), a_head(3)) is Verdict.SAME
    assert compare(a_head(3), replace(a_head(3), time=NOW + 99)) is Verdict.SAME


def test_one_sequence_number_for_two_commits_is_a_fork() -> None:
    assert compare(a_head(3), replace(a_head(3), commit=commit(99))) is Verdict.FORK


def test_one_commit_name_with_two_digests_is_a_fork() -> None:
    assert compare(a_head(3), replace(a_head(3), digest=digest(99))) is Verdict.FORK
    assert compare(a_head(3), replace(a_head(3), sequence=4, digest=digest(99))) is Verdict.FORK
    assert compare(a_head(3), replace(a_head(3), sequence=9, digest=digest(99))) is Verdict.FORK


def test_the_next_head_that_does_not_follow_the_known_one_is_a_fork() -> None:
    assert compare(a_head(3), a_head(4)) is Verdict.NEWER
    assert compare(a_head(3), a_head(4, after=2)) is Verdict.FORK
    assert compare(a_head(3), replace(a_head(4), parents=())) is Verdict.FORK
    assert compare(a_head(4, after=2), a_head(3)) is Verdict.FORK


def test_a_head_signed_anew_without_a_change_is_newer() -> None:
    assert compare(a_head(3), replace(a_head(3), sequence=4)) is Verdict.NEWER
    assert compare(replace(a_head(3), sequence=4), a_head(3)) is Verdict.OLDER


def test_a_head_further_on_is_newer_as_far_as_heads_can_tell() -> None:
    assert compare(a_head(3), a_head(9, after=1)) is Verdict.NEWER


def test_an_older_time_does_not_make_a_head_older() -> None:
    assert compare(a_head(3), replace(a_head(4), time=0)) is Verdict.NEWER


@settings(max_examples=50)
@given(st.integers(1, 50), st.integers(1, 50))
def test_a_straight_history_is_never_a_fork(known: int, new: int) -> None:
    expected = Verdict.SAME if known == new else Verdict.NEWER if known < new else Verdict.OLDER

    assert compare(a_head(known), a_head(new)) is expected


heads = st.builds(
    Head,
    st.just(VAULT.id),
    st.just(ADA.node_id),
    st.integers(1, 4),
    st.sampled_from([(), (commit(1),), (commit(2),)]),
    st.sampled_from([commit(1), commit(2), commit(3)]),
    st.sampled_from([digest(1), digest(2)]),
    st.just(NOW),
)


@settings(max_examples=200)
@given(heads, heads)
def test_both_sides_of_a_comparison_agree(one: Head, other: Head) -> None:
    turned = {Verdict.NEWER: Verdict.OLDER, Verdict.OLDER: Verdict.NEWER}
    verdict = compare(one, other)

    assert compare(other, one) is turned.get(verdict, verdict)


@pytest.mark.parametrize("stranger", [{"lineage": LineageId(b"l" * 32)}, {"writer": NodeId(b"w" * 32)}])
def test_heads_of_two_lineages_or_writers_are_not_compared(stranger: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="no order"):
        compare(a_head(3), replace(a_head(4), **stranger))


def test_a_long_signed_history_is_read_in_order() -> None:
    raws = [
        sign_head(ADA, VAULT, n, (commit(n - 1),) if n > 1 else (), commit(n), digest(n), NOW + n) for n in range(1, 20)
    ]
    read = [read_head(raw, VAULT) for raw in raws]

    assert all(compare(before, after) is Verdict.NEWER for before, after in pairwise(read))
