"""What a thief of the files finds: nothing that anybody typed."""

import base64
import hashlib
import logging

from pk_tui.store.contacts import Contact
from pk_tui.store.grants import IssuedGrant, ReceivedGrant
from pk_tui.store.notifications import Box, Note
from pk_tui.terms import CommitId, LineageId, NodeId, VaultId
from pk_tui.vault.objects import blob


def marker(number):
    """24 bytes that occur nowhere by chance."""
    return f"M{hashlib.sha256(b'%d' % number).hexdigest()[:23]}"


def spellings(raw):
    yield raw
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for shift in range(3):  # base64 depends on where the text begins; the edges mix with what is around
        yield base64.b64encode(bytes(shift) + raw)[4:-4]
    try:
        text = raw.decode("ascii")
    except UnicodeDecodeError:
        return
    yield text.encode("utf-16-le")
    yield text.encode("utf-16-be")


def write_everything(store, record):
    """Everything a store keeps, with a marker in every field that has room for one. Returns what must not be found."""
    names = [marker(number) for number in range(200)]
    texts = iter(names)
    known = []
    for number in range(1, 11):
        vault = store.vaults.create(record(number, name=next(texts)))
        batch = vault.batch()
        for _ in range(9):
            body = next(texts).encode()
            oid, facts = blob(body)
            batch.add(oid, facts, body)
            known += [oid, facts.digest]
        vault.commit(batch, record(number, name=next(texts), sequence=2))
    for number in range(20):
        node = hashlib.sha256(b"node %d" % number).digest()
        known.append(node)
        store.contacts.put(Contact(node, next(texts), ((next(texts), 4242),), 1))
    for box in Box:
        for _ in range(8):
            text = next(texts).encode()
            store.notifications.put(box, Note(text[:16], NodeId(text[:32].ljust(32)).raw, "general", text, 1))
    one, node = VaultId(b"\x77" * 16), NodeId(next(texts).encode().ljust(32, b"."))
    store.grants.issued.put(IssuedGrant(one.raw, node.raw, next(texts).encode(), 1))
    store.grants.received.put(ReceivedGrant(node.raw, one.raw, next(texts).encode(), b"c" * 32, b"n" * 32, next(texts)))
    store.served.append(node, one, LineageId(node.raw), None, CommitId(next(texts).encode()[:20]), 1)
    for text in texts:
        store.settings.put(text, text.encode())
    return [text.encode()[:20] for text in names] + known


def test_no_name_value_message_or_hash_is_in_any_file_in_any_spelling(disk, record):
    known = write_everything(disk.store, record)
    disk.store.write_witness()
    assert len(known) >= 400
    secrets = [spelling for raw in known for spelling in spellings(raw)]
    secrets += [b"letters", disk.root.reveal(), disk.seed.reveal()]

    def found():
        everything = disk.everything()
        return [secret for secret in secrets if secret in everything]

    assert found() == []
    disk.store.vaults.delete(disk.store.vaults.list()[0].vault_id)
    disk.store.checkpoint()
    assert found() == []
    disk.close()
    assert found() == []
    disk.open()
    assert {file.name for file in disk.directory.iterdir()} <= {"node.db", "node.db-wal", "node.db-shm", "witness"}


def test_the_search_itself_finds_what_is_there(tmp_path):
    raw = marker(1).encode()
    assert raw in b"xx" + raw
    for shift in range(3):
        text = base64.b64encode(b"y" * shift + raw + b"zz")
        assert any(spelling in text for spelling in spellings(raw))


def test_nothing_of_it_is_logged_or_shown(disk, record, caplog):
    caplog.set_level(logging.DEBUG)
    known = write_everything(disk.store, record)
    shown = (caplog.text + repr(disk.store) + repr(disk.store.vaults.list())).encode()
    assert not any(spelling in shown for raw in known for spelling in spellings(raw))
