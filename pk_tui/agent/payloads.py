"""What notifications carry, by type: records inside, plain values outside."""

from __future__ import annotations

from typing import Annotated

from pk_tui.errors import Malformed
from pk_tui.records import Bytes16, Bytes32, Meta, NameText, Record, decode
from pk_tui.terms import VaultId

GENERAL = "General"
VAULT_SHARE = "VaultShare"
GESTALT_INVITE = "GestaltInvite"
MAX_MESSAGE = 3000
"""Characters of a message; the encoded body stays below the 4,096 bytes a notification may have."""


class GeneralBody(Record, frozen=True, tag="general1"):
    message: Annotated[str, Meta(max_length=MAX_MESSAGE)]


class VaultShareBody(Record, frozen=True, tag="vaultshare1"):
    """A vault was shared: which, under what name, its lineage, and the signed grant to keep and show."""

    vault_id: Bytes16
    vault_name: NameText
    actions: Annotated[tuple[Annotated[str, Meta(max_length=16)], ...], Meta(max_length=8)]
    creator: Bytes32
    nonce: Bytes32
    grant: Annotated[bytes, Meta(max_length=1024)]


class GestaltInviteBody(Record, frozen=True, tag="gestaltinvite1"):
    pass


Body = GeneralBody | VaultShareBody | GestaltInviteBody
_BODIES: dict[str, type[GeneralBody] | type[VaultShareBody] | type[GestaltInviteBody]] = {
    GENERAL: GeneralBody,
    VAULT_SHARE: VaultShareBody,
    GESTALT_INVITE: GestaltInviteBody,
}


def read_body(kind: str, raw: bytes) -> Body:
    """The body of a notification of this type. Raises Malformed if the type is unknown or the body is of another one."""
    expected = _BODIES.get(kind)
    if expected is None:
        raise Malformed("A notification is of a type this version does not know.")
    return decode(expected, raw, limit=4096)


def outside(body: Body) -> dict[str, object]:
    """The values a person or script sees. Keys as in the command-line contract."""
    match body:
        case GeneralBody():
            return {"message": body.message}
        case VaultShareBody():
            return {
                "vault_id": str(VaultId(body.vault_id)),
                "vault_name": body.vault_name,
                "actions": sorted(body.actions),
            }
        case GestaltInviteBody():
            return {}
