from __future__ import annotations

from dict_sink import DictSink, make_directory, put, remove, secrets_of, tree_of
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.terms import SecretPath
from pk_tui.vault import tree
from pk_tui.vault.chunks import MAX_WHOLE, ChunkWriter
from pk_tui.vault.objects import Oid
from pk_tui.vault.revert import replaced, takes_back

Secrets = dict[str, bytes]

places = st.sampled_from(["a", "b/x", "b/y", "c", "c/d", "c/d/e", "c/f", "ü"])


def possible(secrets: Secrets) -> bool:
    return not any(other.startswith(path + "/") for path in secrets for other in secrets)


versions = st.dictionaries(places, st.sampled_from([b"1", b"2"])).filter(possible)


def taken_back(sink: DictSink, before: Oid, after: Oid, now: Oid) -> tuple[Oid | None, list[str]]:
    """The tree without the change, or None and the paths in its way."""
    edits: list[tree.Edit] = []
    in_the_way: list[str] = []
    for step in takes_back(sink, before, after, now):
        if isinstance(step, SecretPath):
            in_the_way.append(str(step))
        else:
            edits.append(step)
    return (None, in_the_way) if in_the_way else (tree.edit(sink, now, edits), [])


@given(versions, versions, versions)
@settings(max_examples=400, deadline=None)
def test_what_a_change_touched_is_as_before_it_and_all_else_as_it_is_now(
    before: Secrets, after: Secrets, now: Secrets
) -> None:
    sink = DictSink()
    touched = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    wanted = {path: body for path, body in now.items() if path not in touched}
    wanted |= {path: body for path, body in before.items() if path in touched}
    untouched_since = all(now.get(path) == after.get(path) for path in touched)
    result, in_the_way = taken_back(sink, tree_of(sink, before), tree_of(sink, after), tree_of(sink, now))
    if untouched_since and possible(wanted):
        assert result is not None, in_the_way
        assert secrets_of(sink, result) == wanted
        assert result == tree_of(sink, wanted)
    else:
        assert result is None
        assert all(one in after or one in now or one in touched for one in in_the_way)


@given(versions, versions)
@settings(max_examples=100, deadline=None)
def test_the_newest_change_is_always_taken_back_and_doing_so_can_be_taken_back(before: Secrets, after: Secrets) -> None:
    sink = DictSink()
    old, new = tree_of(sink, before), tree_of(sink, after)
    assert taken_back(sink, old, new, new) == (old, [])
    assert taken_back(sink, new, old, old) == (new, [])


def test_a_directory_that_was_left_empty_comes_and_goes_with_the_change(sink: DictSink) -> None:
    nothing = tree.empty_tree(sink)
    made = tree.edit(sink, nothing, [make_directory("a/b")])
    filled = tree.edit(sink, made, [put(sink, "a/b/x", b"1")])
    also = tree.edit(sink, filled, [put(sink, "z", b"1")])
    assert taken_back(sink, nothing, made, made)[0] == nothing
    assert taken_back(sink, made, filled, also)[0] == tree.edit(sink, made, [put(sink, "z", b"1")])
    gone = tree.edit(sink, also, [remove("a")])
    assert taken_back(sink, also, gone, gone)[0] == also


def test_a_directory_that_others_use_by_now_stays(sink: DictSink) -> None:
    before = tree_of(sink, {"z": b"1"})
    after = tree.edit(sink, before, [put(sink, "a/x", b"1")])
    now = tree.edit(sink, after, [put(sink, "a/y", b"1")])
    result, _ = taken_back(sink, before, after, now)
    assert result is not None
    assert secrets_of(sink, result) == {"a/y": b"1", "z": b"1"}


def test_a_large_secret_is_one_secret(sink: DictSink) -> None:
    def large(fill: bytes) -> tree.Edit:
        writer = ChunkWriter(sink)
        writer.feed(fill * (MAX_WHOLE + 1))
        return SecretPath.parse("big"), tree.Put(writer.finish()[0])

    first = tree.edit(sink, tree.empty_tree(sink), [large(b"1")])
    second = tree.edit(sink, first, [large(b"2")])
    third = tree.edit(sink, second, [large(b"3")])
    beside = tree.edit(sink, second, [put(sink, "z", b"1")])
    assert taken_back(sink, first, second, third) == (None, ["big"])
    assert taken_back(sink, first, second, beside)[0] == tree.edit(sink, first, [put(sink, "z", b"1")])


def test_any_kind_replaces_any_kind(sink: DictSink) -> None:
    trees = [
        tree_of(sink, {**held, "k": b""}) for held in ({}, {"p": b"1"}, {"p": b"2"}, {"p/x": b"1"}, {"p/y/z": b"1"})
    ]
    path = SecretPath.parse("p")
    for old in trees:
        for new in trees:
            here, wanted = (tree.find(sink, root, path.parts) for root in (old, new))
            edits = list(replaced(sink, path, wanted[0] if wanted else None, here[0] if here else None))
            assert tree.edit(sink, old, edits) == new
