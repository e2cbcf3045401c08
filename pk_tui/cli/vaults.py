"""`vaults`: create, list, rename, delete, log; share and unshare; scan and clone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from pk_tui.api.views import (
    CommitView,
    ExposedView,
    ExposureView,
    OfferView,
    PermissionView,
    VaultView,
)
from pk_tui.cli.arguments import moment
from pk_tui.cli.call import Call
from pk_tui.cli.commands import POSITIVE, Noun, argument, option, verb
from pk_tui.cli.names import called_by_us, names
from pk_tui.cli.output import SLICE, Column, many, size_text
from pk_tui.clock import rfc3339
from pk_tui.safe_text import safe_text
from pk_tui.terms import Change, CommitId, NodeId, SecretPath

vaults = Noun("vaults", "Vaults: make, list, share, clone and pull them.")

SHOWN_CHANGES = 20
"""Changes of one commit that people are shown; JSON has all of them."""


def _vault_json(view: VaultView) -> dict[str, object]:
    origin = view.origin
    return {
        "vault_id": str(view.vault_id),
        "vault_name": view.name,
        "head": _commit(view.head),
        "secrets": view.secrets,
        "origin": {"node_id": str(origin.node_id), "vault_id": str(origin.vault_id)} if origin else None,
        "read_only": view.read_only,
        "shared_with": view.shared_with,
        "updated": rfc3339(view.updated),
        "damaged": view.damaged,
    }


def _vault_state(view: VaultView, name_of: Callable[[NodeId], str]) -> str:
    if view.damaged:
        return f"damaged: {view.damaged}"
    if view.origin:
        waiting = f", {view.conflicts} conflicts" if view.conflicts > 1 else ", 1 conflict" if view.conflicts else ""
        return f"{'clone' if view.read_only else 'fork'} from {name_of(view.origin.node_id)}{waiting}"
    return f"shared with {view.shared_with}" if view.shared_with else ""


def _commit(commit: CommitId | None) -> str | None:
    return None if commit is None else str(commit)


@verb(vaults, "create", argument("NAME"))
async def create(call: Call, name: str) -> None:
    """Make an empty vault."""
    view = await call.api.vaults.create(name)
    await call.out.done(
        {"vault_id": str(view.vault_id), "vault_name": view.name},
        f"Made the vault “{safe_text(view.name)}” ({view.vault_id}).",
    )


@verb(vaults, "list")
async def list_vaults(call: Call) -> None:
    """List the vaults of this node."""
    views = await call.api.vaults.list()
    name_of = await names(call, [view.origin.node_id for view in views if view.origin])
    await call.out.table(
        views,
        _vault_json,
        [
            Column("NAME", lambda view: view.name),
            Column("ID", lambda view: str(view.vault_id)),
            Column("SECRETS", lambda view: str(view.secrets), to_the_right=True),
            Column("UPDATED", lambda view: call.out.ago(view.updated)),
            Column("STATE", lambda view: _vault_state(view, name_of)),
        ],
        "There are no vaults yet. Make one with `pk-tui vaults create NAME`.",
    )


@verb(vaults, "rename", argument("VAULT"), argument("NAME"))
async def rename(call: Call, vault: str, name: str) -> None:
    """Give a vault another name on this node."""
    await call.api.vaults.rename(vault, name)
    await call.out.done(None, f"“{safe_text(vault)}” is now called “{safe_text(name)}”.")


@verb(vaults, "delete", argument("VAULT"))
async def delete(call: Call, vault: str) -> None:
    """Remove a vault with all its versions and its key, for good. Copies on other nodes stay."""
    await call.api.vaults.delete(vault)
    await call.out.done(None, f"Removed the vault “{safe_text(vault)}” and its key.")


def _log_json(view: CommitView) -> dict[str, object]:
    return {
        "commit": str(view.commit),
        "time": rfc3339(view.time),
        "author": view.author,
        "message": view.message,
        "changes": [{"path": str(row.path), "change": row.change.value} for row in view.changes],
    }


def _log_lines(call: Call, view: CommitView, called: Mapping[str, str]) -> str:
    short = safe_text(view.author, 13)
    petname = called.get(view.author)
    author = f"{safe_text(petname, 80)} ({short})" if petname else short
    lines = [f"{view.commit}  {call.out.ago(view.time)}  by {author}"]
    if len(view.parents) > 1:  # what a merge is, and then what it brought
        lines.append(f"    {safe_text(view.message.partition(chr(10))[0])}")
    if len(view.changes) > SHOWN_CHANGES:
        count = Counter(row.change for row in view.changes)
        lines.append("    " + ", ".join(f"{count[change]} {change.value}" for change in Change if count[change]))
    elif view.changes:
        lines += [f"    {row.change.value:<8}  {safe_text(str(row.path), 1200)}" for row in view.changes]
    elif len(view.parents) < 2:  # an empty first version, or only empty directories: what the commit says of itself
        lines.append(f"    {safe_text(view.message)}")
    return "\n".join(lines)


@verb(
    vaults,
    "log",
    argument("VAULT"),
    argument("PATH", optional=True),
    option("--limit", "Show so many commits at most.", "N", kind=POSITIVE),
)
async def log(call: Call, vault: str, path: str | None, limit: int | None) -> None:
    """Show a vault's versions, the newest first; with PATH those that changed it."""
    views = await call.api.vaults.log(vault, SecretPath.parse(path) if path else None, limit)
    if call.out.as_json:
        await call.out.table(views, _log_json, [], "")
        return
    called = await called_by_us(call, {view.author for view in views})
    for start in range(0, len(views), SLICE):
        await call.out.text("\n".join(_log_lines(call, view, called) for view in views[start : start + SLICE]))


@verb(
    vaults,
    "share",
    argument("VAULT"),
    argument("NODE"),
    option("--expires", "End of the share: RFC 3339, or a span like 30d or 12h (default: none).", "WHEN"),
)
async def share(call: Call, vault: str, node: str, expires: str | None) -> None:
    """Let a trusted person scan, clone and pull a vault on all their nodes, and tell them. NODE is a full node id, a petname or a
    verified `provider:name`."""
    not_after = moment(expires, call.out.clock.now()) if expires else None
    view = await call.api.vaults.share(vault, node, not_after)
    actions = sorted(action.value for action in view.actions)
    named = [str(one) for one in view.nodes]
    until = "until it is unshared" if view.not_after is None else f"until {rfc3339(view.not_after)[:10]}"
    await call.out.done(
        {
            "vault_id": str(view.vault_id),
            "node_id": named[0] if named else None,
            "nodes": named,
            "actions": actions,
            "not_after": None if view.not_after is None else rfc3339(view.not_after),
        },
        f"{' and '.join(named)} may {', '.join(actions)} “{safe_text(vault)}” {until}.",
    )


def _exposed_json(row: ExposedView) -> dict[str, object]:
    return {"path": str(row.path), "last_seen_commit": str(row.last_seen_commit)}


@verb(vaults, "unshare", argument("VAULT"), argument("NODE"))
async def unshare(call: Call, vault: str, node: str) -> None:
    """End a share. Lists what the node has seen and that has not changed since: consider renewing those secrets."""
    exposed = await call.api.vaults.unshare(vault, node)
    sentence = f"“{safe_text(vault)}” is no longer shared with {safe_text(node)}."
    if exposed:
        shown = "\n".join(f"    {safe_text(str(row.path), 1200)}" for row in exposed)
        sentence += f" It has seen these secrets, which have not changed since; renew those that matter:\n{shown}"
    await call.out.done({"exposed": [_exposed_json(row) for row in exposed]}, sentence)


def _exposure_json(row: ExposureView) -> dict[str, object]:
    return {
        "vault_name": row.vault_name,
        "path": str(row.path),
        "seen_by": str(row.seen_by),
        "last_seen_commit": str(row.last_seen_commit),
    }


@verb(vaults, "exposure", argument("VAULT", optional=True))
async def exposure(call: Call, vault: str | None) -> None:
    """List secrets that somebody without rights has seen and that have not changed since: renew those that matter."""
    rows = list(await call.api.vaults.exposure(vault))
    called = await names(call, {row.seen_by for row in rows})
    await call.out.table(
        rows,
        _exposure_json,
        [
            Column("VAULT", lambda row: row.vault_name),
            Column("PATH", lambda row: str(row.path)),
            Column("SEEN BY", lambda row: called(row.seen_by)),
        ],
        "Nobody without rights has seen a secret that is still in use.",
    )


def _permission_json(row: PermissionView) -> dict[str, object]:
    return {"node_id": str(row.node_id), "gestalt": row.gestalt, "actions": [action.value for action in row.actions]}


@verb(vaults, "permissions", argument("VAULT"))
async def permissions(call: Call, vault: str) -> None:
    """Show who may do what with a vault."""
    await call.out.table(
        await call.api.vaults.permissions(vault),
        _permission_json,
        [
            Column("NODE", lambda row: str(row.node_id)),
            Column("ACTIONS", lambda row: ", ".join(row.actions)),
        ],
        "This vault is shared with nobody.",
    )


def _offer_json(row: OfferView) -> dict[str, object]:
    return {
        "vault_id": str(row.vault_id),
        "vault_name": row.name,
        "actions": [action.value for action in row.actions],
    }


@verb(vaults, "scan", argument("NODE"))
async def scan(call: Call, node: str) -> None:
    """Ask a node which vaults it shares with this one."""
    await call.out.table(
        await call.api.vaults.scan(node),
        _offer_json,
        [
            Column("NAME", lambda row: row.name),
            Column("ID", lambda row: str(row.vault_id)),
            Column("ACTIONS", lambda row: ", ".join(row.actions)),
        ],
        "It shares no vault with this node.",
    )


@verb(
    vaults,
    "clone",
    argument("VAULT"),
    argument("NODE"),
    option("--name", "Name of the clone here (default: as there).", "NAME"),
)
async def clone(call: Call, vault: str, node: str, name: str | None) -> None:
    """Copy a vault that a node shares, with its history. The clone is read-only; `vaults pull` renews it."""
    with call.out.progress() as progress:
        view = await call.api.vaults.clone(vault, node, name, progress)
    await call.out.done(
        {"vault_id": str(view.vault_id), "vault_name": view.name, "objects": view.objects, "bytes": view.bytes},
        f"Cloned “{safe_text(view.name)}” ({view.vault_id}): {many(view.objects, 'object')}, {size_text(view.bytes)}.",
    )
