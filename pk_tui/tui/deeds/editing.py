"""New vaults, directories and secrets, and new values. Other names and places are in `arranging`, ends in `deleting`; both
are called from here."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial

from textual.app import SuspendNotSupported
from textual.content import Content

from pk_tui.api.items import ITEM_BEGINS
from pk_tui.api.views import VaultView
from pk_tui.errors import Malformed, Misuse, NotFound
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text
from pk_tui.terms import CommitId, SecretPath, vault_name
from pk_tui.tui.deeds.arranging import move, rename
from pk_tui.tui.deeds.deleting import delete
from pk_tui.tui.deeds.writing import path_below, pieces, require_free, require_writable, show, stat, where
from pk_tui.tui.dialogs.ask_text import AskTextDialog
from pk_tui.tui.dialogs.confirm import ConfirmDialog
from pk_tui.tui.dialogs.edit_secret import EditSecretDialog
from pk_tui.tui.dialogs.generate import GenerateDialog
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.plain_text import MAX_TEXT, line_fault, text_fault
from pk_tui.tui.reading import read_beginning
from pk_tui.tui.text import sentence, size

__all__ = [
    "delete",
    "edit",
    "edit_outside",
    "move",
    "new_directory",
    "new_secret",
    "new_vault",
    "rename",
]

MAX_OUTSIDE = 16 * 1024 * 1024
"""Bytes; what is taken back from an editor is held to the same."""


async def new_vault(pane: Pane) -> None:
    made: list[VaultView] = []

    async def create(name: str) -> None:
        made.append(await pane.api.vaults.create(name))

    label = Content("Name of the vault")
    await pane.ask(AskTextDialog(Content("New vault"), label, vault_name, yes="Create", carry_out=create))
    if made:
        await show(pane, made[0].vault_id)
        pane.say(sentence("Made the vault $name. `n` puts a secret into it.", name=made[0].name))


async def new_directory(pane: Pane, vault: VaultView, directory: str) -> None:
    require_writable(vault)

    async def make(path: SecretPath) -> None:
        await require_free(pane.api, vault, path)
        commits = await pane.api.secrets.make_directories([(str(vault.vault_id), path)], parents=True)
        pane.session.undo.note(*((vault.vault_id, commit) for commit in commits))

    label = sentence("Name, in $place", place=where(vault, directory))
    dialog = AskTextDialog(
        Content("New directory"), label, path_below(directory), yes="Create", carry_out=make
    )  # fmt: skip
    path = await pane.ask(dialog)
    if path is not None:
        await show(pane, (vault.vault_id, path))
        pane.say(sentence("Made the directory $place.", place=where(vault, path)))


async def new_secret(pane: Pane, vault: VaultView, directory: str) -> None:
    require_writable(vault)
    await make_secret(pane, vault, directory)


async def make_secret(pane: Pane, vault: VaultView, directory: str) -> bool:
    """Free text. False if it was called off."""
    said: list[Content] = []

    async def keep(path: SecretPath, value: Plaintext) -> bool:
        commit = await pane.api.secrets.write(str(vault.vault_id), path, pieces(value), create_only=True)
        pane.session.undo.note((vault.vault_id, commit))
        said.append(_stored("Made", vault, path, value))
        return True

    dialog = EditSecretDialog(
        sentence("New secret in $place", place=where(vault, directory)),
        keep,
        pane.session.clipboard,
        pane.session.settings.clipboard_seconds,
        generate=partial(offer, pane),
        rule=path_below(directory),
        name_label=Content("Name; directories in it are made: db/password"),
    )
    path = await pane.ask(dialog)
    if path is not None:
        await show(pane, (vault.vault_id, path))
        pane.say(said[-1])
    return path is not None


async def edit(pane: Pane, vault: VaultView, path: SecretPath) -> None:
    """An item in its form; else in the built-in editor, which takes text that it can give back exactly."""
    from pk_tui.tui.deeds import items  # here: it makes free text with what is above

    require_writable(vault)
    value, seen = await _read(pane, vault, path, MAX_TEXT)
    if value.reveal().startswith(ITEM_BEGINS):
        with suppress(Malformed):  # a broken one is mended as text
            await items.edit_item(pane, vault, path)
            return
    if fault := text_fault(value.reveal()) or line_fault(value.reveal().decode()):
        raise _not_here(path, fault)
    said: list[Content] = []

    async def keep(path: SecretPath, after: Plaintext) -> bool:
        if not await _may_overwrite(pane, vault, path, seen):
            return False
        commit = await pane.api.secrets.write(str(vault.vault_id), path, pieces(after))
        pane.session.undo.note((vault.vault_id, commit))
        said.append(_stored("Stored", vault, path, after) if commit else _same(vault, path))
        return True

    dialog = EditSecretDialog(
        sentence("Edit $place", place=where(vault, path)),
        keep,
        pane.session.clipboard,
        pane.session.settings.clipboard_seconds,
        generate=partial(offer, pane),
        path=path,
        value=value.reveal().decode(),
    )
    del value  # the dialog's now, and gone with it
    if await pane.ask(dialog) is not None:
        pane.say(said[-1])


async def edit_outside(pane: Pane, vault: VaultView, path: SecretPath) -> None:
    """In the user's own editor, which has the terminal meanwhile. Everything else waits: it is one program with one screen."""
    require_writable(vault)
    before, seen = await _read(pane, vault, path, MAX_OUTSIDE)
    try:
        with pane.app.suspend():
            after = pane.session.front.edit_outside(before, os.path.splitext(path.name)[1])
    except SuspendNotSupported:
        raise Misuse("This terminal cannot be given to another program. `e` edits the secret here.") from None
    if after == before:
        pane.say(_same(vault, path))
        return
    if not await _may_overwrite(pane, vault, path, seen):
        pane.say("Nothing was stored.")
        return
    pane.session.undo.note((vault.vault_id, await pane.api.secrets.write(str(vault.vault_id), path, pieces(after))))
    pane.say(_stored("Stored", vault, path, after, before))


async def offer(pane: Pane) -> Plaintext | None:
    """A new password for whoever is writing."""
    return await pane.ask(GenerateDialog(pane.api.items, pane.session.glyphs))


async def _read(pane: Pane, vault: VaultView, path: SecretPath, limit: int) -> tuple[Plaintext, CommitId]:
    """The value, and the version it is of. Raises Misuse if it is longer than `limit`."""
    async with pane.busy(sentence("Opening $place", place=where(vault, path))):
        # The version first: if it changes between the two, one question too many is asked, and none too few.
        now = await pane.api.secrets.stat(str(vault.vault_id), path)
        if now.size > limit:
            raise _not_here(path, f"it is {size(now.size)} long, which is more than {size(limit)}")
        found = await read_beginning(pane.api, str(vault.vault_id), path, limit)
    if not found.whole:
        raise _not_here(path, f"it is longer than {size(limit)}")
    return found.value, now.commit


def _not_here(path: SecretPath, fault: str) -> Misuse:
    return Misuse(
        f"“{safe_text(str(path), 200)}” is not edited here: {fault}. `E` opens it in your own editor (up to "
        f"{size(MAX_OUTSIDE)}); `pk-tui secrets cat` and `pk-tui secrets write` take any bytes."
    )


async def _may_overwrite(pane: Pane, vault: VaultView, path: SecretPath, seen: CommitId) -> bool:
    """Yes, unless somebody changed or removed the secret since it was read, and the user says no to that."""
    now = await stat(pane.api, vault, path)
    if now is not None and now.commit == seen:
        return True
    if now is not None and now.is_directory:
        raise NotFound(
            f"“{safe_text(str(path), 200)}” is a directory by now. Copy what you wrote, or store it elsewhere."
        )
    if now is None:
        heading = "It was removed meanwhile"
        effect = sentence(
            "$place is not there any more. Storing makes it again, with your value.", place=where(vault, path)
        )
    else:
        heading = "It was changed meanwhile"
        effect = sentence(
            "$place has another value since you opened it. Storing replaces that value; it stays in the versions.",
            place=where(vault, path),
        )
    answer = await pane.ask(ConfirmDialog(Content(heading), effect, "Store mine"))
    return answer is True


def _same(vault: VaultView, path: SecretPath) -> Content:
    return sentence("Nothing was changed in $place, so nothing was stored.", place=where(vault, path))


def _stored(did: str, vault: VaultView, path: SecretPath, after: Plaintext, before: Plaintext | None = None) -> Content:
    """What was done, and how the value ends: many editors add a newline by themselves."""
    value = after.reveal()
    gained = before is not None and value.endswith(b"\n") and not before.reveal().endswith(b"\n")
    if gained:
        last = " It now ends in a newline, which your editor may have added."
    else:
        last = " It ends in a newline." if value.endswith((b"\n", b"\r")) else "" if value else " It is empty."
    return sentence(f"{did} $place.{last}", place=where(vault, path))
