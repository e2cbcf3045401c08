"""`pk-tui demo`: the main job, step by step, with real nodes in real processes on loopback.

Everything is done through the same command line a person uses; this file only starts the programs, compares what comes back
and prints what happened. The nodes live in a private temporary directory with a random password that never leaves it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TextIO

from pk_tui.clock import SystemClock
from pk_tui.safe_text import safe_text

KEYSTORE_SIZE = 3 * 1024 * 1024
PATIENCE = 60.0
"""Seconds one command may take before the demonstration calls it failed."""
NOTICE_WITHIN = 10.0
CAT_AT_ONCE = 200
"""Secrets read by one command when everything is compared."""


_clock = SystemClock()


class StepFailed(Exception):
    """A step did not do what it must; the sentence says what was expected and what came."""


@dataclass
class Node:
    """One throw-away node: its directory, and the command line speaking to it."""

    name: str
    path: Path
    password: str
    node_id: str = ""
    port: int = 0
    running: bool = False

    def run(self, *arguments: str, stdin: bytes | None = None, expect: int = 0) -> bytes:
        """Run one command on this node and return its standard output. Raises StepFailed for any other exit code."""
        done = self._spawn(arguments, stdin)
        if done.returncode != expect:
            said = safe_text(done.stderr, 400, lines=True).strip()
            shown = " ".join(arguments[:4])
            raise StepFailed(f"`pk-tui {shown}` on {self.name} ended with {done.returncode}, expected {expect}: {said}")
        return done.stdout

    def json(self, *arguments: str, stdin: bytes | None = None) -> Any:
        return json.loads(self.run("--format", "json", *arguments, stdin=stdin))

    def refused(self, *arguments: str) -> str:
        """The sentence with which a command is refused (exit code 77). Raises StepFailed if it is not."""
        done = self._spawn(("--format", "json", *arguments), None)
        if done.returncode != 77:
            raise StepFailed(
                f"`pk-tui {' '.join(arguments[:3])}` on {self.name} should have been refused, ended with {done.returncode}"
            )
        return str(json.loads(done.stderr)["error"]["message"])

    def _spawn(self, arguments: Sequence[str], stdin: bytes | None) -> subprocess.CompletedProcess[bytes]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PK_")}
        command = [sys.executable, "-m", "pk_tui", "--node-path", str(self.path), *arguments]
        return subprocess.run(  # noqa: S603 # our own program and arguments, no shell
            command, input=stdin or b"", capture_output=True, timeout=PATIENCE, env=environment, check=False
        )

    def start(self) -> None:
        self.node_id = self.json("--password-file", "-", "bootstrap", stdin=self.password.encode())["node_id"]
        started = self.json(
            "--password-file", "-", "agent", "start", "--background", "--agent-host", "127.0.0.1",
            stdin=self.password.encode(),
        )  # fmt: skip
        self.running = True
        self.port = started["agent_port"]

    def stop(self) -> None:
        if self.running:
            self.run("agent", "stop")
            self.running = False


@dataclass
class Report:
    """Prints each step with its result and time, and remembers whether any failed."""

    out: TextIO
    steps: list[dict[str, object]] = field(default_factory=list)
    quiet: bool = False

    def step(self, title: str, work: Callable[[], str]) -> None:
        begun = _clock.elapsed()
        try:
            result, good = work(), True
        except (StepFailed, subprocess.TimeoutExpired, OSError, ValueError, KeyError) as error:
            result, good = str(error), False
        seconds = _clock.elapsed() - begun
        self.steps.append({"step": title, "ok": good, "result": result, "seconds": round(seconds, 3)})
        if not self.quiet:
            mark = "✓" if good else "✗"
            print(f"  {mark} {seconds:6.2f} s  {title}: {result}", file=self.out, flush=True)
        if not good:
            raise StepFailed(result)


def run_demo(source: Path | None, keep: bool, as_json: bool, out: TextIO) -> int:
    """The whole demonstration; the exit code. 0 only if every step did what it must."""
    from pk_tui.bootstrap import throw_away_password

    report = Report(out, quiet=as_json)
    base = Path(tempfile.mkdtemp(prefix="pk-tui-demo-"))
    nodes = [Node(name, base / name, throw_away_password()) for name in ("alice", "bob", "mallory")]
    good = False
    try:
        with _source_tree(source, base) as tree:
            if not as_json:
                print("Two nodes share a vault, a third is a stranger. Every step runs real processes.\n", file=out)
            _main_job(report, nodes, tree)
        good = True
    except StepFailed:
        pass
    finally:
        if not keep:
            _clean_up(nodes, base)
    if as_json:
        print(json.dumps({"ok": good, "steps": report.steps}), file=out)
    else:
        print("\nEverything held." if good else "\nA step failed; the ones after it were not tried.", file=out)
        if keep:
            _say_how_to_play(nodes, base, out)
    return 0 if good else 1


def _main_job(report: Report, nodes: list[Node], tree: Path) -> None:
    alice, bob, mallory = nodes
    files = {
        str(path.relative_to(tree)): path.read_bytes()
        for path in sorted(tree.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }
    vault = "project"

    for node in nodes:
        report.step(f"{node.name} creates a node and starts it", partial(_start, node))
    report.step("alice creates a vault and imports the secrets", lambda: _import(alice, vault, tree))
    report.step("alice and bob add and trust each other", lambda: _introduce(alice, bob))
    report.step("alice shares the vault with bob", lambda: _share(alice, bob, vault))
    report.step("bob is told", lambda: _await_notification(bob, vault))
    report.step("bob scans alice", lambda: _scan(bob, vault))
    report.step("bob clones the vault", lambda: _clone(bob, vault))
    report.step("every secret is the same, byte for byte", lambda: _compare(bob, vault, files))
    report.step("bob's clone refuses to be written", lambda: bob.refused("secrets", "mkdir", f"{vault}:new"))
    path = next(iter(files))
    files[path] = b"rotated " + hashlib.sha256(files[path]).hexdigest().encode() + b"\n"
    report.step("alice changes a secret", lambda: _change(alice, vault, path, files[path]))
    report.step("bob pulls the change", lambda: _pull(bob, vault))
    report.step("every secret is the same again", lambda: _compare(bob, vault, files))
    report.step("mallory, a stranger, gets nothing", lambda: _stranger(alice, mallory, vault))
    report.step("alice ends the share", lambda: _unshare(alice, bob, vault))
    report.step("bob's next pull is refused", lambda: bob.refused("vaults", "pull", vault))


def _start(node: Node) -> str:
    node.start()
    return f"{node.node_id[:12]}… listens on 127.0.0.1:{node.port}"


def _import(alice: Node, vault: str, tree: Path) -> str:
    alice.json("vaults", "create", vault)
    done = alice.json("vaults", "import", vault, str(tree))
    return f"{done['secrets']} secrets, {_size(done['bytes'])}"


def _introduce(alice: Node, bob: Node) -> str:
    for one, other in ((alice, bob), (bob, alice)):
        one.json("nodes", "add", other.node_id, "127.0.0.1", str(other.port))
        one.json("nodes", "name", other.node_id, other.name)
        one.json("identities", "trust", other.node_id)
    return f"round trip {alice.json('nodes', 'ping', 'bob')['rtt_ms']:.1f} ms"


def _share(alice: Node, bob: Node, vault: str) -> str:
    return "bob may " + ", ".join(alice.json("vaults", "share", vault, bob.node_id)["actions"])


def _await_notification(bob: Node, vault: str) -> str:
    begun = _clock.elapsed()
    while _clock.elapsed() - begun < NOTICE_WITHIN:
        for note in bob.json("notifications", "inbox", "read"):
            if note["type"] == "VaultShare" and note["data"].get("vault_name") == vault:
                return f"VaultShare for “{vault}” arrived"
    raise StepFailed(f"no VaultShare notification within {NOTICE_WITHIN:.0f} s")


def _scan(bob: Node, vault: str) -> str:
    offers = bob.json("vaults", "scan", "alice")
    if [offer["vault_name"] for offer in offers] != [vault]:
        raise StepFailed("the scan does not show exactly the shared vault")
    return f"“{vault}”: {', '.join(offers[0]['actions'])}"


def _clone(bob: Node, vault: str) -> str:
    done = bob.json("vaults", "clone", vault, "alice")
    return f"{done['objects']} objects, {_size(done['bytes'])}"


def _compare(bob: Node, vault: str, files: dict[str, bytes]) -> str:
    names = sorted(files)
    there = sorted(row["path"] for row in bob.json("secrets", "ls", vault, "--recursive") if row["kind"] == "secret")
    if there != names:
        raise StepFailed(f"the clone holds {len(there)} secrets with other names than the {len(names)} imported")
    for at in range(0, len(names), CAT_AT_ONCE):
        some = names[at : at + CAT_AT_ONCE]
        if bob.run("secrets", "cat", *(f"{vault}:{name}" for name in some)) != b"".join(files[name] for name in some):
            raise StepFailed("a secret came out with other bytes than went in")
    return f"{len(names)} secrets, {_size(sum(map(len, files.values())))} compared"


def _change(alice: Node, vault: str, path: str, value: bytes) -> str:
    return "commit " + str(alice.json("secrets", "write", f"{vault}:{path}", stdin=value)["commit"])[:8]


def _pull(bob: Node, vault: str) -> str:
    done = bob.json("vaults", "pull", vault)
    if done["old_head"] == done["new_head"]:
        raise StepFailed("the pull brought nothing")
    return f"{done['old_head'][:8]} → {done['new_head'][:8]}, {done['objects']} objects, {_size(done['bytes'])}"


def _stranger(alice: Node, mallory: Node, vault: str) -> str:
    mallory.json("nodes", "add", alice.node_id, "127.0.0.1", str(alice.port))
    mallory.refused("vaults", "scan", alice.node_id)
    vault_id = next(row["vault_id"] for row in alice.json("vaults", "list") if row["vault_name"] == vault)
    by_name = mallory.refused("vaults", "clone", vault, alice.node_id)
    if mallory.refused("vaults", "clone", vault_id, alice.node_id).replace(vault_id, vault) != by_name:
        raise StepFailed("a vault that is there is refused in other words than one that is not")
    return "scan and clone refused, in the same words for what is there and what is not"


def _unshare(alice: Node, bob: Node, vault: str) -> str:
    exposed = alice.json("vaults", "unshare", vault, bob.node_id)["exposed"]
    return f"bob has seen {len(exposed)} secrets that have not changed since"


def _size(size: int) -> str:
    return (
        f"{size} B"
        if size < 1024
        else f"{size / 1024:.1f} KiB"
        if size < 1024 * 1024
        else f"{size / 1024 / 1024:.1f} MiB"
    )


@contextmanager
def _source_tree(source: Path | None, base: Path) -> Iterator[Path]:
    """The user's directory, or the sample that comes with the package and a binary keystore made on the spot."""
    if source is not None:
        yield source
        return
    tree = base / "sample"
    _copy(resources.files("pk_tui.cli") / "sample", tree)
    # Reproducible noise instead of a large file in the package; it stands for any binary secret.
    (tree / "deploy" / "keystore.bin").write_bytes(hashlib.shake_256(b"pk-tui sample keystore").digest(KEYSTORE_SIZE))
    yield tree


def _copy(source: Traversable, target: Path) -> None:
    target.mkdir(mode=0o700)
    for entry in source.iterdir():
        if entry.is_dir():
            _copy(entry, target / entry.name)
        else:
            (target / entry.name).write_bytes(entry.read_bytes())


def _clean_up(nodes: list[Node], base: Path) -> None:
    for node in nodes:
        try:
            node.stop()
        except (StepFailed, subprocess.TimeoutExpired):
            continue
    shutil.rmtree(base, ignore_errors=True)


def _say_how_to_play(nodes: list[Node], base: Path, out: TextIO) -> None:
    for node in nodes:
        file = base / f"{node.name}.password"
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(node.password)
    print("\nThe nodes are still running. Play with them, for example:\n", file=out)
    for node in nodes:
        print(f"  pk-tui --node-path {node.path} vaults list", file=out)
    print("\nStop and remove them:\n", file=out)
    for node in nodes:
        print(f"  pk-tui --node-path {node.path} agent stop", file=out)
    print(f"  rm -r {base}", file=out)
    print(f"\nTheir passwords lie beside them ({base}/*.password), should you restart one.", file=out)
