"""Other names and other places: of a vault, a directory, a secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content

from pk_tui.api.views import VaultView
from pk_tui.errors import Misuse, NotFound, ReadOnly
from pk_tui.safe_text import safe_text
from pk_tui.terms import SecretPath, vault_name
from pk_tui.tui.deeds.writing import require_free, require_writable, show, stat, where
from pk_tui.tui.dialogs.ask_text import AskTextDialog
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.text import counted, sentence, shown


@dataclass(frozen=True, slots=True)
class Target:
    """Where something is to go. With `into` the path is that of a directory; None is the vault itself."""

    vault: VaultView
    path: SecretPath | None
    into: bool


def read_target(typed: str, vaults: Sequence[VaultView]) -> Target:
    """`VAULT:PATH`; a `/` at the end, or no path, means into. Raises Misuse, NotFound or ReadOnly with a sentence."""
    name, colon, rest = typed.partition(":")
    if not colon:
        raise Misuse("Write where to as VAULT:PATH, such as work:db/password.")
    vault = next((one for one in vaults if name in (one.name, str(one.vault_id))), None)
    if vault is None:
        raise NotFound(f"There is no vault “{safe_text(name, 80)}” on this node.")
    if vault.read_only:
        raise ReadOnly(f"“{safe_text(vault.name, 80)}” is a clone and read-only here, so nothing can be moved into it.")
    bare = rest.strip("/")
    return Target(vault, SecretPath.parse(bare) if bare else None, not bare or rest.endswith("/"))


def new_name(path: SecretPath, typed: str) -> SecretPath:
    """The same place with another last name. Raises Misuse."""
    if "/" in typed:
        raise Misuse("A name has no “/” in it. `m` moves it to another directory or vault.")
    if not typed:
        raise Misuse("It needs a name.")
    return SecretPath.parse("/".join((*path.parent, typed)))


async def rename(pane: Pane, vault: VaultView, path: SecretPath | None, is_directory: bool) -> None:
    """None: the vault, which may be a clone too, since its name is our own affair."""
    if path is None:
        await _rename_vault(pane, vault)
        return
    require_writable(vault)

    async def carry_out(goal: SecretPath) -> None:
        if goal != path:
            await require_free(pane.api, vault, goal)
            commits = await pane.api.secrets.move((str(vault.vault_id), path), (str(vault.vault_id), goal))
            pane.session.undo.note(*((vault.vault_id, commit) for commit in commits))

    dialog = AskTextDialog(
        sentence("Rename $place", place=where(vault, path)),
        Content("New name of the directory" if is_directory else "New name of the secret"),
        lambda typed: new_name(path, typed),
        value=path.name,
        yes="Rename",
        carry_out=carry_out,
    )
    goal = await pane.ask(dialog)
    if goal is not None and goal != path:
        await show(pane, (vault.vault_id, goal))
        pane.say(sentence("Renamed $old to $new.", old=path.name, new=goal.name))


async def _rename_vault(pane: Pane, vault: VaultView) -> None:
    async def carry_out(name: str) -> None:
        await pane.api.vaults.rename(str(vault.vault_id), name)

    name = await pane.ask(
        AskTextDialog(
            sentence("Rename the vault $vault", vault=shown(vault.name, 60)),
            Content("New name, on this node; others keep the name they know it by"),
            vault_name,
            value=vault.name,
            yes="Rename",
            carry_out=carry_out,
        )
    )
    if name is not None and name != vault.name:
        await show(pane, vault.vault_id)
        pane.say(sentence("Renamed $old to $new.", old=vault.name, new=name))


async def move(pane: Pane, vault: VaultView, path: SecretPath, is_directory: bool) -> None:
    """To another place in the same vault or in another one of ours."""
    require_writable(vault)
    landed: list[tuple[VaultView, SecretPath]] = []

    async def carry_out(target: Target) -> None:
        goal = await _landing(pane, target, path)
        if (target.vault.vault_id, goal) != (vault.vault_id, path):
            there = target.vault.vault_id
            commits = await pane.api.secrets.move((str(vault.vault_id), path), (str(there), goal))
            vaults = (there,) if there == vault.vault_id else (there, vault.vault_id)  # the copy is made first
            pane.session.undo.note(*zip(vaults, commits, strict=False))
        landed.append((target.vault, goal))

    dialog = AskTextDialog(
        sentence("Move $place", place=where(vault, path)),
        Content("Where to, as VAULT:PATH; into a directory with “/” at the end"),
        lambda typed: read_target(typed, pane.live.vaults),
        value=f"{vault.name}:{path}",
        yes="Move",
        carry_out=carry_out,
        note=lambda target: effect(vault, target),
    )
    if await pane.ask(dialog) is None:
        return
    there, goal = landed[-1]
    if (there.vault_id, goal) == (vault.vault_id, path):
        pane.say("It is there already, so nothing was moved.")
        return
    await show(pane, (there.vault_id, goal))
    what = "the directory " if is_directory else ""
    pane.say(sentence("Moved $what$old to $new.", what=what, old=where(vault, path), new=where(there, goal)))


async def _landing(pane: Pane, target: Target, path: SecretPath) -> SecretPath:
    """Where it ends: at the path, or in the directory that is there. Raises NotFound for a directory that is not."""
    if target.path is None:
        return SecretPath.of((path.name,))
    there = await stat(pane.api, target.vault, target.path)
    if there is not None and there.is_directory:
        return target.path / path.name
    if target.into and there is None:
        return target.path / path.name  # directories on the way are made
    return target.path


def effect(vault: VaultView, target: Target) -> Content:
    """What a move means beyond the new place; nothing within one vault."""
    if target.vault.vault_id == vault.vault_id:
        return Content("")
    who = counted(target.vault.shared_with, "node")
    reads = f" {who} with a share of $there can read it then." if target.vault.shared_with else ""
    return sentence(
        f"It leaves $here, whose old versions keep it, and becomes new in $there.{reads}",
        here=shown(vault.name, 60),
        there=shown(target.vault.name, 60),
    )
