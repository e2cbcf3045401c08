import pytest

from pk_tui.crypto.keys import SigningKey
from pk_tui.crypto.seal import SealKey
from pk_tui.errors import Busy, Corrupt, Locked
from pk_tui.records import replace
from pk_tui.store.framelayout import FRAME_ID
from pk_tui.store.rewriting import STEP, is_worthwhile, rewrite
from pk_tui.terms import CommitId, SecretPath, VaultId
from pk_tui.vault import history, tree
from pk_tui.vault.objects import blob
from pk_tui.vault.reachable import reach

AUTHOR = SigningKey(SealKey(b"n" * 32)).node_id


class History:
    """A vault with real versions, made one small commit after the other."""

    def __init__(self, disk, record):
        self.disk = disk
        self.vault = disk.store.vaults.create(record(sequence=0))
        batch = self.vault.batch()
        self._commit(batch, tree.empty_tree(batch), None)

    def _commit(self, batch, root, parent):
        commit, _ = history.build_commit(batch, root, parent, AUTHOR, "m", 0)
        record = self.vault.record
        self.vault.commit(batch, replace(record, commit=commit.raw, sequence=record.sequence + 1))
        return commit

    @property
    def head(self):
        return CommitId(self.vault.record.commit)

    def write(self, batch=None, **values):
        batch = batch or self.vault.batch()
        edits = []
        for path, body in values.items():
            batch.add(*blob(body), body)
            edits.append((SecretPath((path,)), tree.Put(blob(body)[0])))
        root = history.read_commit(batch, self.head).tree
        return self._commit(batch, tree.edit(batch, root, edits), self.head)

    def go_back_to(self, commit):
        """What came after it is then needed by nobody."""
        self.vault.commit(None, replace(self.vault.record, commit=commit.raw))

    def roots(self):
        return {self.vault.record.commit}

    def reopened(self):
        self.disk.reopen()
        self.vault = self.disk.store.vaults.get(self.vault_id)
        return self.vault

    @property
    def vault_id(self):
        return VaultId((1).to_bytes(16, "big"))


@pytest.fixture
def line(disk, record):
    return History(disk, record)


def run(steps):
    """To the end; the result and how many steps it took."""
    count = 0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value, count
        count += 1


def everything(vault):
    return {oid: (vault.facts(oid), vault.body(oid)) for oid in vault}


def frames(vault):
    return [number for number, _ in vault.frame_store.rows.sizes()]


def named(vault):
    return {FRAME_ID.unpack_from(entry)[0] for entry in vault.frame_store.index.values()}


def test_small_frames_become_few_and_nothing_else_changes(line):
    for number in range(100):
        line.write(**{f"s{number}": b"value %d" % number})
    vault, before, order, record = line.vault, everything(line.vault), list(line.vault), line.vault.record
    assert len(frames(vault)) > 100
    gone, _ = run(rewrite(vault))
    assert gone == 0
    assert len(frames(vault)) <= 3
    assert (everything(vault), list(vault), vault.record) == (before, order, record)
    reopened = line.reopened()
    assert (everything(reopened), sorted(reopened), reopened.record) == (before, sorted(order), record)
    assert set(frames(reopened)) == named(reopened)
    assert line.disk.db.one("SELECT count(*), count(DISTINCT series) FROM findex") == (1, 1)


def test_where_there_is_nothing_to_do_nothing_is_written(line):
    line.write(a=b"1")
    run(rewrite(line.vault, line.roots))
    version = line.disk.store.version
    assert run(rewrite(line.vault, line.roots))[0] == 0
    assert line.disk.store.version == version


def test_full_frames_stay_where_they_are(line):
    line.write(**{f"s{number}": bytes([number]) * 2000 for number in range(120)})
    before = set(frames(line.vault))
    run(rewrite(line.vault))
    assert len(before & set(frames(line.vault))) >= 3


def test_what_no_version_needs_is_dropped_if_roots_are_given(line):
    line.write(a=b"stays")
    kept = line.write(b=b"stays too")
    line.write(a=b"goes", c=b"goes as well")
    line.go_back_to(kept)
    vault = line.vault
    run(rewrite(vault))
    assert blob(b"goes")[0] in vault
    gone, _ = run(rewrite(vault, line.roots))
    assert gone == 4  # two secrets, their directory, their commit
    for where in (lambda: vault, line.reopened):
        now = where()
        assert blob(b"goes")[0] not in now
        assert blob(b"stays")[0] in now
        assert all(now.body(oid) is not None for oid in now)


def test_a_tree_kept_as_a_difference_from_one_that_goes_is_stored_whole(line):
    many = {f"secret{number:03}": b"%d" % number for number in range(100)}
    base = line.write(**many)
    middle = line.write(other=b"goes")
    stays = line.write(other=b"stays")
    batch = line.vault.batch()
    tree_of_it = history.read_commit(line.vault, stays).tree
    assert line.vault.stored(tree_of_it)[0] == history.read_commit(line.vault, middle).tree
    line._commit(batch, tree_of_it, base)
    raw = line.vault.body(tree_of_it)
    assert run(rewrite(line.vault, line.roots))[0] == 4
    vault = line.reopened()
    assert middle.raw not in vault
    assert history.read_commit(vault, line.head).tree == tree_of_it
    assert vault.stored(tree_of_it) == (None, raw)


def test_a_batch_that_is_open_keeps_what_it_may_build_on(line):
    kept = line.write(a=b"stays")
    line.write(a=b"goes")
    line.go_back_to(kept)
    batch = line.vault.batch()
    batch.add(*blob(b"goes"), b"goes")  # it is there already, so it is not stored a second time
    assert run(rewrite(line.vault, line.roots))[0] == 0
    line.write(batch, again=b"goes")
    assert line.reopened().body(blob(b"goes")[0]) == b"goes"


def test_what_an_unfinished_rewriting_may_have_promised_to_be_gone_goes_whoever_writes(line):
    kept = line.write(a=b"stays")
    line.write(a=b"goes")
    line.go_back_to(kept)
    line.vault.commit(None, line.vault.record, new_key=True)
    batch = line.vault.batch()
    batch.add(*blob(b"goes"), b"goes")
    run(rewrite(line.vault, line.roots))
    assert blob(b"goes")[0] not in line.vault
    with pytest.raises(Busy):
        line.write(batch, again=b"goes")
    line.write(again=b"goes")
    assert line.reopened().body(blob(b"goes")[0]) == b"goes"


def test_what_is_about_to_go_and_is_written_again_is_stored_again(line):
    kept = line.write(a=b"stays")
    line.write(a=b"goes")
    line.go_back_to(kept)
    oid = blob(b"goes")[0]
    steps = rewrite(line.vault, line.roots)
    while oid in line.vault:
        next(steps)
    line.write(b=b"goes")
    run(steps)
    assert line.vault.body(oid) == b"goes"
    assert line.reopened().body(oid) == b"goes"


def test_roots_that_move_on_while_they_are_followed_are_followed_too(line):
    for number in range(20):
        kept = line.write(**{f"s{number}": b"%d" % number})
    line.write(late=b"not needed yet")
    later = line.head
    line.go_back_to(kept)
    steps = rewrite(line.vault, line.roots)
    next(steps)
    next(steps)
    line.go_back_to(later)
    assert run(steps)[0] == 0
    assert line.reopened().body(blob(b"not needed yet")[0]) == b"not needed yet"


@pytest.mark.parametrize("new_key", [False, True])
def test_a_commit_between_any_two_steps_is_there_afterwards(line, new_key):
    for number in range(30):
        line.write(**{f"s{number}": b"%d" % number})
    written = 0
    for _ in rewrite(line.vault, line.roots, new_key):
        line.write(meanwhile=b"number %d" % written)
        assert line.vault.body(blob(b"number %d" % written)[0]) == b"number %d" % written
        written += 1
    assert written > 10
    before = everything(line.vault)
    vault = line.reopened()
    assert everything(vault) == before
    assert set(frames(vault)) == named(vault)
    assert vault.body(blob(b"number %d" % (written - 1))[0])


@pytest.mark.parametrize("new_key", [False, True])
def test_called_off_at_any_step_the_vault_is_what_it_was_and_can_be_rewritten(line, new_key):
    for number in range(30):
        kept = line.write(**{f"s{number}": b"%d" % number})
    line.write(goes=b"goes")
    line.go_back_to(kept)
    before = everything(line.vault)
    staying = {oid: value for oid, value in before.items() if oid in _needed(line)}
    _, count = run(rewrite(_other(line), line.roots))
    for stop in range(count):
        steps = rewrite(line.vault, line.roots, new_key)
        for _ in range(stop):
            if next(steps, None) is None:
                break
        steps.close()
        assert everything(line.vault) in (before, staying)
        vault = line.reopened()
        assert everything(vault) in (before, staying)
        assert set(frames(vault)) == named(vault)
        assert line.disk.db.one("SELECT count(DISTINCT series) FROM findex WHERE vault_id = ?", (vault.row,)) == (1,)
        if everything(vault) == staying:
            line.write(goes=b"goes")
            line.go_back_to(kept)
            before = everything(line.vault)
    run(rewrite(line.vault, line.roots, new_key))
    assert everything(line.reopened()) == staying
    assert len(line.vault.epochs) == 1


def _needed(line):
    found = set()
    for _ in reach(line.vault, line.roots(), found):
        pass
    return found


def _other(line):
    """A second vault with the same objects, to count steps on."""
    record = replace(line.vault.record, vault_id=b"other".ljust(16), nonce=b"o" * 32)
    vault = line.disk.store.vaults.begin()
    batch = vault.batch()
    for oid in line.vault:
        batch.add(oid, line.vault.facts(oid), line.vault.body(oid))
    vault.commit(batch, record)
    return vault


def test_what_a_run_that_was_called_off_left_goes_with_the_next(line):
    for number in range(30):
        line.write(**{f"s{number}": b"%d" % number})
    steps = rewrite(line.vault)
    while len(frames(line.vault)) <= len(named(line.vault)):
        next(steps)
    steps.close()
    assert set(frames(line.vault)) > named(line.vault)
    run(rewrite(line.vault))
    assert set(frames(line.vault)) == named(line.vault)


def test_under_a_new_key_nothing_is_left_of_the_old_one(line):
    for number in range(20):
        line.write(**{f"s{number}": bytes([number]) * 4000})
    before = everything(line.vault)
    wrapped = line.disk.db.one("SELECT wrapped FROM vault_key")[0]
    run(rewrite(line.vault, new_key=True))
    assert line.vault.epochs == (2,)
    for table in ("vault_key", "frame", "findex"):
        assert line.disk.db.rows(f"SELECT DISTINCT epoch FROM {table}") == [(2,)]
    assert wrapped not in line.disk.everything()
    vault = line.reopened()
    assert (vault.epochs, everything(vault)) == ((2,), before)
    line.disk.store.verify()
    run(rewrite(vault, new_key=True))
    assert (line.reopened().epochs, everything(line.vault)) == ((3,), before)


def test_a_batch_that_was_open_when_the_key_changed_is_committed_under_the_new_one(line):
    line.write(a=b"1")
    batch = line.vault.batch()
    bodies = [bytes([number]) * 30_000 for number in range(6)]
    for body in bodies[:4]:
        batch.add(*blob(body), body)
    batch.flush()  # under the old key
    run(rewrite(line.vault, new_key=True))
    assert line.vault.epochs == (2,)
    for body in bodies[4:]:
        batch.add(*blob(body), body)
    assert all(batch.body(blob(body)[0]) == body for body in bodies)
    line.write(batch, b=b"2")
    vault = line.reopened()
    assert all(vault.body(blob(body)[0]) == body for body in bodies)
    assert line.disk.db.rows("SELECT DISTINCT epoch FROM frame") == [(2,)]


def test_a_batch_committed_while_the_key_changes_is_whole(line):
    for number in range(20):
        line.write(**{f"s{number}": b"%d" % number})
    body = b"x" * 30_000
    for stop in range(1, 200):
        batch = line.vault.batch()
        for number in range(4):
            batch.add(*blob(body + b"%d %d" % (stop, number)), body + b"%d %d" % (stop, number))
        batch.flush()
        steps = rewrite(line.vault, new_key=True)
        if run(_some(steps, stop))[1] < stop:
            batch.discard()
            break
        line.write(batch, late=b"%d" % stop)
        run(steps)
        vault = line.reopened()
        assert all(vault.body(blob(body + b"%d %d" % (stop, number))[0]) for number in range(4))
        assert len(vault.epochs) == 1
    assert stop > 5


def _some(steps, count):
    for _ in range(count):
        if next(steps, None) is None:
            return
        yield


def test_a_new_key_that_is_undone_never_was(line, undone):
    line.write(a=b"1")
    with undone(line.disk.store.transaction()):
        line.vault.commit(None, line.vault.record, new_key=True)
        assert line.vault.epochs == (1, 2)
    assert line.vault.epochs == (1,)
    line.write(b=b"2")
    assert line.reopened().body(blob(b"2")[0]) == b"2"
    assert line.vault.epochs == (1,)


def test_what_does_not_open_stays_for_a_check_and_its_key_with_it(line):
    big = [bytes([number]) * 50_000 for number in range(3)]
    line.write(**{f"b{number}": body for number, body in enumerate(big)})
    vault, oid = line.vault, blob(big[1])[0]
    frame = FRAME_ID.unpack_from(vault.frame_store.index[oid])[0]
    line.disk.db.execute("UPDATE frame SET sealed = zeroblob(length(sealed)) WHERE id = ?", (frame,))
    line.disk.store.vaults.cache.clear()
    run(rewrite(vault, new_key=True))
    assert vault.epochs == (1, 2)
    assert vault.body(blob(big[0])[0]) == big[0]
    with pytest.raises(Corrupt):
        vault.body(oid)


def test_a_vault_with_an_object_missing_drops_nothing(line):
    line.write(a=b"1")
    kept = line.write(a=b"2")
    line.write(a=b"goes")
    line.go_back_to(kept)
    store = line.vault.frame_store
    del store.index[history.read_commit(line.vault, kept).tree]
    with pytest.raises(Corrupt, match="missing"):
        run(rewrite(line.vault, line.roots))
    assert blob(b"goes")[0] in line.vault


def test_there_is_one_at_a_time(line):
    line.write(a=b"1")
    steps = rewrite(line.vault, new_key=True)
    next(steps)
    with pytest.raises(Busy):
        next(rewrite(line.vault))
    run(steps)
    run(rewrite(line.vault))


def test_locking_in_the_midst_of_it_harms_nothing(line):
    for number in range(20):
        line.write(**{f"s{number}": b"%d" % number})
    before = everything(line.vault)
    steps = rewrite(line.vault, line.roots, new_key=True)
    for _ in range(12):
        next(steps)
    line.disk.store.lock()
    with pytest.raises(Locked):
        run(steps)
    vault = line.reopened()
    assert everything(vault) == before
    run(rewrite(vault, line.roots))
    assert (everything(vault), vault.epochs) == (before, (2,))


def test_a_large_vault_is_rewritten_in_steps_that_say_how_far_they_are(line):
    for part in range(6):
        line.write(**{f"s{part}-{number}": bytes([part, number]) * 20_000 for number in range(25)})
    said = list(rewrite(line.vault, new_key=True))
    done = [step.done for step in said]
    assert done == sorted(done)
    assert said[-1].done == said[-1].total > 6 * STEP // 2
    assert len({step.done for step in said}) >= said[-1].total // STEP


def test_what_is_dropped_gives_its_room_back(line):
    kept = line.write(a=b"1")
    line.write(**{f"s{number}": bytes([number]) * 40_000 for number in range(60)})
    line.go_back_to(kept)
    before = line.disk.db.size
    run(rewrite(line.vault, line.roots))
    assert line.disk.db.size < before - 60 * 40_000 + 200_000
    assert line.disk.path.stat().st_size == line.disk.db.size
    assert line.disk.db.one("PRAGMA freelist_count") == (0,)


@pytest.mark.parametrize(
    ("count", "size", "index", "pays"),
    [
        (1, 1000, 500, False),
        (255, 255 * 1024, 100_000, False),
        (300, 300 * 1024, 100_000, True),
        (1000, 1000 * 65_536, 100_000, False),  # many and full
        (1300, 1000 * 65_536, 100_000, True),
        (800, 500 * 65_536, 9_000_000, False),  # a large index is written anew less often
        (1700, 500 * 65_536, 9_000_000, True),
    ],
)
def test_gathering_pays_when_there_are_many_small_frames_for_the_size_of_the_index(count, size, index, pays):
    assert is_worthwhile(count, size, index) is pays


def test_measuring_counts_what_lies_there(line):
    for number in range(10):
        line.write(a=b"%d" % number)
    count, size, index = line.vault.frame_store.rows.measure()
    assert (count, size) == (11, sum(size for _, size in line.vault.frame_store.rows.sizes()))
    assert index == line.disk.db.one("SELECT sum(length(sealed)) FROM findex")[0]
