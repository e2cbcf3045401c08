"""The tables that are read and written seldom, as Peewee models: clear facts needed before unlocking, and wrapped keys.

The models carry no database: every query names it (`query.execute(db)`), so that several nodes can live in one process.
Tables on hot paths (frame, findex, vault_state, shelf, ledger) are used through plain SQL where they are at home; the
statements that create all of them are in `migrations`, and a test compares the two.
"""

from __future__ import annotations

from peewee import BlobField, CompositeKey, IntegerField, Model, TextField


class MetaRow(Model):
    """Facts in clear: node_id, genesis, recovery_box, created. The ledger counts them, so altering them is noticed."""

    key = TextField(primary_key=True)
    value = BlobField()

    class Meta:
        table_name = "meta"


class SlotRow(Model):
    """The root key wrapped: kind `password` (with salt and costs) or `recovery`."""

    kind = TextField(primary_key=True)
    salt = BlobField(null=True)
    passes = IntegerField(null=True)
    memory = IntegerField(null=True)
    wrapped = BlobField()

    class Meta:
        table_name = "slot"


class NodeKeyRow(Model):
    """The node's signing seed and the key of all node state, each wrapped under the root key. One row."""

    id = IntegerField(primary_key=True)
    seed = BlobField()
    state = BlobField()

    class Meta:
        table_name = "node_key"


class VaultRow(Model):
    """A vault's number in this file and its random local name, which is never the id that peers know."""

    id = IntegerField(primary_key=True)
    uid = BlobField()

    class Meta:
        table_name = "vault"


class VaultKeyRow(Model):
    """A vault's key of one epoch, wrapped under the root key. Deleting it shreds what is sealed under it."""

    vault_id = IntegerField()
    epoch = IntegerField()
    wrapped = BlobField()
    mark = BlobField()

    class Meta:
        table_name = "vault_key"
        primary_key = CompositeKey("vault_id", "epoch")


MODELS = (MetaRow, SlotRow, NodeKeyRow, VaultRow, VaultKeyRow)
