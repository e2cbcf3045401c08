"""`items`: secrets with named slots, made from templates. Values come on standard input, never as arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

from pk_tui.api.items import SlotChange, SlotSpec, SlotView, TemplateView
from pk_tui.cli.arguments import editable_address, secret_address
from pk_tui.cli.call import Call
from pk_tui.cli.commands import Noun, argument, flag, option, verb
from pk_tui.cli.output import Column, size_text
from pk_tui.cli.slot_text import MAX_TEXT, editable, read_edited, read_slots, slot_values
from pk_tui.errors import Misuse
from pk_tui.safe_text import safe_text
from pk_tui.terms import CommitId, SecretPath

items = Noun("items", "Items: secrets with named slots, made from templates. A slot is named as VAULT:PATH#SLOT.")

_HIDDEN = "••••••••"
_SLOTS_WANTED = 'Type the slots as JSON, such as {"username": "ada"}, then press ctrl+d on a line of its own.'


def _tags() -> click.Option:
    return click.Option(["--tag", "tags"], multiple=True, metavar="TAG", help="A tag; may be given several times.")


def _spec_json(spec: SlotSpec) -> dict[str, object]:
    return {
        "name": spec.name,
        "type": spec.type,
        "label": spec.label,
        "required": spec.required,
        "masked": spec.masked,
        "choices": list(spec.choices),
    }


def _template_json(row: TemplateView) -> dict[str, object]:
    return {"template": row.name, "label": row.label, "own": row.own, "slots": [_spec_json(spec) for spec in row.slots]}


@verb(items, "templates", option("--vault", "Also those that this vault keeps in .templates/.", "VAULT"))
async def templates(call: Call, vault: str | None) -> None:
    """List the templates and their slots. Those marked * need a value."""
    await call.out.table(
        await call.api.items.templates(vault),
        _template_json,
        [
            Column("TEMPLATE", lambda row: row.name),
            Column("FOR", lambda row: row.label),
            Column(
                "SLOTS",
                lambda row: ", ".join(spec.name + "*" * spec.required for spec in row.slots) or "any",
                wraps=True,
            ),
        ],
        "There are no templates.",
    )


@verb(
    items,
    "create",
    argument("ITEM"),
    option("--template", "What kind of item; see `pk-tui items templates`.", "NAME"),
    option("--title", "What it is called; else the last name of its path.", "TEXT"),
    _tags(),
)
async def create(call: Call, item: str, template: str | None, title: str | None, tags: Sequence[str]) -> None:
    """Make the item VAULT:PATH. Its slots are read from standard input: a JSON object of names and values.

    A slot that the template does not have may be given as {"value": …, "type": …, "label": …}.
    """
    vault, path = secret_address(item)
    if template is None:
        raise Misuse("Say which kind of item it is with --template. `pk-tui items templates` lists them.")
    slots = read_slots(await _input(call) or b"{}")
    commit = await call.api.items.create(
        vault, path, template, path.name if title is None else title, slots, tuple(tags)
    )
    warnings = await _warnings(call, vault, path, commit, slots)
    await call.out.done({"commit": str(commit), "warnings": warnings}, f"Made “{safe_text(item, 1400)}”.")
    await _warn(call, warnings)


@verb(items, "get", argument("ITEM"), flag("--reveal", "Show hidden values too."))
async def get(call: Call, item: str, reveal: bool) -> None:
    """Show an item. Hidden values are shown with --reveal; in JSON all are, and values that are no text in base64."""
    view = await call.api.items.get(*secret_address(item))
    value = {
        "template": view.template,
        "title": view.title,
        "slots": slot_values(view),
        "tags": list(view.tags),
        "types": {slot.name: slot.type for slot in view.slots},
        "warnings": {slot.name: slot.warning for slot in view.slots if slot.warning},
    }
    rows = [("title", view.title), ("template", view.template), ("tags", ", ".join(view.tags) or "none")]
    rows += [(safe_text(slot.name, 80), _value_text(slot, reveal)) for slot in view.slots]
    await call.out.facts(value, rows)
    await _warn(call, {slot.name: slot.warning for slot in view.slots if slot.warning})


def _value_text(slot: SlotView, reveal: bool) -> str:
    raw = slot.value.reveal()
    if not raw:
        return "(empty)"
    if slot.masked and not reveal:
        return _HIDDEN
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return f"({size_text(len(raw))} that are no text)"


@verb(
    items,
    "set",
    argument("ITEM"),
    option("--title", "A new title.", "TEXT"),
    _tags(),
    flag("--no-tags", "Take all tags away."),
)
async def set_slots(call: Call, item: str, title: str | None, tags: Sequence[str], no_tags: bool) -> None:
    """Change an item: the JSON object on standard input is laid over its slots, null takes one away. The rest stays.

    Tags that are given replace those there were.
    """
    vault, path = secret_address(item)
    if tags and no_tags:
        raise Misuse("Either give tags, or take them away with --no-tags.")
    new_tags = tuple(tags) if tags or no_tags else None
    about_slots = (title is None and new_tags is None) or not call.invocation.request.stdin_tty
    slots = read_slots((await _input(call) if about_slots else b"") or b"{}")
    commit = await call.api.items.change(vault, path, slots, title, new_tags)
    await _changed(call, item, commit, slots)


@verb(items, "edit", argument("ITEM"))
async def edit(call: Call, item: str) -> None:
    """Change an item in your editor ($VISUAL, else $EDITOR, else vi), as JSON."""
    vault, path = editable_address(item)
    before = await call.api.items.get(vault, path)
    shown = editable(before)
    after = await call.invocation.edit(shown, ".json")
    if after == shown:
        await _changed(call, item, None)
        return
    title, tags, changes = read_edited(after.reveal(), before)
    await _changed(call, item, await call.api.items.change(vault, path, changes, title, tuple(tags)), changes)


@verb(
    items,
    "ssh-key",
    argument("ITEM"),
    option("--title", "What it is called; else the last name of its path.", "TEXT"),
    option("--comment", "What stands after the public key, such as ada@laptop.", "TEXT", default=""),
)
async def ssh_key(call: Call, item: str, title: str | None, comment: str) -> None:
    """Make an item with a new Ed25519 key pair in OpenSSH's form, and print its public part."""
    vault, path = secret_address(item)
    commit = await call.api.items.new_ssh_key(vault, path, path.name if title is None else title, comment)
    made = {slot.name: slot.value.reveal().decode() for slot in (await call.api.items.get(vault, path)).slots}
    public, fingerprint = made["public_key"], made["fingerprint"]
    await call.out.note(f"Made “{safe_text(item, 1400)}”, {fingerprint}.")
    await call.out.done(
        {"commit": str(commit), "public_key": public, "fingerprint": fingerprint}, safe_text(public, 1000)
    )


async def _changed(call: Call, item: str, commit: CommitId | None, slots: Sequence[SlotChange] = ()) -> None:
    shown = safe_text(item, 1400)
    vault, path = secret_address(item)
    sentence = f"Nothing of “{shown}” was changed." if commit is None else f"Changed “{shown}”."
    warnings = await _warnings(call, vault, path, commit, slots)
    await call.out.done({"commit": None if commit is None else str(commit), "warnings": warnings}, sentence)
    await _warn(call, warnings)


async def _warnings(
    call: Call, vault: str, path: SecretPath, commit: CommitId | None, slots: Sequence[SlotChange]
) -> dict[str, str]:
    """What speaks against the values that were just given, by slot. They are kept all the same."""
    given = {slot.name for slot in slots if slot.value is not None}
    if commit is None or not given:
        return {}
    item = await call.api.items.get(f"{vault}@{commit}", path)  # as it was stored, whatever became of it since
    return {slot.name: slot.warning for slot in item.slots if slot.warning and slot.name in given}


async def _warn(call: Call, warnings: Mapping[str, str]) -> None:
    for name, warning in warnings.items():
        await call.out.note(f"{safe_text(name, 80)}: {warning}")


async def _input(call: Call) -> bytes:
    """Standard input, without white space around it. Raises Misuse if it is larger than any item can be."""
    if call.invocation.request.stdin_tty:
        await call.out.note(_SLOTS_WANTED)
    text = await call.whole(
        None, MAX_TEXT, "This is more than an item can hold. Keep what is large as a secret of its own."
    )
    return text.strip()
