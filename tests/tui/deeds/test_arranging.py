from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from simulator import World
from tui.deeds.acting import acting
from tui.stage import write

from pk_tui.api.views import VaultView
from pk_tui.errors import Misuse, NotFound, PkError, ReadOnly
from pk_tui.terms import SecretPath, VaultId
from pk_tui.tui.deeds.arranging import Target, effect, move, new_name, read_target, rename

WORK = VaultView(VaultId(b"w" * 16), "work", None, 1, None, False, 0, 0)
HOME = replace(WORK, vault_id=VaultId(b"h" * 16), name="home", shared_with=2)
CLONE = replace(WORK, vault_id=VaultId(b"c" * 16), name="infra", read_only=True)
VAULTS = [WORK, HOME, CLONE]
PATH = SecretPath.parse("db/password")


@pytest.mark.parametrize(
    ("typed", "target"),
    [
        ("work:db/password", Target(WORK, PATH, False)),
        ("home:x", Target(HOME, SecretPath.parse("x"), False)),
        (f"{HOME.vault_id}:x", Target(HOME, SecretPath.parse("x"), False)),
        ("home:", Target(HOME, None, True)),
        ("home:/", Target(HOME, None, True)),
        ("home:a/b/", Target(HOME, SecretPath.parse("a/b"), True)),
        ("work:/db", Target(WORK, SecretPath.parse("db"), False)),
        ("work:a:b", Target(WORK, SecretPath.parse("a:b"), False)),
    ],
)
def test_a_target_is_a_vault_and_a_path(typed: str, target: Target) -> None:
    assert read_target(typed, VAULTS) == target


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("", Misuse),
        ("work", Misuse),
        ("nowhere:x", NotFound),
        ("infra:x", ReadOnly),
        ("work:a//b", Misuse),
        (":x", NotFound),
    ],
)
def test_what_is_no_target_is_refused(typed: str, kind: type[PkError]) -> None:
    with pytest.raises(kind):
        read_target(typed, VAULTS)


def test_a_new_name_stays_in_its_directory() -> None:
    assert new_name(PATH, "token") == SecretPath.parse("db/token")
    for wrong in ("", "a/b", "..", ".git", "a\x1b"):
        with pytest.raises(Misuse):
            new_name(PATH, wrong)


def test_who_can_read_it_then_is_said_for_another_vault_alone() -> None:
    assert effect(WORK, Target(WORK, PATH, False)).plain == ""
    says = effect(WORK, Target(HOME, PATH, False)).plain
    assert "It leaves work, whose old versions keep it, and becomes new in home." in says
    assert "2 nodes with a share of home can read it then." in says


async def work(w: World) -> None:
    for vault in ("work", "home"):
        await w.agents["alice"].vaults.create(vault)
    await write(w.agents["alice"], "work", "db/password", b"value")
    await write(w.agents["alice"], "work", "db/token", b"other")
    await write(w.agents["alice"], "home", "old/x", b"x")


def test_a_secret_gets_another_name_but_never_one_in_use_nor_lands_in_a_directory() -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:
            vault = await s.vault("work")
            s.do(rename(s.pane, vault, PATH, False))
            await s.see("Rename work:db/password")
            await s.put("token", "#line")
            await s.press("enter")
            await s.see("already there")
            await s.put("key", "#line")
            await s.press("enter")
            await s.settled()
            await s.see("Renamed password to key")
            assert await s.paths("work") == ["db", "db/key", "db/token"]
            assert s.pane.went == [(vault.vault_id, SecretPath.parse("db/key"))]
            await write(s.alice, "work", "top", b"1")
            s.do(rename(s.pane, vault, SecretPath.parse("top"), False))
            await s.see("Rename work:top")
            await s.put("db", "#line")
            await s.press("enter")
            await s.see("already there")
            await s.press("escape")
            await s.settled()
            assert "top" in await s.paths("work")

    asyncio.run(scenario())


def test_a_directory_and_a_vault_get_other_names() -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:
            vault = await s.vault("work")
            s.do(rename(s.pane, vault, SecretPath.parse("db"), True))
            await s.see("New name of the directory")
            await s.put("base", "#line")
            await s.press("enter")
            await s.settled()
            assert "base/password" in await s.paths("work")
            s.do(rename(s.pane, vault, None, False))
            await s.see("Rename the vault work")
            await s.put("home", "#line")
            await s.press("enter")
            await s.see("already a vault")
            await s.put("office", "#line")
            await s.press("enter")
            await s.settled()
            assert (await s.vault("office")).vault_id == vault.vault_id
            assert s.pane.went[-1] == vault.vault_id

    asyncio.run(scenario())


def test_a_name_left_as_it_was_changes_nothing() -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:
            before = await s.alice.vaults.log("work")
            s.do(rename(s.pane, await s.vault("work"), PATH, False))
            await s.see("Rename")
            await s.press("enter")
            await s.settled()
            assert await s.alice.vaults.log("work") == before

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("typed", "vault", "landed"),
    [
        ("work:key", "work", "key"),
        ("work:new/dir/", "work", "new/dir/password"),
        ("home:old", "home", "old/password"),
        ("home:", "home", "password"),
        ("home:a/b", "home", "a/b"),
    ],
)
def test_a_secret_is_moved_and_the_cursor_follows_it(typed: str, vault: str, landed: str) -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:
            s.do(move(s.pane, await s.vault("work"), PATH, False))
            await s.see("Move work:db/password")
            await s.put(typed, "#line")
            await s.press("enter")
            await s.settled()
            await s.see(f"Moved work:db/password to {vault}:{landed}")
            assert await s.value(vault, landed) == b"value"
            assert "db/password" not in await s.paths("work")
            assert s.pane.went == [((await s.vault(vault)).vault_id, SecretPath.parse(landed))]

    asyncio.run(scenario())


def test_a_move_onto_something_is_refused_in_the_dialog_and_one_to_itself_does_nothing() -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:
            before = await s.alice.vaults.log("work")
            s.do(move(s.pane, await s.vault("work"), PATH, False))
            await s.see("Move work:db/password")
            await s.put("work:db/token", "#line")
            await s.press("enter")
            await s.see("already there")
            await s.put("work:db/", "#line")
            await s.press("enter")
            await s.settled()
            await s.see("It is there already")
            assert await s.alice.vaults.log("work") == before

    asyncio.run(scenario())
