import pytest
from dict_sink import AUTHOR, DictSink, commit, line_of, make_directory, put, tree_of
from dulwich.objects import Commit as GitCommit
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.clock import SECOND
from pk_tui.errors import Malformed, Misuse
from pk_tui.terms import Change, CommitId, SecretPath
from pk_tui.vault import history, tree
from pk_tui.vault.history import (
    MAX_MESSAGE,
    build_commit,
    describe_changes,
    last_change,
    log,
    parse_commit,
    read_commit,
)
from pk_tui.vault.objects import Kind
from pk_tui.vault.stepwise import finish

VERSIONS = [
    {"a": b"1", "d/b": b"1"},
    {"a": b"1", "d/b": b"2"},
    {"a": b"2", "d/b": b"2", "d/c": b"3"},
    {"a": b"2", "d/b": b"2"},
]


def good(sink: DictSink) -> bytes:
    root = tree_of(sink, {"a": b"1"})
    return sink.body(commit(sink, root, commit(sink, root), "hello", 5 * SECOND).raw)


def test_a_commit_reads_back(sink: DictSink) -> None:
    root = tree_of(sink, {"a": b"1"})
    first = commit(sink, root)
    second, facts = build_commit(sink, root, first, AUTHOR, "two\n\nlines ü\n", 1_700_000_000_999_999)
    read = read_commit(sink, second)
    assert (read.tree, read.parents, read.author) == (root, (first,), AUTHOR)
    assert (read.time, read.message) == (1_700_000_000 * SECOND, "two\n\nlines ü\n")
    assert facts.kind is Kind.COMMIT
    assert (facts.secrets, facts.size) == (1, 1)


def test_a_commit_is_the_one_dulwich_would_write(sink: DictSink) -> None:
    raw = good(sink)
    read = GitCommit.from_string(raw)
    assert read.id.decode() == history.git_name(Kind.COMMIT, raw).hex()
    read.check()
    made = GitCommit()
    made.tree, made.parents, made.message = read.tree, read.parents, b"hello\n"
    made.author = made.committer = f"{AUTHOR} <{AUTHOR}>".encode()
    made.author_time = made.commit_time = 5
    made.author_timezone = made.commit_timezone = 0
    assert made.as_raw_string() == raw


def test_the_digest_covers_the_history_behind(sink: DictSink) -> None:
    root = tree_of(sink, {"a": b"1"})
    one, other = commit(sink, root, message="one"), commit(sink, root, message="other")
    assert sink.facts(commit(sink, root, one).raw).digest != sink.facts(commit(sink, root, other).raw).digest


@pytest.mark.parametrize("time", [-5, 10**30])
def test_absurd_times_are_brought_into_bounds(sink: DictSink, time: int) -> None:
    made = commit(sink, tree_of(sink, {}), time=time)
    assert 0 <= read_commit(sink, made).time <= 253_402_300_799 * SECOND


@pytest.mark.parametrize("message", ["x" * (MAX_MESSAGE + 1), "ü" * (MAX_MESSAGE // 2 + 1), "a\0b", "\udcff"])
def test_a_message_that_cannot_be_kept_is_refused(sink: DictSink, message: str) -> None:
    with pytest.raises(Misuse):
        commit(sink, tree_of(sink, {}), message=message)
    assert read_commit(sink, commit(sink, tree_of(sink, {}), message="x" * MAX_MESSAGE)).message == "x" * MAX_MESSAGE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"tree ", b"Tree "),
        (b"parent ", b"parent  "),
        (b"author ", b"encoding utf-8\nauthor "),
        (b"\n\nhello", b"\ngpgsig x\n\nhello"),
        (b"committer v", b"committer w"),
        (b" 5 +0000\ncommitter", b" 6 +0000\ncommitter"),
        (b"+0000", b"+0100"),
        (b" 5 +", b" 05 +"),
        (b" 5 +", b" -5 +"),
        (b" 5 +", b" 253402300800 +"),
        (b" 5 +", b" 9999999999999 +"),
        (b"hello", b"he\0llo"),
        (b"hello", b"he\xffllo"),
        (b"hello\n", b"hello"),
        (b"hello", b"x" * (MAX_MESSAGE + 1)),
        (b"hello", b"x" * 3_000_000),
    ],
)
def test_a_commit_of_any_other_form_is_refused(sink: DictSink, old: bytes, new: bytes) -> None:
    raw = good(sink)
    assert parse_commit(raw).message == "hello"
    assert old in raw
    with pytest.raises(Malformed):
        parse_commit(raw.replace(old, new))


def test_a_commit_with_two_trees_or_a_parent_out_of_place_is_refused(sink: DictSink) -> None:
    lines = good(sink).split(b"\n")
    for again in (0, 1):
        with pytest.raises(Malformed):
            parse_commit(b"\n".join([*lines[: again + 1], lines[again], *lines[again + 1 :]]))
    with pytest.raises(Malformed):
        parse_commit(b"\n".join([lines[1], lines[0], *lines[2:]]))


def merge_of(sink: DictSink, one: CommitId, other: CommitId, secrets: dict[str, bytes]) -> CommitId:
    return build_commit(sink, tree_of(sink, secrets), one, AUTHOR, "merged", 9 * SECOND, other)[0]


def test_a_merge_has_two_parents_and_no_commit_has_three(sink: DictSink) -> None:
    root = tree_of(sink, {"a": b"1"})
    one, other = (commit(sink, root, message=message) for message in ("one", "other"))
    merged = merge_of(sink, one, other, {"a": b"1"})
    assert read_commit(sink, merged).parents == (one, other)
    raw = sink.body(merged.raw)
    read = GitCommit.from_string(raw)
    read.check()
    assert [bytes.fromhex(name.decode()) for name in read.parents] == [one.raw, other.raw]
    with pytest.raises(Malformed):
        parse_commit(raw.replace(b"author", b"parent " + b"0" * 40 + b"\nauthor", 1))
    with pytest.raises(Malformed, match="twice"):
        parse_commit(raw.replace(str(other).encode(), str(one).encode()))
    with pytest.raises(ValueError, match="itself"):
        merge_of(sink, one, one, {})


def test_the_digest_of_a_merge_covers_what_was_merged(sink: DictSink) -> None:
    root = tree_of(sink, {"a": b"1"})
    ours = commit(sink, root)
    one, other = (commit(sink, root, ours, message=message) for message in ("one", "other"))
    digests = {sink.facts(merge_of(sink, *sides, {"a": b"1"}).raw).digest for sides in ((ours, one), (ours, other))}
    assert len(digests | {sink.facts(merge_of(sink, one, ours, {"a": b"1"}).raw).digest}) == 3


def test_walking_and_the_log_follow_the_line_of_the_vault_and_tell_what_a_merge_brought(sink: DictSink) -> None:
    line = line_of(sink, [{"a": b"1"}, {"a": b"1", "ours": b"1"}])
    theirs = commit(sink, tree_of(sink, {"a": b"2"}), line[0], "not of this line")
    theirs = commit(sink, tree_of(sink, {"a": b"3", "t": b"1"}), theirs, "nor this")
    head = merge_of(sink, line[1], theirs, {"a": b"3", "t": b"1", "ours": b"1"})
    assert [commit_id for commit_id, _ in history.walk(sink, head)] == [head, *line[::-1]]
    rows = [entry for entry in log(sink, head) if entry]
    assert [row.commit for row in rows] == [head, *line[::-1]]
    assert [row.parents for row in rows] == [(line[1], theirs), (line[0],), ()]
    assert [(str(path), change) for path, change in rows[0].changes] == [("a", Change.MODIFIED), ("t", Change.ADDED)]
    assert finish(last_change(sink, head, SecretPath.parse("a")))[0] == head
    assert finish(last_change(sink, head, SecretPath.parse("ours")))[0] == line[1]


def test_an_author_that_is_no_canonical_node_id_is_refused(sink: DictSink) -> None:
    text = str(AUTHOR)
    assert text[-1] == "g"
    with pytest.raises(Malformed):
        parse_commit(good(sink).replace(text.encode(), (text[:-1] + "h").encode()))


def test_walking_goes_back_to_the_first_commit(sink: DictSink) -> None:
    line = line_of(sink, VERSIONS)
    assert [commit_id for commit_id, _ in history.walk(sink, line[-1])] == line[::-1]
    assert [commit_id for commit_id, _ in history.walk(sink, line[-1], 2)] == line[:1:-1]


def test_the_log_names_what_each_commit_changed(sink: DictSink) -> None:
    line = line_of(sink, VERSIONS)
    rows = [entry for entry in log(sink, line[-1]) if entry]
    assert [row.commit for row in rows] == line[::-1]
    assert [row.message for row in rows] == ["version 3", "version 2", "version 1", "version 0"]
    assert {row.author for row in rows} == {str(AUTHOR)}
    assert [[(str(path), change) for path, change in row.changes] for row in rows] == [
        [("d/c", Change.DELETED)],
        [("a", Change.MODIFIED), ("d/c", Change.ADDED)],
        [("d/b", Change.MODIFIED)],
        [("a", Change.ADDED), ("d/b", Change.ADDED)],
    ]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a", [None, "a modified", None, "a added"]),
        ("d", ["d/c deleted", "d/c added", "d/b modified", "d/b added"]),
        ("d/c", ["d/c deleted", "d/c added", None, None]),
        ("a/x", [None] * 4),
        ("nothing", [None] * 4),
    ],
)
def test_the_log_of_a_path_has_only_what_touched_it(sink: DictSink, path: str, expected: list) -> None:
    line = line_of(sink, VERSIONS)
    rows = log(sink, line[-1], SecretPath.parse(path))
    assert [row and "\n".join(f"{p} {c}" for p, c in row.changes) for row in rows] == expected


def test_the_log_of_a_path_follows_secrets_that_become_directories(sink: DictSink) -> None:
    line = line_of(sink, [{"x": b"1"}, {"x/y": b"1"}, {"x": b"2"}])
    rows = log(sink, line[-1], SecretPath.parse("x"))
    assert [sorted(f"{p} {c}" for p, c in row.changes) for row in rows if row] == [
        ["x added", "x/y deleted"],
        ["x deleted", "x/y added"],
        ["x added"],
    ]


def test_the_last_change_of_a_secret_is_found(sink: DictSink) -> None:
    line = line_of(sink, VERSIONS)
    for path, number in (("a", 2), ("d/b", 1), ("d", 3)):
        found, made = finish(last_change(sink, line[-1], SecretPath.parse(path)))
        assert (found, made) == (line[number], history.read_commit(sink, line[number]))
    with pytest.raises(LookupError):
        finish(last_change(sink, line[-1], SecretPath.parse("nothing")))


def test_looking_for_the_last_change_and_the_log_stop_on_the_way(sink: DictSink) -> None:
    many = {f"s{number}": b"" for number in range(1200)}
    line = line_of(sink, [many, many | {"a": b"1"}, many | {"a": b"2"}, many | {"a": b"3"}])
    assert len(list(last_change(sink, line[-1], SecretPath.parse("s1")))) == 3
    assert [entry is None for entry in log(sink, line[0])] == [True, True, False]


def made_last(sink: DictSink, head: CommitId, until: CommitId, *paths: str) -> dict[str, str]:
    found = finish(history.last_changes(sink, head, [SecretPath.parse(path) for path in paths], until))
    return {str(path): made.message for path, made in found.items()}


def test_who_touched_many_paths_last_is_found_in_one_walk_back_to_a_version(sink: DictSink) -> None:
    line = line_of(sink, VERSIONS)
    every = ("a", "d/b", "d/c", "d", "d/b/x", "nothing")
    assert made_last(sink, line[-1], line[0], *every) == {
        "a": "version 2",
        "d/b": "version 1",
        "d/c": "version 3",
        "d": "version 3",
    }
    assert made_last(sink, line[2], line[1], *every) == {"a": "version 2", "d/c": "version 2", "d": "version 2"}
    assert made_last(sink, line[-1], line[-1], *every) == {}
    turned = line_of(sink, [{"x": b"1"}, {"x/y": b"1"}, {"z": b""}])
    assert made_last(sink, turned[1], turned[0], "x", "x/y") == {"x": "version 1", "x/y": "version 1"}
    assert made_last(sink, turned[2], turned[0], "x", "x/y") == {"x": "version 2", "x/y": "version 2"}


@given(
    st.lists(st.dictionaries(st.sampled_from(["a", "b/c", "b/d", "e/f/g"]), st.sampled_from([b"1", b"2"])), min_size=2)
)
@settings(max_examples=40, deadline=None)
def test_who_touched_a_path_last_is_who_the_log_of_it_names(versions: list[dict[str, bytes]]) -> None:
    sink = DictSink()
    line = line_of(sink, [{}, *versions])
    paths = [SecretPath.parse(path) for path in ("a", "b", "b/c", "e/f", "e/f/g")]
    found = finish(history.last_changes(sink, line[-1], paths, line[0]))
    for path in paths:
        entry = next((entry for entry in log(sink, line[-1], path) if entry), None)
        assert (found[path].message if path in found else None) == (entry.message if entry else None)


def test_describing_very_many_changes_can_be_interrupted(sink: DictSink) -> None:
    old, new = (tree_of(sink, {f"s{number}": value for number in range(1200)}) for value in (b"1", b"2"))
    assert len(list(history.describing_changes(sink, old, new))) == 3


def test_a_long_history_is_walked_without_recursion(sink: DictSink) -> None:
    root = tree_of(sink, {"a": b"1"})
    head: CommitId | None = None
    for _ in range(3000):
        head = commit(sink, root, head)
    assert head is not None
    assert sum(1 for _ in log(sink, head, SecretPath.parse("a"))) == 3000


def test_a_message_names_the_changes_or_counts_them(sink: DictSink) -> None:
    old = tree_of(sink, {"a": b"1", "b": b"1"})
    new = tree.edit(sink, old, [put(sink, "a", b"2"), put(sink, "c", b"1"), (SecretPath.parse("b"), tree.Remove())])
    assert describe_changes(sink, old, new) == "a modified\nb deleted\nc added"
    many = tree_of(sink, {f"s{number:02d}": b"" for number in range(21)}, new)
    assert describe_changes(sink, new, many) == "21 secrets: 21 added"
    assert describe_changes(sink, old, many) == "24 secrets: 22 added, 1 modified, 1 deleted"
    assert describe_changes(sink, new, tree.edit(sink, new, [make_directory("d")])) == "Changed empty directories"
    assert describe_changes(sink, None, old) == "a added\nb added"
