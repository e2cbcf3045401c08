"""Other programs for secrets, by their command lines as ours by its own: `pass` and KeePassXC's, in vaults of 10 and of 10,000.

Left out, and said, where they are not installed.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from benchmarks.nodes import Node
from benchmarks.result import Result, ratio
from benchmarks.workload import secrets, write_tree

SMALL, LISTED, LARGE = 10, 1_000, 10_000
_PASSWORD = b"a password for measuring\n"
Times = dict[str, list[float]]


def measure(base: Path, rounds: int) -> Iterator[Result]:
    """Every round asks everybody once, so that noise of the machine falls on all."""
    missing = [name for name in ("pass", "gpg", "keepassxc-cli") if shutil.which(name) is None]
    if missing:
        print(f"not measured, because not installed: {', '.join(missing)}", file=sys.stderr)
        return
    node, store, keepass = Node(base / "rival-node"), _Pass(base / "rival-pass"), _KeePass(base / "rival-keepass")
    times: Times = {}

    def note(who: str, what: str, size: int, seconds: float) -> None:
        times.setdefault(f"{who} {what} {size}", []).append(seconds)

    try:
        node.start()
        for size in (SMALL, LISTED, LARGE):
            tree = base / f"rival-tree{size}"
            tree.mkdir()
            write_tree(tree, size)
            node.json("vaults", "create", f"v{size}")
            node.json("vaults", "import", f"v{size}", str(tree))
            store.fill(size)
            keepass.fill(size)
        for number in range(max(rounds, 7)):
            for size in (SMALL, LARGE):
                path, value = next(iter(secrets(size)))[0], b"value %d" % number
                note("ours", "store", size, node.timed("secrets", "write", f"v{size}:new", stdin=value)[0])
                note("pass", "store", size, store.store(size, value))
                note("keepass", "store", size, keepass.store(size, value))
                note("ours", "read", size, node.timed("secrets", "cat", f"v{size}:{path}")[0])
                note("pass", "read", size, store.show(size, path))
            note("ours", "list", LISTED, node.timed("secrets", "ls", f"v{LISTED}", "--recursive")[0])
            note("pass", "list", LISTED, store.list(LISTED))
            note("keepass", "list", LISTED, keepass.list(LISTED))
    finally:
        node.stop()
        store.stop()
    yield from _results(times)


def _results(times: Times) -> Iterator[Result]:
    for size in (SMALL, LARGE):
        ours = times[f"ours store {size}"]
        yield ratio(f"store one, vault of {size:,} / pass insert", ours, times[f"pass store {size}"], 1.0)
        yield ratio(f"store one, vault of {size:,} / keepassxc-cli add", ours, times[f"keepass store {size}"], 1.0)
        yield ratio(
            f"read one, vault of {size:,} / pass show", times[f"ours read {size}"], times[f"pass read {size}"], 1.5
        )
    listed = times[f"ours list {LISTED}"]
    yield ratio(f"list {LISTED:,} / pass ls", listed, times[f"pass list {LISTED}"], 1.0)
    yield ratio(f"list {LISTED:,} / keepassxc-cli ls", listed, times[f"keepass list {LISTED}"], 1.0)
    for what in ("store", "read"):
        small, large = times[f"ours {what} {SMALL}"], times[f"ours {what} {LARGE}"]
        # “The same” within what the machine's noise does to equal work.
        yield ratio(f"{what} one, vault of {LARGE:,} / vault of {SMALL:,}", large, small, 1.15)


def _timed(arguments: list[str], stdin: bytes, environment: dict[str, str]) -> float:
    begun = time.perf_counter()
    subprocess.run(arguments, input=stdin, capture_output=True, check=True, env=environment)
    return time.perf_counter() - begun


class _Pass:
    """Stores under a key without a passphrase; entries are copies of one encrypted file, since gpg takes 5 ms for each."""

    def __init__(self, home: Path) -> None:
        self._home = home
        gnupg = home / "gnupg"
        gnupg.mkdir(parents=True, mode=0o700)
        self._environment = {**os.environ, "GNUPGHOME": str(gnupg)}
        batch = [
            "gpg",
            "--batch",
            "--quiet",
            "--passphrase",
            "",
            "--quick-generate-key",
            "bench",
            "default",
            "default",
            "never",
        ]
        subprocess.run(batch, check=True, capture_output=True, env=self._environment)

    def _of(self, size: int) -> dict[str, str]:
        return {**self._environment, "PASSWORD_STORE_DIR": str(self._home / f"store{size}")}

    def fill(self, size: int) -> None:
        environment = self._of(size)
        store = Path(environment["PASSWORD_STORE_DIR"])
        subprocess.run(["pass", "init", "bench"], check=True, capture_output=True, env=environment)
        subprocess.run(
            ["pass", "insert", "-m", "new"], input=b"a value", check=True, capture_output=True, env=environment
        )
        for path, _ in secrets(size):
            (store / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(store / "new.gpg", store / f"{path}.gpg")

    def store(self, size: int, value: bytes) -> float:
        return _timed(["pass", "insert", "-m", "-f", "new"], value, self._of(size))

    def show(self, size: int, path: str) -> float:
        return _timed(["pass", "show", path], b"", self._of(size))

    def list(self, size: int) -> float:
        return _timed(["pass", "ls"], b"", self._of(size))

    def stop(self) -> None:
        subprocess.run(["gpgconf", "--kill", "all"], env=self._environment, check=False, capture_output=True)


class _KeePass:
    """Databases as its command makes them from XML, with its own default cost of the password."""

    def __init__(self, home: Path) -> None:
        self._home = home
        home.mkdir(parents=True)
        self._environment = {**os.environ, "HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}
        self._number = 0

    def fill(self, size: int) -> None:
        entry = "<Entry>" + 2 * "<String><Key>{}</Key><Value>{}</Value></String>" + "</Entry>"
        rows = "".join(
            entry.format("Title", escape(path.replace("/", "-")), "Password", escape(value.decode()))
            for path, value in secrets(size)
        )
        xml = self._home / f"{size}.xml"
        xml.write_text(
            '<?xml version="1.0" encoding="UTF-8"?><KeePassFile><Meta/><Root><Group><Name>Root</Name>'
            f"{rows}</Group></Root></KeePassFile>"
        )
        subprocess.run(
            ["keepassxc-cli", "import", str(xml), str(self._home / f"{size}.kdbx"), "-p"],
            input=2 * _PASSWORD, capture_output=True, check=True, env=self._environment,
        )  # fmt: skip

    def store(self, size: int, value: bytes) -> float:
        self._number += 1
        command = ["keepassxc-cli", "add", "-q", "-p", str(self._home / f"{size}.kdbx"), f"new{self._number}"]
        return _timed(command, _PASSWORD + value + b"\n" + value + b"\n", self._environment)

    def list(self, size: int) -> float:
        return _timed(
            ["keepassxc-cli", "ls", "-q", "-R", str(self._home / f"{size}.kdbx")], _PASSWORD, self._environment
        )


def shown(times: Times) -> str:
    """The medians, for looking at."""
    return "\n".join(f"{name}: {1000 * statistics.median(values):.1f} ms" for name, values in sorted(times.items()))
