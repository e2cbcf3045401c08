"""Wrong input of any kind: one clear sentence, the right exit code, nothing lost."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from stories.harness import PASSWORD, Node

Make = Callable[[str], Node]
NOBODY = "v4c11qv5fpq2fm3ropmma2sglfc9349jspqb1iutl3f7en1ckv500"


@pytest.fixture
def alice(make_node: Make) -> Node:
    node = make_node("alice").bootstrap().start()
    node.json("vaults", "create", "work")
    node.write("work:a", b"1")
    return node


@pytest.mark.parametrize(
    ("exit_code", "arguments"),
    [
        (64, ("vaults", "create", "a:b")),
        (64, ("vaults", "create", "")),
        (64, ("vaults", "create", "x" * 256)),
        (73, ("vaults", "create", "work")),
        (64, ("vaults", "delete", "missing")),
        (64, ("vaults", "log", "missing")),
        (64, ("secrets", "cat", "work:missing")),
        (64, ("secrets", "cat", "missing:a")),
        (64, ("secrets", "ls", "work:missing")),
        (64, ("secrets", "write", "work:../x")),
        (64, ("secrets", "write", "work:a/b")),
        (64, ("secrets", "rm", "work:a", "work:missing")),
        (66, ("secrets", "create", "/does/not/exist", "work:b")),
        (66, ("vaults", "import", "work", "/does/not/exist")),
        (64, ("nodes", "add", "not-an-id", "127.0.0.1", "1")),
        (64, ("nodes", "add", NOBODY, "127.0.0.1", "0")),
        (64, ("nodes", "add", NOBODY, "bad host", "1")),
        (68, ("nodes", "add", NOBODY, "127.0.0.1", "1")),
        (68, ("nodes", "ping", NOBODY)),
        (67, ("nodes", "ping", "nobody")),
        (67, ("vaults", "share", "work", NOBODY)),
        (67, ("vaults", "scan", "nobody")),
        (67, ("identities", "trust", "nobody")),
        (64, ("identities", "allow", NOBODY, "everything")),
        (64, ("vaults", "pull", "work")),
        (64, ("notifications", "inbox", "remove", "zz")),
        (64, ("no-such-command",)),
        (64, ("vaults", "create")),
    ],
)
def test_each_is_refused_with_its_code_and_a_sentence(
    lasting: Node, exit_code: int, arguments: tuple[str, ...]
) -> None:
    said = lasting.fails(exit_code, *arguments)
    assert said.endswith((".", "?", "`", ")"))
    assert "\n" not in said.strip()
    assert lasting.cat("work:a") == b"1"
    assert len(lasting.json("vaults", "list")) == 1
    assert lasting.json("nodes", "list") == []


def test_a_wrong_password_is_said_so_and_a_missing_one_too(make_node: Make) -> None:
    node = make_node("alice").bootstrap()
    assert "wrong" in node.fails(77, "vaults", "list", password="not the password")
    node.fails(77, "vaults", "list")
    assert node.json("vaults", "list", password=PASSWORD) == []


def test_an_empty_password_is_refused_and_nothing_is_made(make_node: Make) -> None:
    node = make_node("alice")
    node.fails(64, "bootstrap", password="")
    node.bootstrap()


def test_a_directory_with_something_in_it_is_not_bootstrapped(make_node: Make) -> None:
    node = make_node("alice")
    node.path.mkdir(mode=0o700)
    (node.path / "mine.txt").write_text("precious")
    node.fails(73, "bootstrap", password=PASSWORD)
    assert (node.path / "mine.txt").read_text() == "precious"
    other = make_node("bob").bootstrap()
    other.fails(73, "bootstrap", password=PASSWORD)


def test_a_locked_agent_says_so_and_unlocks(alice: Node) -> None:
    alice.json("agent", "lock")
    assert alice.json("agent", "status")["locked"] is True
    assert "agent unlock" in alice.fails(77, "secrets", "cat", "work:a")
    alice.fails(77, "agent", "unlock", password="not the password")
    alice.json("agent", "unlock", password=PASSWORD)
    assert alice.cat("work:a") == b"1"


def test_the_password_is_changed_with_the_old_one_or_with_the_words(make_node: Make, base: Path) -> None:
    node = make_node("alice").bootstrap()
    node.json("vaults", "create", "work", password=PASSWORD)
    done = node.spawn("keys", "password", password=PASSWORD, env={"PK_PASSWORD_NEW": "the second password"})
    assert done.returncode == 0, done.stderr
    node.fails(77, "vaults", "list", password=PASSWORD)
    assert len(node.json("vaults", "list", password="the second password")) == 1
    words = base / "words"
    words.write_text(node.words)
    words.chmod(0o600)
    done = node.spawn(
        "keys", "password", "--recovery-code-file", str(words), env={"PK_PASSWORD_NEW": "the third password"}
    )
    assert done.returncode == 0, done.stderr
    node.fails(77, "vaults", "list", password="the second password")
    assert len(node.json("vaults", "list", password="the third password")) == 1
    other = make_node("bob").bootstrap()
    words.write_text(other.words)
    done = node.spawn("keys", "password", "--recovery-code-file", str(words), env={"PK_PASSWORD_NEW": "the fourth"})
    assert done.returncode == 77, done.stderr


def test_a_damaged_vault_hurts_no_other(alice: Node) -> None:
    alice.json("vaults", "create", "other")
    alice.write("other:b", b"2")
    alice.stop()
    with sqlite3.connect(alice.path / "node.db") as database:
        row, sealed = database.execute("select id, sealed from frame order by id limit 1").fetchone()
        for frame, body in database.execute("select id, sealed from frame where vault_id = 1").fetchall():
            database.execute("update frame set sealed = ? where id = ?", (bytes([body[40] ^ 1]) + body[1:], frame))
    assert row
    assert sealed
    alice.start()
    assert alice.cat("other:b") == b"2"
    alice.fails(65, "secrets", "cat", "work:a")
    assert len(alice.json("vaults", "list")) == 2


def test_a_full_disk_loses_nothing_and_work_goes_on_when_there_is_room(alice: Node, tmp_path: Path) -> None:
    limit = (alice.path / "node.db").stat().st_size + 3 * 1024 * 1024
    alice.stop()
    import resource
    import subprocess
    import sys

    def few_bytes() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [sys.executable, "-m", "pk_tui", "--node-path", str(alice.path), "--format", "json", "--password-file",
         str(_password_file(tmp_path)), "secrets", "write", "work:big"],
        input=os.urandom(16 * 1024 * 1024),
        capture_output=True,
        preexec_fn=few_bytes,
    )  # fmt: skip
    assert done.returncode == 74, done.stderr
    assert b"Traceback" not in done.stderr
    assert alice.run("secrets", "cat", "work:a", password=PASSWORD) == b"1"
    alice.start()
    big = os.urandom(5 * 1024 * 1024)
    alice.write("work:big", big)
    assert alice.cat("work:big") == big


def _password_file(directory: Path) -> Path:
    file = directory / "password"
    file.write_text(PASSWORD)
    file.chmod(0o600)
    return file


def test_a_newer_database_is_refused_untouched(alice: Node) -> None:
    alice.stop()
    with sqlite3.connect(alice.path / "node.db") as database:
        database.execute("pragma user_version = 99")
    database.close()
    before = (alice.path / "node.db").read_bytes()
    alice.fails(78, "vaults", "list", password=PASSWORD)
    assert (alice.path / "node.db").read_bytes() == before
