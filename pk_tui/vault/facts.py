"""The facts of trees and commits, from their bytes and the facts of what they name; and the limits these must keep.

Everything is sums and maxima over children, so the facts of an edited directory follow from those of its predecessor and
the few entries that changed. Only the digest needs all children's digests: for large directories these lists are kept
for a while (`remember_digests`), found by the directory's own digest, which no two different directories share.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from pk_tui.terms import MAX_DEPTH, MAX_PATH_BYTES
from pk_tui.vault.objects import MAX_ENTRIES, MAX_OBJECT, Facts, Kind, Oid, commit_digest, tree_digest

Lookup = Callable[[Oid], Facts]
"""Facts of an object by name; raises KeyError if it is not known."""


class Share(NamedTuple):
    """What one entry adds to its directory. Empty directories are counted too, so that no tree of nothing but those can
    stand for more of them than MAX_ENTRIES."""

    height: int
    reach: int
    secrets: int
    size: int
    empties: int = 0


NOTHING = Share(0, 0, 0, 0)


def share_of(name_size: int, child: Facts) -> Share:
    """What an entry with a name of `name_size` bytes adds to the directory it stands in."""
    reach = name_size + 1 + child.reach if child.reach else name_size
    empties = child.empties or (0 if child.secrets else 1)
    return Share(child.height + 1, reach, child.secrets, child.size, empties)


def total(shares: Iterable[Share]) -> Share:
    height = reach = secrets = size = empties = 0
    for share in shares:
        if share.height > height:
            height = share.height
        if share.reach > reach:
            reach = share.reach
        secrets += share.secrets
        size += share.size
        empties += share.empties
    return Share(height, reach, secrets, size, empties)


def directory_fault(raw_size: int, share: Share) -> str | None:
    """Why a directory with these sums may not be, or None. To be asked before Facts are made of it."""
    if raw_size > MAX_OBJECT:
        return "it has too many names in one directory"
    if share.height > MAX_DEPTH:
        return f"it is deeper than {MAX_DEPTH} names"
    if share.reach > MAX_PATH_BYTES:
        return f"it has a path longer than {MAX_PATH_BYTES} bytes"
    if share.secrets + share.empties > MAX_ENTRIES:
        return f"it has more than {MAX_ENTRIES} secrets"
    return None


def directory_facts(raw: bytes, share: Share, child_digests: bytes) -> Facts:
    digest = tree_digest(raw, child_digests)
    return Facts(Kind.TREE, share.height, share.reach, share.secrets, share.size, digest, share.empties)


def chunks_facts(raw: bytes, size: int, child_digests: bytes) -> Facts:
    """A chunk tree is one secret of `size` bytes."""
    return Facts(Kind.CHUNKS, 0, 0, 1, size, tree_digest(raw, child_digests))


def commit_facts(raw: bytes, tree: Facts, parents: Sequence[Facts]) -> Facts:
    digest = commit_digest(raw, tree.digest, [parent.digest for parent in parents])
    return Facts(Kind.COMMIT, tree.height, tree.reach, tree.secrets, tree.size, digest, tree.empties)


WORTH_KEEPING = 64 * 32
"""Bytes from which a list of digests is kept; shorter ones are gathered as fast as they are found."""
KEPT_AT_MOST = 4 * 1024 * 1024
"""Bytes of all lists together: a dozen directories of 10,000 secrets."""


class _DigestLists:
    """Child digests by directory digest; the lists used longest ago go first."""

    def __init__(self) -> None:
        self.lists: OrderedDict[bytes, bytes] = OrderedDict()
        self.size = 0

    def put(self, digest: bytes, child_digests: bytes) -> None:
        if digest in self.lists or not WORTH_KEEPING <= len(child_digests) <= KEPT_AT_MOST:
            return
        self.lists[digest] = child_digests
        self.size += len(child_digests)
        while self.size > KEPT_AT_MOST:
            self.size -= len(self.lists.popitem(last=False)[1])

    def get(self, digest: bytes) -> bytes | None:
        found = self.lists.get(digest)
        if found is not None:
            self.lists.move_to_end(digest)
        return found

    def clear(self) -> None:
        self.lists.clear()
        self.size = 0


_kept = _DigestLists()


def remember_digests(directory: Facts, child_digests: bytes) -> None:
    """Keep the digests of a large directory's entries (32 bytes each, in its order) for its next edit."""
    _kept.put(directory.digest, child_digests)


def child_digests_of(directory: Facts, entries: Sequence[bytes], lookup: Lookup) -> bytes:
    """The digests of a known directory's raw entries, in order: kept ones, or gathered with `lookup`."""
    kept = _kept.get(directory.digest)
    return b"".join([lookup(entry[-20:]).digest for entry in entries]) if kept is None else kept


def forget_digests() -> None:
    """Drop what is kept. For when the vaults are locked: a digest tells whoever guesses a secret whether he is right."""
    _kept.clear()
