import pytest
from dict_sink import AUTHOR, DictSink, commit, line_of, make_directory, put, tree_of
from dulwich.objects import Commit as GitCommit

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


def test_a_commit_with_two_parents_or_trees_is_refused(sink: DictSink) -> None:
    lines = good(sink).split(b"\n")
    for again in (0, 1):
        with pytest.raises(Malformed):
            parse_commit(b"\n".join([*lines[: again + 1], lines[again], *lines[again + 1 :]]))
    with pytest.raises(Malformed):
        parse_commit(b"\n".join([lines[1], lines[0], *lines[2:]]))


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
        assert last_change(sink, line[-1], SecretPath.parse(path)).commit == line[number]
    with pytest.raises(LookupError):
        last_change(sink, line[-1], SecretPath.parse("nothing"))


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
