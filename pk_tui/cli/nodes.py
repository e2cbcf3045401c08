"""`nodes`: add, name, ping and list them, and the connections to them."""

from __future__ import annotations

from pk_tui.api.views import ConnectionView, NodeView
from pk_tui.cli.call import Call
from pk_tui.cli.commands import Noun, argument, flag, verb
from pk_tui.cli.output import Column, size_text
from pk_tui.clock import rfc3339
from pk_tui.safe_text import safe_text
from pk_tui.terms import Address, NodeId

nodes = Noun("nodes", "Nodes of others and of your own: where they answer, and what you call them.")


@verb(
    nodes,
    "add",
    argument("NODE"),
    argument("HOST"),
    argument("PORT"),
    flag("--no-ping", "Store it without asking whether it answers there."),
)
async def add(call: Call, node: str, host: str, port: str, no_ping: bool) -> None:
    """Tell this node where another one answers. Does not trust it."""
    address = Address.parse(host, port)
    view = await call.api.nodes.add(NodeId.parse(node), address, ping=not no_ping)
    await call.out.done(
        {"node_id": str(view.node_id), "host": address.host, "port": address.port},
        f"Added {view.node_id} at {address}. To let it send you messages: `pk-tui identities trust {view.node_id}`.",
    )


@verb(nodes, "name", argument("NODE"), argument("PETNAME"))
async def name(call: Call, node: str, petname: str) -> None:
    """Give a node a name of your own."""
    await call.api.nodes.name(node, petname)
    await call.out.done(None, f"{safe_text(node)} is now called “{safe_text(petname)}”.")


@verb(nodes, "ping", argument("NODE"))
async def ping(call: Call, node: str) -> None:
    """Ask whether a node answers, and how fast."""
    view = await call.api.nodes.ping(node)
    await call.out.done(
        {"node_id": str(view.node_id), "rtt_ms": view.rtt_ms, "via": view.via},
        f"{view.node_id} answered in {view.rtt_ms:.1f} ms ({safe_text(view.via, 20)}).",
    )


def _node_json(row: NodeView) -> dict[str, object]:
    return {
        "node_id": str(row.node_id),
        "petname": row.petname,
        "addresses": [{"host": address.host, "port": address.port} for address in row.addresses],
        "last_seen": None if row.last_seen is None else rfc3339(row.last_seen),
        "trusted": row.trusted,
    }


@verb(nodes, "list")
async def list_nodes(call: Call) -> None:
    """List the nodes known here."""
    await call.out.table(
        await call.api.nodes.list(),
        _node_json,
        [
            Column("NAME", lambda row: row.petname or "-"),
            Column("ID", lambda row: str(row.node_id)),
            Column("ADDRESS", lambda row: str(row.addresses[0]) if row.addresses else "-"),
            Column("TRUSTED", lambda row: "yes" if row.trusted else "no"),
            Column("SEEN", lambda row: call.out.ago(row.last_seen)),
        ],
        "No other node is known here. Add one with `pk-tui nodes add NODE HOST PORT`.",
    )


def _connection_json(row: ConnectionView) -> dict[str, object]:
    return {
        "node_id": str(row.node_id),
        "petname": row.petname,
        "host": row.address.host if row.address else None,
        "port": row.address.port if row.address else None,
        "direction": row.direction,
        "via": row.via,
        "rtt_ms": row.rtt_ms,
        "since": None if row.since is None else rfc3339(row.since),
        "bytes_in": row.bytes_in,
        "bytes_out": row.bytes_out,
        "state": row.state,
        "last_error": row.last_error,
    }


@verb(nodes, "connections", flag("--all", "Also show those that are being tried, or failed."))
async def connections(call: Call, **shown: bool) -> None:
    """List the connections to other nodes."""
    rows = [row for row in await call.api.nodes.connections() if shown["all"] or row.state == "connected"]
    await call.out.table(
        rows,
        _connection_json,
        [
            Column("NAME", lambda row: row.petname or f"{row.node_id.short}…"),
            Column("STATE", lambda row: row.state),
            Column("ADDRESS", lambda row: str(row.address) if row.address else "-"),
            Column("DIRECTION", lambda row: row.direction),
            Column("ROUND TRIP", lambda row: "-" if row.rtt_ms is None else f"{row.rtt_ms:.1f} ms", to_the_right=True),
            Column("SINCE", lambda row: "-" if row.since is None else call.out.ago(row.since)),
            Column("IN", lambda row: size_text(row.bytes_in), to_the_right=True),
            Column("OUT", lambda row: size_text(row.bytes_out), to_the_right=True),
            Column("", lambda row: row.last_error or ""),
        ],
        "There is no connection to another node.",
    )
