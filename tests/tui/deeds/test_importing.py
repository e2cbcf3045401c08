from __future__ import annotations

import asyncio
from pathlib import Path

from simulator import World
from tui.deeds.acting import acting

from pk_tui.api.views import ImportView, Progress
from pk_tui.terms import CommitId
from pk_tui.tui.deeds import importing
from pk_tui.tui.deeds.editing import new_vault
from pk_tui.tui.deeds.importing import import_directory, outcome
from pk_tui.tui.dialogs.import_directory import Chosen
from pk_tui.tui.disk import Counted


async def work(w: World) -> None:
    await w.agents["alice"].vaults.create("work")


def tree(place: Path) -> Path:
    (place / "db").mkdir(parents=True)
    (place / "db" / "password").write_text("value")
    (place / "token").write_text("other")
    (place / "link").symlink_to("/etc/hostname")
    return place


def test_a_directory_comes_in_with_a_sentence_and_the_list_of_what_was_left_out(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting((80, 24), work) as s:
            s.do(import_directory(s.pane, await s.vault("work")))
            await s.see("Import a directory into work")
            await s.put(str(tree(tmp_path / "in")), "#path")
            await s.see("2 files, 10 B")
            await s.press("enter")
            await s.see("1 file not imported", "link", "it is a symbolic link")
            await s.press("escape")
            await s.settled()
            assert await s.value("work", "db/password") == b"value"
            assert s.app.session is not None
            (transfer,) = s.app.session.transfers.all
            assert transfer.says is not None
            assert transfer.says.plain == "Imported 2 secrets into work, 10 B. 1 file was not taken."
            assert transfer.progress == Progress("Importing", 2, 2, 10, 10)

    asyncio.run(scenario())


def test_the_list_waits_until_another_dialog_is_answered(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:
            go_on = asyncio.Event()
            real = s.alice.vaults.import_directory

            async def slowly(*given: object) -> ImportView:
                await go_on.wait()
                return await real(*given)  # type: ignore[arg-type]

            s.alice.vaults.import_directory = slowly  # type: ignore[method-assign, assignment]
            s.do(import_directory(s.pane, await s.vault("work")))
            await s.see("Import a directory")
            await s.put(str(tree(tmp_path / "in")), "#path")
            await s.see("2 files")
            await s.press("enter")
            await s.see("Importing", "esc calls it off")
            s.do(new_vault(s.pane))
            await s.see("New vault")
            go_on.set()
            await s.until(lambda: not s.app.session or not s.app.session.transfers.running, "the import ending")
            await s.pilot.pause()
            await s.type("typed on")
            await s.see("New vault", "typed on")
            await s.press("escape")
            await s.see("1 file not imported")

    asyncio.run(scenario())


def test_a_failing_import_is_said() -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:
            vault = await s.vault("work")
            s.do(import_directory(s.pane, vault))
            await s.see("Import a directory")
            await s.put("/proc/self/task", "#path")
            await s.see("file")
            await s.alice.vaults.delete("work")
            await s.press("enter")
            await s.see("There is no vault")

    asyncio.run(scenario())


def test_the_bar_goes_by_what_was_counted_and_never_over_it() -> None:
    fill = importing._with_totals(Chosen(Path("/x"), Counted(10, 100)))
    assert fill(Progress("Importing", 4, 0, 50)) == Progress("Importing", 4, 10, 50, 100)
    assert fill(Progress("Importing", 12, 0, 120)) == Progress("Importing", 12, 12, 120, 120)


def test_every_outcome_has_its_sentence() -> None:
    commit = CommitId(b"c" * 20)
    assert outcome("work", ImportView(2, 10, commit)).plain == "Imported 2 secrets into work, 10 B."
    assert outcome("work", ImportView(2, 10, None)).plain.startswith("Everything was in work already")
    skipped = (("a", "b"), ("c", "d"))
    assert outcome("work", ImportView(0, 0, None, skipped)).plain == "Nothing was imported. 2 files were not taken."
