from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pk_tui.api.items import ItemView, SlotSpec, SlotView, TemplateView
from pk_tui.plaintext import Plaintext
from pk_tui.tui.item_words import ItemRows, SlotRow, chief, grouped, kind_note, rows_of, strength, tags_of, user_slot

CANARY = "canary-words-1"


def slot(name: str, type_: str = "text", value: bytes = CANARY.encode(), masked: bool = False) -> SlotView:
    return SlotView(name, type_, name.title(), masked, Plaintext(value), None)


def rows(*slots: SlotView) -> ItemRows:
    return rows_of(ItemView("password", "Bank", (), slots))


def test_a_hidden_value_is_not_kept_and_a_plain_one_does_not_print() -> None:
    hidden, plain = rows(slot("a", masked=True), slot("b")).slots
    assert hidden.text == ""
    assert plain.text == CANARY
    assert CANARY not in repr(rows(slot("a", masked=True), slot("b")))


@pytest.mark.parametrize(
    ("value", "note"), [(b"", "empty"), (b"\xff\xfe", "not text"), (b"a\x1b[2J", "control characters")]
)
def test_what_cannot_be_shown_says_why(value: bytes, note: str) -> None:
    (row,) = rows(slot("a", value=value)).slots
    assert note in row.note
    assert row.text == ""


@pytest.mark.parametrize(
    ("value", "is_code", "counts"),
    [
        (b"JBSWY3DPEHPK3PXP", True, False),
        (b"otpauth://totp/x?secret=JBSWY3DPEHPK3PXP", True, False),
        (b" OTPAUTH://HOTP/x?secret=JBSWY3DPEHPK3PXP&counter=1", True, True),
        (b"", False, False),
    ],
)
def test_a_counter_is_told_from_what_goes_by_the_time(value: bytes, is_code: bool, counts: bool) -> None:
    (row,) = rows(slot("otp", "otp", value, True)).slots
    assert (row.is_code, row.counts) == (is_code, counts)


def test_what_gives_no_codes_is_no_code() -> None:
    broken = SlotView("otp", "otp", "Code", True, Plaintext(b"nonsense"), "It is neither.")
    assert not rows(broken).slots[0].is_code


PLAIN, HIDDEN, CODE = slot("a"), slot("b", masked=True), slot("otp", "otp", masked=True)
PASSWORD, PIN = slot("password", "password", masked=True), slot("pin", "password", masked=True)


@pytest.mark.parametrize(
    ("slots", "name"),
    [
        ((PLAIN, CODE, PIN, PASSWORD), "password"),
        ((PLAIN, CODE, HIDDEN, PIN), "b"),  # the number of a card before its security code
        ((PLAIN, CODE), "otp"),
        ((slot("password", "password", b"", True), PLAIN), "a"),
    ],
)
def test_the_slot_that_is_meant(slots: tuple[SlotView, ...], name: str) -> None:
    found = rows(*slots).slots
    assert found[chief(found)].name == name


def test_without_slots_nothing_is_meant() -> None:
    assert chief(()) == 0


def test_a_user_name_is_a_slot_called_so_before_an_address() -> None:
    address, user = slot("contact", "email"), slot("Login")
    assert user_slot((PLAIN, address, user)) is user
    assert user_slot((PLAIN, address)) is address
    assert user_slot((PLAIN, slot("username", value=b""))) is None


@pytest.mark.parametrize(
    ("code", "text"), [("123456", "123 456"), ("1234567", "1234 567"), ("12345678", "1234 5678"), ("123", "123")]
)
def test_a_code_is_grouped_as_it_is_read_out(code: str, text: str) -> None:
    assert grouped(Plaintext.of_text(code)) == text


@given(st.floats(0, 2000))
def test_more_chance_is_never_called_weaker(bits: float) -> None:
    order = ["weak", "fair", "strong"]
    assert order.index(strength(bits)) <= order.index(strength(bits + 1))


def test_six_words_are_strong_and_four_are_fair() -> None:
    assert [strength(12.92 * words) for words in (3, 4, 6)] == ["weak", "fair", "strong"]


def test_a_template_is_told_by_its_first_slots() -> None:
    slots = tuple(SlotSpec(name, "text", name) for name in ("User name", "IBAN", "E-mail", "Notes", "More"))
    assert kind_note(TemplateView("x", "X", slots)) == "user name, IBAN, E-mail, notes …"


def test_tags_are_separated_by_commas_and_each_stands_once() -> None:
    assert tags_of(" work, money ,,work") == ("work", "money")
    assert tags_of("") == ()


def test_a_row_does_not_print_what_it_shows() -> None:
    assert CANARY not in repr(SlotRow("a", "A", "text", False, CANARY))
