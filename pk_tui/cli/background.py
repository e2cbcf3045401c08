"""`agent start` in a process of its own, detached from this terminal, until it says that it is ready.

What opens the node goes over a pipe: not in the arguments, which all users see, nor in the environment, which children
inherit, nor through a file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pk_tui.errors import PkError, StorageFailed, kinds
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text

MAX_LOG = 1024 * 1024
"""Bytes above which the log is begun anew."""


def start(node: Path, arguments: Sequence[str], password: Plaintext, log: Path) -> dict[str, Any]:
    """Start the agent and wait for it; returns what it says when ready. Raises what it failed with.

    What the agent says on stderr goes to the log file.
    """
    return _start(
        node,
        lambda pipe: ["--password-file", f"/dev/fd/{pipe}", "agent", "start", *arguments],
        password.reveal() + b"\n",
        log,
    )


def hand_over(node: Path, arguments: Sequence[str], root_key: Plaintext, log: Path) -> dict[str, Any]:
    """As `start`, for the program that held the node until now: it has the node's root key, and no password any more."""
    return _start(node, lambda pipe: ["agent", "start", *arguments, "--key-from", str(pipe)], root_key.reveal(), log)


def _start(node: Path, command: Callable[[int], list[str]], secret: bytes, log: Path) -> dict[str, Any]:
    reading, writing = os.pipe()
    try:
        errors = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(errors).st_size > MAX_LOG:
                os.ftruncate(errors, 0)
            begin = os.fstat(errors).st_size
            child = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "pk_tui", "--node-path", str(node), "--format", "json", *command(reading)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                pass_fds=[reading],
                start_new_session=True,
                cwd="/",
                env={
                    name: value for name, value in os.environ.items() if name not in ("PK_PASSWORD", "PK_PASSWORD_NEW")
                },
            )
        finally:
            os.close(errors)
        os.write(writing, secret)
    except OSError as error:
        raise StorageFailed(f"The agent could not be started: {error.strerror}.") from error
    finally:
        os.close(reading)
        os.close(writing)
    return _await_ready(child, log, begin)


def _await_ready(child: subprocess.Popen[bytes], log: Path, begin: int) -> dict[str, Any]:
    assert child.stdout is not None
    try:
        with child.stdout:
            line = child.stdout.readline()
    except KeyboardInterrupt:
        child.terminate()
        child.wait()
        raise
    if line.endswith(b"\n"):
        child.returncode = 0  # it goes on without us: nobody will wait for it here
        ready: dict[str, Any] = json.loads(line)
        return ready
    raise _failure(log, begin, child.wait())


def _failure(log: Path, begin: int, code: int) -> PkError:
    """What the agent said last, as the error it was."""
    with log.open("rb") as file:
        file.seek(begin)
        lines = file.read(64 * 1024).splitlines()
    for line in reversed(lines):
        try:
            error = json.loads(line)["error"]
            return kinds()[error["kind"]](str(error["message"]))
        except (ValueError, KeyError, TypeError):
            continue
    said = safe_text(b" ".join(lines[-3:]), 300) or "nothing"
    return StorageFailed(f"The agent ended at once (code {code}). It said: {said}")
