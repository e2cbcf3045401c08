"""The user's own directories, as far as naming one of them needs: completing a path, counting files. Never opens a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pk_tui.errors import MissingInput, Misuse
from pk_tui.safe_text import safe_text

LOOKED_AT_MOST = 20_000
"""Entries of one directory that are looked at to complete a path."""
COUNTED_AT_MOST = 200_000
"""Files; more are imported all the same, but nobody waits for the exact number."""


@dataclass(frozen=True, slots=True)
class Completion:
    """`typed` as far as it can be written without a choice, and the directories between which there is one."""

    typed: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Counted:
    """Regular files below a directory; `is_all` is False if there are more than anyone would wait for."""

    files: int
    bytes: int
    is_all: bool = True


def directory(typed: str) -> Path:
    """The directory that is meant, whole. Raises Misuse or MissingInput with a sentence."""
    if not typed.strip():
        raise Misuse("Type the path of a directory; tab completes it.")
    if "\0" in typed:
        raise Misuse("No path has a NUL in it.")
    path = Path(os.path.abspath(os.path.expanduser(typed)))
    if not path.exists():
        raise MissingInput(f"There is no directory “{safe_text(str(path), 300)}”.")
    if not path.is_dir():
        raise Misuse(f"“{safe_text(str(path), 300)}” is not a directory.")
    return path


def complete(typed: str) -> Completion:
    """What tab makes of a beginning: the directories below it that begin so. `~` stays as it was written."""
    above, _, begun = typed.rpartition("/")
    place = os.path.expanduser(above + "/" if "/" in typed else ".")
    if typed == "~":
        return Completion("~/")
    found: list[str] = []
    try:
        with os.scandir(place) as entries:
            for number, entry in enumerate(entries):
                if number >= LOOKED_AT_MOST:
                    break
                hidden = entry.name.startswith(".") and not begun.startswith(".")
                if entry.name.startswith(begun) and not hidden and entry.is_dir():
                    found.append(entry.name)
    except (OSError, ValueError):
        return Completion(typed)
    if not found:
        return Completion(typed)
    common = _common(min(found), max(found)) + ("/" if len(found) == 1 else "")
    whole = f"{above}/{common}" if "/" in typed else common
    return Completion(whole, tuple(sorted(found)) if len(found) > 1 else ())


def _common(one: str, other: str) -> str:
    """What two names begin with alike; of the first and last of many it is what all begin with."""
    length = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one[:length]


def count(path: Path, called_off: Callable[[], bool]) -> Counted:
    """How many files an import of this directory would look at. Links are not followed, as the import does not."""
    files = size = 0
    todo = [str(path)]
    while todo and not called_off():
        try:
            with os.scandir(todo.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        files += 1
                        size += entry.stat(follow_symlinks=False).st_size
                        if files >= COUNTED_AT_MOST:
                            return Counted(files, size, False)
        except OSError:  # the import will say so
            continue
    return Counted(files, size)
