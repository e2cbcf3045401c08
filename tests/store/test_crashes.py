"""The process is killed in the midst of its work, again and again. What it had reported as done must be there."""

import contextlib
import os
import random
import select
import signal
import time

from pk_tui.records import replace
from pk_tui.terms import VaultId
from pk_tui.vault.objects import blob

ROUNDS = 60


def bodies(sequence):
    """What commit number `sequence` brings."""
    size = 2000 if sequence % 7 == 0 else 100
    return [(b"%d:%d " % (sequence, number)).ljust(size, b".") for number in range((1, 5, 1, 60)[sequence % 4])]


def work(disk, pipe):
    """Commit after commit, each reported once it is done; until killed."""
    store = disk.open()
    vault = store.vaults.list()[0]
    for left in store.vaults.list()[1:]:
        store.vaults.delete(left.vault_id)
    while True:
        sequence = vault.record.sequence + 1
        batch = vault.batch()
        for body in bodies(sequence):
            batch.add(*blob(body), body)
        if sequence % 3 == 0:
            batch.flush()
        with store.transaction():
            vault.commit(batch, replace(vault.record, sequence=sequence))
            store.settings.put("sequence", b"%d" % sequence)
        os.write(pipe, b"%d\n" % sequence)
        if sequence % 5 == 0:
            store.write_witness()
        if sequence % 11 == 0:
            clone = store.vaults.begin()
            clone.commit(None, replace(vault.record, vault_id=b"clone".ljust(16)))
            store.vaults.delete(VaultId(b"clone".ljust(16)))
        if sequence % 13 == 0:
            store.checkpoint()


def killed(disk, after):
    """Run `work` in a child process for `after` seconds from its first report on; the last sequence that it reported."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            os.close(reader)
            work(disk, writer)
        os._exit(1)
    os.close(writer)
    try:
        select.select([reader], [], [], 10)
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    finally:
        _, status = os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as file:
        reported = file.read().split()
    assert os.WIFSIGNALED(status), "the child failed by itself"
    return int(reported[-1]) if reported else 0


def test_sixty_kills_lose_nothing_that_was_reported(disk, record):
    disk.store.vaults.create(record(sequence=0))
    disk.close()
    dice = random.Random(7)
    total = 0
    last = 0
    for _ in range(ROUNDS):
        reported = killed(disk, dice.uniform(0, 0.04))
        store = disk.open()  # the ledger adds up, and the witness is not ahead
        vault = store.vaults.get(VaultId(record().vault_id))
        sequence = vault.record.sequence
        assert max(reported, last) <= sequence <= max(reported, last) + 1
        assert store.settings.get("sequence") == b"%d" % sequence
        assert store.vaults.damaged == {}
        total += sum(len(bodies(number)) for number in range(last + 1, sequence + 1))
        assert len(vault) == total
        for number in range(max(1, sequence - 2), sequence + 1):
            assert all(vault.body(blob(body)[0]) == body for body in bodies(number))
        named = disk.db.one("SELECT count(DISTINCT vault_id) FROM frame")[0]
        assert named <= 1
        last = sequence
        disk.close()
    store = disk.open()
    vault = store.vaults.get(VaultId(record().vault_id))
    assert [vault.body(oid) for oid in vault] == [body for number in range(1, last + 1) for body in bodies(number)]
    assert disk.db.one("PRAGMA integrity_check") == ("ok",)
    assert last > ROUNDS
