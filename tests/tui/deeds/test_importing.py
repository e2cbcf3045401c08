from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from importers.kdbx_files import PASSWORD, entry, file_with, kdbx4
from simulator import World
from textual.widgets import Input
from tui.deeds.acting import Acting, acting
from tui.stage import write

from pk_tui.api.views import ImportKind, ImportPlanView, ImportView, PlannedView, Progress
from pk_tui.terms import Change, CommitId, SecretPath
from pk_tui.tui.deeds.editing import new_vault
from pk_tui.tui.deeds.importing import import_into, outcome, with_totals
from pk_tui.tui.deeds.undoing import undo

CANARY = "canary-in-the-database"


async def work(w: World) -> None:
    await w.agents["alice"].vaults.create("work")


async def work_with_a_token(w: World) -> None:
    await work(w)
    await write(w.agents["alice"], "work", "token", b"as it was")


def tree(place: Path) -> Path:
    (place / "db").mkdir(parents=True)
    (place / "db" / "password").write_text("value")
    (place / "token").write_text("other")
    (place / "link").symlink_to("/etc/hostname")
    return place


async def previewed(s: Acting, source: Path) -> None:
    s.do(import_into(s.pane, await s.vault("work")))
    await s.see("Import into work")
    s.screen.query_one("#path", Input).value = str(source)
    await s.press("enter")
    await s.see("Read as")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_directory_is_previewed_imported_and_taken_back(size: tuple[int, int], tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting(size, work_with_a_token) as s:
            await previewed(s, tree(tmp_path / "in"))
            await s.see("Read as a directory of files: 1 new, 1 replaces another value, 1 not")
            await s.see(
                "not taken  link", "it is a symbolic link", "replaces   token", "new        db/password", "plain"
            )
            assert await s.paths("work") == ["token"]
            assert await s.value("work", "token") == b"as it was"

            await s.press("ctrl+s")
            await s.see("Imported 2 secrets into work, 10 B. 1 entry was not taken.", "Close  esc")
            assert await s.value("work", "db/password") == b"value"
            assert await s.value("work", "token") == b"other"
            assert s.app.session is not None
            (transfer,) = s.app.session.transfers.all
            assert transfer.progress == Progress("Importing", 2, 2, 10, 10)

            await s.press("escape")
            await s.settled()
            s.do(undo(s.pane))
            await s.see("Took back")
            assert await s.value("work", "token") == b"as it was"
            assert await s.paths("work") == ["token"]

    asyncio.run(scenario())


class Slow:
    """An import that waits until it is let go."""

    def __init__(self, s: Acting) -> None:
        self.go_on = asyncio.Event()
        self.ended = asyncio.Event()
        self._real = s.alice.vaults.import_from
        s.alice.vaults.import_from = self.slowly  # type: ignore[method-assign, assignment]

    async def slowly(self, *given: object, **more: object) -> ImportView:
        try:
            await self.go_on.wait()
            return await self._real(*given, **more)  # type: ignore[arg-type]
        finally:
            self.ended.set()


def test_it_goes_on_behind_whatever_else_is_done_and_then_names_what_was_not_taken(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:
            slow = Slow(s)
            await previewed(s, tree(tmp_path / "in"))
            await s.press("ctrl+s")
            await s.see("Importing into work", "esc calls it off", "Work on  w")
            await s.press("w")
            await s.until(lambda: len(s.app.screen_stack) == 2, "the dialog going")
            s.do(new_vault(s.pane))
            await s.see("New vault")
            slow.go_on.set()
            await s.until(lambda: not s.app.session or not s.app.session.transfers.running, "the import ending")
            await s.pilot.pause()
            await s.type("typed on")
            await s.see("New vault", "typed on")
            await s.press("escape")
            await s.see("1 entry not imported", "it is a symbolic link")
            assert await s.value("work", "db/password") == b"value"

    asyncio.run(scenario())


def test_called_off_while_it_runs_nothing_is_changed_and_it_can_be_tried_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:
            slow = Slow(s)
            await previewed(s, tree(tmp_path / "in"))
            await s.press("ctrl+s")
            await s.see("Importing into work")
            await s.press("escape")
            await s.see("Called off; nothing was changed.", "Import into work")
            assert slow.ended.is_set()
            assert await s.paths("work") == []
            slow.go_on.set()
            await s.press("ctrl+s")
            await s.see("Imported 2 secrets")

    asyncio.run(scenario())


def test_an_import_that_fails_is_said_in_the_dialog_which_stays(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:
            await previewed(s, tree(tmp_path / "in"))
            await s.alice.vaults.delete("work")
            await s.press("ctrl+s")
            await s.see("There is no vault", "Import  ctrl+s", "not taken")
            await s.press("escape")
            await s.settled()

    asyncio.run(scenario())


def test_what_was_looked_at_is_what_is_read_whatever_it_looks_like_by_then(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:
            file = tmp_path / "keys.env"
            file.write_text("A=1\n")
            asked: list[object] = []
            real = s.alice.vaults.import_from

            async def noted(*given: object, **more: object) -> ImportView:
                asked.extend(given)
                return await real(*given, **more)  # type: ignore[arg-type]

            s.alice.vaults.import_from = noted  # type: ignore[method-assign, assignment]
            await previewed(s, file)
            await s.see("Read as a dotenv file: 1 new.")
            await s.press("ctrl+s")
            await s.see("Imported 1 secret")
            assert ImportKind.DOTENV in asked

    asyncio.run(scenario())


PLAN = ImportPlanView(ImportKind.CSV, (PlannedView(SecretPath.parse("a"), 1, None, Change.ADDED),), 9, ())


def test_the_bar_goes_by_what_the_preview_counted_and_never_over_it() -> None:
    told: list[Progress] = []
    step = with_totals(PLAN, told.append)
    step(Progress("Reading", 4))
    step(Progress("Importing", 4, 0, 50))
    step(Progress("Importing", 12, 0, 120))
    assert told == [Progress("Reading", 4), Progress("Importing", 4, 10, 50), Progress("Importing", 12, 12, 120)]


def test_every_outcome_has_its_sentence() -> None:
    commit = CommitId(b"c" * 20)
    assert outcome("work", ImportView(2, 10, commit)).plain == "Imported 2 secrets into work, 10 B. `z` takes it back."
    assert outcome("work", ImportView(2, 10, None)).plain.startswith("Everything was in work already")
    skipped = (("a", "b"), ("c", "d"))
    assert outcome("work", ImportView(0, 0, None, skipped)).plain == "Nothing was imported. 2 entries were not taken."


def test_a_keepass_database_is_opened_with_its_password_and_nothing_in_it_steers(tmp_path: Path) -> None:
    hostile = "[b][@click=app.quit]y"
    (tmp_path / "old.kdbx").write_bytes(kdbx4(file_with(entry(hostile, UserName="me", Password=CANARY))))

    async def scenario() -> None:
        async with acting((80, 24), work) as s:
            s.do(import_into(s.pane, await s.vault("work")))
            await s.see("Import into work")
            s.screen.query_one("#path", Input).value = str(tmp_path / "old.kdbx")
            await s.press("enter")
            await s.see("It is sealed.")
            await s.type("wrong")
            await s.press("enter")
            await s.see("does not open with this password")
            await s.type(PASSWORD.decode())
            await s.press("enter")
            await s.see("Read as a KeePass database: 1 new.", hostile, "password")
            await s.press("ctrl+s")
            await s.see("Imported 1 secret into work")
            assert CANARY not in s.screen_text()
            (path,) = await s.paths("work")
            assert CANARY.encode() in await s.value("work", path)

    asyncio.run(scenario())


def test_a_file_that_is_broken_is_told_with_the_place_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "export.json").write_text('{"encrypted": false,\n "items": [\n  {"name": "\x1b[2J", }\n]}')

    async def scenario() -> None:
        async with acting((80, 24), work) as s:
            s.do(import_into(s.pane, await s.vault("work")))
            await s.see("Import into work")
            s.screen.query_one("#path", Input).value = str(tmp_path / "export.json")
            await s.press("ctrl+s")
            await s.see("line 3")
            assert "\x1b" not in s.screen_text()
            await s.press("ctrl+s")
            await s.see("line 3")
            assert await s.paths("work") == []

    asyncio.run(scenario())
