from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from importers.foreign import refused
from importers.kdbx_files import (
    AES_256,
    EMPTY,
    PASSWORD,
    SIGNATURE,
    aes_variants,
    argon2_variants,
    entry,
    file_with,
    kdbx3,
    kdbx4,
    kdbx4_header,
)
from pykeepass.kdbx_parsing import common
from pykeepass.kdbx_parsing import kdbx4 as theirs

from pk_tui.errors import Malformed, Misuse, PkError, WrongPassword
from pk_tui.importers import kdbx
from pk_tui.importers.kdbx import aes_kdf, open_kdbx, require_bearable
from pk_tui.plaintext import Plaintext

HERE = Path("/x/file.kdbx")
RIGHT = Plaintext(PASSWORD)


def text_of(database: Any) -> list[str]:
    return [value.text for value in database.tree.getroot().iter("Value")]


@pytest.mark.parametrize("made", [kdbx3, kdbx4])
def test_both_versions_open_with_their_password_and_with_no_other(made: Callable[[bytes], bytes]) -> None:
    raw = made(file_with(entry("T", Password="p")))
    assert text_of(open_kdbx(raw, HERE, RIGHT, None)) == ["T", "p"]
    for wrong in (Plaintext(b"other"), Plaintext(b""), Plaintext(b"\xff")):
        with refused(WrongPassword, "does not open"):
            open_kdbx(raw, HERE, wrong, None)
    with refused(WrongPassword, "key file"):
        open_kdbx(raw, HERE, RIGHT, b"a key file")
    with refused(WrongPassword, "none was given"):
        open_kdbx(raw, HERE, None, None)


@pytest.mark.parametrize("rounds", [0, 1, 2, 65_535, 65_536, 65_537, 200_003])
def test_our_aes_kdf_is_that_of_pykeepass(rounds: int) -> None:
    seed, key = bytes(range(32)), bytes(range(32, 64))
    assert aes_kdf(seed, rounds, key) == common.aes_kdf(seed, rounds, key)


@pytest.fixture
def no_kdf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever derives a key fails the test."""

    def never(*given: object, **named: object) -> None:
        pytest.fail("a key was derived")

    monkeypatch.setattr(kdbx, "aes_kdf", never)
    monkeypatch.setattr(common, "aes_kdf", never)
    monkeypatch.setattr(theirs.argon2.low_level, "hash_secret_raw", never)


@pytest.mark.usefixtures("no_kdf")
@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (kdbx3(EMPTY, rounds=2**63), ["rounds of AES"]),
        (kdbx4_header(aes_variants(rounds=10**12)), ["1,000,000,000,000 rounds"]),
        (kdbx4_header(argon2_variants(memory=4 * 1024**4)), ["4,194,304 MiB"]),
        (kdbx4_header(argon2_variants(memory=2**64 - 1)), ["MiB"]),
        (kdbx4_header(argon2_variants(memory=1024**3, passes=1000)), ["1,000 passes"]),
        (kdbx4_header(argon2_variants(passes=2**40)), ["passes"]),
        (kdbx4_header(argon2_variants(lanes=2**31)), ["lanes"]),
        (
            kdbx4_header(aes_variants(), cipher=bytes.fromhex("ad68f29f576f4bb9a36ad47af965346c")) + bytes(2**20),
            ["Twofish"],
        ),
    ],
)
def test_a_file_that_asks_too_much_is_refused_before_a_key_is_derived(raw: bytes, words: list[str]) -> None:
    with refused(Misuse, "/x/file.kdbx", "Nothing was written", *words):
        open_kdbx(raw, HERE, RIGHT, None)


@pytest.mark.usefixtures("no_kdf")
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        SIGNATURE,
        b"PK\x03\x04" + bytes(100),
        SIGNATURE + struct.pack("<HH", 0, 5) + bytes(100),
        kdbx4(EMPTY)[:100],
        kdbx4_header(argon2_variants(passes=0)),
        kdbx4_header(argon2_variants(lanes=0)),
        kdbx4_header(argon2_variants(memory=1024)),
        kdbx4_header(argon2_variants(version=7)),
        kdbx4_header(aes_variants() + aes_variants()),
        kdbx4_header(b""),
        kdbx4_header(b"\x42\xff\xff\xff\xff"),
        kdbx4_header(aes_variants(), cipher=AES_256)[:-9] + struct.pack("<BI", 200, 2**32 - 1),
    ],
)
def test_a_broken_header_is_refused_before_a_key_is_derived(raw: bytes) -> None:
    with refused(Malformed, "/x/file.kdbx", "Nothing was written"):
        open_kdbx(raw, HERE, RIGHT, None)


def test_keepass_1_is_told_apart() -> None:
    with refused(Misuse, "KeePass 1"):
        open_kdbx(bytes.fromhex("03d9a29a65fb4bb5") + bytes(100), HERE, RIGHT, None)


def test_usual_and_generous_parameters_are_borne() -> None:
    for kdf in (
        aes_variants(60_000),
        aes_variants(30_000_000),
        argon2_variants(64 * 1024**2, 10, 4),
        argon2_variants(1024**3, 2, 8),
    ):
        require_bearable(kdbx4_header(kdf), HERE)


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a0 "lol">'
    + b"".join(b'<!ENTITY a%d "%b">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10))
    + b"]><KeePassFile><Root><Group><Entry><String><Key>Title</Key><Value>&a9;</Value></String></Entry></Group></Root>"
    b"</KeePassFile>"
)


def external(path: Path) -> bytes:
    return (
        b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY x SYSTEM "file://%b">]><KeePassFile><Root><Group><Entry><String>'
        b"<Key>Title</Key><Value>&x;</Value></String></Entry></Group></Root></KeePassFile>" % str(path).encode()
    )


@pytest.mark.parametrize("made", [kdbx3, kdbx4])
def test_no_entity_is_ever_filled_in(made: Callable[[bytes], bytes], tmp_path: Path) -> None:
    (tmp_path / "canary").write_text("canary")
    for xml in (
        BOMB,
        external(tmp_path / "canary"),
        b'<!DOCTYPE b SYSTEM "file:///etc/passwd"><KeePassFile/>',
        BOMB.decode().replace('"1.0"', '"1.0" encoding="utf-16"').encode("utf-16"),
        BOMB.decode().replace('"1.0"', '"1.0" encoding="utf-7"').replace("<!", "+ADwAIQ-").encode(),
    ):
        with refused(Malformed, "/x/file.kdbx", "Nothing was written"):
            open_kdbx(made(xml), HERE, RIGHT, None)


def test_without_our_limits_the_parser_would_fill_entities_in() -> None:
    """Shows that the test above is about something, and where the limits must be put."""
    found = common.etree.fromstring(b'<!DOCTYPE b [<!ENTITY a "filled">]><b>&a;</b>')
    assert found.text == "filled"


def test_what_grows_too_large_when_unpacked_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kdbx, "MAX_UNPACKED", 100_000)
    for raw in (kdbx4(EMPTY, packed=gzip.compress(bytes(10_000_000))), kdbx3(bytes(10_000_000))):
        with refused(Malformed, "when unpacked"):
            open_kdbx(raw, HERE, RIGHT, None)
    open_kdbx(kdbx4(EMPTY), HERE, RIGHT, None)


def test_xml_of_more_tags_than_memory_should_be_spent_on_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kdbx, "MAX_TAGS", 1000)
    with refused(Malformed, "1,000 tags"):
        open_kdbx(kdbx4(file_with("<a/>" * 1000)), HERE, RIGHT, None)


def test_xml_that_is_deep_or_broken_is_refused() -> None:
    for xml in (b"<a>" * 200_000, b"no xml", b"", b"<KeePassFile>", b"<a>\xff</a>"):
        with refused(Malformed, "/x/file.kdbx"):
            open_kdbx(kdbx4(xml), HERE, RIGHT, None)


WHOLE = kdbx4(file_with(entry("T", Password="p")))


@settings(max_examples=150)
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_an_altered_byte_anywhere_ends_in_a_sentence(at: int, by: int) -> None:
    raw = bytearray(WHOLE)
    raw[at] ^= by
    try:
        found = text_of(open_kdbx(bytes(raw), HERE, RIGHT, None))
    except PkError:
        return
    assert found == ["T", "p"]


@settings(max_examples=100)
@given(st.binary(max_size=300), st.sampled_from([3, 4]))
def test_any_bytes_end_in_a_sentence(raw: bytes, version: int) -> None:
    with pytest.raises(PkError):
        open_kdbx(SIGNATURE + struct.pack("<HH", 0, version) + raw, HERE, RIGHT, None)
