import pytest

from pk_tui.errors import Malformed
from pk_tui.records import encode, replace
from pk_tui.store.contacts import MAX_ADDRESSES, Contact, _Older
from pk_tui.terms import NodeId

ANNA, BERT = NodeId(b"a" * 32), NodeId(b"b" * 32)


def contact(node, **changes):
    return replace(Contact(node.raw, "Anna", (("::1", 1), ("host.example", 65535)), 5, None), **changes)


def test_contacts_are_kept_replaced_and_removed(disk):
    contacts = disk.store.contacts
    contacts.put(contact(ANNA))
    contacts.put(contact(BERT, petname=None, addresses=()))
    contacts.put(contact(ANNA, last_seen=9, met=8, blocked=True))
    contacts = disk.reopen().contacts
    assert contacts.get(ANNA) == contact(ANNA, last_seen=9, met=8, blocked=True)
    assert contacts.list() == [contacts.get(ANNA), contact(BERT, petname=None, addresses=())]
    assert contacts.remove(ANNA) is True
    assert contacts.remove(ANNA) is False
    assert contacts.get(ANNA) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"petname": ""},
        {"petname": "x" * 256},
        {"addresses": (("h", 0),)},
        {"addresses": (("h", 65536),)},
        {"addresses": (("", 1),)},
        {"addresses": (("h", 1),) * (MAX_ADDRESSES + 1)},
        {"met": -1},
        {"known_since": -1},
    ],
)
def test_what_breaks_a_limit_is_not_stored(store, changes):
    with pytest.raises(Malformed):
        store.contacts.put(contact(ANNA, **changes))
    with pytest.raises(Malformed):
        store.contacts.put(replace(contact(ANNA), node=b"short"))
    assert store.contacts.list() == []


def older(node, *actions, **changes):
    return replace(_Older(node.raw, "Anna", (("::1", 1),), actions, 5, 6), **changes)


def test_a_contact_of_the_older_form_is_read_as_one_of_now_without_its_rights(disk):
    disk.store.contacts._shelf.put(ANNA.raw, encode(older(ANNA, "notify", "scan")))
    contacts = disk.reopen().contacts
    assert contacts.get(ANNA) == Contact(ANNA.raw, "Anna", (("::1", 1),), 5, 6, None, False)
    assert contacts.list() == [contacts.get(ANNA)]


def test_the_rights_of_older_contacts_are_taken_out_once_and_those_of_now_are_left_alone(disk):
    contacts = disk.store.contacts
    contacts._shelf.put(ANNA.raw, encode(older(ANNA, "notify", "scan")))
    contacts._shelf.put(BERT.raw, encode(older(BERT)))
    carl = NodeId(b"c" * 32)
    contacts.put(contact(carl))
    before = contacts.list()
    assert contacts.take_older_actions() == [(ANNA, ("notify", "scan")), (BERT, ())]
    contacts = disk.reopen().contacts
    assert contacts.take_older_actions() == []
    assert contacts.list() == before
    assert contacts.get(carl) == contact(carl)
