"""A dotenv file: each `NAME=value` is a secret of that name. Read by python-dotenv's own parser; nothing is filled in or run."""

from __future__ import annotations

import io
import re
from pathlib import Path

from pk_tui.errors import Malformed
from pk_tui.importers.finding import Findings, Found, Skipped, as_text, read_file, shown
from pk_tui.importers.naming import Places
from pk_tui.plaintext import Plaintext

MAX_DOTENV = 1024 * 1024
"""Bytes of such a file: the parser's patterns take some hundred times as much memory for one long value."""
_MAX_BLANKS = 256
"""Blanks in a row: for more, the parser's search for comments takes time with their square."""
_BLANKS = re.compile(rf"[^\S\r\n]{{{_MAX_BLANKS}}}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def read_dotenv(path: Path) -> Findings:
    """Of a name that is set twice the last value counts, as everywhere. Raises MissingInput, Misuse or Malformed."""
    from dotenv.parser import parse_stream

    text = as_text(read_file(path, MAX_DOTENV), path)
    blanks = _BLANKS.search(text)
    if blanks:
        line = text.count("\n", 0, blanks.start()) + 1
        raise Malformed(
            f"{shown(path)} has more than {_MAX_BLANKS} blanks in a row in line {line}. Nothing was written."
        )
    places = Places()
    values: dict[str, tuple[int, str]] = {}
    for binding in parse_stream(io.StringIO(text)):
        before = binding.original.string
        line = binding.original.line + before[: len(before) - len(before.lstrip())].count("\n")
        if binding.error:
            yield Skipped(f"line {line}", "it is not of the form NAME=value, or a quotation mark is missing")
        elif binding.key is None:
            continue
        elif binding.value is None:
            yield Skipped(f"line {line}", "it names a variable without a value")
        elif not _NAME.fullmatch(binding.key):
            yield Skipped(f"line {line}", "what stands before “=” cannot be the name of a variable")
        else:
            if binding.key in values:
                yield Skipped(f"line {values[binding.key][0]}", f"{binding.key} is set again in line {line}")
            values[binding.key] = (line, binding.value)
    for name, (_, value) in values.items():
        yield Found(places.secret((), name), Plaintext(value.encode()))
