import pytest
from dict_sink import AUTHOR, commit, line_of, tree_of

from pk_tui.terms import SecretPath
from pk_tui.vault import chunks, history, tree
from pk_tui.vault.reachable import reach


def reached(sink, *commits, found=None):
    found = set() if found is None else found
    steps = sum(1 for _ in reach(sink, [one.raw for one in commits], found))
    return found, steps


def test_everything_behind_a_version_is_reached_and_nothing_else(sink):
    line = line_of(sink, [{"a": b"1", "d/b": b"2"}, {"a": b"3", "d/b": b"2"}])
    needed = set(sink) - {tree.empty_tree(sink)}
    tree_of(sink, {"left": b"over"})
    found, _ = reached(sink, line[1])
    assert found == needed
    assert reached(sink, line[0])[0] < needed


def test_both_sides_of_a_merge_are_reached(sink):
    base = line_of(sink, [{"a": b"1"}])[0]
    root = history.read_commit(sink, base).tree
    sides = [commit(sink, tree_of(sink, {name: b"x"}, root), base, name) for name in ("l", "r")]
    head, _ = history.build_commit(sink, root, sides[0], AUTHOR, "merged", 0, sides[1])
    assert reached(sink, head)[0] == set(sink) - {tree.empty_tree(sink)}


def test_the_chunks_of_a_large_secret_are_reached(sink):
    writer = chunks.ChunkWriter(sink)
    writer.feed(bytes(chunks.MAX_WHOLE + 1))
    root = tree.edit(sink, tree_of(sink, {"a": b"1"}), [(SecretPath.parse("big"), tree.Put(writer.finish()[0]))])
    head = commit(sink, root)
    before = tree_of(sink, {"a": b"1"})
    assert reached(sink, head)[0] == set(sink) - {before, tree.empty_tree(sink)}


def test_what_was_found_before_is_not_read_again(sink):
    line = line_of(sink, [{"a": b"%d" % number} for number in range(30)])
    found, steps = reached(sink, line[-2])
    more, again = reached(sink, line[-1], found=found)
    assert (again, steps) == (1, 29)
    assert more.issuperset((line[-1].raw, line[0].raw))


def test_a_large_directory_is_a_place_to_stop_at(sink):
    line = line_of(sink, [{f"d/s{number}": b"%d" % number for number in range(2500)}])
    assert reached(sink, line[0])[1] == 2


def test_a_missing_object_is_said(sink):
    line = line_of(sink, [{"d/a": b"1"}])
    directory = tree.find(sink, history.read_commit(sink, line[0]).tree, ("d",))[0]
    del sink.objects[directory]
    with pytest.raises(KeyError):
        reached(sink, line[0])
