"""What somebody has seen and may no longer read stays on a list until it is another value."""

from __future__ import annotations

from agent.actors import at, pair, refused, shared, write
from simulator import World, simulate

from pk_tui.agent.agent import Agent
from pk_tui.clock import DAY
from pk_tui.errors import NotFound


async def listed(agent: Agent, vault: str | None = None) -> set[tuple[str, str]]:
    return {(view.vault_name, str(view.path)) for view in await agent.vaults.exposure(vault)}


async def two_vaults(w: World) -> tuple[Agent, Agent]:
    """Bob has cloned two vaults of alice's and may read them."""
    alice, bob = await pair(w)
    for vault in ("home", "work"):
        await alice.vaults.create(vault)
        for name in ("a", "b"):
            await write(alice, f"{vault}:{name}", f"{vault} {name}".encode())
        await alice.vaults.share(vault, "bob")
        await bob.vaults.clone(vault, "alice")
    return alice, bob


def test_who_may_read_is_not_exposed_to_and_who_may_no_longer_is() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await two_vaults(w)
        assert await listed(alice) == set()
        await alice.vaults.unshare("work", "bob")
        assert await listed(alice) == {("work", "a"), ("work", "b")}
        assert await listed(alice, "home") == set()
        await alice.vaults.unshare("home", "bob")
        assert await listed(alice) == {("home", "a"), ("home", "b"), ("work", "a"), ("work", "b")}
        views = await alice.vaults.exposure("work")
        assert {view.seen_by for view in views} == {w.ids["bob"]}
        assert {view.last_seen_commit for view in views} == {(await alice.vaults.get("work")).head}

    simulate(scenario)


def test_a_secret_leaves_the_list_when_its_value_is_another_one() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await two_vaults(w)
        await alice.vaults.unshare("work", "bob")
        await write(alice, "work:a", b"renewed")
        await write(alice, "work:new", b"never seen")
        assert await listed(alice) == {("work", "b")}
        await alice.secrets.move(("work", at("b")), ("work", at("moved")))
        assert await listed(alice) == {("work", "moved")}
        await alice.secrets.remove([("work", at("moved"))])
        assert await listed(alice) == set()

    simulate(scenario)


def test_sharing_again_takes_it_off_the_list_and_a_share_that_runs_out_puts_it_there() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await two_vaults(w)
        await alice.vaults.unshare("work", "bob")
        await alice.vaults.share("work", "bob", w.clocks["alice"].now() + DAY)
        assert await listed(alice) == set()
        w.clocks["alice"].skew += 2 * DAY
        assert await listed(alice) == {("work", "a"), ("work", "b")}

    simulate(scenario)


def test_what_was_never_fetched_is_not_exposed_and_a_deleted_vault_exposes_nothing() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await shared(w)
        await alice.vaults.unshare("work", "bob")
        assert await listed(alice) == set()
        with refused(NotFound):
            await alice.vaults.exposure("nothing")

    simulate(scenario)

    async def deleted(w: World) -> None:
        alice, _ = await two_vaults(w)
        await alice.vaults.unshare("work", "bob")
        await alice.vaults.delete("work")
        assert await listed(alice) == set()

    simulate(deleted)


def test_a_restart_forgets_nothing_of_it() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await two_vaults(w)
        await alice.vaults.unshare("work", "bob")
        await w.stop("alice")
        assert await listed(await w.start("alice")) == {("work", "a"), ("work", "b")}

    simulate(scenario)
