"""What is asked for chains, and which answers are taken for one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from agent.actors import EPOCH, refused
from agent.linked import REFUSED, Said, Teller
from simulator import World, eventually, simulate

from pk_tui.agent.chain_requests import (
    MAX_CHAIN_BYTES,
    WITHIN,
    ask_claims,
    ask_fork,
    ask_heads,
    ask_to_agree,
)
from pk_tui.errors import PeerMisbehaved, PermissionDenied, PkError, Unreachable
from pk_tui.net.link import Link
from pk_tui.terms import NodeId
from pk_tui.trust.sigchain import MAX_CLAIMS
from pk_tui.wire.messages import Failure, encode_message
from pk_tui.wire.trust_messages import Agreed, AskClaims, AskFork, Claims, ForkShown, Heads, Propose

NODE = NodeId(b"n" * 32)


def page(*claims: bytes) -> bytes:
    return encode_message(Claims(claims))


def asking(said: Sequence[Said], ask: Callable[[Link], Awaitable[Any]]) -> Any:
    """What an agent gets of a peer that answers so, and what the peer was asked."""

    async def scenario(w: World) -> Any:
        alice = await w.add("alice")
        mallory = Teller(w)
        await mallory.meet("alice")
        (link,) = await linked(alice)
        await asyncio.sleep(5)
        mallory.asked.clear()
        mallory.lie = lambda link, question: said
        got = await ask(link)
        return got, mallory.asked

    return simulate(scenario)


async def linked(agent: Any) -> list[Link]:
    async def there() -> bool:
        return bool(agent._gate.core().peers.live())

    await eventually(there)
    return list(agent._gate.core().peers.live())


def test_each_question_is_put_and_its_answer_taken() -> None:
    assert asking([page(b"a", b"b"), page(b"c")], lambda link: ask_claims(link, NODE, 7)) == (
        [b"a", b"b", b"c"],
        [AskClaims(NODE.raw, 7)],
    )
    assert asking([], lambda link: ask_claims(link, NODE, 0))[0] == []
    shown = ForkShown(b"one", b"other")
    assert asking([encode_message(shown)], lambda link: ask_fork(link, NODE)) == ((shown, []), [AskFork(NODE.raw)])
    assert asking([encode_message(shown), page(b"a")], lambda link: ask_fork(link, NODE))[0] == (shown, [b"a"])
    assert asking([encode_message(Heads(()))], lambda link: ask_heads(link, ())) == ((), [Heads(())])
    assert asking([encode_message(Agreed(b"both"))], lambda link: ask_to_agree(link, b"half")) == (
        b"both",
        [Propose(b"half")],
    )


ASKS: dict[str, Callable[[Link], Awaitable[Any]]] = {
    "heads": lambda link: ask_heads(link, ()),
    "claims": lambda link: ask_claims(link, NODE, 0),
    "fork": lambda link: ask_fork(link, NODE),
    "agreement": lambda link: ask_to_agree(link, b"half"),
}


@pytest.mark.parametrize("kind", ASKS)
@pytest.mark.parametrize(
    ("said", "error"),
    [
        ([encode_message(REFUSED)], PermissionDenied),
        ([encode_message(Failure("malformed", ""))], PeerMisbehaved),
        ([b"\xff"], PeerMisbehaved),
        ([encode_message(AskFork(NODE.raw))], PeerMisbehaved),
        ([WITHIN + 1], Unreachable),
    ],
    ids=["refused", "malformed", "garbage", "no answer", "silence"],
)
def test_what_is_no_answer_is_an_error(kind: str, said: Sequence[Said], error: type[PkError]) -> None:
    with refused(error):
        unpacked(lambda: asking(said, ASKS[kind]))


def unpacked(work: Callable[[], Any]) -> None:
    try:
        work()
    except ExceptionGroup as group:
        (error,) = group.exceptions
        raise error from None


@pytest.mark.parametrize("kind", ["heads", "fork", "agreement"])
def test_nothing_at_all_is_no_answer(kind: str) -> None:
    with refused(PeerMisbehaved, "nothing"):
        unpacked(lambda: asking([], ASKS[kind]))


@pytest.mark.parametrize(
    "said",
    [
        [page()],
        [page(b"a"), page()],
        [page(*[b"a"] * 256)] * (MAX_CLAIMS // 256) + [page(b"a")],
        [page(*[b"x" * 4_000] * 12)] * (MAX_CHAIN_BYTES // 48_000 + 1),
    ],
    ids=["an empty page", "an empty page behind another", "too many claims", "too many bytes"],
)
@pytest.mark.parametrize("before", [[], [encode_message(ForkShown(b"one", b"other"))]], ids=["claims", "fork"])
def test_more_than_a_chain_has_is_not_taken(before: list[bytes], said: list[bytes]) -> None:
    with refused(PeerMisbehaved, "more claims than a chain has"):
        unpacked(lambda: asking([*before, *said], ASKS["fork" if before else "claims"]))


def test_as_many_claims_as_a_chain_may_have_are_taken() -> None:
    said = [page(*[b"a"] * 256)] * (MAX_CLAIMS // 256)
    assert len(asking(said, ASKS["claims"])[0]) == MAX_CLAIMS


def test_an_answer_that_drips_is_given_up() -> None:
    said: list[Said] = []
    for _ in range(20):
        said += [page(b"a"), WITHIN / 10]
    with refused(Unreachable, "30 seconds"):
        unpacked(lambda: asking(said, ASKS["claims"]))
    assert EPOCH
