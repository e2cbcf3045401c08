"""A statement is found again in whatever a provider puts around it, and a hostile page costs little."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trust.chains import ADA, BEN

from pk_tui.terms import IdentityId
from pk_tui.trust import armour
from pk_tui.trust.armour import LOOKED_AT, MOST_CANDIDATES, armoured, find_statements
from pk_tui.trust.identity import make_identity, read_identity

RAW = ADA.identity()
TEXT = armoured(RAW).encode()
SAID = read_identity(RAW)


def test_it_is_one_word_of_plain_letters() -> None:
    assert TEXT.startswith(b"pk-tui-identity1.")
    assert TEXT.endswith(b".")
    assert set(TEXT) <= set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


@settings(max_examples=100)
@given(st.binary(max_size=300), st.binary(max_size=300))
def test_it_is_found_between_any_bytes_that_do_not_touch_it(before: bytes, after: bytes) -> None:
    before = before.replace(b"pk-tui", b"")
    assert find_statements(before + b"\n" + TEXT + after) == (SAID,)


@pytest.mark.parametrize("around", [b"<pre>%s</pre>", b'"%s"', b"text=%s;", b"(%s)", b"| %s |", b"\xff%s\xff", b"%s"])
def test_it_is_found_in_markup(around: bytes) -> None:
    assert find_statements(around % TEXT) == (SAID,)


def test_the_longest_statement_is_found() -> None:
    raw = make_identity(ADA.signing, IdentityId("web", "a" * 253), "\U0001f600" * 160, 2**63 - 1)
    assert len(raw) > 1000
    assert [found.raw for found in find_statements(armoured(raw).encode())] == [raw]


def test_several_are_found_in_order_and_each_once() -> None:
    other = armoured(BEN.identity()).encode()
    found = find_statements(b"\n".join((other, TEXT, other, TEXT)))
    assert [one.node for one in found] == [BEN.node, ADA.node]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        TEXT[:-1],
        TEXT[:40] + b"\n" + TEXT[40:],
        TEXT[:40] + b"." + TEXT[40:],
        TEXT.replace(b"identity1", b"identity2"),
        TEXT.upper(),
        b"x" + TEXT,
        b"-" + TEXT,
        b"." + TEXT,
        TEXT[:-1] + b"A.",
        TEXT[:-1] + b"==.",
        TEXT[:-2] + b".",
        TEXT.replace(b"pk-tui", "pk‐tui".encode()),
        b"pk-tui-identity1." + base64.urlsafe_b64encode(BEN.genesis()).rstrip(b"=") + b".",
        b"pk-tui-identity1." + b"A" * 5000 + b".",
        "".join(chr(byte) for byte in TEXT).encode("utf-16"),
    ],
)
def test_what_is_not_exactly_the_one_form_is_passed_over(text: bytes) -> None:
    assert find_statements(text) == ()


def test_bits_that_mean_nothing_make_no_second_form() -> None:
    letters = TEXT[len(b"pk-tui-identity1.") : -1]
    assert len(letters) % 4 == 2 or len(letters) % 4 == 3
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    changed = letters[:-1] + alphabet[alphabet.index(letters[-1]) ^ 1 :][:1]
    padding = b"=" * (-len(letters) % 4)
    assert base64.urlsafe_b64decode(changed + padding) == base64.urlsafe_b64decode(letters + padding) == RAW
    assert find_statements(b"pk-tui-identity1." + changed + b".") == ()


def test_a_changed_statement_is_passed_over_and_the_next_is_found() -> None:
    forged = armoured(RAW[:-1] + bytes((RAW[-1] ^ 1,))).encode()
    assert find_statements(forged + b" " + TEXT) == (SAID,)


def test_nothing_behind_the_first_64_kib_is_looked_at() -> None:
    assert find_statements(b" " * (LOOKED_AT - len(TEXT)) + TEXT) == (SAID,)
    assert find_statements(b" " * (LOOKED_AT - len(TEXT) + 1) + TEXT) == ()


def test_only_so_many_candidates_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    monkeypatch.setattr(armour, "read_identity", lambda raw: tried.append(raw) or read_identity(raw))
    bait = b"pk-tui-identity1.AAAA. "
    assert find_statements(bait * (MOST_CANDIDATES - 1) + TEXT) == (SAID,)
    assert find_statements(bait * MOST_CANDIDATES + TEXT) == ()
    assert len(tried) == 2 * MOST_CANDIDATES


@pytest.mark.parametrize(
    "text",
    [
        b"pk-tui-identity1." * 4000,
        b"pk-tui-identity1.A" * 4000,
        b" pk-tui-identity1.".join([b"A" * 1500] * 50),
        b"pk-tui-identity1" * 4000,
        b"-" * LOOKED_AT * 4,
    ],
)
def test_a_page_made_to_be_slow_ends(text: bytes) -> None:
    assert find_statements(text) == ()
