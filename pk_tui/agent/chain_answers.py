"""Showing chains to who asks for them, and the evidence against forked ones: to contacts, of any node that they can name.

Who has a node's id knows that node. To strangers, and to who was expelled, nothing is shown: that is refused as what is not here.
"""

from __future__ import annotations

from pk_tui.agent.chain_heads import told_to
from pk_tui.agent.core import Core
from pk_tui.net.link import Link, Stream
from pk_tui.terms import NodeId
from pk_tui.wire.messages import REFUSED, encode_message
from pk_tui.wire.trust_messages import AskClaims, AskFork, ForkShown, claim_pages


async def answer_claims(core: Core, link: Link, stream: Stream, request: AskClaims) -> None:
    """The claims from a place on, in pages; none if there are no more."""

    def job() -> list[bytes] | None:
        chain = told_to(core, link, NodeId(request.node))
        return None if chain is None else [claim.raw for claim in chain.claims[request.first :]]

    claims = await core.desk.do(job)
    if claims is None:
        await stream.send(encode_message(REFUSED))
        return
    for page in claim_pages(claims):
        await stream.send(encode_message(page))


async def answer_fork(core: Core, link: Link, stream: Stream, request: AskFork) -> None:
    """Two claims that prove it, and the other branch whole, as far as it is known."""
    node = NodeId(request.node)

    def job() -> tuple[ForkShown, list[bytes]] | None:
        fork = core.beliefs.forks.get(node)
        if fork is None or told_to(core, link, node) is None:
            return None
        branch = core.beliefs.branches.get(node)
        return ForkShown(fork.one, fork.other), [] if branch is None else [claim.raw for claim in branch.claims]

    found = await core.desk.do(job)
    if found is None:
        await stream.send(encode_message(REFUSED))
        return
    await stream.send(encode_message(found[0]))
    for page in claim_pages(found[1]):
        await stream.send(encode_message(page))
