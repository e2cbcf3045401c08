"""`vaults fork`, `pull`, `conflicts` and `resolve`: what comes from another node's vault, and what becomes of it here."""

from __future__ import annotations

from pk_tui.api.views import ConflictView, PullView, Take
from pk_tui.cli.call import Call
from pk_tui.cli.commands import argument, flag, maybe, option, verb
from pk_tui.cli.names import names
from pk_tui.cli.output import Column, many, size_text
from pk_tui.cli.vaults import vaults
from pk_tui.errors import Misuse
from pk_tui.safe_text import safe_text
from pk_tui.terms import CommitId, SecretPath, VaultId

SHOWN_CONFLICTS = 20
"""Conflicts named after a pull; `vaults conflicts` lists all."""


def _commit(commit: CommitId | None) -> str | None:
    return None if commit is None else str(commit)


@verb(vaults, "fork", argument("VAULT"), argument("NAME"))
async def fork(call: Call, vault: str, name: str) -> None:
    """Make a copy of a clone that can be written. It keeps the clone's history, and `vaults pull` merges what is new there."""
    with call.out.progress() as progress:
        view = await call.api.vaults.fork(vault, name, progress)
    await call.out.done(
        {"vault_id": str(view.vault_id), "vault_name": view.name},
        f"Forked “{safe_text(vault)}” as “{safe_text(view.name)}” ({view.vault_id}): it is yours to write, and pulls from where "
        "the clone does.",
    )


@verb(
    vaults,
    "pull",
    argument("VAULT"),
    argument("NODE", optional=True),
    option("--from", "The vault's id on that node, if it is not the one cloned from.", "VAULT_ID", called="source"),
    flag("--accept-rewritten", "Take a history that was written anew; the version before stays readable."),
)
async def pull(call: Call, vault: str, node: str | None, source: str | None, accept_rewritten: bool) -> None:
    """Bring a clone up to date, or merge what is new into a fork: from where it was cloned, or from NODE, which is then
    remembered."""
    from_vault = VaultId.parse(source) if source else None
    with call.out.progress() as progress:
        view = await call.api.vaults.pull(vault, node, from_vault, progress, accept_rewritten)
    await call.out.done(
        {
            "old_head": _commit(view.old_head),
            "new_head": _commit(view.new_head),
            "objects": view.objects,
            "bytes": view.bytes,
            "merged": view.merged,
            "conflicts": [str(path) for path in view.conflicts],
        },
        _pulled(vault, view),
    )


def _pulled(vault: str, view: PullView) -> str:
    name = safe_text(vault)
    if view.old_head == view.new_head:
        return f"“{name}” is up to date."
    head = view.new_head.short if view.new_head else "nothing"
    came = f"{many(view.objects, 'object')}, {size_text(view.bytes)}"
    sentence = f"Merged {came} into “{name}”, now at {head}." if view.merged else f"“{name}” is now at {head}: {came}."
    if not view.conflicts:
        return sentence
    shown = "\n".join(f"    {safe_text(str(path), 1200)}" for path in view.conflicts[:SHOWN_CONFLICTS])
    more = len(view.conflicts) - SHOWN_CONFLICTS
    rest = f"\n    and {more} more" if more > 0 else ""
    return (
        f"{sentence} These were changed on both sides; yours stay until you decide with "
        f"`pk-tui vaults resolve {name} PATH --take ours` (or theirs, or both):\n{shown}{rest}"
    )


def _conflict_json(row: ConflictView) -> dict[str, object]:
    return {
        "path": str(row.path),
        "ours": _commit(row.ours),
        "theirs": _commit(row.theirs),
        "base": _commit(row.base),
    }


def _side(commit: CommitId | None) -> str:
    return commit.short if commit else "absent"


@verb(vaults, "conflicts", argument("VAULT"))
async def conflicts(call: Call, vault: str) -> None:
    """List what a merge found changed on both sides and that waits for a decision. VAULT@COMMIT reads each side's version."""
    rows = await call.api.vaults.conflicts(vault)
    name_of = await names(call, [row.node for row in rows])
    await call.out.table(
        rows,
        _conflict_json,
        [
            Column("PATH", lambda row: str(row.path)),
            Column("OURS", lambda row: _side(row.ours)),
            Column("THEIRS", lambda row: _side(row.theirs)),
            Column("BASE", lambda row: _side(row.base)),
            Column("FROM", lambda row: name_of(row.node)),
            Column("CHANGED", lambda row: call.out.ago(row.time)),
        ],
        "No conflict waits in this vault.",
    )


@verb(
    vaults,
    "resolve",
    argument("VAULT"),
    argument("PATH", optional=True),
    maybe(
        "--take",
        "Which side stays; both: theirs lies beside ours, named after its node.",
        [side.value for side in Take],
    ),
    flag("--all", "Decide all that wait, in one version.", called="everything"),
)
async def resolve(call: Call, vault: str, path: str | None, take: str | None, everything: bool) -> None:
    """Decide a conflict, or all that wait in this vault."""
    if take is None:
        raise Misuse("Say which side stays: --take ours, --take theirs or --take both.")
    if (path is None) != everything:
        raise Misuse("Name the one conflict to decide by its PATH, or decide all that wait with --all.")
    if path is None:
        await _resolve_all(call, vault, Take(take))
        return
    where = SecretPath.parse(path)
    commit = await call.api.vaults.resolve(vault, where, Take(take))
    shown = safe_text(str(where), 1200)
    said = {
        Take.OURS: f"“{shown}” stays as it is here.",
        Take.THEIRS: f"“{shown}” is now as on the other side.",
        Take.BOTH: f"Both versions of “{shown}” are here now.",
    }
    await call.out.done({"commit": _commit(commit)}, said[Take(take)])


async def _resolve_all(call: Call, vault: str, take: Take) -> None:
    view = await call.api.vaults.resolve_all(vault, take)
    number, name = len(view.decided), safe_text(vault)
    if number:
        kept = {Take.OURS: "ours stays", Take.THEIRS: "theirs was taken", Take.BOTH: "both are kept"}[take]
        said = f"Decided {many(number, 'conflict')} in “{name}”: {kept}."
    else:
        said = f"No conflict waits in “{name}”."
    decided = [str(row.path) for row in view.decided]
    await call.out.done({"commit": _commit(view.commit), "decided": decided}, said)
