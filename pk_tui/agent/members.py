"""Whom a typed reference means where rights are given: a node that is known, or an identity that was verified here.

Desk work, reads only.
"""

from __future__ import annotations

from pk_tui.agent.core import Core
from pk_tui.agent.directory import describe_node, known_contact
from pk_tui.errors import Misuse, UnknownNode
from pk_tui.safe_text import safe_text
from pk_tui.terms import IdentityId, NodeId, Vertex
from pk_tui.trust.gestalt import Gestalt


def find_member(core: Core, reference: str, *, exact: bool = False) -> Vertex:
    """A node by petname or id, or an identity by `provider:name`. With `exact` (where rights are granted) no prefix is taken.
    Raises UnknownNode, or Misuse for what fits several."""
    if ":" in reference:
        return _find_identity(core, reference)
    return NodeId(known_contact(core.store, reference, exact=exact).node)


def _find_identity(core: Core, reference: str) -> IdentityId:
    """Only one that is linked to a node: of any other nothing is known but that somebody has said it. Names change hands, and one
    account's name can be another's number: where two accounts fit, neither is taken."""
    provider, _, name = reference.partition(":")
    found = {
        proof.identity
        for some in core.beliefs.proofs.values()
        for proof in some.values()
        if proof.identity.provider == provider and name in (proof.name, proof.identity.account)
    }
    linked = [identity for identity in sorted(found) if core.beliefs.graph.of(identity).nodes]
    if len(linked) > 1:
        fitting = ", ".join(safe_text(str(identity), 80) for identity in linked[:5])
        raise Misuse(f"“{safe_text(reference, 80)}” fits several accounts: {fitting}. Name a node of the one you mean.")
    if linked:
        return linked[0]
    raise UnknownNode(
        f"No identity “{safe_text(reference, 80)}” was verified here. Add a node of its owner, whose claims are then looked at."
    )


def gestalt_name(gestalt: Gestalt) -> str:
    """What a gestalt is called where nothing else will do: the lowest of its nodes' ids."""
    return str(min(gestalt.nodes)) if gestalt.nodes else str(min(gestalt.identities))


def in_order(core: Core, gestalt: Gestalt) -> tuple[NodeId, ...]:
    """Its nodes: those with a petname first, then by id."""

    def place(node: NodeId) -> tuple[bool, str, NodeId]:
        contact = core.store.contacts.get(node)
        petname = contact.petname if contact is not None else None
        return petname is None, petname or "", node

    return tuple(sorted(gestalt.nodes, key=place))


def describe_member(core: Core, member: Vertex) -> str:
    """In a sentence."""
    if isinstance(member, NodeId):
        return describe_node(core.store, member)
    for some in core.beliefs.proofs.values():
        proof = some.get(member)
        if proof is not None:
            return safe_text(f"{member.provider}:{proof.name}", 80)
    return str(member)
