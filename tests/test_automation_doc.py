"""Everything in docs/automation.md that looks like an example is one: its blocks run in their order, on one node, and print what
the page says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parent.parent / "docs" / "automation.md"
RUNS = {"sh": ["sh", "-e"], "python": [sys.executable, "-W", "error"]}


@dataclass(frozen=True)
class Block:
    """`shown` is what the page says it prints; None if it says nothing of it."""

    line: int
    language: str
    text: str
    shown: str | None


def blocks(page: str) -> list[Block]:
    found: list[Block] = []
    for match in re.finditer(r"^```(\w*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        line = page.count("\n", 0, match.start()) + 1
        if match[1] == "output":
            before = found.pop()
            assert before.shown is None, f"line {line}: two outputs of one block"
            found.append(Block(before.line, before.language, before.text, match[2]))
        else:
            found.append(Block(line, match[1], match[2], None))
    return found


def is_as_shown(printed: str, shown: str) -> bool:
    """`…` stands for anything, over lines as well."""
    return re.fullmatch(".*?".join(map(re.escape, shown.split("…"))), printed, re.DOTALL) is not None


@pytest.fixture
def place() -> Iterator[Path]:
    """A short directory (a socket's path has little room) with the command `pk-tui` in its `bin`."""
    base = Path(tempfile.mkdtemp(prefix="pk-"))
    (base / "bin").mkdir()
    command = base / "bin" / "pk-tui"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pk_tui "$@"\n')
    command.chmod(0o700)
    yield base
    subprocess.run([str(command), "--node-path", str(base / "node"), "agent", "stop"], capture_output=True)
    shutil.rmtree(base, ignore_errors=True)


def test_every_example_does_what_the_page_says(place: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PK_", "PYTHON"))}
    environment |= {
        "PK_NODE_PATH": str(place / "node"),
        "PK_PASSWORD": "a password of the tests",
        "PATH": f"{place / 'bin'}:{environment['PATH']}",
        "PYTHONPATH": str(PAGE.parent.parent),
        "PYTHONIOENCODING": "utf-8",
        "HOME": str(place),
    }
    for block in blocks(PAGE.read_text()):
        (place / "example").write_text(block.text)
        done = subprocess.run(
            [*RUNS[block.language], "example"],
            stdin=subprocess.DEVNULL,
            cwd=place,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
        )
        where = f"docs/automation.md, the example at line {block.line}"
        assert done.returncode == 0, f"{where} ended with {done.returncode}: {done.stderr}"
        assert block.shown is not None, f"{where} does not show what it prints: {done.stdout}"
        assert is_as_shown(done.stdout, block.shown), f"{where} printed {done.stdout!r}"


def test_nothing_on_the_page_only_looks_like_an_example() -> None:
    page = PAGE.read_text()
    assert {block.language for block in blocks(page)} == set(RUNS)
    assert len(re.findall("^```", page, re.MULTILINE)) == 2 * len(re.findall(r"^```\w+$", page, re.MULTILINE))
    assert "    pk-tui " not in page


def test_a_wrong_output_would_be_seen() -> None:
    assert is_as_shown("a 1\nb\n", "a …\nb\n")
    assert not is_as_shown("a 1\nc\n", "a …\nb\n")
    assert not is_as_shown("a\nb\n", "a\n")
    assert [block.shown for block in blocks("```sh\nx\n```\n```output\ny\n```\n```sh\nz\n```\n")] == ["y\n", None]
