"""The holder's end of the control socket: commands of the same user, typed elsewhere, carried out here.

One connection is one command, or one attached window, which `attached` serves. What a command means is not known here:
`run` is handed in, as are the agent for windows and the word that refuses both while the screen is locked.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from pk_tui.api.facade import AgentApi
from pk_tui.control import attachment, client
from pk_tui.control.attached import Refuses, Report, Windows, no_refusal, no_report
from pk_tui.control.invocation import Invocation, Request, unreadable, written_environment
from pk_tui.errors import Busy, Malformed, PkError, kinds
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text

MAX_COMMANDS = 32
"""Commands at once. Each holds at most one frame in memory, or PIECES_AHEAD of a file, and what it works on."""
MAX_COMMAND = 4 * 1024 * 1024
"""Bytes of the first frame; systems allow about 2 MiB of arguments."""
MAX_ANSWER = 17 * 1024 * 1024
"""Bytes of one answer: an edited secret of 16 MiB."""
PIECES_AHEAD = 3
"""Pieces of a long file that are asked for before they are needed, so that client and agent work at the same time."""
COMMAND_WITHIN = 10.0
"""Seconds from connecting to the whole first frame."""
_HEAD = struct.Struct(">BI")
_WORTH_A_CALL = 16 * 1024
"""Bytes that are written by themselves; fewer are copied to stand behind their head."""

Run = Callable[[Invocation], Awaitable[int]]
_PASS_REFUSAL = {("agent", verb) for verb in ("status", "stop", "restart", "lock", "unlock")}


class Holder(Protocol):
    """What is needed of the node's home."""

    @property
    def path(self) -> Path: ...
    def claim_socket(self) -> Path: ...
    def drop_socket(self) -> None: ...


def is_same_user(line: socket.socket, uid: int | None = None) -> bool:
    """True if the process at the other end runs as this user (`uid`: as that one)."""
    try:
        return client.peer_uid(line) == (os.getuid() if uid is None else uid)
    except OSError:
        return False


def passes_refusal(argv: Sequence[str]) -> bool:
    """True for commands that are carried out even while the node's holder refuses: those that see to the agent itself."""
    return tuple(argv[:2]) in _PASS_REFUSAL


class ControlServer:
    """Serves from `async with` to its end. To be used by the process that holds the node's lock, and only there."""

    def __init__(
        self,
        home: Holder,
        run: Run,
        attach: Callable[[], AgentApi] | None = None,
        refuses: Refuses = no_refusal,
        report: Report = no_report,
    ) -> None:
        """`attach` gives the agent for a window that attaches; without it none may. `refuses` is asked before each command
        and each call of a window, and says why it is not to be carried out now; `report` keeps a report of a mistake of
        ours that a window met, and says where."""
        self._home = home
        self._run = run
        self._refuses = refuses
        self._windows = Windows(attach, refuses, report)
        self._connections: set[asyncio.Task[Any]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> ControlServer:
        listener = _private_listener(self._home.claim_socket())
        self._server = await asyncio.start_unix_server(self._connected, sock=listener, limit=client.MAX_PIECE)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._home.drop_socket()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            if is_same_user(writer.get_extra_info("socket")):
                await self._serve(reader, writer)
        except (OSError, EOFError, TimeoutError):
            pass  # whoever it was broke off, or is no client of ours: there is nobody to tell
        except asyncio.CancelledError:
            pass  # the server ends; raising it would only be logged
        finally:
            self._connections.discard(task)
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(COMMAND_WITHIN):
            kind, size = _HEAD.unpack(await reader.readexactly(_HEAD.size))
            if kind not in (client.COMMAND, attachment.ATTACH) or size > MAX_COMMAND:
                return
            payload = await reader.readexactly(size)
        if kind == attachment.ATTACH:
            await self._windows.serve(reader, writer, payload)
            return
        try:
            if len(self._connections) - self._windows.open > MAX_COMMANDS:
                raise Busy(f"The agent is at work on {MAX_COMMANDS} other commands. Try again when one has ended.")
            invocation = RemoteInvocation(reader, writer, Request.read(payload), self._home.path)
            refusal = None if passes_refusal(invocation.request.argv) else self._refuses()
            if refusal is not None:
                raise refusal
        except PkError as error:
            await _refuse(writer, error, payload.split(b"\0")[1:2] == [b"True"])
            return
        await self._conduct(invocation)

    async def _conduct(self, invocation: RemoteInvocation) -> None:
        """Run the command, and cancel it if its client goes away."""

        async def work() -> None:
            await invocation.finish(await self._run(invocation))

        async with asyncio.TaskGroup() as tasks:
            command = tasks.create_task(work(), name="command")
            ears = tasks.create_task(invocation.listen(command), name="client of a command")
            command.add_done_callback(lambda _: ears.cancel())


class RemoteInvocation:
    """Satisfies `Invocation` for a command typed at the other end of the socket."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: Request, node_path: Path
    ) -> None:
        self.request = request
        self.node_path = node_path
        self._reader = reader
        self._writer = writer
        self._asked: deque[asyncio.Future[tuple[int, bytes]]] = deque()
        """What was asked and not answered yet: answers come in the order of the asks."""
        self._stop: Callable[[], None] | None = None
        self._then: tuple[str, ...] | None = None

    async def out(self, raw: bytes) -> None:
        await self._send(client.OUT, raw)

    async def err(self, raw: bytes) -> None:
        await self._send(client.ERR, raw)

    def hint(self, raw: bytes) -> None:
        if not self._writer.transport.is_closing() and not self._writer.transport.get_write_buffer_size():
            self._writer.write(_HEAD.pack(client.ERR, len(raw)) + raw)

    async def read(self, path: str | None) -> AsyncIterator[bytes]:
        kind, payload = await self._ask(b"open\n" + os.fsencode(path or ""))
        ahead: deque[asyncio.Future[tuple[int, bytes]]] = deque()
        while kind == client.PIECE and payload:
            while len(payload) == client.MAX_PIECE and len(ahead) < PIECES_AHEAD:  # of a short file there is no more
                ahead.append(await self._asking(b"piece"))
            yield payload
            kind, payload = await (ahead.popleft() if ahead else self._ask(b"piece"))
        if kind == client.ANSWER:
            raise unreadable(path, str(_split(payload)[0].get("unreadable")))

    async def ask_password(self, prompt: str) -> Plaintext | None:
        return await self._ask_for({"ask": "password", "prompt": prompt, "file": self.request.password_file})

    async def ask_new_password(self, prompt: str, variable: str) -> Plaintext | None:
        file = self.request.password_file if variable == "PK_PASSWORD" else None
        return await self._ask_for({"ask": "new_password", "prompt": prompt, "variable": variable, "file": file})

    async def ask_hidden(self, prompt: str) -> Plaintext | None:
        return await self._ask_for({"ask": "hidden", "prompt": prompt})

    async def edit(self, content: Plaintext, ending: str) -> Plaintext:
        edited = await self._ask_for({"ask": "edit", "ending": ending}, content.reveal())
        if edited is None:
            raise Malformed("The program that was to edit the secret gave nothing back. Nothing was saved.")
        return edited

    async def give_environment(self, assignments: Sequence[tuple[str, Plaintext]]) -> None:
        await self._send(client.ENVIRONMENT, b"".join(one + b"\0" for one in written_environment(assignments)))

    def end_agent_with(self, stop: Callable[[], None], then: tuple[str, ...] | None = None) -> None:
        self._stop, self._then = stop, then

    async def finish(self, code: int) -> None:
        """Hand over the exit code; then do what was to be done after it."""
        end = [str(code)] if self._stop is None else [str(code), *(self._then or ("",))]
        await self._send(client.EXIT, b"\0".join(map(os.fsencode, end)))
        if self._stop is not None:
            self._stop()

    async def listen(self, command: asyncio.Task[None]) -> None:
        """Take answers until the client is gone or says what it was not asked: then the command is cancelled."""
        try:
            while True:
                kind, size = _HEAD.unpack(await self._reader.readexactly(_HEAD.size))
                if size > MAX_ANSWER or not self._asked:
                    break
                payload = await self._reader.readexactly(size)
                asked = self._asked.popleft()
                if not asked.done():
                    asked.set_result((kind, payload))
        except (OSError, EOFError):
            pass
        command.cancel()

    async def _ask_for(self, ask: dict[str, object], body: bytes = b"") -> Plaintext | None:
        head, given = _split((await self._ask(json.dumps(ask).encode() + b"\n" + body))[1])
        match head.get("failed"):
            case [str(kind), str(message)]:
                raise kinds().get(kind, PkError)(safe_text(message, 1000))
        return Plaintext(given) if head.get("given") is True else None

    async def _ask(self, ask: bytes) -> tuple[int, bytes]:
        return await (await self._asking(ask))

    async def _asking(self, ask: bytes) -> asyncio.Future[tuple[int, bytes]]:
        """Ask; what is returned is waited for when the answer is needed."""
        asked: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()
        self._asked.append(asked)
        await self._send(client.ASK, ask)
        return asked

    async def _send(self, kind: int, payload: bytes) -> None:
        """In frames that the client can hold; waits while it is slow. If it is gone the command ends as if cancelled."""
        view = memoryview(payload)
        limit = client.MAX_PIECE if kind in (client.OUT, client.ERR) else len(payload)
        try:
            while True:
                part = view[:limit]
                if len(part) < _WORTH_A_CALL:
                    self._writer.write(_HEAD.pack(kind, len(part)) + part)
                else:
                    self._writer.write(_HEAD.pack(kind, len(part)))
                    self._writer.write(part)
                await self._writer.drain()
                view = view[limit:]
                if not view:
                    return
        except ConnectionError as error:
            raise asyncio.CancelledError from error


def _split(payload: bytes) -> tuple[dict[str, object], bytes]:
    """An answer's facts and bytes. Raises Malformed."""
    line, _, body = payload.partition(b"\n")
    try:
        head = json.loads(line)
    except ValueError as error:
        raise Malformed("The control socket was sent an answer that is none.") from error
    return (head if isinstance(head, dict) else {}), body


async def _refuse(writer: asyncio.StreamWriter, error: PkError, as_json: bool) -> None:
    text = error.message
    if as_json:
        text = json.dumps({"error": {"kind": error.kind, "message": text, "exit_code": error.exit_code}})
    raw = text.encode() + b"\n"
    end = str(error.exit_code).encode()
    writer.write(_HEAD.pack(client.ERR, len(raw)) + raw + _HEAD.pack(client.EXIT, len(end)) + end)
    await writer.drain()


def _private_listener(path: Path) -> socket.socket:
    """A bound socket of mode 0600, under any umask, from its first moment."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    except BaseException:
        listener.close()
        raise
    finally:
        os.umask(before)
    listener.setblocking(False)
    return listener
