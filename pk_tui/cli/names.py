"""What nodes are called in tables that people read. JSON has their ids."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from pk_tui.cli.call import Call
from pk_tui.terms import NodeId


async def names(call: Call, nodes: Iterable[NodeId]) -> Callable[[NodeId], str]:
    """The petname of each of these nodes, or the beginning of its id. The agent is asked only if there is somebody to name."""
    known: dict[NodeId, str] = {}
    if not call.out.as_json and any(True for _ in nodes):
        known = {row.node_id: row.petname for row in await call.api.nodes.list() if row.petname}
    return lambda node: known.get(node) or f"{node.short}…"


async def called_by_us(call: Call, ids: Collection[str]) -> dict[str, str]:
    """The petnames of those of these ids that have one, as they are; ids that came from outside may be anything."""
    if call.out.as_json or not ids:
        return {}
    return {
        str(row.node_id): row.petname for row in await call.api.nodes.list() if row.petname and str(row.node_id) in ids
    }
