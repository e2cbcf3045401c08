from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from dict_sink import AUTHOR, DictSink, commit, line_of, make_directory, put, put_blob, remove, tree_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from real_git import export, fsck, git, needs_git

from pk_tui.clock import SECOND
from pk_tui.errors import Corrupt
from pk_tui.terms import CommitId, SecretPath
from pk_tui.vault import history, tree
from pk_tui.vault.chunks import MAX_WHOLE, ChunkWriter
from pk_tui.vault.export_pack import Packing, _distance, _size, reachable

pytestmark = needs_git

NAMES = st.sampled_from(["a", "b", "a.b", "a-b", "a0", "A", "ü", "x y", "漢", "-", "a b.txt"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
STEPS = st.lists(
    st.lists(st.one_of(st.tuples(PATHS, st.binary(max_size=12)), st.tuples(PATHS, st.none())), min_size=1, max_size=6),
    min_size=1,
    max_size=8,
)


def under(path: str, other: str) -> bool:
    return path.startswith(other + "/")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_any_history_is_the_one_that_git_itself_would_have_made(steps: list[list[tuple[str, bytes | None]]]) -> None:
    """The same changes, done to a vault and told to `git fast-import`: trees have the same names, and git finds no fault."""
    sink = DictSink()
    root, head = tree.empty_tree(sink), None
    held: dict[str, bytes] = {}
    trees: list[str] = []
    told = b""
    for number, step in enumerate(steps):
        edits, lines = [], b""
        for path, value in step:
            if value is None and path in held:
                edits.append(remove(path))
                del held[path]
                lines += b"D %b\n" % path.encode()
            elif value is not None and not any(under(path, other) or under(other, path) for other in held):
                edits.append(put(sink, path, value))
                held[path] = value
                lines += b"M 100644 inline %b\ndata %d\n%b\n" % (path.encode(), len(value), value)
        root = tree.edit(sink, root, edits)
        head = commit(sink, root, head, f"v{number}", number * SECOND)
        trees.append(root.hex())
        told += b"commit refs/heads/main\ncommitter A <a@b> %d +0000\ndata 1\nm\n%b\n" % (number, lines)
    assert head is not None
    with tempfile.TemporaryDirectory() as directory:
        ours, theirs = Path(directory, "ours"), Path(directory, "theirs")
        objects = export(sink, head, ours)
        fsck(ours)
        git(Path(directory), "init", "-q", "--bare", str(theirs))
        git(theirs, "fast-import", "--quiet", given=told)
        said = git(theirs, "log", "--reverse", "--format=%T", "main").split()
        assert git(ours, "log", "--reverse", "--format=%T", "main").split() == said == trees
        for path in ("a", "a/b", "ü"):
            log = ["log", "--format=%T", "main", "--", path]
            assert git(ours, *log) == git(theirs, *log)
        assert len(objects) == len(set(objects))
        assert sorted(git(ours, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split()) == sorted(
            oid.hex() for oid in objects
        )


def test_trees_that_are_kept_as_deltas_are_packed_as_deltas(sink: DictSink, tmp_path: Path) -> None:
    values = {f"s{number:04}": b"%d" % number for number in range(500)}
    versions = [{**values, "s0100": b"v%d" % number} for number in range(6)]
    commits = line_of(sink, versions)
    export(sink, commits[-1], tmp_path)
    fsck(tmp_path)
    (pack,) = (tmp_path / "objects/pack").glob("*.idx")
    rows = git(tmp_path, "verify-pack", "-v", str(pack)).splitlines()
    assert sum(len(row.split()) == 7 for row in rows) == 5  # a delta's row ends in its depth and base
    assert git(tmp_path, "show", "main~2:s0100") == "v3"


def test_a_merge_has_both_its_parents_and_what_lies_behind_them(sink: DictSink, tmp_path: Path) -> None:
    base = commit(sink, tree_of(sink, {"a": b"1"}))
    left = commit(sink, tree_of(sink, {"a": b"1", "l": b"2"}), base, "left", SECOND)
    right = commit(sink, tree_of(sink, {"a": b"1", "r": b"3"}), base, "right", SECOND)
    both = tree_of(sink, {"a": b"1", "l": b"2", "r": b"3"})
    merge, _ = history.build_commit(sink, both, left, AUTHOR, "both", 2 * SECOND, right)
    export(sink, merge, tmp_path)
    fsck(tmp_path)
    assert git(tmp_path, "log", "-1", "--format=%P").split() == [str(left), str(right)]
    assert git(tmp_path, "rev-list", "--count", "main").strip() == "4"


def test_large_secrets_empty_directories_and_messages_of_any_text_are_git(sink: DictSink, tmp_path: Path) -> None:
    writer = ChunkWriter(sink)
    writer.feed(bytes(range(256)) * 8192)
    large = writer.finish()[0]
    edits = [(SecretPath.parse("d/large"), tree.Put(large)), make_directory("empty/inside"), put(sink, "v", b"")]
    root = tree.edit(sink, tree.empty_tree(sink), edits)
    export(sink, commit(sink, root, message="ü\n\n\x1b[2J: <x>\nparent 0"), tmp_path)
    fsck(tmp_path)
    assert len(git(tmp_path, "ls-tree", "main:d/large").splitlines()) == 2 * MAX_WHOLE // (256 * 1024)


def test_a_version_before_is_exported_without_what_came_later(sink: DictSink, tmp_path: Path) -> None:
    commits = line_of(sink, [{"a": b"1"}, {"a": b"2"}, {"a": b"3"}])
    export(sink, commits[1], tmp_path)
    fsck(tmp_path)
    assert git(tmp_path, "log", "--format=%H").split() == [str(commits[1]), str(commits[0])]


def test_an_empty_vault_is_a_repository_too(sink: DictSink, tmp_path: Path) -> None:
    export(sink, commit(sink, tree.empty_tree(sink)), tmp_path)
    fsck(tmp_path)


def test_objects_come_once_and_old_versions_first(sink: DictSink) -> None:
    commits = line_of(sink, [{"a": b"1"}, {"a": b"1", "b": b"1"}])
    objects = [oid for oid in reachable(sink, commits[-1]) if oid is not None]
    assert len(objects) == len(set(objects)) == 5
    assert objects.index(commits[0].raw) < objects.index(commits[1].raw)


@pytest.mark.parametrize("missing", ["blob", "tree", "commit"])
def test_what_is_missing_is_told_and_not_left_out(sink: DictSink, missing: str) -> None:
    commits = line_of(sink, [{"a/b": b"1"}, {"a/b": b"2"}])
    first = history.read_commit(sink, commits[0]).tree
    blob = put_blob(sink, b"1")
    del sink.objects[{"blob": blob, "tree": first, "commit": commits[0].raw}[missing]]
    with pytest.raises(Corrupt, match="gone"):
        list(reachable(sink, commits[1]))


def test_a_long_history_is_walked_without_recursion(sink: DictSink) -> None:
    root, head = tree.empty_tree(sink), None
    for number in range(3000):
        head = commit(sink, root, head, time=number * SECOND)
    assert isinstance(head, CommitId)
    assert sum(oid is not None for oid in reachable(sink, head)) == 3001


def test_offsets_beyond_two_gigabytes_stand_in_a_table_of_their_own(sink: DictSink) -> None:
    packing = Packing(sink)
    packing.begin(2)
    packing.add(put_blob(sink, b"near"))
    packing._at = 5_000_000_000
    packing.add(put_blob(sink, b"far"))
    index = b"".join(packing.index())
    assert (5_000_000_000).to_bytes(8, "big") in index
    assert len(index) == 8 + 1024 + 2 * 20 + 2 * 4 + 2 * 4 + 8 + 40


@given(st.integers(0, 2**40))
def test_sizes_and_distances_are_written_as_git_reads_them(number: int) -> None:
    raw = _size(3, number)
    assert raw[0] >> 4 & 7 == 3
    value, shift = raw[0] & 15, 4
    for byte in raw[1:]:
        value |= (byte & 127) << shift
        shift += 7
    assert value == number
    back = _distance(number)
    value = back[0] & 127
    for byte in back[1:]:
        value = (value + 1) << 7 | byte & 127
    assert value == number
    assert all(byte & 128 for byte in (*raw[:-1], *back[:-1]))
    assert not (raw[-1] | back[-1]) & 128
