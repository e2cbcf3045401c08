import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pk_tui.errors import Busy, Corrupt, StorageFailed
from pk_tui.store.framelayout import FRAME_BYTES
from pk_tui.store.frames import MAX_CHAIN
from pk_tui.store.framestore import FrameStore
from pk_tui.vault.delta import make_delta
from pk_tui.vault.objects import MAX_OBJECT, Facts, Kind, blob


@pytest.fixture
def vault(store, record):
    return store.vaults.create(record())


def add(batch, *bodies):
    named = [(*blob(body), body) for body in bodies]
    for oid, facts, body in named:
        batch.add(oid, facts, body)
    return [oid for oid, _, _ in named]


def count(store, table):
    return store.vaults.db.one(f"SELECT count(*) FROM {table}")[0]


def test_what_is_added_is_readable_in_the_batch_at_once_and_elsewhere_after_the_commit(vault):
    batch = vault.batch()
    (oid,) = add(batch, b"value")
    assert oid in batch
    assert batch.body(oid) == b"value"
    assert batch.stored(oid) == (None, b"value")
    assert batch.facts(oid) == blob(b"value")[1]
    assert oid not in vault
    with pytest.raises(KeyError):
        vault.body(oid)
    vault.commit(batch, vault.record)
    assert vault.body(oid) == batch.body(oid) == b"value"
    assert vault.facts(oid) == blob(b"value")[1]
    assert list(vault) == list(batch) == [oid]
    assert len(vault) == 1


def test_a_batch_reads_through_to_the_vault(vault, put):
    (old,) = put(vault, b"old")
    batch = vault.batch()
    (new,) = add(batch, b"new")
    assert list(batch) == [old, new]
    assert batch.body(old) == b"old"
    assert batch.facts(old) == vault.facts(old)
    assert batch.stored(old) == (None, b"old")
    assert b"?" * 20 not in batch
    with pytest.raises(KeyError):
        batch.body(b"?" * 20)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.binary(max_size=40_000), max_size=8), max_size=4), st.booleans())
def test_whatever_is_committed_comes_back_after_reopening(disk, record, groups, flush):
    number = len(disk.store.vaults.list()) + 1
    vault = disk.store.vaults.create(record(number))
    want = {}
    for group in groups:
        batch = vault.batch()
        for oid, body in zip(add(batch, *group), group, strict=True):
            want[oid] = body
        if flush:
            batch.flush()
        vault.commit(batch, vault.record)
    vault_id = vault.vault_id
    again = disk.reopen().vaults.get(vault_id)
    assert list(again) == list(want)
    assert all(again.body(oid) == body and again.facts(oid) == blob(body)[1] for oid, body in want.items())


def test_the_largest_object_has_a_frame_of_its_own_and_a_larger_one_is_refused(disk, record):
    vault = disk.store.vaults.create(record())
    batch = vault.batch()
    oids = add(batch, b"a", bytes(MAX_OBJECT), b"b")
    with pytest.raises(ValueError, match="2 MiB"):
        add(batch, bytes(MAX_OBJECT + 1))
    vault.commit(batch, vault.record)
    vault_id = vault.vault_id
    again = disk.reopen().vaults.get(vault_id)
    assert [len(again.body(oid)) for oid in oids] == [1, MAX_OBJECT, 1]
    assert len(disk.sql("SELECT id FROM frame")) == 3


def test_full_frames_are_written_by_flush_and_stay_unseen(store, vault):
    batch = vault.batch()
    bodies = [bytes([number]) * 30_000 for number in range(20)]
    oids = add(batch, *bodies)
    assert batch.objects == 20
    assert batch.bytes == batch.pending_bytes > 600_000
    batch.flush()
    assert batch.pending_bytes <= FRAME_BYTES
    written = count(store, "frame")
    assert written == 9
    batch.flush()
    assert count(store, "frame") == written
    assert len(vault) == 0
    assert [batch.body(oid) for oid in oids] == bodies
    vault.commit(batch, vault.record)
    assert [vault.body(oid) for oid in oids] == bodies
    assert batch.pending_bytes == batch.objects == 0


def test_a_discarded_batch_leaves_nothing_and_takes_nothing_more(store, vault):
    batch = vault.batch()
    add(batch, *[bytes([number]) * 30_000 for number in range(9)])
    batch.flush()
    batch.discard()
    batch.discard()
    assert count(store, "frame") == 0
    with pytest.raises(RuntimeError):
        add(batch, b"more")
    with pytest.raises(RuntimeError):
        vault.commit(batch, vault.record)


def test_discarding_within_the_transaction_that_commits_it_does_nothing(disk, record):
    """A caller that tidies up in `finally` inside a transaction of several commits must not remove what it has committed."""
    vault = disk.store.vaults.create(record())
    batch = vault.batch()
    (oid,) = add(batch, b"value" * 30_000)
    batch.flush()
    with disk.store.transaction():
        vault.commit(batch, vault.record)
        batch.discard()
    disk.reopen()
    assert disk.store.vaults.list()[0].body(oid) == b"value" * 30_000


def test_discarding_within_a_transaction_that_is_undone_takes_effect(store, vault):
    batch = vault.batch()
    add(batch, *(bytes([number]) * 60_000 for number in range(4)))
    batch.flush()
    assert count(store, "frame") > 0

    def undone():
        with store.transaction():
            vault.commit(batch, vault.record)
            batch.discard()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        undone()
    assert count(store, "frame") == 0
    assert list(vault) == []
    with pytest.raises(RuntimeError):
        add(batch, b"more")


def test_discarding_a_committed_batch_does_nothing(vault):
    batch = vault.batch()
    (oid,) = add(batch, b"value")
    vault.commit(batch, vault.record)
    batch.discard()
    assert vault.body(oid) == b"value"


def test_after_an_undone_transaction_an_object_is_not_taken_for_present(store, vault, undone):
    batch = vault.batch()
    (oid,) = add(batch, b"value")
    with undone(store.transaction()):
        vault.commit(batch, vault.record)
    assert oid not in vault
    assert count(store, "frame") == count(store, "findex") == 0
    other = vault.batch()
    add(other, b"value")
    vault.commit(other, vault.record)
    store.vaults.cache.clear()
    assert vault.body(oid) == b"value"


def test_a_batch_whose_commit_failed_can_be_committed_again(store, vault, undone):
    batch = vault.batch()
    (oid, *_) = add(batch, *[bytes([number]) * 30_000 for number in range(9)])
    batch.flush()
    with undone(store.transaction()):
        vault.commit(batch, vault.record)
    vault.commit(batch, vault.record)
    store.vaults.cache.clear()
    assert vault.body(oid) == bytes(30_000)
    assert count(store, "frame") == 5


def test_an_undone_flush_keeps_everything_in_memory(store, vault, undone):
    batch = vault.batch()
    oids = add(batch, *[bytes([number]) * 30_000 for number in range(9)])
    with undone(store.transaction()):
        batch.flush()
    assert count(store, "frame") == 0
    vault.commit(batch, vault.record)
    assert [vault.body(oid)[0] for oid in oids] == list(range(9))


def test_several_batches_of_one_vault_are_committed_on_their_own(store, vault):
    first, second = vault.batch(), vault.batch()
    (shared, one) = add(first, b"shared", b"one")
    (_, two) = add(second, b"shared", b"two")
    vault.commit(second, vault.record)
    vault.commit(first, vault.record)
    assert list(vault) == [shared, two, one]
    assert vault.body(shared) == b"shared"


def test_two_objects_of_one_git_name_are_refused_in_a_batch_and_between_batches(vault):
    oid, facts = blob(b"value")
    twin = Facts(facts.kind, 0, 0, 1, 5, b"x" * 32)
    batch, other = vault.batch(), vault.batch()
    batch.add(oid, facts, b"value")
    batch.add(oid, facts, b"value")
    assert batch.objects == 1
    with pytest.raises(Corrupt, match="same git name"):
        batch.add(oid, twin, b"eulav")
    other.add(oid, twin, b"eulav")
    vault.commit(batch, vault.record)
    with pytest.raises(Corrupt, match="same git name"):
        vault.commit(other, vault.record)
    with pytest.raises(Corrupt, match="same git name"):
        vault.batch().add(oid, twin, b"eulav")
    assert vault.body(oid) == b"value"


def test_the_batch_of_another_vault_is_refused(store, vault, record):
    other = store.vaults.create(record(2))
    with pytest.raises(ValueError, match="another vault"):
        other.commit(vault.batch(), other.record)


# Deltas


def successor(body, number):
    """The body with one changed byte, and the delta that makes it."""
    new = body[:50] + bytes([number]) + body[51:]
    return new, make_delta(len(body), [(0, 50), bytes([number]), (51, len(body) - 51)])


def test_a_tree_is_kept_as_the_difference_to_its_predecessor_in_chains_of_bounded_length(disk, record, tree):
    vault = disk.store.vaults.create(record())
    body = bytes(3000)
    batch = vault.batch()
    oid, facts = tree(body)
    batch.add(oid, facts, body)
    versions = {oid: body}
    whole = 1
    for number in range(1, 61):
        base = oid
        body, delta = successor(body, number)
        oid, facts = tree(body)
        batch.add(oid, facts, body, base, delta)
        assert batch.body(oid) == body
        stored_base, stored = batch.stored(oid)
        if stored_base is None:
            assert stored == body
            whole += 1
        else:
            assert (stored_base, stored) == (base, delta)
        versions[oid] = body
        if number % 7 == 0:
            vault.commit(batch, vault.record)
            batch = vault.batch()
    vault.commit(batch, vault.record)
    assert whole == 1 + 60 // (MAX_CHAIN + 1)
    vault_id = vault.vault_id
    again = disk.reopen().vaults.get(vault_id)
    assert {oid: again.body(oid) for oid in again} == versions
    assert again.facts(oid).kind is Kind.TREE


def test_a_delta_that_is_not_worth_it_or_has_no_base_here_is_not_kept(vault, tree):
    body = bytes(100)
    oid, facts = tree(body)
    batch = vault.batch()
    batch.add(oid, facts, body)
    new, delta = successor(body, 1)
    far = tree(new)
    batch.add(*far, new, b"?" * 20, b"")
    assert batch.stored(far[0]) == (None, new)
    near, delta = successor(body, 2)
    named = tree(near)
    batch.add(*named, near, oid, delta + bytes(100))
    assert batch.stored(named[0]) == (None, near)


def test_a_full_disk_leaves_nothing_half_done_and_all_works_once_there_is_room(disk, record, put):
    vault = disk.store.vaults.create(record())
    (old,) = put(vault, b"old")
    before = vault.record
    disk.store.checkpoint()
    pages = disk.db.one("PRAGMA page_count")[0]
    disk.db.one(f"PRAGMA max_page_count = {pages + 3}")
    batch = vault.batch()
    oids = add(batch, *[bytes([number]) * 30_000 for number in range(9)])
    with pytest.raises(StorageFailed, match="full"):
        batch.flush()
    with pytest.raises(StorageFailed, match="full"):
        vault.commit(batch, before)
    with pytest.raises(StorageFailed, match="full"):
        disk.store.settings.put("large", bytes(16_000))
    assert list(vault) == [old]
    assert vault.record == before
    disk.db.one("PRAGMA max_page_count = 1000000")
    vault.commit(batch, before)
    disk.store.settings.put("large", bytes(16_000))
    vault_id = vault.vault_id
    again = disk.reopen().vaults.get(vault_id)
    assert [again.body(oid)[0] for oid in oids] == list(range(9))


def test_a_batch_that_was_made_void_writes_nothing_and_says_to_begin_again(store, record):
    vault = store.vaults.create(record())
    batch = vault.batch()
    bodies = [bytes([number]) * 40_000 for number in range(4)]
    for body in bodies:
        batch.add(*blob(body), body)
    batch.flush()
    assert vault.frame_store.rows.sizes()
    batch.void()
    assert vault.frame_store.rows.sizes() == []
    oid, facts = blob(bodies[0])
    for use in (
        lambda: batch.add(oid, facts, bodies[0]),
        lambda: batch.facts(oid),
        lambda: batch.body(oid),
        lambda: batch.stored(oid),
        lambda: oid in batch,
        lambda: vault.commit(batch, vault.record),
    ):
        with pytest.raises(Busy, match="try again"):
            use()
    batch.discard()
    assert list(vault) == []


def test_open_batches_are_known_until_they_are_committed_discarded_or_let_go(store, record):
    vault = store.vaults.create(record())
    batches = vault.frame_store.batches
    one, two, three = vault.batch(), vault.batch(), vault.batch()
    assert set(batches) == {one, two, three}
    vault.commit(one, vault.record)
    two.discard()
    assert set(batches) == {three}
    del three
    assert len(batches) == 0


# Getting ready


def ready(batch):
    for _ in batch.getting_ready():
        pass


def refuse_to_seal(monkeypatch):
    """From here on no row of an index is sealed any more."""

    def refuse(*_):
        raise AssertionError("a row of the index was sealed by the commit")

    monkeypatch.setattr(FrameStore, "sealed_index", refuse)


def test_getting_ready_shows_nothing_and_leaves_nothing_to_do_for_the_commit(disk, record, monkeypatch):
    vault = disk.store.vaults.create(record())
    batch = vault.batch()
    bodies = [b"%d" % number * 100 for number in range(9000)]
    oids = add(batch, *bodies)
    ready(batch)
    assert batch.pending_bytes == 0
    assert not any(oid in vault for oid in oids)
    assert count(disk.store, "findex") == 0
    frames = count(disk.store, "frame")
    with monkeypatch.context() as patch:
        refuse_to_seal(patch)
        vault.commit(batch, vault.record)
    assert count(disk.store, "findex") == 2
    assert count(disk.store, "frame") == frames
    again = disk.reopen().vaults.list()[0]
    assert list(again) == oids
    assert [again.body(oid) for oid in oids[::1000]] == bodies[::1000]


def test_getting_ready_takes_small_steps(store, vault):
    batch = vault.batch()
    add(batch, *(b"%d" % number + bytes(30_000) for number in range(300)))
    before, largest, steps = count(store, "frame"), 0, 0
    for _ in batch.getting_ready():
        now = count(store, "frame")
        before, largest, steps = now, max(largest, now - before), steps + 1
    assert largest <= 16
    assert steps > 9
    batch.discard()
    assert count(store, "frame") == 0


def test_what_is_added_after_getting_ready_is_committed_with_it(disk, record):
    vault = disk.store.vaults.create(record())
    batch = vault.batch()
    first = add(batch, b"a", b"b")
    ready(batch)
    second = add(batch, b"c", b"a")
    assert [batch.body(oid) for oid in (*first, *second)] == [b"a", b"b", b"c", b"a"]
    vault.commit(batch, vault.record)
    again = disk.reopen().vaults.list()[0]
    assert [again.body(oid) for oid in again] == [b"a", b"b", b"c"]


@pytest.mark.parametrize("bodies", [(b"another",), (b"a", b"another"), (b"c",)])
def test_what_others_commit_after_getting_ready_is_seen(disk, record, put, bodies):
    vault = disk.store.vaults.create(record())
    batch = vault.batch()
    add(batch, b"a", b"b")
    ready(batch)
    add(batch, b"c")
    put(vault, *bodies)
    vault.commit(batch, vault.record)
    again = disk.reopen().vaults.list()[0]
    assert {again.body(oid) for oid in again} == {b"a", b"b", b"c", *bodies}


def test_what_others_commit_before_the_last_step_does_not_make_it_be_in_vain(store, vault, put, record, monkeypatch):
    batch = vault.batch()
    add(batch, b"a", b"b")
    for number, _ in enumerate(batch.getting_ready()):
        if number in (1, 2):
            put(vault, b"of the same vault %d" % number)
        elif number == 3:
            put(store.vaults.create(record(2)), b"of another one")
    refuse_to_seal(monkeypatch)
    vault.commit(batch, vault.record)
    assert len(vault) == 4


def test_an_object_that_was_there_already_and_goes_meanwhile_is_committed(vault, put):
    batch = vault.batch()
    (oid,) = add(batch, b"a")
    put(vault, b"a")
    ready(batch)
    vault.frame_store.hide([oid])
    vault.commit(batch, vault.record)
    assert vault.body(oid) == b"a"


def test_a_commit_that_is_undone_after_getting_ready_can_be_made_again(store, vault, undone):
    batch = vault.batch()
    (oid,) = add(batch, b"a")
    ready(batch)
    with undone(store.transaction()):
        vault.commit(batch, vault.record)
    assert oid not in vault
    vault.commit(batch, vault.record)
    assert vault.body(oid) == b"a"


def test_getting_ready_under_the_key_before_a_new_one_is_in_vain_and_right(disk, record):
    vault = disk.store.vaults.create(record())
    batch = vault.batch()
    (oid,) = add(batch, b"a")
    ready(batch)
    vault.commit(None, vault.record, new_key=True)
    vault.commit(batch, vault.record)
    assert disk.reopen().vaults.list()[0].body(oid) == b"a"


def test_a_batch_that_is_made_void_while_it_gets_ready_goes_no_further(store, vault):
    batch = vault.batch()
    add(batch, b"a")
    steps = batch.getting_ready()
    next(steps)
    batch.void()
    with pytest.raises(Busy):
        next(steps)
    assert count(store, "frame") == 0


def test_two_objects_of_one_git_name_are_refused_while_getting_ready(vault, put):
    oid, facts = blob(b"a")
    batch = vault.batch()
    batch.add(oid, Facts(facts.kind, 0, 0, 1, 1, bytes(32)), b"a")
    put(vault, b"a")
    with pytest.raises(Corrupt, match="same git name"):
        ready(batch)
