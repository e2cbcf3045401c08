"""`secrets`: the same bytes out as in, and rearranging them."""

from __future__ import annotations

import os.path
from collections.abc import AsyncIterator, Sequence

from pk_tui.api.views import EntryView
from pk_tui.cli.arguments import directory_address, editable_address, secret_address
from pk_tui.cli.call import Call
from pk_tui.cli.commands import Noun, argument, flag, verb
from pk_tui.cli.output import Column, size_text
from pk_tui.cli.references import filled, written_references
from pk_tui.cli.references import read as reference_to
from pk_tui.clock import rfc3339
from pk_tui.control.editor import MAX_EDITED
from pk_tui.errors import Misuse, NotFound
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text
from pk_tui.terms import CommitId, SecretPath

MAX_INJECTED = 16 * 1024 * 1024
"""Bytes of a file whose references are filled; it is held in memory, as are the values."""

secrets = Noun("secrets", "Secrets: write, read, list, edit and move them. A secret is named as VAULT:PATH.")


async def _wrote(call: Call, address: str, commit: CommitId | None) -> None:
    shown = safe_text(address, 1400)
    sentence = f"“{shown}” had this value already." if commit is None else f"Wrote “{shown}”."
    await call.out.done({"commit": None if commit is None else str(commit)}, sentence)


@verb(secrets, "write", argument("SECRET"))
async def write(call: Call, secret: str) -> None:
    """Store standard input as the secret VAULT:PATH, replacing what is there. Missing directories are made."""
    vault, path = secret_address(secret)
    if call.invocation.request.stdin_tty:
        await call.out.note("Type the secret, then press ctrl+d on a line of its own.")
    await _wrote(call, secret, await call.api.secrets.write(vault, path, call.invocation.read(None)))


@verb(secrets, "create", argument("FILE"), argument("SECRET"))
async def create(call: Call, file: str, secret: str) -> None:
    """Store a file (`-`: standard input) as the new secret VAULT:PATH."""
    vault, path = secret_address(secret)
    commit = await call.api.secrets.write(vault, path, call.invocation.read(file), create_only=True)
    await _wrote(call, secret, commit)


@verb(secrets, "cat", argument("SECRET", many=True))
async def cat(call: Call, secret: tuple[str, ...]) -> int:
    """Print secrets, byte for byte, one after the other. A missing one is named and the others still printed."""
    addresses = [secret_address(text) for text in secret]
    code = 0
    for vault, path in addresses:
        try:
            async for piece in call.api.secrets.read(vault, path):
                await call.out.raw(piece.reveal())
        except (NotFound, Misuse) as error:
            await call.out.fail(error.kind, error.message, error.exit_code)
            code = error.exit_code
    return code


def _entry_json(row: EntryView) -> dict[str, object]:
    return {"path": row.path, "kind": "directory" if row.is_directory else "secret", "size": row.size}


@verb(secrets, "ls", argument("DIRECTORY"), flag("--recursive", "Also list what is in directories."))
async def ls(call: Call, directory: str, recursive: bool) -> None:
    """List a vault (VAULT) or a directory in it (VAULT:DIRECTORY)."""
    vault, path = directory_address(directory)
    await call.out.table(
        await call.api.secrets.list(vault, path, recursive),
        _entry_json,
        [
            Column("PATH", lambda row: row.path + "/" if row.is_directory else row.path),
            Column("SIZE", lambda row: size_text(row.size), to_the_right=True),
        ],
        "There is nothing in it.",
    )


@verb(secrets, "edit", argument("SECRET"))
async def edit(call: Call, secret: str) -> None:
    """Change a secret in your editor ($VISUAL, else $EDITOR, else vi); a missing one is made."""
    vault, path = editable_address(secret)
    before = await _whole(call, vault, path)
    after = await call.invocation.edit(before or Plaintext(b""), os.path.splitext(path.name)[1])
    if after == (before or Plaintext(b"")):
        await call.out.done({"commit": None}, "Nothing was changed.")
        return

    async def content() -> AsyncIterator[bytes]:
        yield after.reveal()

    await _wrote(call, secret, await call.api.secrets.write(vault, path, content()))


async def _whole(call: Call, vault: str, path: SecretPath) -> Plaintext | None:
    """The secret's value, None if there is no such secret. Raises Misuse if it is too large to be held in one piece."""
    await call.api.vaults.get(vault)  # a vault that is not there is told first
    try:
        return await _read(call, vault, path)
    except NotFound:
        return None


async def _read(call: Call, vault: str, path: SecretPath) -> Plaintext:
    """The secret's value, as `_whole`. Raises NotFound."""
    parts: list[bytes] = []
    size = 0
    async for piece in call.api.secrets.read(vault, path):
        parts.append(piece.reveal())
        size += len(piece)
        if size > MAX_EDITED:
            raise Misuse(
                f"“{safe_text(str(path), 300)}” is too large to be edited or put into a text. "
                "Read it with `pk-tui secrets cat`, replace it with `pk-tui secrets write`."
            )
    return Plaintext(b"".join(parts))


async def _changed(call: Call, commits: Sequence[CommitId], sentence: str) -> None:
    names = [str(commit) for commit in commits]
    await call.out.done({"commit": names[0] if names else None, "commits": names}, sentence)


@verb(
    secrets,
    "rm",
    argument("SECRET", many=True),
    flag("--recursive", "Also remove directories, with all that is in them."),
)
async def rm(call: Call, secret: tuple[str, ...], recursive: bool) -> None:
    """Remove secrets: all of them, in one commit, or none. Earlier versions keep them."""
    commits = await call.api.secrets.remove([secret_address(text) for text in secret], recursive)
    await _changed(call, commits, f"Removed {_named(secret)}.")


@verb(secrets, "mkdir", argument("DIRECTORY", many=True), flag("--recursive", "Also make the directories above."))
async def mkdir(call: Call, directory: tuple[str, ...], recursive: bool) -> None:
    """Make empty directories: all of them, in one commit, or none."""
    commits = await call.api.secrets.make_directories([secret_address(text) for text in directory], recursive)
    await _changed(call, commits, f"Made {_named(directory)}.")


@verb(secrets, "mv", argument("SOURCE"), argument("TARGET"))
async def mv(call: Call, source: str, target: str) -> None:
    """Move or rename a secret or directory; onto a directory: into it."""
    commits = await call.api.secrets.move(secret_address(source), secret_address(target))
    await _changed(call, commits, f"Moved {_named((source,))} to {_named((target,))}.")


@verb(
    secrets,
    "cp",
    argument("SOURCE"),
    argument("TARGET"),
    flag("--recursive", "Also copy a directory, with all that is in it."),
)
async def cp(call: Call, source: str, target: str, recursive: bool) -> None:
    """Copy a secret; onto a directory: into it."""
    commit = await call.api.secrets.copy(secret_address(source), secret_address(target), recursive)
    await _changed(call, [commit], f"Copied {_named((source,))} to {_named((target,))}.")


@verb(secrets, "stat", argument("SECRET"))
async def stat(call: Call, secret: str) -> None:
    """Show a secret's size, and when it was changed last."""
    view = await call.api.secrets.stat(*secret_address(secret))
    kind = "directory" if view.is_directory else "secret"
    value = {
        "path": str(view.path),
        "kind": kind,
        "size": view.size,
        "commit": str(view.commit),
        "modified": rfc3339(view.modified),
        "chunks": view.chunks,
    }
    rows = [
        ("path", str(view.path)),
        ("kind", kind),
        ("size", size_text(view.size) + (f" ({view.size:,} bytes)" if view.size >= 1024 else "")),
        ("changed", call.out.ago(view.modified)),
        ("commit", str(view.commit)),
    ]
    await call.out.facts(value, rows)


def _named(addresses: tuple[str, ...]) -> str:
    if len(addresses) > 1:
        return f"{len(addresses)} entries"
    return f"“{safe_text(addresses[0], 1400)}”"


@verb(
    secrets,
    "inject",
    argument("FILE"),
    flag("--check", "Print no text; say which references cannot be filled, and end with 64 if there are any."),
)
async def inject(call: Call, file: str, check: bool) -> int:
    """Print FILE (`-`: standard input) with every reference pk://VAULT/PATH replaced by that secret's value.

    pk://VAULT/PATH#SLOT is a slot of an item, pk://VAULT@COMMIT/PATH an earlier version. If one of them cannot be filled,
    nothing is printed.
    """
    text = await _text_to_fill(call, file)
    found = written_references(text)
    values, faults = await _filling(call, found)
    if check:
        await call.out.table(
            [(written, faults.get(written)) for written in found],
            lambda row: {"reference": row[0].decode(errors="backslashreplace"), "problem": row[1] and row[1].message},
            [
                Column("REFERENCE", lambda row: safe_text(row[0], 300)),
                Column("PROBLEM", lambda row: row[1].message if row[1] else "none"),
            ],
            "There is no reference in it.",
        )
        return Misuse.exit_code if faults else 0
    if faults:
        first = next(iter(faults.values()))
        more = f" So it is with {len(faults) - 1} more: `--check` names them." if len(faults) > 1 else ""
        raise type(first)(f"{first.message}{more} Nothing was printed.")
    await call.out.raw(filled(text, values))
    return 0


async def _text_to_fill(call: Call, file: str) -> bytes:
    return await call.whole(file, MAX_INJECTED, f"A file to fill is at most {size_text(MAX_INJECTED)}.")


async def _filling(call: Call, written: Sequence[bytes]) -> tuple[dict[bytes, bytes], dict[bytes, Misuse | NotFound]]:
    """The value of each reference, and of each that has none why. Raises Misuse if they are too large together."""
    values: dict[bytes, bytes] = {}
    faults: dict[bytes, Misuse | NotFound] = {}
    left = MAX_INJECTED
    for one in written:
        try:
            meant = reference_to(one)
            value = await _read(call, meant.vault, meant.path)
        except NotFound as fault:
            faults[one] = NotFound(f"“{safe_text(one, 300)}” cannot be filled. {fault.message}")
            continue
        except Misuse as fault:
            faults[one] = fault
            continue
        left -= len(value)
        if left < 0:
            raise Misuse(
                f"The values to fill in are more than {size_text(MAX_INJECTED)} together. Nothing was printed."
            )
        values[one] = value.reveal()
    return values, faults
