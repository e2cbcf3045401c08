"""Conflicts that a merge left: looked at, and decided one by one or all that are left in one way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from textual.content import Content

from pk_tui.api.views import Take, VaultView
from pk_tui.terms import SecretPath
from pk_tui.tui.conflict_words import TAKEN
from pk_tui.tui.dialogs.conflicts import ConflictsDialog
from pk_tui.tui.live import Noun
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.text import counted, sentence, shown
from pk_tui.tui.undo import Decision


async def conflicts(pane: Pane, vault: VaultView) -> None:
    async def resolve(paths: Sequence[SecretPath], take: Take) -> int:
        view = await pane.api.vaults.resolve_all(str(vault.vault_id), take, paths)
        if view.decided:
            pane.session.undo.note((vault.vault_id, view.commit), decided=Decision(vault.vault_id, view.decided, take))
        return len(view.decided)

    dialog = ConflictsDialog(pane.session, vault, resolve)
    decided = await pane.ask(dialog)
    if decided:
        await pane.live.read(Noun.VAULTS)
        pane.say(outcome(vault, decided, dialog.waiting))


def outcome(vault: VaultView, decided: Counter[Take], left: int) -> Content:
    """`Decided 3 conflicts of infra-mine: 2 ours, 1 both. None is left.`"""
    how = ", ".join(f"{decided[take]:,} {TAKEN[take]}" for take in Take if decided[take])
    rest = "None is left." if not left else f"{left:,} left: press !"
    return sentence(
        f"Decided {counted(decided.total(), 'conflict')} of $vault: {how}. {rest}", vault=shown(vault.name, 40)
    )
