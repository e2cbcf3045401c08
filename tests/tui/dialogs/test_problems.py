from __future__ import annotations

import asyncio

import pytest
from tui.deeds.acting import acting
from tui.dialogs.test_dialog import opened

from pk_tui.api.care import CheckView, ProblemView
from pk_tui.api.views import VaultView
from pk_tui.terms import VaultId
from pk_tui.tui.dialogs.problems import MEANS, ProblemsDialog, explained, problem_rows

VAULT, GONE = VaultId(b"v" * 16), VaultId(b"g" * 16)
WORK = VaultView(VAULT, "work", None, 0, None, False, 0, 0)
FOUND = CheckView(
    False,
    1,
    2,
    (
        ProblemView("altered", VAULT, "db/password", "It is not as it was stored."),
        ProblemView("rolled back", VAULT, None, "The vault is older than its witness."),
        ProblemView("missing", GONE, "x", "It is gone."),
        ProblemView("[/x]\x1b", None, None, "[@click=app.quit]x[/]\x1b"),
    ),
)


def test_the_place_is_told_as_far_as_it_is_known() -> None:
    rows = problem_rows(FOUND, [WORK])
    assert [row.place for row in rows] == ["work:db/password", "work", f"{str(GONE)[:12]}:x", "this node"]
    assert len({row.key for row in rows}) == len(rows)


@pytest.mark.parametrize("kind", ["missing", "altered", "extra", "dangling", "moved", "wrong kind", "rolled back"])
def test_every_kind_of_damage_is_said_in_words(kind: str) -> None:
    (row,) = problem_rows(CheckView(False, 1, 0, (ProblemView(kind, None, None, "So it is."),)), [])
    assert explained(row).plain == f"this node  {kind}: {MEANS[kind]}.\nSo it is."


def test_it_lists_them_and_tells_the_one_with_the_cursor_in_full() -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            answers = await opened(s, ProblemsDialog(problem_rows(FOUND, [WORK])), "enter")
            await s.see("The check found 4 problems", "work:db/password", "its bytes are not those that were stored")
            await s.press("end")
            await s.see("[@click=app.quit]x[/]\\u{1b}", "[/x]\\u{1b}")
            assert "\x1b" not in s.screen_text()
            await s.press("escape")
            assert answers == [None]

    asyncio.run(scenario())
