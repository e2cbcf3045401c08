from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from simulator import World
from tui.dialogs.test_dialog import opened
from tui.stage import Stage, stage, write

from pk_tui.api.items import SlotChange
from pk_tui.api.views import CommitView, EntryView
from pk_tui.errors import Corrupt
from pk_tui.plaintext import Plaintext
from pk_tui.terms import SecretPath
from pk_tui.tui.dialogs.old_version import Old, OldVersionDialog, ToForget, old_line

CANARY = "canary-of-then"


async def old_and_new(w: World) -> None:
    alice = w.agents["alice"]
    await alice.vaults.create("work")
    await write(alice, "work", "db/password", CANARY.encode())
    await write(alice, "work", "db/deep/token", b"token")
    await write(alice, "work", "zebra", b"\xff\x00")
    await write(alice, "work", "db/password", b"of now")


def play(scenario: Callable[[Stage], Awaitable[None]], size: tuple[int, int] = (80, 24)) -> None:
    async def run() -> None:
        async with stage(size, old_and_new) as s:
            await scenario(s)

    asyncio.run(run())


async def look(s: Stage, path: str | None = None, version: int = 1, restored: list[Any] | None = None) -> list[Any]:
    async def restore(version: CommitView, place: SecretPath | None) -> bool:
        assert restored is not None
        restored.append(place)
        return True

    assert s.app.session is not None
    vault, log = await s.alice.vaults.get("work"), await s.alice.vaults.log("work")
    where = SecretPath.parse(path) if path else None
    return await opened(s, OldVersionDialog(s.app.session, vault, log[version], where, restore), "enter")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_directories_are_gone_through_as_they_were_and_values_are_masked_until_asked_for(size: tuple[int, int]) -> None:
    async def scenario(s: Stage) -> None:
        await look(s)
        await s.see("work as of", "by this node, read only", "db/", "zebra")
        assert "Value" not in s.screen_text()
        await s.press("enter")
        await s.see("work/db", "deep/", "password", f"{len(CANARY)} B")
        await s.press("l")
        await s.see("work/db/deep", "token", "space peeks")
        await s.press("h")
        await s.see("> deep/")
        await s.press("down", "enter")
        await s.see("space peeks")
        assert CANARY not in s.screen_text()
        await s.press("space")
        await s.see(CANARY, "hides in 10 s")
        await s.press("up")
        assert CANARY not in s.screen_text()
        await s.press("down", "v")
        await s.see(CANARY, "until the cursor moves")
        await s.press("v")
        assert CANARY not in s.screen_text()
        await s.press("backspace", "h", "h")
        await s.see("zebra", "> db/")

    play(scenario, size)


def test_a_secret_alone_is_shown_alone_and_there_is_no_way_out_of_it() -> None:
    async def scenario(s: Stage) -> None:
        await look(s, "db/password")
        await s.see("work/db/password", "> password", "space peeks")
        await s.press("h", "backspace")
        await s.see("work/db/password")
        await look(s, "db")
        await s.see("deep/")
        await s.press("h")
        await s.see("deep/")
        assert "zebra" not in s.screen_text()

    play(scenario)


def test_what_is_revealed_is_masked_when_the_window_or_the_dialog_is_left() -> None:
    async def scenario(s: Stage) -> None:
        await look(s, "db/password")
        dialog = s.screen
        assert isinstance(dialog, OldVersionDialog)
        for number in range(2):
            await s.see("space peeks")
            await s.press("space")
            await s.see(CANARY)
            if number == 0:
                s.app.app_focus = False
            else:
                await look(s)
            await s.until(lambda: not dialog.view.revealed, "it being masked")
            s.app.app_focus = True

    play(scenario)


def test_a_value_of_then_is_copied_without_being_shown() -> None:
    async def scenario(s: Stage) -> None:
        copied: list[tuple[bytes, str]] = []

        async def copy(value: Plaintext, what: str, seconds: float) -> Any:
            copied.append((value.reveal(), what))
            return type("Copied", (), {"route": "tmux", "can_clear": True})

        assert s.app.session is not None
        s.app.session.clipboard.copy = copy  # type: ignore[method-assign, assignment]
        await look(s)
        await s.see("zebra")
        await s.press("c")
        await s.see("A directory has no value to copy")
        await s.press("enter")
        await s.see("password")
        await s.press("down", "c")
        await s.see("Copied the value of then via tmux, cleared in 45 s.")
        assert copied == [(CANARY.encode(), "db/password")]
        assert CANARY not in s.screen_text()

    play(scenario)


def test_what_is_no_text_is_told_and_a_directory_has_no_value() -> None:
    async def scenario(s: Stage) -> None:
        await look(s)
        await s.see("zebra")
        await s.press("space")
        await s.see("A directory has no value to show")
        await s.press("G", "space")
        await s.see("binary, 2 B")

    play(scenario)


def test_what_the_cursor_is_on_is_restored_and_that_ends_it() -> None:
    async def scenario(s: Stage) -> None:
        restored: list[Any] = []
        answers = await look(s, restored=restored)
        await s.see("zebra")
        await s.press("G", "r")
        await s.until(lambda: bool(answers), "the answer")
        assert (answers, restored) == ([True], [SecretPath(("zebra",))])

    play(scenario)


def test_that_version_can_be_exported() -> None:
    async def scenario(s: Stage) -> None:
        await look(s)
        await s.see("zebra", "Export  X")
        version = (await s.alice.vaults.log("work"))[1]
        await s.press("X")
        await s.see("Export work, in clear", f"{version.commit.short}, as of")
        await s.press("escape")
        await s.see("zebra")

    play(scenario)


def test_an_empty_version_one_that_did_not_have_it_and_a_damaged_one_are_told_in_words() -> None:
    async def scenario(s: Stage) -> None:
        await look(s, version=4)
        await s.see("There was nothing in it.")
        await s.press("r", "c", "space")
        await s.see("directory has no value")
        await s.press("escape")
        await look(s, "zebra", version=3)
        await s.see("There is no secret “zebra” in the version")
        await s.press("escape")

        async def listed(vault: str, directory: SecretPath | None = None, recursive: bool = False) -> list[EntryView]:
            raise Corrupt("The version is damaged: a part of it is gone.")

        s.alice.secrets.list = listed  # type: ignore[method-assign]
        await look(s)
        await s.see("The version is damaged")

    play(scenario)


def test_a_line_has_its_columns_and_names_from_outside_steer_nothing() -> None:
    for name in ("a", "x" * 300, "[@click=app.quit]x", "漢字" * 40):
        for is_directory in (True, False):
            line = old_line(Old(EntryView(f"d/{name}", is_directory, 2048)), 60)
            assert line.cell_length == 60
            assert line.plain.endswith("2.0 KiB")
            assert not any("click" in str(span.style) for span in line.spans)


async def old_and_new_item(w: World) -> None:
    alice = w.agents["alice"]
    await alice.vaults.create("work")
    path = SecretPath.parse("bank")
    slots = [SlotChange("username", Plaintext(b"ada")), SlotChange("password", Plaintext(CANARY.encode()))]
    await alice.items.create("work", path, "password", "Bank", slots, ())
    await alice.items.change("work", path, [SlotChange("password", Plaintext(b"of now"))])


def test_an_item_of_then_is_written_out_by_its_slots_and_its_password_is_what_is_copied() -> None:
    async def scenario() -> None:
        async with stage((80, 24), old_and_new_item) as s:
            copied: list[bytes] = []

            async def copy(value: Plaintext, what: str, seconds: float) -> Any:
                copied.append(value.reveal())
                return type("Copied", (), {"route": "tmux", "can_clear": True})

            assert s.app.session is not None
            s.app.session.clipboard.copy = copy  # type: ignore[method-assign, assignment]
            await look(s)
            await s.see("> bank")
            await s.press("space")
            await s.see("Title: Bank", "User name: ada", f"Password: {CANARY}")
            assert "pk-item" not in s.screen_text()
            await s.press("c")
            await s.see("Copied the Password of then via tmux")
            assert copied == [CANARY.encode()]

    asyncio.run(scenario())


def test_in_a_directory_that_is_entered_the_cursor_is_on_the_first_row() -> None:
    async def scenario(s: Stage) -> None:
        for path in ("a", "b", "c"):
            await write(s.alice, "work", path, b"1")
        await look(s, version=0)
        await s.see("zebra")
        await s.press("down", "down", "down", "enter")
        await s.see("work/db", "> deep/")

    play(scenario)


def test_what_the_cursor_is_on_is_answered_as_what_is_to_be_forgotten() -> None:
    async def scenario(s: Stage) -> None:
        answers = await look(s)
        await s.see("zebra")
        await s.press("G", "ctrl+x")
        await s.until(lambda: bool(answers), "the answer")
        (answer,) = answers
        assert isinstance(answer, ToForget)
        assert answer.path == SecretPath(("zebra",))

    play(scenario)
