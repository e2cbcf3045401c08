"""What a pull into a fork came to, in words; and a history that was written anew on the other side, which is taken only by who
was told what that means."""

from __future__ import annotations

from textual.content import Content

from pk_tui.api.facade import AgentApi
from pk_tui.api.views import PullView, VaultView
from pk_tui.errors import PkError, Rewritten
from pk_tui.terms import CommitId
from pk_tui.tui.dialogs.confirm import ConfirmDialog
from pk_tui.tui.text import counted, sentence, shown


async def merged_words(api: AgentApi, came: PullView, who: str) -> Content:
    """`Merged 3 changes from bob; 1 conflict waits: ! decides.`"""
    changes: int | None = None
    try:
        newest = await api.vaults.log(f"{came.vault_id}@{came.new_head}", limit=1)
        changes = len(newest[0].changes) if newest else None
    except PkError:  # it was merged all the same
        pass
    what = "what is new" if changes is None else counted(changes, "change") if changes else "nothing that is new here"
    waiting = len(came.conflicts)
    if not waiting:
        return sentence(f"Merged {what} from $who.", who=who)
    waits = f"{counted(waiting, 'conflict')} {'waits' if waiting == 1 else 'wait'}: press !"
    return sentence(f"Merged {what} from $who; {waits}", who=who)


def not_taken(vault: VaultView, who: str) -> Rewritten:
    """In place of the agent's sentence, which names an option of the command line."""
    says = sentence("$vault was not pulled: its history at $who was rewritten.",
                    vault=shown(vault.name, 40), who=who)  # fmt: skip
    return Rewritten(says.plain)


def rewritten_question(vault: VaultView, who: str) -> ConfirmDialog:
    """What a rewritten history means, and whether it is to be taken; the answer at hand is no."""
    here = shown(f"{vault.name}@{vault.head.short}" if vault.head is not None else vault.name, 120, style="bold")
    if vault.fork:
        then = "what differs there is merged in here. Your own changes stay; where both changed the same secret, you decide."
    else:
        then = "this clone becomes what is there now."
    effect = sentence(
        "The history that $who has of this vault now does not contain the version you have. A secret may have been "
        "forgotten there on purpose, or an old copy brought back. If you did not expect it, ask $who first.\n\n"
        "Nothing was changed here.\n\n"
        f"If you take the new history, {then} The version you have stays readable as $here.",
        who=shown(who, 60),
        here=here,
    )
    return ConfirmDialog(
        sentence("The history of $vault was rewritten", vault=shown(vault.name, 40)), effect, "Take the new history"
    )


def taken_words(vault: VaultView, old: CommitId | None, came: Content) -> Content:
    """That the new history is here, and where the version before is."""
    if old is None:
        return came
    return sentence("$came The version before: $vault@$old", came=came, vault=shown(vault.name, 40), old=old.short)
