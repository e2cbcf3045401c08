from __future__ import annotations

import asyncio

import pytest
from agent.actors import at, everything, pair, read, refused, shared, tried, write
from simulator import World, simulate

from pk_tui.agent.agent import Agent
from pk_tui.agent.rights import lineage_of
from pk_tui.api.events import NodeChanged, VaultChanged
from pk_tui.clock import DAY, MINUTE, SECOND
from pk_tui.errors import Misuse, NotFound, PermissionDenied, UnknownNode
from pk_tui.terms import Action
from pk_tui.trust.grant import CLOCK_SLACK, DEFAULT_TERM, Grant, read_grant


def grant_of(w: World, vault: str = "work", giver: str = "alice", to: str = "bob") -> Grant:
    store = w._stores[giver]
    record = next(frames.record for frames in store.vaults.list() if frames.record.name == vault)
    row = next(row for row in store.grants.issued.to_node(w.ids[to]) if row.vault_id == record.vault_id)
    return read_grant(row.grant, lineage_of(record))


async def exposed(agent: Agent) -> set[str]:
    return {str(view.path) for view in await agent.vaults.unshare("work", "bob")}


# Sharing


def test_a_share_gives_scan_clone_and_pull_and_tells_the_other_node() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        view = await alice.vaults.create("work")
        async with alice.events() as events:
            shared_ = await alice.vaults.share("work", "bob")
            seen = {await anext(events) for _ in range(4)}
        assert {VaultChanged(view.vault_id), NodeChanged(w.ids["bob"])} <= seen
        assert shared_.actions == (Action.CLONE, Action.PULL, Action.SCAN)
        assert (shared_.vault_id, shared_.nodes, shared_.not_after) == (view.vault_id, (w.ids["bob"],), None)
        on_paper = grant_of(w)
        assert (on_paper.grantee, on_paper.not_after - on_paper.time) == (w.ids["bob"], DEFAULT_TERM)
        assert (await alice.vaults.get("work")).shared_with == 1
        (row,) = await alice.vaults.permissions("work")
        assert (row.node_id, row.actions) == (w.ids["bob"], (Action.CLONE, Action.PULL, Action.SCAN))
        await asyncio.sleep(2)
        (note,) = await bob.notifications.inbox()
        assert note.type == "VaultShare"
        assert note.data == {
            "vault_id": str(view.vault_id),
            "vault_name": "work",
            "actions": ["clone", "pull", "scan"],
        }
        held = w._stores["bob"].grants.received.get(w.ids["alice"], view.vault_id)
        assert held is not None
        assert (await alice.gestalts.get("bob")).actions == (Action.NOTIFY, Action.SCAN)

    simulate(scenario)


def test_an_unknown_node_and_one_that_is_not_trusted_are_told_apart() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        await alice.vaults.create("work")
        carol = await w.add("carol")
        for name in ("nobody", str(w.ids["carol"]), str(w.ids["alice"])):
            with refused(UnknownNode):
                await alice.vaults.share("work", name)
        await carol.lifecycle.lock()
        await alice.gestalts.untrust("bob")
        with refused(PermissionDenied, "identities trust"):
            await alice.vaults.share("work", "bob")
        with refused(NotFound):
            await alice.vaults.share("nothing", "bob")
        assert await alice.vaults.permissions("work") == []

    simulate(scenario)


def test_a_right_is_given_to_a_whole_id_or_a_petname_and_never_to_a_part_of_an_id() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        await alice.vaults.create("work")
        for action in (alice.vaults.share, alice.vaults.unshare):
            with refused(Misuse, "only part"):
                await action("work", str(w.ids["bob"])[:20])
        await alice.vaults.share("work", str(w.ids["bob"]).upper())
        assert len(await alice.vaults.permissions("work")) == 1

    simulate(scenario)


def test_who_holds_a_clone_cannot_share_it() -> None:
    async def scenario(w: World) -> None:
        _, bob = await shared(w)
        await bob.vaults.clone("work", "alice")
        await w.add("carol")
        await w.introduce("bob", "carol")
        with refused(PermissionDenied, "only its owner"):
            await bob.vaults.share("work", "carol")

    simulate(scenario)


def test_a_share_that_would_be_over_already_is_refused() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        await alice.vaults.create("work")
        now = w.clocks["alice"].now()
        for not_after in (now - 1, now - DAY, 0):
            with refused(Misuse, "future"):
                await alice.vaults.share("work", "bob", not_after)
        assert await alice.vaults.permissions("work") == []

    simulate(scenario)


def test_the_second_share_replaces_the_first_with_a_higher_serial() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await shared(w)
        assert grant_of(w).serial == 1
        await alice.vaults.unshare("work", "bob")
        await alice.vaults.share("work", "bob")
        assert grant_of(w).serial == 2
        assert len(await alice.vaults.permissions("work")) == 1

    simulate(scenario)


def test_a_share_given_anew_has_the_end_that_was_given_last() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        end = w.clocks["alice"].now() + DAY
        assert (await alice.vaults.share("work", "bob", end)).not_after == end
        assert (grant_of(w).not_after, grant_of(w).serial) == (end, 2)
        assert (await alice.vaults.share("work", "bob")).not_after is None
        assert grant_of(w).serial == 3
        w.clocks["alice"].skew += 2 * DAY
        assert await bob.vaults.scan("alice")

    simulate(scenario)


# Time


def test_a_share_ends_at_its_time_and_a_clock_that_is_a_little_wrong_does_not_matter() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        end = w.clocks["alice"].now() + DAY
        await alice.vaults.share("work", "bob", end)
        await bob.vaults.clone("work", "alice")
        clock = w.clocks["alice"]
        clock.skew += end + CLOCK_SLACK - clock.now() - SECOND
        assert await bob.vaults.scan("alice")
        await bob.vaults.pull("work")
        clock.skew += MINUTE
        for refusal in (bob.vaults.scan("alice"), bob.vaults.pull("work"), bob.vaults.clone("work", "alice", "again")):
            with refused(PermissionDenied):
                await refusal
        assert await alice.vaults.permissions("work") == []
        assert (await alice.vaults.get("work")).shared_with == 0

    simulate(scenario)


def test_a_share_of_a_default_term_is_renewed_past_its_half_by_a_scan() -> None:
    async def scenario(w: World) -> None:
        _, bob = await shared(w)
        clock, first = w.clocks["alice"], grant_of(w)
        clock.skew += DEFAULT_TERM // 2 - DAY
        await bob.vaults.scan("alice")
        assert grant_of(w) == first
        clock.skew += 2 * DAY
        await bob.vaults.scan("alice")
        assert grant_of(w).serial == 2
        assert grant_of(w).not_after > first.not_after
        await bob.vaults.scan("alice")
        assert grant_of(w).serial == 2

    simulate(scenario)


def test_a_pull_past_the_half_of_the_term_renews_the_grant_too() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        await bob.vaults.clone("work", "alice")
        for serial in range(2, 5):
            w.clocks["alice"].skew += 60 * DAY
            await bob.vaults.pull("work")
            assert grant_of(w).serial == serial
            assert grant_of(w).not_after > w.clocks["alice"].now() + 89 * DAY
        assert (await alice.vaults.permissions("work"))[0].node_id == w.ids["bob"]

    simulate(scenario)


def test_who_stays_away_for_years_keeps_the_right_until_it_is_taken_back() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        await bob.vaults.clone("work", "alice")
        over = grant_of(w)
        for _ in range(3):
            w.clocks["alice"].skew += 1000 * DAY
            assert not over.is_live(w.clocks["alice"].now()), "on paper it is over"
            assert (await alice.vaults.get("work")).shared_with == 1
            await bob.vaults.pull("work")
            assert len(await bob.vaults.scan("alice")) == 1
            over = grant_of(w)
        w.clocks["alice"].skew += 1000 * DAY
        await alice.vaults.unshare("work", "bob")
        for refusal in (bob.vaults.scan("alice"), bob.vaults.pull("work")):
            with refused(PermissionDenied):
                await refusal

    simulate(scenario)

    simulate(scenario)


def test_a_share_until_a_given_time_is_never_renewed() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        end = w.clocks["alice"].now() + 60 * DAY
        await alice.vaults.share("work", "bob", end)
        first = grant_of(w)
        assert first.not_after == end
        for _ in range(5):
            w.clocks["alice"].skew += 10 * DAY
            await bob.vaults.scan("alice")
        assert grant_of(w) == first
        w.clocks["alice"].skew += 11 * DAY
        with refused(PermissionDenied):
            await bob.vaults.scan("alice")

    simulate(scenario)


# Unsharing


def test_after_an_unshare_nothing_is_shown_or_sent_and_what_was_cloned_stays() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        await bob.vaults.clone("work", "alice")
        await alice.vaults.unshare("work", "bob")
        await write(alice, "work:after", b"secret")
        for refusal in (bob.vaults.scan("alice"), bob.vaults.pull("work")):
            with refused(PermissionDenied):
                await refusal
        assert set(await everything(bob, "work")) == {"s0"}
        assert await alice.vaults.permissions("work") == []
        assert (await alice.gestalts.get("bob")).actions == (Action.NOTIFY,)

    simulate(scenario)


def test_unsharing_what_was_never_shared_or_twice_changes_nothing() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        await alice.vaults.create("work")
        assert await alice.vaults.unshare("work", "bob") == []
        await alice.vaults.share("work", "bob")
        await alice.vaults.unshare("work", "bob")
        assert await alice.vaults.unshare("work", "bob") == []
        with refused(UnknownNode):
            await alice.vaults.unshare("work", "nobody")

    simulate(scenario)


def test_unsharing_works_for_a_node_that_is_no_longer_trusted() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        await alice.gestalts.untrust("bob")
        await alice.vaults.unshare("work", "bob")
        with refused(PermissionDenied):
            await bob.vaults.scan("alice")

    simulate(scenario)


def test_a_vault_made_anew_under_the_same_name_revives_nothing() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        view = await bob.vaults.clone("work", "alice")
        await alice.vaults.delete("work")
        await alice.vaults.create("work")
        await write(alice, "work:new", b"not for bob")
        for refusal in (
            bob.vaults.scan("alice"),
            bob.vaults.pull("work"),
            bob.vaults.clone("work", "alice", "again"),
        ):
            with refused(PermissionDenied):
                await refusal
        assert await alice.vaults.permissions("work") == []
        assert (await bob.vaults.get(str(view.vault_id))).origin is not None
        await alice.vaults.share("work", "bob")
        assert await alice.vaults.unshare("work", "bob") == []

    simulate(scenario)


# What was seen


def test_nothing_is_exposed_to_who_never_asked() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 3)
        await bob.vaults.scan("alice")
        assert await exposed(alice) == set()

    simulate(scenario)


def test_what_was_seen_and_stands_unchanged_is_exposed() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 4)
        await bob.vaults.clone("work", "alice")
        head = (await alice.vaults.get("work")).head
        await write(alice, "work:s0", b"changed")
        await alice.secrets.remove([("work", at("s1"))])
        await write(alice, "work:unseen", b"new")
        views = await alice.vaults.unshare("work", "bob")
        assert {str(view.path) for view in views} == {"s2", "s3"}
        assert {view.last_seen_commit for view in views} == {head}

    simulate(scenario)


def test_what_was_pulled_later_is_exposed_too() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 1)
        await bob.vaults.clone("work", "alice")
        await write(alice, "work:s0", b"rotated, and seen again")
        await write(alice, "work:deep/er", b"also seen")
        await bob.vaults.pull("work")
        assert await exposed(alice) == {"s0", "deep/er"}

    simulate(scenario)


def test_a_value_that_was_seen_is_exposed_wherever_it_was_moved_or_copied() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 2)
        await bob.vaults.clone("work", "alice")
        await alice.secrets.move(("work", at("s0")), ("work", at("moved")))
        await alice.secrets.copy(("work", at("s1")), ("work", at("copied")))
        assert await exposed(alice) == {"moved", "s1", "copied"}

    simulate(scenario)


def test_an_old_value_put_back_is_exposed_since_all_history_was_served() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        await alice.vaults.create("work")
        await write(alice, "work:a", b"old")
        await write(alice, "work:a", b"new")
        await alice.secrets.remove([("work", at("a"))])
        await alice.vaults.share("work", "bob")
        await bob.vaults.clone("work", "alice")
        await write(alice, "work:a", b"old")
        await write(alice, "work:b", b"never seen")
        assert await exposed(alice) == {"a"}

    simulate(scenario)


def test_large_secrets_are_exposed_as_one() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 0)
        await write(alice, "work:big", bytes(1024 * 1024), b"x" * 900_000)
        await bob.vaults.clone("work", "alice")
        assert await exposed(alice) == {"big"}

    simulate(scenario)


def test_a_transfer_that_was_broken_off_counts_as_seen() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 20, 60_000)
        cloning = asyncio.create_task(bob.vaults.clone("work", "alice"))
        await asyncio.sleep(0.15)
        await w.network.drop_connections()
        assert await tried(cloning) is not None
        assert len(await exposed(alice)) == 20

    simulate(scenario)


@pytest.mark.parametrize("secrets", [0, 1])
def test_an_empty_vault_can_be_shared_and_cloned(secrets: int) -> None:
    async def scenario(w: World) -> None:
        _, bob = await shared(w, secrets)
        await bob.vaults.clone("work", "alice")
        assert len(await everything(bob, "work")) == secrets
        if secrets:
            assert await read(bob, "work:s0")

    simulate(scenario)
