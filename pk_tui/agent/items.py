"""Items: secrets with named slots. Made from templates, changed slot by slot, and what is derived of them: codes, new values.

How an item is written is `vault.item`'s, what a template is `vault.templates`', what `#slot` means `slots`' next door. Each call
that changes something is one commit.
"""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import replace

from pk_tui.agent.commits import commit_edits, refuse_names_of_git, require_writable
from pk_tui.agent.core import Core, Gate
from pk_tui.agent.directory import find_vault
from pk_tui.agent.secrets import SecretService
from pk_tui.agent.slots import find_slot, find_template, item_at, own_names, put_item, refuse_slot, require_template
from pk_tui.agent.versions import Version, find_version, newest
from pk_tui.api.events import VaultChanged
from pk_tui.api.items import CodeView, ItemView, Recipe, SlotChange, SlotSpec, SlotView, SuggestionView, TemplateView
from pk_tui.crypto import generate
from pk_tui.crypto.otp import MAX_COUNTER, MAX_SOURCE, Otp, read_otp, with_counter
from pk_tui.crypto.sshkey import new_ssh_key
from pk_tui.errors import AlreadyExists, Malformed, Misuse, NotFound
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text
from pk_tui.store.frames import Batch
from pk_tui.store.vault import VaultFrames
from pk_tui.terms import CommitId, SecretPath, VaultId
from pk_tui.vault import chunks, tree
from pk_tui.vault.item import Item, Slot, is_item, user_names
from pk_tui.vault.objects import Kind
from pk_tui.vault.slots import MASKED_TYPES, PLAIN_TYPES, check_slot
from pk_tui.vault.templates import BUILT_IN, Template, TemplateSlot

EditOf = Callable[[Version, Batch], tuple[SecretPath, tree.Put] | None]
"""What is to be put where, decided and written in one desk job; None if there is nothing to change."""


class ItemService:
    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._secrets = SecretService(gate)

    async def templates(self, vault: str | None = None) -> Sequence[TemplateView]:
        core = self._gate.core()

        def work() -> Generator[None, None, list[TemplateView]]:
            own: dict[str, Template] = {}
            if vault is not None:
                version = find_version(core.store, vault)
                for name in own_names(version):
                    with suppress(Malformed):  # told to whoever asks for that one; the others are offered all the same
                        own[name] = require_template(version, name)
                    yield
            built_in = [_template_view(one, False) for one in BUILT_IN.values() if one.name not in own]
            return [*built_in, *(_template_view(one, True) for one in own.values())]

        return await core.desk.steps(work())

    async def create(
        self,
        vault: str,
        path: SecretPath,
        template: str,
        title: str,
        slots: Sequence[SlotChange],
        tags: Sequence[str] = (),
    ) -> CommitId:
        def edit(version: Version, batch: Batch) -> tuple[SecretPath, tree.Put]:
            refuse_slot(version, path, "made")
            refuse_names_of_git(version.frames, path)
            if tree.find(version.frames, version.tree, path.parts) is not None:
                raise AlreadyExists(f"“{safe_text(str(path))}” is already there. To change an item, edit it.")
            return path, put_item(batch, _new_item(require_template(version, template), title, slots, tags))

        commit = await self._edit(vault, edit)
        assert commit is not None, "a new secret is a new tree"
        return commit

    async def get(self, vault: str, path: SecretPath) -> ItemView:
        core = self._gate.core()

        def job() -> ItemView:
            version = find_version(core.store, vault)
            refuse_slot(version, path, "shown as an item")
            item = item_at(version, path)
            return _item_view(item, find_template(version, item.template))

        return await core.desk.do(job)

    async def change(
        self,
        vault: str,
        path: SecretPath,
        slots: Sequence[SlotChange] = (),
        title: str | None = None,
        tags: Sequence[str] | None = None,
    ) -> CommitId | None:
        def edit(version: Version, batch: Batch) -> tuple[SecretPath, tree.Put] | None:
            refuse_slot(version, path, "changed as an item")
            old = item_at(version, path)
            new = _changed(old, find_template(version, old.template), slots)
            new = new if title is None else replace(new, title=title)
            new = new if tags is None else replace(new, tags=tuple(dict.fromkeys(tags)))
            return None if new == old else (path, put_item(batch, new))

        return await self._edit(vault, edit)

    async def code(self, vault: str, path: SecretPath) -> CodeView:
        core = self._gate.core()

        def job() -> tuple[Otp, Item | None]:
            source, item = _otp_source(find_version(core.store, vault), path)
            return _otp(source, path), item

        otp, item = await core.desk.do(job)
        if otp.counter is None:
            now = core.clock.now()
            return _code_view(otp, item, otp.code_at(now), otp.remaining(now), otp.period)
        return await self._counted_code(vault, path)

    async def check(self, slot_type: str, value: Plaintext, choices: Sequence[str] = ()) -> str | None:
        self._gate.core()  # raises Locked, like everything else
        return check_slot(slot_type, value, tuple(choices))

    async def suggest(self, recipe: Recipe) -> SuggestionView:
        self._gate.core()  # raises Locked, like everything else
        made = _generated(recipe)
        return SuggestionView(made.value, made.entropy_bits)

    async def generate(self, vault: str, path: SecretPath, recipe: Recipe) -> CommitId:
        made = _generated(recipe)

        async def content() -> AsyncIterator[bytes]:
            yield made.value.reveal()

        commit = await self._secrets.write(vault, path, content())
        if commit is None:  # only where so little is asked for that the value before can come again
            return await self._head(vault)
        return commit

    async def new_ssh_key(self, vault: str, path: SecretPath, title: str, comment: str = "") -> CommitId:
        key = new_ssh_key(comment)
        slots = [
            SlotChange("private_key", key.private),
            SlotChange("public_key", Plaintext.of_text(key.public)),
            SlotChange("fingerprint", Plaintext.of_text(key.fingerprint)),
        ]
        return await self.create(vault, path, "ssh-key", title, slots)

    async def _counted_code(self, vault: str, path: SecretPath) -> CodeView:
        """The counter moves on in the same transaction in which the code is read: no code is given twice."""
        given: list[CodeView] = []

        def edit(version: Version, batch: Batch) -> tuple[SecretPath, tree.Put]:
            source, item = _otp_source(version, path)
            otp = _otp(source, path)
            if otp.counter is None:
                raise Misuse("The secret was changed meanwhile. Ask for its code again.")
            if otp.counter >= MAX_COUNTER:
                raise Misuse(f"The counter of “{safe_text(str(path))}” has come to its end.")
            given.append(_code_view(otp, item, otp.next_code(), 0.0, 0))
            moved = with_counter(source, otp.counter + 1)
            if item is None:
                writer = chunks.ChunkWriter(batch)
                writer.feed(moved.reveal())
                return path, tree.Put(writer.finish()[0])
            slots = tuple(replace(slot, value=moved) if slot.value is source else slot for slot in item.slots)
            place = find_slot(version, path)
            return place.path if place else path, put_item(batch, replace(item, slots=slots))

        await self._edit(vault, edit)
        return given[-1]

    async def _head(self, vault: str) -> CommitId:
        core = self._gate.core()
        return await core.desk.do(lambda: find_version(core.store, vault).commit)

    async def _edit(self, vault: str, edit: EditOf) -> CommitId | None:
        """One commit of what `edit` makes; None if it makes nothing new."""
        core = self._gate.core()

        def job() -> tuple[VaultFrames, CommitId | None]:
            frames = find_vault(core.store, vault)
            require_writable(frames.record, core.node_id)
            return frames, _committed(core, frames, edit)

        frames, commit = await core.desk.do(job)
        if commit is not None:
            core.bus.say(VaultChanged(VaultId(frames.record.vault_id)))
        return commit


def _committed(core: Core, frames: VaultFrames, edit: EditOf) -> CommitId | None:
    batch = frames.batch()
    try:
        made = edit(newest(frames), batch)
        return made and commit_edits(core.store, frames, batch, [made], None, core.clock.now())
    finally:
        batch.discard()


# Making and changing


def _new_item(template: Template, title: str, changes: Sequence[SlotChange], tags: Sequence[str]) -> Item:
    given = {unicodedata.normalize("NFC", change.name): change for change in changes if change.value is not None}
    if len(given) != sum(change.value is not None for change in changes):
        raise Misuse("A slot is given twice. Give each once.")
    lacking = [
        slot.name for slot in template.slots if slot.required and not (slot.name in given and _value(given[slot.name]))
    ]
    if lacking:
        names = ", ".join(f"“{safe_text(name, 80)}”" for name in lacking)
        raise Misuse(f"The template “{safe_text(template.name, 80)}” asks for a value for {names}.")
    slots = [_new_slot(spec.name, given[spec.name], spec) for spec in template.slots if spec.name in given]
    slots += [_new_slot(name, change, None) for name, change in given.items() if template.slot(name) is None]
    return Item(template.name, title, tuple(slots), tuple(dict.fromkeys(tags)))


def _changed(item: Item, template: Template | None, changes: Sequence[SlotChange]) -> Item:
    slots = {slot.name: slot for slot in item.slots}
    for change in changes:
        name = unicodedata.normalize("NFC", change.name)
        old = slots.get(name)
        if change.value is None:
            if slots.pop(name, None) is None:
                raise NotFound(f"The item has no slot “{safe_text(name, 80)}” that could be removed.")
        elif old is None:
            slots[name] = _new_slot(name, change, template.slot(name) if template else None)
        else:
            slots[name] = Slot(
                name,
                change.value,
                old.type if change.type is None else change.type,
                old.label if change.label is None else change.label,
            )
    return replace(item, slots=tuple(slots.values()))


def _new_slot(name: str, change: SlotChange, spec: TemplateSlot | None) -> Slot:
    type_ = spec.type if spec else change.type
    return Slot(name, _value(change), type_ or "text", change.label or "")


def _value(change: SlotChange) -> Plaintext:
    assert change.value is not None
    return change.value


def _generated(recipe: Recipe) -> generate.Generated:
    if recipe.words:
        return generate.passphrase(recipe.words, recipe.separator)
    chosen = [
        (recipe.lower, generate.LOWER),
        (recipe.upper, generate.UPPER),
        (recipe.digits, generate.DIGITS),
        (recipe.symbols, generate.SYMBOLS),
    ]
    exclude = recipe.exclude + (generate.ALIKE if recipe.easy else "")
    return generate.password(recipe.length, [sort for wanted, sort in chosen if wanted], exclude)


# One-time codes


def _otp_source(version: Version, path: SecretPath) -> tuple[Plaintext, Item | None]:
    """What the code at this path is made from, and the item it stands in."""
    place = find_slot(version, path)
    if place is not None:
        return place.value(), place.item
    found = tree.find(version.frames, version.tree, path.parts)
    if found is None:
        raise NotFound(f"There is no secret “{safe_text(str(path))}” here.")
    oid, facts = found
    if facts.kind is Kind.BLOB and facts.size <= MAX_SOURCE and not is_item(raw := version.frames.body(oid)):
        return Plaintext(raw), None
    item = item_at(version, path)
    slot = next((slot for slot in item.slots if slot.type == "otp" and slot.value.reveal()), None)
    if slot is None:
        raise Misuse(
            f"“{safe_text(str(path))}” has no slot for one-time codes. To name one that is of another type, add `#SLOT`."
        )
    return slot.value, item


def _otp(source: Plaintext, path: SecretPath) -> Otp:
    try:
        return read_otp(source)
    except Misuse as error:
        raise Misuse(f"“{safe_text(str(path))}” gives no one-time codes. {error}") from None


def _code_view(otp: Otp, item: Item | None, code: Plaintext, remaining: float, period: int) -> CodeView:
    account = otp.account or (next(iter(user_names(item)), "") if item else "")
    return CodeView(code, remaining, period, otp.issuer or (item.title if item else ""), account)


# What is shown


def _template_view(template: Template, own: bool) -> TemplateView:
    slots = tuple(
        SlotSpec(slot.name, slot.type, slot.label, slot.required, slot.masked, slot.choices) for slot in template.slots
    )
    return TemplateView(template.name, template.label, slots, own)


def _item_view(item: Item, template: Template | None) -> ItemView:
    return ItemView(
        item.template,
        item.title,
        item.tags,
        tuple(_slot_view(slot, template.slot(slot.name) if template else None, template) for slot in item.slots),
    )


def _slot_view(slot: Slot, spec: TemplateSlot | None, template: Template | None) -> SlotView:
    """Of an item whose template is not here nobody knows what is to be hidden: then all is, but for types that hide nothing."""
    masked = slot.type in MASKED_TYPES or (spec.masked if spec else template is None and slot.type not in PLAIN_TYPES)
    label = slot.label or (spec.label if spec else slot.name)
    warning = check_slot(slot.type, slot.value, spec.choices if spec else ())
    return SlotView(slot.name, slot.type, label, masked, slot.value, warning)
