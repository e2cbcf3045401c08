"""The whole table of who may do what. No permission without an explicit grant."""

import itertools
from dataclasses import dataclass, replace

import pytest

from pk_tui.terms import GESTALT_ACTIONS, VAULT_ACTIONS, Action, LineageId, NodeId
from pk_tui.trust.grant import CLOCK_SLACK, Grant
from pk_tui.trust.permission import Allowed, Decision, Refused, decide

ADA, BEN, CYD = NodeId(b"a" * 32), NodeId(b"b" * 32), NodeId(b"c" * 32)
NOW = 1_800_000_000_000_000
NOTHING: frozenset[Action] = frozenset()
GRANT = Grant(LineageId(b"v" * 32), ADA, BEN, VAULT_ACTIONS, NOW + 1, 1, False, NOW)
OVER = replace(GRANT, not_after=NOW - CLOCK_SLACK - 1)


@dataclass(frozen=True)
class Case:
    """Ben asks; by default for a vault that is here, with a good grant, and without any right of his gestalt."""

    asker: NodeId = BEN
    vault: bool = True
    grant: Grant | None = GRANT
    revoked: bool = False
    gestalt: frozenset[Action] = NOTHING

    def decide(self, action: Action) -> Decision:
        return decide(
            action,
            asker=self.asker,
            vault=self.vault,
            grant=self.grant,
            revoked=self.revoked,
            gestalt_actions=self.gestalt,
            now=NOW,
        )


@pytest.mark.parametrize("action", [Action.SCAN, Action.CLONE, Action.PULL])
def test_a_good_grant_opens_its_vault(action: Action) -> None:
    assert Case().decide(action) == Allowed()


FAULTS = {
    "no grant": Case(grant=None),
    "another node's grant": Case(asker=CYD),
    "the granter's own grant to another": Case(asker=ADA),
    "a grant taken back": Case(revoked=True),
    "a grant that is over": Case(grant=OVER),
}


@pytest.mark.parametrize("action", [Action.SCAN, Action.CLONE, Action.PULL])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("gestalt", [NOTHING, GESTALT_ACTIONS, frozenset(Action)])
def test_a_vault_stays_shut_without_a_good_grant_whatever_else_is_allowed(
    action: Action, fault: str, gestalt: frozenset[Action]
) -> None:
    assert isinstance(replace(FAULTS[fault], gestalt=gestalt).decide(action), Refused)


@pytest.mark.parametrize("action", [Action.CLONE, Action.PULL])
@pytest.mark.parametrize("gestalt", [NOTHING, frozenset(Action)])
def test_a_vault_that_is_not_here_is_refused(action: Action, gestalt: frozenset[Action]) -> None:
    assert isinstance(Case(vault=False, gestalt=gestalt).decide(action), Refused)


@pytest.mark.parametrize(("granted", "asked"), [(Action.CLONE, Action.PULL), (Action.PULL, Action.CLONE)])
def test_a_grant_for_one_action_does_not_allow_the_other(granted: Action, asked: Action) -> None:
    case = Case(grant=replace(GRANT, actions=frozenset({granted})))

    assert case.decide(granted) == Allowed()
    assert isinstance(case.decide(asked), Refused)
    assert case.decide(Action.SCAN) == Allowed()


@pytest.mark.parametrize(
    ("case", "allowed"),
    [
        (Case(vault=False, grant=None, gestalt=frozenset({Action.SCAN})), True),
        (Case(vault=False, grant=GRANT), True),
        (Case(vault=False, grant=None), False),
        (Case(vault=False, grant=OVER), False),
        (Case(vault=False, revoked=True), False),
        (Case(vault=False, asker=CYD), False),
        (Case(vault=False, grant=None, gestalt=frozenset(Action) - {Action.SCAN}), False),
    ],
)
def test_a_scan_as_a_whole_needs_the_right_or_a_live_grant(case: Case, allowed: bool) -> None:
    assert bool(case.decide(Action.SCAN) == Allowed()) is allowed


@pytest.mark.parametrize("action", [Action.NOTIFY, Action.CLAIM])
def test_notify_and_claim_need_exactly_their_own_right(action: Action) -> None:
    for case in [Case(), Case(vault=False, grant=None)]:
        assert replace(case, gestalt=frozenset({action})).decide(action) == Allowed()
        assert isinstance(replace(case, gestalt=frozenset(Action) - {action}).decide(action), Refused)


def test_with_nothing_granted_nothing_is_allowed() -> None:
    for action, vault, revoked in itertools.product(Action, [False, True], [False, True]):
        assert isinstance(Case(vault=vault, grant=None, revoked=revoked).decide(action), Refused)


@pytest.mark.parametrize(("late", "allowed"), [(CLOCK_SLACK, True), (CLOCK_SLACK + 1, False)])
def test_two_clocks_may_differ_by_the_slack_and_no_more(late: int, allowed: bool) -> None:
    case = Case(grant=replace(GRANT, not_after=NOW - late))

    assert (case.decide(Action.PULL) == Allowed()) is allowed


def test_a_refusal_is_false_where_somebody_forgets_to_look_closer() -> None:
    assert not Refused("whatever")
    assert Allowed()


def test_a_reason_is_kept_for_our_own_log() -> None:
    reasons = {case.decide(Action.PULL) for case in FAULTS.values()}

    assert len(reasons) == 4  # both cases of a grant held by somebody else say the same
