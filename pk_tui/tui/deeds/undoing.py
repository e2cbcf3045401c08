"""Taking back the last change made in this window, and making it again. Each is a new version: nothing is lost by either."""

from __future__ import annotations

from textual.content import Content

from pk_tui.api.views import CommitView
from pk_tui.errors import Conflict, NotFound, PkError
from pk_tui.terms import CommitId, VaultId
from pk_tui.tui.conflict_words import TAKEN
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.text import counted, sentence, shown
from pk_tui.tui.undo import Change, Decision

NAMED_AT_MOST = 2
"""Secrets that are named in the status line; of more the number is told."""


async def undo(pane: Pane) -> None:
    undo = pane.session.undo
    change = undo.last_done
    if change is None:
        pane.say("Nothing was changed in this window to take back. H shows all versions.")
        return
    what = await _described(pane, change)
    try:
        async with pane.busy(sentence("Taking back $what", what=what)):
            if change.decided is not None:
                by = await _reopened(pane, change, change.decided)
            else:
                by = await _reverted(pane, change)
    except (Conflict, NotFound) as error:
        undo.taken_back(change, None)
        raise _refused(error, what) from error
    undo.taken_back(change, by)
    then = "`Z` makes it again."
    if change.decided is not None:
        then = f"{'It waits' if len(change.decided.conflicts) == 1 else 'They wait'} again: press !"
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
            if change.decided is not None:
                by = await _decided_again(pane, change.decided)
            else:
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
    return Change(tuple(made))


async def _reopened(pane: Pane, change: Change, decision: Decision) -> Change:
    commit = change.made[0][1] if change.made else None
    vault = decision.vault
    new = await pane.api.vaults.reopen(str(vault), decision.conflicts, None if commit is None else str(commit))
    return Change(() if new is None else ((vault, new),), decision)


async def _decided_again(pane: Pane, decision: Decision) -> Change:
    paths = [one.path for one in decision.conflicts]
    view = await pane.api.vaults.resolve_all(str(decision.vault), decision.take, paths)
    if not view.decided:
        raise NotFound("Not made again: these conflicts do not wait any more.")
    made = () if view.commit is None else ((decision.vault, view.commit),)
    return Change(made, Decision(decision.vault, view.decided, decision.take))


def _refused(error: PkError, what: Content) -> PkError:
    """The reason in the room that the status line has; a vault that is gone is told as it is."""
    if isinstance(error, Conflict):
        return Conflict(f"Not taken back, it has changed again since: {what.plain}. H shows the versions.")
    return error


async def _described(pane: Pane, change: Change) -> Content:
    """`work: db/password modified`. Of a version that is not to be read any more, only its vault."""
    if change.decided is not None:
        return _decision_words(pane, change.decided)
    if len(change.made) > NAMED_AT_MOST:
        return Content(counted(len(change.made), "change"))
    parts: list[Content] = []
    for vault, commit in change.made:
        name = _name(pane, vault)
        try:
            versions = await pane.api.vaults.log(f"{vault}@{commit}", limit=1)
        except PkError:
            versions = []
        parts.append(shown(name, 40))
        if versions:
            parts[-1] = Content.assemble(parts[-1], ": ", what_changed(versions[0]))
    return Content("; ").join(parts)


def _name(pane: Pane, vault: VaultId) -> str:
    return next((row.name for row in pane.live.vaults if row.vault_id == vault), "a vault")


def _decision_words(pane: Pane, decision: Decision) -> Content:
    """`infra-mine: db/password decided, theirs`."""
    conflicts = decision.conflicts
    what = shown(str(conflicts[0].path), 80) if len(conflicts) == 1 else Content(counted(len(conflicts), "conflict"))
    return Content.assemble(shown(_name(pane, decision.vault), 40), ": ", what, f" decided, {TAKEN[decision.take]}")


def what_changed(version: CommitView) -> Content:
    """The secrets that a version changed, if they are few, and how; else their number; without any, what it says of itself."""
    changes = version.changes
    if not changes:
        return shown(version.message, 80)
    if len(changes) > NAMED_AT_MOST:
        return Content(counted(len(changes), "secret"))
    return Content(", ").join(Content.assemble(shown(str(one.path), 80), f" {one.change.value}") for one in changes)
