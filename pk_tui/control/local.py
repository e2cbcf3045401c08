"""A command carried out in the process it was typed in: output, input and prompts without a socket between."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pk_tui.control import client, prompt
from pk_tui.control.answering import STANDARD_INPUT, Input
from pk_tui.control.editor import edit_privately
from pk_tui.control.invocation import Request, unreadable, written_environment
from pk_tui.errors import StorageFailed
from pk_tui.plaintext import Plaintext


@contextmanager
def interruptible() -> Iterator[None]:
    """Within the block ctrl+c ends a blocking call at once; an event loop would only take note of it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class LocalInvocation:
    """Satisfies `Invocation`. Blocks the loop while it waits for the user, for whom alone the loop runs."""

    def __init__(self, request: Request, node_path: Path) -> None:
        self.request = request
        self.node_path = node_path
        self.environment: list[bytes] | None = None
        """What the command that was typed after `--` is to find, once this one has ended and the node is closed."""
        self._password: Plaintext | None = None

    async def out(self, raw: bytes) -> None:
        self.write(raw)

    def write(self, raw: bytes) -> None:
        _write(1, raw)

    async def err(self, raw: bytes) -> None:
        _write(2, raw)

    def hint(self, raw: bytes) -> None:
        _write(2, raw)

    async def read(self, path: str | None) -> AsyncIterator[bytes]:
        source = Input()
        try:
            with interruptible():  # opening a pipe waits for its writer
                source.open(self._here(path))
            while True:
                with interruptible():
                    piece = source.piece()
                if not piece:
                    return
                yield piece
        except OSError as error:
            raise unreadable(path, error.strerror or "it is not a file") from error

    async def ask_password(self, text: str) -> Plaintext | None:
        """Asks once: opening the node and changing its password need the same one."""
        if self._password is None:
            with interruptible():
                given = prompt.password(text, self._here(self.request.password_file))
            self._password = None if given is None else Plaintext(given)
        return self._password

    async def ask_new_password(self, text: str, variable: str) -> Plaintext | None:
        file = self.request.password_file if variable == "PK_PASSWORD" else None
        with interruptible():
            given = prompt.new_password(text, variable, self._here(file))
        return None if given is None else Plaintext(given)

    async def ask_hidden(self, text: str) -> Plaintext | None:
        with interruptible():
            given = prompt.hidden(text)
        return None if given is None else Plaintext(given)

    async def edit(self, content: Plaintext, ending: str) -> Plaintext:
        return Plaintext(edit_privately(content.reveal(), ending, str(self.node_path)))

    async def give_environment(self, assignments: Sequence[tuple[str, Plaintext]]) -> None:
        self.environment = written_environment(assignments)

    def end_agent_with(self, stop: Callable[[], None], then: tuple[str, ...] | None = None) -> None:
        """There is no agent but the one of this command, which ends by itself."""
        stop()

    def _here(self, path: str | None) -> str | None:
        return path if path in STANDARD_INPUT else os.path.join(self.request.cwd, str(path))


def _write(number: int, raw: bytes) -> None:
    try:
        client.write_all(number, raw)
    except client.Fault as fault:
        raise StorageFailed(fault.message) from fault
