"""Bitwarden's unencrypted JSON export: folders or collections become directories, every kind of item an item."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pk_tui.errors import Malformed, Misuse
from pk_tui.importers.building import Building
from pk_tui.importers.finding import Findings, Found, Skipped, shown
from pk_tui.importers.json_file import load_json
from pk_tui.importers.naming import Places
from pk_tui.safe_text import safe_text

_Object = Mapping[str, Any]


def read_bitwarden(path: Path) -> Findings:
    """Raises MissingInput; Misuse for an encrypted export; Malformed, naming the line or item."""
    export = load_json(path)
    if not isinstance(export, dict):
        raise Malformed(f"{shown(path)} is not an export of Bitwarden. Nothing was written.")
    if export.get("encrypted") is True:
        raise Misuse(
            f"{shown(path)} is an encrypted export, which only Bitwarden can open. Export again with the file format “.json” "
            "(not “.json (Encrypted)”), import that file, and remove it afterwards. Nothing was written."
        )
    items = export.get("items")
    if not isinstance(items, list):
        raise Malformed(f"{shown(path)} is not an export of Bitwarden: it has no list “items”. Nothing was written.")
    folders = {**_folders(export.get("folders")), **_folders(export.get("collections"))}
    places = Places()
    for number, item in enumerate(items, 1):
        items[number - 1] = None  # what was read is not needed twice
        yield from _one(item, f"{shown(path)}, item {number}", f"item {number}", folders, places)


def _folders(listed: object) -> dict[str, list[str]]:
    """Names by id; a slash in a name is Bitwarden's way to nest folders."""
    found: dict[str, list[str]] = {}
    for folder in listed if isinstance(listed, list) else []:
        if isinstance(folder, dict) and isinstance(folder.get("id"), str):
            name = _text(folder.get("name"))
            found[folder["id"]] = [part for part in name.split("/") if part.strip()]
    return found


def _one(item: object, place: str, shown_as: str, folders: Mapping[str, list[str]], places: Places) -> Findings:
    if not isinstance(item, dict):
        raise Malformed(f"{place} is not an item. Nothing was written.")
    build = _KINDS.get(item.get("type") if isinstance(item.get("type"), int) else None)
    if build is None:
        yield Skipped(shown_as, "it is of a kind that is not known here")
        return
    if item.get("deletedDate"):
        yield Skipped(shown_as, "it is in Bitwarden's bin")
        return
    template, fill = build
    title = _text(item.get("name"))
    building = Building(template, title, place)
    fill(building, item)
    _add_fields(building, item)
    directories: list[str] = []
    for key in (item.get("folderId"), *_list(item.get("collectionIds"))):
        if isinstance(key, str) and key in folders:
            directories = folders[key]
            break
    where = places.secret(directories, title)
    for reason in (*building.left_out, *_not_kept(item)):
        yield Skipped(shown_as, reason)
    yield Found(where, building.done(["favorite"] if item.get("favorite") is True else []))


def _not_kept(item: _Object) -> Iterator[str]:
    history = _list(item.get("passwordHistory"))
    if history:
        yield f"its earlier passwords are not taken ({len(history)})"
    if _list(_map(item.get("login")).get("fido2Credentials")):
        yield "its passkey is not taken"
    if _list(item.get("attachments")):
        yield "its attachments are not in such an export"


def _add_fields(building: Building, item: _Object) -> None:
    for field in _list(item.get("fields")):
        if not isinstance(field, dict):
            building.left_out.append("one of its fields cannot be read")
            continue
        name = _text(field.get("name")) or "field"
        if field.get("type") == 3:
            building.left_out.append(f"its field “{safe_text(name, 60)}” only refers to another one")
            continue
        value = _text(field.get("value"))
        hidden = field.get("type") == 1
        building.add(name, value, "password" if hidden else "note" if "\n" in value else "text")


def _login(building: Building, item: _Object) -> None:
    login = _map(item.get("login"))
    building.add("username", _text(login.get("username")))
    building.add("password", _text(login.get("password")), "password")
    for uri in _list(login.get("uris")):
        building.add("url", _text(_map(uri).get("uri")), "url")
    building.add("otp", _text(login.get("totp")), "otp")
    building.add("notes", _text(item.get("notes")), "note")


def _note(building: Building, item: _Object) -> None:
    building.add("text", _text(item.get("notes")), "note")


def _card(building: Building, item: _Object) -> None:
    card = _map(item.get("card"))
    building.add("holder", _text(card.get("cardholderName")))
    building.add("number", _text(card.get("number")), "card")
    month, year = _text(card.get("expMonth")), _text(card.get("expYear"))
    both = f"{year}-{month.zfill(2)}" if month and year else year or month
    building.add("expires", both, "month")
    building.add("code", _text(card.get("code")), "password")
    building.add("brand", _text(card.get("brand")), "choice")
    building.add("notes", _text(item.get("notes")), "note")


_ADDRESS = ("address1", "address2", "address3", "city", "state", "postalCode", "country")
_IDENTITY = (
    ("email", "email", "email"),
    ("phone", "phone", "phone"),
    ("company", "company", "text"),
    ("username", "username", "text"),
    ("ssn", "social security number", "password"),
    ("passportNumber", "passport number", "password"),
    ("licenseNumber", "licence number", "password"),
)


def _identity(building: Building, item: _Object) -> None:
    identity = _map(item.get("identity"))
    names = [_text(identity.get(key)) for key in ("title", "firstName", "middleName", "lastName")]
    building.add("name", " ".join(name for name in names if name))
    building.add("address", "\n".join(line for line in (_text(identity.get(key)) for key in _ADDRESS) if line), "note")
    for key, slot, kind in _IDENTITY:
        building.add(slot, _text(identity.get(key)), kind)
    building.add("notes", _text(item.get("notes")), "note")


def _ssh_key(building: Building, item: _Object) -> None:
    key = _map(item.get("sshKey"))
    building.add("private_key", _text(key.get("privateKey")), "note")
    building.add("public_key", _text(key.get("publicKey")))
    building.add("fingerprint", _text(key.get("keyFingerprint")))
    building.add("notes", _text(item.get("notes")), "note")


_Fill = Callable[[Building, _Object], None]
_KINDS: Mapping[int | None, tuple[str, _Fill]] = {
    1: ("password", _login),
    2: ("note", _note),
    3: ("card", _card),
    4: ("identity", _identity),
    5: ("ssh-key", _ssh_key),
}


def _text(value: object) -> str:
    """Text as it is, numbers as they are written, anything else nothing."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _map(value: object) -> _Object:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
