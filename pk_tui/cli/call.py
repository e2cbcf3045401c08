"""One command at work: the agent it speaks to, and where it was typed."""

from __future__ import annotations

from pathlib import Path

from pk_tui.api.facade import AgentApi
from pk_tui.cli.output import Output
from pk_tui.control.invocation import Invocation
from pk_tui.errors import Misuse
from pk_tui.plaintext import Plaintext

MAX_RECOVERY_FILE = 16 * 1024


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

    async def recovery_words(self, file: str) -> Plaintext:
        """What a file of the user's holds where 24 words are expected. Whether they are words is not looked at here."""
        content = await self.whole(file, MAX_RECOVERY_FILE, "The recovery code file is too large to hold 24 words.")
        return Plaintext(content.strip())

    async def whole(self, file: str | None, limit: int, too_large: str) -> bytes:
        """A file of the user's, or standard input, that has to be in memory. Raises Misuse if it has more than `limit` bytes."""
        content = bytearray()
        async for piece in self.invocation.read(file):
            content += piece
            if len(content) > limit:
                raise Misuse(too_large)
        return bytes(content)
