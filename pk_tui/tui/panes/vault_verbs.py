"""The keys of the vaults pane, and for each verb when the pane refuses it and why. What a verb does is done by `deeds`."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from textual.binding import Binding, BindingType
from textual.content import Content

from pk_tui.api.views import VaultView
from pk_tui.terms import NodeId
from pk_tui.tui.text import sentence
from pk_tui.tui.widgets.vault_rows import Row, RowKind

if TYPE_CHECKING:
    from pk_tui.tui.panes.pane import Pane


def _key(key: str, action: str, text: str, name: str, says: str, show: bool = False) -> Binding:
    return Binding(key, action, text, show=show, id=f"vaults.{name}", tooltip=says)


BINDINGS: list[BindingType] = [
    _key("space", "peek", "Peek", "peek", "Show the value for some seconds; again keeps it longer", True),
    _key("v", "peek(True)", "Show", "show", "Show the value until the cursor moves"),
    _key("c", "copy", "Copy", "copy", "Copy the value without showing it", True),
    _key("C", "copy_path", "Copy path", "copy_path", "Copy where it lies, as VAULT:PATH"),
    _key("n", "deed('new')", "New", "new", "Make a new secret here", True),
    _key("N", "deed('new vault')", "New vault", "new_vault", "Make a new vault"),
    _key("D", "deed('new directory')", "New directory", "new_directory", "Make a directory here"),
    _key("e", "deed('edit')", "Edit", "edit", "Change the value", True),
    _key("E", "deed('edit outside')", "Edit in $EDITOR", "edit_outside", "Change the value in your own editor"),
    _key("r", "deed('rename')", "Rename", "rename", "Give the vault, directory or secret another name"),
    _key("m", "deed('move')", "Move", "move", "Move the directory or secret somewhere else"),
    _key("d", "deed('delete')", "Delete", "delete", "Delete the vault, directory or secret"),
    _key("I", "deed('import')", "Import", "import", "Take in all files of a directory"),
    _key("s", "deed('share')", "Share", "share", "Share this vault with a node", True),
    _key("U", "deed('unshare')", "Unshare", "unshare", "End a share of this vault"),
    _key("p", "deed('pull')", "Pull", "pull", "Bring this clone up to date with its origin"),
    _key("slash", "filter", "Filter", "filter", "Show only what has these words in its name", True),
    _key("H", "versions", "Versions", "versions", "Go to the versions"),
    _key("i", "details", "Details", "details", "Say everything about it, or the main things only"),
    _key("ctrl+r", "again", "Refresh", "refresh", "Read everything again"),
    _key("escape", "back", "Back", "back", "Hide the value, clear the filter, or go back to the tree"),
]

CHANGES = frozenset(("new", "new directory", "edit", "edit outside", "rename", "move", "delete", "import"))
"""Verbs that change what is in a vault."""
SHARING = frozenset(("share", "unshare", "pull"))
OF_A_SECRET = frozenset(("edit", "edit outside"))


def refusal(verb: str, row: Row | None, vault: VaultView | None, name_of: Callable[[NodeId], str]) -> Content | None:
    """Why a verb does nothing here, as a sentence that says what would work; None if it can be tried."""
    if verb == "new vault":
        return None
    if row is None or vault is None:
        return Content("There is no vault yet: N makes one, 4 shows what others share with you.")
    whole = row.kind is RowKind.VAULT and verb in (
        "rename",
        "delete",
    )  # a clone of one's own may be renamed and deleted
    if verb in CHANGES and not whole and vault.read_only:
        whose = name_of(vault.origin.node_id) if vault.origin else "another node"
        return sentence(
            "$vault is a clone of $node and read only here: p pulls what is changed there.",
            vault=vault.name, node=whose,
        )  # fmt: skip
    if verb in CHANGES and not whole and vault.damaged is not None:
        return sentence("$vault is damaged and cannot be changed: i says what is wrong.", vault=vault.name)
    if verb in OF_A_SECRET and row.kind is not RowKind.SECRET:
        return Content("Only a secret is edited: put the cursor on one, or n makes a new one here.")
    if verb == "move" and row.kind is RowKind.VAULT:
        return Content("A vault is not moved: r renames it. Secrets and directories can be moved.")
    if row.kind is RowKind.NOTE and verb in ("rename", "move", "delete"):
        return Content("Put the cursor on a vault, directory or secret first.")
    return None


def deed(verb: str, pane: Pane, row: Row | None, vault: VaultView | None) -> Coroutine[Any, Any, None] | None:
    """What carries out a verb that nothing refused; None if there is no such verb."""
    if verb in SHARING and vault is not None:
        from pk_tui.tui.deeds import sharing  # when it is needed: it brings its dialogs along

        match verb:
            case "share":
                return sharing.share(pane, vault)
            case "unshare":
                return sharing.unshare(pane, vault)
            case _:
                return sharing.pull(pane, vault)
    from pk_tui.tui.deeds import editing

    if verb == "new vault":
        return editing.new_vault(pane)
    if row is None or vault is None:
        return None
    path, is_directory = row.spot.path, row.kind is RowKind.DIRECTORY
    directory = "/".join(row.directory)
    match verb:
        case "new":
            return editing.new_secret(pane, vault, directory)
        case "new directory":
            return editing.new_directory(pane, vault, directory)
        case "edit" if path is not None:
            return editing.edit(pane, vault, path)
        case "edit outside" if path is not None:
            return editing.edit_outside(pane, vault, path)
        case "rename":
            return editing.rename(pane, vault, path, is_directory)
        case "move" if path is not None:
            return editing.move(pane, vault, path, is_directory)
        case "delete":
            return editing.delete(pane, vault, path, is_directory)
        case "import":
            return editing.import_directory(pane, vault)
    return None
