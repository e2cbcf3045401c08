import pytest

from pk_tui.store.framerows import FrameRows


@pytest.fixture
def vaults(store, record, put):
    """Two, each with three frames."""
    made = [store.vaults.create(record(number, f"vault {number}")) for number in (1, 2)]
    for vault in made:
        for number in range(3):
            put(vault, b"%d" % number)
    return made


def count(store, table, vault):
    return store.vaults.db.one(f"SELECT count(*) FROM {table} WHERE vault_id = ?", (vault.row,))[0]


def test_what_is_counted_and_measured_is_of_this_vault_alone(store, vaults, put):
    ours, others = (vault.frame_store.rows for vault in vaults)
    assert len(ours.frames()) == len(ours.sizes()) == 3
    assert not ours.frames() & others.frames()
    before = others.measure()
    put(vaults[0], bytes(60_000))
    frames, size, index = ours.measure()
    assert (frames, size) == (4, sum(sealed for _, sealed in ours.sizes()))
    assert index == sum(row[0] for row in store.vaults.db.rows("SELECT length(sealed) FROM findex WHERE vault_id = 1"))
    assert others.measure() == before


def test_frames_are_removed_by_the_hundred_and_those_of_other_vaults_stay(store, vaults):
    vault, other = vaults
    with store.vaults.db.transaction():
        extra = vault.frame_store.write_frames([b"x"] * 150)
    vault.frame_store.rows.remove_frames([*extra, *other.frame_store.rows.frames()])
    assert [count(store, "frame", one) for one in vaults] == [3, 3]


def test_what_lies_under_an_older_key_is_told(store, vaults):
    vault, other = vaults
    rows = vault.frame_store.rows
    assert not rows.has_rows_before(vault.frame_store.epoch)
    vault.commit(None, vault.record, new_key=True)
    epoch = vault.frame_store.epoch
    assert rows.has_rows_before(epoch)
    assert rows.sizes(epoch) == rows.sizes()
    assert rows.sizes(epoch - 1) == []
    assert not other.frame_store.rows.has_rows_before(other.frame_store.epoch)


def test_index_rows_of_another_series_go_and_those_of_this_one_stay(store, vaults):
    vault, other = vaults
    rows = vault.frame_store.rows
    series = vault.frame_store.chain.series
    assert rows.index_rows_beside(series) == []
    beside = rows.index_rows_beside(series + 1)
    assert len(beside) == count(store, "findex", vault) == 3
    rows.remove_index_rows(series)
    assert count(store, "findex", vault) == 3
    rows.remove_index_rows(series + 1)
    assert [count(store, "findex", one) for one in (vault, other)] == [0, 3]


def test_all_of_a_vault_goes_and_nothing_of_another(store, vaults):
    vault, other = vaults
    with store.vaults.db.transaction():
        vault.frame_store.write_frames([b"x"] * 150)
    with store.vaults.ledger.transaction():
        vault.erase_key()
    FrameRows(store.vaults.db, vault.row).remove_all()
    assert [count(store, table, vault) for table in ("frame", "findex")] == [0, 0]
    assert [count(store, table, other) for table in ("frame", "findex")] == [3, 3]
    assert store.vaults.db.rows("SELECT id FROM vault") == [(other.row,)]
