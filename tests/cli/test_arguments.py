from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pk_tui.cli.arguments import directory_address, editable_address, moment, secret_address
from pk_tui.clock import DAY, MINUTE, SECOND
from pk_tui.errors import Misuse
from pk_tui.terms import SecretPath

NOW = 1_700_000_000 * SECOND


def test_the_first_colon_splits():
    assert secret_address("my vault:a:b/c") == ("my vault", SecretPath(("a:b", "c")))
    assert directory_address("v") == ("v", None)
    assert directory_address("v:a/") == ("v", SecretPath(("a",)))


@pytest.mark.parametrize("text", ["", ":", "v", ":a", "v:", "v:///", "v:a//b", "v:../a", "v:\x1b"])
def test_what_names_no_secret_is_refused(text):
    with pytest.raises(Misuse) as refused:
        secret_address(text)
    assert "\x1b" not in refused.value.message


def test_a_version_is_not_going_to_be_edited():
    assert editable_address("v:a") == ("v", SecretPath(("a",)))
    with pytest.raises(Misuse, match="is a version of a vault: it is read-only"):
        editable_address("v@abcd:a")
    with pytest.raises(Misuse, match="does not name a secret"):
        editable_address("v")


@given(st.text(max_size=30))
def test_any_text_is_an_address_or_misuse(text):
    for read in (secret_address, directory_address):
        try:
            vault, _ = read(text)
        except Misuse:
            continue
        assert vault
        assert ":" not in vault


@pytest.mark.parametrize(
    ("text", "after"),
    [("5m", 5 * MINUTE), ("12h", 720 * MINUTE), ("30d", 30 * DAY), ("2w", 14 * DAY), ("1y", 365 * DAY)],
)
def test_a_span_counts_from_now(text, after):
    assert moment(text, NOW) == NOW + after


@pytest.mark.parametrize("text", ["2027-01-31T12:00:00Z", "2027-01-31T13:00:00+01:00", " 2027-01-31T12:00:00.000Z "])
def test_a_moment_is_rfc_3339_in_any_zone(text):
    assert moment(text, NOW) == 1_801_396_800 * SECOND


@pytest.mark.parametrize(
    "text",
    ["", "0d", "-1d", "30", "d", "9999999d", "tomorrow", "2027-01-31", "2027-01-31T12:00:00", "2001-01-01T00:00:00Z"],
)
def test_what_is_no_moment_to_come_is_refused(text):
    with pytest.raises(Misuse):
        moment(text, NOW)
