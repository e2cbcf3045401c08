"""A directory on disk, filled with secrets in clear: for its owner alone, never over anything, emptied again if it fails.

Everything goes through descriptors of directories opened here, so that a name put in the way meanwhile, a link most of all, is
refused and not followed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pk_tui.errors import AlreadyExists, MissingInput, StorageFailed
from pk_tui.safe_text import safe_text

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

Parts = tuple[bytes, ...]


class Target:
    """Raises OSError where the disk does; `failed` makes a sentence of it. Nothing here is for two threads at once."""

    def __init__(self, path: Path, parent: int, root: int, mode: int | None) -> None:
        """`mode`: that of the directory before, None if it was made here."""
        self.shown = f"“{safe_text(str(path), 300)}”"
        self._name = os.fsencode(path.name)
        self._parent = parent
        self._mode = mode
        self._way: list[tuple[bytes, int]] = [(b"", root)]
        """The directory last worked in, and those on the way to it, opened."""
        self._made: list[tuple[Parts, bool]] = []

    @classmethod
    def open(cls, target: Path) -> Target:
        """The directory, made if it is not there. Raises AlreadyExists if it holds anything, MissingInput without a parent."""
        path = Path(os.path.abspath(target))
        shown = f"“{safe_text(str(path), 300)}”"
        try:
            parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            where = safe_text(str(path.parent), 300)
            raise MissingInput(f"There is no directory “{where}” to put an export into: {error.strerror}.") from error
        try:
            return cls._opened(path, parent)
        except BaseException as error:
            os.close(parent)
            if isinstance(error, OSError):
                raise StorageFailed(f"{shown} cannot be made: {error.strerror}. Nothing was written.") from error
            raise

    @classmethod
    def _opened(cls, path: Path, parent: int) -> Target:
        made = True
        try:
            os.mkdir(path.name, 0o700, dir_fd=parent)
        except FileExistsError:
            made = False
        taken = AlreadyExists(
            f"“{safe_text(str(path), 300)}” is there already and is not an empty directory. Name one that is new or empty. "
            "Nothing was written."
        )
        try:
            root = os.open(path.name or ".", _DIRECTORY, dir_fd=parent)
        except NotADirectoryError as error:
            raise taken from error
        except OSError as error:
            if not made and os.path.islink(path):
                raise taken from error
            raise
        try:
            if os.listdir(root):
                raise taken
            mode = None if made else os.fstat(root).st_mode & 0o7777
            os.fchmod(root, 0o700)
        except BaseException:
            os.close(root)
            if made:
                with suppress(OSError):
                    os.rmdir(path.name, dir_fd=parent)
            raise
        return cls(path, parent, root, mode)

    def directory(self, parts: Parts) -> None:
        """Make a directory; the one above it is there."""
        os.mkdir(parts[-1], 0o700, dir_fd=self._enter(parts[:-1]))
        self._made.append((parts, True))

    @contextmanager
    def file(self, parts: Parts) -> Iterator[int]:
        """Make a file, and give a descriptor for `write`."""
        descriptor = os.open(parts[-1], _NEW_FILE, 0o600, dir_fd=self._enter(parts[:-1]))
        self._made.append((parts, False))
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    @staticmethod
    def write(descriptor: int, content: bytes) -> None:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]

    def _enter(self, parts: Parts) -> int:
        """The descriptor of a directory made here."""
        depth = 0
        while depth < len(parts) and depth + 1 < len(self._way) and self._way[depth + 1][0] == parts[depth]:
            depth += 1
        while len(self._way) > depth + 1:
            os.close(self._way.pop()[1])
        for part in parts[depth:]:
            self._way.append((part, os.open(part, _DIRECTORY, dir_fd=self._way[-1][1])))
        return self._way[-1][1]

    def failed(self, error: OSError) -> StorageFailed:
        return StorageFailed(f"The export to {self.shown} stopped: {error.strerror or error}.")

    def remove(self) -> int:
        """Take away all that was made here; returns how many files and directories could not be."""
        left = 0
        for parts, is_directory in reversed(self._made):
            try:
                above = self._enter(parts[:-1])
                if is_directory:
                    os.rmdir(parts[-1], dir_fd=above)
                else:
                    os.unlink(parts[-1], dir_fd=above)
            except FileNotFoundError:
                continue
            except OSError:
                left += 1
        self._made.clear()
        with suppress(OSError):
            if self._mode is not None:
                os.fchmod(self._enter(()), self._mode)
            elif not left:
                os.rmdir(self._name, dir_fd=self._parent)
        return left

    def close(self) -> None:
        while self._way:
            os.close(self._way.pop()[1])
        os.close(self._parent)
