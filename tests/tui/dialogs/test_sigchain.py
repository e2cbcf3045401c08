from __future__ import annotations

import asyncio

import pytest
from simulator import World
from tui.dialogs.test_dialog import opened
from tui.gestalts import learns, one_party, own_server
from tui.stage import Stage, stage

from pk_tui.terms import Address, NodeId
from pk_tui.tui.dialogs.sigchain import SigchainDialog, rows_of
from pk_tui.tui.live import Noun

CAROL = NodeId(b"c" * 32)


async def twice(w: World) -> None:
    """Alice's server was claimed, given up and claimed again."""
    await own_server(w)
    await w.agents["alice"].linking.unclaim("server")
    await learns(w.agents["server"], 1, w.ids["alice"])
    await one_party(w, "alice", "server")
    await w.agents["alice"].nodes.add(CAROL, Address("nowhere", 9), ping=False)


async def dialog(s: Stage, node: NodeId) -> SigchainDialog:
    assert s.app.session is not None
    await s.app.session.live.read(Noun.NODES)
    made = SigchainDialog(s.app.session, node)
    await opened(s, made, "H")
    return made


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_the_claims_stand_newest_first_with_what_was_taken_back_and_who_has_signed(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with stage(size, twice) as s:
            await dialog(s, s.world.ids["alice"])
            await s.see("Sigchain of this node", "4 claims", "Takes back claim 1.", "(taken back by 2)")
            await s.see("Belongs together with server.", "Signed by ", "server", "this node", "Claim ", "UTC")
            await s.press("end")
            await s.see("Signed by this node and its recovery key")
            await s.press("k")
            await s.see("It counts no more: claim 2 takes it back.")
            claims = await s.alice.linking.sigchain()
            assert [row.claim.sequence for row in rows_of(claims)] == [3, 2, 1, 0]

    asyncio.run(scenario())


def test_a_chain_that_is_not_here_says_why() -> None:
    async def scenario() -> None:
        async with stage((80, 24), twice) as s:
            await dialog(s, CAROL)
            await s.see("is not known here.", "node is connected and knows")

    asyncio.run(scenario())
