"""What two nodes say to each other about trust. The rules are `trust`'s; here is only what travels, and how much of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated

from pk_tui.records import U32, Bytes16, Bytes32, Meta, Record
from pk_tui.wire.messages import Message

MAX_HEADS = 400
"""Chains that one message speaks of: as many as fit into one, were they all forked."""
MAX_CLAIM = 4096
"""Bytes of one claim."""
MAX_PAIR = 512
"""Bytes of a pair statement, or half of one."""
_PAGE_CLAIMS = 256
_PAGE_BYTES = 50_000

# Chains: what each knows of those that both know, and asking for the rest.


class KnownBranch(Record, frozen=True, tag="branch-known1"):
    """How far the other branch of a forked chain is known."""

    length: Annotated[int, Meta(ge=1, le=4096)]
    last: Bytes32


class KnownHead(Record, frozen=True, tag="head-known1"):
    """How far a chain is known: its claims, and the id of the last (0 claims: not at all, and it is asked for). `forked`: that it
    has two branches is proven; `branch`: the other one, if that is known.

    `tag` names the node to who knows it, and to nobody else: a hash of its id under the binding of this session and the node
    that speaks.
    """

    tag: Bytes16
    length: Annotated[int, Meta(ge=0, le=4096)]
    last: Bytes32
    forked: bool
    branch: KnownBranch | None


class Heads(Message, frozen=True, tag="heads1"):
    """What the asker knows. The answer is another `Heads`: of those that the answerer knows too, what it knows. Neither learns of
    a node that it did not know."""

    heads: Annotated[tuple[KnownHead, ...], Meta(max_length=MAX_HEADS)]


class AskClaims(Message, frozen=True, tag="ask-claims1"):
    """Asks for a node's claims from the place `first` on. The answer is pages of `Claims`, then the end of the stream."""

    node: Bytes32
    first: U32


class Claims(Message, frozen=True, tag="claims1"):
    claims: Annotated[
        tuple[Annotated[bytes, Meta(min_length=1, max_length=MAX_CLAIM)], ...], Meta(max_length=_PAGE_CLAIMS)
    ]


class AskFork(Message, frozen=True, tag="ask-fork1"):
    """Asks how a node's chain is known to be forked. The answer is a `ForkShown`, pages of `Claims`, then the stream's end."""

    node: Bytes32


class ForkShown(Message, frozen=True, tag="fork-shown1"):
    """Two claims of one place. The pages behind it hold one whole branch, from the first claim on; none if it is not known."""

    one: Annotated[bytes, Meta(min_length=1, max_length=MAX_CLAIM)]
    other: Annotated[bytes, Meta(min_length=1, max_length=MAX_CLAIM)]


class Propose(Message, frozen=True, tag="propose1"):
    """Half a pair statement: the asker's signature on that both nodes belong together. The answer is `Agreed`."""

    half: Annotated[bytes, Meta(min_length=1, max_length=MAX_PAIR)]


class Agreed(Message, frozen=True, tag="agreed1"):
    """The statement with both signatures. It stands in the answerer's chain already."""

    statement: Annotated[bytes, Meta(min_length=1, max_length=MAX_PAIR)]


def claim_pages(claims: Iterable[bytes]) -> Iterator[Claims]:
    """The claims in messages that are small enough to send."""
    page: list[bytes] = []
    size = 0
    for claim in claims:
        if page and (len(page) == _PAGE_CLAIMS or size + len(claim) > _PAGE_BYTES):
            yield Claims(tuple(page))
            page, size = [], 0
        page.append(claim)
        size += len(claim)
    if page:
        yield Claims(tuple(page))


# Comparing words: three messages on one stream, the first and the third by the side that began it.


class VerifyBegin(Message, frozen=True, tag="verify1"):
    """Asks to compare words in person, and settles the asker's nonce without showing it. The answer is a `VerifyReply`, when
    the person at the other node has agreed to it."""

    commitment: Bytes32


class VerifyReply(Message, frozen=True, tag="verify-reply1"):
    nonce: Bytes32


class VerifyReveal(Message, frozen=True, tag="verify-reveal1"):
    """The nonce that the commitment was to. Both sides have the words now; whether they match nobody says over the wire."""

    nonce: Bytes32
