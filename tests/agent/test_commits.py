from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

import pytest
from agent.actors import EPOCH, at, new_store, refused

from pk_tui.agent.commits import commit_edits, committing_edits, create_vault, head_facts, head_tree, require_writable
from pk_tui.agent.rights import lineage_of
from pk_tui.clock import SystemClock
from pk_tui.errors import NotFound, ReadOnly
from pk_tui.records import replace
from pk_tui.store.framelayout import IndexChain, IndexRow
from pk_tui.store.framestore import FrameStore
from pk_tui.store.node import NodeStore
from pk_tui.store.vault import VaultFrames
from pk_tui.terms import CommitId, NodeId
from pk_tui.trust.head import Verdict, compare, read_head
from pk_tui.vault import chunks, history, tree
from pk_tui.vault.objects import blob


def put(store: NodeStore, frames: VaultFrames, path: str, value: bytes, message: str | None = None) -> CommitId | None:
    batch = frames.batch()
    writer = chunks.ChunkWriter(batch)
    writer.feed(value)
    return commit_edits(store, frames, batch, [(at(path), tree.Put(writer.finish()[0]))], message, EPOCH + 1)


def test_a_new_vault_has_a_signed_first_version_of_its_own_lineage() -> None:
    store, signing = new_store()
    one, other = create_vault(store, "one", EPOCH), create_vault(store, "other", EPOCH)
    assert lineage_of(one.record).id != lineage_of(other.record).id
    record = one.record
    head = read_head(record.head, lineage_of(record))
    assert (head.sequence, head.parents, head.writer) == (1, (), signing.node_id)
    assert (head.commit.raw, head.digest) == (record.commit, record.digest)
    assert one.facts(record.commit).secrets == 0


def test_each_commit_is_signed_as_the_next_after_the_one_before() -> None:
    store, _ = new_store()
    frames = create_vault(store, "work", EPOCH)
    known = read_head(frames.record.head, lineage_of(frames.record))
    for number in range(5):
        commit = put(store, frames, f"d/{number}", b"%d" % number)
        head = read_head(frames.record.head, lineage_of(frames.record))
        assert commit == head.commit
        assert head.sequence == known.sequence + 1
        assert head.parents == (known.commit,)
        assert compare(known, head) is Verdict.NEWER
        assert frames.facts(head.commit.raw).digest == head.digest == frames.record.digest
        known = head
    assert frames.record.updated == EPOCH + 1


def test_the_same_tree_is_no_commit_and_writes_nothing() -> None:
    store, _ = new_store()
    frames = create_vault(store, "work", EPOCH)
    put(store, frames, "a", b"1")
    before, version = frames.record, store.version
    assert put(store, frames, "a", b"1") is None
    assert (frames.record, store.version) == (before, version)


def test_the_paths_are_the_message_unless_one_is_given() -> None:
    store, _ = new_store()
    frames = create_vault(store, "work", EPOCH)
    put(store, frames, "a", b"1")
    assert history.read_commit(frames, CommitId(frames.record.commit)).message == "a added"
    put(store, frames, "a", b"2", "because")
    assert history.read_commit(frames, CommitId(frames.record.commit)).message == "because"


def test_very_many_edits_stop_on_the_way_and_are_made_upon_what_was_written_meanwhile() -> None:
    store, _ = new_store()
    frames = create_vault(store, "work", EPOCH)
    batch = frames.batch()
    writer = chunks.ChunkWriter(batch)
    writer.feed(b"1")
    there = tree.Put(writer.finish()[0])
    edits: list[tree.Edit] = [(at(f"d{number % 7}/s{number}"), there) for number in range(1200)]
    work = committing_edits(store, frames, batch, edits, "many", SystemClock())
    steps = sum(1 for _ in itertools.islice(work, 5))
    meanwhile = put(store, frames, "d3/mine", b"2")
    while True:
        try:
            next(work)
            steps += 1
        except StopIteration as end:
            commit = end.value
            break
    assert steps > 10
    assert commit == CommitId(frames.record.commit)
    made = history.read_commit(frames, commit)
    assert (made.message, made.parents) == ("many", (meanwhile,))
    assert {row.path for row in tree.listing(frames, made.tree, (), True) if not row.is_directory} == {
        "d3/mine",
        *(str(path) for path, _ in edits),
    }


def test_the_last_step_of_very_many_edits_has_next_to_nothing_left_to_seal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames and rows of the index lie ready before the one transaction; with it go the commit and what leads to it."""
    store, _ = new_store()
    frames = create_vault(store, "work", EPOCH)
    batch = frames.batch()
    edits = []
    for number in range(3000):
        oid, facts = blob(b"%d" % number * 50)
        batch.add(oid, facts, b"%d" % number * 50)
        edits.append((at(f"d{number % 7}/s{number}"), tree.Put(oid)))
    sealed: list[tuple[bool, int]] = []
    seal_index, write_frames = FrameStore.sealed_index, FrameStore.write_frames

    def noted_index(self: FrameStore, entries: Iterable[tuple[bytes, bytes]], chain: IndexChain) -> Iterator[IndexRow]:
        rows = list(entries)
        sealed.append((self.db.in_transaction, len(rows)))
        return seal_index(self, rows, chain)

    def noted_frames(self: FrameStore, contents: Sequence[bytes | bytearray]) -> list[int]:
        sealed.append((False, len(contents)))
        return write_frames(self, contents)

    monkeypatch.setattr(FrameStore, "sealed_index", noted_index)
    monkeypatch.setattr(FrameStore, "write_frames", noted_frames)
    steps = committing_edits(store, frames, batch, edits, "many", SystemClock())
    while True:
        before = len(sealed)
        try:
            next(steps)
        except StopIteration:
            break
    assert sealed[before:] == [(False, 1), (True, 1)]  # a frame with the commit, and its row
    assert sum(number for _, number in sealed[:before]) > 3000


def test_an_edit_that_fails_changes_nothing() -> None:
    store, _ = new_store()
    frames = create_vault(store, "work", EPOCH)
    before = frames.record
    batch = frames.batch()
    with refused(NotFound):
        commit_edits(store, frames, batch, [(at("missing"), tree.Remove())], None, EPOCH)
    batch.discard()
    assert frames.record == before


def test_a_number_that_was_ever_seen_is_not_signed_again() -> None:
    store, _ = new_store()
    frames = create_vault(store, "work", EPOCH)
    store._require().floors.note(frames.uid, lineage_of(frames.record).id, 40)
    put(store, frames, "a", b"1")
    assert frames.record.sequence == 41


@pytest.mark.parametrize("changed", [{"read_only": True}, {"creator": b"c" * 32}])
def test_what_is_not_ours_is_not_written(changed: dict[str, object]) -> None:
    store, signing = new_store()
    record = create_vault(store, "work", EPOCH).record
    require_writable(record, signing.node_id)
    with refused(ReadOnly, "vaults pull"):
        require_writable(replace(record, **changed), signing.node_id)
    with refused(ReadOnly):
        require_writable(record, NodeId(b"n" * 32))


def test_a_clone_is_not_committed_to_even_from_within() -> None:
    store, _ = new_store()
    frames = create_vault(store, "work", EPOCH)
    frames.commit(None, replace(frames.record, read_only=True))
    with refused(ReadOnly):
        put(store, frames, "a", b"1")


def test_the_tree_at_the_head_is_that_of_the_newest_commit() -> None:
    store, _ = new_store()
    frames = create_vault(store, "work", EPOCH)
    put(store, frames, "a", b"1")
    assert [row.path for row in tree.listing(frames, head_tree(frames), (), True)] == ["a"]


def test_what_the_newest_version_holds_is_told_or_why_it_cannot_be() -> None:
    store, _ = new_store()
    frames = create_vault(store, "work", EPOCH)
    put(store, frames, "d/a", b"12345")
    put(store, frames, "b", b"123")
    facts = head_facts(frames)
    assert not isinstance(facts, str)
    assert (facts.secrets, facts.size) == (2, 8)
    frames.commit(None, replace(frames.record, commit=b"x" * 20))
    assert "missing" in str(head_facts(frames))
    store.vaults.delete(frames.vault_id)
    assert "deleted" in str(head_facts(frames))
