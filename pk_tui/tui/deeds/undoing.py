"""Taking back the last change made in this window, and making it again. Each is a new version: nothing is lost by either."""

from __future__ import annotations

from textual.content import Content

from pk_tui.api.views import CommitView
from pk_tui.errors import Conflict, NotFound, PkError
from pk_tui.terms import CommitId, VaultId
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.text import counted, sentence, shown
from pk_tui.tui.undo import Change

NAMED_AT_MOST = 2
"""Secrets that are named in the status line; of more the number is told."""

STAYS_DECIDED = "No conflict waits for that again: H has both sides."
"""After a decision was taken back: what it wrote is as before, but the list of conflicts is not."""


async def undo(pane: Pane) -> None:
    undo = pane.session.undo
    change = undo.last_done
    if change is None:
        pane.say("Nothing was changed in this window to take back. H shows all versions.")
        return
    what = await _described(pane, change)
    try:
        async with pane.busy(sentence("Taking back $what", what=what)):
            by = await _reverted(pane, change)
    except (Conflict, NotFound) as error:
        undo.taken_back(change, None)
        raise _refused(error, what) from error
    undo.taken_back(change, by)
    then = STAYS_DECIDED if change.decided else "`Z` makes it again."
    pane.say(sentence(f"Took back: $what. {then}", what=what))


async def redo(pane: Pane) -> None:
    undo = pane.session.undo
    change = undo.last_undone
    if change is None:
        pane.say("Nothing was taken back that could be made again: `z` takes back the last change.")
        return
    what = await _described(pane, change)
    try:
        async with pane.busy(sentence("Undoing $what", what=what)):
            by = await _reverted(pane, change)
    except (Conflict, NotFound) as error:
        undo.made_again(change, None)
        raise _refused(error, what) from error
    undo.made_again(change, by)
    # What was undone just now is the taking back; what people think of is the change that is there again.
    pane.say(sentence("Made again: $what.", what=await _described(pane, by)))


async def _reverted(pane: Pane, change: Change) -> Change:
    """Take the versions of a change back, the newest first: of a move between two vaults the removal before the copy, so that
    whatever fails in between leaves one copy too many and none too few."""
    made: list[tuple[VaultId, CommitId]] = []
    for vault, commit in reversed(change.made):
        new = await pane.api.vaults.revert(str(vault), str(commit))
        if new is not None:
            made.append((vault, new))
    return Change(tuple(made), change.decided)


def _refused(error: PkError, what: Content) -> PkError:
    """The reason in the room that the status line has; a vault that is gone is told as it is."""
    if isinstance(error, Conflict):
        return Conflict(f"Not taken back, it has changed again since: {what.plain}. H shows the versions.")
    return error


async def _described(pane: Pane, change: Change) -> Content:
    """`work: db/password modified`. Of a version that is not to be read any more, only its vault."""
    if len(change.made) > NAMED_AT_MOST:  # many conflicts decided at once
        return Content(counted(len(change.made), "change"))
    parts: list[Content] = []
    for vault, commit in change.made:
        name = next((row.name for row in pane.live.vaults if row.vault_id == vault), "a vault")
        try:
            versions = await pane.api.vaults.log(f"{vault}@{commit}", limit=1)
        except PkError:
            versions = []
        parts.append(shown(name, 40))
        if versions:
            parts[-1] = Content.assemble(parts[-1], ": ", what_changed(versions[0]))
    return Content("; ").join(parts)


def what_changed(version: CommitView) -> Content:
    """The secrets that a version changed, if they are few, and how; else their number; without any, what it says of itself."""
    changes = version.changes
    if not changes:
        return shown(version.message, 80)
    if len(changes) > NAMED_AT_MOST:
        return Content(counted(len(changes), "secret"))
    return Content(", ").join(Content.assemble(shown(str(one.path), 80), f" {one.change.value}") for one in changes)
