"""What goes in comes out: any bytes, any size up to hundreds of megabytes, every change one commit."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from stories.harness import Node

Make = Callable[[str], Node]


@pytest.fixture
def alice(make_node: Make) -> Node:
    node = make_node("alice").bootstrap().start()
    node.json("vaults", "create", "work")
    return node


@pytest.mark.parametrize("size", [0, 1, 255, 65_536, 1024 * 1024, 1024 * 1024 + 1, 5 * 1024 * 1024 + 7])
def test_a_secret_of_any_size_comes_out_as_it_went_in(lasting: Node, size: int) -> None:
    value, secret = os.urandom(size), f"work:of/{size}"
    lasting.write(secret, value)
    assert lasting.cat(secret) == value
    assert lasting.json("secrets", "stat", secret)["size"] == size


def test_256_mib_go_through_in_a_stream(alice: Node, tmp_path: Path) -> None:
    file = tmp_path / "large"
    digest = hashlib.blake2b()
    with file.open("wb") as out:
        for number in range(256):
            piece = hashlib.shake_128(b"%d" % number).digest(1024 * 1024)
            digest.update(piece)
            out.write(piece)
    alice.json("secrets", "create", str(file), "work:large")
    command = [sys.executable, "-m", "pk_tui", "--node-path", str(alice.path), "secrets", "cat", "work:large"]
    came = hashlib.blake2b()
    size = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while piece := process.stdout.read(1 << 20):
            came.update(piece)
            size += len(piece)
    assert process.returncode == 0
    assert (size, came.digest()) == (256 * 1024 * 1024, digest.digest())
    high = [line for line in Path(f"/proc/{alice.pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
    assert int(high[0].split()[1]) < 160 * 1024  # KiB: pieces pass through, the whole never lies in memory


def test_every_change_is_one_commit_and_the_log_tells_them(alice: Node) -> None:
    alice.write("work:a", b"1")
    alice.write("work:a", b"2")
    assert alice.write("work:a", b"2") is None
    alice.write("work:b/c", b"3")
    alice.json("secrets", "mkdir", "work:empty")
    alice.json("secrets", "mv", "work:a", "work:b/a")
    alice.json("secrets", "cp", "work:b/a", "work:again")
    alice.json("secrets", "rm", "work:b/c", "work:again")
    log = alice.json("vaults", "log", "work")
    changes = [[(change["path"], change["change"]) for change in entry["changes"]] for entry in reversed(log)]
    assert changes == [
        [],
        [("a", "added")],
        [("a", "modified")],
        [("b/c", "added")],
        [],
        [("a", "deleted"), ("b/a", "added")],
        [("again", "added")],
        [("again", "deleted"), ("b/c", "deleted")],
    ]
    assert {entry["author"] for entry in log} == {alice.node_id}
    assert [entry["commit"] for entry in alice.json("vaults", "log", "work", "b/a")] == [log[2]["commit"]]
    rows = alice.json("secrets", "ls", "work", "--recursive")
    assert [(row["path"], row["kind"], row["size"]) for row in rows] == [
        ("b", "directory", 1),
        ("b/a", "secret", 1),
        ("empty", "directory", 0),
    ]


def test_a_removal_is_all_or_nothing(alice: Node) -> None:
    alice.write("work:a", b"1")
    alice.fails(64, "secrets", "rm", "work:a", "work:missing")
    assert alice.cat("work:a") == b"1"


def test_a_directory_tree_is_imported_byte_for_byte(alice: Node, tmp_path: Path) -> None:
    files = {
        "plain": b"text\n",
        "deep/er/binary": bytes(range(256)) * 100,
        "deep/empty": b"",
        "ümläut/名前": b"name",
        "with space/and=equals": b"=",
        "large": os.urandom(3 * 1024 * 1024),
    }
    for name, value in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(value)
    (tmp_path / "link").symlink_to("plain")
    os.mkfifo(tmp_path / "pipe")
    done = alice.json("vaults", "import", "work", str(tmp_path))
    assert (done["secrets"], done["bytes"]) == (len(files), sum(map(len, files.values())))
    assert {row["path"] for row in done["skipped"]} == {"link", "pipe"}
    for name, value in files.items():
        assert alice.cat(f"work:{name}") == value
    assert len(alice.json("vaults", "log", "work")) == 2


def test_references_in_a_file_are_filled_or_nothing_is_printed(alice: Node, tmp_path: Path) -> None:
    alice.write("work:db/password", b"s3cret \x00\xff")
    alice.write("work:user", b"ada")
    template = tmp_path / "template"
    template.write_bytes(b'login="pk://work/user" password="pk://work/db/password" again=pk://work/user\n')
    assert alice.run("secrets", "inject", str(template)) == b'login="ada" password="s3cret \x00\xff" again=ada\n'
    assert alice.run("secrets", "inject", "-", stdin=b"no references") == b"no references"
    for bad in (b"pk://work/user pk://work/missing", b"pk://nowhere/a", b"pk://work/user#slot", b"pk://work/db"):
        done = alice.spawn("secrets", "inject", "-", stdin=bad)
        assert (done.returncode, done.stdout) == (64, b""), bad
    alice.fails(66, "secrets", "inject", "/does/not/exist")
