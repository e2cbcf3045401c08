from dict_sink import AUTHOR, DictSink, commit, line_of, make_directory, secrets_of, tree_of
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.terms import SecretPath
from pk_tui.vault import chunks, history, tree
from pk_tui.vault.check import checked_tree
from pk_tui.vault.forgetting import EMPTY_MESSAGE, Forgetting, ForgettingEverywhere, message_without
from pk_tui.vault.objects import Kind, blob
from pk_tui.vault.stepwise import finish


def forget(sink, path, *heads):
    work = Forgetting(sink, SecretPath.parse(path))
    finish(work.go_on(heads))
    return work


def read(sink, commit_id):
    return secrets_of(sink, history.read_commit(sink, commit_id).tree)


def without(secrets, path):
    return {name: body for name, body in secrets.items() if name != path and not name.startswith(path + "/")}


def test_every_version_is_as_if_the_secret_had_never_been(sink):
    versions = [
        {"a": b"1"},
        {"a": b"1", "d/x": b"token", "d/y": b"2"},
        {"a": b"3", "d/x": b"token 2", "d/y": b"2"},
        {"a": b"3", "d/y": b"2"},
        {"a": b"4", "d/y": b"2"},
    ]
    line = line_of(sink, versions)
    work = forget(sink, "d/x", line[-1])
    assert work.versions[line[0]] == line[0]
    assert work.rewritten == 4
    for old, version in zip(line, versions, strict=True):
        assert read(sink, work.versions[old]) == without(version, "d/x")
        assert read(sink, old) == version
    assert not any(work.held_by(new) for new in work.versions.values())
    assert [work.held_by(old) for old in line] == [False, True, True, False, False]


def test_author_time_and_order_stay_and_so_do_commits_that_changed_nothing_else(sink):
    line = line_of(sink, [{"a": b"1"}, {"a": b"1", "x": b"1"}, {"a": b"1", "x": b"2"}, {"a": b"2"}])
    work = forget(sink, "x", line[-1])
    new_line = [step for step, _ in history.walk(sink, work.versions[line[-1]])][::-1]
    assert new_line == [work.versions[old] for old in line]
    for old, new in zip(line, new_line, strict=True):
        before, after = history.read_commit(sink, old), history.read_commit(sink, new)
        assert (after.author, after.time, after.message) == (before.author, before.time, before.message)


def test_a_directory_goes_with_all_below_it_and_those_that_this_empties(sink):
    line = line_of(sink, [{"a": b"1", "p/q/r/x": b"1", "p/q/r/y": b"2"}, {"a": b"2", "p/q/r/x": b"1", "p/z": b"3"}])
    work = forget(sink, "p/q", line[-1])
    assert [read(sink, work.versions[old]) for old in line] == [{"a": b"1"}, {"a": b"2", "p/z": b"3"}]
    first = history.read_commit(sink, work.versions[line[0]]).tree
    assert tree.find(sink, first, ("p",)) is None


def test_a_vault_that_held_nothing_else_is_empty_afterwards(sink):
    line = line_of(sink, [{"x": b"1"}, {"x": b"2"}])
    assert [read(sink, forget(sink, "x", line[-1]).versions[old]) for old in line] == [{}, {}]


def test_a_large_secret_goes_too(sink):
    writer = chunks.ChunkWriter(sink)
    writer.feed(bytes(chunks.MAX_WHOLE + 1))
    root = tree.edit(sink, tree_of(sink, {"a": b"1"}), [(SecretPath.parse("big"), tree.Put(writer.finish()[0]))])
    head = commit(sink, root)
    assert read(sink, forget(sink, "big", head).versions[head]) == {"a": b"1"}


def test_a_secret_in_the_place_of_a_directory_of_the_path_stays(sink):
    line = line_of(sink, [{"d": b"a secret"}, {"d/x": b"1"}])
    work = forget(sink, "d/x", line[-1])
    assert [read(sink, work.versions[old]) for old in line] == [{"d": b"a secret"}, {}]


def test_a_path_that_was_never_there_changes_nothing(sink):
    line = line_of(sink, [{"a": b"1"}, {"a": b"2"}])
    objects = len(sink)
    work = forget(sink, "b", line[-1])
    assert all(old == new for old, new in work.versions.items())
    assert (work.rewritten, len(sink)) == (0, objects)


def test_an_empty_directory_can_be_forgotten(sink):
    root = tree.edit(sink, tree_of(sink, {"a": b"1"}), [make_directory("e")])
    head = commit(sink, root)
    new = history.read_commit(sink, forget(sink, "e", head).versions[head]).tree
    assert tree.find(sink, new, ("e",)) is None


def test_merges_keep_both_parents(sink):
    base = line_of(sink, [{"a": b"1", "x": b"1"}])[0]
    left_tree = tree_of(sink, {"l": b"1"}, history.read_commit(sink, base).tree)
    right_tree = tree_of(sink, {"r": b"1"}, history.read_commit(sink, base).tree)
    left, right = commit(sink, left_tree, base, "l"), commit(sink, right_tree, base, "r")
    both = tree_of(sink, {"r": b"1"}, left_tree)
    head, _ = history.build_commit(sink, both, left, AUTHOR, "merged", 0, right)
    work = forget(sink, "x", head)
    new = history.read_commit(sink, work.versions[head])
    assert new.parents == (work.versions[left], work.versions[right])
    assert read(sink, work.versions[head]) == {"a": b"1", "l": b"1", "r": b"1"}


def test_two_sides_that_differed_only_in_what_is_forgotten_become_one(sink):
    base = line_of(sink, [{"a": b"1"}])[0]
    root = history.read_commit(sink, base).tree
    sides = [commit(sink, tree_of(sink, {"x": body}, root), base, "side") for body in (b"1", b"2")]
    head, _ = history.build_commit(sink, root, sides[0], AUTHOR, "merged", 0, sides[1])
    work = forget(sink, "x", head)
    assert history.read_commit(sink, work.versions[head]).parents == (work.versions[sides[0]],)


def test_it_goes_on_where_it_stopped_when_the_head_has_moved(sink):
    line = line_of(sink, [{"a": b"1", "x": b"1"}, {"a": b"2", "x": b"1"}])
    work = forget(sink, "x", line[0])
    finish(work.go_on([line[1]]))
    assert work.versions == forget(sink, "x", line[1]).versions


def test_new_directories_build_on_new_ones_and_never_on_what_goes(sink):
    many = {f"d/s{number:04}": b"%d" % number for number in range(300)}
    line = line_of(
        sink, [{**many, "d/x": b"1"}, {**many, "d/x": b"1", "d/y": b"2"}, {**many, "d/x": b"3", "d/y": b"4"}]
    )
    old = set(sink)
    work = forget(sink, "d/x", line[-1])
    deltas = 0
    for oid in set(sink) - old:
        base, _ = sink.stored(oid)
        if base is not None:
            deltas += 1
            assert base not in old
    assert deltas == 2
    assert read(sink, work.versions[line[-1]]) == {**many, "d/y": b"4"}


def test_lines_of_messages_that_name_the_path_are_gone():
    path = SecretPath.parse("web/mail")
    assert message_without("web/mail added\nweb/other added", path) == "web/other added"
    assert message_without("Imported\nweb/mail/deep modified", path) == "Imported"
    assert message_without("Moved “web/mail” to “x”", path) == EMPTY_MESSAGE
    for other in ("web/mailbox added", "a/web/mail added", "xweb/mail added", "web/mail2 added", "web added"):
        assert message_without(other, path) == other


PATHS = ("a", "d/a", "d/b", "d/e/a", "d/e/b", "f/a")


@given(
    st.lists(st.dictionaries(st.sampled_from(PATHS), st.binary(max_size=3), max_size=6), min_size=1, max_size=6),
    st.sampled_from((*PATHS, "d", "d/e", "f")),
)
@settings(max_examples=60, deadline=None)
def test_whatever_the_history_only_the_path_is_missing_and_every_object_is_whole(versions, path):
    sink = DictSink()
    line = line_of(sink, versions)
    old = set(sink)
    work = forget(sink, path, line[-1])
    for commit_id, version in zip(line, versions, strict=True):
        assert read(sink, work.versions[commit_id]) == without(version, path)
    for oid in set(sink) - old:
        facts = sink.facts(oid)
        if facts.kind is Kind.TREE:
            assert checked_tree(sink.body(oid), sink.facts)[0] == facts


def test_one_value_goes_and_the_others_stay(sink):
    versions = [{"a": b"1", "d/x": b"slip"}, {"d/x": b"good"}, {"d/x": b"slip", "d/y": b"slip"}, {"d/x": b"better"}]
    line = line_of(sink, versions)
    slip, _ = tree.find(sink, history.read_commit(sink, line[0]).tree, ("d", "x"))
    work = Forgetting(sink, SecretPath.parse("d/x"), slip)
    finish(work.go_on([line[-1]]))
    assert [read(sink, work.versions[old]) for old in line] == [
        {"a": b"1"}, {"d/x": b"good"}, {"d/y": b"slip"}, {"d/x": b"better"},
    ]  # fmt: skip
    assert [work.held_by(old) for old in line] == [True, False, True, False]


# A value, wherever it is


def everywhere(sink, body, *heads, path="x"):
    work = ForgettingEverywhere(sink, SecretPath.parse(path), blob(body)[0])
    steps = sum(1 for _ in work.go_on(heads))
    return work, steps


def test_a_value_goes_from_every_path_of_every_version_and_others_stay(sink):
    versions = [
        {"a": b"1", "x": b"slip"},
        {"a": b"slip", "d/e/y": b"slip", "d/z": b"2", "x": b"3"},
        {"a": b"1", "d/z": b"2", "x": b"3"},
    ]
    line = line_of(sink, versions)
    work, _ = everywhere(sink, b"slip", line[-1])
    for old, version in zip(line, versions, strict=True):
        now = read(sink, work.versions[old])
        assert now == {name: body for name, body in version.items() if body != b"slip"}
    assert tree.find(sink, history.read_commit(sink, work.versions[line[1]]).tree, ("d", "e")) is None


def test_versions_of_before_the_value_are_not_touched(sink):
    line = line_of(sink, [{"a": b"1", "e/b": b"2"}, {"a": b"slip"}, {"a": b"1"}])
    work, _ = everywhere(sink, b"slip", line[-1])
    assert work.versions[line[0]] == line[0]
    assert work.rewritten == 2


def test_a_vault_of_nothing_but_the_value_is_empty_afterwards(sink):
    """Also where a directory has the same content as the root."""
    line = line_of(sink, [{"a": b"slip"}, {"d/a": b"slip"}])
    work, _ = everywhere(sink, b"slip", line[-1])
    assert [read(sink, work.versions[old]) for old in line] == [{}, {}]


def test_each_directory_is_a_step_and_is_looked_through_once(sink):
    many = {f"d{number}/s": b"%d" % number for number in range(50)}
    line = line_of(sink, [{**many, "x": b"%d" % number} for number in range(5)])
    _, steps = everywhere(sink, b"slip", line[-1])
    assert 50 + 5 < steps < 80


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["a", "b", "d/a", "d/b", "d/e/a", "f/g"]),
            st.sampled_from([b"1", b"2", b"slip"]),
            max_size=6,
        ),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_the_versions_were_they_are_as_if_the_value_had_never_been(versions):
    sink = DictSink()
    line = line_of(sink, versions)
    work, _ = everywhere(sink, b"slip", line[-1])
    for old, version in zip(line, versions, strict=True):
        new = history.read_commit(sink, work.versions[old]).tree
        assert read(sink, work.versions[old]) == {name: body for name, body in version.items() if body != b"slip"}
        assert checked_tree(sink.body(new), sink.facts)[0] == sink.facts(new)
