from __future__ import annotations

import asyncio

import pytest
from agent.actors import at, everything, read, refused, rows, shared, write
from simulator import World, simulate

from pk_tui.api.events import VaultChanged, VaultRemoved
from pk_tui.api.views import ChangeView
from pk_tui.errors import AlreadyExists, Misuse, NotFound
from pk_tui.terms import Change


def test_a_vault_is_made_listed_renamed_and_deleted() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        async with alice.events() as events:
            made = await alice.vaults.create("work")
            await alice.vaults.rename("work", "home")
            await alice.vaults.delete(str(made.vault_id))
            changed = VaultChanged(made.vault_id)
            assert [await anext(events) for _ in range(3)] == [changed, changed, VaultRemoved(made.vault_id)]
        assert await alice.vaults.list() == []
        for table in ("vault", "vault_key", "vault_state", "frame", "findex"):
            assert rows(w, "alice", table) == 0

    simulate(scenario)


def test_names_are_unique_and_lawful() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        made = await alice.vaults.create("work")
        await alice.vaults.create("home")
        with refused(AlreadyExists):
            await alice.vaults.create("work")
        with refused(AlreadyExists):
            await alice.vaults.rename("home", "work")
        await alice.vaults.rename("work", "work")
        for name in ("", "a:b", "a/b", " a", "-a", "a\x1b", "x" * 256, str(made.vault_id)):
            with refused(Misuse):
                await alice.vaults.create(name)
            with refused(Misuse):
                await alice.vaults.rename("work", name)
        await alice.vaults.create("e\u0301")
        with refused(AlreadyExists):
            await alice.vaults.create("\u00e9")
        assert [view.name for view in await alice.vaults.list()] == ["home", "work", "\u00e9"]

    simulate(scenario)


def test_a_vault_that_is_not_there_is_not_found_by_anything() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        for call in (alice.vaults.get, alice.vaults.delete, alice.vaults.log, alice.vaults.permissions):
            with refused(NotFound):
                await call("nothing")
        with refused(NotFound):
            await alice.vaults.rename("nothing", "x")

    simulate(scenario)


def test_two_of_one_name_made_at_once_are_one_and_a_refusal() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        results = await asyncio.gather(*(alice.vaults.create("work") for _ in range(5)), return_exceptions=True)
        assert sum(isinstance(result, AlreadyExists) for result in results) == 4
        assert rows(w, "alice", "vault") == 1

    simulate(scenario)


def test_a_log_is_newest_first_with_what_changed_and_can_be_of_one_path() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        await alice.vaults.create("work")
        await write(alice, "work:a", b"1")
        await write(alice, "work:d/b", b"2")
        await write(alice, "work:a", b"3")
        await alice.secrets.remove([("work", at("a"))])
        log = await alice.vaults.log("work")
        assert [row.changes for row in log] == [
            (ChangeView(at("a"), Change.DELETED),),
            (ChangeView(at("a"), Change.MODIFIED),),
            (ChangeView(at("d/b"), Change.ADDED),),
            (ChangeView(at("a"), Change.ADDED),),
            (),
        ]
        assert {row.author for row in log} == {str(w.ids["alice"])}
        assert [row.commit for row in await alice.vaults.log("work", limit=2)] == [row.commit for row in log[:2]]
        assert len(await alice.vaults.log("work", at("a"))) == 3
        assert len(await alice.vaults.log("work", at("d/b"))) == 1
        assert await alice.vaults.log("work", at("missing")) == []

    simulate(scenario)


def test_a_long_log_can_be_called_off() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        await alice.vaults.create("work")
        for number in range(50):
            await write(alice, f"work:{number}", b"x")
        task = asyncio.create_task(alice.vaults.log("work"))
        for _ in range(5):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(await alice.vaults.log("work")) == 51

    simulate(scenario)


def test_deleting_a_vault_ends_its_grants_and_a_clone_of_it_lives_on() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        view = await alice.vaults.get("work")
        await bob.vaults.clone("work", "alice")
        await alice.vaults.delete("work")
        assert w._stores["alice"].grants.issued.of_vault(view.vault_id) == []
        assert len(await read(bob, "work:s0")) == 8
        await w.stop("alice")
        alice = await w.start("alice")
        assert await alice.vaults.list() == []

    simulate(scenario)


def test_a_clone_can_be_renamed_and_deleted_like_any_other() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        await bob.vaults.clone("work", "alice")
        await bob.vaults.rename("work", "copy")
        await write(alice, "work:new", b"1")
        await bob.vaults.pull("copy")
        assert set(await everything(bob, "copy")) == {"s0", "new"}
        await bob.vaults.delete("copy")
        await bob.vaults.clone("work", "alice")
        assert set(await everything(bob, "work")) == {"s0", "new"}

    simulate(scenario)
