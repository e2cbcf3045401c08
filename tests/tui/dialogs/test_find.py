from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from control.windows import attached
from rich.cells import cell_len
from simulator import World
from textual.widgets import Input, OptionList
from tui.deeds.acting import Acting, acting
from tui.dialogs.test_dialog import opened
from tui.stage import write

from pk_tui.agent import finding
from pk_tui.api.views import FoundView
from pk_tui.errors import StorageFailed
from pk_tui.home import Home
from pk_tui.plaintext import Plaintext
from pk_tui.terms import SecretPath
from pk_tui.tui.dialogs.find import KIND_WIDTH, FindDialog, row
from pk_tui.tui.name_index import Hit, Place
from pk_tui.vault.item import Item, Slot, encode_item

SECRET = Place("secret", None, "x")
ITEM = encode_item(
    Item("password", "Savings account", (Slot("username", Plaintext(b"ada@example.org")),), ("money", "[/x]"))
)


def marked(content: Any) -> list[str]:
    return [content.plain[span.start : span.end] for span in content.spans if "accent" in str(span.style)]


def test_a_row_marks_what_was_typed() -> None:
    content = row(Hit("work:db/pw", SECRET, at=(5, 8)), 60)
    assert content.plain == "secret     work:db/pw"
    assert sorted(marked(content)) == ["d", "p"]


def test_a_row_says_by_what_else_it_was_found() -> None:
    content = row(Hit("work:db/pw", SECRET, what="tag", label="money", label_at=(0, 1)), 60)
    assert content.plain == "secret     work:db/pw  tag “money”"
    assert sorted(marked(content)) == ["m", "o"]
    assert row(Hit("work:x", SECRET, what="value"), 60).plain == "secret     work:x  in its value"


@pytest.mark.parametrize("text", ["work:" + "deep/" * 40 + "password", "漢字" * 60 + "/ende", "x" * 300])
@pytest.mark.parametrize("label", ["", "a title " * 40])
def test_a_long_name_loses_its_beginning_and_fits(text: str, label: str) -> None:
    content = row(Hit(text, SECRET, at=(len(text) - 1,), what="title" if label else "", label=label), 50)
    assert cell_len(content.plain) <= 50
    assert "…" in content.plain
    assert text[-4:] in content.plain
    assert marked(content) == [text[-1]]


def test_an_escaped_name_is_shown_harmless_and_unmarked() -> None:
    content = row(Hit("a\x1b]52;c;aGk=\x07b[/x]", SECRET, 0, (0, 3), "tag", "\x1b[/y]", (0,)), 90)
    assert "\x1b" not in content.plain
    assert content.plain.startswith(f"{'secret':<{KIND_WIDTH}}a\\u{{1b}}]52")
    assert "[/x]" in content.plain
    assert "[/y]" in content.plain
    assert marked(content) == []


async def names(w: World) -> None:
    alice = w.agents["alice"]
    for vault in ("work", "home"):
        await alice.vaults.create(vault)
        for path in ("db/password", "db/prod-web", "[/x]", "[@click=app.quit]x[/]"):
            await write(alice, vault, path, b"canary-value")
    await write(alice, "home", "bank", ITEM)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_secret_is_found_by_some_of_its_letters_and_gone_to(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with acting(size, names) as s:
            await s.press("ctrl+f")
            await s.see("Find", "9 secrets in 2 vaults")
            await s.type("wodbpass")
            await s.see("work:db/password")
            assert "home:" not in s.screen_text()
            await s.press("enter")
            await s.until(lambda: bool(s.pane.went), "going there")
            assert s.pane.went == [((await s.vault("work")).vault_id, SecretPath.parse("db/password"))]
            assert len(s.app.screen_stack) == 2

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("typed", "shown"), [("savings", "title “Savings account”"), ("money", "tag “money”"), ("ada@", "user “ada@exa")]
)
def test_an_item_is_found_by_its_title_its_tags_and_its_user_name(typed: str, shown: str) -> None:
    async def scenario() -> None:
        async with acting((80, 24), prepare=names) as s:
            answers = await opened(s, FindDialog(_session(s)), "ctrl+f")
            await s.type(typed)
            await s.see("home:bank", shown)
            await s.press("enter")
            assert [one.path for one in answers] == ["bank"]

    asyncio.run(scenario())


def test_a_directory_and_a_vault_are_found() -> None:
    async def scenario() -> None:
        async with acting(prepare=names) as s:
            answers = await opened(s, FindDialog(_session(s)), "ctrl+f")
            await s.type("home")
            await s.see("vault      home")
            await s.type(":db/")
            await s.see("directory  home:db/")
            await s.press("enter")
            assert [(one.kind, one.path) for one in answers] == [("directory", "db")]

    asyncio.run(scenario())


def test_names_that_are_markup_are_shown_as_they_are_and_values_are_not_searched() -> None:
    async def scenario() -> None:
        async with acting(prepare=names) as s:
            await s.press("ctrl+f")
            await s.type("[")
            await s.see("work:[/x]", "work:[@click=app.quit]x[/]")
            s.screen.query_one("#typed", Input).value = "canary"
            await s.see("Nothing among 9 secrets", "Values are not")
            assert "canary-value" not in s.screen_text()

    asyncio.run(scenario())


def test_values_are_searched_on_a_key_for_what_is_typed_then_and_not_for_more() -> None:
    async def scenario() -> None:
        async with acting(prepare=names) as s:
            asked: list[tuple[str, bool]] = []
            real = s.alice.secrets.find

            async def find(term: str, **more: Any) -> Sequence[FoundView]:
                asked.append((term, more.get("values", False)))
                return await real(term, **more)

            s.alice.secrets.find = find  # type: ignore[method-assign, assignment]
            await s.press("ctrl+f")
            await s.press("f3")
            await s.type("canary")
            await s.see("Nothing among 9 secrets", "f3 does that")
            assert not any(values for _, values in asked)
            await s.press("f3")
            await s.see("work:db/password", "in its value", "Values were searched too.")
            assert "canary-value" not in s.screen_text()
            await s.type("-")
            await s.see("Nothing among 9 secrets", "f3 does that")
            assert [term for term, values in asked if values] == ["canary"]

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


def test_an_agent_that_cannot_search_says_so_in_the_dialog() -> None:
    async def scenario() -> None:
        async with acting(prepare=names) as s:

            async def find(term: str, **more: Any) -> Sequence[FoundView]:
                raise StorageFailed("The disk is gone.")

            s.alice.secrets.find = find  # type: ignore[method-assign, assignment]
            await s.press("ctrl+f")
            await s.type("x")
            await s.see("The disk is gone.")
            await s.press("escape")
            await s.settled()

    asyncio.run(scenario())


class Slowly:
    """The agent's search, each held up until it is let go; which were called off is noted."""

    def __init__(self, agent: Any) -> None:
        self._real = agent.secrets.find
        self.asked: list[str] = []
        self.called_off: list[str] = []
        self.go_on = asyncio.Event()
        agent.secrets.find = self

    async def __call__(self, term: str, **more: Any) -> Sequence[FoundView]:
        self.asked.append(term)
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.called_off.append(term)
            raise
        return await self._real(term, **more)  # type: ignore[no-any-return]


def test_enter_waits_for_the_letters_before_it() -> None:
    async def scenario() -> None:
        async with acting(prepare=names) as s:
            dialog = FindDialog(_session(s))
            answers = await opened(s, dialog, "ctrl+f")
            await s.until(lambda: not dialog._reading, "the names")
            await s.type("db")
            await s.until(lambda: dialog._shown_for == "db", "the first search")
            field = s.screen.query_one("#typed", Input)
            field.value = "prodweb"
            await field.action_submit()  # before anything else has its turn
            await s.until(lambda: bool(answers), "the answer")
            assert answers[0].path == "db/prod-web"

    asyncio.run(scenario())


def test_the_latest_key_wins_and_older_searches_are_called_off() -> None:
    async def scenario() -> None:
        async with acting((80, 24), names) as s:
            slowly = Slowly(s.alice)
            dialog = FindDialog(_session(s))
            await opened(s, dialog, "ctrl+f")
            shown: list[str] = []
            real = dialog._show
            dialog._show = lambda typed, *rest: (shown.append(typed), real(typed, *rest))  # type: ignore[method-assign]
            field = s.screen.query_one("#typed", Input)
            for typed in ("p", "pa", "pas"):
                field.value = typed
                await s.until(lambda typed=typed: typed in slowly.asked, "the question")  # type: ignore[misc]
            assert slowly.called_off == ["p", "pa"]
            for typed in ("x", "xy", "pass"):
                field.value = typed
            slowly.go_on.set()
            await s.until(lambda: dialog._shown_for == "pass", "the last")
            assert {one for one in shown if one} == {"pass"}
            assert "x" not in slowly.asked, "of fast keys most are called off before they begin"

    asyncio.run(scenario())


def test_a_window_attached_over_the_socket_searches_the_same_way(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting((80, 24), names) as s, attached(Home(tmp_path), s.alice) as api:
            slowly = Slowly(s.alice)
            dialog = FindDialog(replace(_session(s), api=api))
            answers = await opened(s, dialog, "ctrl+f")
            field = s.screen.query_one("#typed", Input)
            for typed in ("m", "mo"):
                field.value = typed
                await s.until(lambda typed=typed: typed in slowly.asked, "the question")  # type: ignore[misc]
            field.value = "money"
            await s.until(lambda: slowly.called_off == ["m", "mo"], "the older ones being called off")
            slowly.go_on.set()
            await s.see("home:bank", "tag “money”")
            await s.press("enter")
            assert [one.path for one in answers] == ["bank"]

    asyncio.run(scenario())


def test_what_is_still_being_read_is_said_and_reading_leaves_the_cursor_where_it_is() -> None:
    async def scenario() -> None:
        async with acting(prepare=names) as s:
            go_on = asyncio.Event()
            real = s.alice.secrets.find

            async def find(term: str, **more: Any) -> Sequence[FoundView]:
                if not more.get("hurry"):
                    await go_on.wait()
                return await real(term, **more)

            s.alice.secrets.find = find  # type: ignore[method-assign, assignment]
            dialog = FindDialog(_session(s))
            await opened(s, dialog, "ctrl+f")
            await s.type("db")
            await s.see("home:db/password", "Still reading titles, tags and user names")
            await s.press("down")
            held = dialog._highlighted()
            go_on.set()
            await s.until(lambda: not dialog._reading, "everything")
            await s.until(lambda: "Still reading" not in s.screen_text(), "nothing more to be read")
            assert dialog._highlighted() == held

    asyncio.run(scenario())


def test_keys_and_others_have_their_turns_while_many_names_are_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "STEPS_AT_ONCE", 1)

    async def many(w: World) -> None:
        alice = w.agents["alice"]
        await alice.vaults.create("big")
        for number in range(30):
            await write(alice, "big", f"area/service-{number}/password", b"x")

    async def scenario() -> None:
        async with acting((80, 24), many) as s:
            dialog = FindDialog(_session(s))
            await opened(s, dialog, "ctrl+f")
            await s.until(lambda: not dialog._reading, "the names")
            slices = 0
            core = s.alice._gate.core()
            do = core.desk.do

            async def counted(job: Any, urgent: bool = True) -> Any:
                nonlocal slices
                slices += 1
                await asyncio.sleep(0)
                return await do(job, urgent)

            core.desk.do = counted  # type: ignore[method-assign, assignment]
            field = s.screen.query_one("#typed", Input)
            for typed in ("s", "se", "zzz"):
                slices = 0
                field.value = typed
                await s.until(lambda typed=typed: dialog._shown_for == typed, "its rows")  # type: ignore[misc]
                assert slices >= 5

    asyncio.run(scenario())


def _session(s: Acting) -> Any:
    assert s.app.session is not None
    return s.app.session
