"""An agent that another process holds, as the same typed API: each call goes over its control socket.

Everything happens on the loop that attached. What is sent back arrives by callback and needs no task, so a `RemoteApi` is
open from `attach` to `aclose`. Calling off a call waits until the agent has tidied up, as it does for an agent in this
process. When the agent goes away, or breaks the rules of the line, `closed` is set, each call that waits and each later one
raises Busy, and streams of events end.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, Self, cast

from pk_tui.api.audit import Audit
from pk_tui.api.events import AgentEvent
from pk_tui.api.facade import Gestalts, Lifecycle, Nodes, Notifications, Secrets, Vaults
from pk_tui.api.items import Items
from pk_tui.api.keys import Keys
from pk_tui.api.trust import Linking
from pk_tui.control import attachment, client
from pk_tui.control.attachment import MAX_CALL, MAX_CALLS, call_frame, frame, number_of, slices
from pk_tui.control.calls import CALLS, Call, Given, Shape
from pk_tui.control.line import Line
from pk_tui.control.pending import PendingCall
from pk_tui.errors import Busy, Malformed, Misuse, PkError, kinds
from pk_tui.plaintext import Plaintext

ATTACH_WITHIN = 10.0
"""Seconds from connecting to the agent's welcome."""
CLOSE_WITHIN = 1.0
"""Seconds for what was said last to be taken before the line is cut."""


async def attach(node_path: str) -> RemoteApi:
    """The agent that holds the node in this directory. Raises Busy if there is none, or it takes no windows, and Conflict if
    it is of another version."""
    try:
        bare = client.connect(node_path)
    except client.Fault as fault:
        raise kinds().get(fault.kind, PkError)(fault.message) from None
    if bare is None:
        raise Busy("No agent holds this node any more. Open the node with its password instead.")
    remote = RemoteApi()
    connected = socket.socket(fileno=bare.detach())
    try:
        connected.setblocking(False)
        await asyncio.get_running_loop().create_unix_connection(lambda: remote._line, sock=connected)
    except BaseException:
        connected.close()
        raise
    try:
        async with asyncio.timeout(ATTACH_WITHIN):
            await remote._greet()
    except TimeoutError:
        await remote.aclose()
        raise Busy("The agent that holds this node does not answer. `pk-tui agent status` says more.") from None
    except BaseException:
        await remote.aclose()
        raise
    return remote


class _Noun:
    """The calls of one noun, as methods: made from the Protocol, so that none can be forgotten, each when it is first used."""

    def __init__(self, remote: RemoteApi, noun: str) -> None:
        self._remote, self._noun = remote, noun

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = CALLS.get(f"{self._noun}.{name}")
        if call is None:
            raise AttributeError(f"there is no call {self._noun}.{name}")
        method = self._remote._method(call)
        setattr(self, name, method)
        return method


class RemoteApi:
    """Satisfies `api.facade.AgentApi`. Made by `attach`; may be used as a context manager."""

    def __init__(self) -> None:
        self._line = Line(self._received, self._lost)
        self._welcomed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pending: dict[int, PendingCall] = {}
        self._last_number = 0
        self._places = asyncio.Semaphore(MAX_CALLS)
        self._why_lost = "The agent that held this node in the background has ended. Open the node with its password."
        self._nouns = {noun: _Noun(self, noun) for noun in {call.noun for call in CALLS.values() if call.noun}}

    @property
    def lifecycle(self) -> Lifecycle:
        return cast(Lifecycle, self._nouns["lifecycle"])

    @property
    def vaults(self) -> Vaults:
        return cast(Vaults, self._nouns["vaults"])

    @property
    def secrets(self) -> Secrets:
        return cast(Secrets, self._nouns["secrets"])

    @property
    def items(self) -> Items:
        return cast(Items, self._nouns["items"])

    @property
    def nodes(self) -> Nodes:
        return cast(Nodes, self._nouns["nodes"])

    @property
    def gestalts(self) -> Gestalts:
        return cast(Gestalts, self._nouns["gestalts"])

    @property
    def linking(self) -> Linking:
        return cast(Linking, self._nouns["linking"])

    @property
    def notifications(self) -> Notifications:
        return cast(Notifications, self._nouns["notifications"])

    @property
    def keys(self) -> Keys:
        return cast(Keys, self._nouns["keys"])

    @property
    def audit(self) -> Audit:
        return cast(Audit, self._nouns["audit"])

    def events(self) -> AbstractAsyncContextManager[AsyncIterator[AgentEvent]]:
        return self._events(CALLS["events"])

    @property
    def closed(self) -> asyncio.Event:
        """Set as soon as the line to the agent is gone, whoever ended it."""
        return self._line.closed

    async def aclose(self) -> None:
        """Let go of the agent, which calls off whatever this window still asks of it."""
        if not self.closed.is_set():
            self._why_lost = "This window has let go of the agent."
        await self._line.aclose(CLOSE_WITHIN)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    # The calls, by their shape

    def _method(self, call: Call) -> Callable[..., Any]:
        of_shape: dict[Shape, Callable[..., Any]] = {
            Shape.ANSWER: self._answer,
            Shape.PIECES: self._pieces,
            Shape.EVENTS: self._events,
            Shape.NOTICE: self._notice,
        }
        return partial(of_shape[call.shape], call)

    async def _answer(self, call: Call, /, *args: Any, **kwargs: Any) -> Any:
        given = call.given(args, kwargs)
        pending = await self._begin(call, given)
        try:
            if given.content is None:
                await pending.over()
            else:
                async with asyncio.TaskGroup() as tasks:
                    pouring = tasks.create_task(self._pour(pending, given.content), name="content of a secret")
                    await pending.over()
                    pouring.cancel()
        except asyncio.CancelledError:
            self._call_off(pending)
            await pending.over()
            raise
        pending.raise_failure()
        return call.result.decode(pending.answer)

    async def _pour(self, pending: PendingCall, content: AsyncIterator[bytes]) -> None:
        """Send what is to be written, as far as the agent wants it. If its source fails the call is called off."""
        try:
            async for piece in content:
                for part in slices(piece):
                    if not await pending.is_wanted():
                        return
                    self._say(attachment.CONTENT, pending, part)
            self._say(attachment.CONTENT_END, pending)
        except asyncio.CancelledError:
            self._call_off(pending)  # by whoever gives the content, perhaps: then the agent would wait for the rest
            raise
        except Exception as error:
            self._give_up(pending, error)

    async def _pieces(self, call: Call, /, *args: Any, **kwargs: Any) -> AsyncIterator[Plaintext | bytes]:
        given = call.given(args, kwargs)
        pending = await self._begin(call, given)
        try:
            parts = _parts(given.content) if given.content else None
            while parts is not None:
                # Not poured by a task of its own: whoever takes the pieces may stop at any of them, and then so does this.
                # One part at a time, since the agent goes on only if what it gives is taken.
                if not await pending.something_arrived():
                    part = await anext(parts, None)
                    if part is None:
                        self._say(attachment.CONTENT_END, pending)
                        parts = None
                    elif await pending.is_wanted():
                        self._say(attachment.CONTENT, pending, part)
                elif (raw := await pending.arrived()) is None:
                    parts = None
                else:
                    self._say(attachment.TAKEN, pending)
                    yield call.piece(raw)
            while (raw := await pending.arrived()) is not None:
                self._say(attachment.TAKEN, pending)
                yield call.piece(raw)
            pending.raise_failure()
        finally:
            self._call_off(pending)

    @asynccontextmanager
    async def _events(self, call: Call, /, *args: Any, **kwargs: Any) -> AsyncIterator[AsyncIterator[Any]]:
        pending = await self._begin(call, call.given(args, kwargs))

        async def told() -> AsyncIterator[Any]:
            while (raw := await pending.arrived()) is not None:
                self._say(attachment.TAKEN, pending)
                yield call.events.decode(raw)
            if not self.closed.is_set():
                pending.raise_failure()

        try:
            await pending.opened()
            yield told()
        finally:
            self._call_off(pending)

    def _notice(self, call: Call, /, *args: Any, **kwargs: Any) -> None:
        raw = self._written(call, call.given(args, kwargs))
        self._require_line()
        self._last_number += 1
        self._line.send(call_frame(attachment.CALL, self._last_number, raw))

    async def _begin(self, call: Call, given: Given) -> PendingCall:
        raw = self._written(call, given)
        self._require_line()
        await self._places.acquire()
        try:
            self._require_line()
        except PkError:
            self._places.release()
            raise
        self._last_number += 1
        pending = self._pending[self._last_number] = PendingCall(self._last_number, call, given.progress)
        self._say(attachment.CALL, pending, raw)
        return pending

    def _written(self, call: Call, given: Given) -> bytes:
        """The call as it goes over the line. Raises Misuse."""
        try:
            raw = call.parameters.encode(given.values)
        except Malformed:
            raise Misuse("What was given holds text that is not valid UTF-8, or a number that is too large.") from None
        if len(raw) > MAX_CALL:
            raise Misuse("That is too much at once for the agent. Do it in several steps.")
        return call.key.encode() + b"\0" + raw

    def _require_line(self) -> None:
        if self.closed.is_set():
            raise Busy(self._why_lost)

    def _call_off(self, pending: PendingCall) -> None:
        if not pending.is_over:
            self._say(attachment.CANCEL, pending)

    def _give_up(self, pending: PendingCall, error: Exception) -> None:
        """Call it off for a mistake at this end, which the caller is to see."""
        pending.failure = pending.failure or error
        self._call_off(pending)

    def _say(self, kind: int, pending: PendingCall, payload: bytes | memoryview = b"") -> None:
        if not pending.is_over:
            self._line.send(call_frame(kind, pending.number, payload))

    # What the agent says

    async def _greet(self) -> None:
        self._line.send(frame(attachment.ATTACH, attachment.greeting()))
        await self._welcomed

    def _received(self, kind: int, payload: bytes) -> None:
        """One frame of the agent's. Raises Malformed, which ends the line."""
        if not self._welcomed.done():
            if kind == attachment.WELCOME:
                self._welcomed.set_result(None)
            elif kind == attachment.FAILED:
                self._welcomed.set_exception(attachment.failure_of(attachment.after_number(payload)))
            else:
                raise Malformed("The agent answers in a way that this program does not know.")
            return
        number, rest = number_of(payload), attachment.after_number(payload)
        pending = self._pending.get(number)
        if pending is None:
            if number > self._last_number:
                raise Malformed("The agent answers what it was not asked.")
            return  # a notice could not be carried out: nobody waits to hear that
        if kind == attachment.PROGRESS:
            self._hear_progress(pending, rest)
        elif kind == attachment.RESULT:
            pending.add_answer(rest)
            self._finish(pending)
        elif kind == attachment.FAILED:
            pending.failure = pending.failure or attachment.failure_of(rest)
            self._finish(pending)
        else:
            pending.take(kind, rest)

    def _hear_progress(self, pending: PendingCall, raw: bytes) -> None:
        self._say(attachment.TAKEN, pending)
        try:
            pending.tell_progress(raw)
        except Exception as error:
            self._give_up(pending, error)

    def _finish(self, pending: PendingCall) -> None:
        del self._pending[pending.number]
        self._places.release()
        pending.finish()

    def _lost(self, broken: bool) -> None:
        """The line is gone; `broken` if the agent did not keep to its rules."""
        if broken:
            self._why_lost = "The agent answered in a way that makes no sense to this program. Restart the agent."
        if not self._welcomed.done():
            self._welcomed.set_exception(Busy(self._why_lost))
        for pending in list(self._pending.values()):
            pending.failure = pending.failure or Busy(self._why_lost)
            self._finish(pending)


async def _parts(content: AsyncIterator[bytes]) -> AsyncIterator[memoryview]:
    """The content in pieces that a frame takes."""
    async for piece in content:
        for part in slices(piece):
            yield part
