from __future__ import annotations

import asyncio
import stat
from pathlib import Path
from typing import Any

import pytest
from tui.closed import SetClock, closed_stage

from pk_tui.api.front import Beginning
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.screenshot import picture_name


def test_a_picture_is_named_by_its_time() -> None:
    assert picture_name(SetClock()) == "pk-tui-20250615-150640.svg"


def test_values_are_hidden_before_and_the_file_is_the_users_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    async def scenario() -> None:
        async with closed_stage(Beginning.ATTACHED, (120, 40)) as s:
            hidden: list[Any] = []
            for pane in s.screen.query(Pane):
                monkeypatch.setattr(
                    pane, "left", lambda name=pane.PANE: hidden.append((name, list(tmp_path.iterdir())))
                )
            await s.press("f12")
            await s.see("Saved “~/pk-tui-20250615-150640.svg”. Names can be read in it, values not.")
            (file,) = tmp_path.iterdir()
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert "Vaults" in file.read_text()
            assert {name for name, _ in hidden} == {"vaults", "nodes", "gestalt", "notifications"}
            assert all(before == [] for _, before in hidden)
            await s.press("f12")
            await s.see("The picture could not be saved: File exists.")

    asyncio.run(scenario())
