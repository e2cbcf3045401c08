"""A secret of 100 MiB: written, read and cloned, and what both ends hold in memory meanwhile."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from benchmarks import raw, syncthing
from benchmarks.nodes import Node, introduce
from benchmarks.result import Result, plain, ratio

SIZE = 100 * 1024 * 1024


def measure(base: Path, rounds: int) -> Iterator[Result]:
    value = hashlib.shake_256(b"pk-tui bench large").digest(SIZE)
    file = base / "large-file"
    file.write_bytes(value)
    owner, reader = Node(base / "large-owner"), Node(base / "large-reader")
    times: dict[str, list[float]] = {name: [] for name in ("in", "out", "clone", "raw in", "raw out", "syncthing")}
    memory: dict[str, list[float]] = {"owner": [], "reader": []}
    try:
        owner.start()
        reader.start()
        introduce(owner, reader)
        for number in range(min(rounds, 3)):
            written, read = raw.chunks_in(base / f"large-{number}.db", value)
            times["raw in"].append(written)
            times["raw out"].append(read)
            name = f"large{number}"
            owner.json("vaults", "create", name)
            owner.json("vaults", "share", name, reader.node_id)
            before = owner.resident_mib(), reader.resident_mib()
            owner.forget_peak()
            reader.forget_peak()
            times["in"].append(owner.timed("secrets", "create", str(file), f"{name}:file")[0])
            seconds, got = owner.timed("secrets", "cat", f"{name}:file")
            assert got == value
            times["out"].append(seconds)
            times["clone"].append(reader.timed("vaults", "clone", name, owner.node_id)[0])
            memory["owner"].append(owner.peak_mib() - before[0])
            memory["reader"].append(reader.peak_mib() - before[1])
            for node in (owner, reader):
                node.json("vaults", "delete", name)
            times["syncthing"] += syncthing.sync_one(base / f"syncthing{number}", file)
    finally:
        owner.stop()
        reader.stop()
    yield ratio("100 MiB secret, write / SQLite chunks", times["in"], times["raw in"], 2.0)
    yield ratio("100 MiB secret, read / SQLite chunks", times["out"], times["raw out"], 2.0)
    if times["syncthing"]:
        yield ratio("100 MiB secret, clone / Syncthing", times["clone"], times["syncthing"], 2.0)
    for who, grown in memory.items():
        yield plain(f"100 MiB secret, memory of the {who} above before", grown, 40.0, "MiB")
