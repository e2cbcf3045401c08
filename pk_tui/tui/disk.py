"""The user's own directories and files, as far as naming one needs: completing a path, counting files. Never opens a file."""

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
    """`typed` as far as it can be written without a choice, and the names between which there is one."""

    typed: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Counted:
    """Regular files below a directory; `is_all` is False if there are more than anyone would wait for."""

    files: int
    bytes: int
    is_all: bool = True


def target(typed: str) -> Path:
    """The path that is meant, whole, whether something is there or not. Raises Misuse with a sentence."""
    if not typed.strip():
        raise Misuse("Type a path; tab completes it.")
    if "\0" in typed:
        raise Misuse("No path has a NUL in it.")
    return Path(os.path.abspath(os.path.expanduser(typed)))


def source(typed: str) -> Path:
    """A file or directory that is there. Raises Misuse or MissingInput with a sentence."""
    path = target(typed)
    if not path.exists():
        raise MissingInput(f"There is no file or directory “{safe_text(typed, 300)}”.")
    return path


def in_short(path: Path) -> str:
    """A path as people write it: `~/old` for what is below their home. Not yet safe to show."""
    home = os.path.expanduser("~")
    text = str(path)
    return f"~{text[len(home) :]}" if home != "/" and text.startswith(f"{home}/") else text


def complete(typed: str, files: bool = False) -> Completion:
    """What tab makes of a beginning: the directories, and with `files` the files too, that begin so. `~` stays as it was
    written. A directory among files ends in a slash."""
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
                if hidden or not entry.name.startswith(begun):
                    continue
                if entry.is_dir():
                    found.append(f"{entry.name}/" if files else entry.name)
                elif files:
                    found.append(entry.name)
    except (OSError, ValueError):
        return Completion(typed)
    if not found:
        return Completion(typed)
    common = _common(min(found), max(found)) + ("/" if len(found) == 1 and not files else "")
    whole = f"{above}/{common}" if "/" in typed else common
    return Completion(whole, tuple(sorted(found)) if len(found) > 1 else ())


def _common(one: str, other: str) -> str:
    """What two names begin with alike; of the first and last of many it is what all begin with."""
    length = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one[:length]


def count(path: Path, called_off: Callable[[], bool]) -> Counted:
    """How many files an import of this would look at. Links are not followed, as the import does not."""
    if path.is_file():
        return Counted(1, path.stat().st_size)
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
