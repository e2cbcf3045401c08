"""Real nodes in real processes, driven by the command line a person uses."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PASSWORD = "a long password for tests"
PATIENCE = 60


class Node:
    """One node: its state directory and the commands run on it."""

    def __init__(self, path: Path, made: Path | None = None) -> None:
        """`made`: where new nodes are kept by their names, to begin with a copy of one that was made for an earlier test. Making
        one takes a second, most of it for the password."""
        self.path = path
        self.made = made
        self.node_id = ""
        self.words = ""
        self.port = 0
        self.pid = 0

    def spawn(
        self, *arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None, password: str | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run one command to its end. The password, if given, goes in by standard input."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PK_")}
        environment.update(env or {})
        given = ["--password-file", "-"] if password is not None else []
        return subprocess.run(
            [sys.executable, "-m", "pk_tui", "--node-path", str(self.path), *given, *arguments],
            input=password.encode() if password is not None else stdin,
            capture_output=True,
            timeout=PATIENCE,
            env=environment,
        )

    def run(self, *arguments: str, stdin: bytes = b"", password: str | None = None) -> bytes:
        """Standard output of a command that must succeed."""
        done = self.spawn(*arguments, stdin=stdin, password=password)
        assert done.returncode == 0, (arguments, done.returncode, done.stderr.decode(errors="replace"))
        return done.stdout

    def json(self, *arguments: str, stdin: bytes = b"", password: str | None = None) -> Any:
        return json.loads(self.run("--format", "json", *arguments, stdin=stdin, password=password))

    def fails(self, exit_code: int, *arguments: str, stdin: bytes = b"", password: str | None = None) -> str:
        """The sentence of a command that must fail with this exit code; nothing may be on standard output."""
        done = self.spawn("--format", "json", *arguments, stdin=stdin, password=password)
        assert done.returncode == exit_code, (arguments, done.returncode, done.stderr.decode(errors="replace"))
        assert b"Traceback" not in done.stderr
        error = json.loads(done.stderr)["error"]
        assert error["exit_code"] == exit_code
        return str(error["message"])

    def bootstrap(self) -> Node:
        if self.made is None:
            made = self.json("bootstrap", password=PASSWORD)
        else:
            kept, said = self.made / self.path.name, self.made / f"{self.path.name}.json"
            if not said.exists():
                said.write_bytes(Node(kept).run("--format", "json", "bootstrap", password=PASSWORD))
            shutil.copytree(kept, self.path)
            made = json.loads(said.read_bytes())
        self.node_id, self.words = made["node_id"], made["recovery_code"]
        return self

    def start(self, password: str = PASSWORD) -> Node:
        started = self.json(
            "agent",
            "start",
            "--background",
            "--agent-host",
            "127.0.0.1",
            "--agent-port",
            str(self.port),
            password=password,
        )
        self.pid, self.port = started["pid"], started["agent_port"]
        return self

    def stop(self) -> None:
        if self.pid:
            self.run("agent", "stop")
            self.pid = 0

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self.pid = 0

    def write(self, secret: str, value: bytes) -> str | None:
        commit = self.json("secrets", "write", secret, stdin=value)["commit"]
        assert commit is None or isinstance(commit, str)
        return commit

    def cat(self, *secrets: str) -> bytes:
        return self.run("secrets", "cat", *secrets)


def introduce(one: Node, other: Node, ports: Sequence[int] | None = None) -> None:
    """Each adds and trusts the other. `ports`: where each is reached by the other, if not at its own port."""
    one_port, other_port = ports or (one.port, other.port)
    one.json("nodes", "add", other.node_id, "127.0.0.1", str(other_port))
    other.json("nodes", "add", one.node_id, "127.0.0.1", str(one_port))
    for here, there in ((one, other), (other, one)):
        here.json("identities", "trust", there.node_id)
