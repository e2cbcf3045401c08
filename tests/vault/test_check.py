import time
from collections.abc import Callable

import pytest
from dict_sink import DictSink, commit, put_blob, raw_tree, tree_of

from pk_tui.errors import Malformed
from pk_tui.terms import MAX_DEPTH, MAX_PATH_BYTES, CommitId
from pk_tui.vault import entries, tree
from pk_tui.vault.check import checked_blob, checked_commit, checked_successor, checked_tree
from pk_tui.vault.chunks import CHUNK, MAX_WHOLE, chunk_name
from pk_tui.vault.facts import chunks_facts
from pk_tui.vault.objects import MAX_ENTRIES, MAX_OBJECT, Facts, Kind, Oid, blob, git_name

FILE, DIRECTORY = entries.FILE, entries.DIRECTORY


@pytest.fixture
def secret(sink: DictSink) -> Oid:
    return put_blob(sink, b"secret")


@pytest.fixture
def folder(sink: DictSink) -> Oid:
    return tree_of(sink, {"x": b"1"})


def whole(raw: bytes, sink: DictSink) -> Facts:
    return checked_tree(raw, sink.facts)[0]


def as_successor(raw: bytes, sink: DictSink) -> Facts:
    """The same tree, told as the successor of one that has an entry of its own between all others."""
    old = tree_of(sink, {"m": b"old"})
    return checked_successor(raw, sink.body(old), sink.facts(old), sink.facts)[0]


both_ways = pytest.mark.parametrize("check", [whole, as_successor])
Check = Callable[[bytes, DictSink], Facts]


def test_a_blob_is_at_most_what_is_not_chunked() -> None:
    assert checked_blob(bytes(MAX_WHOLE)) == blob(bytes(MAX_WHOLE))[1]
    with pytest.raises(Malformed):
        checked_blob(bytes(MAX_WHOLE + 1))


@both_ways
def test_a_good_tree_is_taken_with_the_facts_it_has_here(sink: DictSink, check: Check) -> None:
    root = tree_of(sink, {"a": b"1", "a-": b"2", "a.b/c": b"3", "b/c": b"4", "ü Ж 日本": b"5", "m": b"6"})
    assert check(sink.body(root), sink) == sink.facts(root)
    assert check(b"", sink) == sink.facts(tree.empty_tree(sink))


HOSTILE_NAMES = [
    b"..", b".", b".git", b".GIT", b".gIt", b"a/b", b"/", b"a/", b"\x1b[2J", b"a\nb", b"\x7f", b"a\tb",
    "a\u202eb".encode(), "\u200b".encode(), "\u2066".encode(), "\ufeff".encode(), "\u0085".encode(), "\u2028".encode(),
    b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80",
    "e\u0301".encode(), "\ue000".encode(), b"x" * 256, "ü".encode() * 128, b"\x01", b"\x0100000000",
]  # fmt: skip


@both_ways
@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=repr)
def test_a_hostile_name_is_refused(sink: DictSink, secret: Oid, folder: Oid, name: bytes, check: Check) -> None:
    with pytest.raises(Malformed) as caught:
        check(raw_tree((FILE, name, secret)), sink)
    assert "\x1b" not in str(caught.value)
    with pytest.raises(Malformed):
        check(raw_tree((DIRECTORY, name, folder)), sink)
    with pytest.raises(Malformed):
        check(raw_tree(*sorted([(FILE, b"good", secret), (FILE, name, secret)], key=lambda row: row[1])), sink)


@both_ways
@pytest.mark.parametrize(
    "mode",
    [b"100755", b"120000", b"160000", b"040000", b"100664", b"0100644", b"100645", b"777777777", b"", b"-1", b"1e5"],
)
def test_any_other_mode_is_refused(sink: DictSink, secret: Oid, folder: Oid, mode: bytes, check: Check) -> None:
    for oid in (secret, folder):
        with pytest.raises(Malformed):
            check(raw_tree((mode, b"a", oid)), sink)
        with pytest.raises(Malformed):
            check(raw_tree((FILE, b"0", secret), (mode, b"a", oid)), sink)


@both_ways
def test_trees_that_are_cut_or_have_more_are_refused(sink: DictSink, secret: Oid, check: Check) -> None:
    good = raw_tree((FILE, b"a", secret))
    for bad in (good[:-1], good[1:], good + b"\0", good + b"100644 b", b"\0", b"100644 \0" + secret, bytes(100)):
        with pytest.raises(Malformed):
            check(bad, sink)


@both_ways
def test_order_and_uniqueness_are_demanded(sink: DictSink, secret: Oid, folder: Oid, check: Check) -> None:
    other = put_blob(sink, b"other")
    for rows in (
        [(FILE, b"b", secret), (FILE, b"a", secret)],
        [(FILE, b"a", secret), (FILE, b"a", secret)],
        [(FILE, b"a", secret), (FILE, b"a", other)],
        [(FILE, b"a", secret), (DIRECTORY, b"a", folder)],
        [(FILE, b"a", secret), (FILE, b"a-", secret), (DIRECTORY, b"a", folder)],
        [(DIRECTORY, b"a", folder), (FILE, b"a-", secret)],
        [(DIRECTORY, b"a", folder), (FILE, b"a", secret)],
        [(DIRECTORY, b"a", folder), (DIRECTORY, b"a", folder)],
        [(FILE, b"m", secret), (FILE, b"m", other)],
        [(FILE, b"m", secret), (DIRECTORY, b"m", folder)],
    ):
        with pytest.raises(Malformed, match="order"):
            check(raw_tree(*rows), sink)
    assert check(raw_tree((FILE, b"a-", secret), (DIRECTORY, b"a", folder)), sink).secrets == 2


def test_a_successor_may_not_repeat_or_shadow_what_it_keeps(sink: DictSink, secret: Oid, folder: Oid) -> None:
    old = tree_of(sink, {"a": b"1", "b/x": b"2", "c": b"3"})
    raw, facts = sink.body(old), sink.facts(old)
    a, b, c = entries.split(raw)
    for bad in (
        [a, a, b, c],
        [a, entries.make(b"a", secret, False), b, c],
        [entries.make(b"a", secret, False), a, b, c],
        [a, entries.make(b"a", folder, True), b, c],
        [a, entries.make(b"b", secret, False), b, c],
        [a, c, b],
        [b, a, c],
        [a, b, c, entries.make(b"0", secret, False)],
    ):
        with pytest.raises(Malformed, match="order"):
            checked_successor(b"".join(bad), raw, facts, sink.facts)
    for good in (
        [a, c],
        [b],
        [],
        [a, entries.make(b"a-", secret, False), b, c],
        [entries.make(b"a", secret, False), c],
    ):
        body = b"".join(good)
        assert checked_successor(body, raw, facts, sink.facts) == checked_tree(body, sink.facts)


@both_ways
def test_a_child_must_be_known_and_of_the_kind_its_mode_says(
    sink: DictSink, secret: Oid, folder: Oid, check: Check
) -> None:
    version = commit(sink, folder).raw
    for mode, oid in ((FILE, bytes(20)), (DIRECTORY, bytes(20))):
        with pytest.raises(Malformed, match="not sent before"):
            check(raw_tree((mode, b"a", oid)), sink)
    for mode, oid in ((FILE, folder), (DIRECTORY, secret), (FILE, version), (DIRECTORY, version)):
        with pytest.raises(Malformed, match="another kind"):
            check(raw_tree((mode, b"a", oid)), sink)


def nested(sink: DictSink, name: bytes, times: int, inner: Oid, width: int = 1) -> Oid:
    for _ in range(times):
        raw = raw_tree(*[(DIRECTORY, name + (b"%d" % number if width > 1 else b""), inner) for number in range(width)])
        inner = git_name(Kind.TREE, raw)
        sink.add(inner, whole(raw, sink), raw)
    return inner


def test_a_tree_deeper_than_a_path_may_be_is_refused(sink: DictSink, folder: Oid) -> None:
    deepest = nested(sink, b"d", MAX_DEPTH - 1, folder)
    assert sink.facts(deepest).height == MAX_DEPTH
    for check in (whole, as_successor):
        with pytest.raises(Malformed, match="deeper"):
            check(raw_tree((DIRECTORY, b"d", deepest)), sink)


def test_a_path_longer_than_a_path_may_be_is_refused(sink: DictSink, folder: Oid) -> None:
    longest = nested(sink, b"n" * 255, 3, folder)
    for check in (whole, as_successor):
        assert check(raw_tree((DIRECTORY, b"n" * 254, longest)), sink).reach == MAX_PATH_BYTES
        with pytest.raises(Malformed, match="longer"):
            check(raw_tree((DIRECTORY, b"n" * 255, longest)), sink)


@pytest.mark.parametrize("inner", [{"x": b"1"}, {}])
def test_few_trees_that_stand_for_very_many_entries_are_refused(sink: DictSink, inner: dict[str, bytes]) -> None:
    bomb = nested(sink, b"n", 6, tree_of(sink, inner), width=10)
    assert sink.facts(bomb).secrets <= MAX_ENTRIES
    with pytest.raises(Malformed, match="secrets"):
        whole(raw_tree(*[(DIRECTORY, b"n%d" % number, bomb) for number in range(10)]), sink)


@both_ways
def test_a_tree_larger_than_an_object_is_refused(sink: DictSink, secret: Oid, check: Check) -> None:
    rows = [(FILE, b"%0250d" % number, secret) for number in range(MAX_OBJECT // 278 + 1)]
    with pytest.raises(Malformed, match="too large"):
        check(raw_tree(*rows), sink)


@both_ways
def test_hostile_trees_cost_little_time(sink: DictSink, check: Check) -> None:
    start = time.process_time()
    for bad in (b"100644 a" * 250_000, b"40000 " * 300_000, bytes(MAX_OBJECT)):
        with pytest.raises(Malformed):
            check(bad, sink)
    assert time.process_time() - start < 2


# ---- chunks ----


def chunked(sink: DictSink, sizes: list[int]) -> list[tuple[bytes, bytes, Oid]]:
    return [(FILE, chunk_name(number), put_blob(sink, bytes(size))) for number, size in enumerate(sizes)]


def test_a_chunk_tree_is_one_secret(sink: DictSink) -> None:
    raw = raw_tree(*chunked(sink, [CHUNK] * 4 + [7]))
    facts = whole(raw, sink)
    assert (facts.kind, facts.secrets, facts.height, facts.size) == (Kind.CHUNKS, 1, 0, 4 * CHUNK + 7)


@pytest.mark.parametrize(
    "sizes",
    [
        [CHUNK] * 4,
        [7],
        [CHUNK] * 5 + [0],
        [CHUNK - 1] + [CHUNK] * 5,
        [CHUNK] * 4 + [CHUNK + 1],
        [CHUNK] * 4 + [1, CHUNK],
    ],
)
def test_chunks_of_the_wrong_number_or_size_are_refused(sink: DictSink, sizes: list[int]) -> None:
    with pytest.raises(Malformed, match="chunk"):
        whole(raw_tree(*chunked(sink, sizes)), sink)


def test_chunks_in_other_forms_are_refused(sink: DictSink, secret: Oid, folder: Oid) -> None:
    good = chunked(sink, [CHUNK] * 6)
    chunks = git_name(Kind.CHUNKS, raw_tree(*good))
    sink.add(chunks, whole(raw_tree(*good), sink), raw_tree(*good))
    for bad in (
        [*good, (FILE, b"name", secret)],
        [(FILE, b"\x00000", secret), *good],
        [*good[:2], *good[3:]],
        [good[1], good[0], *good[2:]],
        [good[0], *good],
        [(FILE, b"\x0100000000x", good[0][2]), *good[1:]],
        [(FILE, b"\x010000000", good[0][2]), *good[1:]],
        [*good[:5], (DIRECTORY, chunk_name(5), folder)],
        [*good[:5], (DIRECTORY, chunk_name(5), chunks)],
        [(FILE, b"\x01" + "０".encode() * 8, good[0][2]), *good[1:]],
    ):
        with pytest.raises(Malformed):
            whole(raw_tree(*bad), sink)


def test_too_many_chunks_are_refused(sink: DictSink) -> None:
    one = put_blob(sink, bytes(CHUNK))
    rows = [(FILE, chunk_name(number), one) for number in range(16_385)]
    with pytest.raises(Malformed, match="too many"):
        whole(raw_tree(*rows), sink)
    assert whole(raw_tree(*rows[:-1]), sink).size == 4 * 1024**3


def test_a_chunk_tree_may_stand_in_a_directory_only_as_a_secret(sink: DictSink) -> None:
    raw = raw_tree(*chunked(sink, [CHUNK] * 5))
    oid = git_name(Kind.CHUNKS, raw)
    sink.add(oid, whole(raw, sink), raw)
    assert whole(raw_tree((DIRECTORY, b"big", oid)), sink).secrets == 1
    with pytest.raises(Malformed, match="another kind"):
        whole(raw_tree((FILE, b"big", oid)), sink)


# ---- commits ----


def test_a_commit_needs_its_tree_and_parent(sink: DictSink, folder: Oid) -> None:
    first = commit(sink, folder)
    second = commit(sink, folder, first)
    facts, read = checked_commit(sink.body(second.raw), sink.facts)
    assert facts == sink.facts(second.raw)
    assert read.parents == (first,)
    for missing in (folder, first.raw):
        with pytest.raises(Malformed, match="not sent before"):
            checked_commit(sink.body(second.raw), {o: sink.facts(o) for o in sink if o != missing}.__getitem__)


def test_a_commit_of_something_else_than_a_directory_is_refused(sink: DictSink, secret: Oid, folder: Oid) -> None:
    chunks = b"chunks"
    lax = DictSink(strict=False)
    lax.objects |= sink.objects
    lax.add(git_name(Kind.CHUNKS, chunks), chunks_facts(chunks, 1, b""), chunks)
    first = commit(lax, folder)
    for root in (secret, first.raw, git_name(Kind.CHUNKS, chunks)):
        bad = lax.body(first.raw).replace(folder.hex().encode(), root.hex().encode())
        with pytest.raises(Malformed, match="another kind"):
            checked_commit(bad, lax.facts)
    bad = lax.body(commit(lax, folder, first).raw).replace(str(first).encode(), str(CommitId(folder)).encode())
    with pytest.raises(Malformed, match="another kind"):
        checked_commit(bad, lax.facts)
