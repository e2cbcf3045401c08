"""A JSON file read under limits: its size, how many values it has and how deep they lie are bounded, and faults name the line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from pk_tui.errors import Malformed
from pk_tui.importers.finding import as_text, count_in, read_file, shown

MAX_JSON = 32 * 1024 * 1024
MAX_VALUES = 4_000_000
"""Values in such a file: each costs some 70 bytes of memory when it is read, however few it has here."""
_DEEP = 200
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]', re.DOTALL)

_BLANKS = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


def load_json(path: Path) -> Any:
    """A JSON file under limits. Raises Malformed, naming the line."""
    raw = read_file(path, MAX_JSON)
    if count_in(raw, b",", b"[", b"{") > MAX_VALUES:
        raise Malformed(f"{shown(path)} has more than {MAX_VALUES:,} values. Nothing was written.")
    text = as_text(raw, path)
    try:
        return _read(text)
    except RecursionError:
        raise Malformed(
            f"{shown(path)} is nested too deep in line {_too_deep(raw)}: more than {_DEEP} levels. Nothing was written."
        ) from None
    except json.JSONDecodeError as error:
        raise Malformed(
            f"{shown(path)} is not JSON in line {error.lineno}, column {error.colno}. Nothing was written."
        ) from error
    except ValueError as error:  # a number of more than 4,300 digits
        raise Malformed(f"{shown(path)} has a number that is too long. Nothing was written.") from error


def _read(text: str) -> Any:
    """As `json.loads`, but of an object's lists each element by itself: the module keeps every thread waiting while it reads."""
    at = _expect(text, 0, "{[") - 1
    value: Any
    value, at = _list_at(text, at) if text[at] == "[" else _object_at(text, at)
    if _past_blanks(text, at) != len(text):
        raise json.JSONDecodeError("Extra data", text, _past_blanks(text, at))
    return value


def _object_at(text: str, at: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    end = "}"
    at += 1
    while text[_expect(text, at, f'"{end}') - 1] != "}":
        key, at = _DECODER.raw_decode(text, _expect(text, at, '"') - 1)
        at = _past_blanks(text, _expect(text, at, ":"))
        found[key], at = _list_at(text, at) if text[at : at + 1] == "[" else _DECODER.raw_decode(text, at)
        at = _expect(text, at, ",}")
        if text[at - 1] == "}":
            return found, at
        end = ""
    return found, _expect(text, at, "}")


def _list_at(text: str, at: int) -> tuple[list[Any], int]:
    found: list[Any] = []
    at = _past_blanks(text, at + 1)
    if text[at : at + 1] == "]":
        return found, at + 1
    while True:
        value, at = _DECODER.raw_decode(text, _past_blanks(text, at))
        found.append(value)
        at = _expect(text, at, ",]")
        if text[at - 1] == "]":
            return found, at


def _past_blanks(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    assert match is not None  # it matches nothing, too
    return match.end()


def _expect(text: str, at: int, characters: str) -> int:
    """The place behind the next character, which has to be one of these."""
    at = _past_blanks(text, at)
    if text[at : at + 1] not in tuple(characters):
        raise json.JSONDecodeError(f"Expecting {characters}", text, at)
    return at + 1


def _too_deep(raw: bytes) -> int:
    """The line in which JSON gets deeper than anybody writes it."""
    depth = 0
    for token in _TOKENS.finditer(raw):
        if token[0] in b"[{":
            depth += 1
            if depth > _DEEP:
                return raw.count(b"\n", 0, token.start()) + 1
        elif token[0] in b"]}":
            depth -= 1
    return raw.count(b"\n") + 1
