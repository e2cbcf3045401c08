"""`nodes claim` and its like, and what follows from claims: invitations, chains, forks, and nodes that wait to be confirmed."""

from __future__ import annotations

from pk_tui.api.trust import ClaimView, ForkView, GainView, PendingView
from pk_tui.cli.call import Call
from pk_tui.cli.commands import argument, option, verb
from pk_tui.cli.identities import identities
from pk_tui.cli.names import names
from pk_tui.cli.nodes import nodes
from pk_tui.cli.output import Column
from pk_tui.clock import rfc3339
from pk_tui.errors import Misuse
from pk_tui.safe_text import safe_text

# ---- nodes ----


@verb(nodes, "claim", argument("NODE"))
async def claim(call: Call, node: str) -> None:
    """Sign, both, that a node and this one belong to the same person. That node has to invite this one first."""
    claim_id = await call.api.linking.claim(node)
    await call.out.done(
        {"claim_id": str(claim_id)},
        f"{safe_text(node)} and this node belong together now. Whoever knows both sees it when they meet; what was granted to "
        "one of them waits there to be confirmed for the other.",
    )


@verb(nodes, "unclaim", argument("NODE"))
async def unclaim(call: Call, node: str) -> None:
    """Take back that a node belongs to this one. Each keeps only what was granted to itself."""
    claim_id = await call.api.linking.unclaim(node)
    await call.out.done({"claim_id": str(claim_id)}, f"{safe_text(node)} no longer belongs to this node.")


@verb(
    nodes,
    "expel",
    argument("NODE"),
    option(
        "--recovery-code-file",
        "The 24 words of the lost node, or of one it was paired with (`-`: standard input).",
        "FILE",
    ),
)
async def expel(call: Call, node: str, recovery_code_file: str | None) -> None:
    """Expel a lost device for ever: its links and its rights end wherever this is learnt."""
    if recovery_code_file is None:
        raise Misuse(
            "Expelling a node takes recovery words: name the file that holds them with `--recovery-code-file FILE`."
        )
    claim_id = await call.api.linking.expel(node, await call.recovery_words(recovery_code_file))
    await call.out.done(
        {"claim_id": str(claim_id)},
        f"{safe_text(node)} is expelled. It can read nothing new here; what it has read it keeps, so renew those secrets.",
    )


# ---- identities ----


@verb(identities, "invite", argument("NODE"))
async def invite(call: Call, node: str) -> None:
    """Let a node of yours claim this one, once, and tell it."""
    node_id = await call.api.linking.invite(node)
    await call.out.done(
        {"node_id": str(node_id)},
        f"{safe_text(node)} may claim this node now: run `pk-tui nodes claim` there.",
    )


def _gain_json(gain: GainView) -> dict[str, object]:
    return {
        "vault_id": None if gain.vault_id is None else str(gain.vault_id),
        "vault_name": gain.vault_name,
        "actions": [action.value for action in gain.actions],
    }


def _pending_json(row: PendingView) -> dict[str, object]:
    return {
        "node_id": str(row.node_id),
        "gestalt": row.gestalt,
        "would_gain": [_gain_json(gain) for gain in row.would_gain],
    }


def _gain(gain: GainView) -> str:
    actions = ", ".join(gain.actions)
    return (
        actions if gain.vault_id is None else f"{actions} on “{safe_text(gain.vault_name or str(gain.vault_id), 80)}”"
    )


def _gains(row: PendingView) -> str:
    return "; ".join(map(_gain, row.would_gain))


@verb(identities, "pending")
async def pending(call: Call) -> None:
    """List nodes that were linked to somebody who holds rights here, with what each would get: nothing, until it is confirmed."""
    await call.out.table(
        list(await call.api.linking.pending()),
        _pending_json,
        [
            Column("NODE", lambda row: str(row.node_id)),
            Column("WOULD GAIN", _gains),
        ],
        "No node waits to be confirmed.",
    )


@verb(identities, "confirm", argument("NODE"))
async def confirm(call: Call, node: str) -> None:
    """Give a node that was linked later what its gestalt was given. Compare its full id with its owner before."""
    view = await call.api.linking.confirm(node)
    await call.out.done(_pending_json(view), f"{view.node_id} now has: {_gains(view)}.")


@verb(identities, "reject", argument("NODE"))
async def reject(call: Call, node: str) -> None:
    """Give a node that was linked later nothing, and do not ask again."""
    view = await call.api.linking.reject(node)
    await call.out.done(_pending_json(view), f"{view.node_id} gets nothing of: {_gains(view)}.")


def _claim_json(row: ClaimView) -> dict[str, object]:
    return {
        "seq": row.sequence,
        "claim_id": str(row.claim_id),
        "type": row.type,
        "time": rfc3339(row.time),
        "signers": list(row.signers),
        "data": row.data,
    }


def _says(row: ClaimView) -> str:
    return "; ".join(f"{name.removesuffix('_id')} {safe_text(str(value), 300)}" for name, value in row.data.items())


@verb(identities, "sigchain", argument("NODE", optional=True))
async def sigchain(call: Call, node: str | None) -> None:
    """Show the signed claims of this node, or of one whose chain is known here."""
    await call.out.table(
        list(await call.api.linking.sigchain(node)),
        _claim_json,
        [
            Column("SEQ", lambda row: str(row.sequence), to_the_right=True),
            Column("TIME", lambda row: rfc3339(row.time)[:16].replace("T", " ")),
            Column("TYPE", lambda row: row.type),
            Column("SAYS", _says),
        ],
        "There are no claims.",
    )


@verb(identities, "forks")
async def forks(call: Call) -> None:
    """List nodes that have shown two histories of themselves, with the two claims that prove it."""
    rows = list(await call.api.linking.forks())
    called = await names(call, [row.node_id for row in rows])

    def as_json(row: ForkView) -> dict[str, object]:
        return {"node_id": str(row.node_id), "one": _claim_json(row.one), "other": _claim_json(row.other)}

    await call.out.table(
        rows,
        as_json,
        [
            Column("NODE", lambda row: called(row.node_id)),
            Column("AT", lambda row: str(row.one.sequence), to_the_right=True),
            Column("ONE", lambda row: f"{row.one.type} {str(row.one.claim_id)[:12]}"),
            Column("OTHER", lambda row: f"{row.other.type} {str(row.other.claim_id)[:12]}"),
        ],
        "No node is known to have shown two histories of itself.",
    )
