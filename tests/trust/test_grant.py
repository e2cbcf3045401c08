"""A grant is a writer's word for one node, one lineage, named actions and a time; changed in any way it is nothing."""

import pytest

from pk_tui.crypto.keys import SigningKey
from pk_tui.crypto.seal import SealKey
from pk_tui.errors import Malformed, Misuse, PermissionDenied
from pk_tui.terms import VAULT_ACTIONS, Action, NodeId
from pk_tui.trust import grant
from pk_tui.trust.grant import CLOCK_SLACK, DEFAULT_TERM, read_grant, sign_grant
from pk_tui.trust.lineage import Lineage
from pk_tui.trust.statement import sign_statement

ADA, BEN = SigningKey(SealKey(b"a" * 32)), SigningKey(SealKey(b"b" * 32))
CYD = NodeId(b"c" * 32)
VAULT = Lineage(ADA.node_id, b"n" * 32)
NOW = 1_800_000_000_000_000
END = NOW + DEFAULT_TERM
CLONE_AND_PULL = frozenset({Action.CLONE, Action.PULL})
RAW = sign_grant(ADA, VAULT, BEN.node_id, CLONE_AND_PULL, not_after=END, serial=3, now=NOW)


def test_a_grant_says_what_its_writer_signed() -> None:
    read = read_grant(RAW, VAULT)

    assert (read.lineage, read.writer, read.grantee) == (VAULT.id, ADA.node_id, BEN.node_id)
    assert (read.actions, read.not_after, read.serial, read.time) == (CLONE_AND_PULL, END, 3, NOW)
    assert read.onward is False


@pytest.mark.parametrize("actions", [{Action.CLONE}, {Action.PULL}, {Action.CLONE, Action.PULL}])
def test_a_grant_names_exactly_the_actions_given(actions: set[Action]) -> None:
    raw = sign_grant(ADA, VAULT, CYD, frozenset(actions), not_after=END, serial=1, now=NOW)

    assert read_grant(raw, VAULT).actions == actions


def test_sharing_further_is_said_only_when_asked_for() -> None:
    raw = sign_grant(ADA, VAULT, CYD, CLONE_AND_PULL, not_after=END, serial=1, now=NOW, onward=True)

    assert read_grant(raw, VAULT).onward is True


def test_every_vault_action_can_be_granted() -> None:
    raw = sign_grant(ADA, VAULT, CYD, VAULT_ACTIONS, not_after=END, serial=1, now=NOW)

    assert read_grant(raw, VAULT).actions == VAULT_ACTIONS


def test_a_grant_with_any_changed_bit_is_refused() -> None:
    for at in range(len(RAW)):
        with pytest.raises(Malformed):
            read_grant(RAW[:at] + bytes((RAW[at] ^ 1 << at % 8,)) + RAW[at + 1 :], VAULT)


def test_a_grant_cut_short_or_followed_by_more_is_refused() -> None:
    for raw in [RAW[:-1], b"", RAW + b"\0", RAW * 20]:
        with pytest.raises(Malformed):
            read_grant(raw, VAULT)


@pytest.mark.parametrize("lineage", [Lineage(ADA.node_id, b"m" * 32), Lineage(BEN.node_id, b"n" * 32)])
def test_a_grant_for_another_vault_is_refused(lineage: Lineage) -> None:
    with pytest.raises(Malformed):
        read_grant(RAW, lineage)


def forged(signer: SigningKey, purpose: str = "grant", **changes: object) -> bytes:
    fields: dict[str, object] = {
        "lineage": VAULT.id.raw,
        "writer": ADA.node_id.raw,
        "grantee": BEN.node_id.raw,
        "actions": ("clone", "pull"),
        "not_after": END,
        "serial": 3,
        "onward": False,
        "time": NOW,
    }
    return sign_statement(signer, purpose, grant._Grant(**(fields | changes)))


def test_the_forgeries_below_are_refused_for_what_they_change() -> None:
    assert forged(ADA) == RAW


def test_a_grantee_cannot_grant_to_itself_or_to_others() -> None:
    for raw in [forged(BEN), forged(BEN, writer=BEN.node_id.raw), forged(BEN, grantee=CYD.raw)]:
        with pytest.raises(Malformed):
            read_grant(raw, VAULT)


def test_a_signature_for_another_purpose_makes_no_grant() -> None:
    with pytest.raises(Malformed):
        read_grant(forged(ADA, purpose="head"), VAULT)


@pytest.mark.parametrize(
    "changes",
    [
        {"actions": ()},
        {"actions": ("scan",)},
        {"actions": ("notify", "pull")},
        {"actions": ("clone", "pull", "clone")},
        {"serial": 0},
        {"serial": 2**63},
        {"not_after": -1},
        {"grantee": b"g" * 31},
        {"onward": 1},
    ],
)
def test_a_grant_outside_its_limits_is_not_even_signed(changes: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        forged(ADA, **changes)


def test_only_a_writer_signs_a_grant() -> None:
    with pytest.raises(PermissionDenied):
        sign_grant(BEN, VAULT, CYD, CLONE_AND_PULL, not_after=END, serial=1, now=NOW)


@pytest.mark.parametrize("actions", [set(), {Action.SCAN}, {Action.CLONE, Action.NOTIFY}, {Action.CLAIM}])
def test_a_grant_of_nothing_or_of_a_gestalts_right_is_refused(actions: set[Action]) -> None:
    with pytest.raises(Misuse):
        sign_grant(ADA, VAULT, CYD, frozenset(actions), not_after=END, serial=1, now=NOW)


def test_a_grant_to_oneself_is_refused() -> None:
    with pytest.raises(Misuse):
        sign_grant(ADA, VAULT, ADA.node_id, CLONE_AND_PULL, not_after=END, serial=1, now=NOW)


@pytest.mark.parametrize("not_after", [NOW, NOW - 1, 0])
def test_a_grant_that_is_over_already_is_refused(not_after: int) -> None:
    with pytest.raises(Misuse):
        sign_grant(ADA, VAULT, CYD, CLONE_AND_PULL, not_after=not_after, serial=1, now=NOW)


@pytest.mark.parametrize(
    ("now", "live"),
    [(NOW, True), (END, True), (END + CLOCK_SLACK, True), (END + CLOCK_SLACK + 1, False), (NOW - DEFAULT_TERM, True)],
)
def test_a_grant_lives_until_its_end_and_the_slack_of_clocks(now: int, live: bool) -> None:
    assert read_grant(RAW, VAULT).is_live(now) is live
