from __future__ import annotations

from collections.abc import Callable

import pytest
from agent.actors import new_store, refused

from pk_tui.agent.commits import create_vault
from pk_tui.agent.directory import (
    describe,
    describe_node,
    find_contact,
    find_node,
    find_vault,
    known_contact,
    vault_named,
    vault_with_id,
)
from pk_tui.errors import Misuse, NotFound, UnknownNode
from pk_tui.store.contacts import Contact
from pk_tui.store.node import NodeStore
from pk_tui.terms import NodeId, VaultId

ONE = NodeId(b"one" + bytes(29))
TWIN = NodeId(b"one" + bytes(5) + b"x" + bytes(23))
OTHER = NodeId(b"other" + bytes(27))


@pytest.fixture
def store() -> NodeStore:
    made, _ = new_store()
    for node, name in ((ONE, "friend"), (TWIN, None), (OTHER, "v@lue")):
        made.contacts.put(Contact(node=node.raw, petname=name, addresses=(), known_since=1))
    return made


def test_a_node_is_found_by_its_petname_its_id_and_a_part_of_it_that_fits_only_it(store: NodeStore) -> None:
    for reference in ("friend", str(ONE), str(ONE).upper(), f" {ONE} ", str(ONE)[:30]):
        if reference == str(ONE)[:30]:
            reference = str(OTHER)[:12]
            assert find_node(store, reference) == OTHER
        else:
            assert find_node(store, reference) == ONE
    assert known_contact(store, "v@lue").node == OTHER.raw


def test_a_part_that_fits_several_is_refused_naming_them(store: NodeStore) -> None:
    assert str(ONE)[:12] == str(TWIN)[:12]
    with refused(Misuse, "several"):
        find_node(store, str(ONE)[:12])
    with pytest.raises(Misuse) as caught:
        find_node(store, str(ONE)[:12], exact=True)
    assert "friend" in caught.value.message
    assert find_node(store, str(TWIN)) == TWIN


def test_fewer_than_twelve_characters_are_no_reference(store: NodeStore) -> None:
    for reference in (str(OTHER)[:11], "v", "", " ", "x" * 60):
        assert find_contact(store, reference) is None
        with refused(UnknownNode, "nodes add"):
            find_node(store, reference)


def test_where_rights_are_granted_no_part_is_enough(store: NodeStore) -> None:
    for size in (12, 30, 52):
        with refused(Misuse, "full id"):
            known_contact(store, str(OTHER)[:size], exact=True)
    assert known_contact(store, str(OTHER), exact=True).petname == "v@lue"
    assert known_contact(store, "friend", exact=True).node == ONE.raw


def test_a_full_id_needs_no_entry_but_a_contact_does(store: NodeStore) -> None:
    stranger = NodeId(b"s" * 32)
    assert find_node(store, str(stranger)) == stranger
    assert find_node(store, str(stranger), exact=True) == stranger
    with refused(UnknownNode):
        known_contact(store, str(stranger))
    with refused(Misuse):  # the last character has bits that are never set
        find_node(store, str(stranger)[:-1] + "v")


def test_ones_own_id_is_no_contact(store: NodeStore) -> None:
    with refused(UnknownNode):
        known_contact(store, str(store.node_id))
    assert find_node(store, str(store.node_id)) == store.node_id


@pytest.mark.parametrize("reference", ["\x1b[2J", "a\u202eb", "x" * 1000, "friend\n"])
def test_what_was_typed_is_made_safe_in_the_sentence(store: NodeStore, reference: str) -> None:
    with pytest.raises(UnknownNode) as caught:
        find_node(store, reference)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 500


def test_a_vault_is_found_by_its_name_and_its_id(store: NodeStore) -> None:
    frames = create_vault(store, "work", 1)
    vault_id = frames.vault_id
    lookups: list[Callable[[], object]] = [
        lambda: find_vault(store, "work"),
        lambda: find_vault(store, str(vault_id)),
        lambda: vault_named(store, "work"),
        lambda: vault_with_id(store, vault_id),
    ]
    assert all(lookup() is frames for lookup in lookups)
    for reference in ("Work", "wor", "", str(VaultId(b"1" * 16)), "\x1b[2J"):
        with refused(NotFound, "vaults list"):
            find_vault(store, reference)
    assert vault_named(store, "wor") is None
    assert vault_with_id(store, VaultId(b"1" * 16)) is None


def test_a_node_in_a_sentence_has_its_petname_and_the_beginning_of_its_id(store: NodeStore) -> None:
    assert describe_node(store, ONE) == f"friend ({ONE.short}…)"
    assert describe_node(store, TWIN) == f"{TWIN.short}…"
    assert describe_node(store, NodeId(b"s" * 32)).endswith("…")
    contact = Contact(node=ONE.raw, petname="a\x1b[1mb", addresses=(), known_since=1)
    assert describe(contact).isprintable()
