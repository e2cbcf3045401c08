"""The newest files of a git export: which they are, and git's index of them, so that git finds its working tree as it left it.

A large secret is a directory of its pieces there, as it is in the tree: a file put together would be another tree.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pk_tui.vault import entries
from pk_tui.vault.objects import MODE_FILE, ObjectSource, Oid

_ENTRY = struct.Struct(">40s20sH")
_LONG = 0xFFF
"""A name's length as far as the index has room for it; git finds the end of a longer one by its zero byte."""


class CheckedOut(NamedTuple):
    """A file of the working tree, or a directory (which comes before what it holds)."""

    path: tuple[bytes, ...]
    oid: Oid
    is_directory: bool


def checked_out(source: ObjectSource, tree: Oid, above: tuple[bytes, ...] = ()) -> Iterator[CheckedOut]:
    """All directories and files of a tree, in git's order."""
    for mode, name, oid in entries.fields(source.body(tree)):
        path = (*above, name)
        is_directory = mode == entries.DIRECTORY
        yield CheckedOut(path, oid, is_directory)
        if is_directory:
            yield from checked_out(source, oid, path)


def git_index(files: Sequence[tuple[tuple[bytes, ...], Oid]]) -> Iterator[bytes]:
    """git's index (version 2) of these files, which stand in git's order. The facts of the file system are left zero: git looks
    at the files themselves when it is first asked."""
    state = hashlib.sha1(usedforsecurity=False)
    for part in _parts(files):
        state.update(part)
        yield part
    yield state.digest()


def _parts(files: Sequence[tuple[tuple[bytes, ...], Oid]]) -> Iterator[bytes]:
    yield struct.pack(">4sII", b"DIRC", 2, len(files))
    facts = bytes(24) + struct.pack(">I", MODE_FILE) + bytes(12)
    for path, oid in files:
        name = b"/".join(path)
        entry = _ENTRY.pack(facts, oid, min(len(name), _LONG)) + name
        yield entry + bytes(8 - len(entry) % 8)
