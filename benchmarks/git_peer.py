"""git as the peer to compare with: a bare repository of the same tree, served by `git daemon` on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.workload import fast_import_stream

# As durable as the store is: git's defaults leave loose objects and refs to the kernel.
CONFIG = ["-c", "core.fsync=all", "-c", "gc.auto=0", "-c", "user.name=a", "-c", "user.email=a@example.invalid"]


def git(*arguments: str, cwd: Path | None = None, stdin: bytes | None = None) -> bytes:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    done = subprocess.run(
        ["git", *CONFIG, *arguments], cwd=cwd, input=stdin, capture_output=True, check=True, env=environment
    )
    return done.stdout


def fast_import(repository: Path, count: int, stream: bytes | None = None) -> float:
    """Import the workload into a new bare repository; the seconds fast-import took."""
    git("init", "--bare", "-q", "-b", "main", str(repository))
    stream = stream if stream is not None else fast_import_stream(count)
    begun = time.perf_counter()
    git("fast-import", "--quiet", "--done", cwd=repository, stdin=stream)
    return time.perf_counter() - begun


def commit_one(repository: Path, path: str, value: bytes) -> None:
    git(
        "fast-import", "--quiet", "--done", cwd=repository,
        stdin=b"commit refs/heads/main\ncommitter a <a@example.invalid> 1700000001 +0000\ndata 6\nchange\n"
        b"from refs/heads/main^0\nM 100644 inline %s\ndata %d\n%s\ndone\n" % (path.encode(), len(value), value),
    )  # fmt: skip


def commit_many(repository: Path, path: str, count: int) -> None:
    """`count` commits, each of another value at `path`."""
    parts = []
    for number in range(count):
        value = b"history %d" % number
        parts.append(
            b"commit refs/heads/main\ncommitter a <a@example.invalid> %d +0000\ndata 6\nchange\n"
            b"%sM 100644 inline %s\ndata %d\n%s\n"
            % (
                1700000001 + number,
                b"from refs/heads/main^0\n" if number == 0 else b"",
                path.encode(),
                len(value),
                value,
            )
        )
    git("fast-import", "--quiet", "--done", cwd=repository, stdin=b"".join(parts) + b"done\n")


@contextmanager
def daemon(base: Path) -> Iterator[int]:
    """`git daemon` for the repositories below `base`; yields its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [
            "git",
            "daemon",
            "--export-all",
            f"--base-path={base}",
            "--listen=127.0.0.1",
            f"--port={port}",
            "--reuseaddr",
            str(base),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                break
            except OSError:
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def clone(port: int, name: str, target: Path) -> float:
    begun = time.perf_counter()
    git("clone", "--bare", "-q", f"git://127.0.0.1:{port}/{name}", str(target))
    return time.perf_counter() - begun


def fetch(repository: Path) -> float:
    begun = time.perf_counter()
    git("fetch", "-q", "origin", "main:main", cwd=repository)
    return time.perf_counter() - begun
