"""A directory tree on disk: every regular file is a secret at its relative path. Reading the files is the caller's work.

Symbolic links, devices, sockets and pipes are not followed or opened: a link can point anywhere, and a pipe never ends. A
directory of nothing but the numbered pieces of a large secret, as a git checkout of an export has it, is that secret.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pk_tui.errors import MissingInput, Misuse
from pk_tui.importers.finding import Skipped
from pk_tui.safe_text import safe_text
from pk_tui.terms import SecretPath
from pk_tui.vault.chunks import chunk_name
from pk_tui.vault.git_names import is_taken_for_git


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A secret that lies in one file; in several, one after the other, if it was cut into pieces."""

    path: SecretPath
    files: tuple[str, ...]


def walk(directory: Path) -> Iterator[FoundFile | Skipped]:
    """Everything below `directory`, in the order of names. Raises MissingInput if it cannot be read, Misuse if it is a file."""
    if not directory.exists():
        raise MissingInput(f"There is no directory “{safe_text(str(directory))}”.")
    if not directory.is_dir():
        raise Misuse(
            f"“{safe_text(str(directory))}” is not a directory. To store one file use `pk-tui secrets create`."
        )
    yield from _below(str(directory), None)


def _below(directory: str, here: SecretPath | None) -> Iterator[FoundFile | Skipped]:
    try:
        with os.scandir(directory) as entries:
            rows = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        if here is None:
            raise MissingInput(f"“{safe_text(directory)}” cannot be read: {error.strerror}.") from error
        yield Skipped(safe_text(str(here), 1200), f"the directory cannot be read: {error.strerror}")
        return
    if here is not None and _are_pieces(rows):
        yield FoundFile(here, tuple(entry.path for entry in rows))
        return
    names: set[str] = set()
    for entry in rows:
        name = entry.name if entry.name.isascii() else unicodedata.normalize("NFC", entry.name)
        if name in names:
            yield Skipped(_shown(here, entry), "another file has the same name, written with other characters")
            continue
        names.add(name)
        try:
            found = _one(entry, here, name)
        except Misuse as error:
            yield Skipped(_shown(here, entry), error.message)
            continue
        if isinstance(found, SecretPath):
            yield from _below(entry.path, found)
        else:
            yield found


def _shown(here: SecretPath | None, entry: os.DirEntry[str]) -> str:
    return safe_text(f"{here}/{entry.name}" if here else entry.name, 1200)


def _one(entry: os.DirEntry[str], here: SecretPath | None, name: str) -> FoundFile | Skipped | SecretPath:
    """What one entry of the directory `here` gives; of a directory its path. Raises Misuse if nothing may have that path."""
    if entry.is_symlink():
        return Skipped(_shown(here, entry), "it is a symbolic link")
    if name[0] in ".gG" and is_taken_for_git(name):
        return Skipped(_shown(here, entry), "some systems take the name for git's own directory")
    if entry.is_dir(follow_symlinks=False):
        return here / name if here else SecretPath.of((name,))
    if not entry.is_file(follow_symlinks=False):
        return Skipped(_shown(here, entry), "it is not a regular file")
    return FoundFile(here / name if here else SecretPath.of((name,)), (entry.path,))


def _are_pieces(rows: list[os.DirEntry[str]]) -> bool:
    """Whether a directory holds the pieces of one secret, all of them and nothing else. No name of a secret is like theirs."""
    return bool(rows) and all(
        entry.name == chunk_name(number).decode() and entry.is_file(follow_symlinks=False)
        for number, entry in enumerate(rows)
    )
