from __future__ import annotations

import asyncio

import pytest
from tui.dialogs.test_dialog import opened
from tui.stage import Stage, stage

from pk_tui.errors import Corrupt
from pk_tui.tui.dialogs.audit import AuditDialog
from pk_tui.tui.widgets.line_list import LineList


async def dialog(s: Stage) -> AuditDialog:
    assert s.app.session is not None
    await s.until(lambda: s.app.session is not None and bool(s.app.session.live.nodes), "the nodes are read")
    made = AuditDialog(s.app.session)
    await opened(s, made, "f3")
    return made


def entries(s: Stage) -> LineList[object]:
    return s.screen.query_one("#entries", LineList)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_what_was_done_stands_newest_first_and_what_is_done_comes_above_it(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with stage(size) as s:
            await s.alice.vaults.create("work")
            await s.alice.vaults.share("work", "bob")
            await dialog(s)
            await s.see("bob was given work", "bob: allowed to notify", "vault.shared", "vault_name work")
            await s.alice.vaults.unshare("work", "bob")
            await s.see("bob lost work", "vault.unshared")
            assert entries(s).at == 0, "whoever looks at the newest goes on doing so"
            await s.press("j")
            await s.see("vault.shared")
            await s.alice.gestalts.untrust("bob")
            await s.see("bob: no longer allowed to notify")
            assert entries(s).at == 2, "any other entry keeps the cursor"
            await s.see("vault.shared")

    asyncio.run(scenario())


def test_what_keeps_it_from_being_read_is_said_in_it() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:

            async def fails(limit: int | None = None, since: int | None = None) -> list[object]:
                raise Corrupt("The audit cannot be read. `pk-tui check` says more.")

            s.alice.audit.list = fails  # type: ignore[method-assign, assignment]
            await dialog(s)
            await s.see("The audit cannot be read. `K` says more.", "Close  esc")

    asyncio.run(scenario())
