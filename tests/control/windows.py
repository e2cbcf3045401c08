"""What the tests of attached windows need: values of any type the facade speaks of, an agent that writes down how it was
called, and the two ends of a line."""

from __future__ import annotations

import asyncio
import dataclasses
import types
import typing
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar, cast

from hypothesis import strategies as st

from pk_tui.api.facade import AgentApi
from pk_tui.control import attachment, remote
from pk_tui.control.calls import CALLS, Shape
from pk_tui.control.server import ControlServer
from pk_tui.errors import PkError
from pk_tui.home import Home
from pk_tui.plaintext import Plaintext
from pk_tui.terms import Address, ClaimId, CommitId, NodeId, NotificationId, SecretPath, VaultId

SECRET = b"correct horse battery staple"
"""A value that must show up nowhere."""

NODE, VAULT = NodeId(bytes(range(32))), VaultId(b"\x07" * 16)
COMMIT, NOTE = CommitId(b"\xc0" * 20), NotificationId(b"\x0a" * 16)
PATH = SecretPath.of(("prod", "db pässword"))

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
names = st.text("abcäöß漢🔑 .-_", min_size=1, max_size=8).filter(lambda name: name not in (".", ".."))
json_values = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts | st.lists(texts, max_size=3)

KNOWN: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    int: st.integers(-(2**63), 2**63 - 1),
    bool: st.booleans(),
    float: st.floats(allow_nan=False),
    bytes: st.binary(max_size=40),
    NodeId: st.builds(NodeId, st.binary(min_size=32, max_size=32)),
    VaultId: st.builds(VaultId, st.binary(min_size=16, max_size=16)),
    ClaimId: st.builds(ClaimId, st.binary(min_size=32, max_size=32)),
    CommitId: st.builds(CommitId, st.binary(min_size=20, max_size=20)),
    NotificationId: st.builds(NotificationId, st.binary(min_size=16, max_size=16)),
    SecretPath: st.lists(names, min_size=1, max_size=4).map(lambda parts: SecretPath.of(tuple(parts))),
    Address: st.builds(Address.parse, st.sampled_from(["bob.example", "::1", "10.0.0.1"]), st.integers(1, 65535)),
    Plaintext: st.builds(Plaintext, st.binary(max_size=40)),
    Path: st.lists(st.binary(min_size=1, max_size=9).filter(lambda raw: not {0, 47} & {*raw}), max_size=3).map(
        lambda parts: Path("/" + b"/".join(parts).decode("utf-8", "surrogateescape"))
    ),
    dict[str, object]: st.dictionaries(texts, json_values, max_size=4),
    type(None): st.none(),
}


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a type as the facade writes it."""
    if hint in KNOWN:
        return KNOWN[hint]
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return st.one_of([values_of(one) for one in args])
    if origin is tuple and args[-1:] != (...,):
        return st.tuples(*map(values_of, args))
    if origin in (tuple, Sequence, list):
        several = st.lists(values_of(args[0]), max_size=2)
        return several.map(tuple) if origin is tuple else several
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    assert dataclasses.is_dataclass(hint), f"no values of {hint} are known here"
    fields = typing.get_type_hints(hint)
    return st.builds(hint, **{one.name: values_of(fields[one.name]) for one in dataclasses.fields(hint)})


Method = Callable[..., Any]


class Recorder:
    """An agent that is told beforehand how each method, named as `vaults.list`, behaves; one that is told nothing
    returns None, or an empty list. `calls` holds the name and arguments of all calls."""

    def __init__(self, **methods: Method) -> None:
        self.methods: dict[str, Method] = {name.replace("__", "."): method for name, method in methods.items()}
        self.calls: list[tuple[str, dict[str, Any]]] = []

    @property
    def api(self) -> AgentApi:
        return cast(AgentApi, self)

    def __getattr__(self, name: str) -> Any:
        return self.method(name) if name == "events" else _Noun(self, name)

    def method(self, key: str) -> Method:
        def called(**arguments: Any) -> Any:
            self.calls.append((key, arguments))
            if key in self.methods:
                return self.methods[key](**arguments)
            return _nothing(key) if CALLS[key].shape is Shape.ANSWER else None

        return called


class _Noun:
    def __init__(self, recorder: Recorder, noun: str) -> None:
        self._recorder, self._noun = recorder, noun

    def __getattr__(self, name: str) -> Method:
        return self._recorder.method(f"{self._noun}.{name}")


async def _nothing(key: str) -> Any:
    return [] if typing.get_origin(CALLS[key]._returned) is Sequence else None


class Gate:
    """A method that waits until it is let through, and says when it was entered and how it was left."""

    def __init__(self, answer: Any = None) -> None:
        self.entered, self.open, self.left = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.at_once = self.most_at_once = 0
        self.cancelled = 0
        self._answer = answer

    async def __call__(self, **_: Any) -> Any:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.entered.set()
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.at_once -= 1
            self.left.set()
        return self._answer


@asynccontextmanager
async def serving(home: Home, api: Any, **hooks: Any) -> AsyncIterator[None]:
    """A server that takes windows if there is an agent for them, and an end to every raw window afterwards."""

    async def run(_: object) -> int:
        return 0

    try:
        async with ControlServer(home, run, None if api is None else lambda: api, **hooks):
            yield
    finally:
        while RawWindow.opened:
            RawWindow.opened.pop().close()
        await asyncio.sleep(0)


@asynccontextmanager
async def attached(home: Home, api: Any, **hooks: Any) -> AsyncIterator[remote.RemoteApi]:
    """A window attached to this agent over a real socket."""
    async with serving(home, api, **hooks), await remote.attach(str(home.path)) as window:
        yield window


class RawWindow:
    """The window's end of a line, frame by frame, for what no window of ours would say."""

    opened: ClassVar[list[RawWindow]] = []

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.opened.append(self)

    @classmethod
    async def greeting(cls, home: Home, greeting: bytes | None = None) -> RawWindow:
        window = cls(*await asyncio.open_unix_connection(home.path / "control.sock"))
        payload = attachment.greeting() if greeting is None else greeting
        window.writer.write(attachment.frame(attachment.ATTACH, payload))
        return window

    @classmethod
    async def attach(cls, home: Home) -> RawWindow:
        window = await cls.greeting(home)
        assert await window.hear() == (attachment.WELCOME, 0, b"")
        return window

    def say(self, kind: int, number: int, payload: bytes = b"") -> None:
        self.writer.write(attachment.call_frame(kind, number, payload))

    def call(self, number: int, key: str, parameters: bytes = b"\x90") -> None:
        self.say(attachment.CALL, number, key.encode() + b"\0" + parameters)

    async def hear(self) -> tuple[int, int, bytes]:
        """Kind, call and payload of the next frame. Raises IncompleteReadError at the end."""
        head = await self.reader.readexactly(5)
        payload = await self.reader.readexactly(int.from_bytes(head[1:], "big"))
        return head[0], int.from_bytes(payload[:4], "big"), payload[4:]

    async def failure(self) -> PkError:
        kind, _, payload = await self.hear()
        assert kind == attachment.FAILED
        return attachment.failure_of(payload)

    async def is_cut(self) -> bool:
        """True once the agent has let go; what it said before is read over."""
        try:
            while await self.reader.read(1 << 20):
                pass
        except ConnectionResetError:
            pass
        return True

    def close(self) -> None:
        self.writer.transport.abort()
