"""A directory tree on disk: every regular file is a secret at its relative path. Reading the files is the caller's work.

Symbolic links, devices, sockets and pipes are not followed or opened: a link can point anywhere, and a pipe never ends.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pk_tui.errors import MissingInput, Misuse
from pk_tui.safe_text import safe_text
from pk_tui.terms import SecretPath


@dataclass(frozen=True, slots=True)
class Found:
    path: SecretPath
    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is not taken, and why in words."""

    name: str
    reason: str


def walk(directory: Path) -> Iterator[Found | Skipped]:
    """Everything below `directory`, in the order of names. Raises MissingInput if it cannot be read, Misuse if it is a file."""
    if not directory.exists():
        raise MissingInput(f"There is no directory “{safe_text(str(directory))}”.")
    if not directory.is_dir():
        raise Misuse(
            f"“{safe_text(str(directory))}” is not a directory. To store one file use `pk-tui secrets create`."
        )
    yield from _below(str(directory), ())


def _below(directory: str, parts: tuple[str, ...]) -> Iterator[Found | Skipped]:
    try:
        with os.scandir(directory) as entries:
            rows = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        if not parts:
            raise MissingInput(f"“{safe_text(directory)}” cannot be read: {error.strerror}.") from error
        yield Skipped("/".join(parts), f"the directory cannot be read: {error.strerror}")
        return
    names: set[str] = set()
    for entry in rows:
        name = unicodedata.normalize("NFC", entry.name)
        shown = safe_text("/".join((*parts, entry.name)))
        if name in names:
            yield Skipped(shown, "another file has the same name, written with other characters")
            continue
        names.add(name)
        try:
            yield from _one(entry, (*parts, name), shown)
        except Misuse as error:
            yield Skipped(shown, error.message)


def _one(entry: os.DirEntry[str], parts: tuple[str, ...], shown: str) -> Iterator[Found | Skipped]:
    """What one entry of a directory gives. Raises Misuse if no secret may have its path."""
    if entry.is_symlink():
        yield Skipped(shown, "it is a symbolic link")
    elif entry.is_dir(follow_symlinks=False):
        SecretPath.of(parts)
        yield from _below(entry.path, parts)
    elif not entry.is_file(follow_symlinks=False):
        yield Skipped(shown, "it is not a regular file")
    else:
        path = SecretPath.of(parts)
        try:
            size = entry.stat(follow_symlinks=False).st_size
        except OSError as error:  # it went while the ones before it were read
            yield Skipped(shown, f"it cannot be read: {error.strerror}")
            return
        yield Found(path, entry.path, size)


def open_file(found: Found) -> int:
    """A descriptor for reading the file, opened so that a link or pipe put in its place meanwhile is refused. Raises OSError."""
    descriptor = os.open(found.file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("it is no longer a regular file")
    return descriptor
