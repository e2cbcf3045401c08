"""A vault's objects as a dulwich object store, so that git's tools can be held against them. Never used on hot paths.

What git knows and a vault does not hold (tags, executable files, links) stays beside the sink, in memory: nothing comes
into a vault by this way that `check` refuses. Packs are not taken in: dulwich would write them to temporary files in clear.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from dulwich.object_store import PackCapableObjectStore
from dulwich.objects import ObjectID, RawObjectID, ShaFile
from dulwich.pack import Pack

from pk_tui.errors import Malformed
from pk_tui.vault.check import checked_blob, checked_commit, checked_tree
from pk_tui.vault.objects import Facts, Kind, ObjectSink, Oid


class SealedObjectStore(PackCapableObjectStore):
    """Reads from and adds to one ObjectSink. Names may be raw (20 bytes) or hexadecimal (40)."""

    def __init__(self, sink: ObjectSink) -> None:
        super().__init__()
        self._sink = sink
        self._beside: dict[Oid, tuple[int, bytes]] = {}

    @property
    def packs(self) -> list[Pack]:
        return []

    def contains_loose(self, sha: ObjectID | RawObjectID) -> bool:
        oid = _raw(sha)
        return oid in self._sink or oid in self._beside

    def contains_packed(self, sha: ObjectID | RawObjectID) -> bool:
        return False

    def __contains__(self, sha1: ObjectID | RawObjectID) -> bool:
        return self.contains_loose(sha1)

    def __iter__(self) -> Iterator[ObjectID]:
        for oid in (*self._sink, *self._beside):
            yield ObjectID(oid.hex().encode())

    def get_raw(self, name: RawObjectID | ObjectID) -> tuple[int, bytes]:
        """Git's number for the type, and the body. Raises KeyError if it is not here."""
        oid = _raw(name)
        if oid in self._beside:
            return self._beside[oid]
        kind = self._sink.facts(oid).kind
        return (Kind.TREE if kind is Kind.CHUNKS else kind).value, self._sink.body(oid)

    def add_object(self, obj: ShaFile) -> None:
        oid, body = bytes.fromhex(obj.id.decode()), obj.as_raw_string()
        try:
            self._sink.add(oid, self._checked(obj.type_num, body), body)
        except Malformed:
            self._beside[oid] = (obj.type_num, body)

    def add_objects(
        self, objects: Sequence[tuple[ShaFile, str | None]], progress: Callable[..., None] | None = None
    ) -> Pack | None:
        for obj, _ in objects:
            self.add_object(obj)
        return None

    def close(self) -> None:
        self._beside.clear()

    def _checked(self, type_number: int, body: bytes) -> Facts:
        if type_number == Kind.BLOB:
            return checked_blob(body)
        if type_number == Kind.TREE:
            return checked_tree(body, self._sink.facts)[0]
        if type_number == Kind.COMMIT:
            return checked_commit(body, self._sink.facts)[0]
        raise Malformed("A vault holds no tags.")


def _raw(name: bytes) -> Oid:
    return name if len(name) == 20 else bytes.fromhex(name.decode())
