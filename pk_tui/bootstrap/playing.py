"""The playground's two nodes: ours in this process, the friend's in another, both in one directory that goes at the end.

What the friend does is in `playground`; its process is `friend`. Whoever outlives the other removes the directory, so that only
the sudden end of both leaves anything.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
from asyncio import subprocess
from collections.abc import Callable
from pathlib import Path

from pk_tui import playground
from pk_tui.api.facade import AgentApi
from pk_tui.api.front import Playground
from pk_tui.bootstrap.friend import LOOPBACK, PREFIX
from pk_tui.bootstrap.held import HeldNode, by_root, make_node
from pk_tui.control.editor import child_environment
from pk_tui.errors import PkError, StorageFailed
from pk_tui.home import Home
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text
from pk_tui.terms import Address, NodeId

PATIENCE = 30.0
"""Seconds the friend may take for one step of getting ready; a quiet machine needs one or two."""
END_WITHIN = 5.0


class FriendProcess:
    """The friend, as one line of JSON each way says."""

    def __init__(self, process: subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, base: Path) -> FriendProcess:
        """Its standard input is what ties it to us: it ends when that closes, and that closes however we end."""
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "pk_tui.bootstrap.friend"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
                env=child_environment(),
            )
        except OSError as error:
            raise StorageFailed(f"The friend's node could not be started: {error.strerror}.") from error
        friend = cls(process)
        await friend.tell({"base": str(base)})
        return friend

    @property
    def pid(self) -> int:
        return self._process.pid

    async def tell(self, line: dict[str, object]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(line).encode() + b"\n")
            await self._process.stdin.drain()
        except ConnectionError:
            return  # it has ended; what that means is seen where an answer is waited for

    async def hear(self) -> dict[str, object]:
        """The friend's next line. Raises StorageFailed if none comes."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(PATIENCE):
                raw = await self._process.stdout.readline()
            line = json.loads(raw)
        except (TimeoutError, ValueError) as error:
            raise StorageFailed("The friend's node did not start, so there is no playground. Try again.") from error
        if not isinstance(line, dict) or "failed" in line:
            reason = safe_text(str(line.get("failed")), 300) if isinstance(line, dict) else "it spoke nonsense"
            raise StorageFailed(f"The friend's node did not start: {reason}")
        return line

    async def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(END_WITHIN):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


class Ground:
    """The playground while it stands."""

    def __init__(
        self,
        base: Path,
        held: HeldNode,
        friend: FriendProcess,
        friend_id: NodeId,
        api: AgentApi,
        report: Callable[[BaseException], Path | None],
    ) -> None:
        self._base = base
        self._report = report
        self._friend = friend
        self._friend_id = friend_id
        self._watching: asyncio.Task[None] | None = None
        self.held = held
        self.home = held.home
        self.listen = Address(LOOPBACK, 0)
        self.playground = Playground(api, playground.PASSWORD, playground.FRIEND, playground.VAULT)

    @property
    def friend_pid(self) -> int:
        return self._friend.pid

    @classmethod
    async def build(
        cls,
        tasks: asyncio.TaskGroup,
        refuses: Callable[[], PkError | None],
        report: Callable[[BaseException], Path | None],
    ) -> Ground:
        """Both nodes, open, knowing and trusting each other, the friend's vault shared. Nothing stays if that fails."""
        base = Path(tempfile.mkdtemp(prefix=PREFIX))
        friend: FriendProcess | None = None
        held: HeldNode | None = None
        try:
            friend = await FriendProcess.start(base)  # its key derivation runs beside ours
            home = Home(base / "you")
            made = await make_node(home, Plaintext.of_text(playground.PASSWORD))
            held = HeldNode(home, Address(LOOPBACK, 0), refuses, report)
            api = await held.start(tasks, by_root(made.root), False)
            await playground.prepare_guest(api)
            hello = await friend.hear()
            friend_id = NodeId.parse(str(hello["node_id"]))
            address = Address(LOOPBACK, int(str(hello["port"])))
            await playground.befriend(api, friend_id, address, playground.FRIEND)
            ours = (await api.lifecycle.status()).listening
            assert ours is not None
            await friend.tell({"node_id": str(made.node_id), "port": ours.port})
            await friend.hear()
        except BaseException:
            await _clear(held, friend, base)
            raise
        ground = cls(base, held, friend, friend_id, api, report)
        ground.watch(tasks, api)
        return ground

    def watch(self, tasks: asyncio.TaskGroup, api: AgentApi) -> None:
        """Let the friend know how far we are; anew for each agent that opens our node."""
        if self._watching is not None:
            self._watching.cancel()

        async def tell(head: str) -> None:
            await self._friend.tell({"head": head})

        async def watching() -> None:
            try:
                await playground.watch(api, self._friend_id, tell)
            except Exception as error:  # a mistake of ours here must not take the screen with it
                self._report(error)

        self._watching = tasks.create_task(watching(), name="what the friend is told")

    async def clear(self) -> None:
        """End both nodes and remove everything."""
        if self._watching is not None:
            self._watching.cancel()
        await _clear(self.held, self._friend, self._base)


async def _clear(held: HeldNode | None, friend: FriendProcess | None, base: Path) -> None:
    try:
        if held is not None:
            await held.let_go()
    finally:
        if friend is not None:
            await friend.end()
        await asyncio.to_thread(shutil.rmtree, base, ignore_errors=True)
