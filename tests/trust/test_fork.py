"""Two lines of claims of one node are the same, one goes on, or they are a fork; and only who holds the key can make a fork."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trust.chains import ADA, BEN, CYD, DEEDS, NOW, Person, agreed, honest, signed_otherwise

from pk_tui.records import decode, encode, replace
from pk_tui.trust import fork as fork_module
from pk_tui.trust import sigchain, succession
from pk_tui.trust.claim import IdentifiedRecord, LinkRecord, RetractedRecord
from pk_tui.trust.fork import Behind, Extended, Fork, Forked, Same, compare, verify_fork
from pk_tui.trust.sigchain import MAX_CLAIMS, Chain, ChainFault, Fault, extend, read_chain
from pk_tui.trust.statement import sign_statement
from pk_tui.trust.succession import make_succession

TRUNK = honest(ADA.chain(), [0, 2, 4])
LEFT, RIGHT = honest(TRUNK, [2, 3, 7], NOW + 100), honest(TRUNK, [1, 2, 3, 2], NOW + 200)


def raws(chain: Chain) -> list[bytes]:
    return [claim.raw for claim in chain.claims]


def fault_of(tried: Callable[[], object]) -> Fault:
    with pytest.raises(ChainFault) as caught:
        tried()
    return caught.value.fault


# ---- proofs ----


def test_two_claims_for_one_place_prove_a_fork_in_either_order() -> None:
    one, other = LEFT.claims[4].raw, RIGHT.claims[4].raw
    low, high = sorted((one, other))

    assert verify_fork(one, other) == verify_fork(other, one) == Fork(ADA.node, 4, 4, low, high)


def test_claims_that_name_different_ones_before_prove_that_the_branches_part_before() -> None:
    fork = verify_fork(LEFT.claims[5].raw, RIGHT.claims[5].raw)
    assert (fork.sequence, fork.since) == (5, 4)


def test_two_first_claims_of_one_node_are_a_fork_of_whichever_type() -> None:
    firsts = [
        ADA.genesis(),
        ADA.genesis(NOW + 1),
        Person(ADA.signing, BEN.words).genesis(),
        make_succession(ADA.signing, BEN.signing, BEN.words.public, BEN.words.box_public, NOW),
        make_succession(ADA.signing, CYD.signing, BEN.words.public, BEN.words.box_public, NOW),
    ]
    for at, one in enumerate(firsts):
        for other in firsts[:at]:
            fork = verify_fork(one, other)
            assert (fork.node, fork.sequence, fork.since) == (ADA.node, 0, 0)


def test_a_fork_is_one_whatever_the_claims_say() -> None:
    """The signature is what proves it, not that either claim would hold."""
    record = LinkRecord(ADA.node.raw, 4, bytes(32), NOW, b"")
    fork = verify_fork(sign_statement(ADA.signing, "claim link", record), LEFT.claims[4].raw)
    assert (fork.sequence, fork.since) == (4, 3)


def test_what_is_no_proof_is_refused() -> None:
    left, right = raws(LEFT), raws(RIGHT)
    forged = BEN.link(4, TRUNK.head.digest, RetractedRecord(1))
    altered = right[4][:-1] + bytes((right[4][-1] ^ 1,))
    for one, other, fault in (
        (left[4], left[4], Fault.ROLLBACK),
        (left[0], left[0], Fault.ROLLBACK),
        (left[4], right[5], Fault.GAP),
        (left[0], left[1], Fault.GAP),
        (left[4], forged, Fault.WRONG_NODE),
        (ADA.genesis(), BEN.genesis(), Fault.WRONG_NODE),
        (left[4], altered, Fault.WRONG_SIGNER),
        (left[4], b"", Fault.MALFORMED),
        (left[4], agreed(ADA, BEN), Fault.MALFORMED),
    ):
        assert fault_of(lambda one=one, other=other: verify_fork(one, other)) is fault
        assert fault_of(lambda one=one, other=other: verify_fork(other, one)) is fault


def test_who_has_no_key_cannot_make_a_second_spelling_into_a_fork() -> None:
    raw = LEFT.claims[4].raw
    at = raw.index(b"\xc4", 9)
    longer = raw[:at] + b"\xc5\x00" + raw[at + 1 :]
    assert fault_of(lambda: verify_fork(raw, longer)) is Fault.MALFORMED


def test_who_signs_along_on_a_first_claim_cannot_make_it_into_a_fork() -> None:
    """Whoever has the old node's key can sign the very same words once more, with another signature that holds."""
    raw = make_succession(ADA.signing, BEN.signing, BEN.words.public, BEN.words.box_public, NOW)
    signed = decode(succession._Signed, raw)
    again = encode(replace(signed, by_predecessor=signed_otherwise(b"b" * 32, "claim succeeded", signed.body)))

    assert again != raw
    assert read_chain(ADA.node, [again]).first == read_chain(ADA.node, [raw]).first
    assert fault_of(lambda: verify_fork(raw, again)) is Fault.ROLLBACK
    assert fault_of(lambda: compare(read_chain(ADA.node, [raw]), 0, [again])) is Fault.ROLLBACK
    assert fault_of(lambda: read_chain(ADA.node, [raw, again])) is Fault.ROLLBACK


def test_what_goes_on_behind_two_signatures_of_one_first_claim_is_a_fork() -> None:
    raw = make_succession(ADA.signing, BEN.signing, BEN.words.public, BEN.words.box_public, NOW)
    signed = decode(succession._Signed, raw)
    again = encode(replace(signed, by_predecessor=signed_otherwise(b"b" * 32, "claim succeeded", signed.body)))
    first, other = read_chain(ADA.node, [raw]), read_chain(ADA.node, [again])
    # The very same claim behind either would name one of them: each branch has its own, even if it says the same.
    body = IdentifiedRecord(ADA.identity(), "")
    one, two = (extend(chain, ADA.after(chain, body)) for chain in (first, other))
    for known, offered in ((one, two), (two, one)):
        found = compare(known, 0, [claim.raw for claim in offered.claims])
        assert isinstance(found, Forked)
        assert (found.fork.node, found.fork.sequence, found.fork.since) == (ADA.node, 1, 0)
        assert found.branch is None
    assert fault_of(lambda: compare(one, 0, [again])) is Fault.ROLLBACK
    assert fault_of(lambda: compare(first, 0, [claim.raw for claim in two.claims])) is Fault.ROLLBACK


# ---- comparing ----


def test_what_is_known_is_the_same_from_wherever_it_is_offered() -> None:
    for first in range(len(LEFT.claims) + 1):
        assert compare(LEFT, first, raws(LEFT)[first:]) == Same()


def test_what_goes_on_extends_and_what_ends_before_is_behind() -> None:
    for first in range(len(TRUNK.claims) + 1):
        assert compare(TRUNK, first, raws(LEFT)[first:]) == Extended(LEFT)
        assert compare(LEFT, first, raws(TRUNK)[first:]) == Behind()


def test_a_fork_in_the_middle_is_shown_with_both_branches() -> None:
    expected = verify_fork(LEFT.claims[4].raw, RIGHT.claims[4].raw)
    for first in range(5):
        assert compare(LEFT, first, raws(RIGHT)[first:]) == Forked(expected, RIGHT)
        assert compare(RIGHT, first, raws(LEFT)[first:]) == Forked(expected, LEFT)


def test_a_fork_at_the_beginning_is_shown_with_both_branches() -> None:
    other = honest(read_chain(ADA.node, [ADA.genesis(NOW + 1)]), [2, 2, 0], NOW + 300)
    for one, two in ((LEFT, other), (other, LEFT)):
        found = compare(one, 0, raws(two))
        assert isinstance(found, Forked)
        assert (found.fork.sequence, found.fork.since, found.branch) == (0, 0, two)


def test_a_branch_that_parts_before_what_is_offered_has_to_be_asked_for() -> None:
    found = compare(LEFT, 5, raws(RIGHT)[5:])
    assert isinstance(found, Forked)
    assert (found.fork.sequence, found.fork.since, found.branch) == (5, 4, None)
    assert fault_of(lambda: compare(LEFT, 7, raws(RIGHT)[7:])) is Fault.WRONG_DIGEST


def test_a_branch_goes_as_far_as_it_holds() -> None:
    for rest in ([b""], raws(RIGHT)[7:], [BEN.genesis()]):
        found = compare(LEFT, 4, [*raws(RIGHT)[4:6], *rest])
        assert isinstance(found, Forked)
        assert found.branch == read_chain(ADA.node, raws(RIGHT)[:6])
    nonsense = sign_statement(ADA.signing, "claim link", LinkRecord(ADA.node.raw, 4, TRUNK.head.digest.raw, NOW, b""))
    found = compare(LEFT, 4, [nonsense])
    assert isinstance(found, Forked)
    assert (found.fork.since, found.branch) == (4, TRUNK)


def test_lies_about_a_chain_are_no_fork() -> None:
    known = raws(LEFT)
    altered = known[4][:-1] + bytes((known[4][-1] ^ 1,))
    for first, offered, fault in (
        (4, [altered], Fault.WRONG_SIGNER),
        (4, [b""], Fault.MALFORMED),
        (4, [known[5]], Fault.GAP),
        (4, [known[3]], Fault.ROLLBACK),
        (4, [known[0]], Fault.ROLLBACK),
        (0, [known[1]], Fault.GAP),
        (0, [BEN.genesis()], Fault.WRONG_NODE),
        (4, [BEN.link(4, TRUNK.head.digest, RetractedRecord(1))], Fault.WRONG_NODE),
        (len(known), [known[-1]], Fault.ROLLBACK),
        (len(known), [ADA.link(9, LEFT.head.digest, RetractedRecord(1))], Fault.GAP),
        (len(known) + 1, [], Fault.GAP),
        (-1, [], Fault.GAP),
        (0, [b""] * (MAX_CLAIMS + 1), Fault.TOO_LONG),
        (len(known), [b""] * MAX_CLAIMS, Fault.TOO_LONG),
    ):
        assert fault_of(lambda first=first, offered=offered: compare(LEFT, first, offered)) is fault


lines = st.lists(st.integers(0, 5 * DEEDS), max_size=5)


@settings(max_examples=40)
@given(lines, lines, st.data())
def test_any_two_prefixes_have_the_right_order(deeds: list[int], more: list[int], data: st.DataObject) -> None:
    whole = raws(honest(ADA.chain(), deeds + more))
    mine = data.draw(st.integers(1, len(whole)))
    offered = data.draw(st.integers(0, len(whole)))
    first = data.draw(st.integers(0, min(mine, offered)))
    chain = read_chain(ADA.node, whole[:mine])

    found = compare(chain, first, whole[first:offered])

    if offered > mine:
        assert found == Extended(read_chain(ADA.node, whole[:offered]))
    else:
        assert found == (Same() if offered == mine else Behind())


@settings(max_examples=40)
@given(lines, lines, lines, st.data())
def test_any_two_branches_are_a_fork_where_they_part(
    trunk: list[int], left: list[int], right: list[int], data: st.DataObject
) -> None:
    base = honest(ADA.chain(), trunk)
    one, other = honest(base, [2, *left], NOW + 1000), honest(base, [2, *right], NOW + 2000)
    parting = len(base.claims)
    first = data.draw(st.integers(0, parting))

    found = compare(one, first, raws(other)[first:])
    back = compare(other, first, raws(one)[first:])

    assert isinstance(found, Forked)
    assert isinstance(back, Forked)
    assert found.fork == back.fork == verify_fork(one.claims[parting].raw, other.claims[parting].raw)
    assert (found.fork.sequence, found.fork.since) == (parting, parting)
    assert (found.branch, back.branch) == (other, one)


def test_a_chain_is_compared_up_to_its_full_length(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (fork_module, sigchain):
        monkeypatch.setattr(module, "MAX_CLAIMS", len(LEFT.claims))
    assert compare(TRUNK, 0, raws(LEFT)) == Extended(LEFT)
    assert fault_of(lambda: compare(TRUNK, 0, [*raws(LEFT), b""])) is Fault.TOO_LONG
