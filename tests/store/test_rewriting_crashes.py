"""The process is killed in the midst of a commit, of gathering, of renewing a key, of forgetting and of a migration, each time
after one that it had reported as done. What was reported is there, and nothing is there twice or half."""

import os
import random
import shutil
import signal
import sqlite3
import traceback
from pathlib import Path
from types import SimpleNamespace

import pytest

from pk_tui.agent.care import roots_of
from pk_tui.agent.checking import check_node
from pk_tui.agent.commits import commit_edits, create_vault
from pk_tui.agent.forgetting import _rewrite_history
from pk_tui.store import rewriting
from pk_tui.store.database import Database
from pk_tui.store.framelayout import FRAME_ID
from pk_tui.store.migrations import VERSION
from pk_tui.store.old_layout import copies
from pk_tui.store.rewriting import rewrite
from pk_tui.terms import CommitId, SecretPath
from pk_tui.vault import history, tree
from pk_tui.vault.objects import blob

LAYOUT_1 = Path(__file__).resolve().parent.parent / "vectors" / "layout1"
MARKER = b"what is to be forgotten"
TOKEN = SecretPath(("d", "token"))
SECRETS = 12
EACH = 8
"""Kills with one vault."""
KINDS = ("commit", "gather", "renew", "forget")


def value(sequence):
    return b"%d " % sequence * (3000 if sequence % 5 == 0 else 5)


def write(store, vault, sequence, token=False):
    batch = vault.batch()
    edits = []
    for path, body in [((f"s{sequence % SECRETS}",), value(sequence))] + ([(TOKEN.parts, MARKER)] if token else []):
        batch.add(*blob(body), body)
        edits.append((SecretPath(path), tree.Put(blob(body)[0])))
    if sequence % 3 == 0:
        batch.flush()
    with store.transaction():
        commit_edits(store, vault, batch, edits, None, sequence)
        store.settings.put("sequence", b"%d" % sequence)


def run(steps):
    for _ in steps:
        pass


def forget(store, vault):
    core = SimpleNamespace(
        store=store, node_id=store.signing.node_id, signing=store.signing, clock=SimpleNamespace(now=lambda: 0)
    )
    run(_rewrite_history(core, "v", TOKEN, None, leave_origin=False, value_of=None, everywhere=False))
    run(rewrite(vault, roots_of(store, vault)))


class Death:
    """Counts what is written to the database, and ends the process shortly after one such statement has begun."""

    def __init__(self, connection):
        self.count, self.at, self.after = 0, None, 0.0
        connection.set_trace_callback(self._begun)

    def _begun(self, sql):
        if sql.startswith(("BEGIN", "INSERT", "UPDATE", "DELETE", "COMMIT", "PRAGMA")):
            self.count += 1
            if self.count == self.at:
                signal.setitimer(signal.ITIMER_REAL, self.after)  # nobody handles SIGALRM: the process is gone

    def comes(self, dice):
        """Some time in the next work, which writes about as much as the last one."""
        self.at, self.after = dice.randint(1, self.count * 3 // 4), dice.choice((0.000001, dice.uniform(0, 0.001)))


def work(disk, kind, dice, pipe):
    """Commits and works of one kind in turn, each reported when it begins and when it is done; until the process dies."""
    rewriting.STEP = 16 * 1024  # many small transactions instead of few
    store = disk.open()
    death = Death(disk.db._connection)
    vault = store.vaults.list()[0]
    sequence = int(store.settings.get("sequence") or b"0")
    rounds = 0

    def say(what):
        os.write(pipe, b"%s %d\n" % (what, sequence))

    while True:
        for number in range(4):
            sequence += 1
            write(store, vault, sequence, token=kind == "forget" and number == 1)
            say(b"committed")
        say(b"begin")
        if death.at is None and rounds:
            death.comes(dice)
        death.count = 0
        rounds += 1
        if kind == "gather":
            run(rewrite(vault, roots_of(store, vault)))
        elif kind == "renew":
            run(rewrite(vault, roots_of(store, vault), new_key=True))
        elif kind == "forget":
            forget(store, vault)
        else:
            for _ in range(3):
                sequence += 1
                write(store, vault, sequence)
                say(b"committed")
        say(b"done")
        store.write_witness()


def reports_of(job):
    """What `job(pipe)` reported in a process of its own until it died."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            job(writer)
        except BaseException:
            traceback.print_exc()
        os._exit(1)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        said = file.read()
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the child failed by itself"
    return [line.split() for line in said.splitlines()]


def versions(vault):
    return [commit for _, commit in history.walk(vault, CommitId(vault.record.commit))]


def checked(store):
    steps = check_node(store)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def expected(sequence):
    latest = {number % SECRETS: number for number in range(max(1, sequence - SECRETS + 1), sequence + 1)}
    return {f"s{name}": value(number) for name, number in latest.items()}


def examine(disk, kind, said):
    """All that must hold after a kill; returns the sequence found."""
    store = disk.open()  # the ledger adds up, and the witness is not ahead
    vault = store.vaults.list()[0]
    assert store.vaults.damaged == {}
    sequence = int(store.settings.get("sequence"))
    reported = int(said[-1][1])
    assert reported <= sequence <= reported + 1
    rows = tree.listing(vault, versions(vault)[0].tree, (), True)
    held = {row.path: vault.body(row.oid) for row in rows if not row.is_directory}
    assert held.pop(str(TOKEN), MARKER) == MARKER
    assert held == expected(sequence)
    assert checked(store).ok, checked(store).problems
    frames = vault.frame_store
    named = {FRAME_ID.unpack_from(entry)[0] for entry in frames.index.values()}
    assert {number for number, _ in frames.rows.sizes()} == named
    assert disk.db.one("SELECT count(DISTINCT series) FROM findex") == (1,)
    holding = sum(tree.find(vault, commit.tree, TOKEN.parts) is not None for commit in versions(vault))
    if said[-1][0] == b"done" and sequence == reported:
        assert len(vault.epochs) == 1
        assert not holding or kind != "forget"
    if len(vault.epochs) > 1:  # as the agent does after unlocking
        run(rewrite(vault, roots_of(store, vault)))
    assert len(vault.epochs) == 1
    assert disk.db.one("SELECT count(*) FROM vault_key") == (1,)
    if not holding:
        assert not any(MARKER in frames.opened(number) for number, _ in frames.rows.sizes())
    assert checked(store).ok
    disk.close()
    return sequence


def begin_anew(disk):
    """With a new vault, so that looking through its history stays quick."""
    store = disk.open()
    for vault in store.vaults.list():
        store.vaults.delete(vault.vault_id)
    store.settings.put("sequence", b"1")
    write(store, create_vault(store, "v", 0), 1)
    disk.close()


def campaign(disk, kills, seed):
    """How often a work was really under way when it was killed, by kind."""
    disk.close()
    dice = random.Random(seed)
    inside = dict.fromkeys(KINDS, 0)
    for kill in range(kills):
        kind = KINDS[kill % len(KINDS)]
        if kill % EACH == 0:
            begin_anew(disk)
        said = reports_of(lambda pipe, kind=kind: work(disk, kind, dice, pipe))
        dice.random()
        inside[kind] += said[-1][0] == b"begin" or kind == "commit"
        assert any(line[0] == b"done" for line in said)
        examine(disk, kind, said)
    disk.open()
    assert disk.db.one("PRAGMA integrity_check") == ("ok",)
    return inside


def layout(path):
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return connection.execute("PRAGMA user_version").fetchone()[0]
    finally:
        connection.close()


def migrate(home, kills, seed):
    dice = random.Random(seed)
    for kill in range(kills):
        path = home / f"migration{kill}" / "node.db"
        shutil.copytree(LAYOUT_1, path.parent)

        def job(pipe, path=path):
            signal.setitimer(signal.ITIMER_REAL, dice.uniform(0.0001, 0.015))
            Database.open(path).close()
            signal.pause()

        reports_of(job)
        dice.random()
        assert layout(path) in (1, VERSION)
        Database.open(path).close()
        assert layout(path) == VERSION
        (copy,) = copies(path)
        assert layout(copy) == 1
        shutil.rmtree(path.parent)


def test_forty_kills_in_the_midst_of_rewriting_lose_nothing(disk):
    inside = campaign(disk, 40, 11)
    assert sum(inside.values()) >= 18, inside


def test_twenty_kills_in_the_midst_of_a_migration_leave_the_old_or_the_new_layout(tmp_path):
    migrate(tmp_path, 20, 11)


@pytest.mark.night
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(20))
def test_a_thousand_kills_lose_nothing(disk, tmp_path, part):
    campaign(disk, 40, 1000 + part)
    migrate(tmp_path, 10, 1000 + part)
