import pytest
from dict_sink import AUTHOR, DictSink, commit, line_of, put, tree_of
from hypothesis import given, settings
from hypothesis import strategies as st
from streams import VERSIONS, forked, large_history, receive, records_of, sent

from pk_tui.terms import CommitId
from pk_tui.vault import tree
from pk_tui.vault.history import build_commit, read_commit
from pk_tui.vault.objects import Kind
from pk_tui.vault.outgoing import outgoing
from pk_tui.vault.transfer import DELTA, PIECE


def test_commits_come_oldest_first_and_everything_after_what_it_names() -> None:
    source = DictSink()
    line = line_of(source, VERSIONS)
    records = sent(source, line[-1])
    commits = [body for kind, body in records if kind == Kind.COMMIT]
    assert commits == [source.body(commit_id.raw) for commit_id in line]
    assert len(records) == len(set(records)) == receive(DictSink(), records, source, line[-1]).objects


def test_what_the_receiver_has_is_not_sent_again() -> None:
    source = DictSink()
    line = line_of(source, VERSIONS[:2])
    records = sent(source, line[1], [line[0]])
    assert [kind & ~DELTA for kind, _ in records] == [Kind.BLOB, Kind.TREE, Kind.TREE, Kind.COMMIT]
    assert sent(source, line[1], [line[1]]) == []


def test_without_a_commit_in_common_everything_is_sent() -> None:
    source = DictSink()
    line = line_of(source, VERSIONS[:2])
    foreign = CommitId(bytes(20))
    assert sent(source, line[1], [foreign]) == sent(source, line[1])


def test_the_newest_commit_in_common_counts() -> None:
    source = DictSink()
    line = line_of(source, VERSIONS)
    assert sent(source, line[4], line[:4]) == sent(source, line[4], [line[3]])


def test_a_small_change_of_a_large_directory_is_sent_as_its_delta() -> None:
    source, target = DictSink(), DictSink()
    root = tree_of(source, {f"s{number:03d}": b"%d" % number for number in range(200)})
    first = commit(source, root)
    second = commit(source, tree.edit(source, root, [put(source, "s100", b"new")]), first)
    receive(target, sent(source, first), source, first)
    records = sent(source, second, [first])
    assert [kind for kind, _ in records] == [Kind.BLOB, Kind.TREE | DELTA, Kind.COMMIT]
    assert sum(len(body) for _, body in records) < 600
    receive(target, records, source, second, known=first)
    assert target.facts(second.raw) == source.facts(second.raw)
    assert target.stored(read_commit(target, second).tree)[0] == root


def test_pieces_are_as_full_as_a_message_allows() -> None:
    source = DictSink()
    head = commit(source, tree_of(source, {f"s{number}": b"%d" % number * 100 for number in range(1000)}))
    sizes = [len(piece) for piece in outgoing(source, head.raw, [])]
    assert all(PIECE * 0.9 < size <= PIECE for size in sizes[:-1])


def test_pieces_are_full_where_a_record_is_cut_anyway() -> None:
    source, head = large_history()
    sizes = [len(piece) for piece in outgoing(source, head.raw, [])]
    assert max(sizes) == PIECE
    assert len(sizes) <= sum(sizes) // PIECE + 3


def test_a_long_walk_back_can_be_interrupted() -> None:
    source = DictSink()
    root = tree_of(source, {})
    head = commit(source, root)
    for _ in range(2100):
        head = commit(source, root, head)
    pieces = list(outgoing(source, head.raw, []))
    assert pieces[:2] == [b"", b""]
    receive(DictSink(), records_of(pieces), source, head)


@pytest.mark.parametrize(
    ("known", "new", "commits"),
    [
        ("f1", "n", ["f2", "u2", "m", "u3", "n"]),
        ("f2", "m", ["u2", "m"]),
        ("m", "n", ["u3", "n"]),
        ("u1", "m", ["f1", "f2", "u2", "m"]),
        ("u2", "m", ["f1", "f2", "m"]),
        ("n", "n", []),
    ],
)
def test_only_what_is_not_behind_the_known_commit_is_sent(known: str, new: str, commits: list[str]) -> None:
    source, target = DictSink(), DictSink()
    made = forked(source)
    receive(target, sent(source, made[known]), source, made[known])
    records = sent(source, made[new], [made[known]])
    bodies = {source.body(commit_id.raw): name for name, commit_id in made.items()}
    assert [bodies[body] for kind, body in records if kind == Kind.COMMIT] == commits
    receive(target, records, source, made[new], known=made[known])
    assert target.facts(made[new].raw) == source.facts(made[new].raw)


def test_a_known_commit_that_is_not_behind_the_head_counts_for_nothing() -> None:
    source = DictSink()
    made = forked(source)
    assert sent(source, made["m"], [made["u3"]]) == sent(source, made["m"])
    assert sent(source, made["m"], [made["u3"], made["u2"]]) == sent(source, made["m"], [made["u2"]])


@st.composite
def graphs(draw: st.DrawFn) -> list[tuple[int, ...]]:
    """Commits by the numbers of their parents, all before them; the first alone has none."""
    found: list[tuple[int, ...]] = [()]
    for number in range(1, draw(st.integers(1, 12))):
        parents = draw(st.lists(st.integers(max(0, number - 4), number - 1), min_size=1, max_size=2, unique=True))
        found.append(tuple(parents))
    return found


@given(graphs(), st.data())
@settings(max_examples=150, deadline=None)
def test_any_history_arrives_and_what_is_known_is_never_sent(graph: list[tuple[int, ...]], data: st.DataObject) -> None:
    source, target = DictSink(), DictSink()
    made: list[CommitId] = []
    for number, parents in enumerate(graph):
        before = read_commit(source, made[parents[0]]).tree if parents else tree.empty_tree(source)
        body = data.draw(st.sampled_from([b"1", b"2"]))
        root = tree.edit(source, before, [put(source, f"d{number % 3}/s", body)])
        sides = [made[parent] for parent in parents] + [None, None]
        made.append(build_commit(source, root, sides[0], AUTHOR, str(number), number, sides[1])[0])
    behind: list[set[int]] = []
    for number, parents in enumerate(graph):
        behind.append({number}.union(*(behind[parent] for parent in parents)))
    known = data.draw(st.sampled_from(sorted(behind[-1])))
    receive(target, sent(source, made[known]), source, made[known])
    records = sent(source, made[-1], [made[known]])
    bodies = {source.body(commit_id.raw): number for number, commit_id in enumerate(made)}
    assert {bodies[body] for kind, body in records if kind == Kind.COMMIT} == behind[-1] - behind[known]
    receive(target, records, source, made[-1], known=made[known])
    assert target.facts(made[-1].raw) == source.facts(made[-1].raw)


def test_a_long_history_with_a_merge_can_be_interrupted_while_it_is_looked_through() -> None:
    source = DictSink()
    root = tree_of(source, {})
    first = head = commit(source, root)
    for _ in range(1200):
        head = commit(source, root, head)
    other = commit(source, root, first, "beside")
    both = build_commit(source, root, head, AUTHOR, "both", 0, other)[0]
    pieces = list(outgoing(source, both.raw, [head.raw]))
    assert pieces[:2] == [b"", b""]
    assert [kind for kind, _ in records_of(pieces)] == [Kind.COMMIT, Kind.COMMIT]
