"""`keys`: the node's public key, and its password."""

from __future__ import annotations

from typing import Any

from pk_tui.cli.call import Call
from pk_tui.cli.commands import Needs, Noun, option, verb
from pk_tui.control.invocation import no_password
from pk_tui.errors import PermissionDenied
from pk_tui.plaintext import Plaintext

keys = Noun("keys", "The node's keys and password.")


@verb(keys, "public", needs=Needs.LOCKED_NODE)
async def public(call: Call) -> None:
    """Show the node's id, and its public key (Ed25519, in hexadecimal)."""
    node_id = (await call.api.lifecycle.status()).node_id
    value = {"node_id": str(node_id), "public_key": node_id.raw.hex()}
    await call.out.facts(value, [("node", str(node_id)), ("public key", node_id.raw.hex())])


def _password_needs(values: dict[str, Any]) -> Needs:
    return Needs.LOCKED_NODE if values["recovery_code_file"] else Needs.NODE


@verb(
    keys,
    "password",
    option("--recovery-code-file", "The 24 words instead of the old password (`-`: standard input).", "FILE"),
    needs=_password_needs,
)
async def password(call: Call, recovery_code_file: str | None) -> None:
    """Set a new password, from PK_PASSWORD_NEW or a prompt."""
    old: Plaintext | None = None
    words: Plaintext | None = None
    if recovery_code_file is not None:
        words = await call.recovery_words(recovery_code_file)
    else:
        old = await call.invocation.ask_password("Password until now: ")
        if old is None:
            raise no_password()
    new = await call.invocation.ask_new_password("New password: ", "PK_PASSWORD_NEW")
    if new is None:
        raise PermissionDenied("No new password was given: set PK_PASSWORD_NEW, or run this on a terminal.")
    await call.api.lifecycle.change_password(old, new, words)
    await call.out.done(None, "The password was changed.")
