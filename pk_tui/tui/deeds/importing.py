"""A directory of files into a vault: asked for, done as a transfer that goes on by itself, and what was left out is listed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from textual.content import Content

from pk_tui.api.views import ImportView, Progress, VaultView
from pk_tui.tui.deeds.writing import require_writable
from pk_tui.tui.dialogs.import_directory import Chosen, ImportDirectoryDialog
from pk_tui.tui.dialogs.skipped import SkippedDialog
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.text import counted, sentence, shown, size
from pk_tui.tui.transfers import State


async def import_directory(pane: Pane, vault: VaultView) -> None:
    require_writable(vault)
    chosen = await pane.ask(ImportDirectoryDialog(vault.name))
    if chosen is None:
        return
    done: list[ImportView] = []

    async def work(step: Callable[[Progress], None]) -> Content:
        loop = asyncio.get_running_loop()
        totals = _with_totals(chosen)

        def told(progress: Progress) -> None:
            loop.call_soon_threadsafe(step, totals(progress))  # the agent tells it from the thread that reads the files

        step(totals(Progress("Importing")))
        view = await pane.api.vaults.import_directory(str(vault.vault_id), chosen.path, told)
        done.append(view)
        return outcome(vault.name, view)

    # Short: beside it stands how far it has come.
    title = sentence("Importing into $vault", vault=shown(vault.name, 24))
    transfer = await pane.session.transfers.wait(pane.session.transfers.start(title, work))
    if transfer.state is State.DONE and done and done[0].skipped:
        await _until_nothing_covers(pane)
        await pane.ask(SkippedDialog(done[0].skipped))


async def _until_nothing_covers(pane: Pane) -> None:
    """A list that nobody asked for just now waits until no other dialog is open."""
    changed = asyncio.Event()
    signal = pane.app.screen_change_signal
    signal.subscribe(pane, lambda _: changed.set(), immediate=True)
    try:
        while pane.app.screen is not pane.screen:
            changed.clear()
            await changed.wait()
    finally:
        signal.unsubscribe(pane)


def _with_totals(chosen: Chosen) -> Callable[[Progress], Progress]:
    """The agent does not know how much will come; what was counted before is near enough for a bar."""
    files, total = chosen.counted.files, chosen.counted.bytes

    def fill(progress: Progress) -> Progress:
        return replace(
            progress,
            objects_total=max(files, progress.objects),
            bytes_total=max(total, progress.bytes),
        )

    return fill


def outcome(vault: str, view: ImportView) -> Content:
    """One sentence: how much came in, and whether something did not."""
    left_out = f" {counted(len(view.skipped), 'file was', 'files were')} not taken." if view.skipped else ""
    if view.commit is None:
        same = "Everything was in $vault already, so nothing was changed." if view.secrets else "Nothing was imported."
        return sentence(f"{same}{left_out}", vault=vault)
    return sentence(
        f"Imported {counted(view.secrets, 'secret')} into $vault, {size(view.bytes)}.{left_out}", vault=vault
    )
