"""What a typed reference means: a vault by name or id, a node by id, petname or unique prefix. Desk work, reads only."""

from __future__ import annotations

from pk_tui.errors import AlreadyExists, Misuse, NotFound, UnknownNode
from pk_tui.safe_text import safe_text
from pk_tui.store.contacts import Contact
from pk_tui.store.node import NodeStore
from pk_tui.store.vault import VaultFrames
from pk_tui.terms import MIN_NODE_PREFIX, NodeId, VaultId, looks_like_node_id


def find_vault(store: NodeStore, reference: str) -> VaultFrames:
    """The vault with this name or id. Raises NotFound, saying where to look, and Misuse for a version of one, which can only be
    read: whoever reads asks `versions.find_version`."""
    if "@" in reference:
        raise Misuse(
            f"“{safe_text(reference, 160)}” is a version of a vault: it is read-only. Name the vault without “@”; "
            "`pk-tui vaults restore VAULT COMMIT` brings a version back as a new one."
        )
    vault_id = VaultId.parse_or_none(reference)
    frames = vault_with_id(store, vault_id) if vault_id else vault_named(store, reference)
    if frames is None:
        raise NotFound(f"There is no vault “{safe_text(reference, 80)}” on this node. See `pk-tui vaults list`.")
    return frames


def vault_named(store: NodeStore, name: str) -> VaultFrames | None:
    return next((frames for frames in store.vaults.list() if frames.record.name == name), None)


def require_free_name(store: NodeStore, name: str) -> None:
    """Raises AlreadyExists if a vault has this name."""
    if vault_named(store, name) is not None:
        raise AlreadyExists(f"There is already a vault “{safe_text(name, 80)}” on this node. Choose another name.")


def vault_with_id(store: NodeStore, vault_id: VaultId) -> VaultFrames | None:
    try:
        return store.vaults.get(vault_id)
    except NotFound:
        return None


def find_contact(store: NodeStore, reference: str, *, exact: bool = False) -> Contact | None:
    """The contact this reference names, or None. With `exact` (where rights are granted) no prefix is taken."""
    contacts = store.contacts.list()
    for contact in contacts:
        if contact.petname == reference:
            return contact
    text = reference.strip().lower()
    if not looks_like_node_id(text):
        return None
    found = [contact for contact in contacts if str(NodeId(contact.node)).startswith(text)]
    if len(found) == 1 and exact and str(NodeId(found[0].node)) != text:
        raise Misuse(
            f"“{safe_text(reference, 80)}” is only part of a node id. Where rights are granted, give the full id or a petname: "
            f"{NodeId(found[0].node)}."
        )
    if len(found) > 1:
        rows = ", ".join(describe(contact) for contact in found[:5])
        raise Misuse(f"“{safe_text(reference, 80)}” fits several nodes: {rows}. Give more of the id.")
    return found[0] if found else None


def find_node(store: NodeStore, reference: str, *, exact: bool = False) -> NodeId:
    """The node meant; a full id needs no entry here. Raises UnknownNode for a name or prefix that fits nothing."""
    contact = find_contact(store, reference, exact=exact)
    if contact is not None:
        return NodeId(contact.node)
    if len(reference.strip()) == 53 and looks_like_node_id(reference.strip()):
        return NodeId.parse(reference)
    raise unknown(reference)


def known_contact(store: NodeStore, reference: str, *, exact: bool = False) -> Contact:
    """The contact meant. Raises UnknownNode if it is not in our list of nodes."""
    contact = find_contact(store, reference, exact=exact)
    if contact is None:
        raise unknown(reference)
    return contact


def unknown(reference: str) -> UnknownNode:
    shape = (
        ""
        if looks_like_node_id(reference)
        else f" A node is named by its petname, its full id, or at least {MIN_NODE_PREFIX} characters of the id."
    )
    return UnknownNode(
        f"No node “{safe_text(reference, 80)}” is known here.{shape} Add it with `pk-tui nodes add ID HOST PORT` "
        "or trust it with `pk-tui identities trust ID`; `pk-tui nodes list` shows those known."
    )


def describe(contact: Contact) -> str:
    """A node in a sentence: its petname with the beginning of its id, or the id alone."""
    node = NodeId(contact.node)
    return f"{safe_text(contact.petname, 80)} ({node.short}…)" if contact.petname else f"{node.short}…"


def describe_node(store: NodeStore, node: NodeId) -> str:
    contact = store.contacts.get(node)
    return describe(contact) if contact else f"{node.short}…"
