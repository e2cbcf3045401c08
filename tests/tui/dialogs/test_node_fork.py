from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tui.dialogs.test_dialog import opened
from tui.people import HOSTILE, NOW, node_id
from tui.stage import stage

from pk_tui.api.trust import ClaimView, ForkView
from pk_tui.terms import ClaimId, NodeId
from pk_tui.tui.dialogs.node_fork import NodeForkDialog, warning_lines

ONE = ClaimView(3, ClaimId(b"1" * 32), "node", NOW, (str(node_id(1)), str(node_id(2))), {"node_id": str(node_id(2))})
OTHER = replace(ONE, claim_id=ClaimId(b"2" * 32), type="retraction", signers=(str(node_id(1)),), data={"seq": 2})
FORK = ForkView(node_id(1), ONE, OTHER)


def name_of(node: NodeId) -> str:
    return {node_id(1): "bob", node_id(2): "server"}.get(node, "somebody")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_both_claims_stand_there_with_what_it_means_and_what_to_do(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with stage(size) as s:
            answers = await opened(s, NodeForkDialog(FORK, name_of), "exclamation_mark")
            await s.see("WARNING: two histories of bob", "bob has signed two different claims in the same place.")
            await s.see("Belongs together with server.", "Signed by bob and server", str(ONE.claim_id))
            await s.see("Takes back claim 2.", "Its chain  H")
            await s.press("end")
            await s.see("Its key is in two places", "Ask its owner", "end with U")
            frame = s.screen.query_one("#dialog").size
            assert frame.height > size[1] * 0.8, "it is no toast"
            await s.press("H")
            assert answers == [True]

    asyncio.run(scenario())


def test_of_this_node_itself_it_says_something_else() -> None:
    told = "\n".join(line.text.plain for line in warning_lines(FORK, name_of, is_own=True))

    assert "The key of this node was used on two machines" in told
    assert "Ask its owner" not in told


def test_texts_of_the_claims_do_nothing() -> None:
    hostile = ForkView(node_id(1), replace(ONE, type=HOSTILE), replace(OTHER, data={"seq": HOSTILE}))
    lines = warning_lines(hostile, name_of, is_own=False)

    assert not any("\x1b" in line.text.plain for line in lines)
    assert not any("click" in str(span.style) for line in lines for span in line.text.spans)
