"""What the terminal UI needs around an agent: satisfies `api.front.Front`.

Decides who holds the node and what follows from that. Opening it is `held`'s work, the line to another holder is
`control.remote`'s, the throw-away node is `playing`'s: all three are loaded only when they are needed, in a thread, because
the first picture does not wait for them.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pk_tui.api.front import Beginning, Playground, Situation
from pk_tui.control import client
from pk_tui.errors import AlreadyExists, Busy, Locked, Misuse, PkError, RolledBack, Unreachable, kinds
from pk_tui.home import Home
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text
from pk_tui.terms import Address

if TYPE_CHECKING:
    from pk_tui.api.facade import AgentApi
    from pk_tui.bootstrap.held import HeldNode
    from pk_tui.bootstrap.playing import Ground
    from pk_tui.control.remote import RemoteApi

EVERYWHERE = Address("0.0.0.0", 0)  # noqa: S104 - as `agent start`: each peer proves who it is before anything else
"""Port 0: the one of last time, else any that is free."""
SCREEN_LOCKED = (
    "The screen of the terminal UI that holds this node is locked, so it takes no commands. "
    "Unlock it there with the password."
)


class HolderFront:
    """To be used as `async with`; when the block ends, everything is closed."""

    def __init__(self, home: Home, listen: Address = EVERYWHERE) -> None:
        self._home = home
        self._listen = listen
        self._tasks = asyncio.TaskGroup()
        self._changing = asyncio.Lock()
        self._held: HeldNode | None = None
        self._remote: RemoteApi | None = None
        self._ground: Ground | None = None
        self._played_settings: dict[str, object] | None = None
        self._screen_locked = False
        self.not_listening = ""
        """Why the node held here lets no peers in, as a sentence; empty while it does."""

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.close()
        finally:
            # Without the block's own error, which the group would wrap: callers act on its kind.
            await self._tasks.__aexit__(None, None, None)

    # Who holds the node

    async def look(self) -> Situation:
        home = self._place
        shown = safe_text(str(home.path), 300)
        if self._held is not None and not self._held.is_over:
            locked = self._held.agent.is_locked
            return Situation(Beginning.LOCKED if locked else Beginning.ATTACHED, shown)
        remote = await self._reach()
        if remote is not None:
            status = await remote.lifecycle.status()
            return Situation(Beginning.LOCKED if status.locked else Beginning.ATTACHED, shown, status.pid)
        if home.path.exists():
            home.create()  # refuses another user's directory, and shuts an open one
        if home.has_node():
            return Situation(Beginning.LOCKED, shown)
        if not home.is_empty():
            raise AlreadyExists(
                f"{home.shown} holds other files and no node. Nothing was changed; choose another directory with --node-path."
            )
        return Situation(Beginning.NO_NODE, shown)

    @property
    def _place(self) -> Home:
        return self._home if self._ground is None else self._ground.home

    async def _reach(self) -> RemoteApi | None:
        """A line to whoever else holds the node; None if nobody does."""
        if self._remote is not None and not self._remote.closed.is_set():
            return self._remote
        await self._hang_up()
        node = str(self._place.path)
        try:
            line = await asyncio.to_thread(client.connect, node)  # it waits where many wait already
        except client.Fault as fault:
            raise kinds().get(fault.kind, Busy)(str(fault)) from fault
        if line is None:
            return None
        line.close()
        from pk_tui.control.remote import attach

        self._remote = await attach(node)
        return self._remote

    async def _hang_up(self) -> None:
        remote, self._remote = self._remote, None
        if remote is not None:
            await remote.aclose()

    # Opening and closing

    def prepare(self) -> None:
        threading.Thread(target=import_module, args=(f"{__package__}.held",), daemon=True).start()

    async def create(self, password: Plaintext) -> Plaintext:
        await _load("held")
        from pk_tui.bootstrap.held import create_node

        async with self._changing:
            _, words = await create_node(self._home, password)
        return words

    async def open(self, password: Plaintext, accept_state: bool = False) -> AgentApi:
        async with self._changing:
            if self._held is None or self._held.is_over:
                remote = await self._reach()
                if remote is not None:
                    return await _unlock_elsewhere(remote, password, accept_state)
            await _load("held")
            return await self._open_here(password, accept_state)

    async def _open_here(self, password: Plaintext, accept_state: bool) -> AgentApi:
        """Open the node in this process, or open it again after a full lock. If no port can be had it is opened all the same,
        and lets no peers in: what is on this machine must not be out of reach because of the network."""
        from pk_tui.bootstrap.held import by_password

        self.not_listening = ""
        try:
            if self._held is not None and not self._held.is_over:
                return await self._held.unlock(by_password(password), accept_state)
            return await self._hold(self._address, password, accept_state)
        except Unreachable as error:
            reason = error.message
        if self._held is not None:
            await self._held.let_go()
        agent = await self._hold(None, password, accept_state)
        self.not_listening = reason
        return agent

    @property
    def _address(self) -> Address:
        return self._listen if self._ground is None else self._ground.listen

    async def _hold(self, listen: Address | None, password: Plaintext, accept_state: bool) -> AgentApi:
        from pk_tui.bootstrap.held import HeldNode, by_password

        held = HeldNode(self._place, listen, self._refusal, self.report)
        agent = await held.start(self._tasks, by_password(password), accept_state)
        self._held = held
        if self._ground is not None:
            self._ground.watch(self._tasks, agent)
        return agent

    async def attach(self) -> AgentApi:
        if self._held is not None and not self._held.is_over:
            return self._held.agent
        remote = await self._reach()
        if remote is None:
            raise Busy("No agent holds this node any more. Give the password to open it here.")
        return remote

    async def close(self) -> None:
        async with self._changing:
            await self._close()

    async def _close(self) -> None:
        await self._hang_up()
        held, self._held = self._held, None
        ground, self._ground = self._ground, None
        self._played_settings = None
        try:
            if held is not None:
                await held.let_go()
        finally:
            if ground is not None:
                await ground.clear()

    async def leave_running(self) -> int:
        from pk_tui.cli import background

        async with self._changing:
            if self._ground is not None:
                raise Misuse("The playground is not left running: it is removed when the program ends.")
            if self._remote is not None and not self._remote.closed.is_set():
                pid = (await self._remote.lifecycle.status()).pid
                await self._hang_up()
                return pid
            held, self._held = self._held, None
            if held is None or held.is_over:
                raise Busy("The node is not open here, so there is nothing to leave running.")
            try:
                key = held.root_key
            except Locked:
                self._held = held
                raise
            await held.let_go()
            # Port 0 is the port it had until now, or another if someone else has taken that meanwhile.
            arguments = ["--agent-host", self._listen.host, "--agent-port", str(self._listen.port)]
            ready = await asyncio.to_thread(background.hand_over, self._home.path, arguments, key, self._home.log)
            return int(ready["pid"])

    async def open_playground(self) -> Playground:
        await _load("playing")
        from pk_tui.bootstrap.playing import Ground

        async with self._changing:
            await self._close()
            ground = await Ground.build(self._tasks, self._refusal, self.report)
            self._ground, self._held = ground, ground.held
            self._played_settings = self._home.load_settings()
            return ground.playground

    # Around the screen

    def lock_screen(self, locked: bool) -> None:
        self._screen_locked = locked

    def _refusal(self) -> PkError | None:
        return Locked(SCREEN_LOCKED) if self._screen_locked else None

    def edit_outside(self, content: Plaintext, ending: str) -> Plaintext:
        from pk_tui.control.editor import edit_privately

        return Plaintext(edit_privately(content.reveal(), ending, str(self._place.path)))

    def report(self, error: BaseException) -> Path | None:
        from pk_tui.cli.reports import write_report

        return write_report(self._home.path, error)

    def load_settings(self) -> Mapping[str, object]:
        return self._home.load_settings() if self._played_settings is None else self._played_settings

    def save_settings(self, settings: Mapping[str, object]) -> None:
        """What is set while playing lasts as long as the playground."""
        if self._played_settings is None:
            self._home.save_settings(settings)
        else:
            self._played_settings = dict(settings)


async def _unlock_elsewhere(remote: RemoteApi, password: Plaintext, accept_state: bool) -> AgentApi:
    if not (await remote.lifecycle.status()).locked:  # unlocked from elsewhere meanwhile: no other word opens it
        await remote.lifecycle.verify_password(password)
        return remote
    try:
        await remote.lifecycle.unlock(password)
    except RolledBack as error:
        if not accept_state:
            raise
        raise Misuse(
            "The agent that holds this node cannot be told to go on with an older database. Stop it with `pk-tui agent stop` "
            "and open the node here."
        ) from error
    return remote


async def _load(part: str) -> None:
    """Import a part of this package, and with it the agent, without holding up the screen."""
    name = f"{__package__}.{part}"
    if name not in sys.modules:
        await asyncio.to_thread(import_module, name)
