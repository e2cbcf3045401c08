"""One command at work: the agent it speaks to, and where it was typed."""

from __future__ import annotations

from pathlib import Path

from pk_tui.api.facade import AgentApi
from pk_tui.cli.output import Output
from pk_tui.control.invocation import Invocation


class Call:
    def __init__(self, invocation: Invocation, holder: AgentApi | None) -> None:
        """`holder` None: nobody holds the node, and this command does not need it open."""
        self.invocation = invocation
        self.holder = holder
        self.out = Output(invocation)

    @property
    def api(self) -> AgentApi:
        assert self.holder is not None, "only commands that need no node run without one"
        return self.holder

    def file(self, path: str) -> Path:
        """A path as typed, seen from where it was typed."""
        return self.invocation.request.cwd / path
