from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from pk_tui.errors import MissingInput, Misuse
from pk_tui.importers.directory import FoundFile, walk
from pk_tui.importers.finding import Skipped, open_regular


def put(directory: Path, name: str, value: bytes = b"x") -> Path:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(value)
    return path


def found(directory: Path) -> list[str]:
    return [str(row.path) for row in walk(directory) if isinstance(row, FoundFile)]


def skipped(directory: Path) -> list[Skipped]:
    return [row for row in walk(directory) if isinstance(row, Skipped)]


def test_every_regular_file_is_found_at_its_relative_path_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b", "a/y", "a/x", "c/d/e/f", ".hidden", "with space", "ünïcode"):
        put(tmp_path, name, name.encode())
    (tmp_path / "empty").mkdir()
    assert found(tmp_path) == [".hidden", "a/x", "a/y", "b", "c/d/e/f", "with space", "ünïcode"]
    rows = {str(row.path): row for row in walk(tmp_path) if isinstance(row, FoundFile)}
    assert rows["a/x"].files == (str(tmp_path / "a/x"),)
    assert skipped(tmp_path) == []


def test_an_empty_directory_has_nothing(tmp_path: Path) -> None:
    assert list(walk(tmp_path)) == []


def test_what_is_not_there_and_what_is_no_directory_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match="no directory"):
        list(walk(tmp_path / "missing"))
    with pytest.raises(Misuse, match="not a directory"):
        list(walk(put(tmp_path, "file")))


def test_links_pipes_and_sockets_are_named_and_never_opened_or_followed(tmp_path: Path) -> None:
    put(tmp_path, "there/secret")
    (tmp_path / "link to file").symlink_to("there/secret")
    (tmp_path / "link to directory").symlink_to("there")
    (tmp_path / "link to nothing").symlink_to("/does/not/exist")
    (tmp_path / "link to itself").symlink_to(".")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(tmp_path)  # a socket's path has little room
        try:
            made.bind("socket")
        finally:
            os.chdir(here)
    assert found(tmp_path) == ["there/secret"]
    reasons = {row.name: row.reason for row in skipped(tmp_path)}
    assert {name for name, reason in reasons.items() if "symbolic link" in reason} == {
        "link to file",
        "link to directory",
        "link to nothing",
        "link to itself",
    }
    assert {name for name, reason in reasons.items() if "regular file" in reason} == {"pipe", "socket"}


@pytest.mark.parametrize("name", [b"bad\xff", b"\x1b[2J", b"a\nb", "a\u202eb".encode(), b".git", b"git~1", b".GIT. "])
@pytest.mark.parametrize("is_directory", [True, False])
def test_a_name_that_no_secret_can_have_is_named_safely(tmp_path: Path, name: bytes, is_directory: bool) -> None:
    put(tmp_path, "good")
    path = os.path.join(os.fsencode(tmp_path), name)
    try:
        if is_directory:
            os.mkdir(path)
            path = os.path.join(path, b"below")
        with open(path, "wb") as file:
            file.write(b"x")
    except OSError:
        pytest.skip("this file system takes no such name")
    assert found(tmp_path) == ["good"]
    (row,) = skipped(tmp_path)
    assert row.name.isprintable()
    assert row.reason.isprintable()


def test_names_are_taken_in_composed_form(tmp_path: Path) -> None:
    put(tmp_path, "e\u0301/u\u0308")
    assert found(tmp_path) == ["\u00e9/\u00fc"]


def test_two_files_whose_names_are_the_same_text_are_not_both_found(tmp_path: Path) -> None:
    put(tmp_path, "\u00e9", b"composed")
    put(tmp_path, "e\u0301", b"decomposed")
    if len(list(tmp_path.iterdir())) < 2:
        pytest.skip("this file system takes the two for one")
    assert len(found(tmp_path)) == 1
    assert len(skipped(tmp_path)) == 1


def test_a_directory_that_is_too_deep_is_named_and_not_entered(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(80):
        deep = deep / "d"
    put(deep, "file")
    assert found(tmp_path) == []
    assert len(skipped(tmp_path)) == 1


def test_a_file_that_goes_while_it_is_looked_at_ends_nothing_and_does_not_open(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        put(tmp_path, name)
    rows = walk(tmp_path)
    first = next(rows)
    (tmp_path / "b").unlink()
    rest = [row for row in (first, *rows) if isinstance(row, FoundFile)]
    assert [str(row.path) for row in rest] == ["a", "b", "c"]
    with pytest.raises(FileNotFoundError):
        open_regular(rest[1].files[0])


def test_a_directory_that_goes_while_it_is_looked_at_is_named(tmp_path: Path) -> None:
    put(tmp_path, "a")
    (tmp_path / "d").mkdir()
    rows = walk(tmp_path)
    next(rows)
    (tmp_path / "d").rmdir()
    (row,) = rows
    assert isinstance(row, Skipped)
    assert row.name == "d"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_directory_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    put(tmp_path, "a")
    put(tmp_path, "d/b")
    (tmp_path / "d").chmod(0)
    try:
        assert found(tmp_path) == ["a"]
        assert [row.name for row in skipped(tmp_path)] == ["d"]
    finally:
        (tmp_path / "d").chmod(0o700)


def test_a_file_is_opened_for_reading(tmp_path: Path) -> None:
    put(tmp_path, "a", b"value")
    (row,) = walk(tmp_path)
    assert isinstance(row, FoundFile)
    descriptor = open_regular(row.files[0])
    try:
        assert os.read(descriptor, 100) == b"value"
        assert not os.get_inheritable(descriptor)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("replacement", ["link", "pipe", "directory", "nothing"])
def test_what_was_put_in_the_place_of_a_file_is_not_opened(tmp_path: Path, replacement: str) -> None:
    target = put(tmp_path / "outside", "target")
    path = put(tmp_path / "inside", "a")
    (row,) = walk(tmp_path / "inside")
    assert isinstance(row, FoundFile)
    path.unlink()
    match replacement:
        case "link":
            path.symlink_to(target)
        case "pipe":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
    open_before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    with pytest.raises(OSError, match=r"."):
        open_regular(row.files[0])
    if open_before:
        assert len(os.listdir("/proc/self/fd")) == open_before


def test_the_pieces_of_a_large_secret_are_one_secret_again(tmp_path: Path) -> None:
    for number in range(12):
        put(tmp_path, f"d/large/\x01{number:08}", b"%03d" % number)
    (row,) = [row for row in walk(tmp_path) if isinstance(row, FoundFile)]
    assert (str(row.path), len(row.files)) == ("d/large", 12)
    assert b"".join(Path(file).read_bytes() for file in row.files) == b"".join(b"%03d" % n for n in range(12))
    assert skipped(tmp_path) == []


@pytest.mark.parametrize("broken", ["d/large/\x0100000004", "d/large/other", "d/large/\x01a"])
def test_pieces_with_a_gap_or_beside_something_else_are_named_and_not_taken_for_a_secret(
    tmp_path: Path, broken: str
) -> None:
    for number in range(3):
        put(tmp_path, f"d/large/\x01{number:08}")
    put(tmp_path, broken)
    assert "d/large" not in found(tmp_path)
    assert len(skipped(tmp_path)) >= 3
