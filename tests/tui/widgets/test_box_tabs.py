from __future__ import annotations

import asyncio

from textual.app import App, ComposeResult

from pk_tui.tui.notes import Box
from pk_tui.tui.widgets.box_tabs import BoxTabs, tab_texts


class Harness(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.chosen: list[Box] = []

    def compose(self) -> ComposeResult:
        yield BoxTabs()

    def on_box_tabs_chosen(self, event: BoxTabs.Chosen) -> None:
        self.chosen.append(event.box)


def test_the_list_that_shows_is_in_brackets_and_empty_ones_have_no_number() -> None:
    texts = [text for _, text in tab_texts(Box.OUTBOX, {Box.INBOX: 2, Box.OUTBOX: 0, Box.REQUESTS: 1})]

    assert texts == [" i Inbox 2 ", "[o Outbox]", " R Requests 1 "]


def test_a_click_on_a_tab_asks_for_its_list() -> None:
    async def scenario() -> None:
        app = Harness()
        async with app.run_test(size=(60, 3)) as pilot:
            app.query_one(BoxTabs).facts = Box.INBOX, (2, 0, 1)
            for column in (2, 13, 25, 58):
                await pilot.click(BoxTabs, offset=(column, 0))
            assert app.chosen == [Box.INBOX, Box.OUTBOX, Box.REQUESTS]

    asyncio.run(scenario())
