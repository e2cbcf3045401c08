"""A file comes up whole under its name, or nothing is left of it."""

import errno
import fcntl
import os
import resource
import signal

import pytest

from pk_tui.errors import AlreadyExists, Busy, StorageFailed
from pk_tui.store.newfile import new_file, partial_of

OURS = b"magic"


def make(path, content=b"magic and more", meanwhile=lambda file: None):
    with new_file(path, OURS) as file:
        file.write(content)
        file.settle()
        meanwhile(file)
        file.finish()


def fail(file):
    assert not file.path.exists()
    raise ZeroDivisionError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file"


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o777])
def test_it_is_whole_private_and_alone(path, mask):
    before = os.umask(mask)
    try:
        make(path)
    finally:
        os.umask(before)
    assert path.read_bytes() == b"magic and more"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["file"]


def test_nothing_has_the_name_before_the_end_and_nothing_is_left_by_a_failure(path):
    with pytest.raises(ZeroDivisionError):
        make(path, meanwhile=fail)
    assert list(path.parent.iterdir()) == []


def test_a_file_a_directory_and_a_dangling_link_are_not_written_over(path, tmp_path):
    path.write_bytes(b"mine")
    with pytest.raises(AlreadyExists):
        make(path)
    assert path.read_bytes() == b"mine"
    for place, kind in (("directory", "mkdir"), ("link", "symlink_to")):
        getattr(tmp_path / place, kind)(*(["nowhere"] if kind == "symlink_to" else []))
        with pytest.raises(AlreadyExists):
            make(tmp_path / place)
    assert not (tmp_path / "nowhere").exists()


def test_one_that_comes_up_meanwhile_stays(path):
    with pytest.raises(AlreadyExists):
        make(path, meanwhile=lambda file: path.write_bytes(b"mine"))
    assert path.read_bytes() == b"mine"
    assert not partial_of(path).exists()


def test_where_there_are_no_links_it_is_renamed_and_still_replaces_nothing(path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EPERM, "not permitted")

    monkeypatch.setattr(os, "link", refuse)
    make(path)
    assert path.read_bytes() == b"magic and more"
    other = path.with_name("other")
    with pytest.raises(AlreadyExists):
        make(other, meanwhile=lambda file: other.write_bytes(b"mine"))
    assert other.read_bytes() == b"mine"


@pytest.mark.parametrize("left", [b"", b"ma", b"magic and a half"])
def test_what_a_killed_writer_left_is_taken_over(path, left):
    partial_of(path).write_bytes(left)
    partial_of(path).chmod(0o644)
    make(path)
    assert path.read_bytes() == b"magic and more"
    assert path.stat().st_mode & 0o777 == 0o600


def test_something_else_under_the_partial_name_is_not_touched(path):
    partial_of(path).write_bytes(b"a letter")
    with pytest.raises(AlreadyExists):
        make(path)
    assert partial_of(path).read_bytes() == b"a letter"
    partial_of(path).unlink()
    partial_of(path).symlink_to(path.with_name("elsewhere"))
    with pytest.raises(StorageFailed):
        make(path)
    assert not path.with_name("elsewhere").exists()


def test_two_writers_of_one_name_do_not_mix(path):
    with new_file(path, OURS) as first:
        first.write(b"magic of the first")
        with pytest.raises(Busy):
            make(path)
        first.finish()
    assert path.read_bytes() == b"magic of the first"


def test_a_place_that_is_not_there_or_not_ours_is_a_sentence(tmp_path):
    with pytest.raises(StorageFailed, match="No such file"):
        make(tmp_path / "nowhere" / "file")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageFailed, match="Not a directory"):
        make(tmp_path / "file" / "file")


def test_a_disk_that_is_full_leaves_nothing(path):
    limits, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(StorageFailed, match="no room"):
            make(path, b"magic" * 2000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(path.parent.iterdir()) == []


def test_what_another_put_in_the_place_of_the_partial_file_is_not_removed(path):
    def replace(file):
        file.partial.unlink()
        file.partial.write_bytes(b"mine")
        fail(file)

    with pytest.raises(ZeroDivisionError):
        make(path, meanwhile=replace)
    assert partial_of(path).read_bytes() == b"mine"


def test_the_lock_ends_with_the_writer(path):
    with new_file(path, OURS):
        pass
    with partial_of(path).open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
