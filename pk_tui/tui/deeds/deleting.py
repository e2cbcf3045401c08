"""The end of a secret, a directory, a vault: what it means is said first, as far as it can be known."""

from __future__ import annotations

from textual.content import Content

from pk_tui.api.views import VaultView
from pk_tui.terms import SecretPath
from pk_tui.tui.deeds.writing import require_writable, where
from pk_tui.tui.dialogs.confirm import ConfirmDialog
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.text import counted, sentence, shown, size

NAMED_AT_MOST = 5
"""Nodes named; of more only the number is told."""


async def delete(pane: Pane, vault: VaultView, path: SecretPath | None, is_directory: bool) -> None:
    """None: the vault, which may be a clone: only our copy goes then."""
    if path is None:
        await _delete_vault(pane, vault)
        return
    require_writable(vault)
    place = where(vault, path)
    async with pane.busy(sentence("Looking at $place", place=place)):
        told = await _of_directory(pane, vault, path) if is_directory else Content("")
    effect = Content.assemble(told, sentence("The old versions in $vault keep it.", vault=vault.name), _sharers(vault))
    heading = sentence("Delete the directory $place?" if is_directory else "Delete $place?", place=place)
    if not await pane.ask(ConfirmDialog(heading, effect, "Delete")):
        return
    async with pane.busy(sentence("Deleting $place", place=place)):
        commits = await pane.api.secrets.remove([(str(vault.vault_id), path)], recursive=is_directory)
    pane.session.undo.note(*((vault.vault_id, commit) for commit in commits))
    pane.say(sentence("Deleted $place. The old versions keep it; `z` takes it back.", place=place))


async def _of_directory(pane: Pane, vault: VaultView, path: SecretPath) -> Content:
    entries = await pane.api.secrets.list(str(vault.vault_id), path, recursive=True)
    secrets = [entry for entry in entries if not entry.is_directory]
    if not secrets:
        return Content("It is empty. ")
    return Content(f"{counted(len(secrets), 'secret')} in it go too, {size(sum(one.size for one in secrets))}. ")


def _sharers(vault: VaultView) -> str:
    if not vault.shared_with:
        return ""
    return (
        f" {counted(vault.shared_with, 'node')} it is shared with may have it too, and keep it in their old versions."
    )


async def _delete_vault(pane: Pane, vault: VaultView) -> None:
    effect = vault_effect(vault, await _shared_with(pane, vault))
    heading = sentence("Delete the vault $vault?", vault=shown(vault.name, 60))
    if not await pane.ask(ConfirmDialog(heading, effect, "Delete the vault", typed=vault.name)):
        return
    async with pane.busy(sentence("Deleting $vault", vault=vault.name)):
        await pane.api.vaults.delete(str(vault.vault_id))
    pane.say(sentence("Deleted the vault $vault and its key.", vault=vault.name))


async def _shared_with(pane: Pane, vault: VaultView) -> list[str]:
    if vault.read_only or not vault.shared_with:
        return []
    rows = await pane.api.vaults.permissions(str(vault.vault_id))
    return [pane.live.name_of(row.node_id) for row in rows]


def vault_effect(vault: VaultView, sharers: list[str]) -> Content:
    """What deleting a vault means, and what it does not reach."""
    secrets = counted(vault.secrets, "secret")
    gone = f"{secrets} and all old versions are gone for good: the key of this vault is destroyed."
    if vault.read_only:
        return Content(
            f"This is a clone. {gone} The vault it came from stays, and can be cloned again while it is shared."
        )
    if not sharers:
        return Content(f"{gone} It is shared with nobody. Clones elsewhere, if there ever were any, stay.")
    named = ", ".join(sharers[:NAMED_AT_MOST])
    more = f" and {len(sharers) - NAMED_AT_MOST} more" if len(sharers) > NAMED_AT_MOST else ""
    return sentence(
        f"{gone} It is shared with $named{more}: their clones stay as they are, and get no more changes.", named=named
    )
