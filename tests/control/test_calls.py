"""Whatever the facade promises has a place on the line, and its values come through it unchanged."""

from __future__ import annotations

import dataclasses
import os
import typing
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pytest
from control.windows import NODE, PATH, SECRET, values_of
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.api import events, facade, views
from pk_tui.api.facade import OnProgress
from pk_tui.control.calls import CALLS, PROGRESS_CODEC, Call, Hidden, Shape, check_terms
from pk_tui.errors import Malformed
from pk_tui.plaintext import Plaintext
from pk_tui.terms import Address, SecretPath

NOUNS = {
    name: typing.get_type_hints(member.fget)["return"]
    for name, member in vars(facade.AgentApi).items()
    if isinstance(member, property)
}


def test_every_method_of_every_noun_has_a_call() -> None:
    promised = {f"{noun}.{name}" for noun, kind in NOUNS.items() for name in vars(kind) if not name.startswith("_")}

    assert len(NOUNS) == 10
    assert set(CALLS) == promised | {"events"}


def test_only_what_is_not_awaited_has_a_special_shape() -> None:
    special = {call.key: call.shape for call in CALLS.values() if call.shape is not Shape.ANSWER}

    assert special == {
        "events": Shape.EVENTS,
        "secrets.read": Shape.PIECES,
        "keys.encrypt": Shape.PIECES,
        "keys.decrypt": Shape.PIECES,
        "audit.follow": Shape.EVENTS,
        "lifecycle.request_stop": Shape.NOTICE,
    }
    taking_content = {"secrets.write", "keys.sign", "keys.verify", "keys.encrypt", "keys.decrypt"}
    assert {call.key for call in CALLS.values() if call.content} == taking_content
    assert {call.key for call in CALLS.values() if call.progress} == {
        "vaults.clone",
        "vaults.pull",
        "vaults.plan_import",
        "vaults.import_from",
        "vaults.export",
        "vaults.fork",
        "vaults.forget",
        "lifecycle.check",
        "lifecycle.backup",
        "lifecycle.tidy",
    }


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@settings(max_examples=10)
@given(st.data())
def test_parameters_and_result_of_every_method_come_through(call: Call, data: st.DataObject) -> None:
    sent = {name: data.draw(values_of(kind)) for name, kind in call.values.items()}
    arguments = call.arguments(call.parameters.encode(tuple(sent.values())))

    assert arguments == sent
    assert {name: type(value) for name, value in arguments.items()} == {name: type(sent[name]) for name in sent}
    if call.shape is Shape.ANSWER:
        returned = data.draw(values_of(call._returned))
        assert call.result.decode(call.result.encode(returned)) == returned


VIEWS = [one for one in vars(views).values() if dataclasses.is_dataclass(one)]


def test_every_view_is_part_of_some_answer() -> None:
    """So that the walk above has tried each of them."""
    reached: set[Any] = set()
    todo = [call._returned for call in CALLS.values()]
    while todo:
        hint = todo.pop()
        todo += typing.get_args(hint)
        if dataclasses.is_dataclass(hint) and hint not in reached:
            reached.add(hint)
            todo += typing.get_type_hints(hint).values()

    assert set(VIEWS) - reached == {views.Progress}


@given(values_of(views.Progress))
def test_progress_comes_through(progress: views.Progress) -> None:
    assert PROGRESS_CODEC.decode(PROGRESS_CODEC.encode(progress)) == progress


@given(values_of(events.AgentEvent))
def test_every_event_comes_through(event: object) -> None:
    codec = CALLS["events"].events

    assert codec.decode(codec.encode(event)) == event


@pytest.mark.parametrize("raw", [b"", b"VaultChanged", b"Unknown\0\x80", b"\xff\0\x80", b"LockChanged\0\x80"])
def test_what_is_no_event_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        CALLS["events"].events.decode(raw)


def test_arguments_are_bound_as_the_method_would() -> None:
    clone = CALLS["vaults.clone"]
    given = clone.given(("work", "bob"), {"progress": print})

    assert given.values == ("work", "bob", None, True)
    assert given.progress is print
    assert clone.given(("work", "bob"), {}).values[-1] is False
    with pytest.raises(TypeError):
        clone.given(("work",), {})
    with pytest.raises(TypeError):
        clone.given(("work", "bob"), {"surplus": 1})


def test_content_and_callbacks_do_not_travel() -> None:
    async def content() -> AsyncIterator[bytes]:
        yield SECRET

    stream = content()
    given = CALLS["secrets.write"].given(("work", PATH, stream), {"create_only": True})

    assert given.values == ("work", PATH, True)
    assert given.content is stream


def test_a_directory_is_named_from_the_root_since_the_agent_works_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    call = CALLS["vaults.import_from"]
    raw = call.parameters.encode(call.given(("work", Path("here")), {}).values)

    assert call.arguments(raw)["source"] == Path(os.getcwd()) / "here"


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("secrets.stat", ["work", {"parts": ["a", ".."]}]),
        ("secrets.stat", ["work", {"parts": []}]),
        ("secrets.stat", ["work", {"parts": ["a/b"]}]),
        ("secrets.stat", ["work", {"parts": ["a"] * 65}]),
        ("secrets.remove", [[["work", {"parts": ["\x1b[2J"]}]], False]),
        ("secrets.list", ["work", {"parts": [".git"]}, False]),
        ("nodes.add", [{"raw": bytes(32)}, {"host": "bob\n", "port": 1}, True]),
        ("nodes.add", [{"raw": bytes(32)}, {"host": "[::1]", "port": 1}, True]),
        ("nodes.add", [{"raw": bytes(32)}, {"host": "bob", "port": 0}, True]),
        ("nodes.add", [{"raw": bytes(31)}, {"host": "bob", "port": 1}, True]),
        ("nodes.add", [{"raw": bytes(32)}, {"host": "bob", "port": 1}, 1]),
        ("gestalts.allow", ["bob", "rule"]),
        ("lifecycle.unlock", ["text"]),
        ("lifecycle.unlock", []),
        ("lifecycle.unlock", [b"a", b"b"]),
        ("vaults.import_from", ["work", "text", "dir", None, False, None]),
    ],
)
def test_a_parameter_that_breaks_the_rules_of_its_type_is_refused(key: str, values: list[object]) -> None:
    with pytest.raises(Malformed):
        CALLS[key].arguments(msgspec.msgpack.encode(values))


def test_terms_are_found_wherever_they_are() -> None:
    check_terms([("work", SecretPath(("a",))), Address("bob", 1), NODE, None])
    with pytest.raises(Malformed):
        check_terms([("work", SecretPath(("a",))), [("work", SecretPath(("",)))]])


def test_neither_arguments_nor_calls_print_a_secret() -> None:
    call = CALLS["lifecycle.unlock"]
    given = call.given((Plaintext(SECRET),), {})
    plain = Hidden((SECRET,))

    for shown in (repr(given), str(given), repr(call), repr(plain), f"{plain}"):
        assert SECRET.decode() not in shown
    with pytest.raises(Malformed) as refused:
        call.arguments(msgspec.msgpack.encode([SECRET.decode()]))
    assert SECRET.decode() not in str(refused.value)
    assert refused.value.__cause__ is None


class Grown(Protocol):
    """As if the facade had grown."""

    async def paint(self, colours: dict[str, tuple[SecretPath, ...]], progress: OnProgress = None) -> list[int]: ...
    def told(
        self, since: int
    ) -> AbstractAsyncContextManager[AsyncIterator[events.VaultChanged | events.LockChanged]]: ...
    def forget(self) -> None: ...
    def odd(self) -> int: ...


def test_a_new_method_needs_nothing_but_its_promise() -> None:
    paint = Call("walls", "paint", Grown.paint)
    sent = ({"red": (PATH,)}, True)

    assert (paint.key, paint.shape, paint.progress) == ("walls.paint", Shape.ANSWER, "progress")
    assert tuple(paint.arguments(paint.parameters.encode(sent)).values()) == sent
    assert paint.result.decode(paint.result.encode([1, 2])) == [1, 2]
    told = Call("", "told", Grown.told)
    assert told.shape is Shape.EVENTS
    assert told.events.decode(told.events.encode(events.LockChanged(True))) == events.LockChanged(True)
    assert Call("walls", "forget", Grown.forget).shape is Shape.NOTICE


def test_what_cannot_travel_is_refused_and_there_is_none_of_it() -> None:
    with pytest.raises(TypeError, match="odd"):
        assert Call("walls", "odd", Grown.odd).shape
    assert all(call.shape in Shape for call in CALLS.values())
