"""Passwords, from where the command was typed: a file, the environment, the terminal."""

from __future__ import annotations

import os
import termios

from pk_tui.control.answering import STANDARD_INPUT
from pk_tui.control.invocation import unreadable
from pk_tui.errors import Misuse

MAX_PASSWORD_FILE = 64 * 1024
_TRIES = 3


def password(prompt: str, file: str | None) -> bytes | None:
    """From the file, else PK_PASSWORD, else the terminal; None if there is none of them. Raises MissingInput."""
    if file is not None:
        return password_in(file)
    given = os.environb.get(b"PK_PASSWORD")
    return given or hidden(prompt)


def new_password(prompt: str, variable: str, file: str | None) -> bytes | None:
    """A password to set: from the file or the environment variable, else typed twice. Raises Misuse if they differ."""
    if file is not None:
        return password_in(file)
    given = os.environb.get(variable.encode())
    if given:
        return given
    for _ in range(_TRIES):
        first = hidden(prompt)
        if first is None:
            return None
        if hidden("The same again: ") == first:
            return first
        prompt = f"They differ. {prompt}"
    raise Misuse("The two entries differed again and again. Nothing was changed.")


def password_in(path: str) -> bytes:
    """The first line of the file (`-`: standard input). Raises MissingInput, or Misuse if it is empty or huge."""
    try:
        is_input = path in STANDARD_INPUT
        with open(0 if is_input else path, "rb", closefd=not is_input) as opened:
            content = opened.read(MAX_PASSWORD_FILE + 1)
    except OSError as error:
        raise unreadable(path, error.strerror or "it is not a file") from error
    if len(content) > MAX_PASSWORD_FILE:
        raise Misuse("The password file is too large to hold a password.")
    line = content.split(b"\n", 1)[0].removesuffix(b"\r")
    if not line:
        raise Misuse("The password file has no password in its first line.")
    return line


def hidden(prompt: str) -> bytes | None:
    """A line typed on the terminal without being shown; None if there is no terminal, or the line is ended by ctrl+d.

    A program that runs with neither input nor errors on a terminal is unattended: it is never made to wait.
    """
    if not (os.isatty(0) or os.isatty(2)):
        return None
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        before = termios.tcgetattr(terminal)
        quiet = termios.tcgetattr(terminal)
        quiet[3] &= ~termios.ECHO
        termios.tcsetattr(terminal, termios.TCSAFLUSH, quiet)
        try:
            os.write(terminal, prompt.encode())
            line = b""
            while not line.endswith(b"\n"):
                part = os.read(terminal, 4096)
                if not part:
                    break
                line += part
        finally:
            termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
            os.write(terminal, b"\n")
    except termios.error:
        return None
    finally:
        os.close(terminal)
    return line.removesuffix(b"\n").removesuffix(b"\r") if line else None
