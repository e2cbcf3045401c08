from __future__ import annotations

import asyncio
from pathlib import Path

from textual.app import ComposeResult
from textual.widgets import Input
from tui.deeds.acting import acting
from tui.dialogs.test_dialog import opened

from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.widgets.path_line import CHOICES_SHOWN, PathLine


class Asking(Dialog[None]):
    first = "path"

    def __init__(self, *, files: bool) -> None:
        super().__init__()
        self.files = files
        self.seen: list[str] = []

    def body(self) -> ComposeResult:
        yield PathLine("", "path", files=self.files)

    def on_path_line_changed(self, event: PathLine.Changed) -> None:
        self.seen.append(event.line.value)

    def on_path_line_entered(self) -> None:
        self.seen.append("entered")


def tree(place: Path) -> Path:
    for name in ("alpha", "alpine"):
        (place / name).mkdir()
    (place / "alp.csv").write_text("x")
    return place


def test_tab_completes_and_tells_who_listens(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            asking = Asking(files=True)
            await opened(s, asking, "I")
            line = s.screen.query_one("#path", Input)
            line.value = f"{tree(tmp_path)}/al"
            await s.press("tab")
            await s.see("alp.csv", "alpha/", "alpine/")
            assert line.value == f"{tmp_path}/alp"
            await s.type(".")
            await s.see_no("alpine/")
            await s.press("tab")
            await s.until(lambda: line.value == f"{tmp_path}/alp.csv", "the completion")
            await s.press("enter")
            assert asking.seen[-2:] == [f"{tmp_path}/alp.csv", "entered"]
            assert asking.focused is line

    asyncio.run(scenario())


def test_where_nothing_is_to_complete_tab_goes_on_to_the_next_field(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            asking = Asking(files=False)
            await opened(s, asking, "I")
            line = s.screen.query_one("#path", Input)
            line.value = f"{tree(tmp_path)}/alp."
            await s.press("tab")
            await s.until(lambda: asking.focused is not line, "going on")
            assert line.value == f"{tmp_path}/alp."

    asyncio.run(scenario())


def test_of_very_many_the_number_is_told(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with acting((80, 24)) as s:
            for number in range(CHOICES_SHOWN + 30):
                (tmp_path / f"d{number}").mkdir()
            await opened(s, Asking(files=False), "I")
            s.screen.query_one("#path", Input).value = f"{tmp_path}/d"
            await s.press("tab")
            await s.see("and 30")

    asyncio.run(scenario())
