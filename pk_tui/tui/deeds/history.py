"""The versions of something, looked at; and bringing one back, after saying what that changes."""

from __future__ import annotations

from collections import Counter

from textual.content import Content

from pk_tui.api.views import ChangeView, CommitView, VaultView
from pk_tui.errors import Misuse
from pk_tui.terms import Change, CommitId, SecretPath
from pk_tui.tui.deeds.writing import require_writable, where
from pk_tui.tui.dialogs.compare import change_line, concerns
from pk_tui.tui.dialogs.confirm import ConfirmDialog
from pk_tui.tui.dialogs.history import HistoryDialog
from pk_tui.tui.dialogs.old_version import ToForget
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.text import counted, moment, sentence

NAMED_AT_MOST = 5
"""Secrets that are named before a version is brought back; of more only the numbers are told."""


async def history(pane: Pane, vault: VaultView, path: SecretPath | None, start: CommitId | None = None) -> None:
    async def bring_back(version: CommitView, place: SecretPath | None) -> bool:
        return await restore(pane, vault, version, place)

    while True:
        answer = await pane.ask(HistoryDialog(pane.session, vault, path, bring_back, start))
        if not isinstance(answer, ToForget):
            return
        from pk_tui.tui.deeds.forgetting import forget_old

        if await forget_old(pane, vault, answer.path, answer.version):
            return
        start = answer.version  # called off: back to where it was asked for


async def restore(pane: Pane, vault: VaultView, version: CommitView, path: SecretPath | None) -> bool:
    """Ask, and make the vault, or what lies at the path, as it was in that version. False if nothing was done."""
    require_writable(vault)
    name, commit = str(vault.vault_id), str(version.commit)
    newest = await pane.api.vaults.get(name)
    changes = [one for one in await pane.api.vaults.diff(name, str(newest.head), commit) if concerns(one, path)]
    if not changes:
        raise Misuse("There is nothing to restore: it holds the same secrets now.")
    day = moment(version.time)
    heading = sentence("Restore $place as of $day?", place=where(vault, path), day=day)
    if not await pane.ask(ConfirmDialog(heading, effect(changes), "Restore", dangerous=False)):
        return False
    async with pane.busy(sentence("Restoring $place", place=where(vault, path))):
        made = await pane.api.vaults.restore(name, commit, path)
    pane.session.undo.note((vault.vault_id, made))
    if made is None:
        pane.say(sentence("$place is as it was then already, so nothing was changed.", place=where(vault, path)))
    else:
        pane.say(sentence("Restored $place as of $day. `z` takes it back.", place=where(vault, path), day=day))
    return True


def effect(changes: list[ChangeView]) -> Content:
    """What would change, by name if it is little, and that nothing is lost."""
    last = Content("This becomes a new version: what is there now stays in the versions before it.")
    if len(changes) <= NAMED_AT_MOST:
        told = Content("\n").join(change_line(one) for one in changes)
    else:
        counts = Counter(one.change for one in changes)
        told = Content("\n").join(
            Content(f"{counted(counts[change], 'secret')} {change.value}") for change in Change if counts[change]
        )
    return Content.assemble(told, "\n\n", last)
