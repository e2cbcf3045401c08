"""A KeePass database (KDBX 3 and 4): groups become directories, entries items, attachments secrets beside them.

Earlier versions of entries and the recycle bin are counted, not taken. Opening the file under limits is `kdbx`'s work.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pk_tui.errors import Malformed
from pk_tui.importers.building import Building
from pk_tui.importers.finding import MAX_FILE, Findings, Found, Skipped, read_file, shown
from pk_tui.importers.kdbx import UNREADABLE, TooLarge, attachments_of, open_kdbx
from pk_tui.importers.naming import Places
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text

MAX_KEY_FILE = 1024 * 1024
_STANDARD = {
    "UserName": ("username", "text"),
    "Password": ("password", "password"),
    "URL": ("url", "url"),
    "otp": ("otp", "otp"),
    "TimeOtp-Secret-Base32": ("otp", "otp"),
    "TOTP Seed": ("otp", "otp"),
    "Notes": ("notes", "note"),
}
_ORDER = {key: number for number, key in enumerate(_STANDARD)}


def read_keepass(path: Path, password: Plaintext | None, key_file: Path | None = None) -> Findings:
    """Raises MissingInput, WrongPassword; Misuse, also for a file that asks for too much; Malformed."""
    raw = read_file(path, MAX_FILE)
    key = read_file(key_file, MAX_KEY_FILE) if key_file is not None else None
    database = open_kdbx(raw, path, password, key)
    root = database.tree.getroot()
    top = root.find("Root/Group")
    if top is None:
        raise Malformed(f"{shown(path)} has no groups. Nothing was written.")
    yield from _Reading(path, database, root).below(top)


class _Reading:
    def __init__(self, path: Path, database: Any, root: Any) -> None:
        self._shown = shown(path)
        self._places = Places()
        try:
            self._attachments = attachments_of(database)
        except TooLarge as error:
            raise Malformed(f"{self._shown} cannot be taken: {error}. Nothing was written.") from error
        except (ValueError, zlib.error) as error:
            raise Malformed(f"{self._shown}: its attachments cannot be read. Nothing was written.") from error
        enabled = (root.findtext("Meta/RecycleBinEnabled") or "True").strip().lower() == "true"
        self._bin = (root.findtext("Meta/RecycleBinUUID") or "").strip() if enabled else ""
        self._in_bin = 0
        self._old = 0
        self._with_old = 0

    def below(self, top: Any) -> Findings:
        """All groups, without recursion: the directories of one level before its secrets, so that they keep their names."""
        waiting: list[tuple[Any, tuple[str, ...]]] = [(top, ())]
        while waiting:
            group, parts = waiting.pop()
            inner = []
            for child in group.findall("Group"):
                if self._bin and (child.findtext("UUID") or "").strip() == self._bin:
                    self._in_bin += sum(1 for entry in child.iter("Entry") if entry.getparent().tag != "History")
                    continue
                name = child.findtext("Name") or ""
                self._places.directory((*parts, name))
                inner.append((child, (*parts, name)))
            entries = group.findall("Entry")[::-1]
            while entries:
                entry = entries.pop()
                yield from self._entry(entry, parts)
                # Read once. A whole tree is let go of in one go, which keeps every thread waiting.
                group.remove(entry)
            waiting += reversed(inner)
        if self._in_bin:
            yield Skipped("recycle bin", f"what is in it is not taken ({self._in_bin})")
        if self._old:
            yield Skipped("history", f"earlier versions are not taken ({self._old}, of entries: {self._with_old})")

    def _entry(self, entry: Any, parts: tuple[str, ...]) -> Findings:
        fields = list(_fields(entry))
        title = next((value for key, value, _ in fields if key == "Title"), "")
        place = safe_text("/".join((*parts, title or "entry without a title")), 300)
        building = Building("password", title, f"{self._shown}, entry “{place}”")
        for key, value, protected in sorted(fields, key=lambda field: _ORDER.get(field[0], len(_ORDER))):
            if key == "Title":
                continue
            name, kind = _STANDARD.get(key, (key, "password" if protected else "note" if "\n" in value else "text"))
            building.add(name, value, kind)
            if value.startswith("{REF:"):
                building.left_out.append(
                    f"its field “{safe_text(name, 60)}” refers to another entry, and is kept as it is"
                )
        for name in _unreadable(entry):
            building.left_out.append(f"its field “{safe_text(name, 60)}” holds something that is no text")
        versions = len(entry.findall("History/Entry"))
        self._old += versions
        self._with_old += versions > 0
        where = self._places.secret(parts, title)
        for reason in building.left_out:
            yield Skipped(place, reason)
        tags = (entry.findtext("Tags") or "").replace(";", ",").split(",")
        yield Found(where, building.done(tags))
        for binary in entry.findall("Binary"):
            yield self._attachment(binary, (*parts, f"{title or where.name} (files)"), place)

    def _attachment(self, binary: Any, directory: tuple[str, ...], place: str) -> Found | Skipped:
        name = binary.findtext("Key") or ""
        value = binary.find("Value")
        try:
            content = self._attachments[int(value.attrib["Ref"])]
        except (AttributeError, KeyError, ValueError):
            return Skipped(place, f"its attachment “{safe_text(name, 80)}” is not in the file")
        return Found(self._places.secret(directory, name), Plaintext(content))


def _fields(entry: Any) -> Iterator[tuple[str, str, bool]]:
    for string in entry.findall("String"):
        value = string.find("Value")
        key = string.findtext("Key") or "field"
        if value is not None and value.text:
            protected = "True" in (value.attrib.get("Protected"), value.attrib.get("ProtectInMemory"))
            yield key, value.text, protected


def _unreadable(entry: Any) -> Iterator[str]:
    for string in entry.findall("String"):
        value = string.find("Value")
        if value is not None and UNREADABLE in value.attrib:
            yield string.findtext("Key") or "field"
