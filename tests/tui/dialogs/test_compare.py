from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from simulator import World
from tui.dialogs.test_dialog import opened
from tui.people import HOSTILE
from tui.stage import Stage, stage, write

from pk_tui.api.items import SlotChange
from pk_tui.api.views import ChangeView
from pk_tui.errors import Corrupt
from pk_tui.plaintext import Plaintext
from pk_tui.terms import Change, SecretPath
from pk_tui.tui.dialogs.compare import CompareDialog, change_line, concerns

OLD, NEW = "canary-of-then", "canary-of-now"


async def two_versions(w: World) -> None:
    alice = w.agents["alice"]
    await alice.vaults.create("work")
    for path, value in (("conf", f"host=a\npass={OLD}\n"), ("d/gone", OLD), ("large", "x" * 70_000)):
        await write(alice, "work", path, value.encode())
    await write(alice, "work", "conf", f"host=a\npass={NEW}\n".encode())
    await write(alice, "work", "bin", b"\xff")
    await write(alice, "work", "large", b"y")
    await write(alice, "work", "new", NEW.encode())
    await alice.secrets.remove([("work", SecretPath.parse("d/gone"))])


def play(scenario: Callable[[Stage], Awaitable[None]], size: tuple[int, int] = (80, 24)) -> None:
    async def run() -> None:
        async with stage(size, two_versions) as s:
            await scenario(s)

    asyncio.run(run())


async def look(s: Stage, old: int = 5, new: int = 0, path: str | None = None) -> None:
    assert s.app.session is not None
    vault, log = await s.alice.vaults.get("work"), await s.alice.vaults.log("work")
    where = SecretPath.parse(path) if path else None
    await opened(s, CompareDialog(s.app.session, vault, log[old], log[new], where), "d")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_what_differs_is_listed_with_words_beside_colours_and_values_are_masked(size: tuple[int, int]) -> None:
    async def scenario(s: Stage) -> None:
        await look(s)
        await s.see(
            "What changed in work", "+ added     bin", "~ modified  conf", "- deleted   d/gone", "5 secrets differ"
        )
        await s.see("space peeks")
        assert "canary" not in s.screen_text()

    play(scenario, size)


def test_both_values_are_compared_line_by_line_on_request_and_go_with_the_cursor() -> None:
    async def scenario(s: Stage) -> None:
        await look(s)
        await s.see("conf")
        await s.press("down", "space")
        await s.see("  host=a", f"- pass={OLD}", f"+ pass={NEW}", "hides in 10 s")
        await s.press("down")
        assert "canary" not in s.screen_text()
        await s.press("v")
        await s.see(f"- {OLD}", "until the cursor moves")
        await s.press("G", "enter")
        await s.see(f"+ {NEW}")

    play(scenario)


def test_of_an_item_the_slots_are_compared() -> None:
    async def scenario(s: Stage) -> None:
        path, slots = SecretPath.parse("bank"), [SlotChange("username", Plaintext(b"ada"))]
        await s.alice.items.create("work", path, "password", "Bank", [*slots, change(OLD)], ())
        await s.alice.items.change("work", path, [change(NEW)])
        await look(s, 1)
        await s.see("~ modified  bank")
        await s.press("space")
        await s.see("  User name: ada", f"- Password: {OLD}", f"+ Password: {NEW}")
        assert "pk-item" not in s.screen_text()

    def change(value: str) -> SlotChange:
        return SlotChange("password", Plaintext(value.encode()))

    play(scenario)


def test_what_is_not_shown_is_told() -> None:
    async def scenario(s: Stage) -> None:
        await look(s)
        await s.see("conf")
        await s.press("space")
        await s.see("binary: compared byte for byte, not shown")
        await s.press("down", "down", "down", "space")
        await s.see("more than 64.0 KiB is not shown")

    play(scenario)


def test_of_one_secret_or_directory_only_what_concerns_it_is_listed() -> None:
    async def scenario(s: Stage) -> None:
        await look(s, path="d")
        await s.see("What changed in work:d", "- deleted   d/gone", "1 secret differs")
        assert "conf" not in s.screen_text()
        await s.press("escape")
        await look(s, 1, 0, "conf")
        await s.see("The two hold the same secrets.")
        await s.press("space")

    play(scenario)


def test_while_it_compares_and_when_it_cannot_it_says_so() -> None:
    async def scenario(s: Stage) -> None:
        hold = asyncio.Event()

        async def diff(vault: str, old: str, new: str | None = None) -> Sequence[ChangeView]:
            await hold.wait()
            raise Corrupt("The version is damaged: a part of it is gone.")

        s.alice.vaults.diff = diff  # type: ignore[method-assign]
        await look(s)
        await s.see("Comparing…")
        hold.set()
        await s.see("The version is damaged")

    play(scenario)


def test_a_path_from_outside_steers_nothing() -> None:
    line = change_line(ChangeView(SecretPath((HOSTILE,)), Change.ADDED))
    assert "\x1b" not in line.plain
    assert not any("click" in str(span.style) for span in line.spans)


def test_what_concerns_a_path_is_itself_and_what_lies_below() -> None:
    change = ChangeView(SecretPath.parse("a/b"), Change.ADDED)
    for path, does in ((None, True), ("a", True), ("a/b", True), ("a/b/c", False), ("b", False), ("a/bb", False)):
        assert concerns(change, SecretPath.parse(path) if path else None) is does
