"""What other programs keep, into a vault: shown before, then done as a transfer; what was left out is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from textual.content import Content

from pk_tui.api.views import ImportPlanView, ImportView, Progress, VaultView
from pk_tui.tui.deeds.writing import require_writable
from pk_tui.tui.dialogs.import_preview import amount, not_taken
from pk_tui.tui.dialogs.import_source import ImportDialog, Source
from pk_tui.tui.dialogs.skipped import SkippedDialog
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.text import counted, sentence, shown, size
from pk_tui.tui.transfers import State, Transfer

Step = Callable[[Progress], None]
LISTED = 20_000
"""Secrets that a preview lists; more are counted."""
IMPORTING = "Importing"
"""What the agent says it does while it writes; before that it reads, and how much there is nobody knows."""


async def import_into(pane: Pane, vault: VaultView) -> None:
    require_writable(vault)
    name, vaults = str(vault.vault_id), pane.api.vaults
    done: list[ImportView] = []

    async def plan(source: Source, step: Step) -> ImportPlanView:
        return await vaults.plan_import(name, source.path, source.kind, source.password, source.key_file, step, LISTED)

    def start(source: Source, planned: ImportPlanView) -> Transfer:
        async def work(step: Step) -> Content:
            view = await vaults.import_from(
                name, source.path, planned.kind, source.password, with_totals(planned, step), source.key_file
            )
            done.append(view)
            pane.session.undo.note((vault.vault_id, view.commit))
            return outcome(vault.name, view)

        # Short: beside it stands how far it has come.
        return pane.session.transfers.start(sentence("Importing into $vault", vault=shown(vault.name, 24)), work)

    left = await pane.ask(ImportDialog(pane.session, vault.name, plan, start))
    if left is None:
        return
    transfer = await pane.see_through(left)
    if transfer.state is State.DONE and done and done[0].skipped:
        await pane.ask(SkippedDialog(done[0].skipped))


def with_totals(planned: ImportPlanView, step: Step) -> Step:
    """The agent does not know how much will come; what the preview counted is near enough for a bar."""
    total = amount(planned)

    def told(progress: Progress) -> None:
        if progress.doing == IMPORTING:
            progress = replace(progress, objects_total=max(total, progress.objects))
        step(progress)

    return told


def outcome(vault: str, view: ImportView) -> Content:
    """One sentence: how much came in, as what, and whether something did not."""
    left_out = f" {not_taken(len(view.skipped))}." if view.skipped else ""
    if view.commit is None:
        same = "Everything was in $vault already, so nothing was changed." if view.secrets else "Nothing was imported."
        return sentence(f"{same}{left_out}", vault=vault)
    return sentence(
        f"Imported {counted(view.secrets, 'secret')} into $vault, {size(view.bytes)}.{left_out} `z` takes it back.",
        vault=vault,
    )
