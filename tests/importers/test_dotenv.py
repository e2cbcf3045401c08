from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from importers.foreign import plain, put, refused, skipped

from pk_tui.errors import Malformed, Misuse, PkError
from pk_tui.importers.dotenv import MAX_DOTENV, read_dotenv

EXAMPLE = """\
# a comment
export TOKEN=abc#def
SPACED = two words # said
QUOTED="line 1\\nline 2"
RAW='a "b" $HOME ${TOKEN} \\n'
LINES="one
two"

EMPTY=
Ünï=x
nothing here
ONLY_A_NAME
=1
TOKEN="again ü"
FORMULA==cmd|' /C calc'!A0
"""


def test_values_are_exactly_what_python_dotenv_says_and_nothing_is_filled_in(tmp_path: Path) -> None:
    rows = list(read_dotenv(put(tmp_path, ".env", EXAMPLE)))
    assert plain(rows) == {
        "TOKEN": "again ü".encode(),
        "SPACED": b"two words",
        "QUOTED": b"line 1\nline 2",
        "RAW": b'a "b" $HOME ${TOKEN} \\n',
        "LINES": b"one\ntwo",
        "EMPTY": b"",
        "FORMULA": b"=cmd|' /C calc'!A0",
    }


def test_every_line_not_taken_is_named(tmp_path: Path) -> None:
    rows = skipped(read_dotenv(put(tmp_path, ".env", EXAMPLE)))
    assert [name for name, _ in rows] == ["line 10", "line 11", "line 12", "line 13", "line 2"]
    assert "TOKEN is set again in line 14" in rows[-1][1]


def test_an_open_quotation_mark_loses_only_its_line(tmp_path: Path) -> None:
    rows = list(read_dotenv(put(tmp_path, ".env", "A='open\nB=2\n")))
    assert plain(rows) == {"B": b"2"}
    assert [name for name, _ in skipped(rows)] == ["line 1"]


def test_hostile_files_are_refused_by_line(tmp_path: Path) -> None:
    with refused(Malformed, "line 2", "blanks"):
        list(read_dotenv(put(tmp_path, "blanks", "A=1\nB=x" + " " * 100_000 + "y")))
    with refused(Malformed, "line 2", "zero byte"):
        list(read_dotenv(put(tmp_path, "zero", b"A=1\nB=\0")))
    path = put(tmp_path, "huge", "A=1")
    os.truncate(path, MAX_DOTENV + 1)
    with refused(Misuse, "MiB"):
        list(read_dotenv(path))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=200), st.lists(st.sampled_from(list(" \n\t\r=#'\"\\aA_.$é\0")), max_size=80).map("".join)
    )
)
def test_whatever_is_in_the_file_it_ends_in_secrets_or_a_sentence(tmp_path: Path, content: bytes | str) -> None:
    try:
        rows = list(read_dotenv(put(tmp_path, ".env", content)))
    except PkError:
        return
    assert len(plain(rows)) + len(skipped(rows)) == len(rows)


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_other_line_ends_are_no_part_of_a_value(tmp_path: Path, newline: str) -> None:
    assert plain(read_dotenv(put(tmp_path, ".env", f"A=1{newline}B=2{newline}"))) == {"A": b"1", "B": b"2"}
