import itertools
from collections import Counter

from dict_sink import DictSink, make_directory, put_blob, tree_of
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.terms import Change, SecretPath
from pk_tui.vault import tree
from pk_tui.vault.chunks import MAX_WHOLE, ChunkWriter
from pk_tui.vault.diff import changes, counting
from pk_tui.vault.objects import Oid

places = st.sampled_from(["a", "b/x", "b/y", "c/d/e", "c/d/f", "ü"])
versions = st.dictionaries(places, st.sampled_from([b"1", b"2"]))


def told(sink: DictSink, old: Oid | None, new: Oid | None) -> dict[str, Change]:
    return {str(path): change for path, change in changes(sink, old, new)}


@given(versions, versions)
@settings(max_examples=60)
def test_changes_are_those_between_two_dicts(before: dict[str, bytes], after: dict[str, bytes]) -> None:
    sink = DictSink()
    expected = dict.fromkeys(before.keys() - after.keys(), Change.DELETED)
    expected |= dict.fromkeys(after.keys() - before.keys(), Change.ADDED)
    expected |= {path: Change.MODIFIED for path in before.keys() & after.keys() if before[path] != after[path]}
    old, new = tree_of(sink, before), tree_of(sink, after)
    assert told(sink, old, new) == expected
    assert list(changes(sink, old, old)) == []
    assert set(told(sink, None, new).values()) <= {Change.ADDED}


@given(versions, versions)
@settings(max_examples=60)
def test_counting_gives_the_numbers_of_the_changes(before: dict[str, bytes], after: dict[str, bytes]) -> None:
    sink = DictSink()
    turned = {path.replace("b/x", "b").replace("c/d/e", "c"): value for path, value in after.items()}
    trees = [None, *(tree_of(sink, fit) for fit in (before, after, without_clashes(turned)))]
    for old, new in itertools.product(trees, repeat=2):
        counts: Counter[Change] = Counter()
        for _ in counting(sink, old, new, counts):
            pass
        assert +counts == Counter(change for _, change in changes(sink, old, new))


def without_clashes(secrets: dict[str, bytes]) -> dict[str, bytes]:
    """Without those below a path that is a secret itself."""
    return {
        path: value for path, value in secrets.items() if not any(path.startswith(f"{other}/") for other in secrets)
    }


def test_what_is_on_one_side_alone_is_counted_unread(sink: DictSink) -> None:
    old = tree_of(sink, {"a": b"1"})
    new = tree_of(sink, {"a": b"1", **{f"d/e/{number}": b"" for number in range(30)}})
    for name in set(sink) - {old, new}:
        sink.objects[name] = (sink.facts(name), b"not to be read", None, None)
    counts: Counter[Change] = Counter()
    for _ in counting(sink, old, new, counts):
        pass
    assert +counts == {Change.ADDED: 30}


def test_paths_come_in_order_and_below_the_prefix(sink: DictSink) -> None:
    root = tree_of(sink, {"b/x": b"", "a": b"", "c": b""})
    assert [str(path) for path, _ in changes(sink, None, root, ("p", "q"))] == ["p/q/a", "p/q/b/x", "p/q/c"]


def test_a_secret_in_the_place_of_a_directory_is_told_as_both(sink: DictSink) -> None:
    old, new = tree_of(sink, {"x/y": b"1", "x/z": b"1"}), tree_of(sink, {"x": b"1"})
    assert told(sink, old, new) == {"x": Change.ADDED, "x/y": Change.DELETED, "x/z": Change.DELETED}
    assert told(sink, new, old) == {"x": Change.DELETED, "x/y": Change.ADDED, "x/z": Change.ADDED}


def test_single_secrets_can_be_compared(sink: DictSink) -> None:
    one, two = put_blob(sink, b"1"), put_blob(sink, b"2")
    assert list(changes(sink, one, two, ("p",))) == [(SecretPath(("p",)), Change.MODIFIED)]
    assert list(changes(sink, None, two, ("p",))) == [(SecretPath(("p",)), Change.ADDED)]
    assert list(changes(sink, one, None, ("p",))) == [(SecretPath(("p",)), Change.DELETED)]


def test_empty_directories_are_no_secrets(sink: DictSink) -> None:
    old = tree.empty_tree(sink)
    new = tree.edit(sink, old, [make_directory("a/b")])
    assert list(changes(sink, old, new)) == []


def test_a_chunked_secret_changes_as_one(sink: DictSink) -> None:
    big = []
    for fill in (b"x", b"y"):
        writer = ChunkWriter(sink)
        writer.feed(fill + bytes(MAX_WHOLE))
        big.append(writer.finish()[0])
    small = put_blob(sink, b"")
    path = SecretPath.parse("d/s")
    roots = [tree.edit(sink, tree.empty_tree(sink), [(path, tree.Put(oid))]) for oid in (*big, small)]
    for old, new in itertools.pairwise(roots):
        assert list(changes(sink, old, new)) == [(path, Change.MODIFIED)]
        assert list(changes(sink, new, old)) == [(path, Change.MODIFIED)]


def test_equal_subtrees_are_not_read(sink: DictSink) -> None:
    old = tree_of(sink, {"same/x": b"1", "a": b"1"})
    new = tree_of(sink, {"same/x": b"1", "a": b"2"})
    same = tree.find(sink, old, ("same",))
    assert same is not None
    del sink.objects[same[0]]
    assert told(sink, old, new) == {"a": Change.MODIFIED}
