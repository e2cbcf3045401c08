from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pk_tui.api.views import Progress
from pk_tui.cli.output import (
    CELL_LIMIT,
    SLICE,
    Column,
    Output,
    display_width,
    progress_line,
    size_text,
    time_text,
    to_json,
)
from pk_tui.clock import DAY, MINUTE
from pk_tui.safe_text import safe_text


class Stopped:
    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> int:
        return 0

    def elapsed(self) -> float:
        return self.at


def test_columns_are_aligned_by_what_the_terminal_shows(prepare):
    call = prepare("x")
    columns = [Column("NAME", lambda row: row[0]), Column("N", lambda row: str(row[1]), to_the_right=True)]
    asyncio.run(Output(call).table([("日本", 5), ("ab", 1000), ("e\u0301", 7)], lambda row: {}, columns, ""))

    assert call.text.splitlines() == ["NAME     N", "日本     5", "ab    1000", "e\u0301        7"]


@pytest.mark.parametrize(
    ("terminal", "lines"),
    [
        (0, ["NAME  WORDS", "ab    one, two, three, four, five, six"]),
        (30, ["NAME  WORDS", "ab    one, two, three, four,", "      five, six"]),
        (20, ["NAME  WORDS", "ab    one, two, three, four, five, six"]),
    ],
)
def test_words_of_a_last_column_go_on_below_where_the_terminal_is_too_narrow(prepare, terminal, lines):
    call = prepare("x")
    call.request = replace(call.request, columns=terminal)
    words = "one, two, three, four, five, six"
    columns = [Column("NAME", lambda row: row), Column("WORDS", lambda row: words, wraps=True)]
    asyncio.run(Output(call).table(["ab"], lambda row: {}, columns, ""))

    assert call.text.splitlines() == lines


@given(st.lists(st.text(), max_size=5))
def test_json_is_exact_and_plain_ascii_without_controls(texts):
    line = to_json(texts)
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line) == texts


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1500])
def test_a_list_of_any_length_is_one_document(prepare, count):
    call = prepare("--format", "json", "x")
    asyncio.run(Output(call).table(range(count), lambda row: {"n": row}, [], ""))

    assert [row["n"] for row in call.json] == list(range(count))


def test_remarks_are_for_people_only(prepare):
    for form, errors in (("human", b"so it is\n"), ("json", b"")):
        call = prepare("--format", form, "x")
        asyncio.run(Output(call).note("so it is"))
        assert call.errors == errors


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1048575, "1.0 MiB"),
        (3 << 30, "3.0 GiB"),
        (5 << 40, "5.0 TiB"),
    ],
)
def test_sizes_for_people(size, text):
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("age", "text"),
    [(0, "just now"), (MINUTE - 1, "just now"), (5 * MINUTE, "5 min ago"), (3 * 60 * MINUTE, "3 h ago")],
)
def test_what_was_lately_is_told_by_its_age(age, text):
    assert time_text(10 * DAY - age, 10 * DAY) == text


@pytest.mark.parametrize("at", [-(10**18), 0, 20 * DAY, 2**63 - 1])
def test_any_other_moment_has_a_date(at):
    assert len(time_text(at, 10 * DAY)) == len("2023-11-14 22:13")


@given(st.text())
def test_widths_are_never_negative(text):
    assert display_width(text) >= 0


def test_progress_is_one_line_drawn_at_most_ten_times_a_second_and_cleared(prepare):
    call, clock = prepare("x", tty=True), Stopped()

    async def story() -> None:
        with Output(call, clock).progress() as tell:
            for tenth in (0, 0.05, 0.15):
                clock.at = tenth
                tell(Progress("Pulling\x1b", 3, 10, 2048, 4096))
                await asyncio.sleep(0)
        tell(Progress("too late"))
        await asyncio.sleep(0)

    asyncio.run(story())
    line = b"\r\x1b[KPulling\\u{1b}  3/10  2.0 KiB  50 %"
    assert call.errors == line * 2 + b"\r\x1b[K"


def test_progress_is_told_from_other_threads(prepare):
    call = prepare("x", tty=True)

    async def story() -> None:
        with Output(call).progress() as tell:
            await asyncio.to_thread(tell, Progress("Importing"))
            await asyncio.sleep(0)

    asyncio.run(story())
    assert b"Importing" in call.errors


def test_no_terminal_no_progress(prepare):
    with Output(prepare("x")).progress() as tell:
        assert tell is None


def test_progress_tells_only_what_is_known():
    assert progress_line(Progress("Scanning")) == "Scanning"
    assert progress_line(Progress("Cloning", objects=7, bytes=10)) == "Cloning  7  10 B"


def test_several_facts_are_one_object_or_a_line_each(prepare):
    human, program = prepare("x"), prepare("--format", "json", "x")
    for call in (human, program):
        asyncio.run(Output(call).facts({"a": 1}, [("a", "1"), ("long", "2\x1b")]))
    assert human.text == "a     1\nlong  2\\u{1b}\n"
    assert program.json == {"a": 1}


def test_a_warning_goes_to_people_and_programs_beside_the_result(prepare):
    for words, line in ((["x"], "Mind ü."), (["--format", "json", "x"], '{"warning": {"message": "Mind \\u00fc."}}')):
        call = prepare(*words)
        asyncio.run(Output(call).warn("Mind ü."))
        assert (call.output, call.errors.decode()) == (b"", line + "\n")


@pytest.mark.parametrize("name", ["日本", "e\u0301", "\x1b[31mred", "", "a\nb", "long " * 300])
@pytest.mark.parametrize("at", [0, SLICE - 1, SLICE, SLICE + 3])
def test_one_name_that_is_not_plain_leaves_all_rows_in_line(prepare, name, at):
    call = prepare("x")
    names = ["plain"] * (SLICE + 3)
    names.insert(at, name)
    columns = [Column("NAME", lambda row: row), Column("N", lambda row: "7", to_the_right=True)]
    asyncio.run(Output(call).table(names, lambda row: {}, columns, ""))

    heading, *lines = call.text.split("\n")[:-1]
    assert len(lines) == len(names)
    assert {display_width(line) for line in lines} == {display_width(heading)}
    assert lines[at].startswith(safe_text(name, CELL_LIMIT))


def test_blanks_at_the_end_of_a_row_are_not_printed(prepare):
    call = prepare("x")
    columns = [Column("A", lambda row: row), Column("B", lambda row: "")]
    asyncio.run(Output(call).table(["one", "seven"], lambda row: {}, columns, ""))

    assert call.text == "A      B\none\nseven\n"
