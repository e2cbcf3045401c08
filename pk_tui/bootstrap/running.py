"""An agent without a screen: headless until it is asked to stop, or for one command."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from pk_tui.agent.agent import Agent
from pk_tui.api.facade import AgentApi
from pk_tui.api.views import StatusView
from pk_tui.bootstrap.collecting import collect_seldom, leave_alone_what_is_loaded
from pk_tui.bootstrap.node import opened, root_from_password
from pk_tui.crypto.seal import SealKey
from pk_tui.errors import CannotOpen, WrongPassword
from pk_tui.home import Home
from pk_tui.plaintext import Plaintext
from pk_tui.terms import Address


async def run_agent(
    home: Home,
    password: Plaintext,
    listen: Address,
    accept_state: bool,
    ready: Callable[[StatusView], None],
    *,
    is_root: bool = False,
) -> int:
    """A headless agent in this process: unlocked, listening, serving its control socket, until it is asked to stop.

    `is_root`: what is given is not the password but the root key, handed over by the program that held the node before.
    """
    from pk_tui.cli.main import run
    from pk_tui.cli.reports import write_report
    from pk_tui.control.server import ControlServer

    def report(error: BaseException) -> Path | None:
        return write_report(home.path, error)

    collect_seldom()
    async with opened(home, listen, stays=True) as agent:
        root = _root(password) if is_root else await root_from_password(agent, password)
        await _unlock(agent, root, accept_state, is_root)
        leave_alone_what_is_loaded()
        async with ControlServer(home, lambda one: run(one, agent), lambda: agent, report=report):
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, agent.stop_requested.set)
            ready(await agent.lifecycle.status())
            with suppress(asyncio.CancelledError):
                await agent.stop_requested.wait()
    return 0


def _root(given: Plaintext) -> SealKey:
    try:
        return SealKey(given.reveal())
    except ValueError as error:
        raise WrongPassword("The key that was handed over is not a key.") from error


async def _unlock(agent: Agent, root: SealKey, accept_state: bool, is_root: bool) -> None:
    try:
        await agent.unlock(root, accept_state)
    except CannotOpen as error:
        if not is_root:
            raise
        raise WrongPassword("The key that was handed over does not open this node.") from error


async def with_agent(
    home: Home,
    password: Plaintext | None,
    use: Callable[[AgentApi], Awaitable[int]],
    accept_state: bool = False,
) -> int:
    """Open the node for one command; without a password it stays locked. It listens on no port, and is closed afterwards."""
    collect_seldom()
    async with opened(home, None, stays=False) as agent:
        if password is not None:
            await agent.unlock(await root_from_password(agent, password), accept_state)
        return await use(agent)
