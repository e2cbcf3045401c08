from __future__ import annotations

import pytest

from pk_tui.importers.csv_makers import MAKERS, Role, maker_of

HEADERS = {
    "Bitwarden": [
        "folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp",
        "collections,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp",
    ],
    "1Password": [
        "Title,Url,Username,Password,OTPAuth,Favorite,Archived,Tags,Notes",
        "Title,Website,Username,Password,One-time password,Favorite status,Archived status,Tags,Notes",
    ],
    "LastPass": ["url,username,password,totp,extra,name,grouping,fav", "url,username,password,extra,name,grouping,fav"],
    "Chrome": ["name,url,username,password,note", "name,url,username,password"],
    "Firefox": [
        "url,username,password,httpRealm,formActionOrigin,guid,timeCreated,timeLastUsed,timePasswordChanged",
    ],
    "KeePassXC": [
        "Group,Title,Username,Password,URL,Notes,TOTP,Icon,Last Modified,Created",
        "Group,Title,Username,Password,URL,Notes",
    ],
}


@pytest.mark.parametrize(("name", "header"), [(name, one) for name, some in HEADERS.items() for one in some])
def test_each_program_is_known_by_its_header_and_every_column_of_it_has_a_role(name: str, header: str) -> None:
    columns = header.split(",")
    maker = maker_of(columns)
    assert maker is not None
    assert maker.name == name
    assert all(column.lower() in maker.columns for column in columns)


@pytest.mark.parametrize("header", ["", "a,b,c", "title,username", "url,password", "{", "name;url;username;password"])
def test_other_headers_are_nobodys(header: str) -> None:
    assert maker_of(header.split(",")) is None


def test_every_maker_needs_only_columns_that_it_has_and_gives_a_password() -> None:
    for maker in MAKERS:
        assert maker.needed <= set(maker.columns)
        assert Role.PASSWORD in maker.columns.values()
