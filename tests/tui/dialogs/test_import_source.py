from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.content import Content
from textual.widgets import Input
from tui.deeds.acting import Acting, acting
from tui.dialogs.test_dialog import opened

from pk_tui.api.views import ImportKind, ImportPlanView, PlannedView, Progress
from pk_tui.errors import Malformed, PkError, WrongPassword
from pk_tui.plaintext import Plaintext
from pk_tui.terms import Change, SecretPath
from pk_tui.tui import disk
from pk_tui.tui.dialogs.import_source import ImportDialog, Source
from pk_tui.tui.transfers import Transfer
from pk_tui.tui.widgets.password_field import PasswordField

NOTHING = ImportPlanView(ImportKind.DOTENV, (), 0, (("line 1", "it is no assignment"),))
ONE = ImportPlanView(ImportKind.KEEPASS, (PlannedView(SecretPath.parse("a"), 1, "login", Change.ADDED),), 0, ())
PASSWORD = "correct horse"


class Agent:
    """What the dialog asks for; `fails` is raised by the next look."""

    def __init__(self, s: Acting, plan: ImportPlanView = ONE) -> None:
        self.looked: list[Source] = []
        self.started: list[Source] = []
        self.plan, self.fails, self.wanted = plan, list[PkError](), ""
        self.hold: asyncio.Event | None = None
        self.so_far: Progress | None = None
        self._s = s

    async def look(self, source: Source, step: Callable[[Progress], None]) -> ImportPlanView:
        self.looked.append(source)
        if self.so_far:
            step(self.so_far)
        if self.hold is not None:
            await self.hold.wait()
        if self.fails:
            raise self.fails.pop(0)
        if self.wanted and (source.password is None or source.password.reveal().decode() != self.wanted):
            given = "does not open with this password" if source.password else "is sealed with a password"
            raise WrongPassword(f"“keys.kdbx” {given}.")
        return self.plan

    def start(self, source: Source, planned: ImportPlanView) -> Transfer:
        async def work(step: Callable[[Progress], None]) -> Content:
            self.started.append(source)
            return Content("Imported.")

        assert self._s.app.session is not None
        return self._s.app.session.transfers.start(Content("Importing"), work)


async def dialog(s: Acting, agent: Agent, path: Path, name: str = "work") -> None:
    assert s.app.session is not None
    await opened(s, ImportDialog(s.app.session, name, agent.look, agent.start), "I")
    s.screen.query_one("#path", Input).value = str(path)
    await s.pilot.pause()


def test_a_path_to_a_file_is_completed_and_what_lies_there_is_said(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            (tmp_path / "keys.env").write_text("A=1\n")
            (tmp_path / "keys").mkdir()
            agent = Agent(s)
            await dialog(s, agent, tmp_path / "ke")
            await s.press("tab")
            await s.see("keys.env", "keys/")
            await s.type(".")
            await s.press("tab")
            await s.see("1 file, 4 B")
            assert agent.looked == []
            await s.press("enter")
            await s.see("Read as a KeePass database: 1 new.")
            assert [one.path for one in agent.looked] == [tmp_path / "keys.env"]

    asyncio.run(scenario())


def test_nothing_is_imported_that_was_not_shown_before(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting() as s:
            agent = Agent(s)
            await dialog(s, agent, tmp_path)
            await s.press("ctrl+s")
            await s.see("Read as a KeePass database: 1 new.")
            assert agent.started == []
            s.screen.query_one("#path", Input).value = f"{tmp_path}/"
            await s.pilot.pause()
            await s.see_no("Read as")
            await s.press("ctrl+s")
            await s.see("Read as")
            assert agent.started == []
            await s.press("enter", "enter")  # on the list
            assert agent.started == []
            await s.press("ctrl+s")
            await s.see("Imported.")
            assert agent.started == [Source(tmp_path)]

    asyncio.run(scenario())


def test_the_kind_can_be_said(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            agent = Agent(s)
            await dialog(s, agent, tmp_path)
            s.screen.query_one("#kind").focus()
            await s.press("right", "right", "right")
            await s.see("[csv]", "To be read as CSV of a password manager.")
            await s.press("ctrl+s")
            await s.see("Read as")
            assert [one.kind for one in agent.looked] == [ImportKind.CSV]

    asyncio.run(scenario())


def test_what_was_counted_before_the_kind_was_said_does_not_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting, counted = threading.Event(), threading.Event()

    def slowly(path: Path, called_off: Callable[[], bool]) -> disk.Counted:
        counting.set()
        counted.wait(60)
        return disk.Counted(0, 0)

    monkeypatch.setattr(disk, "count", slowly)

    async def scenario() -> None:
        async with acting((80, 24)) as s:
            await dialog(s, Agent(s), tmp_path)
            await s.until(counting.is_set, "the count")
            s.screen.query_one("#kind").focus()
            await s.press("right")
            await s.see("To be read as")
            counted.set()
            await s.until(lambda: not any(one.group == "count" for one in s.screen.workers), "the end of the count")
            assert "To be read as" in s.screen_text()

    asyncio.run(scenario())


def test_a_password_is_asked_for_when_it_is_needed_and_stays_nowhere(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            agent = Agent(s)
            agent.wanted = PASSWORD
            await dialog(s, agent, tmp_path)
            assert not s.screen.query_one("#sealed").display
            await s.press("enter")
            await s.see("It is sealed.", "Password", "Key file")
            await s.type("not this")
            await s.press("enter")
            await s.see("does not open with this password")
            field = s.screen.query_one(PasswordField)
            assert field.is_empty
            await s.type(PASSWORD)
            assert PASSWORD not in s.screen_text()
            await s.press("enter")
            await s.see("Read as a KeePass database: 1 new.")
            await s.press("ctrl+s")
            await s.see("Imported.")
            assert [one.password.reveal() for one in agent.started if one.password] == [PASSWORD.encode()]
            assert field.is_empty
            agent.started.clear()
            agent.looked.clear()
            gc.collect()
            assert not [one for one in gc.get_objects() if isinstance(one, Source) and one.password is not None]

    asyncio.run(scenario())


def test_a_key_file_goes_along_and_another_source_asks_anew(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting() as s:
            (tmp_path / "key").write_bytes(b"k")
            agent = Agent(s)
            agent.wanted = PASSWORD
            await dialog(s, agent, tmp_path)
            await s.press("enter")
            await s.see("Key file")
            await s.type(PASSWORD)
            s.screen.query_one("#key-file", Input).value = str(tmp_path / "key")
            await s.pilot.pause()
            await s.press("ctrl+s")
            await s.see("Read as")
            assert agent.looked[-1].key_file == tmp_path / "key"
            s.screen.query_one("#path", Input).value = f"{tmp_path}/key"
            await s.pilot.pause()
            assert not s.screen.query_one("#sealed").display
            assert s.screen.query_one(PasswordField).is_empty
            await s.press("ctrl+s")
            await s.see("It is sealed.")
            assert agent.looked[-1] == Source(tmp_path / "key")

    asyncio.run(scenario())


def test_a_passphrase_for_gpg_can_be_given_after_what_did_not_open_was_named(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting() as s:
            agent = Agent(s, ImportPlanView(ImportKind.PASS, (), 0, (("mail", "gpg does not open it"),)))
            await dialog(s, agent, tmp_path)
            await s.press("enter")
            await s.see("passphrase of your gpg key", "gpg does not open it")
            assert not s.screen.query_one("#key-row").display
            s.screen.query_one(PasswordField).focus()
            await s.type(PASSWORD)
            await s.press("enter")
            await s.until(lambda: len(agent.looked) == 2, "the second look")
            assert agent.looked[-1].password == Plaintext(PASSWORD.encode())

    asyncio.run(scenario())


def test_what_goes_wrong_is_said_and_the_dialog_stays(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            agent = Agent(s)
            await dialog(s, agent, tmp_path / "nowhere")
            await s.press("enter")
            await s.see("There is no file or directory")
            assert agent.looked == []
            agent.fails = [Malformed("“x.json”: line 3, column 9 is broken [/x]\x1b. Nothing was written.")]
            s.screen.query_one("#path", Input).value = str(tmp_path)
            await s.press("enter")
            await s.see("line 3, column 9 is broken [/x]\\u{1b}")
            assert "\x1b" not in s.screen_text()
            agent.plan = NOTHING
            await s.press("enter")
            await s.see("0 new, 1 not taken", "it is no assignment")
            await s.press("ctrl+s")
            await s.see("Nothing of it would be written")
            assert agent.started == []

    asyncio.run(scenario())


def test_a_look_that_takes_long_says_so_and_ends_with_the_dialog(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting() as s:
            agent = Agent(s)
            agent.hold = asyncio.Event()
            await dialog(s, agent, tmp_path)
            await s.press("enter")
            await s.see("to see what would be written")
            await s.press("enter", "ctrl+s")
            assert len(agent.looked) == 1
            await s.press("escape")
            await s.until(lambda: len(s.app.screen_stack) == 2, "the dialog going")
            agent.hold.set()
            await s.pilot.pause()
            assert agent.started == []

    asyncio.run(scenario())


def test_names_from_outside_are_shown_harmless(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting() as s:
            (tmp_path / "a\x1b]52;c;aGk=\x07").mkdir()
            os.mkdir(os.fsencode(tmp_path) + b"/a\xff")
            (tmp_path / "a[b]x").write_text("x")
            await dialog(s, Agent(s), tmp_path, "[/x]")
            await s.see("Import into [/x]")
            s.screen.query_one("#path", Input).value = f"{tmp_path}/"
            await s.press("tab")
            await s.see("a[b]x", "a\\u{1b}]52")
            assert "\x1b" not in s.screen_text()

    asyncio.run(scenario())


def test_how_far_the_preview_has_come_is_told(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            (tmp_path / "x.csv").write_text("a")
            agent = Agent(s)
            agent.hold, agent.so_far = asyncio.Event(), Progress("Comparing", 12_500, 20_000)
            await dialog(s, agent, tmp_path / "x.csv")
            await s.press("enter")
            await s.see("Reading it, to see what would be written… 12,500 of 20,000")
            agent.hold.set()
            await s.see("Read as")

    asyncio.run(scenario())
