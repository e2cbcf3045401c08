from __future__ import annotations

import subprocess
import sys

from pk_tui.tui.screens.working import WorkingScreen
from pk_tui.tui.screens.workspace import Workspace


def test_the_workspace_is_the_screen_one_works_on() -> None:
    assert issubclass(Workspace, WorkingScreen)


def test_the_first_picture_waits_for_no_pane_and_no_view() -> None:
    script = (
        "import sys, pk_tui.bootstrap.ui, pk_tui.tui.launch, pk_tui.tui.screens.lock, pk_tui.tui.screens.first_run\n"
        "late = ('pk_tui.tui.panes', 'pk_tui.tui.deeds', 'pk_tui.tui.screens.workspace', 'pk_tui.api.views', 'zxcvbn')\n"
        "print([name for name in sys.modules if name.startswith(late)])"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
