"""Whose CSV it is, told by its header, and what each column means. One table; reading the rows is `csv_file`'s."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum


class Role(Enum):
    """What a column holds. SET_ASIDE: nothing that a secret keeps, such as an icon; said once if it is filled."""

    TITLE = "title"
    GROUP = "group"
    USERNAME = "username"
    PASSWORD = "password"  # noqa: S105 - the name of a column
    URL = "url"
    OTP = "otp"
    NOTES = "notes"
    TAGS = "tags"
    FIELDS = "fields"
    TYPE = "type"
    FAVORITE = "favorite"
    SET_ASIDE = "set aside"


@dataclass(frozen=True, slots=True)
class Maker:
    """`columns`: header (in lower case) to role. `needed`: the columns by which it is known. `separator`: between groups."""

    name: str
    columns: Mapping[str, Role]
    needed: frozenset[str]
    separator: str = "/"

    def knows(self, header: Sequence[str]) -> bool:
        return self.needed <= set(header)


def _maker(name: str, needed: str, separator: str = "/", **columns: Role) -> Maker:
    named = {column.replace("_", " ") if " " in needed else column: role for column, role in columns.items()}
    return Maker(name, named, frozenset(needed.split(",")), separator)


_ASIDE = Role.SET_ASIDE

MAKERS: tuple[Maker, ...] = (
    Maker(
        "Bitwarden",
        {
            "folder": Role.GROUP,
            "collections": Role.GROUP,
            "favorite": Role.FAVORITE,
            "type": Role.TYPE,
            "name": Role.TITLE,
            "notes": Role.NOTES,
            "fields": Role.FIELDS,
            "reprompt": _ASIDE,
            "archiveddate": _ASIDE,
            "login_uri": Role.URL,
            "login_username": Role.USERNAME,
            "login_password": Role.PASSWORD,
            "login_totp": Role.OTP,
        },
        frozenset({"type", "name", "login_uri", "login_username", "login_password"}),
    ),
    Maker(
        "LastPass",
        {
            "url": Role.URL,
            "username": Role.USERNAME,
            "password": Role.PASSWORD,
            "totp": Role.OTP,
            "extra": Role.NOTES,
            "name": Role.TITLE,
            "grouping": Role.GROUP,
            "fav": Role.FAVORITE,
        },
        frozenset({"url", "username", "password", "extra", "name", "grouping"}),
        "\\",
    ),
    Maker(
        "KeePassXC",
        {
            "group": Role.GROUP,
            "title": Role.TITLE,
            "username": Role.USERNAME,
            "password": Role.PASSWORD,
            "url": Role.URL,
            "notes": Role.NOTES,
            "totp": Role.OTP,
            "icon": _ASIDE,
            "last modified": _ASIDE,
            "created": _ASIDE,
        },
        frozenset({"group", "title", "username", "password", "url", "notes"}),
    ),
    Maker(
        "Firefox",
        {
            "url": Role.URL,
            "username": Role.USERNAME,
            "password": Role.PASSWORD,
            "httprealm": _ASIDE,
            "formactionorigin": _ASIDE,
            "guid": _ASIDE,
            "timecreated": _ASIDE,
            "timelastused": _ASIDE,
            "timepasswordchanged": _ASIDE,
        },
        frozenset({"url", "username", "password", "httprealm", "formactionorigin"}),
    ),
    Maker(
        "1Password",
        {
            "title": Role.TITLE,
            "url": Role.URL,
            "website": Role.URL,
            "urls": Role.URL,
            "username": Role.USERNAME,
            "password": Role.PASSWORD,
            "otpauth": Role.OTP,
            "one-time password": Role.OTP,
            "favorite": Role.FAVORITE,
            "favorite status": Role.FAVORITE,
            "archived": _ASIDE,
            "archived status": _ASIDE,
            "tags": Role.TAGS,
            "notes": Role.NOTES,
            "type": Role.TYPE,
        },
        frozenset({"title", "username", "password"}),
    ),
    Maker(
        "Chrome",
        {
            "name": Role.TITLE,
            "url": Role.URL,
            "username": Role.USERNAME,
            "password": Role.PASSWORD,
            "note": Role.NOTES,
        },
        frozenset({"name", "url", "username", "password"}),
    ),
)
"""In the order in which they are tried: those that are known by more columns first."""


def maker_of(header: Sequence[str]) -> Maker | None:
    """Whose file has these columns, or None."""
    lowered = [column.strip().lower() for column in header]
    return next((maker for maker in MAKERS if maker.knows(lowered)), None)
