from __future__ import annotations

import pytest
from agent.actors import refused

from pk_tui.agent.payloads import (
    GENERAL,
    GESTALT_INVITE,
    MAX_MESSAGE,
    VAULT_SHARE,
    Body,
    GeneralBody,
    GestaltInviteBody,
    VaultShareBody,
    outside,
    read_body,
)
from pk_tui.errors import Malformed
from pk_tui.records import encode
from pk_tui.terms import VaultId

SHARE = VaultShareBody(b"v" * 16, "work", ("pull", "clone"), b"c" * 32, b"n" * 32, b"grant")


@pytest.mark.parametrize(
    ("kind", "body", "shown"),
    [
        (GENERAL, GeneralBody("hello"), {"message": "hello"}),
        (
            VAULT_SHARE,
            SHARE,
            {"vault_id": str(VaultId(b"v" * 16)), "vault_name": "work", "actions": ["clone", "pull"]},
        ),
        (GESTALT_INVITE, GestaltInviteBody(), {}),
    ],
)
def test_a_body_is_read_back_and_shown_without_grant_or_key(kind: str, body: Body, shown: dict[str, object]) -> None:
    assert read_body(kind, encode(body)) == body
    assert outside(body) == shown


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("Unknown", encode(GeneralBody("x"))),
        ("", encode(GeneralBody("x"))),
        (GENERAL, encode(SHARE)),
        (VAULT_SHARE, encode(GeneralBody("x"))),
        (GENERAL, b""),
        (GENERAL, b"\xc1"),
        (GENERAL, encode(GeneralBody("x")) + b"x"),
        (GENERAL, encode(GeneralBody("x" * (MAX_MESSAGE + 1)))),
        (GENERAL, bytes(5000)),
        (VAULT_SHARE, encode(VaultShareBody(b"v" * 15, "work", (), b"c" * 32, b"n" * 32, b""))),
        (VAULT_SHARE, encode(VaultShareBody(b"v" * 16, "w" * 256, (), b"c" * 32, b"n" * 32, b""))),
        (VAULT_SHARE, encode(VaultShareBody(b"v" * 16, "w", ("clone",) * 9, b"c" * 32, b"n" * 32, b""))),
        (VAULT_SHARE, encode(VaultShareBody(b"v" * 16, "w", (), b"c" * 32, b"n" * 32, bytes(1025)))),
    ],
    ids=range(13),
)
def test_what_is_not_of_its_type_or_too_long_is_malformed(kind: str, raw: bytes) -> None:
    with refused(Malformed):
        read_body(kind, raw)
