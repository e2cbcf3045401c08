"""The keys of the vaults pane, and for each verb when the pane refuses it and why. What a verb does is done by `deeds`."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from textual.binding import Binding, BindingType
from textual.content import Content

from pk_tui.api.views import VaultView
from pk_tui.terms import NodeId
from pk_tui.tui.text import sentence, shown
from pk_tui.tui.widgets.vault_rows import Row, RowKind

if TYPE_CHECKING:
    from pk_tui.tui.panes.pane import Pane


def _key(key: str, action: str, text: str, name: str, says: str, show: bool = False) -> Binding:
    return Binding(key, action, text, show=show, id=f"vaults.{name}", tooltip=says)


BINDINGS: list[BindingType] = [
    _key("space", "peek", "Peek", "peek", "Show the value for some seconds; again keeps it longer", True),
    _key("v", "peek(True)", "Show", "show", "Show the value until the cursor moves"),
    _key("c", "copy", "Copy", "copy", "Copy the value without showing it", True),
    _key("u", "copy_user", "Copy user", "copy_user", "Copy the user name of an item"),
    _key("o", "copy_code", "Copy code", "copy_code", "Copy the one-time code of an item"),
    _key("C", "copy_path", "Copy path", "copy_path", "Copy where it lies, as VAULT:PATH"),
    _key("n", "deed('new')", "New", "new", "Make a new secret here", True),
    _key("N", "deed('new vault')", "New vault", "new_vault", "Make a new vault"),
    _key("D", "deed('new directory')", "New directory", "new_directory", "Make a directory here"),
    _key("e", "deed('edit')", "Edit", "edit", "Change the value", True),
    _key("E", "deed('edit outside')", "Edit in $EDITOR", "edit_outside", "Change the value in your own editor"),
    _key("t", "deed('generate')", "Generate", "generate", "Make a new password for the secret or slot, after asking"),
    _key("r", "deed('rename')", "Rename", "rename", "Give the vault, directory or secret another name"),
    _key("m", "deed('move')", "Move", "move", "Move the directory or secret somewhere else"),
    _key("d", "deed('delete')", "Delete", "delete", "Delete the vault, directory or secret"),
    _key("ctrl+x", "deed('forget')", "Forget", "forget", "Remove the secret or directory from all versions, for good"),
    _key("I", "deed('import')", "Import", "import", "Take in a directory, or what another program exported"),
    _key("X", "deed('export')", "Export", "export", "Write this vault in clear to a directory, or as a git repository"),
    _key("K", "deed('care')", "Care", "care", "Check everything, tidy, or back up this node to a file"),
    _key("s", "deed('share')", "Share", "share", "Share this vault with a node", True),
    _key("U", "deed('unshare')", "Unshare", "unshare", "End a share of this vault"),
    _key("p", "deed('pull')", "Pull", "pull", "Bring a clone up to date, or merge what is new into a fork"),
    _key("W", "deed('fork')", "Fork", "fork", "Make a copy of this clone that you can change"),
    _key("exclamation_mark", "deed('conflicts')", "Conflicts", "conflicts", "Decide what both sides have changed"),
    _key("slash", "filter", "Filter", "filter", "Show only what has these words in its name", True),
    _key("H", "deed('history')", "History", "history", "Look at the versions, compare them, bring one back"),
    _key("z", "deed('undo')", "Undo", "undo", "Take back the last change made in this window"),
    _key("Z", "deed('redo')", "Redo", "redo", "Make again what was taken back last"),
    _key("i", "details", "Details", "details", "Say everything about it, or the main things only"),
    _key("ctrl+r", "again", "Refresh", "refresh", "Read everything again"),
    _key("escape", "back", "Back", "back", "Hide the value, clear the filter, or go back to the tree"),
]

CHANGES = frozenset(("new", "new directory", "edit", "edit outside", "generate", "rename", "move", "delete", "import"))
"""Verbs that change what is in a vault."""
ANYWHERE = frozenset(("new vault", "care", "undo", "redo"))
"""Verbs that do not depend on where the cursor is."""
SHARING = frozenset(("share", "unshare", "pull"))
FORKING = frozenset(("fork", "conflicts", "forget"))
"""Verbs about a copy of somebody's vault, what a merge left in it, and histories that are written anew."""
OF_A_SECRET = frozenset(("edit", "edit outside", "generate"))


def wants_fork(verb: str, row: Row | None, vault: VaultView | None) -> bool:
    """True for a change in a clone, which a copy of it could take: that is offered."""
    if row is None or vault is None or verb not in CHANGES or not vault.read_only or vault.damaged is not None:
        return False
    return not (row.kind is RowKind.VAULT and verb in ("rename", "delete"))


def refusal(verb: str, row: Row | None, vault: VaultView | None, name_of: Callable[[NodeId], str]) -> Content | None:
    """Why a verb does nothing here, as a sentence that says what would work; None if it can be tried."""
    if verb in ANYWHERE:
        return None
    if row is None or vault is None:
        return Content("There is no vault yet: N makes one, 4 shows what others share with you.")
    whole = row.kind is RowKind.VAULT and verb in (
        "rename",
        "delete",
    )  # a clone of one's own may be renamed and deleted
    if verb in CHANGES and not whole and vault.damaged is not None:
        return sentence("$vault is damaged and cannot be changed: i says what is wrong.", vault=vault.name)
    if verb in CHANGES and not whole and vault.read_only:
        whose = name_of(vault.origin.node_id) if vault.origin else "another node"
        return sentence(
            "$vault is a clone of $node and read only here: W makes a copy to change.",
            vault=vault.name, node=whose,
        )  # fmt: skip
    if verb in FORKING:
        return _refused_fork(verb, row, vault, name_of)
    if verb in OF_A_SECRET and row.kind is not RowKind.SECRET:
        return Content("Only a secret is edited: put the cursor on one, or n makes a new one here.")
    if verb == "move" and row.kind is RowKind.VAULT:
        return Content("A vault is not moved: r renames it. Secrets and directories can be moved.")
    if row.kind is RowKind.NOTE and verb in ("rename", "move", "delete"):
        return Content("Put the cursor on a vault, directory or secret first.")
    return None


def _refused_fork(verb: str, row: Row, vault: VaultView, name_of: Callable[[NodeId], str]) -> Content | None:
    name = shown(vault.name, 40)
    if verb == "fork":
        if vault.damaged is not None:
            return sentence("$vault is damaged and cannot be copied: i says what is wrong.", vault=name)
        return None if vault.read_only else sentence("$vault is yours to change as it is: W copies clones.", vault=name)
    if verb == "conflicts":
        return None if vault.conflicts else sentence("No conflict waits in $vault.", vault=name)
    if vault.damaged is not None:
        return sentence("$vault is damaged and cannot be changed: i says what is wrong.", vault=name)
    if vault.read_only:
        whose = name_of(vault.origin.node_id) if vault.origin else "its owner"
        return sentence("$vault is a clone: only $node can forget something in it.", vault=name, node=whose)
    if row.kind not in (RowKind.SECRET, RowKind.DIRECTORY):
        return Content("Put the cursor on what to forget. What is deleted: H, then ctrl+x.")
    return None


def _about_forks(verb: str, pane: Pane, row: Row, vault: VaultView) -> Coroutine[Any, Any, None] | None:
    path = row.spot.path
    match verb:
        case "fork":
            from pk_tui.tui.deeds import forking  # when it is needed: it brings its dialogs along

            return forking.fork(pane, vault, path)
        case "conflicts":
            from pk_tui.tui.deeds import deciding

            return deciding.conflicts(pane, vault)
        case "forget" if path is not None:
            from pk_tui.tui.deeds import forgetting

            return forgetting.forget(pane, vault, path, row.kind is RowKind.DIRECTORY)
    return None


def deed(
    verb: str, pane: Pane, row: Row | None, vault: VaultView | None, slot: str | None = None
) -> Coroutine[Any, Any, None] | None:
    """What carries out a verb that nothing refused; None if there is no such verb. `slot`: the one of an item that is meant."""
    if verb in SHARING and vault is not None:
        from pk_tui.tui.deeds import sharing  # when it is needed: it brings its dialogs along

        match verb:
            case "share":
                return sharing.share(pane, vault)
            case "unshare":
                return sharing.unshare(pane, vault)
            case _:
                return sharing.pull(pane, vault)
    if verb in FORKING and row is not None and vault is not None:
        return _about_forks(verb, pane, row, vault)
    if verb in ("undo", "redo"):
        from pk_tui.tui.deeds import undoing

        return undoing.undo(pane) if verb == "undo" else undoing.redo(pane)
    if verb == "history" and row is not None and vault is not None:
        from pk_tui.tui.deeds import history

        return history.history(pane, vault, row.spot.path)
    if verb == "care":
        from pk_tui.tui.deeds import caring

        return caring.care(pane)
    if verb in ("import", "export") and vault is not None:
        from pk_tui.tui.deeds import exporting, importing

        return importing.import_into(pane, vault) if verb == "import" else exporting.export(pane, vault)
    from pk_tui.tui.deeds import editing, items

    if verb == "new vault":
        return editing.new_vault(pane)
    if row is None or vault is None:
        return None
    path, is_directory = row.spot.path, row.kind is RowKind.DIRECTORY
    directory = "/".join(row.directory)
    match verb:
        case "new":
            return items.new(pane, vault, directory)
        case "new directory":
            return editing.new_directory(pane, vault, directory)
        case "edit" if path is not None:
            return editing.edit(pane, vault, path)
        case "edit outside" if path is not None:
            return editing.edit_outside(pane, vault, path)
        case "generate" if path is not None:
            return items.generate(pane, vault, path, slot)
        case "rename":
            return editing.rename(pane, vault, path, is_directory)
        case "move" if path is not None:
            return editing.move(pane, vault, path, is_directory)
        case "delete":
            return editing.delete(pane, vault, path, is_directory)
    return None
