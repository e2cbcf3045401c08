"""All targets in one run: `python -m benchmarks.run [--json] [--rounds N] [--only NAME]`. Exits 1, naming each one missed."""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import commit, git_peer, screen
from benchmarks.nodes import Node, introduce
from benchmarks.workload import fast_import_stream, secrets, write_tree


@dataclass
class Result:
    """`value` is ours and `reference` the other's (seconds; MiB for memory); `limit` is what the ratio (or value) may be."""

    name: str
    value: float
    reference: float | None
    measured: float
    limit: float
    unit: str = "x"

    @property
    def met(self) -> bool:
        return self.measured <= self.limit


def ratio(name: str, ours: list[float], theirs: list[float], limit: float) -> Result:
    """Median against median; the runs alternated, so that noise of the machine falls on both."""
    value, reference = statistics.median(ours), statistics.median(theirs)
    return Result(name, value, reference, value / reference, limit)


class Bench:
    def __init__(self, rounds: int, base: Path) -> None:
        self.rounds = rounds
        self.base = base
        self.results: list[Result] = []

    def tree(self, count: int) -> Path:
        directory = self.base / f"tree{count}"
        if not directory.exists():
            directory.mkdir()
            write_tree(directory, count)
        return directory

    def clone_and_pull(self) -> None:
        owner, reader = Node(self.base / "owner"), Node(self.base / "reader")
        try:
            for node in (owner, reader):
                node.start()
            introduce(owner, reader)
            repositories = self.base / "git"
            repositories.mkdir()
            for count in (1_000, 10_000):
                git_peer.fast_import(repositories / f"r{count}", count)
                owner.json("vaults", "create", f"v{count}")
                owner.json("vaults", "import", f"v{count}", str(self.tree(count)))
                owner.json("vaults", "share", f"v{count}", reader.node_id)
            with git_peer.daemon(repositories) as port:
                for count in (1_000, 10_000):
                    self._clone(count, port, owner, reader)
                self._pull(10_000, port, repositories, owner, reader)
            self._command_line(owner)
        finally:
            for node in (owner, reader):
                node.stop()

    def _clone(self, count: int, port: int, owner: Node, reader: Node) -> None:
        ours, theirs = [], []
        for number in range(self.rounds):
            theirs.append(git_peer.clone(port, f"r{count}", self.base / f"clone{count}-{number}"))
            name = f"c{count}-{number}"
            ours.append(reader.timed("vaults", "clone", f"v{count}", owner.node_id, "--name", name)[0])
            if number:
                reader.json("vaults", "delete", name)
        self.results.append(ratio(f"clone {count:,} secrets / git clone --bare", ours, theirs, 1.5))

    def _pull(self, count: int, port: int, repositories: Path, owner: Node, reader: Node) -> None:
        path = next(path for path, _ in secrets(count))
        clone = self.base / f"clone{count}-0"
        ours, theirs = [], []
        for number in range(self.rounds):
            value = b"changed %d" % number
            git_peer.commit_one(repositories / f"r{count}", path, value)
            owner.timed("secrets", "write", f"v{count}:{path}", stdin=value)
            theirs.append(git_peer.fetch(clone))
            ours.append(reader.timed("vaults", "pull", f"c{count}-0")[0])
        self.results.append(ratio(f"pull one change of {count:,} / git fetch", ours, theirs, 0.5))

    def _command_line(self, node: Node) -> None:
        bare, cat, write = [], [], []
        for number in range(max(15, self.rounds)):
            begun = time.perf_counter()
            subprocess.run([sys.executable, "-c", "pass"], check=True)
            bare.append(time.perf_counter() - begun)
            path = f"v1000:bench{number % 5}"
            write.append(node.timed("secrets", "write", path, stdin=b"value %d" % number)[0])
            cat.append(node.timed("secrets", "cat", path)[0])
        self.results.append(ratio("secrets cat / python -c pass", cat, bare, 3.0))
        self.results.append(ratio("secrets write / python -c pass", write, bare, 3.0))

    def importing(self) -> None:
        count = 10_000
        node = Node(self.base / "importer")
        node.start()
        try:
            ours, theirs = [], []
            stream = fast_import_stream(count)
            tree = self.tree(count)
            for number in range(self.rounds):
                theirs.append(git_peer.fast_import(self.base / f"import{number}", count, stream))
                node.json("vaults", "create", f"i{number}")
                ours.append(node.timed("vaults", "import", f"i{number}", str(tree))[0])
        finally:
            node.stop()
        self.results.append(ratio("import 10,000 / git fast-import", ours, theirs, 1.0))

    def committing(self) -> None:
        commits, raws = commit.measure(self.base, self.tree(10_000), 10_000)
        self.results.append(ratio("one commit in 10,000 / one SQLite transaction", commits, raws, 5.0))

    def painting(self) -> None:
        node = Node(self.base / "screen")
        node.start()
        try:
            node.json("vaults", "create", "painted")
            node.json("vaults", "import", "painted", str(self.tree(1_000)))
            empty, locked, attached = [], [], []
            for _ in range(max(7, self.rounds)):
                empty.append(screen.empty_app())
                attached.append(screen.attached(node, b"painted"))
            node.stop()
            for _ in range(max(7, self.rounds)):
                empty.append(screen.empty_app())
                locked.append(screen.locked(node))
        finally:
            node.stop()
        self.results.append(ratio("lock screen of 1,000 secrets / empty Textual app", locked, empty, 1.6))
        self.results.append(ratio("vaults of 1,000 secrets, attached / empty Textual app", attached, empty, 1.6))

    def answering(self) -> None:
        owner, reader = Node(self.base / "sender"), Node(self.base / "answering")
        try:
            for node in (owner, reader):
                node.start()
            introduce(owner, reader)
            owner.json("vaults", "create", "large")
            owner.json("vaults", "import", "large", str(self.tree(10_000)))
            owner.json("vaults", "share", "large", reader.node_id)
            for name in ("a", "b", "c"):  # so that the cursor has somewhere to go
                reader.json("vaults", "create", name)
            reader.stop()
            answers: list[float] = []
            for number in range(self.rounds):
                work = ("vaults", "clone", "large", owner.node_id, "--name", f"copy{number}")
                answers += screen.keys_during_clone(reader, work)
        finally:
            for node in (owner, reader):
                node.stop()
        worst = statistics.quantiles(answers, n=20)[-1] * 1000
        self.results.append(Result("a key during a clone of 10,000, 95th percentile", worst, None, worst, 50.0, "ms"))

    def memory(self) -> None:
        node = Node(self.base / "resident")
        node.start()
        try:
            time.sleep(10)
            mib = node.resident_mib()
        finally:
            node.stop()
        self.results.append(Result("headless agent 10 s after unlock", mib, None, mib, 60.0, "MiB"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=("clone", "import", "commit", "painting", "answering", "memory"))
    options = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="pk-tui-bench-"))
    bench = Bench(options.rounds, base)
    parts: dict[str, Callable[[], None]] = {
        "clone": bench.clone_and_pull,
        "import": bench.importing,
        "commit": bench.committing,
        "painting": bench.painting,
        "answering": bench.answering,
        "memory": bench.memory,
    }
    try:
        for name, part in parts.items():
            if options.only in (None, name):
                part()
    finally:
        shutil.rmtree(base, ignore_errors=True)
    missed = [result.name for result in bench.results if not result.met]
    if options.json:
        rows = [{**asdict(result), "met": result.met} for result in bench.results]
        print(json.dumps({"results": rows, "missed": missed}, indent=2))
    else:
        for row in bench.results:
            times = f"{row.value * 1000:8.1f} ms / {row.reference * 1000:8.1f} ms" if row.reference else " " * 24
            mark = "met   " if row.met else "MISSED"
            print(f"{mark} {row.name:48} {times}  {row.measured:6.2f} {row.unit} (at most {row.limit:g})")
    for name in missed:
        print(f"target missed: {name}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
