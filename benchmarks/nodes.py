"""Real nodes in real processes, driven by the installed `pk-tui` command as a script would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PASSWORD = b"a password for measuring"
PK_TUI = str(Path(sys.executable).parent / "pk-tui")


class Node:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.node_id = ""
        self.port = 0
        self.pid = 0

    def timed(self, *arguments: str, stdin: bytes | None = None) -> tuple[float, bytes]:
        """Seconds of the whole command, start of its process included, and what it printed. Raises if it fails."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PK_")}
        begun = time.perf_counter()
        done = subprocess.run(
            [PK_TUI, "--node-path", str(self.path), *arguments],
            input=stdin if stdin is not None else b"",
            capture_output=True,
            env=environment,
        )
        seconds = time.perf_counter() - begun
        if done.returncode:
            raise RuntimeError(f"pk-tui {' '.join(arguments[:3])}: {done.stderr.decode(errors='replace')}")
        return seconds, done.stdout

    def json(self, *arguments: str, stdin: bytes | None = None) -> Any:
        return json.loads(self.timed("--format", "json", *arguments, stdin=stdin)[1])

    def start(self) -> None:
        if not self.node_id:
            self.node_id = self.json("--password-file", "-", "bootstrap", stdin=PASSWORD)["node_id"]
        started = self.json(
            "--password-file", "-", "agent", "start", "--background", "--agent-host", "127.0.0.1", stdin=PASSWORD
        )
        self.port, self.pid = started["agent_port"], started["pid"]

    def peak_mib(self) -> float:
        """The most it ever held."""
        return self._memory("VmHWM:")

    def stop(self) -> None:
        if self.pid:
            self.json("agent", "stop")
            self.pid = 0

    def commit_many(self, secret: str, count: int) -> None:
        """`count` commits, each of another value, by one process of its own: as commands they would take minutes."""
        subprocess.run(
            [sys.executable, "-m", "benchmarks.history", str(self.path), secret, str(count)], input=PASSWORD, check=True
        )

    def resident_mib(self) -> float:
        return self._memory("VmRSS:")

    def forget_peak(self) -> None:
        """Let `peak_mib` begin anew."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def _memory(self, what: str) -> float:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(what):
                return int(line.split()[1]) / 1024
        raise RuntimeError(f"no {what}")


def introduce(one: Node, other: Node) -> None:
    for here, there in ((one, other), (other, one)):
        here.json("nodes", "add", there.node_id, "127.0.0.1", str(there.port))
        here.json("identities", "trust", there.node_id)
