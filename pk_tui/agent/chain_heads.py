"""How far chains are known here, as it is said to a peer, and what follows from what a peer says. Desk work, reads only.

A node is named by a tag that only who knows its id can make or read. It is another one for each of the two who speak: what was
said to a peer is nothing that the peer could say back, as if it knew whom it means.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Container
from itertools import islice

from pk_tui.agent.core import Core
from pk_tui.net.link import Link
from pk_tui.terms import NodeId
from pk_tui.trust.sigchain import Chain
from pk_tui.wire.trust_messages import KnownBranch, KnownHead

MAX_CHAINS = 20_000
"""Chains that are kept. More come only of contacts that claim crowds."""
MAX_MEMBERS = 256
"""Nodes of one gestalt whose chains are asked for."""
_PERSON = b"pk-tui chain tag"


def tag_of(node: NodeId, binding: bytes, speaker: NodeId) -> bytes:
    """What `speaker` calls a node in the heads of one session."""
    return hashlib.blake2b(node.raw + speaker.raw, key=binding, digest_size=16, person=_PERSON).digest()


def is_known(core: Core, node: NodeId) -> bool:
    return core.store.contacts.get(node) is not None and node not in core.beliefs.graph.expelled


def told_to(core: Core, link: Link, node: NodeId) -> Chain | None:
    return core.beliefs.chains.get(node) if is_known(core, link.peer) else None


def chainless(core: Core) -> list[NodeId]:
    """Whose chains are wanted and not here: contacts, and nodes that are claimed by such whose chains are here."""
    found = dict.fromkeys(NodeId(contact.node) for contact in core.store.contacts.list())
    for node in core.beliefs.chains:
        found |= dict.fromkeys(unknown_members(core, node))
    return [node for node in found if node not in core.beliefs.chains]


def heads_for(core: Core, link: Link, nodes: Collection[NodeId] | None) -> list[tuple[NodeId, KnownHead]]:
    """What we say to a peer of these nodes, or (None) of all that are known here; to a stranger nothing."""
    if not is_known(core, link.peer):
        return []
    some = nodes if nodes is not None else [*core.beliefs.chains, *chainless(core)]
    return [(node, head_for(core, link, node)) for node in some]


def head_for(core: Core, link: Link, node: NodeId) -> KnownHead:
    beliefs, tag = core.beliefs, tag_of(node, link.binding, core.node_id)
    chain, branch = beliefs.chains.get(node), beliefs.branches.get(node)
    if chain is None:
        return KnownHead(tag, 0, bytes(32), False, None)
    return KnownHead(
        tag,
        chain.head.length,
        chain.head.digest.raw,
        node in beliefs.forks,
        None if branch is None else KnownBranch(branch.head.length, branch.head.digest.raw),
    )


def lacking(core: Core, useless: Container[bytes], node: NodeId, theirs: KnownHead | None) -> tuple[int | None, bool]:
    """From which place on the peer's chain is to be asked for, if it is; and whether its fork is."""
    chain, branch = core.beliefs.chains.get(node), core.beliefs.branches.get(node)
    if theirs is None:
        return (0 if chain is None else None), False
    if theirs.length == 0:
        return None, False
    lines = [line for line in (chain, branch) if line is not None]

    def is_news(length: int, last: bytes) -> bool:
        held = any(len(line.claims) >= length and line.claims[length - 1].id.raw == last for line in lines)
        return not held and last not in useless

    other = theirs.branch
    is_longer = chain is not None and theirs.length > len(chain.claims) and branch is None
    first = (
        (len(chain.claims) if chain is not None and is_longer else 0) if is_news(theirs.length, theirs.last) else None
    )
    asks_fork = chain is not None and (
        node not in core.beliefs.forks or (other is not None and is_news(other.length, other.last))
    )
    return first, theirs.forked and asks_fork


def unknown_members(core: Core, node: NodeId) -> list[NodeId]:
    """Nodes that this chain names as its own party, now or once, and whose chains are to be asked for: without these it is not
    known who belongs to whom, nor who was expelled by the words of one that it was paired with."""
    graph, chains = core.beliefs.graph, core.beliefs.chains
    own = graph.standing(node)
    room = min(MAX_CHAINS - len(chains), MAX_MEMBERS - len(graph.of(node).nodes))
    if own is None or node in graph.expelled or room <= 0:
        return []
    partners = islice(own.partners, MAX_MEMBERS)
    return list(islice((one for one in partners if one not in chains), room))
