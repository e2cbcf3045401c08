from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from importers.foreign import put, refused

from pk_tui.errors import Malformed, Misuse
from pk_tui.importers import json_file
from pk_tui.importers.json_file import MAX_JSON, load_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 200_000, ["too deep", "line 1"]),
        ('{"a":\n"[{",\n"b": ' + '[{"a":' * 100_000, ["too deep", "line 3"]),
        ('{"a": [\n}', ["line 2", "column 1"]),
        ("1" + "0" * 5000, ["line 1"]),
        ("[1" + "0" * 5000 + "]", ["number"]),
        ('{"a": 1}\n x', ["line 2"]),
        (b'{"a":\n"\xff"}', ["line 2"]),
        ("", ["line 1"]),
    ],
)
def test_broken_files_are_refused_with_the_line(tmp_path: Path, text: str | bytes, words: list[str]) -> None:
    with refused(Malformed, "b.json", "Nothing was written", *words):
        load_json(put(tmp_path, "b.json", text))


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    os.truncate(put(tmp_path, "b.json", "[]"), MAX_JSON + 1)
    with refused(Misuse, "b.json", "32 MiB"):
        load_json(tmp_path / "b.json")


def test_more_values_than_memory_should_be_spent_on_are_refused_before_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_file, "MAX_VALUES", 1000)
    with refused(Malformed, "1,000 values"):
        load_json(put(tmp_path, "b.json", '{"items": [' + "[]," * 1000 + "[]]}"))


@settings(max_examples=200)
@given(st.one_of(
    st.one_of(st.dictionaries(st.text(max_size=4), JSON), st.lists(JSON)).map(json.dumps),
    st.lists(st.sampled_from([*'{}[],:"ab1 \n', '"a"', "null"]), max_size=14).map("".join),
))  # fmt: skip
def test_json_is_read_as_the_module_reads_it(text: str) -> None:
    try:
        wanted = json.loads(text)
    except ValueError:
        with pytest.raises(json.JSONDecodeError):
            json_file._read(text)
        return
    if isinstance(wanted, dict | list):
        assert json.dumps(json_file._read(text)) == json.dumps(wanted)
