from __future__ import annotations

import base64
import gzip
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from importers.foreign import items, plain, put, refused, skipped, slots
from importers.kdbx_files import PASSWORD, entry, file_with, kdbx3, kdbx4, protected
from pykeepass import create_database

from pk_tui.errors import Malformed, MissingInput, PkError, WrongPassword
from pk_tui.importers import kdbx, keepass
from pk_tui.importers.keepass import read_keepass
from pk_tui.plaintext import Plaintext

RIGHT = Plaintext(PASSWORD)
BIN = base64.b64encode(b"b" * 16).decode()


def group(name: str, inside: str, uuid: str = "") -> str:
    return f"<Group><UUID>{uuid}</UUID><Name>{name}</Name>{inside}</Group>"


def attached(name: str, number: str) -> str:
    return f'<Binary><Key>{name}</Key><Value Ref="{number}"/></Binary>'


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as pykeepass writes it: Argon2, protected values, a key file."""
    directory = tmp_path_factory.mktemp("keepass")
    put(directory, "key", b"made up key file")
    database = create_database(str(directory / "real.kdbx"), password=PASSWORD.decode(), keyfile=str(directory / "key"))
    web = database.add_group(database.root_group, "Web")
    bank = database.add_entry(web, "Bank", "ada", "s3cret ü", url="https://b.org", notes="1\n2", tags=["home", "x"])
    bank.otp = "otpauth://totp/b?secret=AAAA"
    bank.set_custom_property("PIN", "1234", protect=True)
    bank.set_custom_property("colour", "red")
    bank.save_history()
    bank.save_history()
    bank.add_attachment(database.add_binary(b"\x00blob\xff"), "../../evil")
    database.add_entry(web, "Bank", "bob", "2", force_creation=True)
    database.trash_entry(database.add_entry(web, "Old", "", "gone"))
    database.save()
    return directory


def test_a_database_of_pykeepass_comes_over_with_groups_fields_codes_and_attachments(real: Path) -> None:
    rows = list(read_keepass(real / "real.kdbx", RIGHT, real / "key"))
    found = items(rows)
    assert sorted(found) == ["Web/Bank", "Web/Bank (2)"]
    assert slots(found["Web/Bank"]) == {
        "username": "ada",
        "password": "s3cret ü",
        "url": "https://b.org",
        "otp": "otpauth://totp/b?secret=AAAA",
        "notes": "1\n2",
        "PIN": "1234",
        "colour": "red",
    }
    types = {slot.name: slot.type for slot in found["Web/Bank"].slots}
    assert (types["PIN"], types["colour"], types["otp"]) == ("password", "text", "otp")
    assert found["Web/Bank"].tags == ("home", "x")
    assert plain(rows) == {"Web/Bank (files)/..-..-evil": b"\x00blob\xff"}
    assert dict(skipped(rows)) == {
        "recycle bin": "what is in it is not taken (1)",
        "history": "earlier versions are not taken (2, of entries: 1)",
    }


def test_without_the_key_file_or_with_another_it_does_not_open(real: Path) -> None:
    put(real, "other", b"other")
    for key in (None, real / "other"):
        with refused(WrongPassword):
            list(read_keepass(real / "real.kdbx", RIGHT, key))
    with refused(MissingInput, "nowhere"):
        list(read_keepass(real / "real.kdbx", RIGHT, real / "nowhere"))


@pytest.mark.skipif(shutil.which("keepassxc-cli") is None, reason="keepassxc-cli is not installed")
def test_a_database_of_keepassxc_opens(tmp_path: Path) -> None:
    import subprocess

    path = tmp_path / "xc.kdbx"
    typed = PASSWORD + b"\n" + PASSWORD + b"\n"
    subprocess.run(["keepassxc-cli", "db-create", "-p", str(path)], input=typed, check=True, capture_output=True)
    line = PASSWORD + b"\nvalue\n"
    subprocess.run(
        ["keepassxc-cli", "add", "-q", "-u", "ada", "-p", str(path), "T"], input=line, check=True, capture_output=True
    )
    assert slots(items(read_keepass(path, RIGHT))["T"]) == {"username": "ada", "password": "value"}


def test_kdbx_3_comes_over(tmp_path: Path) -> None:
    blob = base64.b64encode(gzip.compress(b"inside")).decode()
    meta = f'<Binaries><Binary ID="0" Compressed="True">{blob}</Binary></Binaries>'
    rows = list(
        read_keepass(
            put(tmp_path, "3", kdbx3(file_with(group("G", entry("T", attached("f", "0"), Password="p")), meta))), RIGHT
        )
    )
    assert slots(items(rows)["G/T"]) == {"password": "p"}
    assert plain(rows) == {"G/T (files)/f": b"inside"}


def test_names_of_groups_entries_fields_and_attachments_cannot_leave_the_vault(tmp_path: Path) -> None:
    inside = entry("../../x", attached("/etc/passwd", "0") + attached("..", "0") + attached("", "0"), **{"a/b": "1"})
    rows = list(read_keepass(put(tmp_path, "4", kdbx4(file_with(group("..", inside)), (b"blob",))), RIGHT))
    assert list(items(rows)) == ["_./..-..-x"]
    assert sorted(plain(rows)) == [f"_./..-..-x (files)/{name}" for name in ("-etc-passwd", "_.", "unnamed")]


@pytest.mark.parametrize("number", ["1", "-1", "x", "99999999999999999999"])
def test_an_attachment_that_is_not_there_is_named_and_the_entry_is_taken(tmp_path: Path, number: str) -> None:
    rows = list(read_keepass(put(tmp_path, "4", kdbx4(file_with(entry("T", attached("f", number))), (b"b",))), RIGHT))
    assert list(items(rows)) == ["T"]
    assert skipped(rows) == [("T", "its attachment “f” is not in the file")]


def test_the_recycle_bin_is_left_out_only_where_it_is_one(tmp_path: Path) -> None:
    meta = f"<RecycleBinEnabled>{{}}</RecycleBinEnabled><RecycleBinUUID>{BIN}</RecycleBinUUID>"
    groups = group("Bin", entry("A", "<History><Entry/></History>") + group("In", entry("B")), BIN) + entry("C")
    on = list(read_keepass(put(tmp_path, "on", kdbx4(file_with(groups, meta.format("True")))), RIGHT))
    off = list(read_keepass(put(tmp_path, "off", kdbx4(file_with(groups, meta.format("False")))), RIGHT))
    assert (list(items(on)), skipped(on)) == (["C"], [("recycle bin", "what is in it is not taken (2)")])
    assert sorted(items(off)) == ["Bin/A", "Bin/In/B", "C"]


def test_a_group_and_an_entry_of_one_name_are_both_taken(tmp_path: Path) -> None:
    rows = items(read_keepass(put(tmp_path, "4", kdbx4(file_with(entry("X") + group("X", entry("Y"))))), RIGHT))
    assert sorted(rows) == ["X (2)", "X/Y"]


def test_a_reference_to_another_entry_is_kept_and_named(tmp_path: Path) -> None:
    rows = list(read_keepass(put(tmp_path, "4", kdbx4(file_with(entry("T", Password="{REF:P@I:00}")))), RIGHT))
    assert slots(items(rows)["T"]) == {"password": "{REF:P@I:00}"}
    assert [name for name, _ in skipped(rows)] == ["T"]


def test_entries_are_let_go_of_as_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tree that goes as a whole takes its time, and everything else waits."""
    opened = []

    def noted(*given: object) -> object:
        opened.append(kdbx.open_kdbx(*given))  # type: ignore[arg-type] # as they came
        return opened[0]

    monkeypatch.setattr(keepass, "open_kdbx", noted)
    groups = entry("A") + group("G", entry("B", "<History><Entry/></History>") + entry("C"))
    rows = read_keepass(put(tmp_path, "4", kdbx4(file_with(groups))), RIGHT)
    next(rows)
    assert len(list(opened[0].tree.getroot().iter("Entry"))) == 4
    assert len(items(rows)) == 2
    assert not list(opened[0].tree.getroot().iter("Entry"))


def test_a_file_without_groups_is_refused(tmp_path: Path) -> None:
    with refused(Malformed, "no groups"):
        list(read_keepass(put(tmp_path, "4", kdbx4(b"<KeePassFile/>")), RIGHT))


@pytest.mark.parametrize("value", [b"a\x01b", b"\xff", b"\x00"])
def test_a_protected_value_that_is_no_text_is_named_and_never_altered(tmp_path: Path, value: bytes) -> None:
    more = f"<String><Key>Password</Key>{protected(value)}</String>"
    rows = list(read_keepass(put(tmp_path, "4", kdbx4(file_with(entry("T", more, UserName="ada")))), RIGHT))
    assert slots(items(rows)["T"]) == {"username": "ada"}
    assert skipped(rows) == [("T", "its field “Password” holds something that is no text")]


def test_a_protected_value_comes_over_as_it_is(tmp_path: Path) -> None:
    more = f"<String><Key>Password</Key>{protected('ü <&>'.encode())}</String>"
    rows = read_keepass(put(tmp_path, "4", kdbx4(file_with(entry("T", more)))), RIGHT)
    assert slots(items(rows)["T"]) == {"password": "ü <&>"}


def test_attachments_of_kdbx_3_are_told_by_their_numbers(tmp_path: Path) -> None:
    binaries = "".join(
        f'<Binary ID="{number}">{base64.b64encode(b"%d" % number).decode()}</Binary>' for number in (7, 3, 1)
    )
    inside = entry("T", attached("a", "1") + attached("b", "3") + attached("c", "7"))
    rows = read_keepass(put(tmp_path, "3", kdbx3(file_with(inside, f"<Binaries>{binaries}</Binaries>"))), RIGHT)
    assert plain(rows) == {f"T (files)/{name}": b"%d" % number for name, number in (("a", 1), ("b", 3), ("c", 7))}


@pytest.mark.parametrize(
    ("binary", "words"),
    [
        ('ID="0" Compressed="True">' + base64.b64encode(gzip.compress(bytes(3_000_000))).decode(), "when unpacked"),
        ('ID="0" Compressed="True">AAAA', "cannot be read"),
        ('ID="x">AAAA', "cannot be read"),
        ('ID="0">A', "cannot be read"),
        ('ID="0" Protected="True">AAAA', "KDBX 4"),
    ],
)
def test_attachments_of_kdbx_3_that_cannot_be_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, binary: str, words: str
) -> None:
    monkeypatch.setattr(kdbx, "MAX_UNPACKED", 1024 * 1024)
    xml = file_with("", f"<Binaries><Binary {binary}</Binary></Binaries>")
    with refused(Malformed, words, "Nothing was written"):
        list(read_keepass(put(tmp_path, "3", kdbx3(xml)), RIGHT))


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="<&\0"), max_size=8)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.recursive(TEXT, lambda inner: st.builds(
    lambda tag, parts: f"<{tag}>{''.join(parts)}</{tag}>",
    st.sampled_from(["Group", "Entry", "String", "Key", "Value", "Name", "UUID", "Binary", "History", "Tags"]),
    st.lists(inner, max_size=4),
), max_leaves=25))  # fmt: skip
def test_any_xml_ends_in_secrets_or_a_sentence(tmp_path: Path, inside: str) -> None:
    path = put(tmp_path, "4", kdbx4(file_with(inside)))
    try:
        rows = list(read_keepass(path, RIGHT))
    except PkError:
        return
    assert len(items(rows)) + len(plain(rows)) + len(skipped(rows)) == len(rows)
