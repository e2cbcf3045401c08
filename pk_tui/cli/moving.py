"""`vaults import` and `vaults export`: moving in from other programs, and out in clear."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from pk_tui.api.views import ExportForm, ImportKind, ImportPlanView, ImportView, PlannedView
from pk_tui.cli.call import Call
from pk_tui.cli.commands import argument, choice, flag, option, verb
from pk_tui.cli.output import Column, many, size_text
from pk_tui.cli.vaults import vaults
from pk_tui.errors import Misuse, WrongPassword
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text
from pk_tui.terms import Change

T = TypeVar("T")

MAX_PASSWORD_FILE = 64 * 1024
LISTED, EVERYTHING = 1000, 1_000_000
"""Secrets that a plan lists."""
_READ_AS = {
    ImportKind.DIRECTORY: "a directory of files",
    ImportKind.DOTENV: "a dotenv file",
    ImportKind.CSV: "CSV of a password manager",
    ImportKind.KEEPASS: "a KeePass database",
    ImportKind.PASS: "a store of `pass`",
    ImportKind.BITWARDEN: "Bitwarden's JSON export",
}
_SAYS = {Change.ADDED: "new", Change.MODIFIED: "replaces", None: "same"}


@verb(
    vaults,
    "import",
    argument("VAULT"),
    argument("PATH"),
    choice("--kind", "What PATH is.", [kind.value for kind in ImportKind]),
    flag("--dry-run", "Show what would be written and what not, and write nothing."),
    flag("--all", "With --dry-run: list every secret, not only the first 1,000.", called="list_all"),
    option(
        "--import-password-file", "The password of a sealed source, in the first line (`-`: standard input).", "FILE"
    ),
    option("--import-key-file", "The key file of a KeePass database.", "FILE"),
)
async def import_files(
    call: Call,
    vault: str,
    path: str,
    kind: str,
    dry_run: bool,
    list_all: bool,
    import_password_file: str | None,
    import_key_file: str | None,
) -> None:
    """Store what PATH holds as secrets, in one commit; secrets that are there are replaced.

    A directory gives a secret for each file; a dotenv file one for each name; the exports of password managers (CSV of Bitwarden,
    1Password, LastPass, Chrome, Firefox, KeePassXC; KeePass KDBX; Bitwarden JSON; a store of `pass`) give items. What is not
    taken is named.
    """
    if list_all and not dry_run:
        raise Misuse("--all goes with --dry-run, which lists what would be written.")
    source, asked = call.file(path), ImportKind(kind)
    key_file: Path | None = call.file(import_key_file) if import_key_file else None
    given = await _password_in(call, import_password_file) if import_password_file else None

    async def planned(password: Plaintext | None) -> ImportPlanView:
        with call.out.progress() as progress:
            listed = EVERYTHING if list_all else LISTED
            return await call.api.vaults.plan_import(vault, source, asked, password, key_file, progress, listed)

    async def imported(password: Plaintext | None) -> ImportView:
        with call.out.progress() as progress:
            return await call.api.vaults.import_from(vault, source, asked, password, progress, key_file)

    if dry_run:
        await _show_plan(call, vault, await _opened(call, path, given, planned))
    else:
        await _show_import(call, vault, await _opened(call, path, given, imported))


async def _opened(
    call: Call, path: str, given: Plaintext | None, work: Callable[[Plaintext | None], Awaitable[T]]
) -> T:
    """Do the work; if the source turns out to be sealed, ask for its password where there is somebody to ask."""
    try:
        return await work(given)
    except WrongPassword as error:
        if given is not None:
            raise
        typed = await call.invocation.ask_hidden(f"Password of {safe_text(path, 200)}: ")
        if typed is None:
            hint = "Give its password with --import-password-file FILE, or run this on a terminal."
            raise WrongPassword(f"{error.message} {hint}") from error
    return await work(typed)


async def _password_in(call: Call, file: str) -> Plaintext:
    too_large = "The file of --import-password-file is too large to hold a password."
    content = await call.whole(file, MAX_PASSWORD_FILE, too_large)
    line = content.split(b"\n", 1)[0].removesuffix(b"\r")
    if not line:
        raise Misuse("The file of --import-password-file has no password in its first line.")
    return Plaintext(line)


async def _show_plan(call: Call, vault: str, plan: ImportPlanView) -> None:
    secrets = len(plan.planned) + plan.more
    if call.out.as_json:
        value = {
            "kind": plan.kind.value,
            "secrets": secrets,
            "planned": [_planned_json(row) for row in plan.planned],
            "more": plan.more,
            "skipped": _skipped_json(plan.skipped),
        }
        await call.out.done(value, "")
        return
    await call.out.table(
        plan.planned,
        _planned_json,
        [
            Column("WOULD BE", lambda row: _SAYS[row.change]),
            Column("PATH", lambda row: str(row.path)),
            Column("SIZE", lambda row: size_text(row.size), to_the_right=True),
            Column("ITEM", lambda row: row.template or ""),
        ],
        "Nothing would be written.",
    )
    await _name_skipped(call, plan.skipped)
    replaced = sum(row.change is Change.MODIFIED for row in plan.planned)
    more = f" {plan.more} more are not listed; --all lists them." if plan.more else ""
    over = (
        f" {replaced} of those listed would replace another value, which stays in the vault's history."
        if replaced
        else ""
    )
    await call.out.note(
        f"Read as {_READ_AS[plan.kind]}: {many(secrets, 'secret')} for “{safe_text(vault)}”.{more}{over} Nothing was written."
    )


async def _show_import(call: Call, vault: str, view: ImportView) -> None:
    await _name_skipped(call, view.skipped)
    say = "line above says" if len(view.skipped) == 1 else "lines above say"
    left_out = f" {len(view.skipped)} {say} what was not taken." if view.skipped else ""
    await call.out.done(
        {
            "secrets": view.secrets,
            "bytes": view.bytes,
            "kind": view.kind.value,
            "commit": None if view.commit is None else str(view.commit),
            "skipped": _skipped_json(view.skipped),
        },
        f"Imported {many(view.secrets, 'secret')} ({size_text(view.bytes)}) into “{safe_text(vault)}”, read as "
        f"{_READ_AS[view.kind]}.{left_out}",
    )


async def _name_skipped(call: Call, skipped: tuple[tuple[str, str], ...]) -> None:
    for name, reason in skipped:
        await call.out.note(f"Not taken: {safe_text(name, 1200)}: {safe_text(reason, 600)}.")


def _planned_json(row: PlannedView) -> dict[str, object]:
    return {
        "path": str(row.path),
        "size": row.size,
        "template": row.template,
        "change": None if row.change is None else row.change.value,
    }


def _skipped_json(skipped: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"path": name, "reason": reason} for name, reason in skipped]


@verb(
    vaults,
    "export",
    argument("VAULT"),
    argument("DIR"),
    choice("--form", "A file for each secret, or a git repository.", [form.value for form in ExportForm]),
)
async def export(call: Call, vault: str, dir: str, form: str) -> None:  # noqa: A002 - as the argument is called
    """Write a vault in clear into a directory that is new or empty, for its owner alone. VAULT@COMMIT is that version.

    `--form dir`: each secret is a file; `vaults import` takes it back. `--form git`: a git repository with the whole history, in
    which a secret of more than 1 MiB is a directory of its pieces; `vaults import` puts them together.
    """
    with call.out.progress() as progress:
        view = await call.api.vaults.export(vault, call.file(dir), ExportForm(form), progress)
    if view.not_for_git:
        named = ", ".join(f"“{safe_text(path, 300)}”" for path in view.not_for_git)
        await call.out.note(
            f"git takes these for its own directory, and refuses to check out a copy of what was exported: {named}. Rename them "
            "(of a clone: in a fork)."
        )
    history = f" in {view.versions} versions" if form == ExportForm.GIT else ""
    await call.out.done(
        {
            "secrets": view.secrets,
            "bytes": view.bytes,
            "versions": view.versions,
            "not_for_git": list(view.not_for_git),
        },
        f"Exported {many(view.secrets, 'secret')} ({size_text(view.bytes)}){history} to “{safe_text(dir, 300)}”. "
        "They are in clear there: remove the directory when it has served.",
    )
