from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from simulator import World
from tui.deeds.acting import acting
from tui.stage import write

from pk_tui.api.views import OriginView, VaultView
from pk_tui.errors import NotFound
from pk_tui.terms import NodeId, SecretPath, VaultId
from pk_tui.tui.deeds.deleting import delete, vault_effect

WORK = VaultView(VaultId(b"w" * 16), "work", None, 14, None, False, 0, 0)


async def work(w: World) -> None:
    alice = w.agents["alice"]
    await alice.vaults.create("work")
    for path in ("db/password", "db/token", "db/deep/x", "top"):
        await write(alice, "work", path, b"value")
    await alice.vaults.share("work", "bob")


def test_a_secret_goes_only_after_y() -> None:
    async def scenario() -> None:
        async with acting((80, 24), work) as s:
            path = SecretPath.parse("db/password")
            for key in ("enter", "escape", "n"):
                s.do(delete(s.pane, await s.vault("work"), path, False))
                await s.see("Delete work:db/password?", "old versions in work keep it", "1 node it is shared with")
                await s.press(key)
                await s.settled()
                assert "db/password" in await s.paths("work")
            s.do(delete(s.pane, await s.vault("work"), path, False))
            await s.see("Delete work:db/password?")
            await s.press("y")
            await s.settled()
            await s.see("Deleted work:db/password")
            assert "db/password" not in await s.paths("work")

    asyncio.run(scenario())


def test_a_directory_says_how_much_goes_with_it() -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:
            s.do(delete(s.pane, await s.vault("work"), SecretPath.parse("db"), True))
            await s.see("Delete the directory work:db?", "3 secrets in it go too, 15 B")
            await s.press("y")
            await s.settled()
            assert await s.paths("work") == ["top"]

    asyncio.run(scenario())


def test_a_vault_goes_only_after_its_name_was_typed_and_says_who_has_it() -> None:
    async def scenario() -> None:
        async with acting((80, 24), work) as s:
            s.do(delete(s.pane, await s.vault("work"), None, False))
            await s.see("Delete the vault work?", "is destroyed", "It is shared with bob", "4 secrets")
            await s.type("wor")
            await s.press("enter")
            await s.see("That is not the name")
            assert (await s.vault("work")).secrets == 4
            await s.type("k")
            await s.press("enter")
            await s.settled()
            await s.see("Deleted the vault work and its key")
            with pytest.raises(NotFound):
                await s.vault("work")

    asyncio.run(scenario())


def test_a_clone_may_be_deleted_and_says_that_the_other_stays() -> None:
    clone = replace(WORK, origin=OriginView(NodeId(b"n" * 32), VaultId(b"o" * 16)), read_only=True)
    says = vault_effect(clone, []).plain
    assert "This is a clone." in says
    assert "The vault it came from stays" in says


def test_what_deleting_a_vault_does_not_reach_is_said() -> None:
    assert "It is shared with nobody." in vault_effect(WORK, []).plain
    many = vault_effect(WORK, [f"n{number}" for number in range(8)]).plain
    assert "n0, n1, n2, n3, n4 and 3 more" in many
    assert "their clones stay" in many
    hostile = vault_effect(WORK, ["[/x]\x1b"]).plain
    assert "[/x]" in hostile
    assert "\x1b" not in hostile
