"""`vaults diff`, `restore` and `revert`: what changed between two versions, and bringing an earlier state back."""

from __future__ import annotations

import difflib
from base64 import b64encode
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import cast

from pk_tui.api.item_text import written_out
from pk_tui.api.items import ITEM_BEGINS
from pk_tui.api.views import ChangeView
from pk_tui.cli.call import Call
from pk_tui.cli.commands import argument, flag, verb
from pk_tui.cli.output import Column, size_text, to_json
from pk_tui.cli.vaults import vaults
from pk_tui.errors import Malformed, Misuse, PkError
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text
from pk_tui.terms import Change, CommitId, SecretPath

CONTEXT = 3
"""Lines shown around those that differ."""
MAX_COMPARED = 500
"""Lines up to which two values are compared, which takes its time; longer ones are shown one after the other."""
MAX_REVEALED = 64 * 1024
"""Bytes of a value that is shown; of longer ones only the size is told."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two values of a changed secret. `value` is None if it is longer than is shown."""

    size: int
    value: Plaintext | None

    @property
    def text(self) -> str | None:
        """None if it is not UTF-8 text."""
        try:
            return None if self.value is None else self.value.reveal().decode()
        except UnicodeDecodeError:
            return None

    @property
    def lines(self) -> list[str]:
        """As they are compared. Only line ends end a line: other characters that Python takes for one are part of it."""
        return (self.text or "").removesuffix("\n").split("\n")

    @property
    def is_ended(self) -> bool:
        return (self.text or "").endswith("\n")

    def in_words(self) -> str:
        kind = "binary" if self.value is not None else f"more than {size_text(MAX_REVEALED)} is not shown"
        return f"{size_text(self.size)}, {kind}"


Sides = tuple[Side | None, Side | None]
"""What a secret was and what it became; None where there was nothing."""


@verb(
    vaults,
    "diff",
    argument("VAULT"),
    argument("FROM", called="start"),
    argument("TO", optional=True),
    flag("--reveal", "Show the values too, in clear."),
)
async def diff(call: Call, vault: str, start: str, to: str | None, reveal: bool) -> None:
    """Show which secrets changed between two versions, or from one to the newest. `vaults log` lists the versions."""
    if reveal and to is None:
        to = str((await call.api.vaults.get(vault)).head)  # so that the values are of the version that was compared
    changes = await call.api.vaults.diff(vault, start, to)
    if reveal and changes:
        name = vault.partition("@")[0]
        await _with_values(call, changes, f"{name}@{start}", f"{name}@{to}")
        return
    await call.out.table(
        changes,
        _change_json,
        [Column("CHANGE", lambda row: row.change.value), Column("PATH", lambda row: str(row.path))],
        "Nothing differs between the two.",
    )


async def _with_values(call: Call, changes: Sequence[ChangeView], old: str, new: str) -> None:
    """One secret after the other, so that no more than two values are in memory.

    One whose values cannot be read is told as that, the others are still shown, and the command fails for it in the end. What is
    printed as JSON is a whole document, whatever goes wrong.
    """
    failed: PkError | None = None
    before = "["
    try:
        for row in changes:
            values = await _values(call, row, old, new)
            if isinstance(values, PkError):
                failed = failed or values
            if call.out.as_json:
                await call.out.raw((before + to_json({**_change_json(row), **_values_json(values)})).encode())
                before = ",\n "
            else:
                await call.out.text("\n".join(_lines(row, values)))
    except Exception:
        await _end_list(call, before)
        raise
    await _end_list(call, before)
    if failed is not None:
        raise failed


async def _values(call: Call, row: ChangeView, old: str, new: str) -> Sides | PkError:
    try:
        was = None if row.change is Change.ADDED else await _side(call, old, row.path)
        became = None if row.change is Change.DELETED else await _side(call, new, row.path)
    except PkError as error:
        return error
    return was, became


async def _end_list(call: Call, before: str) -> None:
    if call.out.as_json:
        await call.out.raw(b"[]\n" if before == "[" else b"]\n")


def _values_json(values: Sides | PkError) -> dict[str, object]:
    if isinstance(values, PkError):
        return {"error": {"kind": values.kind, "message": values.message}}
    return {**_side_json("old", values[0]), **_side_json("new", values[1])}


def _lines(row: ChangeView, values: Sides | PkError) -> list[str]:
    if isinstance(values, PkError):
        return [_heading(row), f"    ({safe_text(values.message, 600)})"]
    return value_lines(row, *values)


def _heading(row: ChangeView) -> str:
    return f"{row.change.value:<8}  {safe_text(str(row.path), 1200)}"


async def _side(call: Call, vault: str, path: SecretPath) -> Side:
    """For people an item is written out slot by slot; scripts get the bytes that are stored."""
    size = (await call.api.secrets.list(vault, path))[0].size
    if size > MAX_REVEALED:
        return Side(size, None)
    async with aclosing(cast("AsyncGenerator[Plaintext, None]", call.api.secrets.read(vault, path))) as reading:
        whole = Plaintext(b"".join([piece.reveal() async for piece in reading]))
    if not call.out.as_json and whole.reveal().startswith(ITEM_BEGINS):
        with suppress(Malformed, Misuse):  # it only begins as one
            item = await call.api.items.get(vault, path)
            return Side(size, Plaintext.of_text(written_out(item)))
    return Side(size, whole)


def _change_json(row: ChangeView) -> dict[str, object]:
    return {"path": str(row.path), "change": row.change.value}


def _side_json(name: str, side: Side | None) -> dict[str, object]:
    """`old` as text (null where there was nothing), `old_base64` of what is no text, `old_size` of what is too long."""
    if side is None or side.text is not None:
        return {name: side.text if side else None}
    if side.value is None:
        return {f"{name}_size": side.size}
    return {f"{name}_base64": b64encode(side.value.reveal()).decode()}


def value_lines(row: ChangeView, was: Side | None, became: Side | None) -> list[str]:
    """What changed and where, then the values: line by line if they are text, else how large they are."""
    lines = [_heading(row)]
    if all(side is None or side.text is not None for side in (was, became)):
        compared = _compared(was.lines if was else [], became.lines if became else [])
        if was and became and was.is_ended != became.is_ended:
            compared.append(f"(the newline at the end was {'removed' if was.is_ended else 'added'})")
        return lines + [f"    {line}" for line in compared]
    for sign, side in (("-", was), ("+", became)):
        if side is not None:
            lines.append(f"    {sign} ({side.in_words()})")
    return lines


def _compared(old: list[str], new: list[str]) -> list[str]:
    if max(len(old), len(new)) > MAX_COMPARED:
        compared = [*(f"-{line}" for line in old), *(f"+{line}" for line in new)]
    else:
        compared = list(difflib.unified_diff(old, new, n=CONTEXT, lineterm=""))[2:]  # without the names of files
        if max(len(old), len(new)) <= CONTEXT:
            compared = compared[1:]  # of one or two lines nobody needs to know which they are
    return [line[0] + " " + safe_text(line[1:], MAX_REVEALED * 10) if line[0] != "@" else line for line in compared]


async def _restored(call: Call, made: CommitId | None, sentence: str, same: str) -> None:
    await call.out.done({"commit": None if made is None else str(made)}, same if made is None else sentence)


@verb(vaults, "restore", argument("VAULT"), argument("COMMIT"), argument("PATH", optional=True))
async def restore(call: Call, vault: str, commit: str, path: str | None) -> None:
    """Make a vault, or the secret or directory at PATH, as it was in a version. That is a new version: nothing is lost."""
    where = SecretPath.parse(path) if path else None
    made = await call.api.vaults.restore(vault, commit, where)
    shown = safe_text(f"{vault}:{where}" if where else vault, 1400)
    version = safe_text(commit, 40)
    await _restored(
        call, made, f"“{shown}” is again as it was in {version}.", f"“{shown}” is as it was in {version} already."
    )


@verb(vaults, "revert", argument("VAULT"), argument("COMMIT"))
async def revert(call: Call, vault: str, commit: str) -> None:
    """Take back what one version changed, in a new version. Refused if any of it has changed again since."""
    made = await call.api.vaults.revert(vault, commit)
    version = safe_text(commit, 40)
    await _restored(
        call, made, f"Took back what {version} changed in “{safe_text(vault)}”.", f"{version} changed no secret."
    )
