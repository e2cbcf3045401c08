"""What nodes say to one another once a session stands: requests, answers, and their limits.

A request is the first message of a stream, its answers are the messages that come back. Each is a record of at most
`MAX_MESSAGE` bytes, checked field by field when it is read; pieces of a transfer are raw bytes after one zero byte, which
no record begins with. Who may ask what, and what is done about it, is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, Literal, TypeVar

from pk_tui.errors import Busy, Malformed, NotFound, PeerMisbehaved, PermissionDenied, PkError
from pk_tui.records import U32, U63, Bytes16, Bytes20, Bytes32, Meta, NameText, Record, Time, decode, encode
from pk_tui.safe_text import safe_text

VERSION = 1
"""Of everything above the session. A node of a higher version still says its hello in this form."""
MAX_MESSAGE = 60_000
"""Bytes of one record or piece: with its frame and its seal it fits into one session message of 65,535."""
MAX_OFFERS = 1_000
"""Vaults that one scan may show. The asker counts them and takes no more."""
OFFERS_IN_PAGE = 100
MAX_HAVE = 64
"""Versions a puller names: its own, then ever older ones at growing distances."""
MAX_HEAD = 2048
"""Bytes of a signed head."""
MAX_FAILURE_TEXT = 200

_PIECE = b"\0"
_PAGE_BYTES = 50_000


class Message(Record, frozen=True, tag_field="record"):
    """Base of all. The tag field's name is never sent; it only leaves the name `type` to the fields."""


class Hello(Message, frozen=True, tag="hello1"):
    """The first thing each side says, on the first stream it opens, before anything else is allowed."""

    version: Annotated[int, Meta(ge=1, le=0xFFFF)]
    software: Annotated[str, Meta(max_length=64)]
    """Name and version of the program, for people; nothing depends on it."""


class Scan(Message, frozen=True, tag="scan1"):
    """Asks which vaults the asker may see. The answer is pages of `Offers`, then the end of the stream."""


class Offer(Message, frozen=True, tag="offer2"):
    """A vault the asker holds a right for, the signed grant that gives it (kept verbatim), and what it would get: the signed
    head (empty if there is no version yet), and the number and bytes of the secrets there, which nobody has signed."""

    vault_id: Bytes16
    name: NameText
    actions: Annotated[tuple[Literal["clone", "pull"], ...], Meta(max_length=2)]
    creator: Bytes32
    nonce: Bytes32
    grant: Annotated[bytes, Meta(max_length=1024)]
    head: Annotated[bytes, Meta(max_length=MAX_HEAD)]
    secrets: U32
    size: U63


class Offers(Message, frozen=True, tag="offers1"):
    offers: Annotated[tuple[Offer, ...], Meta(max_length=OFFERS_IN_PAGE)]


class Transfer(Message, frozen=True, tag="transfer1"):
    """Asks for a vault's history. The answer is a TransferBegin, pieces, and a TransferEnd."""

    vault_id: Bytes16
    action: Literal["clone", "pull"]
    have: Annotated[tuple[Bytes20, ...], Meta(max_length=MAX_HAVE)]


class TransferBegin(Message, frozen=True, tag="begin1"):
    """What will come: the signed head, at most how many objects (the receiver holds the sender to it), and the bytes of all
    secrets at the head, for showing progress."""

    head: Annotated[bytes, Meta(min_length=1, max_length=MAX_HEAD)]
    objects: U32
    size: U63
    creator: Bytes32
    nonce: Bytes32


class TransferEnd(Message, frozen=True, tag="end1"):
    """That nothing was cut off: the bytes of all pieces. `objects` is as in the TransferBegin."""

    objects: U32
    size: U63


class Moved(Message, frozen=True, tag="moved1"):
    """Says that a vault which the receiver may pull has a new version, by its signed head. Nothing is answered."""

    vault_id: Bytes16
    head: Annotated[bytes, Meta(min_length=1, max_length=MAX_HEAD)]


class Notify(Message, frozen=True, tag="notify1"):
    """A notification. `id` is random and the sender's, who sends it again until it is acknowledged."""

    id: Bytes16
    type: Annotated[str, Meta(min_length=1, max_length=64)]
    body: Annotated[bytes, Meta(max_length=4096)]
    time: Time


class Ack(Message, frozen=True, tag="ack1"):
    """The notification lies in a box (or lay in one before)."""


class Failure(Message, frozen=True, tag="failure1"):
    """Why there is no answer. "refused" also stands for "not there": from outside both look the same."""

    reason: Literal["refused", "busy", "malformed", "gone"]
    text: Annotated[str, Meta(max_length=MAX_FAILURE_TEXT)]

    def as_error(self) -> PkError:
        """The error to raise where the request was made. The peer's words are made safe to show."""
        words = f" It says: “{safe_text(self.text, MAX_FAILURE_TEXT)}”" if self.text else ""
        match self.reason:
            case "refused":
                return PermissionDenied(f"The other node does not allow this, or has no such thing.{words}")
            case "busy":
                return Busy(f"The other node is busy. Try again later.{words}")
            case "gone":
                return NotFound(f"What was asked for is no longer there.{words}")
            case _:
                return PeerMisbehaved(f"The other node could not read the request.{words}")


REFUSED = Failure("refused", "Not permitted, or not there.")
"""The one refusal, always the same bytes, whatever was asked for and whether it is there."""

Request = Hello | Scan | Transfer | Moved | Notify
M = TypeVar("M", bound=Message)


def encode_message(message: Message) -> bytes:
    """The message's bytes. Raises ValueError if it is larger than `MAX_MESSAGE`: our own mistake, not the peer's."""
    raw = encode(message)
    if len(raw) > MAX_MESSAGE:
        raise ValueError(f"a message of {len(raw)} bytes is larger than {MAX_MESSAGE}")
    return raw


def decode_message(raw: bytes, *kinds: type[M]) -> M:
    """Read one message that must be one of `kinds`. Raises Malformed for anything else."""
    message: M = decode(_union(kinds), raw, MAX_MESSAGE)
    return message


def decode_answer(raw: bytes, *kinds: type[M]) -> M:
    """Read an answer that must be one of `kinds`; raises what a `Failure` stands for, and PeerMisbehaved for anything else."""
    try:
        answer: Message = decode_message(raw, Failure, *kinds)
    except Malformed as error:
        raise PeerMisbehaved("The other node answered with something that is no answer.") from error
    if isinstance(answer, Failure):
        raise answer.as_error()
    return answer  # type: ignore[return-value]  # one of `kinds`: Failure is dealt with above


def encode_piece(data: bytes) -> bytes:
    """A piece of a transfer: any 1 to `MAX_MESSAGE` bytes."""
    if not 1 <= len(data) <= MAX_MESSAGE:
        raise ValueError(f"a piece has 1 to {MAX_MESSAGE} bytes")
    return _PIECE + data


def piece_of(raw: bytes) -> bytes | None:
    """The bytes of a piece, or None if this is no piece (then it is a record). Raises Malformed if it is of the wrong size."""
    if raw[:1] != _PIECE:
        return None
    if not 1 <= len(raw) - 1 <= MAX_MESSAGE:
        raise Malformed("A piece of a transfer is empty or too large.")
    return raw[1:]


def pages(offers: Iterable[Offer]) -> Iterator[Offers]:
    """The offers in messages that hold at most `OFFERS_IN_PAGE` each and are small enough to send."""
    page: list[Offer] = []
    size = 0
    for offer in offers:
        length = len(encode(offer))
        if page and (len(page) == OFFERS_IN_PAGE or size + length > _PAGE_BYTES):
            yield Offers(tuple(page))
            page, size = [], 0
        page.append(offer)
        size += length
    if page:
        yield Offers(tuple(page))


@cache  # a handful of combinations, all written in this program
def _union(kinds: tuple[type[M], ...]) -> Any:
    return reduce(or_, kinds)
