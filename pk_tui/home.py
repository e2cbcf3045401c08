"""Where a node's files live, their modes, the lock that keeps two processes apart, and the control socket's path.

The state directory is private (0700, ours); everything made in it is too. What is inside the files is not decided here.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from platformdirs import user_data_dir

from pk_tui.clock import SystemClock
from pk_tui.errors import Busy, PermissionDenied, StorageFailed
from pk_tui.safe_text import safe_text

APP_NAME = "pk-tui"
SOCKET_NAME = "control.sock"
POINTER_NAME = "control.path"
"""Where a long path does not fit an address, this file in the directory names the socket."""
LOCK_NAME = "lock"
MAX_SOCKET_PATH = 100
"""Bytes. An AF_UNIX address takes 107 on Linux and 103 on macOS."""
SETTINGS_NAME = "settings.json"
MAX_SETTINGS = 64 * 1024
"""Bytes of the settings file. What is larger was not written by us."""
_NEW_SETTINGS = f"{SETTINGS_NAME}.new"
_OUR_TRACES = frozenset({LOCK_NAME, SOCKET_NAME, POINTER_NAME, "agent.log", "reports", SETTINGS_NAME, _NEW_SETTINGS})
"""What a process leaves behind before there is a node: a directory with only these is as good as empty."""
_LOCK_PATIENCE = 0.3
"""Seconds. A command waiting for an agent's end takes the lock for a moment; that must not make another one fail."""


class Home:
    """One node's directory. Nothing is touched before `create`, `lock` or `claim_socket`."""

    def __init__(self, path: Path | str | None = None) -> None:
        """`path` None: the platform's directory for user data."""
        chosen = os.path.expanduser(path) if path is not None else user_data_dir(APP_NAME, appauthor=False)
        self.path = Path(os.path.realpath(chosen))

    def __repr__(self) -> str:
        return f"Home({str(self.path)!r})"

    @property
    def shown(self) -> str:
        """The directory, quoted, for sentences."""
        return f"“{safe_text(str(self.path), 300)}”"

    @property
    def database(self) -> Path:
        return self.path / "node.db"

    @property
    def unfinished_database(self) -> Path:
        """Where a new node's database is made, so that a broken-off bootstrap leaves nothing that looks like a node."""
        return self.path / "node.db.new"

    @property
    def witness(self) -> Path:
        return self.path / "witness"

    @property
    def log(self) -> Path:
        """What an agent in the background says."""
        return self.path / "agent.log"

    def has_node(self) -> bool:
        return self.database.is_file()

    def is_empty(self) -> bool:
        """True if a node may be made here: no directory yet, or nothing in it but traces of an earlier try."""
        try:
            names = {entry.name for entry in os.scandir(self.path)}
        except FileNotFoundError:
            return True
        except OSError as error:
            raise StorageFailed(f"{self.shown} cannot be read: {error.strerror}.") from error
        unfinished = {path.name for path in self._unfinished()}
        if unfinished & names:
            names -= unfinished | {path.name for path in self._witnesses()}
        return not names - _OUR_TRACES

    def create(self) -> None:
        """Make the directory, or tighten its mode to 0700 if it is there. Raises PermissionDenied if it is not ours."""
        os.umask(0o077)
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = self.path.stat()
            if found.st_uid != os.getuid():
                raise PermissionDenied(
                    f"{self.shown} belongs to another user, who could read and replace what is in it. "
                    "Choose a directory of your own with --node-path."
                )
            if stat.S_IMODE(found.st_mode) & 0o077:
                self.path.chmod(0o700)
        except OSError as error:
            raise StorageFailed(f"{self.shown} cannot be made or used: {error.strerror}.") from error

    def discard_unfinished(self) -> None:
        """Remove what a broken-off bootstrap left. To be called under the lock, and only where there is no node."""
        # The witness first: as long as an unfinished database is there, what is beside it is known to be rubbish.
        for path in (*self._witnesses(), *self._unfinished()):
            path.unlink(missing_ok=True)

    def finish_database(self) -> None:
        """The new database is whole and closed: give it its name, and make that outlast a crash."""
        self.unfinished_database.rename(self.database)
        directory = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def _witnesses(self) -> list[Path]:
        """The witness, and one that was being written."""
        return [self.witness, self.witness.with_name(f"{self.witness.name}.new")]

    def _unfinished(self) -> list[Path]:
        """The database and whatever lies beside it under its name: journals, and a copy of an older layout."""
        return sorted(self.path.glob(f"{self.unfinished_database.name}*"))

    # One process at a time

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the node for the block. Raises Busy, naming the process, if another one does.

        The lock is the kernel's and ends with the process, however it ends; the file's content is only for that sentence.
        """
        self.create()
        file = os.open(self.path / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            self._take(file)
            os.ftruncate(file, 0)
            os.pwrite(file, str(os.getpid()).encode(), 0)
            yield
        finally:
            os.close(file)

    def _take(self, file: int) -> None:
        clock = SystemClock()
        until = clock.elapsed() + _LOCK_PATIENCE
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError as error:
                if clock.elapsed() > until:
                    holder = safe_text(os.pread(file, 20, 0)) or "unknown"
                    raise Busy(
                        f"Another process (number {holder}) has this node open, and two never do at once. "
                        "Try again when it has ended; commands reach an agent by themselves."
                    ) from error
            except OSError as error:
                raise StorageFailed(f"{self.shown} cannot be locked: {error.strerror}.") from error
            threading.Event().wait(0.02)

    # Settings of the screen: how it looks and when it locks. Nothing in them is secret, and nothing is believed

    def load_settings(self) -> dict[str, object]:
        """What was kept, unchecked; empty if there is nothing, or nothing that can be read."""
        try:
            # O_NONBLOCK: a pipe in the file's place is not to hold up the start
            file = os.open(self.path / SETTINGS_NAME, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(file, "rb") as opened:
                raw = opened.read(MAX_SETTINGS + 1)
            found = json.loads(raw) if raw is not None and len(raw) <= MAX_SETTINGS else {}
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def save_settings(self, settings: Mapping[str, object]) -> None:
        """Keep them instead of what was kept; nothing at all before there is a node. Raises StorageFailed."""
        if not self.has_node():
            return
        raw = json.dumps(dict(settings), indent=1).encode() + b"\n"
        if len(raw) > MAX_SETTINGS:
            raise StorageFailed(f"The settings were not saved: they are larger than {MAX_SETTINGS // 1024} KiB.")
        new = self.path / _NEW_SETTINGS
        try:
            new.unlink(missing_ok=True)
            file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(file, "wb") as opened:
                opened.write(raw)
                opened.flush()
                os.fsync(file)
            new.rename(self.path / SETTINGS_NAME)
        except OSError as error:
            with suppress(OSError):
                new.unlink()
            raise StorageFailed(
                f"The settings could not be saved in {self.shown}: {error.strerror}. They hold until the program ends."
            ) from error

    # The control socket

    def socket_path(self) -> Path | None:
        """Where the holder's socket is, if it is anywhere: in the directory, or where `control.path` says."""
        own = self.path / SOCKET_NAME
        if len(os.fsencode(own)) <= MAX_SOCKET_PATH:
            return own
        try:
            return Path(os.fsdecode((self.path / POINTER_NAME).read_bytes()))
        except OSError:
            return None

    def claim_socket(self) -> Path:
        """A free path for the holder's socket; what an earlier holder left is removed. To be called under the lock."""
        self.drop_socket()
        own = self.path / SOCKET_NAME
        if len(os.fsencode(own)) <= MAX_SOCKET_PATH:
            return own
        base = os.environ.get("XDG_RUNTIME_DIR")
        place = tempfile.mkdtemp(prefix=f"{APP_NAME}-", dir=base if base and os.path.isdir(base) else None)
        path = Path(place) / SOCKET_NAME
        if len(os.fsencode(path)) > MAX_SOCKET_PATH:
            os.rmdir(place)
            raise StorageFailed(
                f"No directory with a path short enough for the control socket was found: {safe_text(place)} is too long. "
                "Set XDG_RUNTIME_DIR or TMPDIR to a shorter one, or choose a shorter --node-path."
            )
        pointer = os.open(self.path / POINTER_NAME, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(pointer, os.fsencode(path))
        finally:
            os.close(pointer)
        return path

    def drop_socket(self) -> None:
        """Remove the socket, and the short directory it may lie in."""
        path = self.socket_path()
        if path is None:
            return
        with suppress(OSError):
            path.unlink()
        if path.parent != self.path:
            with suppress(OSError):
                path.parent.rmdir()  # only an empty directory goes
            with suppress(OSError):
                (self.path / POINTER_NAME).unlink()
