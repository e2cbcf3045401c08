"""What stands beside the tree; most of it is tried through the keys, in `test_vaults`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any

from simulator import World
from tui.stage import Stage, stage, write

from pk_tui.errors import Unreachable
from pk_tui.plaintext import Plaintext
from pk_tui.terms import SecretPath
from pk_tui.tui.panes.vault_side import Side
from pk_tui.tui.panes.vaults import VaultsPane

CANARY = "canary-side-1"
MIB = 1024 * 1024


async def one_vault(w: World) -> None:
    await w.agents["alice"].vaults.create("work")
    await write(w.agents["alice"], "work", "big.bin", b"\xff" * 100)
    await write(w.agents["alice"], "work", "pass", CANARY.encode())


def play(scenario: Callable[[Stage], Awaitable[None]]) -> None:
    async def run() -> None:
        async with stage((120, 40), one_vault) as s:
            await s.see("2 secrets")
            await s.press("l", "j")
            await s.see("work/big.bin", "binary, by its name")
            await scenario(s)

    asyncio.run(run())


def side(s: Stage) -> Side:
    return s.app.screen.query_one(VaultsPane)._side


def test_of_three_hundred_mebibytes_not_even_two_are_read_to_show_or_copy_them() -> None:
    async def scenario(s: Stage) -> None:
        taken = 0
        copied: list[int] = []

        async def endless(vault: str, path: SecretPath) -> AsyncIterator[Plaintext]:
            nonlocal taken
            for _ in range(300):
                taken += 1
                yield Plaintext(b"\xff" * MIB)

        async def copy(value: Plaintext, *rest: object) -> Any:
            copied.append(len(value))

        assert s.app.session is not None
        s.alice.secrets.read = endless  # type: ignore[method-assign]
        s.app.session.clipboard.copy = copy  # type: ignore[method-assign]
        await s.press("space")
        await s.see("binary, 100 B")  # the size that the listing told
        assert taken == 1
        taken = 0
        await s.press("c")
        await s.see("It was not copied", "more than 1.0 MiB is not copied")
        assert taken == 2
        assert copied == []

    play(scenario)


def test_what_kind_a_value_is_stays_known_once_it_was_looked_at() -> None:
    async def scenario(s: Stage) -> None:
        await s.press("space")
        await s.see("Kind     binary ")
        await s.press("j")
        await s.see("work/pass", "added")
        assert "Kind" not in s.screen_text()
        await s.press("space")
        await s.see(CANARY, "Kind     text ")
        await s.press("k")
        await s.see("Kind     binary ")
        await s.press("j")
        await s.see("Kind     text ")
        assert CANARY not in s.screen_text()

    play(scenario)


def test_a_value_that_cannot_be_read_or_copied_says_why() -> None:
    async def scenario(s: Stage) -> None:
        async def fails(*args: object) -> Any:
            raise Unreachable("There is no way to a clipboard [/x].")

        assert s.app.session is not None
        s.app.session.clipboard.copy = fails  # type: ignore[method-assign]
        await s.press("j", "c")
        await s.see("There is no way to a clipboard [/x].")
        await s.alice.secrets.remove([("work", SecretPath.parse("pass"))])
        side(s).peek(False)
        await s.see("There is no secret “pass”")

    play(scenario)


def test_where_the_clipboard_cannot_be_cleared_that_is_not_promised() -> None:
    async def scenario(s: Stage) -> None:
        async def copy(value: Plaintext, what: str, seconds: float) -> Any:
            return SimpleNamespace(what=what, route="the terminal", can_clear=False)

        assert s.app.session is not None
        s.app.session.clipboard.copy = copy  # type: ignore[method-assign]
        await s.press("c")
        await s.see("Copied big.bin via the terminal, to be overwritten in 45 s.")

    play(scenario)


def test_the_value_of_the_row_before_is_never_shown_when_keys_come_fast() -> None:
    async def scenario(s: Stage) -> None:
        asked: list[str] = []
        real = s.alice.secrets.read

        async def noted(vault: str, path: SecretPath) -> AsyncIterator[Plaintext]:
            asked.append(str(path))
            async for piece in real(vault, path):
                yield piece

        s.alice.secrets.read = noted  # type: ignore[method-assign]
        pane = s.app.screen.query_one(VaultsPane)
        pane._tree.action_cursor_down()  # and before anybody was told of it:
        pane.action_peek()
        await s.see(CANARY)
        assert asked == ["pass"]

    play(scenario)


def test_enter_on_a_version_opens_the_history_there() -> None:
    async def scenario(s: Stage) -> None:
        await write(s.alice, "work", "big.bin", b"\xfe")
        await s.see("Versions 2")
        log = await s.alice.vaults.log("work", SecretPath.parse("big.bin"))
        await s.press("tab", "tab", "G", "enter")
        await s.see("Versions of work:big.bin", str(log[1].commit))
        await s.press("escape")

    play(scenario)


def test_details_say_more_and_less() -> None:
    async def scenario(s: Stage) -> None:
        await s.see("Changed")
        await s.press("i")
        await s.see("Exactly", "Stored   in 1 piece")
        await s.press("i")
        await s.see_no("Exactly")

    play(scenario)
