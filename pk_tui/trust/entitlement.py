"""Entitlements: what was explicitly granted here, to whom, and which nodes were confirmed for it. They are our own notes, signed
by nobody and sent to nobody; the signed grants that mirrors are shown follow from them.

Here they are written down and found again. How they come and go is in `sharing`, what they allow in `rights`.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from pk_tui.clock import Instant
from pk_tui.errors import Malformed, Misuse
from pk_tui.records import Bytes16, Bytes32, Meta, Record, Time, decode, encode
from pk_tui.terms import GESTALT_ACTIONS, VAULT_ACTIONS, Action, IdentityId, NodeId, VaultId, Vertex
from pk_tui.trust.grant import CLOCK_SLACK

MAX_NODES = 8_192
"""Confirmed or rejected in one entitlement: more than any gestalt has that discovery follows."""
ENTITLEMENT_LIMIT = 2 * MAX_NODES * 34 + 1_024
"""Bytes of one written down: 34 for a node, and the rest."""

_ActionName = Literal["notify", "scan", "claim", "clone", "pull"]
_Nodes = Annotated[tuple[Bytes32, ...], Meta(max_length=MAX_NODES)]


@dataclass(frozen=True, slots=True)
class Entitlement:
    """`anchor`: the member that was named when it was granted. It holds for the nodes `confirmed` by the granter, while they are
    in the anchor's gestalt; `rejected` are those the granter has said no to. `vault`: None for rights of a gestalt. `not_after`:
    None for no end."""

    anchor: Vertex
    vault: VaultId | None
    actions: frozenset[Action]
    not_after: Instant | None
    confirmed: frozenset[NodeId]
    rejected: frozenset[NodeId] = frozenset()

    def __post_init__(self) -> None:
        if not self.actions or not self.actions <= (GESTALT_ACTIONS if self.vault is None else VAULT_ACTIONS):
            raise Misuse(
                "A gestalt is allowed to `notify`, `scan` and `claim`; a vault is shared for `clone` and `pull`."
            )
        if self.confirmed & self.rejected:
            raise Misuse("A node is either confirmed or rejected.")

    def is_live(self, now: Instant) -> bool:
        """True until `not_after`, and a little longer: the clock was perhaps another's when the time was set."""
        return self.not_after is None or now <= self.not_after + CLOCK_SLACK


@dataclass(frozen=True, slots=True)
class Change:
    """What a deed or an event makes of the entitlements there are: which are no more, and which are to be there. One of these may
    be there already: two can become the same."""

    gone: frozenset[Entitlement] = frozenset()
    come: frozenset[Entitlement] = frozenset()

    @classmethod
    def of(cls, gone: Iterable[Entitlement], come: Iterable[Entitlement]) -> Change:
        """Without what both goes and comes."""
        before, after = frozenset(gone), frozenset(come)
        return cls(before - after, after - before)

    def __bool__(self) -> bool:
        return bool(self.gone or self.come)


_NONE: dict[Entitlement, None] = {}
K = TypeVar("K")
_Found = dict[K, dict[Entitlement, None]]


class Entitlements:
    """All entitlements of this node, each once, found by what is asked for: a look-up in place of a walk."""

    __slots__ = ("_by_anchor", "_by_node", "_by_node_and_vault", "_by_vault")

    def __init__(self, entitlements: Iterable[Entitlement] = ()) -> None:
        self._by_vault: _Found[VaultId | None] = {}
        self._by_anchor: _Found[Vertex] = {}
        self._by_node: dict[NodeId, list[Entitlement]] = {}
        self._by_node_and_vault: _Found[tuple[NodeId, VaultId | None]] = {}
        for one in entitlements:
            self._put(one)

    def apply(self, change: Change) -> None:
        """Carry a change out. What goes must be here."""
        for one in change.gone:
            self._remove(one)
        for one in change.come:
            self._put(one)

    def on(self, vault: VaultId | None) -> Collection[Entitlement]:
        """Those on a vault, or with None those of gestalts."""
        return self._by_vault.get(vault, _NONE).keys()

    def anchored(self, vertex: Vertex) -> Collection[Entitlement]:
        return self._by_anchor.get(vertex, _NONE).keys()

    def naming(self, node: NodeId) -> Sequence[Entitlement]:
        """Those that `node` is confirmed for, on whatever; the one that ends last comes first, so that behind the first that is
        over there is none that is not. Whether they allow it anything now is for `rights` to say."""
        return self._by_node.get(node, ())

    def naming_on(self, node: NodeId, vault: VaultId | None) -> Collection[Entitlement]:
        return self._by_node_and_vault.get((node, vault), _NONE).keys()

    def __iter__(self) -> Iterator[Entitlement]:
        for some in self._by_anchor.values():
            yield from some

    def __len__(self) -> int:
        return sum(map(len, self._by_anchor.values()))

    def _put(self, one: Entitlement) -> None:
        if one in self.anchored(one.anchor):
            return
        self._by_vault.setdefault(one.vault, {})[one] = None
        self._by_anchor.setdefault(one.anchor, {})[one] = None
        for node in one.confirmed:
            insort(self._by_node.setdefault(node, []), one, key=_latest_first)
            self._by_node_and_vault.setdefault((node, one.vault), {})[one] = None

    def _remove(self, one: Entitlement) -> None:
        _drop(self._by_vault, one.vault, one)
        _drop(self._by_anchor, one.anchor, one)
        for node in one.confirmed:
            some = self._by_node[node]
            del some[some.index(one, bisect_left(some, _latest_first(one), key=_latest_first))]
            if not some:
                del self._by_node[node]
            _drop(self._by_node_and_vault, (node, one.vault), one)


def _latest_first(one: Entitlement) -> tuple[bool, Instant]:
    return one.not_after is not None, -(one.not_after or 0)


def _drop(found: _Found[K], key: K, one: Entitlement) -> None:
    some = found[key]
    del some[one]
    if not some:
        del found[key]


class _Entitled(Record, frozen=True, tag="entitled1"):
    node: Bytes32 | None
    identity: Annotated[str, Meta(max_length=270)] | None
    vault: Bytes16 | None
    actions: Annotated[tuple[_ActionName, ...], Meta(min_length=1, max_length=3)]
    not_after: Time | None
    confirmed: _Nodes
    rejected: _Nodes


def write_entitlement(one: Entitlement) -> bytes:
    """Its one form: equal entitlements give equal bytes. Raises Malformed if it is for more nodes than can be."""
    record = _Entitled(
        node=one.anchor.raw if isinstance(one.anchor, NodeId) else None,
        identity=str(one.anchor) if isinstance(one.anchor, IdentityId) else None,
        vault=None if one.vault is None else one.vault.raw,
        actions=tuple(action.value for action in Action if action in one.actions),
        not_after=one.not_after,
        confirmed=tuple(sorted(node.raw for node in one.confirmed)),
        rejected=tuple(sorted(node.raw for node in one.rejected)),
    )
    raw = encode(record)
    decode(_Entitled, raw, ENTITLEMENT_LIMIT)
    return raw


def read_entitlement(raw: bytes) -> Entitlement:
    """Raises Malformed if `raw` is not what `write_entitlement` makes."""
    said = decode(_Entitled, raw, ENTITLEMENT_LIMIT)
    try:
        one = Entitlement(
            anchor=IdentityId.parse(said.identity or "") if said.node is None else NodeId(said.node),
            vault=None if said.vault is None else VaultId(said.vault),
            actions=frozenset(Action(name) for name in said.actions),
            not_after=said.not_after,
            confirmed=frozenset(map(NodeId, said.confirmed)),
            rejected=frozenset(map(NodeId, said.rejected)),
        )
    except Misuse:
        raise Malformed("An entitlement says what none can say.") from None
    if write_entitlement(one) != raw:
        raise Malformed("An entitlement is not written in its one form.")
    return one
