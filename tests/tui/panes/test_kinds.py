from __future__ import annotations

import asyncio
import re
import subprocess
import sys

import pytest
from tui.stage import stage

from pk_tui.tui.panes.kinds import PANES, PaneKind
from pk_tui.tui.screens.workspace import Workspace


@pytest.mark.parametrize("kind", PANES, ids=lambda kind: kind.PANE)
def test_a_pane_is_called_as_was_said_before_it_was_loaded(kind: PaneKind) -> None:
    pane = kind.load()
    assert (pane.PANE, pane.TITLE) == (kind.PANE, kind.TITLE)


@pytest.mark.parametrize("kind", PANES, ids=lambda kind: kind.PANE)
def test_its_styles_are_of_that_pane_alone(kind: PaneKind) -> None:
    assert kind.style is not None
    owners = {kind.load().__name__, *({"VaultTree"} if kind.PANE == "vaults" else ())}
    text = re.sub(r"/\*.*?\*/", "", kind.style.read_text(), flags=re.DOTALL)
    selectors = [one for rule in re.findall(r"([^{}]+)\{", text) for one in rule.split(",")]
    assert selectors
    for selector in selectors:
        assert owners & set(re.findall(r"\w+", selector)), selector


def test_naming_the_panes_loads_none_of_them() -> None:
    code = "import sys, pk_tui.tui.panes.kinds; print(*(one for one in sys.modules if one.startswith('pk_tui.tui.panes.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["pk_tui.tui.panes.kinds"]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_pane_that_is_made_later_has_its_styles(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with stage(size) as s:
            await s.until(s.has_all_panes, "all panes")
            assert isinstance(s.screen, Workspace)
            for kind in PANES:
                assert s.app.stylesheet.has_source(str(kind.style))
            await s.press("2")
            nodes = s.screen.query_one("#nodes-panel")
            assert nodes.styles.height is not None
            assert nodes.styles.height.is_fraction

    asyncio.run(scenario())
