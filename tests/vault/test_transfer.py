import tracemalloc
from collections.abc import Sequence

import pytest
from dict_sink import (
    DictSink,
    commit,
    line_of,
    make_directory,
    put,
    put_blob,
    raw_tree,
    remove,
    secrets_of,
    tree_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from streams import (
    VERSIONS,
    Record,
    body_record,
    feed_all,
    forked,
    large_history,
    merged,
    receive,
    sent,
    stream_of,
)

from pk_tui.errors import Conflict, Malformed
from pk_tui.terms import CommitId, SecretPath
from pk_tui.vault import entries, tree
from pk_tui.vault.chunks import CHUNK, MAX_WHOLE, ChunkWriter
from pk_tui.vault.delta import make_delta
from pk_tui.vault.history import read_commit
from pk_tui.vault.objects import MAX_OBJECT, Facts, Kind, Oid, blob_digest
from pk_tui.vault.outgoing import outgoing
from pk_tui.vault.transfer import DELTA, PIECE, Incoming, Limits


def refused(records: Sequence[Record], source: DictSink, head: CommitId, match: str | None = None) -> None:
    with pytest.raises(Malformed, match=match):
        receive(DictSink(strict=False), records, source, head)


# ---- what an honest sender sends arrives ----

paths = st.sampled_from(["a", "a-", "b/x", "b/y", "c/d/e", "c/d/f", "c/g", "ü"])
histories = st.lists(st.dictionaries(paths, st.sampled_from([b"1", b"2", b"3"])), min_size=1, max_size=8)


@given(histories, st.data())
@settings(max_examples=80, deadline=None)
def test_a_transferred_history_has_the_same_digests(versions: list[dict[str, bytes]], data: st.DataObject) -> None:
    source, target = DictSink(), DictSink()
    line = line_of(source, versions)
    known: CommitId | None = None
    stops = sorted(data.draw(st.sets(st.integers(0, len(line) - 1))) | {len(line) - 1})
    for stop in stops:
        have = [known.raw] if known else []
        incoming = Incoming(target, known.raw if known else None)
        stream = b"".join(outgoing(source, line[stop].raw, have))
        cut = data.draw(st.integers(1, max(len(stream), 1)))
        for at in range(0, len(stream), cut):
            incoming.feed(stream[at : at + cut])
        incoming.finish(line[stop].raw, source.facts(line[stop].raw).digest)
        known = line[stop]
    assert {oid: target.facts(oid) for oid in target} == {oid: source.facts(oid) for oid in source if oid in target}
    for commit_id, version in zip(line, versions, strict=True):
        assert secrets_of(target, read_commit(target, commit_id).tree) == version


def test_a_delta_of_a_directory_moved_at_the_same_time_arrives() -> None:
    source, target = DictSink(), DictSink()
    root = tree_of(source, {f"old/s{number:03d}": b"%d" % number for number in range(50)})
    first = commit(source, root)
    root = tree.edit(source, root, [put(source, "old/s001", b"changed")])
    second = commit(source, root, first)
    found = tree.find(source, root, ("old",))
    assert found is not None
    moved = (SecretPath.parse("new"), tree.Put(found[0]))
    third = commit(source, tree.edit(source, root, [remove("old"), moved, put(source, "new/s002", b"also")]), second)
    receive(target, sent(source, first), source, first)
    receive(target, sent(source, third, [first]), source, third, known=first)
    assert target.facts(third.raw) == source.facts(third.raw)


def test_large_secrets_and_empty_directories_arrive() -> None:
    source, target = DictSink(), DictSink()
    root = tree.empty_tree(source)
    heads: list[CommitId] = []
    for tail in (b"1", b"2", b"3" * CHUNK):
        writer = ChunkWriter(source)
        writer.feed(bytes(MAX_WHOLE) + b"x" + tail)
        edits = [(SecretPath.parse("d/big"), tree.Put(writer.finish()[0])), make_directory(f"empty/{len(heads)}")]
        root = tree.edit(source, root, edits)
        heads.append(commit(source, root, heads[-1] if heads else None))
    pieces = list(outgoing(source, heads[-1].raw, []))
    assert max(map(len, pieces)) <= PIECE
    incoming = Incoming(target, None)
    for piece in pieces:
        incoming.feed(piece)
    incoming.finish(heads[-1].raw, source.facts(heads[-1].raw).digest)
    assert secrets_of(target, root) == secrets_of(source, root)
    assert incoming.size == sum(map(len, pieces))
    assert incoming.commits == 3


def test_a_record_may_be_cut_anywhere() -> None:
    source = DictSink()
    line = line_of(source, VERSIONS)
    incoming = Incoming(DictSink(), None)
    for byte in stream_of(*sent(source, line[-1])):
        incoming.feed(bytes((byte,)))
    incoming.finish(line[-1].raw, source.facts(line[-1].raw).digest)


@given(st.lists(st.booleans(), min_size=1, max_size=12))
@settings(max_examples=25, deadline=None)
def test_what_is_cut_beside_and_taken_later_is_checked_alike(asides: list[bool]) -> None:
    source, head = large_history()
    target = DictSink()
    incoming = Incoming(target, None)
    waiting: list[object] = []
    for at, piece in enumerate(outgoing(source, head.raw, [])):
        if asides[at % len(asides)]:
            waiting.append(incoming.cut([piece]))
        else:
            for records in waiting:
                list(incoming.taking(records))
            waiting = []
            incoming.feed(piece)
    for records in waiting:
        list(incoming.taking(records))
    incoming.finish(head.raw, source.facts(head.raw).digest)
    assert {oid: target.facts(oid) for oid in target} == {oid: source.facts(oid) for oid in source if oid in target}


def test_cutting_is_worth_its_while_while_large_objects_come() -> None:
    source, head = large_history()
    incoming = Incoming(DictSink(), None)
    assert not incoming.is_amid_large
    large: list[bool] = []
    for piece in outgoing(source, head.raw, []):
        incoming.feed(piece)
        large.append(incoming.is_amid_large)
    assert large.count(True) > 20
    assert not incoming.is_amid_large


def test_cutting_alone_adds_nothing_and_keeps_the_limits() -> None:
    source, head = large_history()
    stream = b"".join(outgoing(source, head.raw, []))
    target = DictSink()
    incoming = Incoming(target, None)
    assert [record[0] for record in incoming.cut([stream])] == [kind for kind, _ in sent(source, head)]
    assert list(target) == []
    with pytest.raises(Malformed, match="More was sent"):
        Incoming(target, None, Limits(size=1000)).cut([stream])
    with pytest.raises(Malformed, match="larger"):
        Incoming(target, None).cut([bytes((Kind.BLOB,)) + (MAX_OBJECT + 1).to_bytes(4, "big")])
    few = Incoming(target, None, Limits(objects=3))
    records = few.cut([stream])
    with pytest.raises(Malformed, match="More objects"):
        list(few.taking(records))


def test_a_record_in_very_many_tiny_pieces_takes_little_memory() -> None:
    incoming = Incoming(DictSink(), None)
    incoming.feed(bytes((Kind.BLOB,)) + (1_000_000).to_bytes(4, "big"))
    tracemalloc.start()
    for _ in range(400_000):
        incoming.feed(b"ab")
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 2_000_000


def test_work_can_be_interrupted_after_each_tree_delta_and_commit_and_after_some_secrets() -> None:
    source = DictSink()
    line = line_of(source, [{f"a{number}": b"%d" % number for number in range(200)}])
    records = sent(source, line[-1])
    others = sum(1 for kind, _ in records if kind != Kind.BLOB)
    stops = sum(1 for _ in Incoming(DictSink(), None).steps(stream_of(*records)))
    assert others + 200 // 32 <= stops <= others + 200 // 32 + 1


def test_objects_that_are_there_already_are_accepted() -> None:
    source = DictSink()
    line = line_of(source, VERSIONS)
    target = DictSink()
    receive(target, sent(source, line[0]), source, line[0])
    put_blob(target, b"3")
    receive(target, sent(source, line[4], [line[0]]), source, line[4], known=line[0])


def test_nothing_new_is_a_transfer_too() -> None:
    source = DictSink()
    line = line_of(source, VERSIONS)
    receive(source, [], source, line[-1], known=line[-1])


# ---- what a dishonest one sends is refused ----


@pytest.fixture
def source() -> DictSink:
    return DictSink(strict=False)


@pytest.fixture
def head(source: DictSink) -> CommitId:
    return line_of(source, VERSIONS[:2])[-1]


def test_another_head_or_digest_is_refused(source: DictSink, head: CommitId) -> None:
    stream = stream_of(*sent(source, head))
    good = source.facts(head.raw).digest
    for oid, digest in ((bytes(20), good), (head.raw, bytes(32)), (read_commit(source, head).tree, good)):
        incoming = Incoming(DictSink(), None)
        incoming.feed(stream)
        with pytest.raises(Malformed, match="signed head"):
            incoming.finish(oid, digest)
    with pytest.raises(Malformed, match="signed head"):
        Incoming(DictSink(), None).finish(head.raw, good)


def test_a_history_cut_short_is_refused(source: DictSink, head: CommitId) -> None:
    records = sent(source, head)
    for end in range(len(records)):
        refused(records[:end], source, head)
    stream = stream_of(*records)
    for cut in (1, 4, 20):
        incoming = Incoming(DictSink(), None)
        incoming.feed(stream[:-cut])
        with pytest.raises(Malformed, match="middle of a record"):
            incoming.finish(head.raw, source.facts(head.raw).digest)


def test_leaving_out_or_repeating_or_moving_any_record_is_refused(source: DictSink, head: CommitId) -> None:
    records = sent(source, head)
    for at in range(len(records)):
        refused([*records[:at], *records[at + 1 :]], source, head)
        refused([*records, records[at]], source, head)
    refused(records[::-1], source, head)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_changed_byte_goes_through(data: st.DataObject) -> None:
    source = DictSink(strict=False)
    head = line_of(source, VERSIONS[:3])[-1]
    stream = bytearray(stream_of(*sent(source, head)))
    at = data.draw(st.integers(0, len(stream) - 1))
    stream[at] ^= data.draw(st.integers(1, 255))
    incoming = Incoming(DictSink(strict=False), None)
    with pytest.raises(Malformed):
        feed_all(incoming, bytes(stream), head.raw, source.facts(head.raw).digest)


@given(st.binary(max_size=200))
@settings(max_examples=60)
def test_noise_is_refused_or_waited_for(noise: bytes) -> None:
    incoming = Incoming(DictSink(strict=False), None)
    with pytest.raises(Malformed):
        feed_all(incoming, noise, bytes(20), bytes(32))


def test_a_stowaway_is_refused(source: DictSink, head: CommitId) -> None:
    records = sent(source, head)
    stranger = raw_tree()
    for extra in ((Kind.BLOB, b"stowaway"), (Kind.TREE, stranger)):
        for at in range(len(records) + 1):
            refused([*records[:at], extra, *records[at:]], source, head, "no commit needs")


def test_a_stowaway_that_is_already_there_is_refused(source: DictSink, head: CommitId) -> None:
    target = DictSink()
    put_blob(target, b"known")
    incoming = Incoming(target, None)
    incoming.feed(stream_of((Kind.BLOB, b"known")))
    with pytest.raises(Malformed, match="no commit needs"):
        incoming.feed(stream_of(*sent(source, head)))


def test_a_stowaway_among_the_entries_a_delta_keeps_is_no_stowaway(source: DictSink) -> None:
    root = tree_of(source, {f"s{number:03d}": b"%d" % number for number in range(50)})
    first = commit(source, root)
    second = commit(source, tree.edit(source, root, [put(source, "s001", b"new")]), first)
    target = DictSink()
    receive(target, sent(source, first), source, first)
    again = [(Kind.BLOB, b"7"), *sent(source, second, [first])]
    receive(target, again, source, second, known=first)


def test_a_missing_child_is_refused(source: DictSink, head: CommitId) -> None:
    records = [record for record in sent(source, head) if record != (Kind.BLOB, b"x")]
    refused(records, source, head, "not sent before")


def test_a_commit_on_another_parent_is_refused(source: DictSink) -> None:
    root = tree_of(source, {"a": b"1"})
    first = commit(source, root, message="first")
    second = commit(source, root, first, message="second")
    third = commit(source, root, first, message="third")
    records = [*sent(source, second), body_record(source, third.raw)]
    refused(records, source, third, "signed head does not need")


def test_a_second_first_commit_is_refused(source: DictSink) -> None:
    root = tree_of(source, {"a": b"1"})
    first, other = commit(source, root, message="first"), commit(source, root, message="other")
    refused([*sent(source, first), body_record(source, other.raw)], source, other, "does not follow any")
    target = DictSink()
    receive(target, sent(source, first), source, first)
    with pytest.raises(Conflict, match="does not hold the version"):
        receive(target, sent(source, other), source, other, known=first)


def test_a_history_from_before_the_known_head_is_refused(source: DictSink) -> None:
    line = line_of(source, VERSIONS)
    target = DictSink()
    receive(target, sent(source, line[2]), source, line[2])
    with pytest.raises(Conflict, match="does not hold the version"):
        receive(target, sent(source, line[4]), source, line[4], known=line[2])
    for have in ([line[0]], [line[1]]):
        with pytest.raises(Malformed, match="said to be here"):
            receive(target, sent(source, line[4], have), source, line[4], known=line[2])
    with pytest.raises(Malformed, match="signed head"):
        receive(target, [], source, line[1], known=line[2])


def test_a_commit_out_of_the_blue_is_refused(source: DictSink) -> None:
    line = line_of(source, VERSIONS)
    refused(sent(source, line[4], [line[2]]), source, line[4])


@pytest.mark.parametrize("kind", [0, 4, 6, 7, 0x7F, Kind.BLOB | DELTA, Kind.COMMIT | DELTA, Kind.CHUNKS | DELTA, 0xFF])
def test_a_record_of_an_unknown_type_is_refused_at_its_header(kind: int) -> None:
    with pytest.raises(Malformed, match="type"):
        Incoming(DictSink(), None).feed(bytes((kind, 0, 0, 0, 0)))


@pytest.mark.parametrize("kind", [Kind.COMMIT, Kind.TREE, Kind.BLOB, Kind.CHUNKS, Kind.TREE | DELTA])
def test_a_record_too_large_is_refused_before_its_body_comes(kind: int) -> None:
    for size in (MAX_OBJECT + 1, 2**32 - 1):
        with pytest.raises(Malformed, match="larger"):
            Incoming(DictSink(), None).feed(bytes((kind,)) + size.to_bytes(4, "big"))
    Incoming(DictSink(), None).feed(bytes((kind,)) + MAX_OBJECT.to_bytes(4, "big"))


def test_trees_and_chunk_trees_are_not_taken_for_each_other(source: DictSink, head: CommitId) -> None:
    records = [(Kind.CHUNKS if kind == Kind.TREE else kind, body) for kind, body in sent(source, head)]
    refused(records, source, head, "another kind")
    writer = ChunkWriter(source)
    writer.feed(bytes(MAX_WHOLE + 1))
    big = commit(
        source, tree.edit(source, tree.empty_tree(source), [(SecretPath.parse("b"), tree.Put(writer.finish()[0]))])
    )
    records = [(Kind.TREE if kind == Kind.CHUNKS else kind, body) for kind, body in sent(source, big)]
    refused(records, source, big, "another kind")


def test_a_hostile_tree_is_refused_whole_and_as_a_delta(source: DictSink) -> None:
    secret = put_blob(source, b"1")
    base = tree_of(source, {"a": b"1"})
    first = commit(source, base)
    good = sent(source, first)
    bad = source.body(base) + raw_tree((b"100644", b"b/../.git", secret))
    incoming = Incoming(DictSink(), None)
    incoming.feed(stream_of(*good))
    with pytest.raises(Malformed, match="not allowed"):
        incoming.feed(stream_of((Kind.TREE, bad)))
    size = len(source.body(base))
    delta = make_delta(size, [(0, size), raw_tree((b"100644", b"\x1b", secret))])
    with pytest.raises(Malformed, match="not allowed"):
        incoming.feed(stream_of((Kind.TREE | DELTA, base + delta)))


@pytest.fixture
def wide(source: DictSink) -> tuple[Oid, list[Record], DictSink]:
    """A directory of 3,000 secrets with one body, what brings it, and a receiver."""
    root = tree_of(source, {f"s{number:04d}": b"1" for number in range(3000)})
    return root, sent(source, commit(source, root)), DictSink()


Wide = tuple[Oid, list[Record], DictSink]


def test_a_delta_bomb_is_refused_before_it_takes_memory(source: DictSink, wide: Wide) -> None:
    root, good, target = wide
    incoming = Incoming(target, None)
    incoming.feed(stream_of(*good))
    size = len(source.body(root))
    bomb = make_delta(size, [(0, size)] * 8000)
    lying = make_delta(size, [])[:3] + b"\x90\x4e" + bomb[7:]
    tracemalloc.start()
    for delta in (bomb, lying):
        with pytest.raises(Malformed):
            incoming.feed(stream_of((Kind.TREE | DELTA, root + delta)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 1024 * 1024


def test_many_small_deltas_of_a_large_tree_are_counted_as_what_they_give(source: DictSink, wide: Wide) -> None:
    root, good, target = wide
    size = len(source.body(root))
    incoming = Incoming(target, None, Limits(expanded=3 * size))
    incoming.feed(stream_of(*good))
    entry = len(entries.split(source.body(root))[0])
    shrinking = [(Kind.TREE | DELTA, root + make_delta(size, [(entry * n, size - entry * n)])) for n in range(1, 9)]
    with pytest.raises(Malformed, match="More was sent"):
        incoming.feed(stream_of(*shrinking))


def test_a_delta_no_shorter_than_what_it_gives_is_refused(source: DictSink, head: CommitId) -> None:
    incoming = Incoming(DictSink(), None)
    incoming.feed(stream_of(*sent(source, head)))
    base = read_commit(source, head).tree
    with pytest.raises(Malformed, match="no shorter"):
        incoming.feed(stream_of((Kind.TREE | DELTA, base + make_delta(len(source.body(base)), [b"x" * 30]))))


def test_a_delta_of_an_unknown_later_or_wrong_base_is_refused(source: DictSink, wide: Wide) -> None:
    root, good, target = wide
    size = len(source.body(root))
    changed = tree.edit(source, root, [remove("s0001")])
    delta = make_delta(size, [(0, size - 40)])
    *blobs, tree_record, version = good
    for before, base in (([], bytes(20)), ([], changed), (blobs, root), (good, put_blob(source, b"1"))):
        incoming = Incoming(DictSink(), None)
        incoming.feed(stream_of(*before))
        with pytest.raises(Malformed, match="base"):
            incoming.feed(stream_of((Kind.TREE | DELTA, base + delta), tree_record, version))
    incoming = Incoming(target, None)
    incoming.feed(stream_of(*good))
    with pytest.raises(Malformed, match="another base"):
        incoming.feed(stream_of((Kind.TREE | DELTA, root + make_delta(size + 1, [(0, size - 40)]))))
    with pytest.raises(Malformed, match="base"):
        incoming.feed(stream_of((Kind.TREE | DELTA, commit(source, root).raw + delta)))


def test_deltas_cannot_name_each_other_in_a_ring(source: DictSink, wide: Wide) -> None:
    # A base must be there before its delta, and names are computed here: a ring has no first member.
    root, good, _ = wide
    other = tree.edit(source, root, [remove("s0001")])
    size, other_size = len(source.body(root)), len(source.body(other))
    ring = [(Kind.TREE | DELTA, other + make_delta(other_size, [(0, other_size)]))]
    ring += [(Kind.TREE | DELTA, root + make_delta(size, [(0, size)]))]
    incoming = Incoming(DictSink(), None)
    with pytest.raises(Malformed, match="base"):
        incoming.feed(stream_of(*good[:-2], *ring))


@pytest.mark.parametrize("size", [0, 19])
def test_a_delta_without_a_whole_base_name_is_refused(size: int) -> None:
    with pytest.raises(Malformed):
        Incoming(DictSink(), None).feed(stream_of((Kind.TREE | DELTA, bytes(size))))
    with pytest.raises(Malformed):
        Incoming(DictSink(), None).feed(stream_of((Kind.TREE | DELTA, bytes(20))))


@pytest.mark.parametrize("limits", [Limits(objects=8), Limits(commits=1), Limits(size=700), Limits(expanded=700)])
def test_more_than_the_limits_is_refused(source: DictSink, head: CommitId, limits: Limits) -> None:
    records = sent(source, head)
    assert (len(records), len(stream_of(*records)) > 700) == (10, True)
    with pytest.raises(Malformed, match="accepted in one transfer"):
        Incoming(DictSink(), None, limits).feed(stream_of(*records))
    receive(DictSink(), records, source, head)


def test_an_object_with_the_name_of_another_is_refused(source: DictSink, head: CommitId) -> None:
    # A SHA-1 collision, played by a sink that holds other bytes under the name.
    arriving = DictSink()
    receive(arriving, sent(source, head), source, head)
    for victim in arriving:
        target = DictSink(strict=False)
        facts = source.facts(victim)
        target.add(
            victim, Facts(facts.kind, facts.height, facts.reach, facts.secrets, facts.size, blob_digest(b"e")), b"e"
        )
        with pytest.raises(Malformed, match="collision"):
            receive(target, sent(source, head), source, head)


def test_a_collision_that_is_not_sent_again_shows_in_the_digest(source: DictSink) -> None:
    root = tree_of(source, {"a": b"1", "b": b"2"})
    first = commit(source, root)
    second = commit(source, tree.edit(source, root, [put(source, "b", b"3")]), first)
    target = DictSink(strict=False)
    receive(target, sent(source, first), source, first)
    victim = put_blob(source, b"1")
    target.objects[victim] = (Facts(Kind.BLOB, 0, 0, 1, 1, blob_digest(b"e")), b"e", None, None)
    with pytest.raises(Malformed, match="signed head"):
        receive(target, sent(source, second, [first]), source, second, known=first)


def test_a_record_in_many_small_pieces_is_not_copied_each_time() -> None:
    incoming = Incoming(DictSink(), None)
    incoming.feed(bytes((Kind.BLOB,)) + MAX_WHOLE.to_bytes(4, "big"))
    for _ in range(MAX_WHOLE // 16 - 1):
        incoming.feed(bytes(16))
    assert incoming.objects == 0
    incoming.feed(bytes(16))
    assert incoming.objects == 1


# ---- histories that branch and merge ----


def test_a_history_with_merges_arrives_whole_each_commit_after_its_parents() -> None:
    source, target = DictSink(), DictSink()
    made = forked(source)
    records = sent(source, made["n"])
    incoming = receive(target, records, source, made["n"])
    assert incoming.commits == 8
    assert incoming.objects == len(records) == len(set(records))
    assert all(target.facts(commit_id.raw) == source.facts(commit_id.raw) for commit_id in made.values())


def test_what_a_fork_has_of_its_own_does_not_keep_upstream_from_arriving() -> None:
    upstream, fork = DictSink(), DictSink()
    made = forked(upstream)
    receive(fork, sent(upstream, made["u1"]), upstream, made["u1"])
    root = tree.edit(fork, read_commit(fork, made["u1"]).tree, [put(fork, "mine", b"1")])
    commit(fork, root, made["u1"], "of my own")
    records = sent(upstream, made["u3"], [made["u1"]])
    receive(fork, records, upstream, made["u3"], known=made["u1"])


def test_a_commit_that_the_head_does_not_need_is_refused(source: DictSink) -> None:
    made = forked(source)
    stowaway = commit(source, read_commit(source, made["f2"]).tree, made["f1"], "nobody merged this")
    for at in ("f2", "n"):
        records = sent(source, made["n"])
        where = records.index(body_record(source, made[at].raw)) + (at == "f2")
        with_it = [*records[:where], body_record(source, stowaway.raw), *records[where:]]
        refused(with_it, source, made["n"], "does not need|no commit needs")


def test_a_merge_whose_second_parent_was_not_sent_is_refused(source: DictSink) -> None:
    made = forked(source)
    records = [record for record in sent(source, made["n"]) if record != body_record(source, made["u3"].raw)]
    refused(records, source, made["n"])


def test_an_object_as_second_parent_that_is_no_commit_is_refused(source: DictSink) -> None:
    made = forked(source)
    body = source.body(made["m"].raw)
    wrong = body.replace(str(made["u2"]).encode(), read_commit(source, made["u2"]).tree.hex().encode())
    refused([*sent(source, made["m"])[:-1], (Kind.COMMIT, wrong)], source, made["m"], "another kind")


def test_a_merge_that_leaves_the_known_commit_behind_is_refused(source: DictSink) -> None:
    # All parents are known, and the head is signed, but it does not continue from where the receiver stands.
    made = forked(source)
    target = DictSink()
    receive(target, sent(source, made["n"]), source, made["n"])
    beside = merged(source, made["f2"], made["u3"], "beside")
    with pytest.raises(Malformed, match="does not follow the version"):
        receive(target, sent(source, beside, [made["f2"], made["u3"]]), source, beside, known=made["n"])
    with pytest.raises(Malformed, match="signed head"):
        receive(target, [], source, made["m"], known=made["n"])


def test_a_second_first_commit_is_refused_even_if_a_merge_needs_it(source: DictSink) -> None:
    made = forked(source)
    other = commit(source, read_commit(source, made["u0"]).tree, None, "another beginning")
    both = merged(source, made["m"], other, "both")
    records = sent(source, both)
    assert sum(1 for kind, body in records if kind == Kind.COMMIT and b"parent" not in body) == 2
    refused(records, source, both, "does not follow any")
    target = DictSink()
    receive(target, sent(source, made["m"]), source, made["m"])
    with pytest.raises(Conflict):
        receive(target, sent(source, both, [made["m"]]), source, both, known=made["m"])


def test_a_history_that_begins_anew_is_taken_only_by_who_asks_for_it(source: DictSink) -> None:
    target = DictSink()
    line = line_of(source, VERSIONS)
    receive(target, sent(source, line[4]), source, line[4])
    again = commit(source, read_commit(source, line[1]).tree, line[0], "written anew")
    records = sent(source, again, [line[4]])
    with pytest.raises(Conflict, match="rewritten"):
        receive(target, records, source, again, known=line[4])
    incoming = Incoming(target, line[4].raw, anew=True)
    feed_all(incoming, stream_of(*records), again.raw, source.facts(again.raw).digest)
    assert incoming.rewritten
    assert target.facts(again.raw) == source.facts(again.raw)
    # What is no new beginning has to continue as ever.
    incoming = Incoming(target, line[4].raw, anew=True)
    with pytest.raises(Malformed, match="does not follow the version"):
        feed_all(incoming, stream_of(*sent(source, again, [line[0]])), again.raw, source.facts(again.raw).digest)
    assert not incoming.rewritten
