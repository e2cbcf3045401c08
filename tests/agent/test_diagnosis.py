from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from agent.actors import Liar, Stranger, pair, refused, shared
from simulator import World, simulate

from pk_tui.agent.agent import Agent
from pk_tui.agent.diagnosis import ANSWER_WITHIN, SAYINGS, STEPS, Findings, Found, judge
from pk_tui.api.views import StepView
from pk_tui.clock import DAY
from pk_tui.errors import NotFound
from pk_tui.net.link import Link, Stream
from pk_tui.records import replace
from pk_tui.terms import Action, Address, NodeId
from pk_tui.wire.messages import Failure, Offers, Scan, decode_message, encode_message

WORDS: dict[str, str | float] = {
    "node": "bob (vabc…)",
    "id": "vabc",
    "why": "because {of} this.",
    "where": "host:1",
    "rtt": 12.3,
    "vault": "{work}",
    "when": "2030-01-01",
    "until": "until 2030-01-01",
    "origin": "carol",
}

# The rule

PASSED = [Found.LISTED, Found.LINKED, Found.MET, Found.TRUSTED, Found.GRANTED]

ENDINGS: list[tuple[list[Found], list[bool | None]]] = [
    ([Found.NOT_LISTED], [False, None, None, None, None]),
    ([Found.LISTED, Found.NO_ADDRESS], [True, False, None, None, None]),
    ([Found.LISTED, Found.NO_ANSWER], [True, False, None, None, None]),
    ([Found.LISTED, Found.ANSWERS, Found.NOT_MET], [True, True, False, None, None]),
    ([Found.LISTED, Found.LINKED, Found.SILENT], [True, True, False, None, None]),
    ([*PASSED[:3], Found.NOT_TRUSTED], [True, True, True, False, None]),
    ([*PASSED[:4], Found.NEVER_GRANTED], [True, True, True, True, False]),
    ([*PASSED[:4], Found.TAKEN_BACK], [True, True, True, True, False]),
    ([*PASSED[:4], Found.OVER], [True, True, True, True, False]),
    ([*PASSED[:4], Found.NOT_OFFERED], [True, True, True, True, False]),
    ([*PASSED[:4], Found.NOT_ASKED], [True, True, True, True, False]),
    ([*PASSED[:4], Found.ELSEWHERE], [True, True, True, True, False]),
    ([*PASSED[:4], Found.OFFERED], [True] * 5),
    (PASSED, [True] * 5),
    ([Found.LISTED, Found.ANSWERS, *PASSED[2:]], [True] * 5),
    ([], [None] * 5),
]


@pytest.mark.parametrize(("found", "passed"), ENDINGS, ids=lambda value: str(value[-1:]))
def test_each_finding_passes_or_fails_its_check_and_what_follows_a_failure_was_not_tried(
    found: list[Found], passed: list[bool | None]
) -> None:
    steps = judge(Findings(tuple(found), WORDS), True)
    assert [step.step for step in steps] == list(STEPS)
    assert [step.passed for step in steps] == passed
    for step in steps:
        assert step.says.endswith(".")
        assert (step.passed is None) == step.says.startswith("Not tried")
    assert judge(Findings(tuple(found), WORDS), False) == steps[:4]


def test_every_finding_is_in_the_table_above_and_has_a_sentence_without_a_gap() -> None:
    assert set(SAYINGS) == set(Found) == {found for row, _ in ENDINGS for found in row}
    for found in Found:
        step, passed, saying = SAYINGS[found]
        assert step in STEPS
        assert isinstance(passed, bool)
        saying.format_map(WORDS)


def test_what_comes_after_a_failure_counts_as_not_tried_whatever_was_found() -> None:
    findings = Findings((Found.NOT_LISTED, *PASSED[1:]), WORDS)
    assert [step.passed for step in judge(findings, True)] == [False, None, None, None, None]
    assert "known" in judge(findings, True)[4].says


def test_words_from_outside_stand_as_they_are_in_a_sentence() -> None:
    steps = judge(Findings((*PASSED[:4], Found.NOT_ASKED), WORDS), True)
    assert "“{work}”" in steps[4].says
    assert "because {of} this" in steps[4].says


# The finding out


def passed(steps: Sequence[StepView]) -> list[bool | None]:
    assert [step.step for step in steps] == list(STEPS)[: len(steps)]
    return [step.passed for step in steps]


def failing(steps: Sequence[StepView]) -> tuple[str, str]:
    """The one that failed, and what it says."""
    (failed,) = [step for step in steps if step.passed is False]
    return failed.step, failed.says


def test_all_is_well_between_two_that_share() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        await asyncio.sleep(1)
        assert passed(await alice.nodes.diagnose("bob")) == [True] * 4
        steps = await alice.nodes.diagnose("bob", "work")
        assert passed(steps) == [True] * 5
        assert steps[4].says.endswith("until it is unshared.")
        await alice.vaults.share("work", "bob", w.clocks["alice"].now() + 90 * DAY)
        steps = await alice.nodes.diagnose("bob", "work")
        assert passed(steps) == [True] * 5
        assert "until 2025-09" in steps[4].says
        await bob.vaults.clone("work", "alice")
        steps = await bob.nodes.diagnose(str(w.ids["alice"]), "work")
        assert passed(steps) == [True] * 5
        assert "ms" in steps[2].says

    simulate(scenario)


def test_who_is_not_listed_is_not_known_however_it_is_named() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        await alice.vaults.create("work")
        stranger = Stranger(w)
        await stranger.dial("alice")
        for reference, words in (
            ("nobody", "nodes add"),
            (str(stranger.node_id), "nodes add"),
            (str(w.ids["alice"]), "this node itself"),
            ("", "nodes add"),
            ("\x1b[2J", "nodes add"),
        ):
            steps = await alice.nodes.diagnose(reference, "work")
            assert passed(steps) == [False, None, None, None, None]
            assert words in failing(steps)[1]
            assert "\x1b" not in failing(steps)[1]

    simulate(scenario)


def test_a_beginning_of_an_id_that_fits_several_is_not_known() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        for last in (0, 16):
            await alice.gestalts.trust(str(NodeId(b"n" * 31 + bytes((last,)))))
        (one, _) = await alice.nodes.list()
        assert "several" in failing(await alice.nodes.diagnose(str(one.node_id)[:20]))[1]

    simulate(scenario)


async def reachable_only(agent: Agent, node: str) -> str:
    """What is said of a node that cannot be reached."""
    steps = await agent.nodes.diagnose(node)
    assert passed(steps) == [True, False, None, None]
    return failing(steps)[1]


def test_a_node_without_an_address_cannot_be_reached_until_it_connects_itself() -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await w.add("alice"), Stranger(w)
        node = str(mallory.node_id)
        await alice.gestalts.trust(node)
        assert "nodes add" in await reachable_only(alice, node)
        await mallory.dial("alice")
        await asyncio.sleep(1)
        assert passed(await alice.nodes.diagnose(node)) == [True] * 4

    simulate(scenario)


def test_a_node_that_is_away_is_said_to_be_so_with_what_to_try() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        await w.stop("bob")
        await asyncio.sleep(5)
        says = await reachable_only(alice, "bob")
        for words in (
            "bob:1",
            "refuses",
            "online",
            "host and port",
            "restrictive network",
            "another network",
            "restart",
        ):
            assert words in says

    simulate(scenario)


def test_an_address_where_nothing_ever_comes_back_is_not_waited_for_long() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        w.network.cut("alice", "bob")
        await asyncio.sleep(200)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        says = await reachable_only(alice, "bob")
        assert loop.time() - begun <= ANSWER_WITHIN + 0.1
        assert "bob:1" in says

    simulate(scenario)


def test_a_node_that_can_be_reached_is_connected_by_asking() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        await asyncio.sleep(1)
        await alice.nodes.disconnect("bob")
        await w.agents["bob"].nodes.disconnect("alice")
        await asyncio.sleep(1)
        assert await alice.nodes.connections() == []
        steps = await alice.nodes.diagnose("bob")
        assert passed(steps) == [True] * 4
        assert "bob:1" in steps[1].says

    simulate(scenario)


def test_another_node_at_the_address_is_no_connection() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        mallory = Stranger(w)
        await alice.nodes.add(mallory.node_id, Address("nowhere", 1), ping=False)
        await alice.nodes.add(mallory.node_id, Address("bob", 1), ping=False)
        await alice.nodes.name(str(mallory.node_id), "mallory")
        steps = await alice.nodes.diagnose("mallory")
        assert passed(steps) == [True, True, False, None]
        assert "bob:1" in steps[1].says
        assert "nowhere" not in steps[2].says, "of that address there is nothing to say here"
        assert "bob:1" in steps[2].says
        assert "compare its id" in steps[2].says

    simulate(scenario)


def test_a_connection_from_which_nothing_comes_back_is_told_from_one_that_lives() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        await asyncio.sleep(5)
        w.network.cut("alice", "bob")
        loop = asyncio.get_running_loop()
        begun = loop.time()
        steps = await alice.nodes.diagnose("bob")
        assert passed(steps) == [True, True, False, None]
        assert loop.time() - begun <= ANSWER_WITHIN + 0.1
        assert "nothing comes back" in steps[2].says
        assert "disconnect" in steps[2].says

    simulate(scenario)


def test_a_connection_that_ends_while_it_is_looked_at_is_no_error() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        await asyncio.sleep(5)
        w.network.latency = (2, 2)
        looking = asyncio.create_task(alice.nodes.diagnose("bob"))
        await asyncio.sleep(0.5)
        await w.network.drop_connections()
        steps = await looking
        assert passed(steps) == [True, True, False, None]

    simulate(scenario)


def test_a_node_that_is_not_trusted_here_is_said_to_be_so() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await shared(w)
        await alice.gestalts.untrust("bob")
        steps = await alice.nodes.diagnose("bob", "work")
        assert passed(steps) == [True, True, True, False, None]
        assert f"identities trust {w.ids['bob']}" in steps[3].says

    simulate(scenario)


# Shared


async def sharing(agent: Agent, node: str, vault: str = "work") -> tuple[bool, str]:
    """Whether the last check passed, after all others did, and what it says."""
    steps = await agent.nodes.diagnose(node, vault)
    assert passed(steps)[:4] == [True] * 4
    assert steps[4].passed is not None
    assert f"“{vault}”" in steps[4].says
    return steps[4].passed, steps[4].says


def test_of_a_vault_of_ours_it_is_said_whether_it_is_shared_and_how_that_ended() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        await asyncio.sleep(1)
        await alice.vaults.create("work")
        assert await sharing(alice, "bob") == (False, (await sharing(alice, "bob"))[1])
        assert "is not shared" in (await sharing(alice, "bob"))[1]
        await alice.vaults.share("work", "bob", w.clocks["alice"].now() + DAY)
        assert (await sharing(alice, "bob"))[0]
        await alice.vaults.unshare("work", "bob")
        assert "ended here" in (await sharing(alice, "bob"))[1]
        await alice.vaults.share("work", "bob", w.clocks["alice"].now() + DAY)
        w.clocks["alice"].skew += 2 * DAY
        is_shared, says = await sharing(alice, "bob")
        assert not is_shared
        assert "is over" in says

    simulate(scenario)


def test_of_a_clone_the_origin_is_asked_whether_it_still_shares_it() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        await bob.vaults.clone("work", "alice", "{mine}")
        await bob.gestalts.allow("alice", Action.SCAN)
        assert (await sharing(bob, "alice", "{mine}"))[0]
        await alice.vaults.unshare("work", "bob")
        is_shared, says = await sharing(bob, "alice", "{mine}")
        assert not is_shared
        assert "share it again" in says
        await alice.vaults.create("other")
        await alice.vaults.share("other", "bob")
        assert not (await sharing(bob, "alice", "{mine}"))[0], "what else is shared does not matter"
        await alice.vaults.share("work", "bob")
        assert (await sharing(bob, "alice", "{mine}"))[0]
        await alice.vaults.delete("work")
        assert not (await sharing(bob, "alice", "{mine}"))[0]

    simulate(scenario)


def test_an_offer_that_does_not_let_us_pull_is_no_share_of_a_clone() -> None:
    async def scenario(w: World) -> None:
        bob, mallory = await w.add("bob"), Liar(w)
        await mallory.meet("bob")
        await bob.vaults.clone("work", "mallory")
        assert (await sharing(bob, "mallory"))[0]
        mallory.offers = lambda offer: [encode_message(Offers((replace(offer, actions=("clone",)),)))]
        assert not (await sharing(bob, "mallory"))[0]

    simulate(scenario)


def test_a_clone_of_somebody_elses_is_not_looked_for_at_this_node() -> None:
    async def scenario(w: World) -> None:
        _, bob = await shared(w)
        await bob.vaults.clone("work", "alice")
        await w.add("carol")
        await w.introduce("bob", "carol")
        await asyncio.sleep(2)
        is_shared, says = await sharing(bob, "carol")
        assert not is_shared
        assert "comes from alice" in says

    simulate(scenario)


@pytest.mark.parametrize("way", ["silence", "noise", "busy"])
def test_an_origin_that_does_not_tell_leaves_the_question_open_with_what_to_do(way: str) -> None:
    async def scenario(w: World) -> None:
        bob, mallory = await w.add("bob"), Liar(w)
        await mallory.meet("bob")
        await bob.vaults.clone("work", "mallory")

        async def evade(link: Link, stream: Stream) -> None:
            raw = await stream.receive()
            assert raw is not None
            decode_message(raw, Scan)
            match way:
                case "silence":
                    await asyncio.Event().wait()
                case "noise":
                    await stream.send(encode_message(Offers(())))
                case _:
                    await stream.send(encode_message(Failure("busy", "\x1b[2Jlater")))

        mallory.answer = evade
        is_shared, says = await sharing(bob, "mallory")
        assert not is_shared
        assert "could not be found out" in says
        assert "\x1b" not in says

    simulate(scenario)


def test_a_vault_that_is_not_here_is_the_one_thing_that_is_refused() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        for node in ("bob", "nobody"):
            with refused(NotFound, "vaults list"):
                await alice.nodes.diagnose(node, "nothing")

    simulate(scenario)
