"""The friend's script, on two real agents in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from agent.actors import write
from simulator import World, eventually, simulate

from pk_tui import playground
from pk_tui.agent.agent import Agent
from pk_tui.playground import FRIEND, GUEST, MAX_CHANGES, MAX_MESSAGES, PAUSE, TOKEN, VAULT, Friend
from pk_tui.terms import Address


class Scene:
    """The guest's agent, the friend's, and the friend at play; the guest's versions are told as in the real playground."""

    def __init__(self, w: World, guest: Agent, friend: Agent, script: Friend) -> None:
        self.w, self.guest, self.friend, self.script = w, guest, friend, script

    async def messages(self) -> list[str]:
        inbox = await self.guest.notifications.inbox(newest_first=False)
        return [str(note.data["message"]) for note in inbox if note.type == "General"]

    async def token(self) -> bytes:
        return b"".join([piece.reveal() async for piece in self.guest.secrets.read(VAULT, TOKEN)])

    async def versions(self) -> int:
        return len(await self.friend.vaults.log(VAULT))

    async def behind(self) -> bool:
        return bool((await self.guest.vaults.get(VAULT)).behind)

    async def hears(self, message: str) -> None:
        async def heard() -> bool:
            return message in await self.messages()

        await eventually(heard)


def play(scenario: Callable[[Scene], Awaitable[None]]) -> None:
    async def run(w: World) -> None:
        guest, friend = await w.add("guest"), await w.add("friend")
        script = Friend(friend)
        await script.prepare()
        await playground.prepare_guest(guest)
        await playground.befriend(guest, w.ids["friend"], Address("friend", 1), FRIEND)
        await script.meet(w.ids["guest"], Address("guest", 1))
        async with asyncio.TaskGroup() as tasks:
            ongoing = (
                tasks.create_task(script.play()),
                tasks.create_task(playground.watch(guest, w.ids["friend"], script.told)),
            )
            await scenario(Scene(w, guest, friend, script))
            assert not any(task.done() for task in ongoing)
            for task in ongoing:
                task.cancel()

    simulate(run)


def test_the_guest_finds_a_share_in_the_inbox_and_has_something_to_share() -> None:
    async def scenario(scene: Scene) -> None:
        async def told() -> bool:
            inbox = await scene.guest.notifications.inbox()
            return [(note.type, note.data["vault_name"]) for note in inbox] == [("VaultShare", VAULT)]

        await eventually(told)
        (own,) = await scene.guest.vaults.list()
        assert (own.name, own.secrets) == ("personal", 3)
        (node,) = await scene.guest.nodes.list()
        assert (node.petname, node.trusted) == (FRIEND, True)
        (seen,) = await scene.friend.nodes.list()
        assert (seen.petname, seen.trusted) == (GUEST, True)

    play(scenario)


def test_a_vault_shared_with_the_friend_is_cloned_and_the_friend_says_so() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.guest.vaults.share("personal", FRIEND)
        await scene.hears("I cloned “personal”: 3 secrets.")
        assert {vault.name for vault in await scene.friend.vaults.list()} == {VAULT, "personal"}

    play(scenario)


def test_one_secret_is_not_many() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.guest.vaults.create("work")
        await write(scene.guest, "work:a", b"1")
        await scene.guest.vaults.share("work", FRIEND)
        await scene.hears("I cloned “work”: 1 secret.")

    play(scenario)


def test_a_vault_shared_twice_is_cloned_once() -> None:
    async def scenario(scene: Scene) -> None:
        for _ in range(2):
            await scene.guest.vaults.share("personal", FRIEND)
        await asyncio.sleep(60)
        assert [line for line in await scene.messages() if "cloned" in line] == ["I cloned “personal”: 3 secrets."]
        assert len(await scene.friend.vaults.list()) == 2

    play(scenario)


def test_a_name_the_friend_uses_already_is_no_hindrance() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.guest.vaults.create(VAULT)
        await scene.guest.vaults.share(VAULT, FRIEND)
        await scene.hears(f"I cloned “{VAULT}”: 0 secrets.")
        assert len(await scene.friend.vaults.list()) == 2

    play(scenario)


def test_what_is_unshared_at_once_is_said_and_can_be_shared_again() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.guest.vaults.share("personal", FRIEND)
        await scene.guest.vaults.unshare("personal", FRIEND)
        await scene.hears("I could not clone “personal”. Is it still shared with me?")
        await scene.guest.vaults.share("personal", FRIEND)
        await scene.hears("I cloned “personal”: 3 secrets.")

    play(scenario)


def test_nothing_changes_before_the_vault_is_cloned() -> None:
    async def scenario(scene: Scene) -> None:
        before = await scene.versions()
        await asyncio.sleep(10 * PAUSE)
        assert await scene.versions() == before

    play(scenario)


def test_after_the_clone_and_after_each_pull_there_is_one_new_version() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.guest.vaults.clone(VAULT, FRIEND)
        assert await scene.token() == b"made-up-token-0001\n"
        for number in (2, 3):
            assert not await scene.behind()
            await eventually(scene.behind)
            await asyncio.sleep(10 * PAUSE)  # however long the guest waits, it is one version behind, not many
            assert (await scene.guest.vaults.get(VAULT)).behind == 1
            await scene.guest.vaults.pull(VAULT)
            assert await scene.token() == b"made-up-token-%04d\n" % number

    play(scenario)


def test_word_of_an_older_version_changes_nothing() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.guest.vaults.clone(VAULT, FRIEND)
        old = str((await scene.guest.vaults.get(VAULT)).head)
        await eventually(scene.behind)
        before = await scene.versions()
        await scene.script.told(old)
        await asyncio.sleep(10 * PAUSE)
        assert await scene.versions() == before

    play(scenario)


def test_the_changes_come_to_an_end() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.guest.vaults.clone(VAULT, FRIEND)
        before = await scene.versions()
        for _ in range(MAX_CHANGES + 3):
            await asyncio.sleep(2 * PAUSE)
            await scene.guest.vaults.pull(VAULT)
        assert await scene.versions() == before + MAX_CHANGES

    play(scenario)


def test_a_change_of_ours_is_pulled_and_said_once_for_several() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.guest.vaults.share("personal", FRIEND)
        await scene.hears("I cloned “personal”: 3 secrets.")
        for value in (b"1", b"2", b"3"):
            await write(scene.guest, "personal:wifi", value)
        await scene.hears("I pulled “personal”: I have your newest version.")
        await asyncio.sleep(60)
        assert sum("pulled" in line for line in await scene.messages()) <= 2
        (clone,) = [vault for vault in await scene.friend.vaults.list() if vault.origin]
        assert clone.head == (await scene.guest.vaults.get("personal")).head

    play(scenario)


def test_the_friend_falls_silent_before_it_is_a_nuisance_but_goes_on() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.guest.vaults.share("personal", FRIEND)
        await scene.hears("I cloned “personal”: 3 secrets.")
        for number in range(MAX_MESSAGES + 5):
            await write(scene.guest, "personal:wifi", b"%d" % number)
            await asyncio.sleep(PAUSE)
        assert len(await scene.messages()) == MAX_MESSAGES
        (clone,) = [vault for vault in await scene.friend.vaults.list() if vault.origin]
        assert clone.head == (await scene.guest.vaults.get("personal")).head

    play(scenario)


def test_a_locked_guest_ends_nothing() -> None:
    async def scenario(scene: Scene) -> None:
        await scene.guest.vaults.clone(VAULT, FRIEND)
        root = scene.w._roots["guest"]
        await scene.guest.lock()
        await asyncio.sleep(3 * PAUSE)
        await scene.guest.unlock(root)
        await eventually(scene.behind)
        await scene.guest.vaults.pull(VAULT)
        assert await scene.token() == b"made-up-token-0002\n"

    play(scenario)
