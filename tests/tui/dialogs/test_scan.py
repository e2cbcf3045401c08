from __future__ import annotations

import asyncio

import pytest
from textual.content import Content
from tui.dialogs.test_dialog import opened
from tui.people import HOSTILE, WIDE, vault_id
from tui.stage import stage

from pk_tui.api.views import OfferView
from pk_tui.terms import Action
from pk_tui.tui.dialogs.scan import Offered, ScanDialog, offered_line

ACTIONS = (Action.CLONE, Action.PULL, Action.SCAN)


def offer(number: int, name: str, secrets: int = 3, count: int = 2048) -> OfferView:
    return OfferView(vault_id(number), name, ACTIONS, secrets, count, 1)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_it_lists_what_is_offered_and_enter_goes_on_to_clone(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with stage(size) as s:
            offers = [offer(1, "infra", 14), offer(2, HOSTILE), offer(3, WIDE)]
            answers = await opened(s, ScanDialog("bob", offers, {vault_id(1): "infra-of-bob"}), "S")
            await s.see("What bob shares with this node", "3 vaults", "14 secrets", "2.0 KiB", "clone, pull, scan")
            await s.see("here: infra-of-bob", "[@click=app.quit]"[:10])
            assert "\x1b" not in s.screen_text()
            await s.press("S")
            assert answers == [], "the key that opened it chooses nothing"
            await s.press("j", "enter")
            assert answers == [offers[1]]

    asyncio.run(scenario())


def test_every_line_has_its_columns_whatever_the_name_is() -> None:
    lines = [offered_line(Offered(offer(1, name), None), 76) for name in ("a", HOSTILE, WIDE)]

    assert len({line.cell_length for line in lines}) == 1
    assert not any("click" in str(span.style) for line in lines for span in line.spans)


def test_nothing_offered_says_why_and_what_to_do() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            answers = await opened(s, ScanDialog("bob", [], {}), "S")
            await s.see("bob shares nothing with this node.", "trust your node", "Close  esc")
            await s.press("c", "enter")
            assert answers == [None]
            await opened(s, ScanDialog("bob", [], {}, Content("It does not let this node scan it.")), "S")
            await s.see("It does not let this node scan it.")

    asyncio.run(scenario())


def test_a_thousand_offers_can_be_gone_through() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            offers = [OfferView(vault_id(n % 256), f"v{n:04}", ACTIONS) for n in range(1000)]
            answers = await opened(s, ScanDialog("bob", offers, {}), "S")
            await s.press("G")
            await s.see("v0999", "Clone  enter")
            await s.press("c")
            assert answers == [offers[-1]]

    asyncio.run(scenario())
