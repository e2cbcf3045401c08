from __future__ import annotations

import asyncio
from dataclasses import replace

from simulator import World, world
from tui.stage import write

from pk_tui.agent.agent import Agent
from pk_tui.api.views import FoundView, SecretStat
from pk_tui.errors import Corrupt
from pk_tui.terms import SecretPath, VaultId
from pk_tui.tui.name_index import BEST, Hit, NameIndex, Place, hit_of, merged

VAULT = VaultId(bytes(range(16)))
VIEW = FoundView(VAULT, "work", SecretPath(("db", "pw")), 90)


async def two_vaults(w: World) -> Agent:
    alice = await w.add("alice")
    await w.add("bob")
    await w.introduce("alice", "bob")
    for name in ("home", "work"):
        await alice.vaults.create(name)
        await write(alice, name, "db/password", b"canary-value")
    return alice


async def taken(index: NameIndex, agent: Agent) -> None:
    index.take(await agent.vaults.list(), await agent.nodes.list())


def local(index: NameIndex, typed: str) -> list[Hit]:
    steps = index.search_local(typed)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def test_vaults_and_nodes_have_names_and_places() -> None:
    async def scenario() -> None:
        async with world(1) as w:
            alice = await two_vaults(w)
            index = NameIndex()
            assert local(index, "o") == []
            await taken(index, alice)
            places = {hit.text: hit.of for hit in local(index, "o")}
            assert sorted(places) == ["bob", "home", "work"]
            assert places["work"].subject == (await alice.vaults.get("work")).vault_id
            assert places["work"].pane == "vaults"
            assert places["bob"].pane == "nodes"
            assert places["bob"].subject == (await alice.nodes.list())[0].node_id
            assert [hit.at for hit in local(index, "wk")] == [(0, 3)]
            await alice.vaults.delete("work")
            await taken(index, alice)
            assert local(index, "work") == []

    asyncio.run(scenario())


def test_what_the_agent_finds_is_named_whole_and_marked_in_its_vaults_name_too() -> None:
    hit = hit_of("wopw", VIEW)
    assert (hit.text, hit.at, hit.what) == ("work:db/pw", (0, 1, 8, 9), "")
    assert hit.of.subject == (VAULT, SecretPath(("db", "pw")))
    assert (hit.of.kind, hit.of.pane) == ("secret", "vaults")
    directory = hit_of("db", replace(VIEW, path=SecretPath(("db",)), is_directory=True))
    assert (directory.text, directory.of.kind, directory.of.path) == ("work:db/", "directory", "db")
    tagged = hit_of("mon", replace(VIEW, what="tag", label="a Monday"))
    assert (tagged.at, tagged.what, tagged.label, tagged.label_at) == ((), "tag", "a Monday", (2, 3, 4))
    valued = hit_of("hunter2", replace(VIEW, what="value"))
    assert (valued.at, valued.what, valued.label, valued.label_at) == ((), "value", "", ())


def test_both_come_together_best_first_and_not_too_many() -> None:
    vault = Hit("work", Place("vault", VAULT), 95)
    assert [hit.text for hit in merged("wo", [vault], [VIEW])] == ["work", "work:db/pw"]
    assert [hit.text for hit in merged("wo", [replace(vault, score=80)], [VIEW])] == ["work:db/pw", "work"]
    assert len(merged("wo", [vault] * 40, [VIEW] * 40)) == BEST


def test_what_was_chosen_last_comes_first_once_and_only_while_it_is_there() -> None:
    async def scenario() -> None:
        async with world(1) as w:
            alice = await two_vaults(w)
            index = NameIndex()
            await taken(index, alice)
            vaults = {hit.text: hit for hit in local(index, "o")}
            secret = hit_of("pass", (await alice.secrets.find("pass", vault="work"))[0])
            for hit in (vaults["work"], vaults["bob"], secret, vaults["work"]):
                index.choose(hit)
            assert [hit.text for hit in index.chosen()] == ["work", "work:db/password", "bob"]
            assert all(hit.at == () for hit in index.chosen())
            assert not await index.check_chosen(alice)
            await alice.vaults.rename("work", "office")
            await taken(index, alice)
            assert [hit.text for hit in index.chosen()] == ["office", "office:db/password", "bob"]
            await alice.secrets.remove([("office", SecretPath.parse("db/password"))])
            assert await index.check_chosen(alice)
            assert [hit.text for hit in index.chosen()] == ["office", "bob"]
            await alice.vaults.delete("office")
            await taken(index, alice)
            assert [hit.text for hit in index.chosen()] == ["bob"]
            for number in range(30):
                index.choose(Hit(f"n{number}", Place("secret", VAULT, str(number))))
            assert len(index.chosen()) == 10

    asyncio.run(scenario())


def test_what_was_chosen_in_a_vault_that_is_damaged_by_now_is_kept() -> None:
    async def scenario() -> None:
        async with world(1) as w:
            alice = await two_vaults(w)
            index = NameIndex()
            await taken(index, alice)
            index.choose(hit_of("pass", (await alice.secrets.find("pass", vault="work"))[0]))

            async def stat(vault: str, path: SecretPath) -> SecretStat:
                raise Corrupt("it is damaged")

            alice.secrets.stat = stat  # type: ignore[method-assign]
            assert not await index.check_chosen(alice)
            assert [hit.text for hit in index.chosen()] == ["work:db/password"]

    asyncio.run(scenario())
