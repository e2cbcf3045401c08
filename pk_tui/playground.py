"""What happens in the playground: what both nodes hold at first, and how the friend answers what its guest does.

Everything goes through `AgentApi`, so the friend does nothing that a person could not do. The nodes themselves, the second
process and their end are `bootstrap`'s affair.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from importlib import resources
from pathlib import Path

from pk_tui.api.events import EventsLost, NotificationsChanged, VaultChanged
from pk_tui.api.facade import AgentApi
from pk_tui.api.views import ImportKind
from pk_tui.errors import AlreadyExists, NameTaken, PkError
from pk_tui.terms import Address, NodeId, SecretPath, VaultId

PASSWORD = "playground"  # noqa: S105 - shown on the screen; it opens a node that is removed again
FRIEND, GUEST = "robin", "you"
"""Petnames: of the friend here, and of us at the friend's."""
VAULT = "team"
"""The vault that the friend shares."""
TOKEN = SecretPath(("api", "token-that-changes"))
PAUSE = 5.0
"""Seconds between what the guest does and what the friend does then: long enough to look, short enough to wait for."""
MAX_CHANGES = 12
"""New versions of the shared vault, however often they are pulled."""
MAX_MESSAGES = 30
"""Messages to the guest. After these the friend goes on in silence."""

PERSONAL = (
    (SecretPath(("mail", "password")), b"made-up-giraffe-lantern-42\n"),
    (SecretPath(("bank", "pin")), b"0000 (made up)\n"),
    (SecretPath(("wifi",)), b"made-up-network: fried-green-tomatoes\n"),
)

Tell = Callable[[str], Awaitable[None]]


async def prepare_guest(api: AgentApi) -> None:
    """A small vault of our own, so that there is something to share."""
    await api.vaults.create("personal")
    for path, value in PERSONAL:
        await api.secrets.write("personal", path, _content(value))


async def befriend(api: AgentApi, node: NodeId, address: Address, petname: str) -> None:
    await api.nodes.add(node, address)
    await api.nodes.name(str(node), petname)
    await api.gestalts.trust(str(node))


async def watch(api: AgentApi, friend: NodeId, tell: Tell) -> None:
    """Tell the friend which version of its vault we have, at first and whenever that changes, until cancelled.

    No node says so to another by itself. In the playground it is told, so that the friend goes on when we are ready.
    """
    told: set[str] = set()
    async with api.events() as events:
        while True:
            with suppress(PkError):  # locked: the next event says when that is over
                for vault in await api.vaults.list():
                    head = str(vault.head)
                    if vault.origin is not None and vault.origin.node_id == friend and head not in told:
                        told.add(head)
                        await tell(head)
            await anext(events)


class Friend:
    """The other node's person: answers shares with a clone and a word, and keeps a shared vault changing."""

    def __init__(self, api: AgentApi, pause: float = PAUSE) -> None:
        self._api = api
        self._pause = pause
        self._messages = 0
        self._answered: set[VaultId] = set()
        self._pulled = asyncio.Event()

    async def prepare(self) -> None:
        """The vault that will be shared: the sample that comes with the package."""
        await self._api.vaults.create(VAULT)
        with resources.as_file(resources.files("pk_tui.cli") / "sample") as sample:
            await self._api.vaults.import_from(VAULT, Path(sample), ImportKind.DIRECTORY)
        await self._api.secrets.write(VAULT, TOKEN, _content(_token(1)))

    async def meet(self, guest: NodeId, address: Address) -> None:
        """Get to know the guest, and share."""
        await befriend(self._api, guest, address, GUEST)
        await self._api.vaults.share(VAULT, str(guest))

    async def told(self, head: str) -> None:
        """The guest has this version of our vault."""
        with suppress(PkError):
            if head == str((await self._api.vaults.get(VAULT)).head):
                self._pulled.set()

    async def play(self) -> None:
        """React until cancelled. Nothing that fails ends it."""
        async with self._api.events() as events, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._change_now_and_then())
            await self._clone_what_is_shared()
            async for event in events:
                if isinstance(event, NotificationsChanged | EventsLost):
                    await self._clone_what_is_shared()
                if isinstance(event, VaultChanged | EventsLost):
                    await self._pull_what_is_behind()

    async def _change_now_and_then(self) -> None:
        for number in range(2, MAX_CHANGES + 2):
            await self._pulled.wait()
            self._pulled.clear()
            await asyncio.sleep(self._pause)
            with suppress(PkError):
                await self._api.secrets.write(VAULT, TOKEN, _content(_token(number)))

    async def _clone_what_is_shared(self) -> None:
        with suppress(PkError):
            for note in await self._api.notifications.inbox(unread=True, newest_first=False):
                if note.type == "VaultShare":
                    await self._clone(VaultId.parse(str(note.data.get("vault_id"))), note.sender, note.data)

    async def _clone(self, vault: VaultId, owner: NodeId, shared: dict[str, object]) -> None:
        name = str(shared.get("vault_name"))
        if vault in self._answered:  # shared again: the copy is there
            return
        self._answered.add(vault)
        await asyncio.sleep(self._pause / 5)
        try:
            made = await self._clone_under_a_free_name(vault, owner, name)
            secrets = (await self._api.vaults.get(str(made))).secrets
        except PkError:
            self._answered.discard(vault)
            await self._say(f"I could not clone “{name}”. Is it still shared with me?")
            return
        await self._say(f"I cloned “{name}”: {secrets} {'secret' if secrets == 1 else 'secrets'}.")

    async def _clone_under_a_free_name(self, vault: VaultId, owner: NodeId, name: str) -> VaultId:
        try:
            return (await self._api.vaults.clone(str(vault), str(owner))).vault_id
        except (NameTaken, AlreadyExists):
            return (await self._api.vaults.clone(str(vault), str(owner), f"{name[:40]} {vault}"[:80])).vault_id

    async def _pull_what_is_behind(self) -> None:
        with suppress(PkError):
            behind = [vault for vault in await self._api.vaults.list() if vault.behind]
            if not behind:
                return
            await asyncio.sleep(self._pause / 5)  # several changes in a row are one pull
            for vault in behind:
                pulled = await self._api.vaults.pull(str(vault.vault_id))
                if pulled.new_head != pulled.old_head:
                    await self._say(f"I pulled “{vault.name}”: I have your newest version.")

    async def _say(self, message: str) -> None:
        if self._messages >= MAX_MESSAGES:
            return
        self._messages += 1
        with suppress(PkError):
            await self._api.notifications.send(GUEST, message)


def _token(number: int) -> bytes:
    return f"made-up-token-{number:04}\n".encode()


async def _content(value: bytes) -> AsyncIterator[bytes]:
    yield value
