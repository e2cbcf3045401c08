"""Becoming the command that was typed after `--`. Imported only for that.

This process is replaced, so signals, the exit code, the terminal and standard input are the command's own and nobody stands
between. What runs is what was typed at this program: an agent gives variables for it, and never says what to run.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Sequence
from typing import NoReturn

from pk_tui.control.client import Fault
from pk_tui.safe_text import safe_text

NOT_FOUND, NOT_RUNNABLE = 127, 126
"""Exit codes, as a shell's."""
_PASSED_OVER = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)
"""Of these a search along PATH takes no notice."""


def typed_after_dashes(words: Sequence[str]) -> list[str]:
    """The command in a command line; nothing if there is no `--`."""
    return list(words[words.index("--") + 1 :]) if "--" in words else []


def environment_with(assignments: Sequence[bytes]) -> dict[bytes, bytes]:
    """Our environment without any PK_* variable, and with these `NAME=value` besides, which go before."""
    found = {name: value for name, value in os.environb.items() if not name.startswith(b"PK_")}
    for assignment in assignments:
        name, _, value = assignment.partition(b"=")
        found[name] = value
    return found


def become(words: Sequence[str], assignments: Sequence[bytes]) -> NoReturn:
    """Run the command in place of this process. Raises Fault, with a shell's exit codes, if that cannot be."""
    if not words:
        raise Fault(
            "misuse", "The agent gave variables for a command, and none was typed after `--`. Nothing was run.", 64
        )
    command = [os.fsencode(word) for word in words]
    environment = environment_with(assignments)
    _as_a_shell_leaves_them()
    failure = errno.ENOENT
    for path in _candidates(command[0], environment.get(b"PATH", os.fsencode(os.defpath))):
        code = _try(path, command, environment)
        if code not in _PASSED_OVER:
            failure = code
            if code != errno.EACCES:
                break
    raise _fault(words[0], failure, assignments)


def _candidates(program: bytes, path: bytes) -> list[bytes]:
    if not program:
        return []
    if b"/" in program:
        return [program]
    return [os.path.join(directory or b".", program) for directory in path.split(b":")]


def _try(path: bytes, command: list[bytes], environment: dict[bytes, bytes]) -> int:
    """The error number if this is not to be. A file that is no program and names no interpreter is the shell's, as for execvp."""
    try:
        try:
            os.execve(path, command, environment)  # noqa: S606 - without a shell is the point
        except OSError as error:
            if error.errno != errno.ENOEXEC:
                raise
            os.execve(b"/bin/sh", [b"sh", path, *command[1:]], environment)  # noqa: S606
    except OSError as error:
        return error.errno or errno.EACCES


def _as_a_shell_leaves_them() -> None:
    """Python ignores these two signals, and what is ignored stays so in the command; `yes | head` would never end."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)


def _fault(word: str, number: int, assignments: Sequence[bytes]) -> Fault:
    shown = f"“{safe_text(word, 200)}”"
    if number in _PASSED_OVER:
        return Fault("not_found", f"The command {shown} was not found. Nothing was run.", NOT_FOUND)
    if number == errno.E2BIG:
        largest = max(assignments, key=len, default=b"=")
        name, _, value = largest.partition(b"=")
        return Fault(
            "misuse",
            f"{shown} was not run: its environment and arguments are larger than the system allows. "
            f"The largest variable is {safe_text(name, 100)} with {len(value)} bytes.",
            NOT_RUNNABLE,
        )
    return Fault("permission_denied", f"The command {shown} cannot be run: {os.strerror(number)}.", NOT_RUNNABLE)
