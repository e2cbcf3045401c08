"""Search for a term inside the values of secrets, exactly but for the case. Desk work in small steps.

Every value is read once, in the order in which they are stored, and let go; only where the term was found is told.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import suppress

from pk_tui.agent.item_names import by_frame
from pk_tui.agent.vault_names import secrets_in
from pk_tui.api.views import FoundView
from pk_tui.errors import Corrupt, Malformed, NotFound
from pk_tui.fuzzy import query_of, whole_score
from pk_tui.store.vault import VaultFrames
from pk_tui.terms import CommitId, SecretPath, VaultId
from pk_tui.vault import chunks, history
from pk_tui.vault.item import is_item, parse_item
from pk_tui.vault.objects import Kind, Oid


class Needle:
    """A term, whatever its case."""

    def __init__(self, term: str) -> None:
        self._ascii = term.lower().encode() if term.isascii() else None
        self._folded = term.casefold()
        self.overlap = 4 * len(term)
        """Bytes that two pieces have to share so that it is found between them."""

    def within(self, raw: bytes) -> bool:
        if self._ascii is not None:
            return self._ascii in raw.lower()
        return self._folded in raw.decode("utf-8", "ignore").casefold()

    def in_secret(self, body: bytes) -> bool:
        """Of an item only the slots' values are looked at, as they are meant and not as they are written."""
        if is_item(body):
            with suppress(Malformed):
                return any(self.within(slot.value.reveal()) for slot in parse_item(body).slots)
        return self.within(body)


def in_values(vaults: Sequence[VaultFrames], term: str, limit: int) -> Generator[None, None, list[FoundView]]:
    """Secrets that hold the term, up to `limit`. What is damaged, or deleted meanwhile, hides no other."""
    needle, score = Needle(term), whole_score(query_of(term))
    found: list[FoundView] = []
    for frames in vaults:
        with suppress(Corrupt, KeyError, NotFound):
            vault = frames.record
            paths, oids = yield from secrets_in(frames, history.read_commit(frames, CommitId(vault.commit)).tree)
            groups = yield from by_frame(frames, oids)
            for frame in sorted(groups):
                numbers = groups[frame]
                holding = yield from _holding(frames, needle, [oids[20 * one : 20 * one + 20] for one in numbers])
                for number in (numbers[place] for place in holding):
                    path = SecretPath(tuple(paths[number].split("/")))
                    found.append(FoundView(VaultId(vault.vault_id), vault.name, path, score, "value"))
                    if len(found) >= limit:
                        return found
    return found


def _holding(frames: VaultFrames, needle: Needle, oids: list[Oid]) -> Generator[None, None, list[int]]:
    """Which of these secrets, all of one frame, hold the needle."""
    holding: list[int] = []
    for number, (oid, body) in enumerate(frames.in_passing(oids)):
        if body is None:
            continue
        if frames.facts(oid).kind is not Kind.CHUNKS:
            there = needle.in_secret(body)
        else:
            there = yield from _in_chunks(frames, needle, oid)
        if there:
            holding.append(number)
    yield
    return holding


def _in_chunks(frames: VaultFrames, needle: Needle, secret: Oid) -> Generator[None, None, bool]:
    before = b""
    for _, chunk in frames.in_passing(chunks.piece_names(frames, secret)):
        piece = before + (chunk or b"")
        if needle.within(piece):
            return True
        before = piece[-needle.overlap :]
        yield
    return False
