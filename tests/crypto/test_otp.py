"""One-time codes: the published vectors, every spelling that is in use, and a refusal that quotes nothing for all else."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pk_tui.clock import SECOND
from pk_tui.crypto.otp import MAX_COUNTER, MAX_SOURCE, Otp, read_otp, with_counter
from pk_tui.errors import Misuse
from pk_tui.plaintext import Plaintext

KEY = b"12345678901234567890"
BASE32 = base64.b32encode(KEY).decode()

# RFC 4226, appendix D
HOTP = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]

# RFC 6238, appendix B; of each algorithm the key is as long as its hash (erratum 2866)
TOTP = [
    (59, "94287082", "46119246", "90693936"),
    (1111111109, "07081804", "68084774", "25091201"),
    (1111111111, "14050471", "67062674", "99943326"),
    (1234567890, "89005924", "91819424", "93441116"),
    (2000000000, "69279037", "90698825", "38618901"),
    (20000000000, "65353130", "77737706", "47863826"),
]


def read(text: str | bytes) -> Otp:
    return read_otp(Plaintext(text.encode() if isinstance(text, str) else text))


@pytest.mark.parametrize(("counter", "code"), list(enumerate(HOTP)))
def test_codes_of_a_counter_are_those_of_rfc_4226(counter: int, code: str) -> None:
    assert read(f"otpauth://hotp/x?secret={BASE32}&counter={counter}").next_code().reveal() == code.encode()


@pytest.mark.parametrize(("at", "sha1", "sha256", "sha512"), TOTP)
def test_codes_of_the_time_are_those_of_rfc_6238(at: int, sha1: str, sha256: str, sha512: str) -> None:
    for name, size, code in (("SHA1", 20, sha1), ("SHA256", 32, sha256), ("SHA512", 64, sha512)):
        key = base64.b32encode((KEY * 4)[:size]).decode().rstrip("=")
        otp = read(f"otpauth://totp/x?secret={key}&algorithm={name}&digits=8")
        assert otp.code_at(at * SECOND).reveal() == code.encode()
        assert otp.code_at(at * SECOND + SECOND - 1).reveal() == code.encode()


def test_a_code_changes_when_its_period_is_over() -> None:
    otp = read(f"otpauth://totp/x?secret={BASE32}&period=60")

    assert otp.remaining(0) == 60
    assert otp.remaining(59 * SECOND + SECOND // 2) == 0.5
    assert otp.code_at(0) == otp.code_at(60 * SECOND - 1)
    assert otp.code_at(0).reveal() == HOTP[0].encode()
    assert otp.code_at(60 * SECOND).reveal() == HOTP[1].encode()
    assert otp.code_at(-5).reveal() == HOTP[0].encode()


@pytest.mark.parametrize(
    "text",
    [
        BASE32,
        BASE32.lower(),
        f"  {BASE32}\n",
        " ".join(BASE32[at : at + 4] for at in range(0, 32, 4)).lower(),
        "-".join(BASE32[at : at + 4] for at in range(0, 32, 4)),
        f"otpauth://totp/?secret={BASE32}",
        f"OTPAUTH://TOTP/x?SECRET={BASE32.lower()}",
        f"otpauth://totp/x?secret=GEZD%20GNBV+{BASE32[8:]}&algorithm=sha-1&digits=6&period=30&image=https://x",
        f"otpauth://totp/x?secret={BASE32}&algorithm=&digits=&period=&issuer=#fragment",
    ],
)
def test_every_spelling_in_use_gives_the_same_codes(text: str) -> None:
    assert read(text).code_at(0).reveal() == HOTP[0].encode()


def test_keys_of_any_length_that_services_give_are_taken() -> None:
    assert len(read("JBSWY3DPEHPK3PXP").code_at(0)) == 6  # 80 bits
    assert len(read("otpauth://totp/x?secret=MFRGG").code_at(0)) == 6
    for size in range(10, 70):
        bare = base64.b32encode(bytes(range(size))).decode()
        assert read(bare).key.reveal() == bytes(range(size))
        assert read(bare.rstrip("=")).key.reveal() == bytes(range(size))


@pytest.mark.parametrize(
    ("label", "issuer", "account"),
    [
        ("ada", "", "ada"),
        ("Acme:ada", "Acme", "ada"),
        ("Acme%3Aada%40x.org", "Acme", "ada@x.org"),
        ("Acme%3A%20ada", "Acme", "ada"),
        ("My%3ACo:ada", "My:Co", "ada"),
        ("Acme:ada?issuer=Other", "Other", "ada"),
        ("ada?issuer=Big+Co%21", "Big Co!", "ada"),
    ],
)
def test_issuer_and_account_are_told(label: str, issuer: str, account: str) -> None:
    joint = "&" if "?" in label else "?"
    otp = read(f"otpauth://totp/{label}{joint}secret={BASE32}")

    assert (otp.issuer, otp.account) == (issuer, account)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "canary",
        "canarycanarycanary8",
        "CANARY CANARY",  # base32, but too short to be a key
        "A" * 17,  # no number of bytes has 17 letters
        "GEZDGNBVGY3TQOJQ1",
        "ſ" * 32,
        "https://canary.org/?secret=" + BASE32,
        "otpauth://canary/x?secret=" + BASE32,
        "otpauth://totp?secret=" + BASE32,
        "otpauth://totp/x",
        "otpauth://totp/x?secret=",
        "otpauth://totp/x?secret=canary1",
        f"otpauth://totp/x?secret={BASE32}&secret={BASE32}",
        f"otpauth://totp/x?secret={BASE32}&digits=6&di%67its=8",
        f"otpauth://totp/x?secret={BASE32}&digits=5",
        f"otpauth://totp/x?secret={BASE32}&digits=9",
        f"otpauth://totp/x?secret={BASE32}&digits=-6",
        f"otpauth://totp/x?secret={BASE32}&digits=٦",
        f"otpauth://totp/x?secret={BASE32}&digits=canary",
        f"otpauth://totp/x?secret={BASE32}&period=0",
        f"otpauth://totp/x?secret={BASE32}&period=86401",
        f"otpauth://totp/x?secret={BASE32}&algorithm=MD5",
        f"otpauth://totp/x?secret={BASE32}&encoder=steam",
        f"otpauth://hotp/x?secret={BASE32}&counter=-1",
        f"otpauth://hotp/x?secret={BASE32}&counter={2**63}",
        f"otpauth://hotp/x?secret={BASE32}&counter=" + "9" * 3000,
        b"\xff" * 16,
        b"A" * (MAX_SOURCE + 1),
    ],
)
def test_what_gives_no_codes_is_refused_and_not_quoted(text: str | bytes) -> None:
    with pytest.raises(Misuse) as caught:
        read(text)
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    for source in (raw, b"otpauth://totp/" + raw, b"otpauth://hotp/x?" + raw):
        try:
            otp = read(source)
        except Misuse:
            continue
        assert otp.key.reveal()


@given(st.integers(0, MAX_COUNTER))
def test_a_counter_is_set_and_the_rest_stays(counter: int) -> None:
    source = Plaintext.of_text(f" otpauth://hotp/A%3Ab?x=1&counter=7&secret={BASE32}&y=%41#z\n")

    moved = with_counter(source, counter)

    assert moved.reveal().decode() == f" otpauth://hotp/A%3Ab?x=1&secret={BASE32}&y=%41&counter={counter}#z\n"
    assert read_otp(moved).counter == counter


def test_an_address_without_a_counter_begins_at_nought_and_gets_one() -> None:
    source = Plaintext.of_text(f"otpauth://hotp/x?secret={BASE32}\n")

    assert read_otp(source).counter == 0
    assert with_counter(source, 1).reveal().endswith(b"&counter=1\n")


def test_a_key_does_not_print() -> None:
    assert "1234" not in repr(read(BASE32))
