from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest
from agent.actors import EPOCH, everything, new_store, pair, shared
from simulator import World, simulate

from pk_tui.agent.commits import create_vault
from pk_tui.agent.core import Core
from pk_tui.agent.rights import allows, grant_for, holders, is_trusted, keep_received, lineage_of, shared_until
from pk_tui.clock import DAY, SECOND, Instant
from pk_tui.crypto.keys import SigningKey
from pk_tui.crypto.seal import SealKey
from pk_tui.records import replace as other
from pk_tui.store.vaultrecord import VaultRecord
from pk_tui.terms import VAULT_ACTIONS, Action, NodeId, VaultId
from pk_tui.trust import sharing
from pk_tui.trust.entitlement import Change, Entitlement
from pk_tui.trust.grant import CLOCK_SLACK, DEFAULT_TERM, Grant, read_grant, sign_grant
from pk_tui.trust.lineage import Lineage, new_lineage

BOB, CAROL = NodeId(b"b" * 32), NodeId(b"c" * 32)
CLONE = frozenset({Action.CLONE})


class Owner:
    """Alice's node with a vault, whose clock is set by hand."""

    def __init__(self, w: World) -> None:
        self.core: Core = w.agents["alice"]._gate.core()
        self.clock = w.clocks["alice"]
        self.record: VaultRecord = create_vault(self.core.store, "work", EPOCH).record
        self.vault = VaultId(self.record.vault_id)

    @property
    def now(self) -> Instant:
        return int(self.clock.now())

    def wait(self, span: int) -> None:
        self.clock.skew += span

    def entitle(
        self, node: NodeId = BOB, actions: frozenset[Action] = VAULT_ACTIONS, end: Instant | None = None
    ) -> None:
        beliefs = self.core.beliefs
        change = sharing.share(beliefs.held, beliefs.graph, node, self.vault, actions, end)
        beliefs.grant(self.core.store, change, self.now)

    def end(self, node: NodeId = BOB) -> None:
        beliefs = self.core.beliefs
        change = sharing.unshare(beliefs.held, beliefs.graph, node, self.vault)
        beliefs.grant(self.core.store, change, self.now)

    def grant(self, node: NodeId = BOB) -> Grant | None:
        """What is handed to a node now; it is what lies in the store."""
        found = grant_for(self.core, self.record, node)
        row = self.core.store.grants.issued.get(self.vault, node)
        if found is None:
            return None
        grant, raw = found
        assert row is not None
        assert (row.grant, row.serial, row.revoked) == (raw, grant.serial, None)
        assert read_grant(raw, lineage_of(self.record)) == grant
        assert (grant.writer, grant.grantee, grant.onward) == (self.core.node_id, node, False)
        return grant

    def given(self, node: NodeId = BOB) -> Grant:
        grant = self.grant(node)
        assert grant is not None
        return grant


def owner(scenario: Callable[[Owner], None]) -> None:
    async def whole(w: World) -> None:
        await w.add("alice")
        scenario(Owner(w))

    simulate(whole)


def test_a_lineage_is_the_creators_and_nothing_of_the_name() -> None:
    record = create_vault(new_store()[0], "work", EPOCH).record
    assert lineage_of(record).creator.raw == record.creator
    assert lineage_of(other(record, name="other")) == lineage_of(record)


# ---- what was granted ----


def test_only_what_was_granted_is_allowed_and_only_to_whom_and_only_until_it_ends() -> None:
    def scenario(alice: Owner) -> None:
        core, vault, end = alice.core, alice.vault, alice.now + DAY
        alice.entitle(actions=CLONE, end=end)
        alice.entitle(CAROL)

        def may(node: NodeId) -> list[bool]:
            return [allows(core, node, action, vault) for action in (Action.CLONE, Action.PULL, Action.SCAN)]

        assert may(BOB) == [True, False, True]
        assert may(CAROL) == [True, True, True]
        assert allows(core, BOB, Action.SCAN)
        assert not allows(core, BOB, Action.PULL), "a right on a vault is asked for with it"
        assert not allows(core, BOB, Action.CLONE, VaultId(b"o" * 16))
        assert not allows(core, NodeId(b"d" * 32), Action.CLONE, vault)
        assert holders(core, vault) == {BOB: CLONE, CAROL: VAULT_ACTIONS}
        assert (shared_until(core, vault, BOB), shared_until(core, vault, CAROL)) == (end, None)
        alice.wait(DAY + CLOCK_SLACK)
        assert may(BOB) == [True, False, True]
        alice.wait(1)
        assert may(BOB) == [False, False, False]
        assert holders(core, vault) == {CAROL: VAULT_ACTIONS}
        alice.wait(100_000 * DAY)
        assert may(CAROL) == [True, True, True]
        alice.end(CAROL)
        assert may(CAROL) == [False, False, False]

    owner(scenario)


def test_trust_is_being_allowed_to_notify_and_nothing_else() -> None:
    def scenario(alice: Owner) -> None:
        beliefs = alice.core.beliefs
        alice.entitle()
        for action in (Action.SCAN, Action.CLAIM):
            change = sharing.allow(beliefs.held, beliefs.graph, BOB, frozenset({action}))
            beliefs.grant(alice.core.store, change, alice.now)
            assert allows(alice.core, BOB, action)
        assert not is_trusted(alice.core, BOB)
        change = sharing.allow(beliefs.held, beliefs.graph, BOB, frozenset({Action.NOTIFY}))
        beliefs.grant(alice.core.store, change, alice.now)
        assert is_trusted(alice.core, BOB)
        assert not is_trusted(alice.core, CAROL)

    owner(scenario)


def test_this_node_is_no_holder_though_it_is_in_the_gestalt_that_was_granted_to() -> None:
    def scenario(alice: Owner) -> None:
        core = alice.core
        own = Entitlement(core.node_id, alice.vault, VAULT_ACTIONS, None, frozenset({core.node_id}))
        core.beliefs.grant(core.store, Change(come=frozenset({own})), alice.now)
        assert holders(core, alice.vault) == {}

    owner(scenario)


# ---- the grant on paper ----


def test_who_may_not_have_a_vault_is_given_no_grant_and_nothing_is_written() -> None:
    def scenario(alice: Owner) -> None:
        assert alice.grant() is None
        alice.entitle(CAROL)
        assert alice.grant() is None
        elsewhere = create_vault(alice.core.store, "home", EPOCH).record
        assert grant_for(alice.core, elsewhere, CAROL) is None
        alice.entitle(end=alice.now + DAY)
        alice.wait(DAY + CLOCK_SLACK + 1)
        assert alice.grant() is None
        assert alice.core.store.grants.issued.list() == []

    owner(scenario)


def test_a_grant_without_an_end_has_the_default_term_and_is_the_same_until_half_of_it() -> None:
    def scenario(alice: Owner) -> None:
        alice.entitle()
        first = alice.given()
        assert (first.actions, first.serial, first.time) == (VAULT_ACTIONS, 1, alice.now)
        assert first.not_after == alice.now + DEFAULT_TERM
        alice.wait(DEFAULT_TERM // 2)
        assert alice.given() == first
        alice.wait(1)
        second = alice.given()
        assert (second.serial, second.not_after) == (2, alice.now + DEFAULT_TERM)
        assert alice.given() == second
        alice.wait(40 * DEFAULT_TERM)
        assert not second.is_live(alice.now)
        assert (alice.given().serial, alice.given().not_after) == (3, alice.now + DEFAULT_TERM)

    owner(scenario)


def test_a_grant_until_a_given_time_lasts_until_then_and_is_never_renewed() -> None:
    def scenario(alice: Owner) -> None:
        end = alice.now + 60 * DAY
        alice.entitle(end=end)
        first = alice.given()
        assert (first.not_after, first.serial) == (end, 1)
        for _ in range(5):
            alice.wait(11 * DAY)
            assert alice.given() == first
        far = alice.now + 5 * DEFAULT_TERM
        alice.entitle(end=far)
        assert (alice.given().not_after, alice.given().serial) == (far, 2)

    owner(scenario)


def test_a_grant_is_issued_anew_when_its_end_or_its_actions_are_others_and_then_alone() -> None:
    def scenario(alice: Owner) -> None:
        serials = count(1)
        for actions, end in (
            (VAULT_ACTIONS, None),
            (CLONE, None),
            (VAULT_ACTIONS, alice.now + DAY),
            (VAULT_ACTIONS, alice.now + 2 * DAY),
            (VAULT_ACTIONS, None),
        ):
            alice.end()
            alice.entitle(actions=actions, end=end)
            grant = alice.given()
            assert (grant.actions, grant.serial) == (actions, next(serials))
            assert grant.not_after == (alice.now + DEFAULT_TERM if end is None else end)
            assert alice.given() == grant

    owner(scenario)


def test_a_serial_is_never_used_again_whatever_ended_in_between() -> None:
    def scenario(alice: Owner) -> None:
        seen: list[int] = []
        for _ in range(4):
            alice.entitle()
            seen.append(alice.given().serial)
            alice.end()
            row = alice.core.store.grants.issued.get(alice.vault, BOB)
            assert row is not None
            assert (row.serial, row.revoked) == (seen[-1], alice.now)
            assert alice.grant() is None
        assert seen == [1, 2, 3, 4]
        alice.entitle(CAROL)
        assert alice.given(CAROL).serial == 1, "they count for each node"

    owner(scenario)


def test_of_several_entitlements_the_grant_says_all_actions_and_the_last_end() -> None:
    def scenario(alice: Owner) -> None:
        core, end = alice.core, alice.now + DAY
        alice.entitle(actions=CLONE, end=end)
        pulls = Entitlement(BOB, alice.vault, frozenset({Action.PULL}), end + DAY, frozenset({BOB}))
        core.beliefs.grant(core.store, Change(come=frozenset({pulls})), alice.now)
        assert (alice.given().actions, alice.given().not_after) == (VAULT_ACTIONS, end + DAY)
        assert shared_until(core, alice.vault, BOB) == end + DAY
        alice.wait(DAY + CLOCK_SLACK + 1)
        assert (alice.given().actions, alice.given().serial) == ({Action.PULL}, 2), "what is over is left out"
        for_ever = replace(pulls, not_after=None)
        core.beliefs.grant(core.store, Change(come=frozenset({for_ever})), alice.now)
        assert alice.given().not_after == alice.now + DEFAULT_TERM

    owner(scenario)


@pytest.mark.parametrize("after", [0, SECOND, CLOCK_SLACK])
def test_what_lives_by_the_slack_of_clocks_alone_is_not_signed_anew(after: int) -> None:
    def scenario(alice: Owner) -> None:
        end = alice.now + DAY
        alice.entitle(end=end)
        alice.entitle(CAROL, end=end)
        first = alice.given()
        alice.wait(end + after - alice.now)
        assert allows(alice.core, BOB, Action.PULL, alice.vault)
        assert alice.given() == first
        assert alice.grant(CAROL) is None, "who was never handed one"
        assert alice.core.store.grants.issued.get(alice.vault, CAROL) is None

    owner(scenario)


def test_who_holds_a_clone_issues_no_grant_for_it_whatever_lies_in_its_store() -> None:
    async def scenario(w: World) -> None:
        _, bob = await shared(w)
        clone = await bob.vaults.clone("work", "alice")
        core = bob._gate.core()
        record = core.store.vaults.get(clone.vault_id).record
        wrong = Entitlement(CAROL, clone.vault_id, VAULT_ACTIONS, None, frozenset({CAROL}))
        core.beliefs.grant(core.store, Change(come=frozenset({wrong})), core.clock.now())
        assert grant_for(core, record, CAROL) is None
        assert core.store.grants.issued.list() == []
        assert await everything(bob, "work")

    simulate(scenario)


def test_a_share_that_lives_by_the_slack_alone_hides_no_other_from_a_scan() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        for name in ("over", "work"):
            await alice.vaults.create(name)
        end = w.clocks["alice"].now() + DAY
        await alice.vaults.share("over", "bob", end)
        await alice.vaults.share("work", "bob")
        alice._gate.core().store.grants.issued.remove((await alice.vaults.get("over")).vault_id, w.ids["bob"])
        w.clocks["alice"].skew += DAY + SECOND
        assert [row.name for row in await bob.vaults.scan("alice")] == ["work"]

    simulate(scenario)


# ---- grants of others ----


def test_a_grant_handed_to_us_is_kept_only_if_its_writer_signed_it_for_us() -> None:
    store, _ = new_store()
    owner_ = SigningKey(SealKey(b"o" * 32))
    lineage, vault_id, us = new_lineage(owner_.node_id), VaultId(b"v" * 16), store.signing.node_id

    def granted(grantee: NodeId) -> bytes:
        return sign_grant(owner_, lineage, grantee, VAULT_ACTIONS, not_after=EPOCH + DAY, serial=1, now=EPOCH)

    ours = granted(us)
    forged = ours[:-1] + bytes([ours[-1] ^ 1])
    for worthless in (granted(BOB), forged, b"\xc1", b""):
        keep_received(store, BOB, vault_id.raw, "work", lineage, worthless)
        assert store.grants.received.get(BOB, vault_id) is None
    keep_received(store, BOB, vault_id.raw, "work", Lineage(BOB, lineage.nonce), ours)
    assert store.grants.received.get(BOB, vault_id) is None
    keep_received(store, BOB, vault_id.raw, "work", lineage, ours)
    kept = store.grants.received.get(BOB, vault_id)
    assert kept is not None
    assert kept.grant == ours
