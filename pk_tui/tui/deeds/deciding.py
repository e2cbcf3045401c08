"""Conflicts that a merge left: looked at, and decided one by one or all that are left in one way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from textual.content import Content

from pk_tui.api.views import Take, VaultView
from pk_tui.errors import NotFound
from pk_tui.terms import CommitId, SecretPath
from pk_tui.tui.conflict_words import TAKEN
from pk_tui.tui.dialogs.conflicts import ConflictsDialog, Done
from pk_tui.tui.live import Noun
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.text import counted, sentence, shown


async def conflicts(pane: Pane, vault: VaultView) -> None:
    async def resolve(paths: Sequence[SecretPath], take: Take, done: Done) -> None:
        made: list[CommitId | None] = []
        try:
            for path in paths:
                try:
                    made.append(await pane.api.vaults.resolve(str(vault.vault_id), path, take))
                    goes_on = done(path, True)
                except NotFound:  # decided elsewhere meanwhile: it leaves the list all the same
                    goes_on = done(path, False)
                if not goes_on:
                    break
        finally:
            pane.session.undo.note(*((vault.vault_id, commit) for commit in made), decided=True)

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
