"""One command as it was typed, and the ways to speak with whoever typed it: the same whether it is carried out in this
process or by an agent over the control socket."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pk_tui.control import client
from pk_tui.control.answering import STANDARD_INPUT
from pk_tui.errors import Conflict, Malformed, MissingInput, PermissionDenied
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text


@dataclass(frozen=True, slots=True)
class Request:
    """What was typed, and where. `argv` is without the global options; `columns` is 0 if there is no terminal."""

    argv: tuple[str, ...]
    cwd: Path
    stdin_tty: bool
    stdout_tty: bool
    stderr_tty: bool
    columns: int
    color: bool
    as_json: bool
    verbose: int
    password_file: str | None

    @classmethod
    def read(cls, payload: bytes) -> Request:
        """From the payload that `client.command` made. Raises Malformed, or Conflict if the client is of another version."""
        fields = [os.fsdecode(field) for field in payload.split(b"\0")]
        if fields[0] != os.fsdecode(client.PROTOCOL):
            raise Conflict(
                "This program and the running agent are of different versions. Restart the agent: stop it with the version "
                "that started it, then start it with this one."
            )
        try:
            _, as_json, color, verbose, terminals, columns, cwd, password_file, *argv = fields
            stdin, stdout, stderr = (mark == "t" for mark in terminals)
            return cls(
                argv=tuple(argv),
                cwd=Path(cwd),
                stdin_tty=stdin,
                stdout_tty=stdout,
                stderr_tty=stderr,
                columns=int(columns),
                color=color == "True",
                as_json=as_json == "True",
                verbose=int(verbose),
                password_file=password_file or None,
            )
        except ValueError as error:
            raise Malformed("The control socket was sent something that is not a command.") from error


class Invocation(Protocol):
    @property
    def request(self) -> Request: ...

    @property
    def node_path(self) -> Path: ...

    async def out(self, raw: bytes) -> None:
        """Write to the command's standard output; waits while the reader is slow."""
        ...

    async def err(self, raw: bytes) -> None: ...

    def hint(self, raw: bytes) -> None:
        """Write to standard error without waiting; dropped if that would mean waiting."""
        ...

    def read(self, path: str | None) -> AsyncIterator[bytes]:
        """A file of the user's in pieces of at most 256 KiB; None or `-` is standard input. Raises MissingInput."""
        ...

    async def ask_password(self, prompt: str) -> Plaintext | None:
        """From `--password-file`, else PK_PASSWORD, else a hidden prompt on a terminal; None if there is none of them."""
        ...

    async def ask_new_password(self, prompt: str, variable: str) -> Plaintext | None:
        """A password to set: from the environment variable, else a prompt, twice. For PK_PASSWORD the file goes first."""
        ...

    async def ask_hidden(self, prompt: str) -> Plaintext | None:
        """A line typed on the terminal without being shown; None if there is no terminal. Nothing of the node's password."""
        ...

    async def edit(self, content: Plaintext, ending: str) -> Plaintext:
        """Let the user change the text in an editor. Raises Cancelled if the editor fails."""
        ...

    async def give_environment(self, assignments: Sequence[tuple[str, Plaintext]]) -> None:
        """When the command has ended well: let the process in which it was typed become what was typed after `--`, with these
        variables. Neither names nor values hold a zero byte."""
        ...

    def end_agent_with(self, stop: Callable[[], None], then: tuple[str, ...] | None = None) -> None:
        """When the exit code has been handed over: call `stop`, wait for the agent's end, and carry out the command `then`."""
        ...


def written_environment(assignments: Sequence[tuple[str, Plaintext]]) -> list[bytes]:
    """As `NAME=value`."""
    return [name.encode() + b"=" + value.reveal() for name, value in assignments]


def unreadable(path: str | None, reason: str) -> MissingInput:
    shown = "Standard input" if path in STANDARD_INPUT else f"“{safe_text(str(path), 300)}”"
    return MissingInput(f"{shown} cannot be read: {safe_text(reason)}.")


def no_password() -> PermissionDenied:
    return PermissionDenied(
        "A password is needed and none was given: use --password-file FILE, set PK_PASSWORD, or run this on a terminal."
    )
