from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from pk_tui.api.front import Beginning
from pk_tui.tui import beginning as module
from pk_tui.tui.beginning import first_styles, keep_what_is_loaded
from pk_tui.tui.panes.kinds import PANES
from pk_tui.tui.screens.first_run import FirstRunScreen
from pk_tui.tui.screens.lock import LockScreen
from pk_tui.tui.screens.workspace import Workspace


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    kept = module._kept[:]
    yield
    module._kept[:] = kept
    gc.unfreeze()


@pytest.mark.parametrize(
    ("beginning", "screen"),
    [(Beginning.NO_NODE, FirstRunScreen), (Beginning.LOCKED, LockScreen), (Beginning.ATTACHED, Workspace)],
)
def test_the_styles_of_the_first_screen_are_all_there(beginning: Beginning, screen: type) -> None:
    found = first_styles(beginning)
    assert all(style.is_file() for style in found)
    declared = screen.CSS_PATH if isinstance(screen.CSS_PATH, list) else [screen.CSS_PATH]  # type: ignore[attr-defined]
    assert {Path(one).name for one in declared} <= {style.name for style in found}


def test_the_pane_that_shows_first_has_its_styles() -> None:
    assert PANES[0].style in first_styles(Beginning.ATTACHED)


def test_what_is_loaded_is_put_aside_once() -> None:
    module._kept.clear()
    gc.unfreeze()
    keep_what_is_loaded()
    assert gc.get_freeze_count() > 1000
    gc.unfreeze()
    keep_what_is_loaded()
    assert gc.get_freeze_count() == 0
