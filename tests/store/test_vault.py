import pytest

from pk_tui.errors import Malformed
from pk_tui.records import encode, replace
from pk_tui.store import vault as module
from pk_tui.store import vaultrecord
from pk_tui.store.vaultrecord import MAX_KEPT, State, Upstream


def test_a_record_alone_can_be_changed_but_not_the_id(disk, record):
    vault = disk.store.vaults.create(record())
    vault.commit(None, record(name="other"))
    with pytest.raises(ValueError, match="keeps its id"):
        vault.commit(None, record(2))
    assert disk.reopen().vaults.list()[0].record.name == "other"


def test_a_record_change_that_is_undone_is_forgotten(store, record, undone):
    vault = store.vaults.create(record())
    with undone(store.transaction()):
        vault.commit(None, record(name="other"))
        assert vault.record.name == "other"
        vault.commit(None, record(name="third"))
    assert vault.record.name == "letters"
    vault.commit(None, record(name="fourth"))


UPSTREAM = Upstream(b"u" * 32, b"n" * 32, b"their signed head", b"c" * 20, b"d" * 32, 7)


def test_a_fork_keeps_what_it_has_of_its_upstream_and_what_stays_readable(disk, record):
    fork = replace(record(), upstream=UPSTREAM, kept=(b"k" * 20, b"l" * 20))
    disk.store.vaults.create(fork)
    kept = disk.reopen().vaults.list()[0].record
    assert kept == fork
    assert kept.taken == UPSTREAM
    assert kept.roots == (fork.commit, b"c" * 20, b"k" * 20, b"l" * 20)
    assert record().taken == Upstream(b"c" * 32, record().nonce, b"signed head", bytes(20), bytes(32), 1)
    assert record().roots == (bytes(20),)


def test_more_kept_versions_than_there_may_be_are_refused(store, record):
    vault = store.vaults.create(record())
    with pytest.raises(Malformed):
        vault.commit(None, replace(record(), kept=tuple(bytes([number]) * 20 for number in range(MAX_KEPT + 1))))
    assert vault.record == record()


def test_a_record_of_before_there_were_forks_is_read_and_taken_up_with_the_next_change(disk, record, monkeypatch):
    written = []

    def as_it_was(value):
        if isinstance(value, State):
            old = vaultrecord._VaultRecord1(
                *(getattr(value.record, name) for name in vaultrecord._VaultRecord1.__struct_fields__)
            )
            value = vaultrecord._State1(value.gen, value.rows, value.last, value.chain, old)
        written.append(encode(value))
        return written[-1]

    with monkeypatch.context() as patched:
        patched.setattr(module, "encode", as_it_was)
        disk.store.vaults.create(record())
    assert b"vault1" in written[-1]
    vault = disk.reopen().vaults.list()[0]
    assert vault.record == record()
    assert (vault.record.upstream, vault.record.kept) == (None, ())
    vault.commit(None, replace(record(), upstream=UPSTREAM))
    assert disk.reopen().vaults.list()[0].record == replace(record(), upstream=UPSTREAM)


@pytest.mark.parametrize(
    "changes",
    [{"name": ""}, {"head": bytes(8193)}, {"commit": b"x"}, {"digest": b""}, {"sequence": -1}, {"vault_id": b""}],
)
def test_a_record_that_breaks_a_limit_is_not_stored(store, record, changes):
    vault = store.vaults.create(record())
    with pytest.raises(Malformed):
        vault.commit(None, replace(record(), **changes))
    assert vault.record == record()


def test_a_vault_of_two_epochs_reads_both_and_writes_the_newer(disk, record, put):
    vault = disk.store.vaults.create(record())
    put(vault, b"old")
    vault.commit(None, replace(vault.record, name="under a new key"), new_key=True)
    put(vault, b"new")
    assert disk.db.rows("SELECT epoch FROM frame ORDER BY id") == [(1,), (2,)]
    assert disk.db.rows("SELECT epoch FROM findex ORDER BY id") == [(1,), (2,)]
    vault = disk.reopen().vaults.list()[0]
    assert (vault.epochs, vault.record.name) == ((1, 2), "under a new key")
    assert [vault.body(oid) for oid in vault] == [b"old", b"new"]
    assert vault.shred_old_keys() is False
    disk.store.verify()


def test_index_rows_of_another_series_are_not_there_and_go_with_the_next_opening(disk, record, put):
    vault = disk.store.vaults.create(record())
    oids = put(vault, b"1", b"2")
    disk.close()
    disk.sql("INSERT INTO findex (vault_id, epoch, sealed, series) SELECT vault_id, epoch, sealed, 7 FROM findex")
    vault = disk.open().vaults.list()[0]
    assert list(vault) == oids
    assert disk.db.rows("SELECT series FROM findex") == [(2,)]
