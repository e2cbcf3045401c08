"""Secrets given to other programs: exactly, to nobody else, and as if nobody stood between."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest
from stories.harness import PASSWORD, Node

VALUE = b'it\'s "$HOME" `id` \\ \xff\xfe\n\n'
SHOW = "import os, sys; sys.stdout.buffer.write(os.environb[b'KEY'] + b'|' + sys.stdin.buffer.read())"


def typed(node: Node, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "pk_tui", "--node-path", str(node.path), *arguments]


@pytest.fixture(scope="module", params=["agent", "no agent"])
def node(request: pytest.FixtureRequest) -> Iterator[Node]:
    """A node with a secret, held by an agent, or opened by each command with the password in the environment."""
    base = Path(tempfile.mkdtemp(prefix="pk-"))
    made = Node(base / "node").bootstrap().start()
    try:
        made.json("vaults", "create", "v")
        made.write("v:KEY", VALUE)
        made.write("v:HOST", b"example.org")
        made.write("v:large/x", b"x" * 3_000_000)
        if request.param == "no agent":
            made.stop()
        yield made
    finally:
        if made.pid:
            made.kill()
        shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PK_PASSWORD", PASSWORD)


def run(node: Node, *arguments: str, **more: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(typed(node, *arguments), capture_output=True, timeout=60, **more)  # type: ignore[call-overload]


def test_a_command_gets_secrets_and_is_otherwise_alone(node: Node) -> None:
    env = ("secrets", "env", "v:KEY")
    assert run(node, *env, "--", sys.executable, "-c", SHOW, input=b"in\0\xff").stdout == VALUE + b"|in\0\xff"

    done = run(
        node,
        *env,
        "--",
        "sh",
        "-c",
        "env -0; ps -o args= -p $$ || cat /proc/$$/cmdline",
        env={**os.environ, "PK_X": "1", "KEPT": "2"},
    )
    assert b"KEPT=2\0" in done.stdout
    assert b"PK_" not in done.stdout
    assert b"$HOME" not in done.stdout.rpartition(b"\0")[2]

    assert run(node, *env, "--", "sh", "-c", "kill -TERM $$").returncode == -signal.SIGTERM
    assert run(node, *env, "--", "no-such-command").returncode == 127
    done = run(node, *env, "--", "sh", "-c", "umask; exit 77", umask=0o022)
    assert (done.stdout, done.returncode) == (b"0022\n", 77)

    # The command holds nothing of the node: it can go on while the same node is used.
    inner = " ".join(typed(node, "secrets", "cat", "v:KEY"))
    done = run(node, *env, "--", "sh", "-c", f"PK_PASSWORD='{PASSWORD}' {inner}; ls /dev/fd/ | wc -l")
    assert done.stdout.startswith(VALUE), done.stderr
    assert int(done.stdout.removeprefix(VALUE)) <= 4

    # Nothing is run where something is refused.
    done = run(node, "--format", "json", *env, "v:nope", "--", "echo", "run")
    assert (done.returncode, done.stdout) == (64, b"")


def test_a_closed_pipe_ends_a_command_quietly(node: Node) -> None:
    reading, writing = os.pipe()
    with subprocess.Popen(
        typed(node, "secrets", "cat", "v:large/x"), stdout=writing, stderr=subprocess.PIPE
    ) as process:
        os.close(writing)
        assert os.read(reading, 4) == b"xxxx"
        os.close(reading)
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait(60) == 141


def test_a_command_has_the_terminal_to_itself(node: Node) -> None:
    script = "import os; print('tty', os.isatty(0), os.isatty(1)); input('name? '); print(os.environ['HOST']); input()"
    program, *words = typed(node, "secrets", "env", "v:HOST", "--", sys.executable, "-c", script)
    child = pexpect.spawn(program, words, timeout=60)
    child.expect("tty True True")
    child.expect("name")
    child.sendline("ada")
    child.expect("example.org")
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert child.signalstatus == signal.SIGINT  # ctrl+c is the command's, which ends by it


def test_a_file_is_filled_from_values_slots_and_versions_or_not_at_all(
    make_node: Callable[[str], Node], tmp_path: Path
) -> None:
    node = make_node("node").bootstrap().start()
    node.json("vaults", "create", "v")
    old = node.write("v:a/b", b"\xff old")
    node.write("v:a/b", b"new pk://v/never")
    node.json("items", "create", "v:site", "--template", "password", stdin=b'{"username": "ada", "password": "s3cret"}')
    text = tmp_path / "text"
    text.write_bytes(f'1 "pk://v/a/b" 2 <pk://v@{old}/a/b> 3 pk://v/site#password\n'.encode())

    assert node.run("secrets", "inject", str(text)) == b'1 "new pk://v/never" 2 <\xff old> 3 s3cret\n'
    assert [row["problem"] for row in node.json("secrets", "inject", "--check", str(text))] == [None, None, None]

    text.write_bytes(b"pk://v/a/b pk://v/nope pk://v/site#nope pk://w/x pk://v/../x")
    assert "3 more" in node.fails(64, "secrets", "inject", str(text))
    done = node.spawn("secrets", "inject", "--check", str(text))
    assert done.returncode == 64
    assert done.stdout.count(b"\n") == 6
    assert b"new" not in done.stdout
