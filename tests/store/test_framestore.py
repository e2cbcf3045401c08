import pytest

from pk_tui.errors import Corrupt
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


def test_sizes_of_many_are_those_of_their_facts(vault, put):
    oids = put(vault, *(bytes(size) for size in (0, 1, 300, 70_000)))
    assert vault.sizes_of(oids) == [vault.facts(oid).size for oid in oids] == [0, 1, 300, 70_000]
    assert vault.sizes_of([]) == []
    with pytest.raises(KeyError):
        vault.sizes_of([bytes(20)])
    batch = vault.batch()
    (new,) = add(batch, b"in a batch")
    assert batch.sizes_of([new, oids[2]]) == [10, 300]


def test_reading_in_passing_gives_every_body_and_drives_nothing_out_of_the_cache(store, vault, put):
    (hot,) = put(vault, b"used all the time")
    batch = vault.batch()
    oids = add(batch, *[bytes([number]) * 30_000 for number in range(200)])
    vault.commit(batch, vault.record)
    store.vaults.cache.clear()
    vault.body(hot)
    held = store.vaults.cache.size
    in_order = sorted(oids, key=lambda oid: vault.in_frames([oid])[0])
    assert {oid: body[0] for oid, body in vault.in_passing(in_order)} == dict(zip(oids, range(200), strict=True))
    assert store.vaults.cache.size == held


def test_parts_of_large_secrets_drive_nothing_out_of_the_cache(store, vault, put):
    (hot,) = put(vault, b"used all the time")
    vault.body(hot)
    held = store.vaults.cache.size
    batch = vault.batch()
    oids = add(batch, *[bytes([number]) * 262_144 for number in range(30)])
    batch.flush()
    vault.commit(batch, vault.record)
    assert [vault.body(oid)[0] for oid in oids] == list(range(30))
    assert store.vaults.cache.size == held


def test_what_cannot_be_read_in_passing_is_told_and_hides_no_other(disk, record, put):
    store = disk.store
    vault = store.vaults.create(record())
    oids = [put(vault, b"%d" % number)[0] for number in range(3)]
    (frame,) = vault.in_frames([oids[1]])
    store.vaults.cache.clear()
    disk.db.execute("UPDATE frame SET sealed = zeroblob(1100) WHERE id = ?", (frame,))
    wanted = [oids[0], oids[1], bytes(20), oids[2]]
    assert list(vault.in_passing(wanted)) == [(oids[0], b"0"), (oids[1], None), (bytes(20), None), (oids[2], b"2")]
    with pytest.raises(KeyError):
        vault.in_frames([bytes(20)])


def test_what_is_kept_as_a_difference_is_put_together_in_passing(store, vault, tree):
    body = bytes(3000)
    oid, facts = tree(body)
    batch = vault.batch()
    batch.add(oid, facts, body)
    later, delta = successor(body, 9)
    named = tree(later)
    batch.add(*named, later, oid, delta)
    vault.commit(batch, vault.record)
    store.vaults.cache.clear()
    assert list(vault.in_passing([named[0]])) == [(named[0], later)]
