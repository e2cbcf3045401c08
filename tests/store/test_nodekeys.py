import pytest

from pk_tui.crypto.seal import SealKey
from pk_tui.errors import CannotOpen, Corrupt
from pk_tui.store import nodekeys
from pk_tui.store.database import Database
from pk_tui.store.ledger import Ledger
from pk_tui.terms import NodeId

ROOT, SEED, STATE = SealKey(b"r" * 32), SealKey(b"s" * 32), SealKey(b"t" * 32)
NODE, OTHER = NodeId(b"n" * 32), NodeId(b"o" * 32)
FACTS = {nodekeys.NODE_ID: NODE.raw, nodekeys.GENESIS: b"g", nodekeys.RECOVERY_BOX: b"b", nodekeys.CREATED: bytes(8)}


@pytest.fixture
def rows(slot):
    """An empty database that was given facts, keys and slots, and the ledger that counted them."""
    db = Database.create(None)
    ledger = Ledger(db, STATE)
    with ledger.transaction():
        nodekeys.write_facts(db, ledger, FACTS)
        nodekeys.write_keys(db, ledger, NODE, ROOT, SEED, STATE)
        nodekeys.write_slots(db, ledger, slot(), b"w" * 80)
    yield db, ledger
    db.close()


def test_what_was_written_is_read_and_counted(rows, slot):
    db, ledger = rows
    assert nodekeys.read_facts(db) == FACTS
    assert nodekeys.read_slots(db) == (slot(), b"w" * 80)
    seed, state = nodekeys.open_keys(db, NODE, ROOT)
    assert (seed.reveal(), state.reveal()) == (SEED.reveal(), STATE.reveal())
    assert nodekeys.state_key_of(ROOT, NODE, nodekeys.wrapped_state_key(db)).reveal() == STATE.reveal()
    ledger.verify()


def test_facts_are_replaced_and_counted_anew(rows):
    db, ledger = rows
    with ledger.transaction():
        nodekeys.write_facts(db, ledger, {nodekeys.NODE_ID: OTHER.raw})
    assert nodekeys.read_facts(db) == {**FACTS, nodekeys.NODE_ID: OTHER.raw}
    ledger.verify()


def test_keys_and_slots_are_replaced_and_counted_anew(rows, slot):
    db, ledger = rows
    with ledger.transaction():
        nodekeys.drop_keys_and_slots(db, ledger)
        nodekeys.write_keys(db, ledger, OTHER, SEED, ROOT, STATE)
        nodekeys.write_slots(db, ledger, slot(b"t"), b"v" * 80)
    ledger.verify()
    assert nodekeys.read_slots(db) == (slot(b"t"), b"v" * 80)
    assert [key.reveal() for key in nodekeys.open_keys(db, OTHER, SEED)] == [ROOT.reveal(), STATE.reveal()]


def test_keys_open_for_their_node_and_root_key_alone(rows):
    db, _ = rows
    for node, root in ((OTHER, ROOT), (NODE, SEED)):
        with pytest.raises(CannotOpen):
            nodekeys.open_keys(db, node, root)
    with pytest.raises(CannotOpen):
        nodekeys.state_key_of(ROOT, OTHER, nodekeys.wrapped_state_key(db))


def test_the_keys_of_purposes_differ():
    of_purposes = (nodekeys.wrapping_key(ROOT), nodekeys.witness_key(ROOT), nodekeys.backup_key(ROOT))
    assert len({key.reveal() for key in (ROOT, *of_purposes)}) == 4


def test_a_node_that_was_never_finished_has_no_facts_and_one_that_lacks_some_is_damaged():
    db = Database.create(None)
    assert nodekeys.read_facts(db) == {}
    db.execute("INSERT INTO meta (key, value) VALUES ('genesis', x'01')")
    with pytest.raises(Corrupt, match="facts that every node has are missing"):
        nodekeys.read_facts(db)
    db.close()


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM slot WHERE kind = 'recovery'",
        "UPDATE slot SET wrapped = 'text' WHERE kind = 'password'",
        "UPDATE slot SET passes = 'many' WHERE kind = 'password'",
    ],
)
def test_slots_that_are_not_of_their_form_are_damage(rows, damage):
    db, _ = rows
    db.execute(damage)
    with pytest.raises(Corrupt, match="a key slot is gone or not of its form"):
        nodekeys.read_slots(db)


@pytest.mark.parametrize(
    ("damage", "kind"),
    [("DELETE FROM node_key", Corrupt), ("UPDATE node_key SET seed = 'text'", CannotOpen)],
)
def test_keys_that_are_gone_or_not_of_their_form_do_not_open(rows, damage, kind):
    db, _ = rows
    db.execute(damage)
    with pytest.raises(kind):
        nodekeys.open_keys(db, NODE, ROOT)
