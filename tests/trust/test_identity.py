"""That an account is a node's owner's is the node's word alone, for exactly one account."""

import pytest
from trust.chains import ADA, BEN, NOW, altered

from pk_tui.errors import Malformed
from pk_tui.terms import IdentityId
from pk_tui.trust import identity
from pk_tui.trust.identity import make_identity, read_identity
from pk_tui.trust.statement import NotSigned, digest_of, sign_statement

ACCOUNT = IdentityId("github", "583231")
RAW = make_identity(ADA.signing, ACCOUNT, "ada", NOW)


def said(**changes: object) -> identity._Identity:
    fields: dict[str, object] = {"node": ADA.node.raw, "provider": "github", "account": "583231", "name": "ada"}
    return identity._Identity(**(fields | {"time": NOW} | changes))


def test_it_says_what_its_node_signed() -> None:
    read = read_identity(RAW)

    assert (read.node, read.identity, read.name, read.time) == (ADA.node, ACCOUNT, "ada", NOW)
    assert (read.digest, read.raw) == (digest_of(RAW), RAW)
    assert sign_statement(ADA.signing, "identity", said()) == RAW


def test_any_bit_changed_and_any_other_length_is_refused() -> None:
    for raw in altered(RAW):
        with pytest.raises(Malformed):
            read_identity(raw)


def test_another_node_or_purpose_does_not_sign_it() -> None:
    for raw in (sign_statement(BEN.signing, "identity", said()), sign_statement(ADA.signing, "pair", said())):
        with pytest.raises(NotSigned):
            read_identity(raw)


@pytest.mark.parametrize(
    "changes",
    [
        {"provider": "GitHub"},
        {"provider": ""},
        {"provider": "g:"},
        {"provider": "a" * 16 + "b"},
        {"account": ""},
        {"account": "Ada"},
        {"account": "1\n"},
        {"account": "1:2"},
        {"account": "1/2"},
    ],
    ids=str,
)
def test_what_is_no_identity_is_refused_though_it_is_signed(changes: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        read_identity(sign_statement(ADA.signing, "identity", said(**changes)))


@pytest.mark.parametrize("name", ["", "a" * 256, "\U0001f600" * 255])
def test_a_name_outside_its_limits_is_not_even_signed(name: str) -> None:
    with pytest.raises(Malformed):
        make_identity(ADA.signing, ACCOUNT, name, NOW)


def test_an_error_quotes_nothing_of_it() -> None:
    with pytest.raises(Malformed) as caught:
        read_identity(sign_statement(ADA.signing, "identity", said(account="EVIL\x1b[2J")))
    assert "EVIL" not in str(caught.value)
