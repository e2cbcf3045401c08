from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from simulator import World, world
from tui.stage import write

from pk_tui.agent.agent import Agent
from pk_tui.api.views import EntryView
from pk_tui.errors import Corrupt, Locked
from pk_tui.terms import SecretPath
from pk_tui.tui.name_index import NameIndex, Place


class CountingSecrets:
    """The agent's secrets, with a list of which vaults were listed; `fails` is raised for the vaults named."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self.listed: list[str] = []
        self.fails: dict[str, Exception] = {}

    async def list(self, vault: str, **more: Any) -> Sequence[EntryView]:
        name = (await self._agent.vaults.get(vault)).name
        self.listed.append(name)
        if name in self.fails:
            raise self.fails[name]
        return await self._agent.secrets.list(vault, **more)


class Watched:
    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self.secrets = CountingSecrets(agent)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._agent, name)


async def two_vaults(w: World) -> Agent:
    alice = await w.add("alice")
    await w.add("bob")
    await w.introduce("alice", "bob")
    for name in ("home", "work"):
        await alice.vaults.create(name)
        await write(alice, name, "db/password", b"canary-value")
    await alice.vaults.create("empty")
    return alice


async def refreshed(index: NameIndex, api: Any, steps: list[tuple[int, int]] | None = None) -> None:
    told = [] if steps is None else steps
    await index.refresh(api, await api.vaults.list(), await api.nodes.list(), lambda *step: told.append(step))


def test_vaults_directories_secrets_and_nodes_have_names_and_places() -> None:
    async def scenario() -> None:
        async with world(1) as w:
            alice = await two_vaults(w)
            index, steps = NameIndex(), []
            await refreshed(index, alice, steps)
            assert sorted(name.text for name in index.names()) == [
                "bob", "empty", "home", "home:db/", "home:db/password", "work", "work:db/", "work:db/password",
            ]  # fmt: skip
            work = (await alice.vaults.get("work")).vault_id
            places = {name.text: name.of for name in index.names()}
            assert places["work"].subject == work
            assert places["work:db/"].subject == (work, SecretPath.parse("db"))
            assert places["work:db/password"].subject == (work, SecretPath.parse("db/password"))
            assert places["work:db/password"].pane == "vaults"
            assert places["bob"].pane == "nodes"
            assert places["bob"].subject == (await alice.nodes.list())[0].node_id
            assert steps == [(1, 3), (2, 3), (3, 3)]
            assert "canary" not in repr(index.names())

    asyncio.run(scenario())


def test_a_vault_is_read_once_for_each_of_its_versions_and_names() -> None:
    async def scenario() -> None:
        async with world(1) as w:
            api = Watched(await two_vaults(w))
            index = NameIndex()
            await refreshed(index, api)
            assert api.secrets.listed == ["empty", "home", "work"]
            await refreshed(index, api)
            assert api.secrets.listed == ["empty", "home", "work"]
            await write(api._agent, "work", "new", b"x")
            await api.vaults.rename("home", "house")
            await refreshed(index, api)
            assert api.secrets.listed == ["empty", "home", "work", "house", "work"]
            texts = {name.text for name in index.names()}
            assert {"work:new", "house:db/password"} <= texts
            assert "home" not in texts
            await api.vaults.delete("work")
            await refreshed(index, api)
            assert not [name.text for name in index.names() if name.text.startswith("work")]

    asyncio.run(scenario())


def test_a_damaged_vault_hides_no_others_and_is_tried_again() -> None:
    async def scenario() -> None:
        async with world(1) as w:
            api = Watched(await two_vaults(w))
            api.secrets.fails["home"] = Corrupt("it is damaged")
            index = NameIndex()
            await refreshed(index, api)
            texts = {name.text for name in index.names()}
            assert "work:db/password" in texts
            assert "home" in texts
            assert index.unread == ("home",)
            api.secrets.fails.clear()
            await refreshed(index, api)
            assert index.unread == ()
            assert "home:db/password" in {name.text for name in index.names()}
            api.secrets.fails["work"] = Locked("locked")
            await write(api._agent, "work", "new", b"x")
            with pytest.raises(Locked):
                await refreshed(index, api)

    asyncio.run(scenario())


def test_what_was_chosen_last_comes_first_once_and_only_while_it_is_there() -> None:
    async def scenario() -> None:
        async with world(1) as w:
            alice = await two_vaults(w)
            index = NameIndex()
            await refreshed(index, alice)
            places = {name.text: name.of for name in index.names()}
            for text in ("work", "home", "work:db/password", "work"):
                index.choose(places[text])
            assert [name.text for name in index.chosen()] == ["work", "work:db/password", "home"]
            await alice.secrets.remove([("work", SecretPath.parse("db/password"))])
            await refreshed(index, alice)
            assert [name.text for name in index.chosen()] == ["work", "home"]
            for number in range(30):
                index.choose(Place("secret", places["work"].vault_id, str(number)))
            assert len(index._chosen) == 10

    asyncio.run(scenario())
