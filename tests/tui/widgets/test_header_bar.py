from __future__ import annotations

import asyncio
from dataclasses import replace

from tui.stage import stage

from pk_tui.tui.widgets.header_bar import Facts, HeaderBar, tab_texts

TABS = (("vaults", "Vaults"), ("nodes", "Nodes"), ("notifications", "Inbox"))


def test_the_tab_one_is_on_is_marked_without_colour() -> None:
    texts = dict(tab_texts(Facts(TABS, current="nodes")))

    assert texts == {"vaults": " 1 Vaults ", "nodes": "[2 Nodes]", "notifications": " 3 Inbox "}


def test_unread_notifications_are_counted_on_their_tab_alone() -> None:
    texts = dict(tab_texts(Facts(TABS, current="nodes", unread=2)))

    assert texts["notifications"] == " 3 Inbox(2) "
    assert "(" not in texts["vaults"]


def test_nodes_that_wait_are_counted_on_the_gestalts() -> None:
    tabs = (("vaults", "Vaults"), ("gestalt", "Gestalt"))

    assert dict(tab_texts(Facts(tabs, current="vaults", waiting=3)))["gestalt"] == " 2 Gestalt(3) "
    assert dict(tab_texts(Facts(tabs, current="vaults")))["gestalt"] == " 2 Gestalt "


def test_everything_fits_at_both_sizes_and_a_click_goes_to_a_pane() -> None:
    async def scenario(size: tuple[int, int]) -> None:
        async with stage(size) as s:
            await s.see("[1 Vaults]", "1/1")
            bar = s.screen.query_one(HeaderBar)
            bar.facts = replace(bar.facts, playground=True, warns_in=12)
            await s.see("playground", "locks in 12 s")
            line = next(line for line in s.screen_text().splitlines() if "Vaults" in line)
            assert len(line.rstrip()) <= size[0]
            await s.pilot.click(HeaderBar, offset=(line.index("2 Nodes") + 1, 0))
            await s.see("[2 Nodes]")

    for size in ((80, 24), (120, 40)):
        asyncio.run(scenario(size))
