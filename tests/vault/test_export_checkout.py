from __future__ import annotations

from pathlib import Path

import pytest
from dict_sink import DictSink, commit, tree_of
from hypothesis import given, settings
from hypothesis import strategies as st
from real_git import check_out, export, git, needs_git

from pk_tui.terms import SecretPath
from pk_tui.vault.chunks import ChunkWriter
from pk_tui.vault.export_checkout import checked_out, git_index
from pk_tui.vault.tree import Put, edit

pytestmark = needs_git

SECRETS = {"a": b"1", "a.b": b"2", "a-b/c": b"3", "d/e/f": b"", "d/e.f": b"5", "ü": b"6", "x" * 255: b"7"}
LONG = "/".join(["y" * 250] * 4)


def test_git_finds_its_working_tree_unchanged(sink: DictSink, tmp_path: Path) -> None:
    writer = ChunkWriter(sink)
    writer.feed(bytes(3_000_000))
    root = tree_of(sink, {**SECRETS, LONG: b"8", **{f"m/{number}": b"x" for number in range(300)}})
    root = edit(sink, root, [(SecretPath.parse("large"), Put(writer.finish()[0]))])
    head = commit(sink, root)
    export(sink, head, tmp_path / ".git")
    check_out(sink, head, tmp_path)
    assert git(tmp_path, "status", "--porcelain") == ""
    assert git(tmp_path, "fsck", "--strict") == ""
    assert git(tmp_path, "write-tree").strip() == root.hex()
    (tmp_path / "a").write_bytes(b"9")  # of the same size, in the same second
    assert git(tmp_path, "status", "--porcelain") == " M a\n"


def test_directories_come_before_what_they_hold(sink: DictSink) -> None:
    rows = [
        (b"/".join(row.path), row.is_directory) for row in checked_out(sink, tree_of(sink, {"b/c/d": b"", "a": b""}))
    ]
    assert rows == [(b"a", False), (b"b", True), (b"b/c", True), (b"b/c/d", False)]


@settings(max_examples=40)
@given(st.lists(st.text("ab.-0/", min_size=1, max_size=6), max_size=10))
def test_files_come_in_the_order_in_which_the_index_has_them(names: list[str]) -> None:
    sink = DictSink()
    secrets: dict[str, bytes] = {}
    for name in names:
        parts = [part for part in name.split("/") if part.strip(".")]
        path = "/".join(parts)
        if path and not any(
            f"{path}/".startswith(f"{other}/") or f"{other}/".startswith(f"{path}/") for other in secrets
        ):
            secrets[path] = b""
    paths = [b"/".join(row.path) for row in checked_out(sink, tree_of(sink, secrets)) if not row.is_directory]
    assert paths == sorted(path.encode() for path in secrets)


@pytest.mark.parametrize("length", [1, 9, 10, 11, 4000])
def test_every_entry_of_the_index_ends_on_eight_bytes_after_a_zero(length: int) -> None:
    parts = list(git_index([((b"n" * length,), b"o" * 20)]))
    assert len(parts[1]) % 8 == 0
    assert 1 <= len(parts[1]) - len(parts[1].rstrip(b"\0")) <= 8
