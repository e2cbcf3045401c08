import pytest

from pk_tui.errors import Malformed
from pk_tui.records import replace
from pk_tui.store.contacts import MAX_ADDRESSES, Contact
from pk_tui.terms import NodeId

ANNA, BERT = NodeId(b"a" * 32), NodeId(b"b" * 32)


def contact(node, **changes):
    return replace(Contact(node.raw, "Anna", (("::1", 1), ("host.example", 65535)), ("notify",), 5, None), **changes)


def test_contacts_are_kept_replaced_and_removed(disk):
    contacts = disk.store.contacts
    contacts.put(contact(ANNA))
    contacts.put(contact(BERT, petname=None, addresses=()))
    contacts.put(contact(ANNA, last_seen=9))
    contacts = disk.reopen().contacts
    assert contacts.get(ANNA) == contact(ANNA, last_seen=9)
    assert contacts.list() == [contact(ANNA, last_seen=9), contact(BERT, petname=None, addresses=())]
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
        {"actions": ("notify",) * 9},
        {"known_since": -1},
    ],
)
def test_what_breaks_a_limit_is_not_stored(store, changes):
    with pytest.raises(Malformed):
        store.contacts.put(contact(ANNA, **changes))
    with pytest.raises(Malformed):
        store.contacts.put(replace(contact(ANNA), node=b"short"))
    assert store.contacts.list() == []
