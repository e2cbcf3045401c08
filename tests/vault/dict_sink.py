"""A vault's objects in a dict: the smallest ObjectSink, strict about what it is given; and short ways to fill it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pk_tui.clock import SECOND
from pk_tui.errors import Corrupt
from pk_tui.terms import CommitId, NodeId, SecretPath
from pk_tui.vault import chunks, entries, history, tree
from pk_tui.vault.delta import apply_delta
from pk_tui.vault.history import parse_commit
from pk_tui.vault.objects import Facts, Kind, Oid, blob, git_name


class DictSink:
    def __init__(self, strict: bool = True) -> None:
        self.objects: dict[Oid, tuple[Facts, bytes, Oid | None, bytes | None]] = {}
        self.strict = strict

    def __contains__(self, oid: Oid) -> bool:
        return oid in self.objects

    def __iter__(self) -> Iterator[Oid]:
        return iter(self.objects)

    def __len__(self) -> int:
        return len(self.objects)

    def facts(self, oid: Oid) -> Facts:
        return self.objects[oid][0]

    def sizes_of(self, oids: Iterable[Oid]) -> list[int]:
        return [self.facts(oid).size for oid in oids]

    def body(self, oid: Oid) -> bytes:
        return self.objects[oid][1]

    def stored(self, oid: Oid) -> tuple[Oid | None, bytes]:
        _, body, base, delta = self.objects[oid]
        return (None, body) if delta is None else (base, delta)

    def add(self, oid: Oid, facts: Facts, body: bytes, base: Oid | None = None, delta: bytes | None = None) -> None:
        known = self.objects.get(oid)
        if known is not None:
            if known[0].digest != facts.digest:
                raise Corrupt("another object has this name")
            return
        if self.strict:
            self._examine(oid, facts, body, base, delta)
        self.objects[oid] = (facts, body, base, delta)

    def _examine(self, oid: Oid, facts: Facts, body: bytes, base: Oid | None, delta: bytes | None) -> None:
        """Anything wrong here is a bug of the room, whatever a test was about."""
        assert git_name(facts.kind, body) == oid
        assert Facts.unpack(facts.pack()) == facts
        if facts.kind is Kind.COMMIT:
            commit = parse_commit(body)
            assert all(name in self for name in (commit.tree, *(parent.raw for parent in commit.parents)))
        elif facts.kind is not Kind.BLOB:
            assert all(name in self for _, _, name in entries.fields(body))
        if base is not None and delta is not None:
            assert facts.kind is Kind.TREE
            assert apply_delta(self.body(base), delta) == body


AUTHOR = NodeId(bytes(range(32)))


def put_blob(sink: DictSink, body: bytes) -> Oid:
    oid, facts = blob(body)
    sink.add(oid, facts, body)
    return oid


def put(sink: DictSink, path: str, body: bytes) -> tree.Edit:
    return SecretPath.parse(path), tree.Put(put_blob(sink, body))


def remove(path: str) -> tree.Edit:
    return SecretPath.parse(path), tree.Remove()


def make_directory(path: str) -> tree.Edit:
    return SecretPath.parse(path), tree.MakeDirectory()


def tree_of(sink: DictSink, secrets: dict[str, bytes], root: Oid | None = None) -> Oid:
    return tree.edit(sink, root or tree.empty_tree(sink), [put(sink, path, body) for path, body in secrets.items()])


def secrets_of(sink: DictSink, root: Oid) -> dict[str, bytes]:
    rows = tree.listing(sink, root, (), recursive=True)
    return {row.path: b"".join(chunks.pieces(sink, row.oid)) for row in rows if not row.is_directory}


def commit(sink: DictSink, root: Oid, parent: CommitId | None = None, message: str = "m", time: int = 0) -> CommitId:
    return history.build_commit(sink, root, parent, AUTHOR, message, time)[0]


def line_of(sink: DictSink, versions: list[dict[str, bytes]]) -> list[CommitId]:
    """A history whose commits hold just these secrets, each version edited from the one before."""
    root = tree.empty_tree(sink)
    held: dict[str, bytes] = {}
    commits: list[CommitId] = []
    for number, version in enumerate(versions):
        edits = [remove(path) for path in held if path not in version]
        edits += [put(sink, path, body) for path, body in version.items() if held.get(path) != body]
        root, held = tree.edit(sink, root, edits), version
        commits.append(commit(sink, root, commits[-1] if commits else None, f"version {number}", number * SECOND))
    return commits


def raw_tree(*rows: tuple[bytes, bytes, Oid]) -> bytes:
    """A tree as given: (mode, name, oid) in this order, however wrong."""
    return b"".join(b"%b %b\0%b" % row for row in rows)
