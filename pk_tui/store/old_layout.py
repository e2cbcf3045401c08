"""The database as it was before a newer program changed its layout: a copy beside it, for going back to the older program.

It is sealed as the database is, and opens with the password of that time. Since it also holds what is later to be gone for good,
it goes with the first thing that is: a vault deleted, a secret forgotten, keys or password renewed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from pk_tui.errors import StorageFailed

_UNFINISHED = ".new"


class Executes(Protocol):
    def execute(self, sql: str, parameters: Sequence[str], /) -> object: ...


def keep_copy(connection: Executes, path: Path, version: int) -> Path:
    """Copy the open database at `path` to `NAME.layoutN`, whole and on disk when this returns; one from an earlier try goes.

    Raises StorageFailed (or SQLite's error) if that cannot be done; then nothing has changed but an unfinished file that is gone.
    """
    copy = path.with_name(f"{path.name}.layout{version}")
    unfinished = copy.with_name(copy.name + _UNFINISHED)
    try:
        unfinished.unlink(missing_ok=True)
        # Made here, since SQLite would make it with the mode that the umask leaves.
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        connection.execute("VACUUM INTO ?", (str(unfinished),))
        _sync(unfinished, os.O_RDWR)
        unfinished.replace(copy)
        _sync(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise StorageFailed(
            f"The database is of an older layout and cannot be copied before it is changed: {error.strerror}. "
            "Nothing was changed."
        ) from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return copy


def copies(path: Path) -> list[Path]:
    """The copies of older layouts beside the database, unfinished ones too."""
    return sorted(path.parent.glob(f"{path.name}.layout*"))


def remove_copies(path: Path) -> None:
    """Remove them, since something in them is to be gone for good. Raises StorageFailed if one cannot be removed."""
    found = copies(path)
    try:
        for copy in found:
            copy.unlink(missing_ok=True)
        if found:
            _sync(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise StorageFailed(
            f"“{copy.name}”, a copy of the database in its older layout, cannot be removed: {error.strerror}. "
            "It still holds what was to be gone: remove it by hand."
        ) from error


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
