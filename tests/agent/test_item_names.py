from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agent.test_finding import item
from agent.test_vault_names import change, labels, read, run, with_store

from pk_tui.agent.item_names import LABEL_AT_MOST, NOTHING, Labels, by_frame, read_items
from pk_tui.agent.vault_names import VaultNames, secrets_in
from pk_tui.fuzzy import Names
from pk_tui.store.node import NodeStore
from pk_tui.store.vault import VaultFrames
from pk_tui.terms import CommitId
from pk_tui.vault import history
from pk_tui.vault.item import MAX_ITEM

Edits = dict[str, bytes | None]


def with_secrets(edits: Edits, scenario: Callable[[VaultFrames, Names, bytes], Any]) -> None:
    """A vault with these secrets, their paths, and what lies there."""

    def whole(store: NodeStore, frames: VaultFrames) -> None:
        change(store, frames, edits)
        root = history.read_commit(frames, CommitId(frames.record.commit)).tree
        paths, oids = run(secrets_in(frames, root))
        scenario(frames, Names.of(paths[at] for at in range(len(paths))), oids)

    with_store(whole)


def test_items_tell_their_title_tags_and_user_names_and_nothing_else() -> None:
    def scenario(store: NodeStore, frames: VaultFrames) -> None:
        edits: Edits = {
            "bank/Savings": item("savings", "ada", ("money", " "), email="a@b.c", password="hunter2"),
            "n": item("A title of its own"),
            "plain": b"not an item",
            "broken": b'{"pk-item":1,oh',
        }
        change(store, frames, edits)
        assert labels(read(VaultNames(), frames)) == [
            ("tag", "money", "bank/Savings", "savings"),
            ("title", "A title of its own", "n", "A title of its own"),
            ("user", "a@b.c", "bank/Savings", "savings"),
            ("user", "ada", "bank/Savings", "savings"),
        ]

    with_store(scenario)


def test_without_items_there_is_nothing_to_keep() -> None:
    def scenario(frames: VaultFrames, names: Names, oids: bytes) -> None:
        assert run(read_items(frames, names, oids)) is None

    with_secrets({"a": b"plain", "b": b'{"pk-item":1,broken', "c": item("Title")[:-1]}, scenario)


def test_a_name_that_many_items_share_is_kept_once() -> None:
    def scenario(frames: VaultFrames, names: Names, oids: bytes) -> None:
        found: Labels = run(read_items(frames, names, oids))
        assert sorted(found.names[at] for at in range(len(found.names))) == ["ada", "ada", "money"]
        for at in range(len(found.names)):
            assert len(found.owners_of(at)) == (1 if found.kinds[at] == 1 and found.names[at] == "ada" else 50)
        assert [found.titles[at] for at in range(len(names))] == [names[at] for at in range(len(names))]

    many: Edits = {f"s{n:02}": item(f"s{n:02}", "ada", ("money",)) for n in range(49)}
    with_secrets({**many, "t49": item("t49", "ada", ("money", "ada", "ada"), login="ada")}, scenario)


def test_labels_come_shorter_first_and_none_is_endless() -> None:
    def scenario(frames: VaultFrames, names: Names, oids: bytes) -> None:
        found: Labels = run(read_items(frames, names, oids))
        sizes = [len(found.names[at]) for at in range(len(found.names))]
        assert sizes == sorted(sizes)
        assert max(sizes) == LABEL_AT_MOST
        assert max(len(found.titles[at]) for at in range(len(names))) == LABEL_AT_MOST

    with_secrets({"a": item("t" * 1000, "u" * 255, ("x", "y" * 255)), "b": item("title", "me")}, scenario)


def test_objects_are_grouped_by_their_frames_without_what_is_missing_or_too_large() -> None:
    def scenario(frames: VaultFrames, names: Names, oids: bytes) -> None:
        groups = run(by_frame(frames, NOTHING + oids + bytes(range(20))))
        assert sorted(at for group in groups.values() for at in group) == [1, 2, 3]
        for frame, numbers in groups.items():
            for at in numbers:
                assert frames.in_frames([oids[20 * at - 20 : 20 * at]]) == [frame]
        small = run(by_frame(frames, oids, 100))
        assert [names[at] for group in small.values() for at in group] == ["small"]

    with_secrets({"small": b"x", "larger": b"y" * 101, "huge": bytes(MAX_ITEM + 1)}, scenario)


def test_reading_stops_after_small_steps_however_many_items_lie_in_a_frame() -> None:
    def scenario(frames: VaultFrames, names: Names, oids: bytes) -> None:
        assert len(run(by_frame(frames, oids))) == 1
        assert sum(1 for _ in read_items(frames, names, oids)) >= 6

    with_secrets({f"s{n}": item(f"T{n}") for n in range(500)}, scenario)


def test_items_are_found_by_the_young_part_too() -> None:
    def scenario(store: NodeStore, frames: VaultFrames) -> None:
        change(store, frames, {"a": item("One", tags=("shared",)), "b": item("Two", tags=("shared",))})
        names = read(VaultNames(), frames)
        change(store, frames, {"a": item("Three", tags=("shared",))})
        assert labels(read(names, frames)) == [
            ("tag", "shared", "a", "Three"), ("tag", "shared", "b", "Two"),
            ("title", "Three", "a", "Three"), ("title", "Two", "b", "Two"),
        ]  # fmt: skip
        change(store, frames, {"a": None, "b": None})
        assert labels(read(names, frames)) == []

    with_store(scenario)
