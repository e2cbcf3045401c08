"""Views of nodes as an agent would give them, with what a test does not care about filled in."""

from __future__ import annotations

from typing import Any

from simulator import EPOCH

from pk_tui.api.views import ConnectionView, GestaltView, NodeView, OriginView, SharedView, StatusView, VaultView
from pk_tui.clock import MINUTE
from pk_tui.terms import Action, Address, NodeId, VaultId

NOW = EPOCH
OWN = NodeId(b"\xff" * 32)

HOSTILE = "[/x] [@click=app.quit]x[/] a\x1b]52;c;aGk=\x07b \u202egnp.exe"
"""What a name from outside may try."""
WIDE = "漢字かな交じり文の長い名前" * 4


def node_id(number: int) -> NodeId:
    return NodeId(bytes([number]) * 32)


def vault_id(number: int) -> VaultId:
    return VaultId(bytes([number]) * 16)


def known(number: int, name: str | None = None, **given: Any) -> NodeView:
    facts: dict[str, Any] = {"addresses": (Address("host", 1000 + number),), "last_seen": None, "trusted": False}
    return NodeView(node_id(number), name, **{**facts, **given})


def link(number: int, state: str = "connected", **given: Any) -> ConnectionView:
    facts: dict[str, Any] = {
        "petname": None,
        "address": Address("there", 7),
        "direction": "out",
        "via": "direct",
        "rtt_ms": None,
        "since": NOW - 5 * MINUTE,
        "bytes_in": 0,
        "bytes_out": 0,
    }
    return ConnectionView(node_id(number), state=state, **{**facts, **given})


def party(number: int, *shared: str, actions: tuple[Action, ...] = (), trusted: bool = False) -> GestaltView:
    views = tuple(
        SharedView(vault_id(at), name, (Action.CLONE, Action.PULL, Action.SCAN)) for at, name in enumerate(shared, 1)
    )
    return GestaltView(str(node_id(number)), (node_id(number),), (), actions, trusted, views)


def clone(number: int, name: str, origin: int, **given: Any) -> VaultView:
    facts: dict[str, Any] = {"head": None, "secrets": 3, "read_only": True, "shared_with": 0, "updated": NOW - MINUTE}
    return VaultView(
        vault_id(number), name, origin=OriginView(node_id(origin), vault_id(number + 100)), **{**facts, **given}
    )


def own_status(listening: Address | None = Address("0.0.0.0", 1314)) -> StatusView:  # noqa: B008 - frozen, and only shown
    return StatusView(True, OWN, 1, False, listening, 0)
