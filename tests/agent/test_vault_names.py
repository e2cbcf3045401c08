from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from agent.test_finding import item
from hypothesis import given, settings
from hypothesis import strategies as st
from simulator import EPOCH, World, simulate

from pk_tui.agent import vault_names
from pk_tui.agent.agent import Agent
from pk_tui.agent.commits import commit_edits, create_vault
from pk_tui.agent.item_names import STEP, by_frame
from pk_tui.agent.vault_names import FOLLOWED_AT_MOST, VaultNames, secrets_in
from pk_tui.store.node import NodeStore
from pk_tui.store.vault import VaultFrames
from pk_tui.terms import CommitId, SecretPath
from pk_tui.vault import history, tree
from pk_tui.vault.objects import blob

Edits = dict[str, bytes | None]


def with_store(scenario: Callable[[NodeStore, VaultFrames], Any]) -> None:
    async def whole(w: World) -> None:
        alice: Agent = await w.add("alice")
        store = alice._gate.core().store
        scenario(store, create_vault(store, "work", EPOCH))

    simulate(whole)


def change(store: NodeStore, frames: VaultFrames, edits: Edits) -> None:
    """One commit; None removes."""
    batch = frames.batch()
    actions: list[tree.Edit] = []
    for path, body in edits.items():
        if body is None:
            actions.append((SecretPath.parse(path), tree.Remove()))
        else:
            oid, facts = blob(body)
            batch.add(oid, facts, body)
            actions.append((SecretPath.parse(path), tree.Put(oid)))
    commit_edits(store, frames, batch, actions, "m", EPOCH)


def run(steps: Any) -> Any:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def read(names: VaultNames, frames: VaultFrames) -> VaultNames:
    run(names.follow(frames))
    run(names.read_items(frames))
    assert names.commit == frames.record.commit
    assert names.complete
    return names


def paths(names: VaultNames, directories: bool = True) -> list[str]:
    """All that would be found, by its path."""
    found = []
    for part in names.parts:
        for shelf, holds_labels in part.shelves("", directories):
            if not holds_labels:
                assert shelf.gone is not None
                found += [shelf.names[at] for at in range(len(shelf.names)) if not shelf.gone(at)]
    return sorted(found)


def labels(names: VaultNames) -> list[tuple[str, str, str, str]]:
    """All that would be found by something else: what, the text, the path, the item's title."""
    found = []
    for part in names.parts:
        for shelf, holds_labels in part.shelves("", False):
            for at in range(len(shelf.names) if holds_labels else 0):
                if shelf.gone is None or not shelf.gone(at):
                    owners = list(part.owners(at))
                    assert owners
                    found += [(part.label(at), shelf.names[at], part.names[one], part.title(one)) for one in owners]
    return sorted(found)


@contextmanager
def counting(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """The bodies that are read."""
    seen: list[bytes] = []
    body, in_passing = VaultFrames.body, VaultFrames.in_passing

    def read_one(self: VaultFrames, oid: bytes) -> bytes:
        seen.append(oid)
        return body(self, oid)

    def read_many(self: VaultFrames, oids: Any) -> Any:
        for oid, raw in in_passing(self, oids):
            seen.append(oid)
            yield oid, raw

    with monkeypatch.context() as patch:
        patch.setattr(VaultFrames, "body", read_one)
        patch.setattr(VaultFrames, "in_passing", read_many)
        yield seen


def test_paths_and_directories_are_known_after_one_reading() -> None:
    def scenario(store: NodeStore, frames: VaultFrames) -> None:
        change(store, frames, {"a/b/c": b"1", "a/d": b"2", "e": b"3"})
        names = read(VaultNames(), frames)
        assert paths(names) == ["a/", "a/b/", "a/b/c", "a/d", "e"]
        assert paths(names, directories=False) == ["a/b/c", "a/d", "e"]
        assert len(names) == 5

    with_store(scenario)


def test_names_are_found_shorter_ones_first() -> None:
    def scenario(store: NodeStore, frames: VaultFrames) -> None:
        change(store, frames, {"x" * size: b"%d" % size for size in random.Random(1).sample(range(1, 200), 100)})
        (part,) = read(VaultNames(), frames).parts
        sizes = [len(part.names[at]) for at in range(len(part.names))]
        assert sizes == sorted(sizes)

    with_store(scenario)


def test_paths_are_there_before_the_items_are() -> None:
    def scenario(store: NodeStore, frames: VaultFrames) -> None:
        change(store, frames, {"n": item("Title")})
        names = VaultNames()
        run(names.follow(frames))
        assert paths(names) == ["n"]
        assert labels(names) == []
        assert not names.complete

    with_store(scenario)


names_of_secrets = st.sampled_from([f"{a}{b}" for a in ("", "d/", "d/e/", "f/") for b in "xyz"])
values = st.one_of(st.none(), st.sampled_from([b"1", b"2", item("T", "ada", ("tag",)), item("U", "bob")]))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.dictionaries(names_of_secrets, values, max_size=4), max_size=8))
def test_following_ends_where_reading_anew_would(history_of_edits: list[Edits]) -> None:
    def scenario(store: NodeStore, frames: VaultFrames) -> None:
        names = read(VaultNames(), frames)
        there: set[str] = set()
        for wanted in history_of_edits:
            edits = {path: body for path, body in wanted.items() if body is not None or path in there}
            change(store, frames, edits)
            there = {path for path in there | edits.keys() if edits.get(path, b"") is not None}
            read(names, frames)
            fresh = read(VaultNames(), frames)
            assert paths(names) == paths(fresh)
            assert labels(names) == labels(fresh)

    with_store(scenario)


def test_following_reads_only_what_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    def scenario(store: NodeStore, frames: VaultFrames) -> None:
        change(store, frames, {f"d{n % 20}/s{n}": b"%d" % n for n in range(400)})
        names = read(VaultNames(), frames)
        change(store, frames, {"d3/new": item("New"), "d3/s3": None})
        with counting(monkeypatch) as seen:
            read(names, frames)
        assert len(seen) <= 8, "two commits' trees, the directory before and after, and one item"
        assert "d3/new" in paths(names)
        assert "d3/s3" not in paths(names)

    with_store(scenario)


def test_the_same_tree_under_another_commit_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def scenario(store: NodeStore, frames: VaultFrames) -> None:
        change(store, frames, {"a": b"1"})
        names = read(VaultNames(), frames)
        parts = names.parts
        change(store, frames, {"a": b"2"})
        change(store, frames, {"a": b"1"})
        read(names, frames)
        assert names.parts == parts

    with_store(scenario)


def test_many_small_changes_stay_few_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault_names, "YOUNG_AT_MOST", 3)
    monkeypatch.setattr(vault_names, "PARTS_AT_MOST", 4)
    monkeypatch.setattr(vault_names, "GONE_AT_MOST", 8)

    def scenario(store: NodeStore, frames: VaultFrames) -> None:
        names = read(VaultNames(), frames)
        for number in range(40):
            change(store, frames, {f"s{number}": item(f"T{number}")})
            read(names, frames)
            assert len(names.parts) <= 6
        for number in range(40):
            change(store, frames, {f"s{number}": None, "kept": b"%d" % number})
            read(names, frames)
            assert sum(len(part.gone) for part in names.parts) <= 6 * 10
        assert paths(names) == ["kept"]
        assert labels(names) == []

    with_store(scenario)


def test_a_change_of_very_much_is_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault_names, "FOLLOWED_AT_MOST", 10)
    assert FOLLOWED_AT_MOST > 10

    def scenario(store: NodeStore, frames: VaultFrames) -> None:
        names = read(VaultNames(), frames)
        change(store, frames, {f"s{number}": b"x" for number in range(50)})
        read(names, frames)
        assert len(names.parts) == 1
        assert len(paths(names)) == 50

    with_store(scenario)


def test_a_version_whose_former_one_is_gone_is_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    def scenario(store: NodeStore, frames: VaultFrames) -> None:
        change(store, frames, {"a": b"1"})
        names = read(VaultNames(), frames)
        change(store, frames, {"b": b"1"})
        names._root = bytes(range(20))
        read(names, frames)
        assert paths(names) == ["a", "b"]

    with_store(scenario)


def test_a_directory_that_does_not_open_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def scenario(store: NodeStore, frames: VaultFrames) -> None:
        change(store, frames, {"bad/x": b"1", "good/y": b"2"})
        root = history.read_commit(frames, CommitId(frames.record.commit)).tree
        found = tree.find(frames, root, ("bad",))
        assert found is not None
        del frames._frames.index[found[0]]
        names = read(VaultNames(), frames)
        assert "good/y" in paths(names)
        assert "bad/x" not in paths(names)

    with_store(scenario)


def test_reading_stops_after_small_steps() -> None:
    def scenario(store: NodeStore, frames: VaultFrames) -> None:
        count = 6 * STEP
        change(store, frames, {f"d{n % 3}/secret-{n}": b"%d" % n for n in range(count)})
        names = VaultNames()
        assert sum(1 for _ in names.follow(frames)) >= count // STEP + 3
        assert sum(1 for _ in names.read_items(frames)) >= count // STEP

    with_store(scenario)


def test_secrets_are_given_with_their_frames_for_a_look_into_all_values() -> None:
    def scenario(store: NodeStore, frames: VaultFrames) -> None:
        change(store, frames, {f"d/s{n}": b"%d" % n * 5000 for n in range(40)})
        root = history.read_commit(frames, CommitId(frames.record.commit)).tree
        texts, oids = run(secrets_in(frames, root))
        assert sorted(texts[at] for at in range(len(texts))) == sorted(f"d/s{n}" for n in range(40))
        groups = run(by_frame(frames, oids))
        assert len(groups) > 1
        assert sorted(at for group in groups.values() for at in group) == list(range(40))
        for frame, numbers in groups.items():
            assert set(frames.in_frames(oids[20 * at : 20 * at + 20] for at in numbers)) == {frame}

    with_store(scenario)
