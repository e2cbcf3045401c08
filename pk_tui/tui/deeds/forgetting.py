"""A secret or directory leaves all of a vault's history, on purpose: said first is what that means and whom it does not reach."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from textual.content import Content

from pk_tui.api.views import ForgetView, Progress, VaultView
from pk_tui.errors import Conflict, PkError, ReadOnly
from pk_tui.safe_text import safe_text
from pk_tui.terms import CommitId, SecretPath
from pk_tui.tui.deeds.writing import where
from pk_tui.tui.dialogs.confirm import ConfirmDialog
from pk_tui.tui.live import Live, Noun
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.text import counted, sentence, shown

NAMED_AT_MOST = 4
"""Nodes named in a sentence; of more the number is told."""
LOOKED_AT = 20
"""Newest versions among which the one before is looked for, to tell whether history was written anew when it was called off."""


async def forget(pane: Pane, vault: VaultView, path: SecretPath, is_directory: bool) -> None:
    await _forget(pane, vault, path, is_directory, str(vault.vault_id))


async def forget_old(pane: Pane, vault: VaultView, path: SecretPath, version: CommitId) -> bool:
    """Of what a version has, whether it is still there or not. False if it was called off."""
    reference = f"{vault.vault_id}@{version}"
    is_directory = (await pane.api.secrets.stat(reference, path)).is_directory
    return await _forget(pane, vault, path, is_directory, reference)


async def _forget(pane: Pane, vault: VaultView, path: SecretPath, is_directory: bool, reference: str) -> bool:
    require_own(vault, pane.live)
    place = where(vault, path)
    async with pane.busy(sentence("Looking at $place", place=place)):
        holders = [row.node_id for row in await pane.api.vaults.permissions(str(vault.vault_id))]
        inside = await _inside(pane, reference, path) if is_directory else 0
    told = effect(vault, [pane.live.name_of(one) for one in holders], is_directory, inside)
    heading = sentence("Forget $place?", place=place)
    if not await pane.ask(ConfirmDialog(heading, told, "Forget it for good", typed=path.name)):
        return False
    error = await _carry_out(pane, vault, path)
    if not (isinstance(error, Conflict) and vault.fork):
        return True
    if await pane.ask(leaving_question(pane.live, vault, place)):
        await _carry_out(pane, vault, path, leave_origin=True)
    return True


async def _carry_out(pane: Pane, vault: VaultView, path: SecretPath, leave_origin: bool = False) -> PkError | None:
    """Why it was not done, which was said already."""
    place = where(vault, path)

    async def work(step: Callable[[Progress], None]) -> Content:
        try:
            view = await pane.api.vaults.forget(str(vault.vault_id), path, step, leave_origin=leave_origin)
        except Conflict as error:
            if vault.fork:  # the agent's sentence names an option of the command line
                says = sentence("$place was not forgotten: it came from the vault's origin.", place=place)
                raise Conflict(says.plain) from error
            raise
        except asyncio.CancelledError:
            if not await _has_happened(pane, vault):
                raise
            return sentence("It was too late to call it off: $place is forgotten.", place=place)
        return outcome(place, view, pane.live)

    title = sentence("Forgetting $place", place=shown(str(path), 30))
    transfer = await pane.see_through(pane.session.transfers.start(title, work))
    await pane.live.read(Noun.VAULTS)
    return transfer.error


def require_own(vault: VaultView, live: Live) -> None:
    """Raises ReadOnly for a clone, whose history is somebody else's."""
    if vault.read_only:
        whose = live.name_of(vault.origin.node_id) if vault.origin is not None else "its owner"
        raise ReadOnly(
            f"“{safe_text(vault.name, 80)}” is a clone: only {whose} can forget something in it, and a pull takes that over. "
            "`d` on the vault deletes this whole copy."
        )


async def _inside(pane: Pane, reference: str, path: SecretPath) -> int:
    entries = await pane.api.secrets.list(reference, path, recursive=True)
    return sum(not one.is_directory for one in entries)


async def _has_happened(pane: Pane, vault: VaultView) -> bool:
    """Whether the history is another one by now: the version before is not among the newest."""
    try:
        newest = await pane.api.vaults.log(str(vault.vault_id), limit=LOOKED_AT)
    except PkError:
        return False
    return all(one.commit != vault.head for one in newest)


def effect(vault: VaultView, holders: Sequence[str], is_directory: bool, inside: int) -> Content:
    """What forgetting does, that nothing takes it back, and whom it does not reach."""
    what = f"The directory and {counted(inside, 'secret')} in it are" if is_directory else "The secret is"
    first = sentence(
        f"{what} removed from [b]every version[/] of $vault. All versions are written anew under a new key, and the old ones are "
        "destroyed. [b]This cannot be undone[/], not by `z` either.\n\n",
        vault=shown(vault.name, 60),
    )
    if holders:
        named = ", ".join(holders[:NAMED_AT_MOST])
        more = f" and {len(holders) - NAMED_AT_MOST} more" if len(holders) > NAMED_AT_MOST else ""
        reach = sentence(
            f"Shared with $who{more}: what they have pulled they keep, and nobody can take that back. To them it shows as a "
            "rewritten history. If it is a value in use, change it at its source.",
            who=shown(named, 200),
        )
    else:
        reach = Content(
            "It is shared with nobody now. Copies made before, backups and exports keep it, and nobody can take those back."
        )
    return Content.assemble(first, reach)


def leaving_question(live: Live, vault: VaultView, place: Content) -> ConfirmDialog:
    """In a fork, for what came from its origin: it can be forgotten there, or here by a fork that stays on its own."""
    who = live.name_of(vault.origin.node_id) if vault.origin is not None else "its origin"
    told = sentence(
        "It came from the vault that $vault is a copy of, and would come again with the next pull. Nothing was changed.\n\n"
        "Best is that $who forgets it, and a pull takes that over. Or it is forgotten here, and $vault is a vault of its own "
        "from then on: it pulls nothing more from $who, and that cannot be undone.",
        vault=shown(vault.name, 40),
        who=shown(who, 60),
    )
    return ConfirmDialog(sentence("Forget $place all the same?", place=place), told, "Forget it and leave")


def outcome(place: Content, view: ForgetView, live: Live) -> Content:
    """`Forgot work:db/password in 12 versions. bob has seen it and keeps what he has.`"""
    done = sentence(f"Forgot $place in {counted(view.versions, 'version')}.", place=place)
    if not view.seen_by:
        return Content.assemble(done, " No other node has pulled it.")
    named = ", ".join(live.name_of(one) for one in view.seen_by[:NAMED_AT_MOST])
    more = f" and {len(view.seen_by) - NAMED_AT_MOST} more" if len(view.seen_by) > NAMED_AT_MOST else ""
    return sentence(f"$done Copies that nobody can take back: $who{more}.", done=done, who=shown(named, 200))
