"""A secret in the user's editor: a private file, in memory where the system has such a place, and gone afterwards."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from pk_tui.errors import Cancelled, Misuse, StorageFailed

MAX_EDITED = 16 * 1024 * 1024
"""Bytes taken back from an editor."""
_ENDS_US = (signal.SIGTERM, signal.SIGHUP)
_VIM = ("vim", "nvim", "gvim")
_VIM_KEEPS_NOTHING = ("-n", "-i", "NONE", "-c", "set noundofile nobackup nowritebackup")
"""Swap, history, undo and backup files can lie outside the file's directory, and would outlast it."""


class _Ended(BaseException):
    """A signal asks this process to end."""


def edit_privately(content: bytes, ending: str, node_path: str) -> bytes:
    """The text after the user's editor has had it. Raises Cancelled if the editor fails or ends with an error.

    The file lies in a directory of its own (0700) and is removed in every case but SIGKILL and loss of power; that is why
    its place is in memory wherever there is one: XDG_RUNTIME_DIR, else /dev/shm, else the node's directory.
    """
    with _signals_raise(), _private_directory(node_path) as directory:
        path = os.path.join(directory, f"secret{_safe_ending(ending)}")
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "wb") as opened:
            opened.write(content)
        _run_editor(path)
        return _read_back(path)


def editor_command(environment: dict[str, str]) -> list[str]:
    """$VISUAL, else $EDITOR, else vi; as words, with what keeps vim from leaving copies behind."""
    chosen = environment.get("VISUAL") or environment.get("EDITOR") or "vi"
    try:
        words = shlex.split(chosen)
    except ValueError as error:
        raise Misuse("$VISUAL or $EDITOR is not a command: a quote is missing.") from error
    if not words:
        raise Misuse("$VISUAL or $EDITOR is blank. Set it to the command of an editor.")
    program = os.path.realpath(shutil.which(words[0]) or words[0])
    if os.path.basename(program).startswith(_VIM) or os.path.basename(words[0]) in _VIM:
        words[1:1] = _VIM_KEEPS_NOTHING
    return words


def child_environment() -> dict[str, str]:
    """Our environment without any PK_* variable: passwords in it are none of a child's business."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PK_")}


def _run_editor(path: str) -> None:
    environment = child_environment()
    words = editor_command(environment)
    # The terminal's interrupt is the editor's while it runs. A function, not SIG_IGN, which a child would inherit.
    before = signal.signal(signal.SIGINT, _leave_it)
    try:
        editor = subprocess.Popen([*words, path], env=environment)  # noqa: S603 - the user's own command, without a shell
        try:
            code = editor.wait()
        except _Ended:
            editor.terminate()
            raise
    except OSError as error:
        raise Cancelled(
            f"The editor `{words[0]}` cannot be started: {error.strerror}. Set $EDITOR to another."
        ) from error
    finally:
        signal.signal(signal.SIGINT, before)
    if code:
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        raise Cancelled(f"The editor {how}, so nothing was saved.")


def _leave_it(number: int, frame: FrameType | None) -> None:
    return


def _read_back(path: str) -> bytes:
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise Cancelled("The editor left something that is not a file, so nothing was saved.")
        with open(path, "rb") as opened:
            content = opened.read(MAX_EDITED + 1)
    except OSError as error:
        raise Cancelled("The editor removed the file, so nothing was saved.") from error
    if len(content) > MAX_EDITED:
        raise Misuse("The edited text is too large. Store it with `pk-tui secrets create FILE VAULT:PATH`.")
    return content


@contextmanager
def _private_directory(node_path: str) -> Iterator[str]:
    made: str | None = None
    for base in (os.environ.get("XDG_RUNTIME_DIR"), "/dev/shm", node_path):  # noqa: S108 - a 0700 directory is made in it
        if base and os.path.isabs(base) and os.path.isdir(base):
            try:
                made = tempfile.mkdtemp(prefix="pk-tui-", dir=base)
                break
            except OSError:
                continue
    if made is None:
        raise StorageFailed("No private place for the editor's file was found.")
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _signals_raise() -> Iterator[None]:
    """Within the block a request to end is an exception, so that what must be removed is removed; after it, it is obeyed."""

    def end(number: int, frame: FrameType | None) -> NoReturn:
        raise _Ended(number)

    before = {number: signal.signal(number, end) for number in _ENDS_US}
    try:
        yield
    except _Ended as ended:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.kill(os.getpid(), ended.args[0])
        raise SystemExit(128 + ended.args[0]) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _safe_ending(ending: str) -> str:
    """`.yaml` and the like, which editors go by; anything else is dropped."""
    return (
        ending if ending[:1] == "." and 1 < len(ending) <= 12 and ending[1:].isascii() and ending[1:].isalnum() else ""
    )
