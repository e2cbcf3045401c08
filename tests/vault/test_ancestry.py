from __future__ import annotations

import pytest
from dict_sink import AUTHOR, DictSink, commit, tree_of
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.clock import SECOND
from pk_tui.terms import CommitId
from pk_tui.vault import history
from pk_tui.vault.ancestry import STEP, behind, every, in_order, is_ancestor, merge_base
from pk_tui.vault.stepwise import finish

Graph = list[tuple[int, ...]]
"""Commits by the numbers of their parents, all before them."""


def built(sink: DictSink, graph: Graph, times: list[int] | None = None) -> list[CommitId]:
    root = tree_of(sink, {})
    made: list[CommitId] = []
    for number, parents in enumerate(graph):
        sides = [made[parent] for parent in parents] + [None, None]
        time = (times[number] if times else number) * SECOND
        made.append(history.build_commit(sink, root, sides[0], AUTHOR, str(number), time, sides[1])[0])
    return made


def ancestors(graph: Graph) -> list[set[int]]:
    found: list[set[int]] = []
    for number, parents in enumerate(graph):
        found.append({number}.union(*(found[parent] for parent in parents)))
    return found


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """May have several beginnings."""
    found: Graph = [()]
    for number in range(1, draw(st.integers(2, 14))):
        found.append(tuple(draw(st.lists(st.integers(0, number - 1), max_size=2, unique=True))))
    return found


@given(graphs(), st.data())
@settings(max_examples=200, deadline=None)
def test_ancestors_and_bases_are_what_the_graph_says(graph: Graph, data: st.DataObject) -> None:
    sink = DictSink()
    times = data.draw(st.lists(st.integers(0, 3), min_size=len(graph), max_size=len(graph)))
    made, known = built(sink, graph, times), ancestors(graph)
    one, other = (data.draw(st.integers(0, len(graph) - 1)) for _ in range(2))
    assert {made[number] for number in known[one]} == set(finish(behind(sink, [made[one]])))
    assert finish(is_ancestor(sink, made[other], made[one])) == (other in known[one])
    seen = [commit_id for commit_id, _ in every(sink, made[one])]
    assert len(seen) == len(set(seen)) == len(known[one])

    common = known[one] & known[other]
    best = {number for number in common if not any(number in known[c] for c in common if c != number)}
    base = finish(merge_base(sink, made[one], made[other]))
    assert base == finish(merge_base(sink, made[other], made[one]))
    assert (base is None) == (not best)
    if base is not None:
        at = made.index(base)
        assert at in best
        assert times[at] == max(times[number] for number in best)


@given(graphs())
@settings(max_examples=100, deadline=None)
def test_in_order_each_comes_after_its_parents_and_once(graph: Graph) -> None:
    sink = DictSink()
    made = built(sink, graph)
    head = made[-1]
    order = list(in_order(finish(behind(sink, [head])), head))
    assert len(order) == len(set(order))
    assert order[-1] == head
    for commit_id in order:
        parents = history.read_commit(sink, commit_id).parents
        assert all(order.index(parent) < order.index(commit_id) for parent in parents)


def test_of_two_bases_the_later_is_taken_and_of_two_as_late_the_lower_name(sink: DictSink) -> None:
    # 1 and 2 on 0; 3 and 4 each merged both.
    graph: Graph = [(), (0,), (0,), (1, 2), (2, 1)]
    made = built(sink, graph)
    assert finish(merge_base(sink, made[3], made[4])) == made[2]
    made = built(sink, graph, [0, 7, 7, 8, 8])
    assert finish(merge_base(sink, made[3], made[4])) == min(made[1:3], key=lambda commit_id: commit_id.raw)


def test_two_histories_have_no_base(sink: DictSink) -> None:
    one, other = commit(sink, tree_of(sink, {}), message="one"), commit(sink, tree_of(sink, {}), message="other")
    assert finish(merge_base(sink, one, other)) is None
    assert not finish(is_ancestor(sink, one, other))


def test_without_leaves_out_what_is_reached_through_it_alone(sink: DictSink) -> None:
    made = built(sink, [(), (0,), (1,), (0,), (2, 3)])
    assert set(finish(behind(sink, [made[4]], {made[2]}))) == {made[4], made[3], made[0]}
    assert finish(behind(sink, [made[2]], {made[2]})) == {}


class _Counting(DictSink):
    reads = 0

    def body(self, oid: bytes) -> bytes:
        self.reads += 1
        return super().body(oid)


def test_what_lies_between_is_all_that_is_read_of_a_line() -> None:
    sink = _Counting()
    made = built(sink, [(), *((number,) for number in range(300))])
    sink.reads = 0
    assert finish(is_ancestor(sink, made[290], made[300]))
    assert sink.reads == 11


@pytest.mark.parametrize("shape", ["braid", "ladder", "line"])
def test_a_history_made_to_be_slow_costs_one_look_at_each_commit_and_can_be_interrupted(shape: str) -> None:
    # Of a braid, in which each commit merges the two before it, there are more ways back than any computer can count.
    size = 6000
    graph: Graph = [(), (0,)]
    for number in range(2, size):
        if shape == "braid":
            graph.append((number - 1, number - 2))
        elif shape == "ladder":  # two lines that merge one another again and again
            graph.append((number - 2, number - 1) if number > 2 else (0,))
        else:
            graph.append((number - 1,))
    sink = _Counting(strict=False)
    made = built(sink, graph)
    for work in (merge_base(sink, made[-1], made[-2]), is_ancestor(sink, CommitId(bytes(20)), made[-1])):
        sink.reads, steps = 0, 0
        for _ in work:
            steps += 1
        assert sink.reads <= 2 * size + 2
        assert steps >= sink.reads // STEP - 2


@pytest.mark.night
def test_fifty_thousand_commits_in_a_braid() -> None:
    graph: Graph = [(), (0,), *((number - 1, number - 2) for number in range(2, 50_000))]
    sink = _Counting(strict=False)
    made = built(sink, graph)
    sink.reads = 0
    assert finish(merge_base(sink, made[-1], made[-3])) == made[-3]
    assert finish(is_ancestor(sink, made[0], made[-1]))
    assert sink.reads <= 4 * len(graph)
