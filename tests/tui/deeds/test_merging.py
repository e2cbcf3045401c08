from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from simulator import World
from textual.content import Content
from tui.deeds.acting import Acting, acting
from tui.deeds.forked import OURS, THEIRS, apart, at, forked, rewritten
from tui.people import clone
from tui.stage import write

from pk_tui.errors import Conflict
from pk_tui.terms import CommitId
from pk_tui.tui.deeds.merging import not_taken, rewritten_question, taken_words
from pk_tui.tui.deeds.receiving import pull

HEAD = CommitId(bytes([1]) * 20)


def play(
    scenario: Callable[[Acting], Awaitable[None]],
    prepare: Callable[[World], Awaitable[None]],
    size: tuple[int, int] = (80, 24),
) -> None:
    async def run() -> None:
        async with acting(size, prepare) as s:
            await scenario(s)

    asyncio.run(run())


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_pull_into_a_fork_says_what_was_merged_and_what_waits(size: tuple[int, int]) -> None:
    async def scenario(s: Acting) -> None:
        s.do(pull(s.pane, await s.vault("infra-mine")))
        await s.see("Merged 1 change from bob; 3 conflicts wait: press !")
        await s.settled()
        assert await s.value("infra-mine", "new") == THEIRS.encode()
        assert await s.value("infra-mine", "tls") == f"{OURS}\nsame\n".encode()
        s.do(pull(s.pane, await s.vault("infra-mine")))
        await s.see("Nothing new in infra-mine.")

    play(scenario, apart, size)


def test_without_conflicts_nothing_is_said_of_any() -> None:
    async def scenario(s: Acting) -> None:
        for path in ("a", "b", "c"):
            await write(s.bob, "infra", path, b"1")
        await write(s.alice, "infra-mine", "tls", b"2")
        s.do(pull(s.pane, await s.vault("infra-mine")))
        await s.see("Merged 3 changes from bob.")
        await s.settled()

    play(scenario, forked)


def test_what_only_clashes_is_told_as_bringing_nothing_new() -> None:
    async def scenario(s: Acting) -> None:
        await write(s.bob, "infra", "tls", b"1")
        await write(s.alice, "infra-mine", "tls", b"2")
        s.do(pull(s.pane, await s.vault("infra-mine")))
        await s.see("Merged nothing that is new here from bob; 1 conflict waits: press !")
        await s.settled()

    play(scenario, forked)


def test_a_fork_in_which_nothing_changed_moves_forward_as_a_clone_does() -> None:
    async def scenario(s: Acting) -> None:
        await write(s.bob, "infra", "tls", b"1")
        s.do(pull(s.pane, await s.vault("infra-mine")))
        await s.see("Pulled infra-mine: 1 changed, in 1 version.")
        await s.settled()

    play(scenario, forked)


@pytest.mark.parametrize("key", ["enter", "escape", "n"])
@pytest.mark.parametrize("name", ["infra", "infra-mine"])
def test_a_rewritten_history_is_explained_and_not_taken_by_default(name: str, key: str) -> None:
    async def scenario(s: Acting) -> None:
        before = await s.vault(name)
        s.do(pull(s.pane, before))
        await s.see(f"The history of {name} was rewritten", "Nothing was changed here.", "ask bob first")
        assert before.head is not None
        await s.see(f"{name}@{before.head.short}", "Take the new history  y")
        assert "--accept" not in s.screen_text()
        await s.press(key)
        await s.settled()
        assert (await s.vault(name)).head == before.head
        assert "notes" in await s.paths(name)

    play(scenario, rewritten)


@pytest.mark.parametrize("name", ["infra", "infra-mine"])
def test_taken_after_a_yes_the_version_before_stays_readable(name: str) -> None:
    async def scenario(s: Acting) -> None:
        before = await s.vault(name)
        if before.fork:
            await write(s.alice, name, "own", OURS.encode())
        s.do(pull(s.pane, await s.vault(name)))
        await s.see("was rewritten", "merged in here" if before.fork else "becomes what is")
        await s.press("y")
        await s.see("The version before: ")
        await s.settled()
        assert "notes" not in await s.paths(name)
        assert ("own" in await s.paths(name)) == before.fork
        old = await s.alice.secrets.stat(f"{name}@{before.head}", at("notes"))
        assert old.size

    play(scenario, rewritten)


def test_other_conflicts_are_said_and_offer_nothing() -> None:
    async def scenario(s: Acting) -> None:
        async def older(*_: object, **__: object) -> None:
            raise Conflict("The other side has an older version (number 1) than this one (number 3).")

        s.alice.vaults.pull = older  # type: ignore[method-assign, assignment]
        s.do(pull(s.pane, await s.vault("infra")))
        await s.see("The other side has an older version")
        await s.settled()
        assert "rewritten" not in s.screen_text()

    play(scenario, forked)


def test_names_from_outside_stay_text_in_every_sentence() -> None:
    vault = replace(clone(1, "[@click=app.quit]x[/]\x1b", 2), head=HEAD)
    assert "\x1b" not in not_taken(vault, "[/x]").message
    assert (
        rewritten_question(vault, "[/x]").heading.plain == "The history of [@click=app.quit]x[/]\\u{1b} was rewritten"
    )
    says = taken_words(vault, HEAD, Content("Merged."))
    assert says.plain == f"Merged. The version before: [@click=app.quit]x[/]\\u{{1b}}@{HEAD.short}"
    assert taken_words(vault, None, Content("Merged.")).plain == "Merged."
