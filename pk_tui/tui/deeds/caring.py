"""Care of the node: checks, tidying and backups as transfers that go on by themselves, each with a sentence for its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from textual.content import Content

from pk_tui.api.care import BackupView, CheckView, TidyView
from pk_tui.api.views import Progress
from pk_tui.tui import disk
from pk_tui.tui.dialogs.care import CareDialog
from pk_tui.tui.dialogs.problems import ProblemsDialog, problem_rows
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.session import Session
from pk_tui.tui.text import counted, sentence, size
from pk_tui.tui.transfers import Transfer

Step = Callable[[Progress], None]


class Caring:
    """What can be begun, on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.checked: CheckView | None = None

    def check(self, repair: bool = False) -> Transfer:
        async def work(step: Step) -> Content:
            self.checked = await self._session.api.lifecycle.check(repair, progress=step)
            return checked(self.checked)

        return self._session.transfers.start(
            Content("Repairing and checking" if repair else "Checking everything"), work
        )

    def tidy(self, new_keys: bool) -> Transfer:
        async def work(step: Step) -> Content:
            return tidied(await self._session.api.lifecycle.tidy(new_keys, step), new_keys)

        return self._session.transfers.start(Content("Tidying under new keys" if new_keys else "Tidying"), work)

    def back_up(self, file: Path) -> Transfer:
        async def work(step: Step) -> Content:
            return backed_up(await self._session.api.lifecycle.backup(file, step), file)

        return self._session.transfers.start(Content("Backing up"), work)


async def care(pane: Pane) -> None:
    caring = Caring(pane.session)
    left = await pane.ask(CareDialog(pane.session, caring))
    if left is None:
        return
    await pane.see_through(left)
    if caring.checked is not None and not caring.checked.ok:
        await pane.ask(ProblemsDialog(problem_rows(caring.checked, pane.live.vaults)))


def checked(view: CheckView) -> Content:
    read = f"{counted(view.objects, 'object')} in {counted(view.vaults, 'vault')}"
    repaired = f" Put right: {'; '.join(view.repaired)}." if view.repaired else ""
    if view.ok:
        return sentence(f"Everything is as it should be: {read} were read and verified.$repaired", repaired=repaired)
    many = counted(len(view.problems), "problem was", "problems were")
    return sentence(f"[bold $text-error]{many} found[/]; {read} are as they should be.$repaired", repaired=repaired)


def tidied(view: TidyView, new_keys: bool) -> Content:
    under = ", all under new keys" if new_keys else ""
    less = view.before - view.after
    if less <= 0:
        became = f"The database has {size(view.after)}, no less than before."
    else:
        became = f"The database had {size(view.before)} and has {size(view.after)}, {size(less)} less."
    return Content(f"Tidied {counted(view.vaults, 'vault')} with {counted(view.objects, 'object')}{under}. {became}")


def backed_up(view: BackupView, file: Path) -> Content:
    return sentence(
        f"Backed up {counted(view.vaults, 'vault')} into “$place”, {size(view.bytes)}, read back and verified. It opens with the "
        "password of now or the recovery words.",
        place=disk.in_short(file),
    )
