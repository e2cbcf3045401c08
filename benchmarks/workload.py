"""The secrets that are measured with: 64 to 1,024 bytes of incompressible text in about sqrt(N) folders, always the same."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Callable, Iterator
from pathlib import Path


def secrets(count: int) -> Iterator[tuple[str, bytes]]:
    """`count` paths and values; sizes are log-uniform, about 340 bytes on average."""
    folders = max(1, math.isqrt(count))
    for number in range(count):
        seed = hashlib.blake2b(b"pk-tui bench %d" % number, digest_size=8).digest()
        size = int(64 * 16 ** (int.from_bytes(seed, "big") / 2**64))
        noise = hashlib.shake_256(seed).digest(size)
        yield f"folder{number % folders:04d}/secret{number:06d}", base64.b64encode(noise)[:size]


def flat_secrets(count: int) -> Iterator[tuple[str, bytes]]:
    """The same, all in one folder."""
    for path, value in secrets(count):
        yield path.rpartition("/")[2], value


def write_tree(directory: Path, count: int, source: Callable[[int], Iterator[tuple[str, bytes]]] = secrets) -> int:
    """Write the secrets as files; their bytes in all."""
    total = 0
    for path, value in source(count):
        file = directory / path
        if not file.parent.exists():
            file.parent.mkdir(parents=True)
        file.write_bytes(value)
        total += len(value)
    return total


def fast_import_stream(count: int) -> bytes:
    """The same secrets as one commit in git fast-import's language."""
    parts = [b"commit refs/heads/main\ncommitter a <a@example.invalid> 1700000000 +0000\ndata 6\nimport\n"]
    for path, value in secrets(count):
        parts.append(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(value), value))
    parts.append(b"done\n")
    return b"".join(parts)
