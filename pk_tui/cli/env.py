"""`secrets env`: secrets as environment variables, printed or given to a program. `assignments` knows how they are quoted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from pk_tui.api.items import ITEM_BEGINS
from pk_tui.cli.arguments import directory_address
from pk_tui.cli.assignments import (
    DUPLICATES,
    FORMS,
    INVALID,
    Assignment,
    address_shown,
    merged,
    name_fault,
    require_no_zero,
    slot_variable,
    written,
)
from pk_tui.cli.call import Call
from pk_tui.cli.commands import argument, choice, maybe, verb
from pk_tui.cli.output import size_text
from pk_tui.cli.secrets import secrets
from pk_tui.errors import Malformed, Misuse, NotFound
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text
from pk_tui.terms import SecretPath

MAX_VALUES = 16 * 1024 * 1024
"""Bytes of all values together: they are held in memory, and systems allow about 2 MiB of environment."""
MAX_NAMED = 5
"""Names in one sentence about several."""
_TEMPLATES = ".templates"
"""Where a vault keeps templates of its own: no secrets."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """`VAULT[:PATH][=NAME]` as typed. `path` None is the whole vault."""

    vault: str
    path: SecretPath | None
    name: str | None


def _wanted(text: str) -> _Wanted:
    """What follows the last `=` is the name. Vaults' names have none; a path that has one needs a name after another."""
    address, equals, name = text.rpartition("=") if "=" in text else (text, "", "")
    vault, path = directory_address(address)
    if equals:
        if path is None:
            raise Misuse(f"“{safe_text(text, 300)}” gives one name to a whole vault. A name is for one secret.")
        fault = name_fault(name, explicit=True)
        if fault:
            raise Misuse(
                f"“{safe_text(name, 100)}” cannot be a variable's name: {fault}. "
                "If it belongs to the secret's path, write the name behind it: VAULT:PATH=NAME."
            )
    return _Wanted(vault, path, name or None)


class _Values:
    """Values as they are read, within one bound."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._left = MAX_VALUES

    async def read(self, vault: str, path: SecretPath) -> Plaintext:
        parts: list[bytes] = []
        async for piece in self._call.api.secrets.read(vault, path):
            self._left -= len(piece)
            if self._left < 0:
                raise Misuse(f"That is more than the {size_text(MAX_VALUES)} that fit variables. Name fewer secrets.")
            parts.append(piece.reveal())
        return Plaintext(b"".join(parts))


async def _assignments(call: Call, values: _Values, wanted: _Wanted) -> AsyncIterator[Assignment]:
    vault, path = wanted.vault, wanted.path
    try:
        rows = await call.api.secrets.list(vault, path, recursive=True)
    except (NotFound, Misuse):
        if path is None or "#" not in path.name:
            raise
        # No secret or directory has this whole name, so what follows the last `#` names a slot.
        name, _, slot = path.name.rpartition("#")
        value = await values.read(vault, path)
        yield Assignment(wanted.name or slot_variable(name, slot), value, address_shown(vault, str(path)))
        return
    if wanted.name and not (len(rows) == 1 and not rows[0].is_directory and rows[0].path == str(path)):
        raise Misuse(f"“{address_shown(vault, str(path))}” is a directory. A name is for one secret.")
    for row in rows:
        if row.is_directory or (path is None and row.path.startswith(f"{_TEMPLATES}/")):
            continue
        secret = SecretPath.of(tuple(row.path.split("/")))
        async for one in _of_secret(call, values, vault, secret, wanted.name or secret.name):
            yield one


async def _of_secret(call: Call, values: _Values, vault: str, path: SecretPath, name: str) -> AsyncIterator[Assignment]:
    """The secret's one variable; of an item one for each slot."""
    value = await values.read(vault, path)
    shown = address_shown(vault, str(path))
    if value.reveal().startswith(ITEM_BEGINS):
        try:
            item = await call.api.items.get(vault, path)
        except (Misuse, Malformed):
            pass  # bytes that only begin like one
        else:
            for slot in item.slots:
                yield Assignment(slot_variable(name, slot.name), slot.value, f"{shown}#{safe_text(slot.name, 100)}")
            return
    yield Assignment(name, value, shown)


def _sorted_out(
    found: Sequence[tuple[Assignment, bool]], rule: str, any_case: bool
) -> tuple[list[Assignment], list[str]]:
    """Those whose names may be, and a sentence for each other one. Raises Misuse, naming them, where the rule is `error`."""
    kept, refused = [], []
    for one, explicit in found:
        fault = name_fault(one.name, explicit, any_case)
        if fault is None:
            kept.append(one)
        else:
            refused.append(f"“{one.source}” cannot be the variable “{safe_text(one.name, 100)}”: {fault}.")
    if refused and rule == "error":
        more = f" So it is with {len(refused) - 1} more." if len(refused) > 1 else ""
        raise Misuse(f"{refused[0]}{more} Rename it, or leave such out with --env-invalid ignore. Nothing was given.")
    return kept, refused if rule == "warn" else []


@verb(
    secrets,
    "env",
    argument("SECRET", many=True),
    maybe("--env-format", "How to write them: unix unless told, json with --format json.", tuple(FORMS)),
    choice("--env-invalid", "What to do about names that cannot be, or steer shells and loaders.", INVALID),
    choice(
        "--env-duplicate",
        "Which of two of one name stays: the last, the first, the last with a word; or none.",
        DUPLICATES,
    ),
    child="command",
)
async def env(
    call: Call,
    secret: tuple[str, ...],
    env_format: str | None,
    env_invalid: str,
    env_duplicate: str,
    command: tuple[str, ...] | None,
) -> None:
    """Give secrets to a program as environment variables, or print them as assignments.

    Each SECRET is VAULT[:PATH][=NAME]: a secret, one slot of an item (VAULT:PATH#SLOT), or all that a directory or vault holds.
    A variable is named as its secret is, or NAME. An item gives a variable for each slot, NAME_SLOT.

    With `-- COMMAND …` the command runs in place of this program, with the variables in its environment and nowhere else.
    """
    if command is not None and not command:
        raise Misuse("After `--` stands the command to run, and there is none.")
    wanted = [_wanted(text) for text in secret]
    form = env_format or ("json" if call.out.as_json else "unix")
    values = _Values(call)
    found = [(one, want.name is not None) for want in wanted async for one in _assignments(call, values, want)]
    kept, unfit = _sorted_out(found, env_invalid, command is None and form in ("powershell", "cmd"))
    chosen, doubled = merged(kept, env_duplicate)
    if command is not None:
        require_no_zero(chosen)
        text = b""
    else:
        text = written(form, chosen)
    for sentence in unfit + doubled:
        await call.out.warn(sentence)
    if command is not None:
        await call.invocation.give_environment([(one.name, one.value) for one in chosen])
    else:
        await call.out.raw(text)
