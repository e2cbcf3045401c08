from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pk_tui.importers.naming import UNNAMED, Places, component
from pk_tui.terms import SecretPath, component_fault

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=400)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Bank", "Bank"),
        ("  Bank  ", "Bank"),
        ("a/b\\c", "a-b\\c"),
        ("../../etc/passwd", "..-..-etc-passwd"),
        ("..", "_."),
        (".", UNNAMED),
        (".git", "_git"),
        (".GiT", "_GiT"),
        (".git.", "_git."),
        (".git\\hooks", "_git\\hooks"),
        ("Git~1", "_it~1"),
        (".gitignore", ".gitignore"),
        ("e\u0301", "\u00e9"),
        ("a\0b\x1b[2Jc\n", "a_b_[2Jc_"),
        ("a\u202eb", "a_b"),
        ("\ud800x", "_x"),
        ("\0\0", UNNAMED),
        ("", UNNAMED),
        ("   ", UNNAMED),
        ("a" + "\u0300" * 50, "\u00e0"),
    ],
)
def test_foreign_names_become_what_is_nearest_to_them(text: str, name: str) -> None:
    assert component(text) == name


@given(ANY_TEXT)
def test_any_text_becomes_a_valid_name(text: str) -> None:
    name = component(text)
    assert component_fault(name) is None
    assert component(name) == name


def test_a_long_name_is_cut_between_characters_and_leaves_room_for_a_number() -> None:
    name = component("ü" * 300)
    assert set(name) == {"ü"}
    assert 230 < len(name.encode()) <= 243


@given(st.lists(st.tuples(st.lists(ANY_TEXT, max_size=70), ANY_TEXT), max_size=12))
def test_every_secret_gets_a_valid_path_of_its_own_that_no_directory_has(wanted: list[tuple[list[str], str]]) -> None:
    places = Places()
    paths = [places.secret(directories, name) for directories, name in wanted]
    assert len(set(paths)) == len(paths)
    above = {path.parts[:depth] for path in paths for depth in range(1, len(path.parts))}
    assert not above & {path.parts for path in paths}
    for path in paths:
        assert SecretPath.of(path.parts) == path


def test_of_two_secrets_with_one_name_the_later_is_numbered() -> None:
    places = Places()
    assert [str(places.secret(("d",), "x")) for _ in range(3)] == ["d/x", "d/x (2)", "d/x (3)"]
    assert str(places.secret(("d",), "x (2)")) == "d/x (2) (2)"
    assert str(places.secret(("e",), "x")) == "e/x"


def test_a_directory_that_is_known_before_keeps_its_name() -> None:
    places = Places()
    places.directory(("x",))
    assert str(places.secret((), "x")) == "x (2)"
    assert str(places.secret(("x",), "y")) == "x/y"


def test_a_secret_that_is_known_before_keeps_its_name_and_the_directory_is_numbered_every_time() -> None:
    places = Places()
    assert str(places.secret((), "x")) == "x"
    assert str(places.secret(("x",), "y")) == "x (2)/y"
    assert str(places.secret(("x",), "z")) == "x (2)/z"


def test_two_directories_whose_names_become_one_do_not_lose_a_secret() -> None:
    places = Places()
    paths = {places.secret((directory,), "y") for directory in ("a/b", "a-b", "a\0b", "a_b")}
    assert len(paths) == 4


def test_what_lies_too_deep_comes_up_to_the_deepest_possible_directory() -> None:
    places = Places()
    path = places.secret(["d"] * 200, "x")
    assert len(path.parts) == 64
    assert places.secret(["long " * 40] * 20, "x").name == "x"
