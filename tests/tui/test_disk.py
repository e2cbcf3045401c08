from __future__ import annotations

import os
from pathlib import Path

import pytest

from pk_tui.errors import MissingInput, Misuse
from pk_tui.tui import disk
from pk_tui.tui.disk import Completion, complete, count, in_short, source, target


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("alpha", "alpine", "beta", ".hidden", "beta/deep"):
        (tmp_path / name).mkdir()
    (tmp_path / "alp.txt").write_text("x")
    (tmp_path / "beta" / "one").write_text("12345")
    (tmp_path / "beta" / "deep" / "two").write_text("1")
    (tmp_path / "beta" / "link").symlink_to(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("begun", "typed", "choices"),
    [
        ("/al", "/alp", ("alpha", "alpine")),
        ("/alph", "/alpha/", ()),
        ("/b", "/beta/", ()),
        ("/beta/", "/beta/", ("deep", "link")),
        ("/zzz", "/zzz", ()),
        ("/", "/", ("alpha", "alpine", "beta")),
        ("/.h", "/.hidden/", ()),
        ("/none/x", "/none/x", ()),
        ("/a\0b", "/a\0b", ()),
    ],
)
def test_tab_completes_to_directories_as_far_as_there_is_no_choice(
    tree: Path, begun: str, typed: str, choices: tuple[str, ...]
) -> None:
    assert complete(f"{tree}{begun}") == Completion(f"{tree}{typed}", choices)


def test_tab_completes_to_files_too_where_they_are_asked_for(tree: Path) -> None:
    assert complete(f"{tree}/al", files=True) == Completion(f"{tree}/alp", ("alp.txt", "alpha/", "alpine/"))
    assert complete(f"{tree}/alp.", files=True) == Completion(f"{tree}/alp.txt")
    assert complete(f"{tree}/bet", files=True) == Completion(f"{tree}/beta/")


def test_a_tilde_stays_as_it_was_written(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tree))
    assert complete("~") == Completion("~/")
    assert complete("~/bet") == Completion("~/beta/")
    assert target("~/beta") == tree / "beta"
    assert in_short(tree / "beta") == "~/beta"
    assert in_short(Path("/srv/x")) == "/srv/x"


def test_a_relative_path_is_completed_from_here(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert complete("bet") == Completion("beta/")
    assert target("beta") == tree / "beta"


def test_files_are_counted_as_the_import_takes_them_without_following_links(tree: Path) -> None:
    assert count(tree / "beta", lambda: False) == disk.Counted(2, 6)
    assert count(tree / "beta" / "one", lambda: False) == disk.Counted(1, 5)


def test_a_count_can_be_called_off_and_has_an_end(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert count(tree, lambda: True).files == 0
    monkeypatch.setattr(disk, "COUNTED_AT_MOST", 2)
    assert count(tree, lambda: False).is_all is False


def test_what_cannot_be_read_is_left_for_the_import_to_tell(tree: Path) -> None:
    assert count(tree / "nowhere", lambda: False) == disk.Counted(0, 0)


@pytest.mark.parametrize("typed", ["", "  ", "a\0b"])
def test_no_path_is_refused(typed: str) -> None:
    for read in (target, source):
        with pytest.raises(Misuse):
            read(typed)


def test_a_source_is_there_and_a_target_need_not_be(tree: Path) -> None:
    with pytest.raises(MissingInput, match="no file or directory"):
        source(str(tree / "nowhere"))
    assert source(str(tree / "alp.txt")) == tree / "alp.txt"
    assert target(str(tree / "nowhere/..")) == tree


def test_a_name_that_steers_a_terminal_is_shown_harmless(tree: Path) -> None:
    with pytest.raises(MissingInput) as caught:
        source(os.path.join(tree, "\x1b]0;x"))
    assert "\x1b" not in caught.value.message
