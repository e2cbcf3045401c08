"""A copy of a clone that can be written in: asked for, or offered where a clone was to be changed; made as a transfer that goes
on by itself. Bringing it up to date is `receiving`'s."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual.content import Content

from pk_tui.api.views import Progress, VaultView
from pk_tui.terms import SecretPath, VaultId
from pk_tui.tui.deeds.writing import stat
from pk_tui.tui.dialogs.fork import ForkDialog, GoTo, MakeFork
from pk_tui.tui.live import Noun
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.text import sentence, shown
from pk_tui.tui.transfers import State


def forks_of(clone: VaultView, vaults: Iterable[VaultView]) -> list[VaultView]:
    """Our copies to write in of the vault that this clone is of."""
    return [one for one in vaults if one.fork and one.origin == clone.origin and one.vault_id != clone.vault_id]


async def fork(pane: Pane, vault: VaultView, path: SecretPath | None = None) -> None:
    """Ask for a name, make the copy, and put the cursor where it was, in the copy."""
    await _ask(pane, vault, path, None)


async def offer(pane: Pane, vault: VaultView, path: SecretPath | None = None) -> None:
    """Something in this clone was to be changed: say why it was not, and how it can be."""
    refused = sentence("It is a clone of $who, and changed only there. Nothing was done.", who=_whose(pane, vault))
    await _ask(pane, vault, path, refused)


def _whose(pane: Pane, vault: VaultView) -> str:
    return pane.live.name_of(vault.origin.node_id) if vault.origin is not None else "another node"


async def _ask(pane: Pane, vault: VaultView, path: SecretPath | None, refused: Content | None) -> None:
    live = pane.live
    there_is = forks_of(vault, live.vaults)
    dialog = ForkDialog(vault, _whose(pane, vault), lambda: {row.name for row in live.vaults}, there_is, refused)
    match await pane.ask(dialog):
        case GoTo(there):
            name = next((one.name for one in there_is if one.vault_id == there), "")
            await _arrive(pane, there, path, sentence("This is $name, where you can change it.", name=name))
        case MakeFork(name):
            await _make(pane, vault, path, name)
        case _:
            return


async def _make(pane: Pane, vault: VaultView, path: SecretPath | None, name: str) -> None:
    made: list[VaultView] = []

    async def work(step: Callable[[Progress], None]) -> Content:
        made.append(await pane.api.vaults.fork(str(vault.vault_id), name, step))
        return _made(vault, made[0])

    # Short: beside it stands how far it has come.
    title = sentence("Copying $vault", vault=shown(vault.name, 30))
    transfer = await pane.see_through(pane.session.transfers.start(title, work))
    if transfer.state is State.DONE and made:
        await _arrive(pane, made[0].vault_id, path, None)


def _made(vault: VaultView, fork: VaultView) -> Content:
    here, there = shown(fork.name, 40), shown(vault.name, 40)
    return sentence("Made $here, yours to change. p merges what changes in $there.", here=here, there=there)


async def _arrive(pane: Pane, there: VaultId, path: SecretPath | None, says: Content | None) -> None:
    """The cursor on the same secret in the copy, if that has it, else on the copy."""
    await pane.live.read(Noun.VAULTS)
    view = next((one for one in pane.live.vaults if one.vault_id == there), None)
    if view is None:  # deleted meanwhile
        return
    found = path is not None and await stat(pane.api, view, path) is not None
    pane.go_to((there, path) if found and path is not None else there)
    if says is not None:
        pane.say(says)
