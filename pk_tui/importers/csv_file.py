"""CSV files of other programs: each row becomes an item. Which column means what is `csv_makers`'.

A cell is text and stays text: what a spreadsheet would take for a formula is a password like any other here.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from pk_tui.errors import Malformed, Misuse
from pk_tui.importers.building import Building
from pk_tui.importers.csv_makers import MAKERS, Maker, Role, maker_of
from pk_tui.importers.finding import MAX_FILE, MAX_VALUE, Findings, Found, Skipped, as_text, read_file, shown
from pk_tui.importers.naming import Places
from pk_tui.safe_text import safe_text

_LOGINS = {"", "login", "logins", "password"}
_NOTES = {"note", "secure note", "securenote"}
_LASTPASS_NOTE = "http://sn"
"""What LastPass writes as the address of a note."""
_SET = {"1", "true", "yes"}


def read_csv(path: Path) -> Findings:
    """Raises MissingInput; Misuse for a header that no known program writes; Malformed, naming the line, for broken CSV."""
    text = as_text(read_file(path, MAX_FILE), path)
    rows = _rows(text, path)
    _, header = next(rows, (1, []))
    maker = maker_of(header)
    if maker is None:
        names = ", ".join(sorted(maker.name for maker in MAKERS))
        raise Misuse(
            f"{shown(path)} does not begin with the columns of a program known here ({names}). Export it from there as CSV with "
            "its first line, or choose another kind. Nothing was written."
        )
    yield from _entries(path, maker, header, rows)


def header_of(text: str) -> list[str]:
    """The first row of what may be CSV; empty if it is none."""
    try:
        return next(csv.reader(io.StringIO(text, newline=""), strict=True), [])
    except csv.Error:
        return []


def _rows(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each row with the number of the line that it begins in."""
    # The one limit of the module csv, which belongs to the whole process; nothing else here reads CSV.
    csv.field_size_limit(MAX_VALUE)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for row in reader:
            if row:
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise Malformed(
            f"{shown(path)} is not CSV: in the row that begins in line {line}: {safe_text(str(error))}. Nothing was written."
        ) from error


def _entries(path: Path, maker: Maker, header: list[str], rows: Iterator[tuple[int, list[str]]]) -> Findings:
    columns = [column.strip() for column in header]
    roles = [maker.columns.get(column.lower()) for column in columns]
    places = Places()
    aside: Counter[str] = Counter()
    for line, row in rows:
        if len(row) != len(header):
            yield Skipped(f"line {line}", f"it has {len(row)} columns where the first line has {len(header)}")
            continue
        entry = _Entry(maker, f"{shown(path)}, line {line}")
        for column, role, value in zip(columns, roles, row, strict=True):
            if role is Role.SET_ASIDE:
                aside[column] += bool(value.strip())
            else:
                entry.take(role, column, value)
        if entry.is_empty:
            yield Skipped(f"line {line}", "it is empty")
            continue
        building = entry.built()
        directories = entry.directories
        place = places.secret(directories, entry.title)
        for reason in building.left_out:
            yield Skipped(f"line {line}", reason)
        yield Found(place, building.done(entry.tags))
    for column, count in aside.items():
        if count:
            yield Skipped(f"column “{safe_text(column, 60)}”", f"it is not kept; it was filled in {count} rows")


class _Entry:
    """One row, column by column."""

    def __init__(self, maker: Maker, place: str) -> None:
        self._maker = maker
        self._place = place
        self._known: dict[Role, list[str]] = {}
        self._other: list[tuple[str, str]] = []

    def take(self, role: Role | None, column: str, value: str) -> None:
        if not value:
            return
        if role is None:
            self._other.append((column, value))
        else:
            self._known.setdefault(role, []).append(value)

    def _one(self, role: Role) -> str:
        return self._known.get(role, [""])[0]

    @property
    def is_empty(self) -> bool:
        return not self._other and all(role in (Role.TYPE, Role.FAVORITE, Role.GROUP) for role in self._known)

    @property
    def title(self) -> str:
        return self._one(Role.TITLE).strip() or host_of(self._one(Role.URL)) or self._one(Role.USERNAME)

    @property
    def directories(self) -> list[str]:
        """KeePassXC's first group is the database itself, and says nothing."""
        parts = [part for part in self._one(Role.GROUP).split(self._maker.separator) if part.strip()]
        return parts[1:] if self._maker.name == "KeePassXC" else parts

    @property
    def tags(self) -> list[str]:
        tags = [tag for tag in self._one(Role.TAGS).replace(";", ",").split(",") if tag.strip()]
        return [*tags, "favorite"] if self._one(Role.FAVORITE).strip().lower() in _SET else tags

    @property
    def _is_note(self) -> bool:
        if self._one(Role.TYPE).strip().lower() in _NOTES:
            return True
        if self._maker.name == "LastPass" and self._one(Role.URL) == _LASTPASS_NOTE:
            return True
        logins = (Role.USERNAME, Role.PASSWORD, Role.URL, Role.OTP)
        return bool(self._one(Role.NOTES)) and not any(self._one(role) for role in logins)

    def built(self) -> Building:
        is_note = self._is_note
        building = Building("note" if is_note else "password", self.title, self._place)
        building.add("username", self._one(Role.USERNAME))
        building.add("password", self._one(Role.PASSWORD), "password")
        if self._one(Role.URL) != _LASTPASS_NOTE or not is_note:
            for url in self._known.get(Role.URL, []):
                building.add("url", url, "url")
        building.add("otp", self._one(Role.OTP), "otp")
        building.add("text" if is_note else "notes", self._one(Role.NOTES), "note")
        kind = self._one(Role.TYPE).strip()
        if kind.lower() not in _LOGINS | _NOTES:
            building.add("type", kind)
        for name, value in _fields(self._one(Role.FIELDS)):
            building.add(name, value)
        for column, value in self._other:
            building.add(column, value, "note" if "\n" in value else "text")
        return building


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """Bitwarden's own fields, `name: value` a line; a line without a name belongs to the one above."""
    name, lines = "", list[str]()
    for line in text.splitlines():
        before, colon, after = line.partition(": ")
        if not colon and line.endswith(":"):
            before, colon, after = line[:-1], ":", ""
        if colon:
            if lines:
                yield name or "field", "\n".join(lines)
            name, lines = before, [after]
        else:
            lines.append(line)
    if lines:
        yield name or "field", "\n".join(lines)


def host_of(url: str) -> str:
    """What a secret is called that has only an address: the host, as far as there is one."""
    try:
        return urlsplit(url if "://" in url else f"//{url}").hostname or ""
    except ValueError:
        return ""
