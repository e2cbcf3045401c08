"""Items made and changed, and new passwords put where old ones were. The forms are dialogs; free text is `editing`'s."""

from __future__ import annotations

from dataclasses import replace

from textual.content import Content

from pk_tui.api.items import ItemView, SlotChange, SlotView, TemplateView
from pk_tui.api.views import VaultView
from pk_tui.errors import Misuse, NotFound
from pk_tui.safe_text import safe_text
from pk_tui.terms import CommitId, SecretPath
from pk_tui.tui.deeds import editing
from pk_tui.tui.deeds.writing import path_below, pieces, require_writable, show, stat, where
from pk_tui.tui.dialogs.confirm import ConfirmDialog
from pk_tui.tui.dialogs.generate import GenerateDialog
from pk_tui.tui.dialogs.item_form import Filled, ItemFormDialog
from pk_tui.tui.dialogs.kind import FREE, KEY_PAIR, KindDialog, template_of
from pk_tui.tui.item_words import OF_TEMPLATES, PASSWORD, TEMPLATES_IN, chief, rows_of
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.text import sentence, shown
from pk_tui.tui.widgets.slot_field import Blank


async def new(pane: Pane, vault: VaultView, directory: str) -> None:
    """A new secret of a kind that is asked for first."""
    require_writable(vault)
    async with pane.busy("Reading the templates"):
        templates = await pane.api.items.templates(str(vault.vault_id))

    async def then(answer: str) -> bool:
        if answer == FREE:
            return await editing.make_secret(pane, vault, directory)
        if answer == KEY_PAIR:
            return await new_key_pair(pane, vault, directory)
        template = next(one for one in templates if one.name == template_of(answer))
        return await new_item(pane, vault, directory, template)

    heading = sentence("New secret in $place", place=where(vault, directory))
    await pane.ask(KindDialog(heading, templates, pane.session.glyphs, then))


async def new_item(pane: Pane, vault: VaultView, directory: str, template: TemplateView) -> bool:
    """False if it was called off."""

    async def keep(path: SecretPath, filled: Filled) -> bool:
        commit = await pane.api.items.create(
            str(vault.vault_id), path, template.name, filled.title or path.name, filled.slots, filled.tags or ()
        )
        pane.session.undo.note((vault.vault_id, commit))
        return True

    blanks = [
        Blank(one.name, one.type, one.label, one.required, one.masked, one.choices) for one in template.slots
    ]  # fmt: skip
    describes = template.name == OF_TEMPLATES and not template.own
    if describes:
        directory = TEMPLATES_IN  # anywhere else it would be none
    heading = sentence("New: $kind, in $place", kind=shown(template.label, 60), place=where(vault, directory))
    rule = path_below(directory)
    dialog = ItemFormDialog(pane.session, heading, blanks, keep, rule=rule, describes=describes)
    path = await pane.ask(dialog)
    if path is not None:
        await show(pane, (vault.vault_id, path))
        pane.say(sentence("Made $place.", place=where(vault, path)))
    return path is not None


async def new_key_pair(pane: Pane, vault: VaultView, directory: str) -> bool:
    """False if it was called off."""

    async def keep(path: SecretPath, filled: Filled) -> bool:
        comment = next((one.value.reveal().decode() for one in filled.slots if one.value is not None), "")
        commit = await pane.api.items.new_ssh_key(str(vault.vault_id), path, filled.title or path.name, comment)
        pane.session.undo.note((vault.vault_id, commit))
        return True

    heading = sentence("New SSH key in $place", place=where(vault, directory))
    blanks = [Blank("comment", label="Comment in it")]
    dialog = ItemFormDialog(pane.session, heading, blanks, keep, rule=path_below(directory), slots_only=True)
    path = await pane.ask(dialog)
    if path is not None:
        await show(pane, (vault.vault_id, path))
        pane.say(sentence("Made a new key pair: $place. Its public key shows in clear.", place=where(vault, path)))
    return path is not None


async def edit_item(pane: Pane, vault: VaultView, path: SecretPath) -> None:
    require_writable(vault)
    name = str(vault.vault_id)
    async with pane.busy(sentence("Opening $place", place=where(vault, path))):
        # The version first: if it changes between the two, one question too many is asked, and none too few.
        seen = (await pane.api.secrets.stat(name, path)).commit
        item = await pane.api.items.get(name, path)
        template = await _template(pane, name, item.template)
    made: list[CommitId | None] = []

    async def keep(path: SecretPath, filled: Filled) -> bool:
        if not await _may_change(pane, vault, path, seen):
            return False
        made.append(await pane.api.items.change(name, path, filled.slots, filled.title, filled.tags))
        pane.session.undo.note((vault.vault_id, made[-1]))
        return True

    heading = sentence("Edit $place", place=where(vault, path))
    describes = item.template == OF_TEMPLATES
    blanks = [replace(one, describes=describes) for one in blanks_of(item, template)]
    dialog = ItemFormDialog(
        pane.session, heading, blanks, keep, path=path, title=item.title, tags=item.tags, describes=describes
    )
    del item  # the form's now, and gone with it
    if await pane.ask(dialog) is not None:
        done = "Stored $place." if made[-1] is not None else "Nothing was changed in $place, so nothing was stored."
        pane.say(sentence(done, place=where(vault, path)))


async def _template(pane: Pane, vault: str, name: str) -> TemplateView | None:
    return next((one for one in await pane.api.items.templates(vault) if one.name == name), None)


def blanks_of(item: ItemView, template: TemplateView | None) -> list[Blank]:
    """Fields for the template's slots in its order, filled from the item, then for those that the item has besides."""
    has = {slot.name: slot for slot in item.slots}
    specs = template.slots if template is not None else ()
    known = {spec.name for spec in specs}
    blanks = [
        _filled(Blank(one.name, one.type, one.label, one.required, one.masked, one.choices), has.get(one.name))
        for one in specs
    ]
    return blanks + [_filled(Blank(name, extra=True), slot) for name, slot in has.items() if name not in known]


def _filled(blank: Blank, slot: SlotView | None) -> Blank:
    if slot is None:
        return blank
    label = slot.label if slot.label != slot.name else blank.label
    return replace(
        blank, type=slot.type, label=label, masked=slot.masked, value=slot.value, warning=slot.warning
    )  # fmt: skip


async def _may_change(pane: Pane, vault: VaultView, path: SecretPath, seen: CommitId) -> bool:
    """Yes, unless somebody changed the item since it was read, and the user says no to that."""
    now = await stat(pane.api, vault, path)
    if now is None or now.is_directory:
        raise NotFound(
            f"“{safe_text(str(path), 200)}” was removed or moved meanwhile. Copy what you wrote, and make it anew."
        )
    if now.commit == seen:
        return True
    effect = sentence(
        "$place has changed since you opened it. Only what you changed here is stored over it; "
        "what is replaced stays in the versions.",
        place=where(vault, path),
    )
    return await pane.ask(ConfirmDialog(Content("It was changed meanwhile"), effect, "Store mine")) is True


# New passwords in place of old ones


async def generate(pane: Pane, vault: VaultView, path: SecretPath, slot: str | None) -> None:
    """A new value for a secret, or for a slot of an item: the one named, else its password."""
    require_writable(vault)
    name = str(vault.vault_id)
    item = await _item(pane, name, path)
    meant: SlotView | None = None
    if item is not None:
        if not item.slots:
            raise Misuse("This item has no slot that a value could go into: `e` edits it.")
        found = next((at for at, one in enumerate(item.slots) if one.name == slot), None)
        meant = item.slots[found if found is not None else chief(rows_of(item).slots)]
        if meant.type != PASSWORD:
            raise Misuse(
                f"The slot “{safe_text(meant.name, 80)}” holds no password. Enter, then up and down, go to another slot; "
                "`e` edits this one."
            )
    del item
    place = where(vault, f"{path}#{meant.name}" if meant is not None else path)
    seen = (await pane.api.secrets.stat(name, path)).commit
    heading = sentence("New value for $place", place=place)
    value = await pane.ask(GenerateDialog(pane.api.items, pane.session.glyphs, heading, "Store"))
    if value is None or not await _confirmed(pane, vault, path, seen, place):
        return
    if meant is not None:
        commit = await pane.api.items.change(name, path, [SlotChange(meant.name, value)])
    else:
        commit = await pane.api.secrets.write(name, path, pieces(value))
    pane.session.undo.note((vault.vault_id, commit))
    pane.say(sentence("Stored a new value in $place. `z` takes it back.", place=place))


async def _confirmed(pane: Pane, vault: VaultView, path: SecretPath, seen: CommitId, place: Content) -> bool:
    now = await stat(pane.api, vault, path)
    if now is None or now.is_directory:
        raise NotFound(f"“{safe_text(str(path), 200)}” is not there any more.")
    changed = "" if now.commit == seen else "It has changed since you looked at it. "
    effect = sentence(
        f"{changed}The value of $place is replaced. The one before stays in the versions; where it is in use, it has to be "
        "changed too.",
        place=place,
    )
    return await pane.ask(ConfirmDialog(Content("Replace the value?"), effect, "Replace")) is True


async def _item(pane: Pane, vault: str, path: SecretPath) -> ItemView | None:
    """None if it is a secret of free bytes. Raises what else speaks against it."""
    try:
        return await pane.api.items.get(vault, path)
    except Misuse:
        return None
