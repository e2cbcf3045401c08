"""A file of the user's that appears under its name whole or not at all: written beside it, on disk, read again, then renamed.

What is written is the caller's. An existing file is never written over, and two writers of one name do not mix.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pk_tui.errors import AlreadyExists, Busy, StorageFailed
from pk_tui.safe_text import safe_text

ENDING = ".partial"
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
"""What file systems without hard links, as on many sticks, answer to one."""


def shown(path: Path) -> str:
    """The path, quoted, for sentences."""
    return f"“{safe_text(str(path), 300)}”"


def cannot_write(path: Path, error: OSError) -> StorageFailed:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StorageFailed(
            f"There is no room for {shown(path)}: nothing was left of it. Free some space and try again."
        )
    return StorageFailed(f"{shown(path)} cannot be written: {error.strerror}. Nothing was left of it.")


class NewFile:
    """The file while it is made: `write`, then `settle` puts it on disk for reading again, and `finish` gives it its name."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.partial = partial_of(path)
        self.bytes = 0
        self._descriptor = descriptor

    def write(self, content: bytes) -> None:
        view = memoryview(content)
        while view:
            done = os.write(self._descriptor, view)
            self.bytes += done
            view = view[done:]

    def settle(self) -> int:
        """Everything on disk, and the descriptor at its beginning. Where the system lets us, what is read next comes from the
        disk and not from memory."""
        os.fsync(self._descriptor)
        if hasattr(os, "posix_fadvise"):
            with suppress(OSError):
                os.posix_fadvise(self._descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        return self._descriptor

    def finish(self) -> None:
        """Raises AlreadyExists if a file of that name came up meanwhile."""
        try:
            os.link(self.partial, self.path, follow_symlinks=False)  # unlike a rename it replaces nothing
            os.unlink(self.partial)
        except FileExistsError as error:
            raise taken(self.path) from error
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            if os.path.lexists(self.path):
                raise taken(self.path) from error
            os.rename(self.partial, self.path)
        with suppress(OSError):  # some file systems refuse it; the file itself is on disk
            sync_directory(self.path.parent)


def partial_of(path: Path) -> Path:
    return path.with_name(path.name + ENDING)


def taken(path: Path) -> AlreadyExists:
    return AlreadyExists(f"{shown(path)} is already there and is not overwritten. Choose another name.")


@contextmanager
def new_file(path: Path, ours: bytes) -> Iterator[NewFile]:
    """Make a file of mode 0600. Whatever ends the block before `finish` leaves nothing of it.

    `ours`: how such a file begins. What an earlier, killed writer left under the partial name is taken over; anything else that
    lies there is not touched. Raises AlreadyExists, Busy or StorageFailed.
    """
    if os.path.lexists(path):
        raise taken(path)
    partial = partial_of(path)
    try:
        descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        _claim(partial, descriptor, ours)
        try:
            yield NewFile(path, descriptor)
        except OSError as error:
            raise cannot_write(path, error) from error
        finally:
            _remove(partial, descriptor)
    finally:
        os.close(descriptor)


def _claim(partial: Path, descriptor: int, ours: bytes) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        found = os.pread(descriptor, len(ours), 0)
        if found and not ours.startswith(found):
            raise AlreadyExists(
                f"{shown(partial)} is in the way and is something else. Move it, or choose another name."
            )
        os.ftruncate(descriptor, 0)
    except BlockingIOError as error:
        raise Busy(f"{shown(partial)} is being written by another process.") from error
    except OSError as error:
        raise cannot_write(partial, error) from error
    with suppress(OSError):  # a file system without modes; what is written here is sealed anyway
        os.fchmod(descriptor, 0o600)


def _remove(partial: Path, descriptor: int) -> None:
    """The partial name, if it still is the file that was made here."""
    with suppress(OSError):
        if os.path.samestat(os.stat(partial, follow_symlinks=False), os.fstat(descriptor)):
            os.unlink(partial)


def sync_directory(directory: Path) -> None:
    """Let the names in it be on disk. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
