"""An agent without a screen: for one command, and until it is asked to stop."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from pk_tui.api.facade import AgentApi
from pk_tui.bootstrap import run_agent, with_agent
from pk_tui.errors import Busy, Locked, NotFound, WrongPassword
from pk_tui.home import Home
from pk_tui.plaintext import Plaintext
from pk_tui.terms import Address, NodeId

LOOPBACK = Address("127.0.0.1", 0)


async def id_of(home: Home, password: Plaintext | None) -> NodeId:
    found: list[NodeId] = []

    async def use(api: AgentApi) -> int:
        found.append((await api.lifecycle.status()).node_id)
        return 0

    assert await with_agent(home, password, use) == 0
    return found[0]


async def run_and_stop(home: Home, key: Plaintext, is_root: bool = False):
    """The status of a headless agent that is ended as soon as it is ready."""
    ready = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run_agent(home, key, LOOPBACK, False, ready.set_result, is_root=is_root))
        status = await ready
        with pytest.raises(Busy):
            await id_of(home, None)
        task.cancel()
    return status


def test_without_a_password_the_node_stays_locked(home) -> None:
    async def use(api: AgentApi) -> int:
        with pytest.raises(Locked):
            await api.vaults.list()
        return 7

    assert asyncio.run(with_agent(home, None, use)) == 7


def test_an_error_of_the_command_comes_through_as_itself(home) -> None:
    async def use(api: AgentApi) -> int:
        raise NotFound("There is no such thing.")

    with pytest.raises(NotFound):
        asyncio.run(with_agent(home, None, use))


def test_a_running_agent_holds_the_node_listens_and_stops_when_asked(made, home) -> None:
    status = asyncio.run(run_and_stop(home, made.password))
    assert not status.locked
    assert status.listening.port > 0
    assert asyncio.run(id_of(home, made.password)) == made.node_id


def test_the_root_key_starts_an_agent_as_the_password_does(made, home) -> None:
    assert not asyncio.run(run_and_stop(home, Plaintext(made.root.reveal()), is_root=True)).locked


@pytest.mark.parametrize("key", [b"", b"too short", bytes(32), b"another node's key".ljust(32), bytes(33)])
def test_a_key_that_is_not_this_nodes_is_refused_and_nothing_stays_locked(home, key) -> None:
    with pytest.raises(WrongPassword, match="handed over"):
        asyncio.run(run_agent(home, Plaintext(key), LOOPBACK, False, lambda _: None, is_root=True))
    with home.lock():
        pass


def test_a_headless_agent_loads_no_screen(made, home) -> None:
    script = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from pk_tui.bootstrap import run_agent\n"
        "from pk_tui.home import Home\n"
        "from pk_tui.plaintext import Plaintext\n"
        "from pk_tui.terms import Address\n"
        "def ready(status):\n"
        "    print(sorted({name.split('.')[0] for name in sys.modules} & {'textual', 'rich', 'segno', 'pygments'}))\n"
        "    import signal, os; os.kill(os.getpid(), signal.SIGTERM)\n"
        "key = Plaintext(sys.stdin.buffer.read())\n"
        f"home = Home(Path({str(home.path)!r}))\n"
        "asyncio.run(run_agent(home, key, Address('127.0.0.1', 0), False, ready, is_root=True))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], input=made.root.reveal(), capture_output=True, check=False)
    assert (done.returncode, done.stdout.decode().strip()) == (0, "[]"), done.stderr.decode()
