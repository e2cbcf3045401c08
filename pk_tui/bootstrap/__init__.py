"""The one place that builds a real agent and opens a face. This file only chooses the face; the parts lie beside it.

It imports nothing by itself, because the terminal UI paints before the agent is loaded and a headless agent never loads
the UI. The functions that other rooms take from here are loaded when they are named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pk_tui.bootstrap.node import create_node as create_node
    from pk_tui.bootstrap.node import throw_away_password as throw_away_password
    from pk_tui.bootstrap.running import run_agent as run_agent
    from pk_tui.bootstrap.running import with_agent as with_agent

_HOME_OF = {"create_node": "node", "throw_away_password": "node", "run_agent": "running", "with_agent": "running"}


def __getattr__(name: str) -> object:
    module = _HOME_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{module}"), name)


def main(argv: list[str]) -> int:
    """What the console script comes to when no agent carries the command out: the UI, or the command in this process."""
    from pk_tui.control import client

    found = client.hoist(argv)
    if found.fault is None and found.rest in ([], ["playground"]):
        from pk_tui.bootstrap.collecting import not_while_loading

        not_while_loading()
        from pk_tui.bootstrap.ui import open_ui

        return open_ui(found)
    from pk_tui.cli.main import main_direct

    return main_direct(argv)
