"""What is known of each node, one row a node: who it is merged with how the connection to it stands, filtered and in order.

Rules alone; how a row is drawn and when it is asked for, the widgets decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pk_tui.api.views import ConnectionView, GestaltView, NodeView, VaultView
from pk_tui.clock import Instant
from pk_tui.terms import Address, NodeId


class State(StrEnum):
    """How things stand with a node. All but the last two come from its connection."""

    CONNECTED = "connected"
    CONNECTING = "connecting"
    WAITING = "waiting"
    FAILED = "failed"
    OFFLINE = "offline"
    """Known, not connected, and nobody tries."""
    UNKNOWN = "unknown"
    """It connected by itself, and nothing is known of it here."""


@dataclass(frozen=True, slots=True)
class NodeRow:
    """`name` and `address` are as they were given, not safe to show. `trips`: round trips in milliseconds, newest last.
    `shared`: how many vaults of ours it may clone now."""

    node_id: NodeId
    name: str | None
    state: State
    known: bool
    trusted: bool
    address: Address | None
    seen: Instant | None
    shared: int = 0
    trips: tuple[float | None, ...] = ()
    connection: ConnectionView | None = None

    @property
    def is_connected(self) -> bool:
        return self.connection is not None and self.connection.state == State.CONNECTED

    @property
    def rtt(self) -> float | None:
        """The newest round trip; None if there is no connection, or the last question was not answered."""
        if self.connection is None or not self.is_connected:
            return None
        return self.trips[-1] if self.trips else self.connection.rtt_ms


def merged(
    nodes: Iterable[NodeView],
    connections: Iterable[ConnectionView],
    gestalts: Iterable[GestaltView],
    round_trips: Mapping[NodeId, Iterable[float | None]],
) -> list[NodeRow]:
    """One row for every node that is known or that there is a connection with."""
    links = {link.node_id: link for link in connections}
    shared = {node: len(one.shared) for one in gestalts for node in one.nodes}
    rows = []
    for node in nodes:
        link = links.pop(node.node_id, None)
        rows.append(
            NodeRow(
                node_id=node.node_id,
                name=node.petname,
                state=State.OFFLINE if link is None else State(link.state),
                known=True,
                trusted=node.trusted,
                address=_address(node, link),
                seen=node.last_seen,
                shared=shared.get(node.node_id, 0),
                trips=_trips(link, round_trips),
                connection=link,
            )
        )
    for link in links.values():
        rows.append(
            NodeRow(
                node_id=link.node_id,
                name=None,
                state=State.UNKNOWN,
                known=False,
                trusted=False,
                address=link.address,
                seen=None,
                trips=_trips(link, round_trips),
                connection=link,
            )
        )
    return rows


def _address(node: NodeView, link: ConnectionView | None) -> Address | None:
    """Where it is reached. Of who dialled us only the port of that one call is seen, so what is known of it goes before."""
    if link is not None and link.address is not None and link.direction == "out":
        return link.address
    if node.addresses:
        return node.addresses[0]
    return link.address if link is not None else None


def _trips(
    link: ConnectionView | None, round_trips: Mapping[NodeId, Iterable[float | None]]
) -> tuple[float | None, ...]:
    return () if link is None or link.state != State.CONNECTED else tuple(round_trips.get(link.node_id, ()))


# In order

SORTS = ("state", "name", "rtt", "seen")


@dataclass(frozen=True, slots=True)
class Sorting:
    by: str = "state"
    reverse: bool = False

    def next(self) -> Sorting:
        return Sorting(SORTS[(SORTS.index(self.by) + 1) % len(SORTS)])

    def reversed(self) -> Sorting:
        return Sorting(self.by, not self.reverse)


_RANK = {State.CONNECTED: 0, State.UNKNOWN: 1}
"""Those being tried count as one: they change between trying and waiting all the time, and rows that jump are hard to read."""
_LAST = 2


def _rtt(row: NodeRow) -> float | None:
    return row.rtt


def _seen(row: NodeRow) -> float | None:
    """Microseconds, so that the one seen last has the least."""
    if row.is_connected:
        return float("-inf")
    return None if row.seen is None else -float(row.seen)


_KEYS: Mapping[str, Callable[[NodeRow], float | None]] = {
    "state": lambda row: _RANK.get(row.state, _LAST),
    "name": lambda row: 0,
    "rtt": _rtt,
    "seen": _seen,
}


def in_order(rows: Iterable[NodeRow], sorting: Sorting) -> list[NodeRow]:
    """Ties are broken by name and then by id, so one and the same rows always stand in one order. What has no value to be sorted
    by comes last, in reverse order too."""
    backwards = sorting.reverse
    named = sorted(
        rows,
        key=lambda row: (row.name is None, (row.name or "").casefold(), row.node_id),
        reverse=backwards and sorting.by == "name",
    )
    key = _KEYS[sorting.by]
    valued = [(value, row) for row in named if (value := key(row)) is not None]
    valued.sort(key=lambda pair: pair[0], reverse=backwards)
    return [*(row for _, row in valued), *(row for row in named if key(row) is None)]


def matching(rows: Iterable[NodeRow], words: str) -> list[NodeRow]:
    """Those in which every word occurs: in the name, the id, the address or the state."""
    wanted = words.casefold().split()
    return [row for row in rows if all(word in _searched(row) for word in wanted)]


def _searched(row: NodeRow) -> str:
    return f"{row.name or ''}\n{row.node_id}\n{row.address or ''}\n{row.state}".casefold()


def clones_from(node: NodeId, vaults: Iterable[VaultView]) -> list[VaultView]:
    """Our clones of its vaults, by name."""
    clones = [
        vault for vault in vaults if vault.read_only and vault.origin is not None and vault.origin.node_id == node
    ]
    return sorted(clones, key=lambda vault: vault.name.casefold())


def gestalt_of(node: NodeId, gestalts: Iterable[GestaltView]) -> GestaltView | None:
    return next((one for one in gestalts if node in one.nodes), None)


def spread(trips: Sequence[float | None]) -> tuple[float, float] | None:
    """The round trip that half of all stay within, and the one that 19 of 20 do; None if nothing was measured."""
    measured = sorted(trip for trip in trips if trip is not None)
    if not measured:
        return None
    last = len(measured) - 1
    return measured[last // 2], measured[round(last * 0.95)]
