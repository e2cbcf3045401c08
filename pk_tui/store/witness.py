"""What the database cannot say of itself: how far it had already come.

A whole database put back from a copy, or one whose journal was cut, is consistent: every seal opens and the ledger adds up.
So its version number is also kept in a small sealed file beside it, and with it the highest head sequence seen of every
lineage, so that not even an accepted older state leads to signing, or believing, a second head of the same number; and that of
every vault, so that a check can tell which one went back. What these are for is `floors`'.

Copying both files back together goes unnoticed here; peers notice it, since they remember our heads.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Protocol

from pk_tui.crypto.seal import SealKey, open_sealed, place, seal
from pk_tui.errors import CannotOpen, Malformed, StorageFailed
from pk_tui.records import U63, Bytes16, Bytes32, Meta, Record, decode, encode
from pk_tui.terms import LineageId

_MAX_SIZE = 16 * 1024 * 1024
_MAX_HEADS = 100_000
_PLACE = place("witness")


_Heads = Annotated[tuple[tuple[Bytes32, U63], ...], Meta(max_length=_MAX_HEADS)]


class _Remembered1(Record, frozen=True, tag="witness1"):
    """The form that did not tell vaults of one lineage apart."""

    gen: U63
    heads: _Heads


class _Remembered(Record, frozen=True, tag="witness2"):
    gen: U63
    heads: _Heads
    vaults: Annotated[tuple[tuple[Bytes16, Bytes32, U63], ...], Meta(max_length=_MAX_HEADS)]


@dataclass(frozen=True, slots=True)
class VaultFloor:
    """The highest head sequence of one vault, in the lineage it was of."""

    lineage: LineageId
    sequence: int


@dataclass(frozen=True, slots=True)
class Remembered:
    """The database's version number, the highest head sequence by lineage, and that of each vault by its local name (`uid`); None
    in place of those if the file is of the form that did not hold them."""

    gen: int
    heads: dict[LineageId, int]
    vaults: dict[bytes, VaultFloor] | None


class Witness(Protocol):
    """Where the sealed bytes are kept."""

    def load(self) -> bytes | None:
        """None if there are none."""
        ...

    def save(self, sealed: bytes) -> None:
        """Replace them, so that after a crash they are the old or the new ones."""
        ...


class FileWitness:
    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> bytes | None:
        try:
            with self._path.open("rb") as file:
                sealed = file.read(_MAX_SIZE + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageFailed(f"The witness file cannot be read: {error.strerror}.") from error
        return sealed if len(sealed) <= _MAX_SIZE else None

    def save(self, sealed: bytes) -> None:
        try:
            _replace(self._path, sealed)
        except OSError as error:
            raise StorageFailed(f"The witness file cannot be written: {error.strerror}.") from error


class MemoryWitness:
    """For a database in memory: remembers as long as the object lives."""

    def __init__(self) -> None:
        self._sealed: bytes | None = None

    def load(self) -> bytes | None:
        return self._sealed

    def save(self, sealed: bytes) -> None:
        self._sealed = sealed


def recall(witness: Witness, key: SealKey) -> Remembered | None:
    """What was last remembered, in either form; None if it is gone or does not open, which the caller takes for the same."""
    sealed = witness.load()
    if sealed is None:
        return None
    either: Any = _Remembered | _Remembered1
    try:
        record: _Remembered | _Remembered1 = decode(either, open_sealed(key, sealed, _PLACE), _MAX_SIZE)
    except (CannotOpen, Malformed):
        return None
    heads = {LineageId(lineage): sequence for lineage, sequence in record.heads}
    if isinstance(record, _Remembered1):
        return Remembered(record.gen, heads, None)
    vaults = {uid: VaultFloor(LineageId(lineage), sequence) for uid, lineage, sequence in record.vaults}
    return Remembered(record.gen, heads, vaults)


def remember(witness: Witness, key: SealKey, remembered: Remembered) -> None:
    """Raises StorageFailed if it cannot be written."""
    witness.save(sealed_memory(key, remembered))


def sealed_memory(key: SealKey, remembered: Remembered) -> bytes:
    """What is kept, as it is kept."""
    heads = tuple((lineage.raw, sequence) for lineage, sequence in remembered.heads.items())
    vaults = tuple((uid, floor.lineage.raw, floor.sequence) for uid, floor in (remembered.vaults or {}).items())
    return seal(key, encode(_Remembered(remembered.gen, heads, vaults)), _PLACE)


def _replace(path: Path, content: bytes) -> None:
    new = path.with_name(path.name + ".new")
    descriptor = os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
        while content:
            content = content[os.write(descriptor, content) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    new.replace(path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
