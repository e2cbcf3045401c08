from __future__ import annotations

import asyncio

from textual.app import ComposeResult
from tui.deeds.acting import acting
from tui.dialogs.test_dialog import opened

from pk_tui.api.views import ImportKind, ImportPlanView, PlannedView
from pk_tui.terms import Change, SecretPath
from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.dialogs.import_preview import Fate, PreviewList, amount, explained, lines, not_taken, summary

ESCAPE = "\x1b]52;c;aGk=\x07"


def planned(path: str, change: Change | None, template: str | None = None) -> PlannedView:
    return PlannedView(SecretPath.parse(path), 2048, template, change)


PLAN = ImportPlanView(
    ImportKind.CSV,
    (
        planned("same", None),
        planned("login/new [b]", Change.ADDED, "login"),
        planned("login/old", Change.MODIFIED, "[/x]"),
    ),
    7,
    (("line 3", "it has no name"), (f"line 9{ESCAPE}", f"[@click=app.quit]x[/]{ESCAPE}")),
)


def test_what_needs_a_look_comes_first() -> None:
    rows = lines(PLAN)
    assert [row.fate for row in rows] == [Fate.NOT_TAKEN, Fate.NOT_TAKEN, Fate.REPLACES, Fate.NEW, Fate.SAME]
    assert [row.name for row in rows[2:]] == ["login/old", "login/new [b]", "same"]
    assert len({row.key for row in rows}) == len(rows)


def test_the_counts_say_what_would_happen_and_what_is_not_listed() -> None:
    assert summary(PLAN).plain == (
        "Read as CSV of a password manager: 1 new, 1 replaces another value, 1 the same, 7 more that are not listed, 2 not taken."
    )
    assert amount(PLAN) == 10
    nothing = ImportPlanView(ImportKind.DOTENV, (), 0, ())
    assert summary(nothing).plain == "Read as a dotenv file: 0 new."
    assert (not_taken(1), not_taken(2000)) == ("1 entry was not taken", "2,000 entries were not taken")


def test_each_row_is_told_in_full_with_its_kind_or_the_reason() -> None:
    gone, _, replaces, new, same = (explained(row).plain for row in lines(PLAN))
    assert gone == "line 3 is not taken: it has no name."
    assert replaces == (
        "login/old replaces another value, which stays in the versions before: an item of the template [/x], 2.0 KiB."
    )
    assert new == "login/new [b] is new: an item of the template login, 2.0 KiB."
    assert same == "same is there already with the same value: plain bytes, 2.0 KiB."


class Showing(Dialog[None]):
    first = "preview"

    def body(self) -> ComposeResult:
        yield PreviewList("preview")

    def on_mount(self) -> None:
        self.query_one(PreviewList).styles.height = 8
        self.query_one(PreviewList).show_rows(lines(PLAN))


def test_nothing_from_outside_steers_the_screen() -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            await opened(s, Showing(), "I")
            await s.see(
                "not taken  line 9\\u{1b}]52", "[@click=app.quit]x[/]", "login/new [b]", "[/x]", "replaces", "2.0 KiB"
            )
            assert "\x1b" not in s.screen_text()

    asyncio.run(scenario())


def test_very_many_rows_are_shown_at_once() -> None:
    """Only those that show are drawn."""
    many = ImportPlanView(ImportKind.CSV, (), 0, tuple((f"line {at}", "no") for at in range(200_000)))

    async def scenario() -> None:
        async with acting((80, 24)) as s:
            await opened(s, Showing(), "I")
            preview = s.screen.query_one(PreviewList)
            drawn = []
            real = preview.draw
            preview.draw = lambda row, width: (drawn.append(row), real(row, width))[1]  # type: ignore[method-assign, func-returns-value]
            preview.show_rows(lines(many))
            await s.press("end")
            await s.see("line 199999")
            assert len(drawn) < 200

    asyncio.run(scenario())
