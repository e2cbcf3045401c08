"""The rows from which a node is unlocked: facts in clear, the slots of its root key, and the keys that are wrapped under it.

The root key wraps the node's signing seed and its state key; from these two come all others but the vaults'. Each row is counted
by the ledger. When they are read and what is believed of them is `node`'s.
"""

from __future__ import annotations

from pk_tui.crypto.passphrase import Cost
from pk_tui.crypto.seal import SealKey, place
from pk_tui.crypto.wrap import PasswordSlot, unwrap_key, wrap_key
from pk_tui.errors import CannotOpen, Corrupt
from pk_tui.store.database import Database
from pk_tui.store.ledger import Ledger, Part, slot_bytes
from pk_tui.store.schema import MetaRow, NodeKeyRow, SlotRow
from pk_tui.terms import NodeId

NODE_ID, GENESIS, RECOVERY_BOX, CREATED = "node_id", "genesis", "recovery_box", "created"
"""The facts that every node has in clear."""
DAMAGED = "The node's own records are damaged: {}. Restore a backup."
_PASSWORD, _RECOVERY = "password", "recovery"


# Facts


def read_facts(db: Database) -> dict[str, bytes]:
    """Empty if the node's making was never finished; Corrupt if some are missing."""
    facts = {row.key: row.value for row in db.run(MetaRow.select())}
    if facts and (not {NODE_ID, GENESIS, RECOVERY_BOX, CREATED} <= facts.keys() or len(facts[NODE_ID]) != 32):
        raise Corrupt(DAMAGED.format("facts that every node has are missing"))
    return facts


def write_facts(db: Database, ledger: Ledger, facts: dict[str, bytes]) -> None:
    """Within the running transaction; of those that are there already, only these are replaced."""
    old: dict[str, bytes] = {row.key: row.value for row in db.run(MetaRow.select())}
    for name, value in facts.items():
        if name in old:
            ledger.drop(ledger.mark(Part.META, name.encode(), old[name]))
            db.run(MetaRow.update(value=value).where(MetaRow.key == name))
        else:
            db.run(MetaRow.insert(key=name, value=value))
        ledger.add(ledger.mark(Part.META, name.encode(), value))


# Slots


def read_slots(db: Database) -> tuple[PasswordSlot, bytes]:
    """That of the password, and the root key sealed to the recovery words. Raises Corrupt."""
    slots: dict[str, SlotRow] = {row.kind: row for row in db.run(SlotRow.select())}
    password, recovery = slots.get(_PASSWORD), slots.get(_RECOVERY)
    if (
        password is None
        or recovery is None
        or not all(isinstance(part, bytes) for part in (password.salt, password.wrapped, recovery.wrapped))
        or not (type(password.passes) is type(password.memory) is int)
    ):
        raise Corrupt(DAMAGED.format("a key slot is gone or not of its form"))
    slot = PasswordSlot(password.salt or b"", Cost(password.passes or 0, password.memory or 0), password.wrapped)
    return slot, recovery.wrapped


def write_slots(db: Database, ledger: Ledger, password: PasswordSlot, recovery_wrapped: bytes) -> None:
    """Within the running transaction, into an empty table."""
    cost = password.cost
    for kind, salt, passes, memory, wrapped in (
        (_PASSWORD, password.salt, cost.passes, cost.memory, password.wrapped),
        (_RECOVERY, None, None, None, recovery_wrapped),
    ):
        db.run(SlotRow.insert(kind=kind, salt=salt, passes=passes, memory=memory, wrapped=wrapped))
        ledger.add(ledger.mark(Part.SLOT, kind.encode(), slot_bytes(salt, passes, memory, wrapped)))


# Keys


def open_keys(db: Database, node: NodeId, root: SealKey) -> tuple[SealKey, SealKey]:
    """The signing seed and the state key. CannotOpen if the root key is another one, Corrupt if they are gone."""
    rows: list[NodeKeyRow] = list(db.run(NodeKeyRow.select()))
    if not rows:
        raise Corrupt(DAMAGED.format("the node's key is gone"))
    wrap = wrapping_key(root)
    try:
        return (
            unwrap_key(wrap, rows[0].seed, _place_of("seed", node)),
            unwrap_key(wrap, rows[0].state, _place_of("state", node)),
        )
    except TypeError as error:
        raise CannotOpen("The node's key is not of its form.") from error


def write_keys(db: Database, ledger: Ledger, node: NodeId, root: SealKey, seed: SealKey, state_key: SealKey) -> None:
    """Within the running transaction, into an empty table."""
    wrap = wrapping_key(root)
    row = (wrap_key(wrap, seed, _place_of("seed", node)), wrap_key(wrap, state_key, _place_of("state", node)))
    db.run(NodeKeyRow.insert(id=1, seed=row[0], state=row[1]))
    ledger.add(ledger.mark(Part.NODE_KEY, b"", b"".join(row)))


def drop_keys_and_slots(db: Database, ledger: Ledger) -> None:
    """Within the running transaction, which writes others."""
    for key in list(db.run(NodeKeyRow.select())):
        ledger.drop(ledger.mark(Part.NODE_KEY, b"", key.seed + key.state))
    for slot in list(db.run(SlotRow.select())):
        counted = slot_bytes(slot.salt, slot.passes, slot.memory, slot.wrapped)
        ledger.drop(ledger.mark(Part.SLOT, slot.kind.encode(), counted))
    db.run(NodeKeyRow.delete())
    db.run(SlotRow.delete())


def wrapped_state_key(db: Database) -> bytes:
    """The state key as it lies: with the root key of now it opens what is sealed under it."""
    return bytes(next(iter(db.run(NodeKeyRow.select()))).state)


def state_key_of(root: SealKey, node: NodeId, wrapped: bytes) -> SealKey:
    """The state key of a node's backup. Raises CannotOpen."""
    return unwrap_key(wrapping_key(root), wrapped, _place_of("state", node))


def wrapping_key(root: SealKey) -> SealKey:
    """Under which the node's keys and its vaults' are wrapped."""
    return root.subkey("pk wrap")


def witness_key(state_key: SealKey) -> SealKey:
    return state_key.subkey("pk witness")


def backup_key(state_key: SealKey) -> SealKey:
    return state_key.subkey("pk backup")


def _place_of(what: str, node: NodeId) -> bytes:
    return place("node key", what.encode(), node.raw)
