from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from importers.foreign import items, put, refused, skipped, slots

from pk_tui.errors import Malformed, Misuse, PkError
from pk_tui.importers.csv_file import host_of, read_csv

CHROME = "name,url,username,password,note\n"


def test_bitwarden(tmp_path: Path) -> None:
    rows = list(
        read_csv(
            put(
                tmp_path,
                "b.csv",
                "folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp\n"
                'Work/Web,1,login,Bank,"n1\nn2","PIN: 1234\nlong: a\nb",1,https://b.org,ada,"s,""e""",JBSWY3DP\n'
                ",,note,Door,the code is 12,,0,,,,\n",
            )
        )
    )
    found = items(rows)
    assert slots(found["Work/Web/Bank"]) == {
        "username": "ada",
        "password": 's,"e"',
        "url": "https://b.org",
        "otp": "JBSWY3DP",
        "notes": "n1\nn2",
        "PIN": "1234",
        "long": "a\nb",
    }
    assert found["Work/Web/Bank"].tags == ("favorite",)
    assert (found["Door"].template, slots(found["Door"])) == ("note", {"text": "the code is 12"})
    assert skipped(rows) == [("column “reprompt”", "it is not kept; it was filled in 2 rows")]


def test_one_password(tmp_path: Path) -> None:
    text = (
        "Title,Url,Username,Password,OTPAuth,Favorite,Archived,Tags,Notes\n"
        "Mail,https://m.org,ada,x,otpauth://totp/m?secret=AAAA,true,false,home;daily,hello\n"
    )
    rows = list(read_csv(put(tmp_path, "1.csv", text)))
    (item,) = items(rows).values()
    assert slots(item) == {
        "username": "ada",
        "password": "x",
        "url": "https://m.org",
        "otp": "otpauth://totp/m?secret=AAAA",
        "notes": "hello",
    }
    assert item.tags == ("home", "daily", "favorite")


def test_last_pass(tmp_path: Path) -> None:
    text = (
        "url,username,password,totp,extra,name,grouping,fav\n"
        "https://a.org,ada,x,,,A,Work\\Web,0\n"
        'http://sn,,,,"NoteType:Server\nHost: h",S,,0\n'
    )
    found = items(read_csv(put(tmp_path, "l.csv", text)))
    assert slots(found["Work/Web/A"]) == {"username": "ada", "password": "x", "url": "https://a.org"}
    assert (found["S"].template, slots(found["S"])) == ("note", {"text": "NoteType:Server\nHost: h"})


def test_chrome_and_firefox_name_what_has_no_title_by_its_host(tmp_path: Path) -> None:
    chrome = items(read_csv(put(tmp_path, "c.csv", CHROME + ",https://h.org/x,ada,p,\nN,https://h.org,bob,q,note\n")))
    assert list(chrome) == ["h.org", "N"]
    assert slots(chrome["N"])["notes"] == "note"
    text = (
        '"url","username","password","httpRealm","formActionOrigin","guid","timeCreated","timeLastUsed","timePasswordChanged"\n'
        '"https://h.org","ada","p",,"https://h.org","{1}","1","1","1"\n"https://h.org","bob","q",,"","{2}","1","1","1"\n'
    )
    firefox = items(read_csv(put(tmp_path, "f.csv", text)))
    assert list(firefox) == ["h.org", "h.org (2)"]
    assert slots(firefox["h.org (2)"])["username"] == "bob"


def test_keepassxc_leaves_out_the_name_of_the_database(tmp_path: Path) -> None:
    text = '"Group","Title","Username","Password","URL","Notes","TOTP","Icon"\n'
    text += '"Root/Web","A","u","p","","","","0"\n"Root","B","","p","","","",""\n'
    assert list(items(read_csv(put(tmp_path, "k.csv", text)))) == ["Web/A", "B"]


def test_a_byte_order_mark_crlf_and_unknown_columns_are_no_hindrance(tmp_path: Path) -> None:
    text = "\ufeffname,url,username,password,Extra thing\r\nA,,u,p,e\r\n"
    (item,) = items(read_csv(put(tmp_path, "c.csv", text))).values()
    assert slots(item) == {"username": "u", "password": "p", "Extra thing": "e"}


def test_what_a_spreadsheet_would_run_stays_text(tmp_path: Path) -> None:
    formula = "=HYPERLINK(1)+cmd|' /C calc'!A0"
    (item,) = items(read_csv(put(tmp_path, "c.csv", f"{CHROME}@A,,-2+3,{formula},\n"))).values()
    assert (item.title, slots(item)) == ("@A", {"username": "-2+3", "password": formula})


def test_rows_that_cannot_be_taken_are_named_by_line_and_the_others_are_taken(tmp_path: Path) -> None:
    text = f'{CHROME}A,,u,"p\nq",\nshort,row\n,,,,\nB,,u,p,\n'
    rows = list(read_csv(put(tmp_path, "c.csv", text)))
    assert list(items(rows)) == ["A", "B"]
    assert [name for name, _ in skipped(rows)] == ["line 4", "line 5"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'{CHROME}A,,u,"open,\nB', ["line 2"]),
        (f'{CHROME}A,,u,p,\nB,,u,"x"y,\n', ["line 3"]),
        (f"{CHROME}A,,u,{'x' * 1_100_000},\n", ["line 2"]),
        (f"{CHROME}A,,u,p\0,\n", ["line 2", "zero byte"]),
        ((CHROME + "A,,u,ü,\n").encode("latin-1"), ["line 2", "UTF-8"]),
        ((CHROME + "A,,u,ü,\n").encode("utf-16"), ["UTF-16"]),
        (CHROME.encode() + b"A,,u,\xed\xa0\x80,\n", ["line 2", "UTF-8"]),
    ],
)
def test_broken_files_are_refused_with_the_line(tmp_path: Path, text: str | bytes, words: list[str]) -> None:
    with refused(Malformed, "c.csv", "Nothing was written", *words):
        list(read_csv(put(tmp_path, "c.csv", text)))


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "\n", "{}", '"open'])
def test_a_header_that_nobody_writes_is_refused_with_the_names_of_those_known(tmp_path: Path, text: str) -> None:
    with refused(Malformed if text == '"open' else Misuse):
        list(read_csv(put(tmp_path, "c.csv", text)))


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=200), st.lists(st.sampled_from([*'ab,"\n\r =\0é:/#.', '""']), max_size=80).map("".join)
    )
)
def test_whatever_is_in_the_file_it_ends_in_items_or_a_sentence(tmp_path: Path, content: bytes | str) -> None:
    raw = content if isinstance(content, bytes) else content.encode()
    try:
        rows = list(read_csv(put(tmp_path, "c.csv", CHROME.encode() + raw)))
    except PkError:
        return
    assert len(items(rows)) + len(skipped(rows)) == len(rows)


def test_the_host_of_what_is_no_address_is_nothing() -> None:
    assert [host_of(text) for text in ("https://a.org:1/x", "a.org", "http://[", "")] == ["a.org", "a.org", "", ""]
