"""What a command costs while an agent runs, against the bare interpreter; and what that agent holds in memory."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.nodes import Node
from benchmarks.result import Result, plain, ratio

SETTLING = 10.0
"""Seconds after unlocking in which an agent comes to rest."""


def measure(base: Path, rounds: int) -> Iterator[Result]:
    node = Node(base / "commands")
    try:
        node.start()
        time.sleep(SETTLING)
        resident = node.resident_mib()
        node.json("vaults", "create", "v")
        bare, cat, write = [], [], []
        for number in range(max(15, rounds)):
            begun = time.perf_counter()
            subprocess.run([sys.executable, "-c", "pass"], check=True)
            bare.append(time.perf_counter() - begun)
            path = f"v:bench{number % 5}"
            write.append(node.timed("secrets", "write", path, stdin=b"value %d" % number)[0])
            cat.append(node.timed("secrets", "cat", path)[0])
    finally:
        node.stop()
    yield ratio("secrets cat / python -c pass", cat, bare, 3.0)
    yield ratio("secrets write / python -c pass", write, bare, 3.0)
    yield plain("headless agent 10 s after unlock", [resident], 60.0, "MiB")
