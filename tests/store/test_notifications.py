import pytest

from pk_tui.errors import Malformed
from pk_tui.records import replace
from pk_tui.store import notifications
from pk_tui.store.notifications import Box, Note
from pk_tui.terms import NodeId, NotificationId

ANNA, BERT = NodeId(b"a" * 32), NodeId(b"b" * 32)


def note(number, node=ANNA, **changes):
    return replace(Note(number.to_bytes(16, "big"), node.raw, "general", b"hello", 5), **changes)


def name(one):
    return NodeId(one.node), NotificationId(one.id)


def test_messages_are_kept_in_the_order_of_their_coming(disk):
    box = disk.store.notifications
    assert box.put(Box.INBOX, note(2)) is True
    assert box.put(Box.INBOX, note(1, BERT)) is True
    box = disk.reopen().notifications
    assert box.list(Box.INBOX) == [note(2), note(1, BERT)]
    assert box.list(Box.INBOX, BERT) == [note(1, BERT)]
    assert box.get(Box.INBOX, *name(note(2))) == note(2)
    assert box.get(Box.INBOX, BERT, NotificationId(note(2).id)) is None
    assert box.list(Box.OUTBOX) == []


def test_an_id_is_taken_once_even_after_the_message_is_gone(disk):
    box = disk.store.notifications
    assert box.put(Box.INBOX, note(1)) is True
    assert box.put(Box.INBOX, note(1, body=b"other")) is False
    assert box.put(Box.INBOX, note(1, BERT)) is True  # an id is unique only together with its sender
    assert box.remove(Box.INBOX, *name(note(1))) is True
    assert box.remove(Box.INBOX, *name(note(1))) is False
    box = disk.reopen().notifications
    assert box.put(Box.INBOX, note(1)) is False
    assert box.list(Box.INBOX) == [note(1, BERT)]


def test_a_declined_request_cannot_come_again_as_a_message(store):
    box = store.notifications
    assert box.put(Box.REQUESTS, note(1)) is True
    box.remove(Box.REQUESTS, *name(note(1)))
    assert box.put(Box.INBOX, note(1)) is False
    assert box.put(Box.OUTBOX, note(1)) is True  # ids of ours are another matter


def test_an_accepted_request_moves_to_the_inbox_once(store):
    box = store.notifications
    box.put(Box.REQUESTS, note(1))
    assert box.accept(*name(note(1))) == note(1)
    assert box.accept(*name(note(1))) is None
    assert box.list(Box.REQUESTS) == []
    assert box.list(Box.INBOX) == [note(1)]
    assert box.put(Box.INBOX, note(1)) is False
    assert (box.count(Box.REQUESTS), box.count(Box.INBOX)) == (0, 1)


def test_counts_follow_every_change(store):
    box = store.notifications
    for number in range(5):
        box.put(Box.INBOX, note(number))
    box.put(Box.INBOX, note(9, BERT))
    box.mark_read(Box.INBOX, *name(note(0)))
    box.mark_read(Box.INBOX, *name(note(0)))
    box.mark_read(Box.INBOX, *name(note(77)))
    box.remove(Box.INBOX, *name(note(1)))
    assert box.count(Box.INBOX) == 5
    assert box.count(Box.INBOX, ANNA) == 4
    assert box.count(Box.INBOX, ANNA, unread=True) == 3
    assert box.count(Box.INBOX, unread=True) == 4
    assert box.get(Box.INBOX, *name(note(0))).read


def test_tries_to_deliver_are_noted_and_a_message_that_is_gone_does_not_come_back(store):
    box = store.notifications
    box.put(Box.OUTBOX, note(1))
    box.update(Box.OUTBOX, note(1, tries=2, next_try=99))
    assert box.list(Box.OUTBOX) == [note(1, tries=2, next_try=99)]
    box.remove(Box.OUTBOX, *name(note(1)))
    box.update(Box.OUTBOX, note(1, tries=3))
    assert box.list(Box.OUTBOX) == []


def test_an_undone_transaction_is_forgotten_by_memory_too(store, undone):
    box = store.notifications
    box.put(Box.INBOX, note(1))
    assert box.count(Box.INBOX) == 1
    with undone(store.transaction()):
        box.put(Box.INBOX, note(2))
        box.remove(Box.INBOX, *name(note(1)))
        assert box.count(Box.INBOX) == 1
    assert box.count(Box.INBOX) == 1
    assert box.list(Box.INBOX) == [note(1)]
    assert box.put(Box.INBOX, note(2)) is True


def test_the_oldest_ids_are_forgotten_when_there_are_too_many(disk, monkeypatch):
    monkeypatch.setattr(notifications, "SEEN", 256)
    box = disk.store.notifications
    with disk.store.transaction():
        for number in range(600):
            assert box.put(Box.INBOX, note(number))
            box.remove(Box.INBOX, *name(note(number)))
    box = disk.reopen().notifications
    assert all(not box.put(Box.INBOX, note(number)) for number in range(600 - 256, 600))
    assert box.put(Box.INBOX, note(0)) is True
    assert len(disk.sql("SELECT id FROM shelf WHERE number = 7")) <= 4


@pytest.mark.parametrize("changes", [{"body": bytes(4097)}, {"type": ""}, {"id": b"x"}, {"time": -1}])
def test_what_breaks_a_limit_is_not_stored(store, changes):
    with pytest.raises(Malformed):
        store.notifications.put(Box.INBOX, note(1, **changes))
    assert store.notifications.count(Box.INBOX) == 0
