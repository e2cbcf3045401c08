from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from importers.foreign import items, put, refused, skipped, slots

from pk_tui.errors import Malformed, Misuse, PkError
from pk_tui.importers.bitwarden import read_bitwarden

EXPORT: dict[str, Any] = {
    "encrypted": False,
    "folders": [{"id": "f1", "name": "Work/Web"}],
    "items": [
        {
            "type": 1,
            "name": "Bank",
            "folderId": "f1",
            "favorite": True,
            "notes": "n",
            "fields": [
                {"name": "PIN", "value": "1234", "type": 1},
                {"name": "on", "value": "true", "type": 2},
                {"name": "linked", "value": None, "type": 3, "linkedId": 100},
            ],
            "login": {
                "uris": [{"match": None, "uri": "https://b.org"}, {"uri": "https://c.org"}],
                "username": "ada",
                "password": "=1+1",
                "totp": "otpauth://totp/x?secret=AAAA",
                "fido2Credentials": [{}],
            },
            "passwordHistory": [{"password": "old"}],
        },
        {"type": 2, "name": "Door", "notes": "12", "secureNote": {"type": 0}},
        {
            "type": 3,
            "name": "Visa",
            "card": {
                "cardholderName": "Ada",
                "brand": "Visa",
                "number": "4111",
                "expMonth": "3",
                "expYear": "2031",
                "code": "9",
            },
        },
        {
            "type": 4,
            "name": "Me",
            "identity": {
                "firstName": "Ada",
                "lastName": "L",
                "address1": "1 Row",
                "city": "X",
                "email": "a@b.c",
                "ssn": "7",
            },
        },
        {"type": 5, "name": "Key", "sshKey": {"privateKey": "PRIV", "publicKey": "PUB", "keyFingerprint": "FP"}},
        {"type": 9, "name": "Newer"},
        {"type": 1, "name": "Gone", "deletedDate": "2024-01-01T00:00:00Z", "login": {}},
        {"type": 1, "name": "Bank", "folderId": "f1", "login": {"password": "2"}},
    ],
}


def test_every_kind_of_item_comes_over_with_folders_fields_and_codes(tmp_path: Path) -> None:
    found = items(read_bitwarden(put(tmp_path, "b.json", json.dumps(EXPORT))))
    assert slots(found["Work/Web/Bank"]) == {
        "username": "ada",
        "password": "=1+1",
        "url": "https://b.org",
        "url (2)": "https://c.org",
        "otp": "otpauth://totp/x?secret=AAAA",
        "notes": "n",
        "PIN": "1234",
        "on": "true",
    }
    assert found["Work/Web/Bank"].tags == ("favorite",)
    assert slots(found["Door"]) == {"text": "12"}
    assert slots(found["Visa"]) == {
        "holder": "Ada",
        "number": "4111",
        "expires": "2031-03",
        "code": "9",
        "brand": "Visa",
    }
    assert slots(found["Me"]) == {
        "name": "Ada L",
        "address": "1 Row\nX",
        "email": "a@b.c",
        "social security number": "7",
    }
    assert slots(found["Key"]) == {"private_key": "PRIV", "public_key": "PUB", "fingerprint": "FP"}
    assert slots(found["Work/Web/Bank (2)"]) == {"password": "2"}
    assert [found[name].template for name in ("Door", "Visa", "Me", "Key")] == ["note", "card", "identity", "ssh-key"]


def test_what_is_not_taken_is_named(tmp_path: Path) -> None:
    rows = skipped(read_bitwarden(put(tmp_path, "b.json", json.dumps(EXPORT))))
    assert [name for name, _ in rows] == ["item 1", "item 1", "item 1", "item 6", "item 7"]
    said = " ".join(reason for _, reason in rows)
    for word in ("linked", "earlier passwords", "passkey", "not known", "bin"):
        assert word in said


def test_an_encrypted_export_is_recognised_and_says_what_to_do(tmp_path: Path) -> None:
    text = json.dumps({"encrypted": True, "passwordProtected": True, "data": "2.abc"})
    with refused(Misuse, "encrypted export", "“.json”"):
        list(read_bitwarden(put(tmp_path, "b.json", text)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 200_000, ["too deep", "line 1"]),
        ('{"items":\n' + '{"a":' * 200_000, ["too deep", "line 2"]),
        ('{"items": [\n}', ["line 2", "column 1"]),
        ('{"items": [1' + "0" * 5000 + "]}", ["number"]),
        ("[]", ["not an export"]),
        ('{"items": 3}', ["items"]),
        ('{"items": [{"type": 1, "name": "a"}, 3]}', ["item 2"]),
        ('{"items": [{"type": 1, "name": "a\\ud800"}]}', ["item 1", "surrogate"]),
        ('{"items": [{"type": 1, "login": {"password": "\\udc00"}}]}', ["item 1", "surrogate"]),
        ('{"items": [{"type": 2, "notes": "a\\u0000b"}]}', ["item 1", "zero byte"]),
        (b'{"items": [\n"\xff"]}', ["line 2"]),
    ],
)
def test_hostile_files_are_refused_with_the_place(tmp_path: Path, text: str | bytes, words: list[str]) -> None:
    with refused(Malformed, "b.json", "Nothing was written", *words):
        list(read_bitwarden(put(tmp_path, "b.json", text)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "name",
                    "notes",
                    "login",
                    "uris",
                    "uri",
                    "fields",
                    "value",
                    "card",
                    "identity",
                    "folderId",
                    "id",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.fixed_dictionaries({"items": st.lists(JSON, max_size=4), "folders": JSON}), JSON))
def test_any_json_ends_in_items_or_a_sentence(tmp_path: Path, value: object) -> None:
    try:
        rows = list(read_bitwarden(put(tmp_path, "b.json", json.dumps(value))))
    except PkError:
        return
    assert len(items(rows)) + len(skipped(rows)) == len(rows)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=100))
def test_any_bytes_end_in_a_sentence(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(PkError):
        list(read_bitwarden(put(tmp_path, "b.json", b"[" + raw)))
