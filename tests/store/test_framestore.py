import pytest

from pk_tui.crypto.seal import SealKey
from pk_tui.errors import Corrupt
from pk_tui.store.framestore import EpochKeys, IndexChain
from pk_tui.vault.delta import make_delta
from pk_tui.vault.objects import blob


@pytest.fixture
def vault(store, record):
    return store.vaults.create(record())


def add(batch, *bodies):
    named = [(*blob(body), body) for body in bodies]
    for oid, facts, body in named:
        batch.add(oid, facts, body)
    return [oid for oid, _, _ in named]


def successor(body, number):
    """The body with one changed byte, and the delta that makes it."""
    new = body[:50] + bytes([number]) + body[51:]
    return new, make_delta(len(body), [(0, 50), bytes([number]), (51, len(body) - 51)])


def test_a_delta_that_does_not_fit_its_base_is_told_as_damage(store, vault, tree):
    body = bytes(3000)
    oid, facts = tree(body)
    batch = vault.batch()
    batch.add(oid, facts, body)
    wrong, _ = successor(body, 9)
    named = tree(wrong)
    batch.add(*named, wrong, oid, b"\x01\x01")
    vault.commit(batch, vault.record)
    store.vaults.cache.clear()
    with pytest.raises(Corrupt, match="does not fit"):
        vault.body(named[0])


# What a crash leaves


def test_frames_that_nothing_names_are_removed_when_the_vault_is_next_opened(disk, record, put):
    vault = disk.store.vaults.create(record())
    (oid,) = put(vault, b"value")
    batch = vault.batch()
    add(batch, *[bytes([number]) * 30_000 for number in range(200)])
    batch.flush()
    assert disk.db.one("SELECT count(*) FROM frame")[0] > 90
    vault_id = vault.vault_id
    again = disk.reopen().vaults.get(vault_id)
    assert list(again) == [oid]
    assert disk.db.one("SELECT count(*) FROM frame")[0] == 1
    assert again.body(oid) == b"value"


def test_frames_of_an_open_batch_are_not_taken_for_rubbish(store, vault, put):
    batch = vault.batch()
    oids = add(batch, *[bytes([number]) * 30_000 for number in range(9)])
    batch.flush()
    put(vault, b"another commit meanwhile")
    list(vault)
    vault.commit(batch, vault.record)
    store.vaults.cache.clear()
    assert [vault.body(oid)[0] for oid in oids] == list(range(9))


# Sizes


def test_small_commits_look_alike(store, vault, put):
    for body in (b"a", bytes(300), bytes(900)):
        put(vault, body)
    for table in ("frame", "findex"):
        assert len({len(row[0]) for row in store.vaults.db.rows(f"SELECT sealed FROM {table}")}) == 1


def test_an_index_of_many_objects_is_cut_into_rows(disk, record):
    vault = disk.store.vaults.create(record())
    batch = vault.batch()
    for number in range(9000):
        body = b"%d" % number
        batch.add(*blob(body), body)
    vault.commit(batch, vault.record)
    again = disk.reopen().vaults.list()[0]
    assert len(again) == 9000
    assert disk.db.one("SELECT count(*) FROM findex") == (2,)


def test_the_chain_tells_order_number_and_bytes_of_the_rows_apart():
    start = IndexChain()
    chains = {
        start,
        start.extended(1, b"a"),
        start.extended(2, b"a"),
        start.extended(1, b"b"),
        start.extended(1, b"a").extended(2, b"b"),
        start.extended(1, b"b").extended(2, b"a"),
    }
    assert len(chains) == 6


def test_keys_of_one_epoch_differ_by_use():
    keys = EpochKeys.of(SealKey(b"k" * 32))
    assert len({keys.frame.reveal(), keys.index.reveal(), keys.state.reveal()}) == 3
    assert "k" * 32 not in repr(keys)
