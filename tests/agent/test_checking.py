"""A check reads every stored byte, names what is damaged and where, and changes nothing; a repair loses nothing."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from agent.actors import shared
from simulator import World, simulate

from pk_tui.agent import checking
from pk_tui.agent.agent import Agent
from pk_tui.agent.checking import check_node, repair_node
from pk_tui.agent.commits import commit_edits, create_vault, head_tree
from pk_tui.agent.directory import vault_named
from pk_tui.api.care import CheckView, ProblemView
from pk_tui.api.views import Progress
from pk_tui.crypto.keys import RecoveryKey, SigningKey
from pk_tui.crypto.passphrase import Cost
from pk_tui.crypto.seal import SealKey, open_padded, seal_padded
from pk_tui.crypto.wrap import PasswordSlot
from pk_tui.errors import CannotOpen, Corrupt, Locked, PkError
from pk_tui.records import replace
from pk_tui.store.contacts import Contact
from pk_tui.store.database import Database
from pk_tui.store.node import NodeStore
from pk_tui.store.survey import Finding
from pk_tui.store.vault import VaultFrames
from pk_tui.store.witness import FileWitness
from pk_tui.terms import SecretPath, VaultId
from pk_tui.trust.genesis import make_genesis
from pk_tui.vault import tree
from pk_tui.vault.objects import blob

P = SecretPath.parse
LARGE = bytes(range(256)) * 6000


async def bits(value: bytes) -> AsyncIterator[bytes]:
    yield value


async def filled(world: World) -> Agent:
    """An agent with two vaults; `work` has versions, directories, a secret in chunks and an empty directory."""
    alice = await world.add("alice")
    for name in ("work", "other"):
        await alice.vaults.create(name)
        for path, value in (("a", b"1"), ("d/b", b"2"), ("a", b"3"), ("d/large", LARGE)):
            await alice.secrets.write(name, P(path), bits(value))
    await alice.secrets.make_directories([("work", P("empty"))])
    return alice


async def again(world: World) -> Agent:
    """The same node after a restart: nothing is in memory."""
    await world.stop("alice")
    return await world.start("alice")


def test_a_sound_node_is_told_so_with_how_much_was_read() -> None:
    async def scenario(world: World) -> None:
        alice = await filled(world)
        for _ in range(2):
            view = await alice.lifecycle.check()
            assert (view.ok, view.vaults, view.problems) == (True, 2, ())
            assert view.objects == sum(len(frames) for frames in alice.store.vaults.list())
            alice = await again(world)

    simulate(scenario)


def test_a_locked_node_is_not_checked() -> None:
    async def scenario(world: World) -> None:
        alice = await filled(world)
        await alice.lock()
        with pytest.raises(Locked):
            await alice.lifecycle.check()

    simulate(scenario)


@pytest.mark.parametrize("path", ["a", "d/b", "d/large"])
def test_each_frame_that_is_damaged_is_found_with_the_secret_in_it(path: str) -> None:
    async def scenario(world: World) -> None:
        alice = await filled(world)
        frames = vault_named(alice.store, "work")
        assert frames is not None
        vault_id = frames.vault_id
        oid = tree.find(frames, head_tree(frames), P(path).parts)
        assert oid is not None
        db = alice.store._db
        sound = await alice.lifecycle.check()
        # The frame of the secret's newest value: flip one bit of what is sealed in it.
        number = int.from_bytes(frames._frames.index[oid[0]][:8], "little")
        sealed = db.rows("SELECT sealed FROM frame WHERE id = ?", (number,))[0][0]
        db.execute(
            "UPDATE frame SET sealed = ? WHERE id = ?", (sealed[:50] + bytes([sealed[50] ^ 1]) + sealed[51:], number)
        )
        alice = await again(world)
        view = await alice.lifecycle.check()
        assert not view.ok
        assert {problem.vault_id for problem in view.problems} == {vault_id}
        assert view.objects < sound.objects
        assert {problem.kind for problem in view.problems} == {"altered"}
        # Or the directory it is in, where that lies in the same frame: the way to it is gone too.
        places = [problem.path for problem in view.problems if problem.path is not None]
        assert any(path == place or path.startswith(f"{place}/") for place in places)
        assert len(alice.store._db.rows("SELECT id FROM frame WHERE id = ?", (number,))) == 1  # nothing was removed

    simulate(scenario)


def test_an_index_that_lost_a_row_is_found_and_the_other_vault_is_still_checked() -> None:
    async def scenario(world: World) -> None:
        alice = await filled(world)
        frames = vault_named(alice.store, "work")
        assert frames is not None
        other = vault_named(alice.store, "other")
        assert other is not None
        vault_id, objects = frames.vault_id, len(other)
        last = "(SELECT max(id) FROM findex WHERE vault_id = ?)"
        alice.store._db.execute(f"DELETE FROM findex WHERE id = {last}", (frames.row,))
        alice = await again(world)
        view = await alice.lifecycle.check()
        assert [(problem.kind, problem.vault_id) for problem in view.problems] == [("missing", vault_id)]
        assert view.objects == objects

    simulate(scenario)


def test_a_row_removed_while_the_node_is_open_is_found() -> None:
    async def scenario(world: World) -> None:
        alice, _ = await filled(world), await world.add("bob")
        await alice.gestalts.trust(str(world.ids["bob"]))
        alice.store._db.execute("DELETE FROM shelf WHERE id = (SELECT max(id) FROM shelf)")
        view = await alice.lifecycle.check()
        assert [problem.kind for problem in view.problems] == ["missing"]

    simulate(scenario)


# A node on disk, damaged from outside while it is closed

ROOT, SEED = SealKey(b"r" * 32), SealKey(b"n" * 32)
NOW = 1_700_000_000_000_000
VALUES = {"a": b"value one", "d/b": b"value two", "d/e/c": b"value three"}


def write(store: NodeStore, frames: VaultFrames, path: str, value: bytes) -> None:
    batch = frames.batch()
    oid, facts = blob(value)
    batch.add(oid, facts, value)
    assert commit_edits(store, frames, batch, [(P(path), tree.Put(oid))], None, NOW)


class Kept:
    """Two vaults of several versions, contacts and settings; closed."""

    def __init__(self, directory: Path, sound: Path, vaults: dict[str, VaultId]) -> None:
        self.path, self.witness = directory / "node.db", directory / "witness"
        self.vaults, self._sound = vaults, sound
        shutil.copytree(sound, directory)

    @staticmethod
    def make(directory: Path) -> dict[str, VaultId]:
        """The vaults of it by name."""
        directory.mkdir()
        signing, recovery = SigningKey(SEED), RecoveryKey(b"w" * 32)
        store = NodeStore.create(
            Database.create(directory / "node.db"),
            FileWitness(directory / "witness"),
            genesis=make_genesis(signing, recovery, NOW),
            node_id=signing.node_id,
            seed=SEED,
            password_slot=PasswordSlot(b"s" * 16, Cost(), b"w" * 72),
            root=ROOT,
            recovery_wrapped=b"w" * 80,
            recovery_box=recovery.box_public,
            now=NOW,
        )
        store.unlock(ROOT)
        for name in ("work", "other"):
            frames = create_vault(store, name, NOW)
            for path, value in (("a", b"older"), *reversed(VALUES.items())):
                write(store, frames, path, value)
        for letter in (b"a", b"b"):
            store.contacts.put(Contact(letter * 32, letter.decode(), (), 1))
        store.settings.put("a", b"1")
        store.write_witness()
        vaults = {frames.record.name: frames.vault_id for frames in store.vaults.list()}
        store.close()
        return vaults

    def mend(self) -> None:
        for file in self._sound.iterdir():
            shutil.copy2(file, self.path.parent / file.name)
        for ending in ("-wal", "-shm"):
            self.path.with_name(self.path.name + ending).unlink(missing_ok=True)

    def sql(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        connection = sqlite3.connect(self.path, isolation_level=None)
        try:
            return connection.execute(statement, values).fetchall()
        finally:
            connection.close()

    def open(self) -> NodeStore:
        return NodeStore.open(Database.open(self.path), FileWitness(self.witness))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, VaultId]]:
    place = tmp_path_factory.mktemp("kept") / "node"
    return place, Kept.make(place)


@pytest.fixture
def kept(tmp_path: Path, sound: tuple[Path, dict[str, VaultId]]) -> Kept:
    return Kept(tmp_path / "node", *sound)


def ended(work: Iterator[object]) -> object:
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def checked(store: NodeStore) -> CheckView:
    view = ended(check_node(store))
    assert isinstance(view, CheckView)
    return view


def look(kept: Kept) -> list[ProblemView | Finding]:
    """What a person is told: of a node that opens by a check, of one that does not by a diagnosis."""
    store = kept.open()
    try:
        try:
            store.unlock(ROOT)
        except Corrupt:
            return list(store.diagnose(ROOT))
        return list(checked(store).problems)
    finally:
        store.close()


def kind_of(one: ProblemView | Finding) -> str:
    return one.kind if isinstance(one, ProblemView) else one.damage.value


DAMAGE = [
    ("DELETE FROM frame WHERE id = 3", "missing", "work"),
    ("UPDATE frame SET sealed = zeroblob(1100) WHERE id = 3", "altered", "work"),
    ("UPDATE frame SET sealed = 'text' WHERE id = 3", "altered", "work"),
    ("UPDATE frame SET sealed = (SELECT sealed FROM frame WHERE id = 4) WHERE id = 3", "moved", "work"),
    ("UPDATE frame SET sealed = (SELECT sealed FROM frame WHERE id = 8) WHERE id = 3", "moved", "work"),
    ("UPDATE frame SET vault_id = 2 WHERE id = 3", "moved", "work"),
    ("DELETE FROM findex WHERE id = 2", "missing", "work"),
    ("UPDATE findex SET sealed = zeroblob(600) WHERE id = 2", "altered", "work"),
    ("UPDATE findex SET sealed = (SELECT sealed FROM findex WHERE id = 1) WHERE id = 2", "moved", "work"),
    ("UPDATE findex SET sealed = (SELECT sealed FROM findex WHERE id = 8) WHERE id = 2", "moved", "work"),
    ("UPDATE shelf SET sealed = zeroblob(300) WHERE id = 1", "altered", None),
    ("UPDATE shelf SET sealed = (SELECT sealed FROM shelf WHERE id = 2) WHERE id = 1", "moved", None),
    ("UPDATE shelf SET mark = zeroblob(32) WHERE id = 1", "altered", None),
    ("DELETE FROM shelf WHERE id = 1", "missing", None),
    (
        "INSERT INTO shelf (number, rk, gen, sealed, mark)"
        " SELECT number, zeroblob(16), gen, sealed, mark FROM shelf WHERE id = 1",
        "extra",
        None,
    ),
    ("UPDATE vault_state SET sealed = zeroblob(1100) WHERE vault_id = 1", "altered", None),
    ("DELETE FROM vault_key WHERE vault_id = 1", "missing", None),
    ("UPDATE meta SET value = x'01' WHERE key = 'genesis'", "altered", None),
    ("DELETE FROM ledger", "altered", None),
]


@pytest.mark.parametrize(("statement", "kind", "where"), DAMAGE, ids=[row[0][:70] for row in DAMAGE])
def test_each_damage_is_named_by_its_kind_and_place(kept: Kept, statement: str, kind: str, where: str | None) -> None:
    kept.sql(statement)
    found = look(kept)
    assert kind in {kind_of(one) for one in found}
    if where is not None:
        assert {one.vault_id for one in found if isinstance(one, ProblemView)} == {kept.vaults[where]}


def test_a_database_put_back_is_told_as_rolled_back(kept: Kept) -> None:
    store = kept.open()
    store.unlock(ROOT)
    store.settings.put("a", b"2")
    store.write_witness()
    store.close()
    witness = kept.witness.read_bytes()
    kept.mend()
    kept.witness.write_bytes(witness)
    assert [kind_of(one) for one in look(kept)] == ["rolled back"]


def test_a_vault_behind_what_was_seen_of_it_is_told_as_rolled_back(kept: Kept) -> None:
    before = kept.path.read_bytes()
    store = kept.open()
    store.unlock(ROOT)
    frames = vault_named(store, "work")
    assert frames is not None
    write(store, frames, "z", b"z")
    store.write_witness()
    store.close()
    kept.path.write_bytes(before)
    store = kept.open()
    store.unlock(ROOT, accept=True)
    view = checked(store)
    assert [(one.kind, one.vault_id) for one in view.problems] == [("rolled back", kept.vaults["work"])]
    store.close()


async def two_clones(world: World) -> Agent:
    """Bob, with two clones of one vault: “early”, and “late”, which has pulled since."""
    alice, bob = await shared(world)
    for name in ("early", "late"):
        await bob.vaults.clone("work", "alice", name)
    await alice.secrets.write("work", P("more"), bits(b"1"))
    await bob.vaults.pull("late")
    return bob


def test_a_clone_that_is_behind_another_of_the_same_vault_is_not_told_as_rolled_back() -> None:
    async def scenario(world: World) -> None:
        bob = await two_clones(world)
        early, late = await bob.vaults.get("early"), await bob.vaults.get("late")
        assert early.head != late.head

        view = await bob.lifecycle.check()
        assert (view.ok, view.vaults, view.problems) == (True, 2, ())

    simulate(scenario)


def test_a_clone_is_not_told_as_rolled_back_for_one_that_was_ahead_and_is_deleted() -> None:
    async def scenario(world: World) -> None:
        bob = await two_clones(world)
        await bob.vaults.delete("late")
        view = await bob.lifecycle.check()
        assert (view.ok, view.vaults, view.problems) == (True, 1, ())

        await world.stop("bob")
        bob = await world.start("bob")
        view = await bob.lifecycle.check()
        assert (view.ok, view.vaults, view.problems) == (True, 1, ())

    simulate(scenario)


def test_of_two_vaults_of_one_lineage_the_one_that_went_back_is_told(kept: Kept) -> None:
    """The other one, which never was further, is not; and deleting a third one that was ahead of both hides nothing."""
    store = kept.open()
    store.unlock(ROOT)
    work = vault_named(store, "work")
    assert work is not None
    copies = {}
    for number, name in enumerate(("behind", "ahead"), 1):
        with store.transaction():
            copy = store.vaults.begin()
            batch = copy.batch()
            for oid in work:
                batch.add(oid, work.facts(oid), work.body(oid))
            copy.commit(batch, replace(work.record, vault_id=bytes((number,)) * 16, name=name, read_only=True))
        copies[name] = copy
    before = kept.path.with_name("before.db")
    store.checkpoint()
    shutil.copy2(kept.path, before)
    write(store, work, "z", b"z")
    copies["ahead"].commit(None, replace(copies["ahead"].record, sequence=work.record.sequence + 5))
    store.vaults.delete(copies["ahead"].vault_id)
    store.write_witness()
    store.close()

    shutil.copy2(before, kept.path)
    store = kept.open()
    store.unlock(ROOT, accept=True)
    assert [(one.kind, one.vault_id) for one in checked(store).problems] == [("rolled back", kept.vaults["work"])]
    store.close()


def test_an_index_put_back_is_told_as_rolled_back(kept: Kept) -> None:
    """The rows of before, in as many rows, each of which opens where it lies."""
    store = kept.open()
    store.unlock(ROOT)
    frames = vault_named(store, "work")
    assert frames is not None
    rows = frames.frame_store
    chain = rows.chain
    number, sealed = chain.last, b""
    epoch, sealed = rows.db.rows("SELECT epoch, sealed FROM findex WHERE id = ?", (number,))[0]
    assert rows.fits("findex", epoch, number, sealed)
    key, where = rows._keys[epoch].index, rows._index_place(epoch, number)
    again = seal_padded(key, open_padded(key, sealed, where), where, 512)  # as if written another time
    rows.db.execute("UPDATE findex SET sealed = ? WHERE id = ?", (again, number))
    assert "rolled back" in {one.kind for one in checked(store).problems}
    store.close()


def test_damage_to_an_older_version_is_placed_too(kept: Kept) -> None:
    store = kept.open()
    store.unlock(ROOT)
    frames = vault_named(store, "work")
    assert frames is not None
    number = frames.frame_store.in_frames([blob(b"older")[0]])[0]
    store.close()
    kept.sql("DELETE FROM frame WHERE id = ?", number)
    assert ("missing", "a") in {(one.kind, one.path) for one in look(kept) if isinstance(one, ProblemView)}


SEALED = [
    ("meta", "value", ""),
    ("slot", "wrapped", ""),
    ("node_key", "state", ""),
    ("vault", "uid", ""),
    ("vault_key", "wrapped", ""),
    ("vault_key", "mark", ""),
    ("vault_state", "sealed", ""),
    ("vault_state", "mark", ""),
    ("frame", "sealed", ""),
    ("findex", "sealed", ""),
    ("shelf", "sealed", ""),
    ("shelf", "rk", ""),
    ("shelf", "mark", ""),
    ("ledger", "sealed", ""),
]


def flips(kept: Kept, rows_each: int | None, bits_each: int) -> Iterator[tuple[str, str, int, int]]:
    """Table, column, row and bit."""
    dice = Random(11)
    for table, column, _ in SEALED:
        rows = kept.sql(f"SELECT rowid, length({column}) FROM {table}")
        for row, size in rows if rows_each is None else dice.sample(rows, min(rows_each, len(rows))):
            for bit in dice.sample(range(8 * int(str(size))), bits_each):
                yield table, column, int(str(row)), bit


def every_flip_is_found(kept: Kept, rows_each: int | None, bits_each: int) -> int:
    tried = 0
    for table, column, row, bit in list(flips(kept, rows_each, bits_each)):
        where = f"{table} {row} {column} bit {bit}"
        value = kept.sql(f"SELECT {column} FROM {table} WHERE rowid = ?", row)[0][0]
        assert isinstance(value, bytes)
        altered = bytearray(value)
        altered[bit // 8] ^= 1 << bit % 8
        owner = kept.sql(f"SELECT vault_id FROM {table} WHERE rowid = ?", row) if table in ("frame", "findex") else []
        kept.sql(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", bytes(altered), row)
        tried += 1
        try:
            found = look(kept)
        except (Corrupt, CannotOpen):  # the node's own key: nothing at all opens
            assert table in ("node_key", "meta", "slot"), where
        else:
            assert found, where
            assert {kind_of(one) for one in found} <= {"altered", "moved", "missing", "extra"}, where
            if owner:
                name = "work" if owner[0][0] == 1 else "other"
                assert {one.vault_id for one in found if isinstance(one, ProblemView)} == {kept.vaults[name]}, where
            no_wrong_plaintext(kept, table, where)
        kept.mend()
    return tried


def no_wrong_plaintext(kept: Kept, table: str, where: str) -> None:
    """What can be read at all is what was written, and in a vault that is not concerned all of it."""
    store = kept.open()
    try:
        with suppress(Corrupt):
            store.unlock(ROOT)
            sound = 0
            for frames in store.vaults.list():
                good = 0
                for path, value in VALUES.items():
                    with suppress(PkError):
                        found = tree.find(frames, head_tree(frames), P(path).parts)
                        assert found is not None
                        assert frames.body(found[0]) == value, where
                        good += 1
                sound += good == len(VALUES)
            assert sound >= 1, where
    finally:
        store.close()


def test_a_sample_of_flipped_bits_is_found_and_no_wrong_plaintext_comes_out(kept: Kept) -> None:
    assert every_flip_is_found(kept, 2, 2) > 40


def test_eight_flipped_bits_in_every_sealed_row_are_found_and_no_wrong_plaintext_comes_out(kept: Kept) -> None:
    assert every_flip_is_found(kept, None, 8) > 300


# Repair


def repaired(store: NodeStore) -> tuple[str, ...]:
    done = ended(repair_node(store))
    assert isinstance(done, tuple)
    return done


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM findex WHERE vault_id = 1",
        "DELETE FROM findex WHERE id = 2",
        "UPDATE findex SET sealed = zeroblob(600) WHERE id = 2",
        "UPDATE findex SET sealed = (SELECT sealed FROM findex WHERE id = 8) WHERE id = 2",
    ],
)
def test_an_index_is_made_anew_from_whole_frames(kept: Kept, statement: str) -> None:
    kept.sql(statement)
    store = kept.open()
    store.unlock(ROOT)
    assert not checked(store).ok
    assert len(repaired(store)) == 1
    assert checked(store).ok
    store.close()
    store = kept.open()
    store.unlock(ROOT)
    view = checked(store)
    assert (view.ok, view.vaults) == (True, 2)
    frames = vault_named(store, "work")
    assert frames is not None
    write(store, frames, "z", b"z")
    assert checked(store).ok
    assert repaired(store) == ()
    store.close()


def test_what_cannot_be_made_again_is_left_as_it_is(kept: Kept) -> None:
    kept.sql("DELETE FROM frame WHERE id = 3")
    kept.sql("DELETE FROM findex WHERE id = 2")
    before = hashlib.sha256(repr(kept.sql("SELECT * FROM frame")).encode()).digest()
    store = kept.open()
    store.unlock(ROOT)
    assert repaired(store) == ()
    assert not checked(store).ok
    store.close()
    assert hashlib.sha256(repr(kept.sql("SELECT * FROM frame")).encode()).digest() == before


def test_rows_that_nothing_names_are_removed(kept: Kept) -> None:
    kept.sql("INSERT INTO frame (vault_id, epoch, sealed) VALUES (99, 1, x'00')")
    kept.sql("INSERT INTO findex (vault_id, epoch, sealed) VALUES (99, 1, x'00')")
    store = kept.open()
    store.unlock(ROOT)
    assert [one.kind for one in checked(store).problems] == ["extra", "extra"]
    assert len(repaired(store)) == 1
    assert checked(store).ok
    store.close()


def test_a_frame_put_in_while_the_node_is_open_is_extra_and_is_removed(kept: Kept) -> None:
    store = kept.open()
    store.unlock(ROOT)
    for frames in store.vaults.list():
        assert len(frames) > 0
    store.vaults.db.execute("INSERT INTO frame (vault_id, epoch, sealed) VALUES (1, 1, x'00')")
    assert [(one.kind, one.vault_id) for one in checked(store).problems] == [("extra", kept.vaults["work"])]
    assert len(repaired(store)) == 1
    assert checked(store).ok
    store.close()


def test_a_check_and_a_repair_tell_how_far_they_have_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "_TELL_EVERY", 3)

    async def scenario(world: World) -> None:
        alice = await filled(world)
        told: list[Progress] = []
        view = await alice.lifecycle.check(progress=told.append)
        assert {one.doing for one in told} == {"Checking"}
        assert {one.objects_total for one in told} == {view.objects}
        far = [one.objects for one in told]
        assert far == sorted(far)
        assert (far[0], len(set(far)) > 5, far[-1] <= view.objects) == (0, True, True)
        told.clear()
        await alice.lifecycle.check(repair=True, progress=told.append)
        assert {one.doing for one in told} == {"Repairing", "Checking"}

    simulate(scenario)
