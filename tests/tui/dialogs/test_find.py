from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from rich.cells import cell_len
from simulator import World
from textual.widgets import Input, OptionList
from tui.deeds.acting import Acting, acting
from tui.dialogs.test_dialog import opened
from tui.stage import write

from pk_tui.api.views import EntryView
from pk_tui.terms import SecretPath
from pk_tui.tui.dialogs import find
from pk_tui.tui.dialogs.find import KIND_WIDTH, FindDialog, row
from pk_tui.tui.fuzzy import STEP, Name
from pk_tui.tui.name_index import Place

SECRET = Place("secret", None, "x")


def test_a_row_marks_what_was_typed() -> None:
    content = row(Name("work:db/pw", SECRET), (5, 8), 60)
    assert content.plain == "secret     work:db/pw"
    marked = {content.plain[span.start : span.end] for span in content.spans if "accent" in str(span.style)}
    assert marked == {"d", "p"}


@pytest.mark.parametrize("text", ["work:" + "deep/" * 40 + "password", "漢字" * 60 + "/ende", "x" * 300])
def test_a_long_name_loses_its_beginning_and_fits(text: str) -> None:
    content = row(Name(text, SECRET), (len(text) - 1,), 50)
    assert cell_len(content.plain) <= 50
    assert "…" in content.plain
    assert content.plain.endswith(text[-4:])
    assert [content.plain[span.start : span.end] for span in content.spans if "accent" in str(span.style)] == [text[-1]]


def test_an_escaped_name_is_shown_harmless_and_unmarked() -> None:
    content = row(Name("a\x1b]52;c;aGk=\x07b[/x]", SECRET), (0, 3), 60)
    assert "\x1b" not in content.plain
    assert content.plain.startswith(f"{'secret':<{KIND_WIDTH}}a\\u{{1b}}]52")
    assert "[/x]" in content.plain


async def names(w: World) -> None:
    alice = w.agents["alice"]
    for vault in ("work", "home"):
        await alice.vaults.create(vault)
        for path in ("db/password", "db/prod-web", "[/x]", "[@click=app.quit]x[/]"):
            await write(alice, vault, path, b"canary-value")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_secret_is_found_by_some_of_its_letters_and_gone_to(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with acting(size, names) as s:
            await s.press("ctrl+f")
            await s.see("Find", "17 names")
            await s.type("wodbpass")
            await s.see("work:db/password")
            assert "home:" not in s.screen_text()
            await s.press("enter")
            await s.until(lambda: bool(s.pane.went), "going there")
            assert s.pane.went == [((await s.vault("work")).vault_id, SecretPath.parse("db/password"))]
            assert len(s.app.screen_stack) == 2

    asyncio.run(scenario())


def test_names_that_are_markup_are_shown_as_they_are_and_values_are_not_searched() -> None:
    async def scenario() -> None:
        async with acting(prepare=names) as s:
            await s.press("ctrl+f")
            await s.type("[")
            await s.see("work:[/x]", "work:[@click=app.quit]x[/]")
            s.screen.query_one("#typed", Input).value = "canary"
            await s.see("No name among 17")
            assert "canary-value" not in s.screen_text()

    asyncio.run(scenario())


def test_arrows_choose_among_the_found_and_what_was_chosen_stands_there_next_time() -> None:
    async def scenario() -> None:
        async with acting(prepare=names) as s:
            answers = await opened(s, FindDialog(_session(s)), "ctrl+f")
            await s.type("dbp")
            found = s.screen.query_one("#found", OptionList)
            await s.until(lambda: found.option_count >= 4, "four names")
            await s.press("up", "down", "down", "up", "down")
            assert found.highlighted == 2
            chosen = s.screen._rows[2].text  # type: ignore[attr-defined]
            await s.press("enter")
            assert [one.path for one in answers] == [chosen.partition(":")[2]]
            await opened(s, FindDialog(_session(s)), "ctrl+f")
            await s.see("Chosen last", chosen)
            assert s.screen.query_one("#found", OptionList).option_count == 1

    asyncio.run(scenario())


def test_a_node_is_found_by_its_petname() -> None:
    async def scenario() -> None:
        async with acting(prepare=names) as s:
            answers = await opened(s, FindDialog(_session(s)), "ctrl+f")
            await s.type("bob")
            await s.see("node       bob")
            await s.press("enter")
            assert [(one.pane, one.subject) for one in answers] == [("nodes", s.bob.node_id)]

    asyncio.run(scenario())


def test_ctrl_f_twice_opens_it_once() -> None:
    async def scenario() -> None:
        async with acting(prepare=names) as s:
            await s.pilot.press("ctrl+f", "ctrl+f", "ctrl+f")
            await s.see("Find")
            await s.press("escape")
            await s.settled()

    asyncio.run(scenario())


def test_enter_waits_for_the_letters_before_it() -> None:
    async def scenario() -> None:
        async with acting(prepare=many_names) as s:
            dialog = FindDialog(_session(s))
            answers = await opened(s, dialog, "ctrl+f")
            await s.until(lambda: dialog._reading is None, "the names")
            await s.type("password")
            await s.until(lambda: dialog._shown_for == "password", "the first search")
            field = s.screen.query_one("#typed", Input)
            field.value = "password_7777"
            await field.action_submit()  # before anything else has its turn
            await s.until(lambda: bool(answers), "the answer")
            assert answers[0].path.endswith("password_7777")

    asyncio.run(scenario())


async def many_names(w: World) -> None:
    await w.agents["alice"].vaults.create("big")
    await write(w.agents["alice"], "big", "x", b"x")
    rows = [EntryView(f"area-{n % 37}/service-{n % 101}/password_{n}", False, 1) for n in range(10_000)]
    secrets = w.agents["alice"].secrets

    async def listed(vault: str, directory: Any = None, recursive: bool = False) -> Sequence[EntryView]:
        return rows

    secrets.list = listed  # type: ignore[method-assign, assignment]


def test_among_ten_thousand_names_a_key_is_answered_while_others_have_their_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(find, "SLICE", 0.0)  # each step ends one, however fast the machine is

    async def scenario() -> None:
        async with acting((80, 24), many_names) as s:
            dialog = FindDialog(_session(s))
            await opened(s, dialog, "ctrl+f")
            await s.until(lambda: dialog._reading is None, "the names")
            turns = 0

            async def beat() -> None:
                nonlocal turns
                while True:
                    turns += 1
                    await asyncio.sleep(0)

            field = s.screen.query_one("#typed", Input)
            async with asyncio.TaskGroup() as tasks:
                beating = tasks.create_task(beat())
                for typed in ("s", "se", "serpas", "pa", "a9", "zzz"):
                    before = turns
                    field.value = typed
                    while dialog._shown_for != typed:
                        await asyncio.sleep(0)
                    assert turns - before >= 10_000 / STEP
                beating.cancel()

    asyncio.run(scenario())


def test_fast_keys_call_off_what_was_begun_for_slower_ones() -> None:
    async def scenario() -> None:
        async with acting((80, 24), many_names) as s:
            dialog = FindDialog(_session(s))
            await opened(s, dialog, "ctrl+f")
            await s.until(lambda: dialog._reading is None, "the names")
            shown: list[str] = []
            real = dialog._show
            dialog._show = lambda typed, *rest: (shown.append(typed), real(typed, *rest))  # type: ignore[method-assign]
            field = s.screen.query_one("#typed", Input)
            for typed in ("s", "se", "ser", "serp"):
                field.value = typed
            await s.until(lambda: dialog._shown_for == "serp", "the last")
            assert shown == ["serp"]

    asyncio.run(scenario())


def test_reading_more_names_leaves_the_cursor_where_it_is() -> None:
    async def scenario() -> None:
        async with acting(prepare=names) as s:
            go_on = asyncio.Event()
            real = s.alice.secrets.list

            async def slowly(vault: str, directory: Any = None, recursive: bool = False) -> Sequence[EntryView]:
                if vault == str(work.vault_id):
                    await go_on.wait()
                return await real(vault, directory, recursive)

            work = await s.vault("work")
            s.alice.secrets.list = slowly  # type: ignore[method-assign, assignment]
            dialog = FindDialog(_session(s))
            await opened(s, dialog, "ctrl+f")
            await s.see("Reading names: 1 of 2 vaults")
            await s.type("db")
            await s.see("home:db/password")
            await s.press("down")
            held = dialog._highlighted()
            go_on.set()
            await s.see("work:db/password")
            assert dialog._highlighted() == held

    asyncio.run(scenario())


def _session(s: Acting) -> Any:
    assert s.app.session is not None
    return s.app.session
