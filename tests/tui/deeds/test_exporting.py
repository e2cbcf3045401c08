from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from control.windows import attached
from simulator import World
from textual.widgets import Input
from tui.deeds.acting import Acting, acting
from tui.stage import write

from pk_tui.api.views import ExportForm, ExportView
from pk_tui.home import Home
from pk_tui.tui.deeds.caring import care
from pk_tui.tui.deeds.exporting import export, export_dialog, outcome
from pk_tui.tui.deeds.importing import import_into


async def work(w: World) -> None:
    alice = w.agents["alice"]
    await alice.vaults.create("work")
    await write(alice, "work", "db/password", b"before")
    await write(alice, "work", "db/password", b"value")
    await write(alice, "work", "token", b"other")


async def asked(s: Acting, target: Path) -> None:
    s.do(export(s.pane, await s.vault("work")))
    await s.see("Export work, in clear", "the newest, 2 secrets", "IN CLEAR", "~/work-in-clear")
    s.screen.query_one("#path", Input).value = str(target)
    await s.pilot.pause()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_vault_goes_out_as_files_after_the_warning(size: tuple[int, int], tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting(size, work) as s:
            await asked(s, tmp_path / "out")
            await s.press("enter")  # to the next field, and nothing is written
            assert not (tmp_path / "out").exists()
            await s.press("ctrl+s")
            await s.see("Exported 2 secrets of work, 10 B", "in clear there", "Close  esc")
            assert (tmp_path / "out/db/password").read_bytes() == b"value"
            assert (tmp_path / "out/token").read_bytes() == b"other"
            await s.press("ctrl+s", "escape")
            await s.settled()

    asyncio.run(scenario())


def test_as_a_repository_the_whole_history_goes_out(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:
            await asked(s, tmp_path / "out")
            await s.press("enter", "right")
            await s.see("[a git repository]", "whole history")
            await s.press("ctrl+s")
            await s.see("in 4 versions")
            assert (tmp_path / "out/.git/HEAD").exists()

    asyncio.run(scenario())


def test_an_old_version_goes_out_as_it_was(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:
            vault = await s.vault("work")
            oldest = (await s.alice.vaults.log("work"))[2]
            assert s.app.session is not None
            s.app.push_screen(export_dialog(s.app.session, vault, oldest))
            await s.see(f"{oldest.commit.short}, as of")
            s.screen.query_one("#path", Input).value = str(tmp_path / "old")
            await s.press("ctrl+s")
            await s.see("Exported 1 secret of work")
            assert (tmp_path / "old/db/password").read_bytes() == b"before"
            assert not (tmp_path / "old/token").exists()

    asyncio.run(scenario())


def test_a_directory_with_something_in_it_is_refused_and_another_can_be_named(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting((80, 24), prepare=work) as s:
            (tmp_path / "full").mkdir()
            (tmp_path / "full" / "mine").write_text("mine")
            await asked(s, tmp_path / "full")
            await s.press("ctrl+s")
            await s.see("empty", "Export  ctrl+s")
            assert [one.name for one in (tmp_path / "full").iterdir()] == ["mine"]
            s.screen.query_one("#path", Input).value = str(tmp_path / "other")
            await s.pilot.pause()
            await s.press("ctrl+s")
            await s.see("Exported 2 secrets")

    asyncio.run(scenario())


def test_called_off_nothing_of_it_stays_on_the_disk(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:
            held = asyncio.Event()

            async def slowly(*given: object, **more: object) -> ExportView:
                await held.wait()
                raise AssertionError("it was called off")

            s.alice.vaults.export = slowly  # type: ignore[method-assign, assignment]
            await asked(s, tmp_path / "out")
            await s.press("ctrl+s")
            await s.see("Exporting work", "esc calls it off")
            await s.press("escape")
            await s.see("Called off; nothing was changed.", "Export  ctrl+s")
            assert not (tmp_path / "out").exists()

    asyncio.run(scenario())


def test_every_outcome_has_its_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/alice")
    view = ExportView(2, 10, 3)
    said = outcome("work", Path("/home/alice/out"), ExportForm.GIT, view).plain
    assert said.startswith("Exported 2 secrets of work, 10 B in 3 versions, to “~/out”. They are in clear there")
    hostile = outcome("[/x]", Path("/srv/\x1b]0;t\x07[b]"), ExportForm.DIRECTORY, view).plain
    assert "\x1b" not in hostile
    assert "[/x]" in hostile
    assert "[b]" in hostile


def test_an_attached_window_moves_in_and_out_and_cares_just_the_same(tmp_path: Path) -> None:
    """Through the socket of the agent that holds the node; progress comes over it too."""

    async def scenario() -> None:
        async with acting(prepare=work) as s:
            home = Home(tmp_path / "node")
            home.create()
            async with attached(home, s.alice) as window:
                assert s.app.session is not None
                s.app.session.api = window
                await asked(s, tmp_path / "out")
                await s.press("ctrl+s")
                await s.see("Exported 2 secrets of work")
                await s.press("escape")
                await s.settled()

                (tmp_path / "out" / "token").write_bytes(b"changed outside")
                s.do(import_into(s.pane, await s.vault("work")))
                await s.see("Import into work")
                s.screen.query_one("#path", Input).value = str(tmp_path / "out")
                await s.press("enter")
                await s.see("1 replaces another value", "1 the same")
                await s.press("ctrl+s")
                await s.see("Imported 2 secrets into work")
                assert await s.value("work", "token") == b"changed outside"
                await s.press("escape")
                await s.settled()

                s.do(care(s.pane))
                await s.see("Care of this node")
                await s.press("c")
                await s.see("Everything is as it should be")
                await s.press("t")
                await s.see("Tidied 1 vault")
                await s.press("b")
                s.screen.query_one("#path", Input).value = str(tmp_path / "node.backup")
                await s.press("enter")
                await s.see("Backed up 1 vault")
                await s.press("escape")
                await s.settled()

    asyncio.run(scenario())
