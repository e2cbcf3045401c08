from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pk_tui.agent.target import Target
from pk_tui.errors import AlreadyExists, MissingInput, StorageFailed


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def fill(target: Target) -> None:
    target.directory((b"d",))
    target.directory((b"d", b"e"))
    for parts in ((b"d", b"e", b"f"), (b"d", b"g"), (b"h",)):
        with target.file(parts) as descriptor:
            target.write(descriptor, b"secret" * 100_000)


def test_everything_is_for_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        target = Target.open(tmp_path / "out")
        fill(target)
        target.close()
    finally:
        os.umask(before)
    out = tmp_path / "out"
    assert {mode(path) for path in (out, out / "d", out / "d/e")} == {0o700}
    assert {mode(path) for path in (out / "d/e/f", out / "d/g", out / "h")} == {0o600}
    assert (out / "d/e/f").read_bytes() == b"secret" * 100_000


def test_an_empty_directory_is_taken_and_made_private(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out").chmod(0o755)
    Target.open(tmp_path / "out").close()
    assert mode(tmp_path / "out") == 0o700


def test_what_holds_anything_or_is_no_directory_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/x").write_text("x")
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty").chmod(0o755)
    (tmp_path / "link").symlink_to("empty")
    (tmp_path / "loose").symlink_to("nowhere")
    for name in ("full", "file", "link", "loose"):
        with pytest.raises(AlreadyExists, match=f"{name}.*not an empty directory"):
            Target.open(tmp_path / name)
    assert mode(tmp_path / "empty") == 0o755
    assert not (tmp_path / "nowhere").exists()


def test_without_a_directory_above_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match="There is no directory"):
        Target.open(tmp_path / "a/b")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may do everything")
def test_where_nothing_may_be_made_it_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageFailed, match="cannot be made"):
        Target.open(tmp_path / "out")


def test_a_file_or_link_that_somebody_puts_in_the_way_is_not_written_through(tmp_path: Path) -> None:
    target = Target.open(tmp_path / "out")
    victim = tmp_path / "victim"
    victim.write_text("before")
    (tmp_path / "out/file").symlink_to(victim)
    (tmp_path / "out/there").write_text("theirs")
    (tmp_path / "out/dir").symlink_to(tmp_path)
    for parts in ((b"file",), (b"there",)):
        with pytest.raises(FileExistsError), target.file(parts):
            pass
    with pytest.raises(OSError), target.file((b"dir", b"x")):  # noqa: PT011 - ELOOP and ENOTDIR, by system
        pass
    with pytest.raises(FileExistsError):
        target.directory((b"dir",))
    assert victim.read_text() == "before"
    assert target.remove() == 0
    assert (tmp_path / "out/there").read_text() == "theirs"
    target.close()


def test_a_target_that_is_moved_away_meanwhile_is_still_the_one_that_is_filled(tmp_path: Path) -> None:
    target = Target.open(tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / "moved")
    (tmp_path / "out").mkdir()
    fill(target)
    target.close()
    assert list((tmp_path / "out").iterdir()) == []
    assert (tmp_path / "moved/h").exists()


def test_removing_leaves_nothing_that_was_made_here(tmp_path: Path) -> None:
    target = Target.open(tmp_path / "out")
    fill(target)
    assert target.remove() == 0
    target.close()
    assert list(tmp_path.iterdir()) == []


def test_removing_gives_an_empty_directory_back_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out").chmod(0o751)
    target = Target.open(tmp_path / "out")
    fill(target)
    assert target.remove() == 0
    target.close()
    assert list((tmp_path / "out").iterdir()) == []
    assert mode(tmp_path / "out") == 0o751


def test_what_cannot_be_removed_is_counted(tmp_path: Path) -> None:
    target = Target.open(tmp_path / "out")
    fill(target)
    (tmp_path / "out/d/theirs").write_text("x")
    assert target.remove() == 1
    assert [path.name for path in (tmp_path / "out").rglob("*")] == ["d", "theirs"]
    target.close()


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    before = len(os.listdir("/dev/fd"))
    target = Target.open(tmp_path / "out")
    fill(target)
    target.close()
    with pytest.raises(AlreadyExists):
        Target.open(tmp_path / "out")
    assert len(os.listdir("/dev/fd")) == before
