from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.content import Content
from textual.widgets import Button, Input
from tui.deeds.acting import Acting, acting
from tui.dialogs.test_dialog import opened

from pk_tui.api.views import ExportForm, Progress, VaultView
from pk_tui.errors import AlreadyExists, PkError
from pk_tui.terms import VaultId
from pk_tui.tui.dialogs.export import EFFECTS, FORMS, NAMES, ExportDialog, proposed
from pk_tui.tui.transfers import Transfer


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("work", "~/work-in-clear"),
        ("my vault", "~/my vault-in-clear"),
        ("~root", "~/"),
        (".ssh", "~/"),
        ("a/../../b", "~/"),
        ("x\x1b]0;t\x07", "~/"),
        ("x" * 200, "~/"),
    ],
)
def test_a_name_that_could_lead_elsewhere_is_not_made_a_path(name: str, path: str) -> None:
    assert proposed(name) == path


def test_every_form_has_its_name_and_its_effect() -> None:
    assert set(FORMS) == set(EFFECTS) == set(ExportForm)
    assert len(NAMES) == len(FORMS)


class Exports:
    def __init__(self, s: Acting) -> None:
        self.asked: list[tuple[Path, ExportForm]] = []
        self.fails: list[PkError] = []
        self.go_on = asyncio.Event()
        self._s = s

    def start(self, path: Path, form: ExportForm) -> Transfer:
        async def work(step: Callable[[Progress], None]) -> Content:
            self.asked.append((path, form))
            await self.go_on.wait()
            if self.fails:
                raise self.fails.pop()
            return Content("Exported.")

        assert self._s.app.session is not None
        return self._s.app.session.transfers.start(Content("Exporting"), work)


async def dialog(s: Acting, key: str = "X") -> Exports:
    exports = Exports(s)
    vault = VaultView(VaultId(b"v" * 16), "[/x]", None, 3, None, False, 0, 0)
    assert s.app.session is not None
    await opened(s, ExportDialog(s.app.session, vault, None, exports.start), key)
    return exports


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_it_warns_plainly_and_says_what_each_form_gives(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with acting(size) as s:
            await dialog(s)
            await s.see("Export [/x], in clear", "IN CLEAR", "the newest, 3 secrets", "Each secret becomes a file")
            await s.press("enter", "right")
            await s.see("The whole history")
            await s.press("escape")
            await s.until(lambda: len(s.app.screen_stack) == 2, "the dialog going")

    asyncio.run(scenario())


def test_enter_writes_nothing_and_one_export_runs_at_a_time(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting() as s:
            exports = await dialog(s, key="enter")
            s.screen.query_one("#path", Input).value = str(tmp_path)
            await s.press("enter", "enter", "enter")
            assert exports.asked == []
            await s.press("ctrl+s", "ctrl+s", "ctrl+s")
            await s.until(lambda: exports.asked == [(tmp_path, ExportForm.DIRECTORY)], "the export")
            assert s.screen.query_one("#export", Button).disabled
            exports.go_on.set()
            await s.see("Exported.", "Close  esc")
            await s.press("ctrl+s")
            assert len(exports.asked) == 1

    asyncio.run(scenario())


def test_what_is_wrong_is_said_and_can_be_put_right(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            exports = await dialog(s)
            line = s.screen.query_one("#path", Input)
            line.value = " "
            await s.press("ctrl+s")
            await s.see("Type a path")
            assert exports.asked == []
            exports.fails = [AlreadyExists("“[/y]\x1b” is there already.")]
            exports.go_on.set()
            line.value = str(tmp_path)
            await s.press("ctrl+s")
            await s.see("“[/y]\\u{1b}” is there already.")
            assert "\x1b" not in s.screen_text()
            await s.until(lambda: s.screen.focused is line, "the path")
            await s.press("ctrl+s")
            await s.see("Exported.")

    asyncio.run(scenario())
