"""An index is made anew only if what comes out is all that the vault's versions need."""

import pytest

from pk_tui.errors import Busy, Corrupt
from pk_tui.records import replace
from pk_tui.store.reindexing import rebuild_index
from pk_tui.terms import CommitId, NodeId, SecretPath
from pk_tui.vault import history, tree
from pk_tui.vault.objects import blob

NODE = NodeId(b"c" * 32)
NOW = 1_700_000_000_000_000


def ended(work):
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def commit(vault, *edits):
    batch, before = vault.batch(), vault.record
    parent = CommitId(before.commit) if before.commit != bytes(20) else None
    root = tree.empty_tree(batch) if parent is None else history.read_commit(batch, parent).tree
    puts = []
    for path, value in edits:
        oid, facts = blob(value)
        batch.add(oid, facts, value)
        puts.append((SecretPath.parse(path), tree.Put(oid)))
    made, facts = history.build_commit(batch, tree.edit(batch, root, puts), parent, NODE, "m", NOW)
    vault.commit(batch, replace(before, commit=made.raw, digest=facts.digest, sequence=before.sequence + 1))


@pytest.fixture
def vault(store, record):
    """Some versions of a folder large enough for its trees to be kept as differences."""
    made = store.vaults.create(record())
    commit(made, *[(f"d/{number:03}", b"%d" % number) for number in range(200)])
    for number in range(30):
        commit(made, (f"d/{number:03}", b"again %d" % number), ("top", b"%d" % number))
    return made


def index_of(vault):
    return dict(vault.frame_store.index)


def lose(store, statement="DELETE FROM findex"):
    store.vaults.db.execute(statement)


def rebuilt(store, vault):
    return ended(rebuild_index(vault, store.transaction))


def test_it_comes_out_as_it_was(store, vault):
    before, record = index_of(vault), vault.record
    assert any(vault.stored(oid)[0] for oid in vault)  # differences are among them
    bodies = {oid: vault.body(oid) for oid in vault}
    lose(store)
    vault.frame_store._index = None
    with pytest.raises(Corrupt):
        list(vault)
    assert rebuilt(store, vault)
    assert index_of(vault) == before
    assert vault.record == record
    assert vault.damage is None
    assert {oid: vault.body(oid) for oid in vault} == bodies
    commit(vault, ("d/new", b"goes on"))
    assert len(vault) == len(before) + 4


def test_with_a_frame_gone_nothing_is_changed(store, vault):
    lose(store)
    lose(store, "DELETE FROM frame WHERE id = 3")
    vault.frame_store._index = None
    rows = store.vaults.db.rows("SELECT gen, sealed FROM vault_state")
    assert not rebuilt(store, vault)
    assert store.vaults.db.rows("SELECT gen, sealed FROM vault_state") == rows
    assert store.vaults.db.rows("SELECT * FROM findex") == []


def test_objects_of_a_batch_that_was_never_committed_do_no_harm(store, vault):
    before = index_of(vault)
    batch = vault.batch()
    oid, facts = blob(b"never committed")
    batch.add(oid, facts, b"never committed")
    with store.transaction():
        batch._write(batch._pending)
    lose(store)
    vault.frame_store._index = None
    assert rebuilt(store, vault)
    assert before.items() <= index_of(vault).items()


def test_another_history_than_the_one_that_the_state_names_is_not_taken(store, vault):
    lose(store)
    vault.frame_store._index = None
    state = vault._state
    vault._state = replace(state, record=replace(state.record, digest=bytes(32)))
    assert not rebuilt(store, vault)


def test_only_one_at_a_time(store, vault):
    with vault.frame_store.alone(), pytest.raises(Busy):
        rebuilt(store, vault)


def test_a_commit_meanwhile_is_not_lost(store, vault):
    """The index in memory is whole, so the node goes on; what lies on disk is damaged."""
    lose(store, "UPDATE findex SET sealed = zeroblob(600) WHERE id = 1")
    work = rebuild_index(vault, store.transaction)
    next(work)
    commit(vault, ("d/new", b"meanwhile"))
    assert not ended(work)  # it has not seen the newest version
    work = rebuild_index(vault, store.transaction)
    next(work)
    batch = vault.batch()
    batch.add(*blob(b"of no version"), b"of no version")
    vault.commit(batch, vault.record)
    with pytest.raises(Busy):  # it would leave this one out
        ended(work)
    assert rebuilt(store, vault)
    vault.frame_store._index = None
    assert blob(b"meanwhile")[0] in vault
    assert blob(b"of no version")[0] in vault
