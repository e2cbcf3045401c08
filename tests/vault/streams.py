"""Streams as a sender makes them and as one who lies would, taken apart into records; and histories to send."""

from collections.abc import Sequence

from dict_sink import AUTHOR, DictSink, commit, line_of, put, tree_of

from pk_tui.terms import CommitId, SecretPath
from pk_tui.vault import tree
from pk_tui.vault.chunks import CHUNK, ChunkWriter
from pk_tui.vault.history import build_commit, read_commit
from pk_tui.vault.objects import Oid
from pk_tui.vault.outgoing import outgoing
from pk_tui.vault.transfer import Incoming

Record = tuple[int, bytes]
"""Type and body."""
VERSIONS = [
    {"a": b"1", "d/b": b"1", "d/e/f": b"x"},
    {"a": b"1", "d/b": b"2", "d/e/f": b"x"},
    {"a": b"2", "d/b": b"2", "d/c": b"3"},
    {"a": b"1", "d/b": b"1", "d/e/f": b"x"},
    {},
]


def stream_of(*records: Record) -> bytes:
    return b"".join(bytes((kind,)) + len(body).to_bytes(4, "big") + body for kind, body in records)


def records_of(pieces: Sequence[bytes]) -> list[Record]:
    stream, at, found = b"".join(pieces), 0, []
    while at < len(stream):
        size = int.from_bytes(stream[at + 1 : at + 5], "big")
        found.append((stream[at], stream[at + 5 : at + 5 + size]))
        at += 5 + size
    return found


def sent(source: DictSink, head: CommitId, have: Sequence[CommitId] = ()) -> list[Record]:
    return records_of(list(outgoing(source, head.raw, [commit_id.raw for commit_id in have])))


def feed_all(incoming: Incoming, stream: bytes, head: Oid, digest: bytes) -> None:
    incoming.feed(stream)
    incoming.finish(head, digest)


def receive(
    sink: DictSink, records: Sequence[Record], source: DictSink, head: CommitId, known: CommitId | None = None
) -> Incoming:
    incoming = Incoming(sink, known.raw if known else None)
    feed_all(incoming, stream_of(*records), head.raw, source.facts(head.raw).digest)
    return incoming


def body_record(source: DictSink, oid: Oid) -> Record:
    return source.facts(oid).kind, source.body(oid)


def large_history() -> tuple[DictSink, CommitId]:
    source = DictSink()
    writer = ChunkWriter(source)
    for number in range(6):
        writer.feed(bytes([number]) * CHUNK)
    root = tree_of(source, {"a": b"1", "d/b": b"2"})
    root = tree.edit(source, root, [(SecretPath.parse("big"), tree.Put(writer.finish()[0]))])
    return source, commit(source, root)


def merged(sink: DictSink, ours: CommitId, theirs: CommitId, message: str = "merged") -> CommitId:
    """A merge that keeps our tree, with a secret that names it."""
    root = tree.edit(sink, read_commit(sink, ours).tree, [put(sink, f"by/{message}", message.encode())])
    return build_commit(sink, root, ours, AUTHOR, message, 0, theirs)[0]


def forked(sink: DictSink) -> dict[str, CommitId]:
    """u0 - u1 - u2 - u3 upstream; f1, f2 on u1; m merges u2 into f2, n merges u3 into m."""
    found: dict[str, CommitId] = {}
    line = line_of(sink, [{"a": b"%d" % number, f"u/{number}": b"%d" % number} for number in range(4)])
    found.update({f"u{number}": commit_id for number, commit_id in enumerate(line)})
    root = read_commit(sink, line[1]).tree
    for number, parent in ((1, "u1"), (2, "f1")):
        root = tree.edit(sink, root, [put(sink, f"f/{number}", b"%d" % number)])
        found[f"f{number}"] = commit(sink, root, found[parent], f"f{number}")
    found["m"] = merged(sink, found["f2"], found["u2"], "m")
    found["n"] = merged(sink, found["m"], found["u3"], "n")
    return found
