"""Every call that an attached window can make, read from the Protocols of `api.facade`: a method added there needs nothing here.

A method's parameters travel as one array in their order, all of them, defaults included. Of an `OnProgress` callback only
travels whether there is one: it stays at the window, which is sent the newest Progress. An `AsyncIterator[bytes]` is not
among them: it is sent piece by piece. Which frames carry all this, `attachment` knows; who sends them, `remote` and `attached`.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any, get_args, get_origin, get_type_hints

from pk_tui.api.facade import AgentApi, OnProgress
from pk_tui.api.views import Progress
from pk_tui.control.attachment import MAX_CALL, MAX_RESULT
from pk_tui.errors import Malformed, Misuse
from pk_tui.plaintext import Plaintext
from pk_tui.records import ValueCodec
from pk_tui.terms import Address, SecretPath


class Shape(Enum):
    """What a method gives back."""

    ANSWER = "awaited, one value"
    PIECES = "an iterator over pieces of a secret, or of what is no secret"
    EVENTS = "a context within which events are told"
    NOTICE = "nothing, and at once"


class Hidden(tuple[Any, ...]):
    """A tuple that does not print what it holds."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "‹hidden›"


@dataclass(frozen=True, slots=True)
class Given:
    """The arguments of one call. `values` are those that travel as parameters; a password may be among them."""

    values: Hidden
    progress: Callable[[Progress], None] | None
    content: AsyncIterator[bytes] | None


class Call:
    """One method: how it is called, and how its values travel. `noun` is empty for a method of the facade itself. All of it is
    worked out when it is asked for: a window makes few of the calls before its first picture."""

    def __init__(self, noun: str, name: str, method: Callable[..., Any]) -> None:
        self.noun, self.name = noun, name
        self._method = method

    @cached_property
    def _types(self) -> dict[str, Any]:
        return {name: kind for name, kind in self._hints.items() if name != "return"}

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self._method)

    @property
    def _returned(self) -> Any:
        return self._hints["return"]

    @cached_property
    def _signature(self) -> inspect.Signature:
        return inspect.signature(self._method)

    @cached_property
    def progress(self) -> str | None:
        """The parameter that takes progress."""
        return self._named(OnProgress)

    @cached_property
    def content(self) -> str | None:
        """The parameter that gives what is to be written."""
        return self._named(AsyncIterator[bytes])

    @cached_property
    def values(self) -> dict[str, Any]:
        """The parameters that travel, with their types."""
        found = {name: kind for name, kind in self._types.items() if name != self.content}
        return found | {self.progress: bool} if self.progress else found

    @cached_property
    def shape(self) -> Shape:
        """Raises TypeError for a method that gives back what cannot travel."""
        return _shape(self._method, self._returned)

    def __repr__(self) -> str:
        return f"Call({self.key})"

    @property
    def key(self) -> str:
        return f"{self.noun}.{self.name}" if self.noun else self.name

    @cached_property
    def parameters(self) -> ValueCodec[tuple[Any, ...]]:
        return ValueCodec(tuple[tuple(self.values.values())], MAX_CALL, _plain, _value)  # type: ignore[misc]

    @cached_property
    def result(self) -> ValueCodec[Any]:
        return ValueCodec(self._returned if self.shape is Shape.ANSWER else None, MAX_RESULT, _plain, _value)

    @property
    def piece(self) -> type[Plaintext] | type[bytes]:
        """What the pieces of Shape.PIECES are."""
        return bytes if self._returned == AsyncIterator[bytes] else Plaintext

    @cached_property
    def events(self) -> Variants:
        """The codec of what a context of Shape.EVENTS tells."""
        (stream,) = get_args(self._returned)[:1]
        return Variants(get_args(stream)[0])

    def given(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Given:
        """Arguments as Python binds them. Raises TypeError as the method itself would."""
        bound = self._signature.bind(None, *args, **kwargs)  # None: the place of `self`
        bound.apply_defaults()
        found = dict(bound.arguments)
        progress, content = (found[one] if one else None for one in (self.progress, self.content))
        if self.progress:
            found[self.progress] = progress is not None
        return Given(Hidden(found[one] for one in self.values), progress, content)

    def arguments(self, raw: bytes) -> dict[str, Any]:
        """The parameters that were sent, by name, each of a type that cannot be wrong. Raises Malformed."""
        values = self.parameters.decode(raw)
        check_terms(values)
        return dict(zip(self.values, values, strict=True))

    def _named(self, kind: Any) -> str | None:
        return next((name for name, one in self._types.items() if one == kind), None)


class Variants:
    """A codec for a union of dataclasses, or for one of them: the name of the class, a zero byte, the value."""

    def __init__(self, union: Any) -> None:
        kinds = get_args(union) or (union,)
        self._codecs = {one.__name__: ValueCodec[Any](one, MAX_CALL, _plain, _value) for one in kinds}

    def encode(self, value: object) -> bytes:
        name = type(value).__name__
        return name.encode() + b"\0" + self._codecs[name].encode(value)

    def decode(self, raw: bytes) -> Any:
        """Raises Malformed."""
        name, _, value = raw.partition(b"\0")
        codec = self._codecs.get(name.decode(errors="replace"))
        if codec is None:
            raise Malformed("The agent tells of something that this program does not know.")
        return codec.decode(value)


def check_terms(value: object) -> None:
    """Hold terms that came over the line to those rules of their `parse` that their constructor leaves out. Raises Malformed."""
    try:
        match value:
            case SecretPath(parts):
                SecretPath.of(parts)
            case Address(host, port):
                if Address.parse(host, port) != value:
                    raise Malformed("An address on the control socket is not written as it should be.")
            case list() | tuple():
                for one in value:
                    check_terms(one)
    except Misuse as error:
        raise Malformed("A name on the control socket breaks the rules for such names.") from error


def _shape(method: Callable[..., Any], returned: Any) -> Shape:
    if inspect.iscoroutinefunction(method):
        return Shape.ANSWER
    if returned in (AsyncIterator[Plaintext], AsyncIterator[bytes]):
        return Shape.PIECES
    if get_origin(returned) is AbstractAsyncContextManager:
        return Shape.EVENTS
    if returned is type(None):
        return Shape.NOTICE
    raise TypeError(f"There is no way to carry what {method.__qualname__} returns over a line.")


def _plain(value: object) -> bytes:
    if isinstance(value, Plaintext):
        return value.reveal()
    if isinstance(value, PurePath):
        return os.fsencode(Path(value).absolute())  # the agent works in another directory
    raise TypeError


def _value(kind: type[Any], plain: object) -> object:
    if kind is object:  # what a notification says, of text, numbers and lists
        return plain
    if kind is Plaintext and isinstance(plain, bytes):
        return Plaintext(plain)
    if kind is Path and isinstance(plain, bytes):
        return Path(os.fsdecode(plain))
    raise TypeError


def _calls_of(facade: type) -> dict[str, Call]:
    found: list[Call] = []
    for name, member in inspect.getmembers(facade, lambda one: inspect.isfunction(one) or isinstance(one, property)):
        if isinstance(member, property):
            noun = get_type_hints(member.fget)["return"]
            methods = inspect.getmembers(noun, inspect.isfunction)
            found += [Call(name, method, one) for method, one in methods if not method.startswith("_")]
        elif not name.startswith("_"):
            found.append(Call("", name, member))
    return {call.key: call for call in found}


PROGRESS_CODEC: ValueCodec[Progress] = ValueCodec(Progress, MAX_CALL, _plain, _value)
CALLS: Mapping[str, Call] = _calls_of(AgentApi)
"""Every call by its key, such as `vaults.clone`."""
