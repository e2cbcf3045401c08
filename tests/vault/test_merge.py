from __future__ import annotations

import pytest
from dict_sink import AUTHOR, DictSink, make_directory, put, secrets_of, tree_of
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.terms import SecretPath
from pk_tui.vault import chunks, history, tree
from pk_tui.vault.chunks import CHUNK, MAX_WHOLE, ChunkWriter
from pk_tui.vault.merge import Clash, Merged, merge
from pk_tui.vault.objects import Kind, Oid
from pk_tui.vault.stepwise import finish

Version = dict[str, bytes | None]
"""Secrets by path; None is an empty directory."""


def built(sink: DictSink, version: Version) -> Oid:
    edits = [make_directory(path) if body is None else put(sink, path, body) for path, body in version.items()]
    return tree.edit(sink, tree.empty_tree(sink), edits)


def shown(sink: DictSink, root: Oid) -> Version:
    """What a tree holds, empty directories too."""
    rows = list(tree.listing(sink, root, (), True))
    found: Version = dict(secrets_of(sink, root))
    found.update({row.path: None for row in rows if row.is_directory and sink.body(row.oid) == b""})
    return found


def merged(base: Version | None, ours: Version, theirs: Version) -> tuple[Version, list[str]]:
    sink = DictSink()
    trees = [None if version is None else built(sink, version) for version in (base, ours, theirs)]
    assert trees[1] is not None
    assert trees[2] is not None
    found = finish(merge(sink, trees[0], trees[1], trees[2]))
    return shown(sink, found.tree), [f"{clash.path}" for clash in found.clashes]


CLEAN: dict[str, tuple[Version, Version, Version, Version]] = {
    "theirs added": ({"a": b"1"}, {"a": b"1"}, {"a": b"1", "b": b"2"}, {"a": b"1", "b": b"2"}),
    "both added others": ({}, {"a": b"1"}, {"b": b"2"}, {"a": b"1", "b": b"2"}),
    "both added the same": ({}, {"a": b"1", "o": b""}, {"a": b"1", "t": b""}, {"a": b"1", "o": b"", "t": b""}),
    "both changed alike": ({"a": b"1"}, {"a": b"2", "o": b""}, {"a": b"2"}, {"a": b"2", "o": b""}),
    "both removed": ({"a": b"1", "b": b"1"}, {"b": b"1", "o": b""}, {"b": b"2"}, {"b": b"2", "o": b""}),
    "theirs removed": ({"a": b"1", "b": b"1"}, {"a": b"1", "b": b"2"}, {"b": b"1"}, {"b": b"2"}),
    "ours removed": ({"a": b"1", "b": b"1"}, {"b": b"1"}, {"a": b"1", "b": b"2"}, {"b": b"2"}),
    "in one directory": (
        {"d/a": b"1", "d/b": b"1"},
        {"d/a": b"2", "d/b": b"1"},
        {"d/a": b"1", "d/b": b"2"},
        {"d/a": b"2", "d/b": b"2"},
    ),
    "a new directory on both sides": ({}, {"d/a": b"1"}, {"d/b": b"2"}, {"d/a": b"1", "d/b": b"2"}),
    "removed a directory in which ours added": (
        {"d/a": b"1", "d/b": b"1"},
        {"d/a": b"1", "d/b": b"1", "d/c": b"1"},
        {"x": b""},
        {"d/c": b"1", "x": b""},
    ),
    "ours removed a directory in which theirs added": (
        {"d/a": b"1", "d/b": b"1"},
        {"x": b""},
        {"d/a": b"1", "d/b": b"1", "d/c": b"1"},
        {"d/c": b"1", "x": b""},
    ),
    "each removed one of two": ({"d/a": b"1", "d/b": b"1"}, {"d/a": b"1"}, {"d/b": b"1"}, {}),
    "a secret became a directory": (
        {"a": b"1", "b": b"1"},
        {"a": b"1", "b": b"2"},
        {"a/x": b"1", "b": b"1"},
        {"a/x": b"1", "b": b"2"},
    ),
    "a directory became a secret": (
        {"a/x": b"1", "b": b"1"},
        {"a/x": b"1", "b": b"2"},
        {"a": b"1", "b": b"1"},
        {"a": b"1", "b": b"2"},
    ),
    "one removed, the other made a directory of it": ({"a": b"1"}, {"o": b""}, {"a/x": b"1"}, {"o": b"", "a/x": b"1"}),
    "a directory of it, removed by the other": ({"a": b"1"}, {"a/x": b"1"}, {"t": b""}, {"t": b"", "a/x": b"1"}),
    "one removed, the other made a secret of it": ({"a/x": b"1"}, {"o": b""}, {"a": b"1"}, {"o": b"", "a": b"1"}),
    "a secret of it, removed by the other": ({"a/x": b"1"}, {"a": b"1"}, {"t": b""}, {"t": b"", "a": b"1"}),
    "both made a directory of it": ({"a": b"1"}, {"a/x": b"1"}, {"a/y": b"1"}, {"a/x": b"1", "a/y": b"1"}),
    "an empty directory came": ({"a": b"1"}, {"a": b"2"}, {"a": b"1", "e/e": None}, {"a": b"2", "e/e": None}),
    "an empty directory went": ({"a": b"1", "e": None}, {"a": b"2", "e": None}, {"a": b"1"}, {"a": b"2"}),
    "an empty directory was filled and removed": (
        {"e": None, "a": b""},
        {"a": b""},
        {"e/x": b"1", "a": b""},
        {"e/x": b"1", "a": b""},
    ),
    "emptied on purpose, and one removed": ({"d/a": b"1", "d/b": b""}, {"d": None}, {"d/a": b"1"}, {"d": None}),
    "one removed, and emptied on purpose": ({"d/a": b"1", "d/b": b""}, {"d/a": b"1"}, {"d": None}, {"d": None}),
    "emptied on purpose, and removed": ({"d/a": b"1"}, {"d": None}, {"t": b""}, {"t": b""}),
    "removed, and emptied on purpose": ({"d/a": b"1"}, {"o": b""}, {"d": None}, {"o": b""}),
    "the last of a directory replaced": (
        {"d/a": b"1"},
        {"d/a": b"1", "o": b""},
        {"d/a/x": b"1"},
        {"d/a/x": b"1", "o": b""},
    ),
}


@pytest.mark.parametrize(("base", "ours", "theirs", "expected"), CLEAN.values(), ids=CLEAN)
def test_what_only_one_side_changed_is_taken(base: Version, ours: Version, theirs: Version, expected: Version) -> None:
    assert merged(base, ours, theirs) == (expected, [])


CLASHES: dict[str, tuple[Version | None, Version, Version, Version, str]] = {
    "both changed": ({"a": b"1"}, {"a": b"2"}, {"a": b"3"}, {"a": b"2"}, "a +++"),
    "both added": ({}, {"d/a": b"2"}, {"d/a": b"3"}, {"d/a": b"2"}, "d/a -++"),
    "nothing in common": (None, {"a": b"2", "b": b"1"}, {"a": b"3", "b": b"1"}, {"a": b"2", "b": b"1"}, "a -++"),
    "ours removed": ({"a": b"1"}, {}, {"a": b"3"}, {}, "a +-+"),
    "theirs removed": ({"a": b"1"}, {"a": b"2"}, {}, {"a": b"2"}, "a ++-"),
    "ours removed the directory": ({"d/a": b"1", "d/b": b"1"}, {}, {"d/a": b"3", "d/b": b"1"}, {}, "d/a +-+"),
    "theirs removed the directory": (
        {"d/a": b"1", "d/b": b"1"},
        {"d/a": b"2", "d/b": b"1"},
        {},
        {"d/a": b"2"},
        "d/a ++-",
    ),
    "secret and directory": ({}, {"a": b"2"}, {"a/x": b"3"}, {"a": b"2"}, "a -++"),
    "directory and secret": ({}, {"a/x": b"2", "a/y": b""}, {"a": b"3"}, {"a/x": b"2", "a/y": b""}, "a -++"),
    "changed, and made a directory": ({"a": b"1"}, {"a": b"2"}, {"a/x": b"3"}, {"a": b"2"}, "a +++"),
    "changed in it, and made a secret": ({"a/x": b"1"}, {"a/x": b"2"}, {"a": b"3"}, {"a/x": b"2"}, "a +++"),
    "both made a secret of it": ({"a/x": b"1"}, {"a": b"2"}, {"a": b"3"}, {"a": b"2"}, "a +++"),
    "looks like a text merge": (
        {"a": b"1\n2\n3\n4\n5\n"},
        {"a": b"one\n2\n3\n4\n5\n"},
        {"a": b"1\n2\n3\n4\nfive\n"},
        {"a": b"one\n2\n3\n4\n5\n"},
        "a +++",
    ),
    "marks in values": ({"a": b"1"}, {"a": b"<<<<<<< ours"}, {"a": b">>>>>>> theirs"}, {"a": b"<<<<<<< ours"}, "a +++"),
}


@pytest.mark.parametrize(("base", "ours", "theirs", "expected", "clash"), CLASHES.values(), ids=CLASHES)
def test_what_both_changed_differently_is_a_conflict_and_ours_stays(
    base: Version | None, ours: Version, theirs: Version, expected: Version, clash: str
) -> None:
    sink = DictSink()
    trees = [None if version is None else built(sink, version) for version in (base, ours, theirs)]
    assert trees[1] is not None
    assert trees[2] is not None
    found = finish(merge(sink, trees[0], trees[1], trees[2]))
    assert shown(sink, found.tree) == expected
    path, there = clash.split(" ")
    assert found.clashes == (Clash(SecretPath.parse(path), *(mark == "+" for mark in there)),)


def test_a_large_secret_is_one_secret(sink: DictSink) -> None:
    def large(tail: bytes) -> Oid:
        writer = ChunkWriter(sink)
        writer.feed(bytes(MAX_WHOLE) + tail)
        return writer.finish()[0]

    def holding(*secrets: tuple[str, bytes]) -> Oid:
        edits: list[tree.Edit] = [(SecretPath.parse(path), tree.Put(large(tail))) for path, tail in secrets]
        return tree.edit(sink, tree.empty_tree(sink), edits)

    base = holding(("big", b"1"), ("other", b"1"))
    ours, theirs = holding(("big", b"2" * CHUNK), ("other", b"1")), holding(("big", b"1"), ("other", b"3"))
    found = finish(merge(sink, base, ours, theirs))
    assert found == Merged(holding(("big", b"2" * CHUNK), ("other", b"3")), ())
    both = finish(merge(sink, base, ours, holding(("big", b"4"), ("other", b"1"))))
    assert (both.tree, [str(clash.path) for clash in both.clashes]) == (ours, ["big"])
    here = tree.find(sink, both.tree, ("big",))
    assert here is not None
    assert sink.facts(here[0]).kind is Kind.CHUNKS
    assert sum(map(len, chunks.pieces(sink, here[0]))) == MAX_WHOLE + CHUNK


def test_equal_directories_are_not_read(sink: DictSink) -> None:
    base = tree_of(sink, {f"d{number:02d}/s": b"%d" % number for number in range(50)})
    ours = tree.edit(sink, base, [put(sink, "d01/s", b"ours")])
    theirs = tree.edit(sink, base, [put(sink, "d02/s", b"theirs"), put(sink, "d01/t", b"theirs")])
    read: list[Oid] = []
    body = sink.body
    sink.body = lambda oid: (read.append(oid), body(oid))[1]  # type: ignore[method-assign, func-returns-value]
    steps = 0
    work = merge(sink, base, ours, theirs)
    try:
        while True:
            next(work)
            steps += 1
    except StopIteration as end:
        found = end.value
    untouched = {tree.find(sink, base, (f"d{number:02d}",))[0] for number in range(3, 50)}  # type: ignore[index]
    assert not untouched.intersection(read)
    assert steps == 2 + 2  # looked into: the root and d01; made: the same two, since d02 is taken as it is
    assert secrets_of(sink, found.tree)["d01/s"] == b"ours"
    assert len(secrets_of(sink, found.tree)) == 51


# ---- the laws ----

_paths = st.sampled_from(["a", "b", "d/a", "d/b", "d/e/a", "d/e/b", "x", "x/y", "x/z/w", "ü"])
_bodies = st.one_of(st.none(), st.sampled_from([b"1", b"2", b"3"]))


def _fits(version: Version) -> Version:
    """Without what cannot lie below a secret that is there."""
    kept: Version = {}
    for path, body in version.items():
        if not any(
            (path.startswith(other + "/") and kept[other] is not None) or other.startswith(path + "/") or other == path
            for other in kept
        ):
            kept[path] = body
    return kept


versions = st.dictionaries(_paths, _bodies, max_size=8).map(_fits)


def _outside(version: Version, clashes: tuple[Clash, ...]) -> Version:
    """The secrets that no conflict is about."""
    paths = [str(clash.path) for clash in clashes]
    return {
        path: body
        for path, body in version.items()
        if body is not None and not any(path == at or path.startswith(at + "/") for at in paths)
    }


@given(st.none() | versions, versions, versions)
@settings(max_examples=600, deadline=None)
def test_the_laws_of_merging(base: Version | None, ours: Version, theirs: Version) -> None:
    sink = DictSink()
    root = None if base is None else built(sink, base)
    mine, other = built(sink, ours), built(sink, theirs)
    one, two = finish(merge(sink, root, mine, other)), finish(merge(sink, root, other, mine))

    # The same conflicts whoever merges, and the same secrets wherever there is none.
    assert [(c.path, c.base, c.ours, c.theirs) for c in one.clashes] == [
        (c.path, c.base, c.theirs, c.ours) for c in two.clashes
    ]
    assert _outside(shown(sink, one.tree), one.clashes) == _outside(shown(sink, two.tree), two.clashes)

    # Merging twice changes nothing, neither from where they parted nor from what was merged.
    again = finish(merge(sink, root, one.tree, other))
    assert (again.tree, [c.path for c in again.clashes]) == (one.tree, [c.path for c in one.clashes])
    assert finish(merge(sink, other, one.tree, other)) == Merged(one.tree, ())

    # With an ancestor there is nothing to do, and to who has changed nothing everything comes.
    if root is not None:
        assert finish(merge(sink, root, mine, root)) == Merged(mine, ())
        assert finish(merge(sink, root, root, other)) == Merged(other, ())

    # No side is lost: every secret of theirs is in the result, or was removed by ours unchanged, or is a conflict.
    result, was = shown(sink, one.tree), secrets_of(sink, root) if root is not None else {}
    for path, body in secrets_of(sink, other).items():
        covered = any(path == str(c.path) or path.startswith(f"{c.path}/") for c in one.clashes)
        assert result.get(path) == body or was.get(path) == body or covered
    for path, body in secrets_of(sink, mine).items():
        assert result.get(path) == body or was.get(path) == body


@given(versions, versions, versions)
@settings(max_examples=100, deadline=None)
def test_theirs_stays_reachable_behind_the_merge(base: Version, ours: Version, theirs: Version) -> None:
    sink = DictSink()
    first, _ = history.build_commit(sink, built(sink, base), None, AUTHOR, "base", 0)
    mine, _ = history.build_commit(sink, built(sink, ours), first, AUTHOR, "ours", 1)
    other, _ = history.build_commit(sink, built(sink, theirs), first, AUTHOR, "theirs", 2)
    read = [history.read_commit(sink, one).tree for one in (first, mine, other)]
    found = finish(merge(sink, *read))
    commit, _ = history.build_commit(sink, found.tree, mine, AUTHOR, "merge", 3, other)
    second = history.read_commit(sink, commit).parents[1]
    for clash in found.clashes:
        there = tree.find(sink, history.read_commit(sink, second).tree, clash.path.parts)
        assert (there is not None) == clash.theirs
