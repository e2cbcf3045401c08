"""A check reads every stored byte, names what is damaged and where, and changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from simulator import World, simulate

from pk_tui.agent.agent import Agent
from pk_tui.agent.commits import head_tree
from pk_tui.agent.directory import vault_named
from pk_tui.errors import Locked
from pk_tui.terms import SecretPath
from pk_tui.vault import tree
from pk_tui.vault.objects import FACTS_SIZE

P = SecretPath.parse
LARGE = bytes(range(256)) * 6000


async def bits(value: bytes) -> AsyncIterator[bytes]:
    yield value


async def filled(world: World) -> Agent:
    """An agent with two vaults; `work` has versions, directories, a secret in chunks and an empty directory."""
    alice = await world.add("alice")
    for name in ("work", "other"):
        await alice.vaults.create(name)
        for path, value in (("a", b"1"), ("d/b", b"2"), ("a", b"3"), ("d/large", LARGE)):
            await alice.secrets.write(name, P(path), bits(value))
    await alice.secrets.make_directories([("work", P("empty"))])
    return alice


async def again(world: World) -> Agent:
    """The same node after a restart: nothing is in memory."""
    await world.stop("alice")
    return await world.start("alice")


def test_a_sound_node_is_told_so_with_how_much_was_read() -> None:
    async def scenario(world: World) -> None:
        alice = await filled(world)
        for _ in range(2):
            view = await alice.lifecycle.check()
            assert (view.ok, view.vaults, view.problems) == (True, 2, ())
            assert view.objects == sum(len(frames) for frames in alice.store.vaults.list())
            alice = await again(world)

    simulate(scenario)


def test_a_locked_node_is_not_checked() -> None:
    async def scenario(world: World) -> None:
        alice = await filled(world)
        await alice.lock()
        with pytest.raises(Locked):
            await alice.lifecycle.check()

    simulate(scenario)


@pytest.mark.parametrize("path", ["a", "d/b", "d/large"])
def test_each_frame_that_is_damaged_is_found_with_the_secret_in_it(path: str) -> None:
    async def scenario(world: World) -> None:
        alice = await filled(world)
        frames = vault_named(alice.store, "work")
        assert frames is not None
        vault_id = frames.vault_id
        oid = tree.find(frames, head_tree(frames), P(path).parts)
        assert oid is not None
        db = alice.store._db
        sound = await alice.lifecycle.check()
        # The frame of the secret's newest value: flip one bit of what is sealed in it.
        number = int.from_bytes(frames._frames.index[oid[0]][FACTS_SIZE : FACTS_SIZE + 8], "little")
        sealed = db.rows("SELECT sealed FROM frame WHERE id = ?", (number,))[0][0]
        db.execute(
            "UPDATE frame SET sealed = ? WHERE id = ?", (sealed[:50] + bytes([sealed[50] ^ 1]) + sealed[51:], number)
        )
        alice = await again(world)
        view = await alice.lifecycle.check()
        assert not view.ok
        assert {problem.vault_id for problem in view.problems} == {vault_id}
        assert view.objects < sound.objects
        assert {problem.kind for problem in view.problems} <= {"object", "head"}
        assert "object" in {problem.kind for problem in view.problems}
        assert len(alice.store._db.rows("SELECT id FROM frame WHERE id = ?", (number,))) == 1  # nothing was removed

    simulate(scenario)


def test_an_index_that_lost_a_row_is_found_and_the_other_vault_is_still_checked() -> None:
    async def scenario(world: World) -> None:
        alice = await filled(world)
        frames = vault_named(alice.store, "work")
        assert frames is not None
        other = vault_named(alice.store, "other")
        assert other is not None
        vault_id, objects = frames.vault_id, len(other)
        last = "(SELECT max(id) FROM findex WHERE vault_id = ?)"
        alice.store._db.execute(f"DELETE FROM findex WHERE id = {last}", (frames.row,))
        alice = await again(world)
        view = await alice.lifecycle.check()
        assert [(problem.kind, problem.vault_id) for problem in view.problems] == [("index", vault_id)]
        assert view.objects == objects

    simulate(scenario)


def test_a_row_removed_while_the_node_is_open_is_found() -> None:
    async def scenario(world: World) -> None:
        alice, _ = await filled(world), await world.add("bob")
        await alice.gestalts.trust(str(world.ids["bob"]))
        alice.store._db.execute("DELETE FROM shelf WHERE id = (SELECT max(id) FROM shelf)")
        view = await alice.lifecycle.check()
        assert [problem.kind for problem in view.problems] == ["ledger"]

    simulate(scenario)
