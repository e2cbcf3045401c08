"""A vault, or one version of it, out of here in clear: asked for, and done as a transfer that goes on by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from textual.content import Content

from pk_tui.api.views import CommitView, ExportForm, ExportView, Progress, VaultView
from pk_tui.tui import disk
from pk_tui.tui.dialogs.export import ExportDialog
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.session import Session
from pk_tui.tui.text import counted, sentence, shown, size
from pk_tui.tui.transfers import Transfer


async def export(pane: Pane, vault: VaultView) -> None:
    await pane.ask(export_dialog(pane.session, vault, None))


def export_dialog(session: Session, vault: VaultView, version: CommitView | None) -> ExportDialog:
    """The question, ready to be asked; for the versions of a vault too."""
    reference = f"{vault.vault_id}@{version.commit}" if version is not None else str(vault.vault_id)

    def start(target: Path, form: ExportForm) -> Transfer:
        async def work(step: Callable[[Progress], None]) -> Content:
            view = await session.api.vaults.export(reference, target, form, step)
            return outcome(vault.name, target, form, view)

        return session.transfers.start(sentence("Exporting $vault", vault=shown(vault.name, 24)), work)

    return ExportDialog(session, vault, version, start)


def outcome(vault: str, target: Path, form: ExportForm, view: ExportView) -> Content:
    history = f" in {counted(view.versions, 'version')}" if form is ExportForm.GIT else ""
    return sentence(
        f"Exported {counted(view.secrets, 'secret')} of $vault, {size(view.bytes)}{history}, to “$place”. They are in clear "
        "there: remove it when it has served.",
        vault=vault, place=disk.in_short(target),
    )  # fmt: skip
