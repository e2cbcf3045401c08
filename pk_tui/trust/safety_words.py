"""Words that two people compare in person, to know that between their two nodes there is nobody else.

Whoever starts sends a commitment to a nonce, the other answers with a nonce, and the first opens the commitment; the words
follow from both nonces, both ids and the session. Somebody between them has two sessions, and each of the nonces in them has
to be settled before the other side's is known: there is nothing to try out until two sets of words agree, but one guess in
2^66. Whoever guesses wrong shows it.

Bytes in, bytes out; carrying them, and asking both people, is left to others. That words could be worked out proves nothing.
Only `ComparedWords.matched`, called when the person has said so, makes a `MetInPerson`.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from pk_tui.clock import Instant
from pk_tui.crypto.entropy import random_bytes
from pk_tui.crypto.words import spoken
from pk_tui.errors import PeerMisbehaved
from pk_tui.terms import NodeId

WORD_COUNT = 6
"""66 bits: more than anybody guesses at one try, few enough to be read aloud."""
NONCE_SIZE = 32
COMMITMENT_SIZE = 32

_COMMITMENT = b"pk-tui verify 1"
_WORDS = b"pk-tui words 1"


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two nodes in one session, as one of them sees it. `session`: its handshake hash, which no other session has."""

    own: NodeId
    peer: NodeId
    session: bytes

    def __post_init__(self) -> None:
        if self.own == self.peer or len(self.session) < 32:
            raise ValueError("a meeting is of two nodes, in a session that has a name")


@dataclass(frozen=True, slots=True)
class MetInPerson:
    """The person said that both screens showed the same words."""

    node: NodeId
    time: Instant


@dataclass(frozen=True, slots=True)
class ComparedWords:
    """What this screen shows for the node at the other end of the session. Nothing is verified by it."""

    peer: NodeId
    words: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(self.words)

    def matched(self, now: Instant) -> MetInPerson:
        """To be called when the person has said that the other screen shows the same words, and only then."""
        return MetInPerson(self.peer, now)


class Starter:
    """The side that asks for the comparison. Send `commitment`, then what `answered` returns. Used once."""

    __slots__ = ("_meeting", "_nonce", "_over", "commitment")

    def __init__(self, meeting: Meeting) -> None:
        self._meeting = meeting
        self._nonce = random_bytes(NONCE_SIZE)
        self._over = False
        self.commitment = _commitment(self._nonce, meeting.own, meeting.peer, meeting.session)

    def answered(self, nonce: bytes) -> tuple[bytes, ComparedWords]:
        """What opens the commitment, to be sent, and the words. Raises PeerMisbehaved for a nonce that is none, or for a second
        one: what was opened once has nothing left to commit to."""
        if self._over:
            raise PeerMisbehaved("The other node answered a comparison of words twice. Start it anew.")
        self._over = True
        if len(nonce) != NONCE_SIZE or nonce in (self.commitment, self._nonce):
            raise PeerMisbehaved(
                "The other node sent back our own part of a comparison of words, or no part of its own."
            )
        meeting = self._meeting
        return self._nonce, _words(meeting, meeting.own, meeting.peer, self._nonce, nonce)


class Answerer:
    """The side that was asked, for one commitment. Send `nonce`; `opened` gives the words. Used once."""

    __slots__ = ("_commitment", "_meeting", "_over", "nonce")

    def __init__(self, meeting: Meeting, commitment: bytes) -> None:
        """Raises PeerMisbehaved if the bytes cannot be a commitment."""
        if len(commitment) != COMMITMENT_SIZE:
            raise PeerMisbehaved("The other node began a comparison of words in a way that makes no sense.")
        self._meeting = meeting
        self._commitment = commitment
        self._over = False
        self.nonce = random_bytes(NONCE_SIZE)

    def opened(self, nonce: bytes) -> ComparedWords:
        """The words, once the other side has shown what it had settled before it knew our nonce. Raises PeerMisbehaved if it
        shows something else, or tries again."""
        if self._over:
            raise PeerMisbehaved("The other node opened a comparison of words twice. Start it anew.")
        self._over = True
        meeting = self._meeting
        if len(nonce) != NONCE_SIZE or not hmac.compare_digest(
            _commitment(nonce, meeting.peer, meeting.own, meeting.session), self._commitment
        ):
            raise PeerMisbehaved(
                "The other node changed its part of the comparison after it had seen ours. Somebody may be between you: "
                "do not trust this connection, and compare again."
            )
        return _words(meeting, meeting.peer, meeting.own, nonce, self.nonce)


def _commitment(nonce: bytes, starter: NodeId, answerer: NodeId, session: bytes) -> bytes:
    # All but the last part have a fixed size: no two meetings give the same bytes.
    return hashlib.blake2b(
        nonce + starter.raw + answerer.raw + session, digest_size=COMMITMENT_SIZE, person=_COMMITMENT
    ).digest()


def _words(meeting: Meeting, starter: NodeId, answerer: NodeId, first: bytes, second: bytes) -> ComparedWords:
    digest = hashlib.blake2b(
        starter.raw + answerer.raw + first + second + meeting.session, digest_size=32, person=_WORDS
    ).digest()
    return ComparedWords(meeting.peer, spoken(digest, WORD_COUNT))
