"""The holder's end of an attached window: carries out its calls on the agent, each a task of its own.

When the window is gone all its calls are cancelled, and waited for: what a call leaves behind is the agent's promise.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pk_tui.api.facade import AgentApi
from pk_tui.control.at_work import CallAtWork
from pk_tui.control.attachment import (
    CALL,
    CANCEL,
    EVENT,
    FAILED,
    MAX_CALLS,
    MAX_PARAMETERS,
    MAX_PIECE,
    MAX_RESULT,
    MAX_WINDOWS,
    OPENED,
    PART,
    PIECE,
    RESULT,
    WELCOME,
    Frames,
    after_number,
    call_frame,
    check_greeting,
    failure,
    frame,
    number_of,
    slices,
)
from pk_tui.control.calls import CALLS, Call, Hidden, Shape
from pk_tui.errors import Busy, Cancelled, Conflict, Malformed, Misuse, PkError
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text

Refuses = Callable[[], PkError | None]
Report = Callable[[BaseException], Path | None]


def no_refusal() -> PkError | None:
    return None


def no_report(_: BaseException) -> Path | None:
    return None


def passes_refusal(call: Call) -> bool:
    """True for calls that are carried out even while the node's holder refuses: those that see to the lock and the agent."""
    return call.noun == "lifecycle"


class Windows:
    """All windows of one holder. `attach` gives the agent for each; without it none is taken."""

    def __init__(self, attach: Callable[[], AgentApi] | None, refuses: Refuses, report: Report) -> None:
        self.open = 0
        self._attach, self._refuses, self._report = attach, refuses, report

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, greeting: bytes) -> None:
        """Serve the window that sent this greeting, or tell it why not."""
        try:
            api = self._api_for(greeting)
        except PkError as error:
            writer.write(call_frame(FAILED, 0, failure(error)))
            await writer.drain()
            return
        self.open += 1
        try:
            await AttachedWindow(reader, writer, api, self._refuses, self._report).serve()
        finally:
            self.open -= 1

    def _api_for(self, greeting: bytes) -> AgentApi:
        """Raises Conflict or Busy."""
        check_greeting(greeting)
        if self._attach is None:
            raise Busy("The program that holds this node takes no further windows. Close it, then try again.")
        if self.open >= MAX_WINDOWS:
            raise Busy(f"{MAX_WINDOWS} windows are attached to this agent already. Close one of them, then try again.")
        return self._attach()


class AttachedWindow:
    """One window, served from its greeting to its end. `refuses` is asked before each call; `report` keeps a report of our own
    mistakes and says where."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        api: AgentApi,
        refuses: Refuses = no_refusal,
        report: Report = no_report,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._api = api
        self._refuses = refuses
        self._report = report
        self._at_work: dict[int, CallAtWork] = {}
        self._last_number = 0
        self._sending = asyncio.Lock()
        self._replying = asyncio.Lock()

    async def serve(self) -> None:
        """Until the window closes its line, or breaks the rules of it: then it is let go without a word."""
        cancelled: asyncio.CancelledError | None = None
        async with asyncio.TaskGroup() as tasks:
            try:
                await self._send(frame(WELCOME))
                await self._listen(tasks)
            except (OSError, Malformed):
                pass
            except asyncio.CancelledError as error:
                cancelled = error  # kept from the group, which would cancel a second time what is being called off
            self._writer.transport.abort()  # so that no call waits for a window that reads no more
            for at_work in list(self._at_work.values()):
                at_work.call_off()
        if cancelled is not None:
            raise cancelled

    async def _listen(self, tasks: asyncio.TaskGroup) -> None:
        frames = Frames()
        while received := await self._reader.read(MAX_PIECE):
            for kind, payload in frames.feed(received):
                self._take(kind, number_of(payload), payload, tasks)
            await self._writer.drain()  # who does not read is not heard: what is said without waiting stays little

    def _take(self, kind: int, number: int, payload: bytes, tasks: asyncio.TaskGroup) -> None:
        """One frame of the window. Raises Malformed."""
        if kind == CALL:
            if number <= self._last_number:
                raise Malformed("A call on the control socket has a number that was used before.")
            self._last_number = number
            self._begin(number, after_number(payload), tasks)
        elif (at_work := self._at_work.get(number)) is None:
            if number > self._last_number:
                raise Malformed("A frame on the control socket is of a call that was never made.")
            # else it was sent before the window could know that the call had ended
        elif kind == CANCEL:
            at_work.call_off()
        else:
            at_work.take(kind, payload)

    def _begin(self, number: int, payload: bytes, tasks: asyncio.TaskGroup) -> None:
        name, _, parameters = payload.partition(b"\0")
        try:
            call = CALLS.get(name.decode(errors="replace"))
            if call is None:
                raise Conflict("The running agent does not know what it was asked to do. Restart the agent.")
            refusal = None if passes_refusal(call) else self._refuses()
            if refusal is not None:
                raise refusal
            if call.shape is not Shape.NOTICE:
                self._require_room(len(parameters))
            arguments = call.arguments(parameters)
            if call.shape is Shape.NOTICE:
                with self._reported():
                    self._method(call)(**arguments)
                return
        except PkError as error:
            self._say(call_frame(FAILED, number, failure(error)))
            return
        at_work = self._at_work[number] = CallAtWork(number, call, len(parameters), self._say, self._send)
        at_work.task = tasks.create_task(self._conduct(at_work, Hidden(arguments.items())), name=f"call of {call.key}")

    def _require_room(self, size: int) -> None:
        held = sum(at_work.size for at_work in self._at_work.values())
        if len(self._at_work) >= MAX_CALLS or held + size > MAX_PARAMETERS:
            raise Busy("The agent is at work on too much else for this window. Try again when some of it has ended.")

    async def _conduct(self, at_work: CallAtWork, arguments: Hidden) -> None:
        """One call, from its beginning to its last frame."""
        try:
            at_work.begin()
            with self._reported():
                value = await self._carry_out(at_work, dict(arguments))
            await self._reply(at_work, value)
        except PkError as error:
            await self._end(at_work, FAILED, failure(error))
        except asyncio.CancelledError:
            await self._end(at_work, FAILED, failure(Cancelled("The call was called off. Nothing half-done is left.")))

    async def _carry_out(self, at_work: CallAtWork, arguments: dict[str, Any]) -> object:
        call = at_work.call
        if call.progress:
            arguments[call.progress] = at_work.progress if arguments[call.progress] else None
        if call.content:
            arguments[call.content] = at_work.content()
        method = self._method(call)
        if call.shape is Shape.PIECES:
            await self._read(at_work, method(**arguments))
        elif call.shape is Shape.EVENTS:
            async with method(**arguments) as events:
                self._say(call_frame(OPENED, at_work.number))
                async for event in events:
                    await at_work.send_ahead(EVENT, call.events.encode(event))
        else:
            return await method(**arguments)
        return None

    async def _read(self, at_work: CallAtWork, pieces: AsyncIterator[Any]) -> None:
        try:
            async for piece in pieces:
                for part in slices(piece.reveal() if isinstance(piece, Plaintext) else piece):
                    await at_work.send_ahead(PIECE, part)
        finally:
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()

    def _method(self, call: Call) -> Callable[..., Any]:
        owner = getattr(self._api, call.noun) if call.noun else self._api
        method: Callable[..., Any] = getattr(owner, call.name)
        return method

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Make of our own mistakes a PkError that shows nothing of them, after they were reported."""
        try:
            yield
        except (PkError, asyncio.CancelledError):
            raise
        except Exception as error:
            report = self._report(error)
            where = (
                f"A report without any of your data is in “{safe_text(str(report), 300)}”"
                if report
                else "No report could be kept"
            )
            raise PkError(
                f"The agent failed ({type(error).__name__}): that is our mistake, not yours. {where}."
            ) from None

    async def _reply(self, at_work: CallAtWork, value: object) -> None:
        """One answer at a time, so that a slow window leaves no more than one of them waiting as bytes."""
        async with self._replying:
            raw = at_work.call.result.encode(value)
            if len(raw) > MAX_RESULT:
                raise Misuse(
                    "The answer is too large to be handed over. Ask for less at a time, such as one directory."
                )
            *parts, last = slices(raw)
            for part in parts:
                await self._send(call_frame(PART, at_work.number, part))
            at_work.tell_last()
            await self._end(at_work, RESULT, last)

    async def _end(self, at_work: CallAtWork, kind: int, last: bytes | memoryview) -> None:
        if at_work.end():
            del self._at_work[at_work.number]
            await self._send(call_frame(kind, at_work.number, last))

    async def _send(self, raw: bytes) -> None:
        """Waits while the window is slow. If it is gone the call ends as if cancelled."""
        try:
            async with self._sending:
                self._writer.write(raw)
                await self._writer.drain()
        except ConnectionError as error:
            raise asyncio.CancelledError from error

    def _say(self, raw: bytes) -> None:
        """Send a small frame without waiting."""
        if not self._writer.transport.is_closing():
            self._writer.write(raw)
