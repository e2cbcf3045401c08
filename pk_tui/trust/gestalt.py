"""Gestalts: nodes and identities that belong to one party, as far as what is known here shows it.

A graph is made of standings and proofs and never changes; `changed` makes the next one, at the cost of what the change touches.
What is believed is said by `belief`. Who may do what follows from a graph and from what was granted: `rights`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from itertools import chain
from typing import Self, TypeVar, cast

from pk_tui.terms import IdentityId, NodeId, Vertex
from pk_tui.trust.belief import (
    Doubt,
    Exclusion,
    Link,
    Proof,
    Spoken,
    exclusions,
    identity_link,
    pair_doubt,
    pair_link,
    successors,
)
from pk_tui.trust.standing import Named, Standing

_NOBODY: frozenset[NodeId] = frozenset()

K = TypeVar("K")
J = TypeVar("J")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Gestalt:
    nodes: frozenset[NodeId]
    identities: frozenset[IdentityId]

    @classmethod
    def of(cls, vertices: Collection[Vertex]) -> Self:
        return cls(
            frozenset(one for one in vertices if isinstance(one, NodeId)),
            frozenset(one for one in vertices if isinstance(one, IdentityId)),
        )

    def __contains__(self, vertex: Vertex) -> bool:
        return vertex in self.nodes or vertex in self.identities

    def __iter__(self) -> Iterator[Vertex]:
        return chain(self.nodes, self.identities)

    def __len__(self) -> int:
        return len(self.nodes) + len(self.identities)


@dataclass(frozen=True, slots=True)
class _Speech:
    """What one chain says of one other node."""

    claims_pair: bool
    said: tuple[Spoken, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """`expelled`: who is out, and why. `forked`: nodes of whose chain two branches are known; they keep what they have, and gain
    nothing. `followers`: by predecessor, the nodes that its own words name. What only concerns one vertex is asked for it."""

    expelled: Mapping[NodeId, tuple[Exclusion, ...]] = field(default_factory=dict)
    forked: frozenset[NodeId] = frozenset()
    followers: Mapping[NodeId, frozenset[NodeId]] = field(default_factory=dict)
    _standings: Mapping[NodeId, Standing] = field(default_factory=dict, repr=False)
    _proofs: Mapping[NodeId, tuple[Proof, ...]] = field(default_factory=dict, repr=False)
    _speech: Mapping[NodeId, Mapping[NodeId, _Speech]] = field(default_factory=dict, repr=False)
    """By the node spoken of, then by the node whose chain speaks."""
    _links: Mapping[Vertex, Mapping[Vertex, Link]] = field(default_factory=dict, repr=False)
    _doubts: Mapping[NodeId, Mapping[Vertex, Doubt]] = field(default_factory=dict, repr=False)
    _gestalts: Mapping[Vertex, Gestalt] = field(default_factory=dict, repr=False)
    """Of every vertex that a link joins to another."""

    @classmethod
    def made_of(cls, standings: Iterable[Standing], proofs: Iterable[Proof] = ()) -> Graph:
        """Of everything that is known. The order makes no difference; one standing to a node."""
        by_node: dict[NodeId, list[Proof]] = {}
        for proof in proofs:
            by_node.setdefault(proof.node, []).append(proof)
        return cls().changed(standings, by_node)[0]

    def of(self, vertex: Vertex) -> Gestalt:
        """The gestalt that holds this vertex. One of which nothing is known, or that is expelled, is a gestalt of itself."""
        found = self._gestalts.get(vertex)
        return Gestalt.of((vertex,)) if found is None else found

    def gestalts(self) -> Iterator[Gestalt]:
        """Every gestalt with a known chain in it, once."""
        joined = {id(one): one for one in self._gestalts.values()}
        yield from joined.values()
        yield from (Gestalt.of((node,)) for node in self._standings if node not in self._gestalts)

    def links(self, vertex: Vertex) -> tuple[Link, ...]:
        """What joins this vertex to its neighbours, with the evidence."""
        return tuple(sorted(self._links.get(vertex, {}).values(), key=_ends))

    def doubts(self, node: NodeId) -> tuple[Doubt, ...]:
        """What this node's chain claims and is not believed, with the reason."""
        return tuple(sorted(self._doubts.get(node, {}).values(), key=_ends))

    def standing(self, node: NodeId) -> Standing | None:
        """What is known of this node's chain, as it is counted here."""
        return self._standings.get(node)

    def heirs(self, node: NodeId) -> frozenset[NodeId]:
        """Who goes on where `node` was: at the ends of the successions from it, those that are not out themselves. Nobody while
        it is not out, nor in a circle, where everyone is."""
        if node not in self.expelled:
            return _NOBODY
        seen, ends, ahead = {node}, set(), list(self.followers.get(node, _NOBODY))
        while ahead:
            one = ahead.pop()
            if one in seen:
                continue
            seen.add(one)
            if one in self.expelled:
                ahead.extend(self.followers.get(one, _NOBODY))
            else:
                ends.add(one)
        return frozenset(ends)

    def changed(
        self, standings: Iterable[Standing] = (), proofs: Mapping[NodeId, Iterable[Proof]] | None = None
    ) -> tuple[Graph, frozenset[Vertex]]:
        """The graph with these standings in place of those known of the same nodes, and these proofs in place of all proofs of
        their nodes; and the vertices whose gestalt, or whose heirs, may be others than before."""
        change = _Change(self, {one.node: one for one in standings}, proofs or {})
        return change.carried_out(), change.moved


def _ends(one: Link | Doubt) -> tuple[NodeId, bool, str]:
    return one.node, isinstance(one.other, IdentityId), str(one.other)


class _Change:
    """One step from a graph to the next: copies what it touches, and works out anew only what can be another now."""

    def __init__(
        self, before: Graph, standings: Mapping[NodeId, Standing], proofs: Mapping[NodeId, Iterable[Proof]]
    ) -> None:
        self._before = before
        self._new = standings
        self._standings = {**before._standings, **standings}
        self._proofs = {**before._proofs, **{node: tuple(sorted(set(some))) for node, some in proofs.items()}}
        self._touched = {*standings, *proofs}
        self._expelled = dict(before.expelled)
        self._followers = dict(before.followers)
        self._speech = dict(before._speech)
        self._links = dict(before._links)
        self._doubts = dict(before._doubts)
        self._gestalts = dict(before._gestalts)
        self._own: set[int] = set()  # the inner mappings that are copies of this change's own, by id
        self._rejoined: set[Vertex] = set()
        self.moved: frozenset[Vertex] = frozenset()

    def carried_out(self) -> Graph:
        turned = self._judge(self._hear())
        for node in self._touched | turned:
            self._relink(node)
        regrouped = self._regroup()
        # Whose heirs are others now may lie many successions away; there are few who are followed at all.
        self.moved = frozenset(chain(regrouped, turned, self._before.followers, self._followers))
        forked = (node for node, one in self._new.items() if one.forked_at is not None)
        return Graph(
            expelled=self._expelled,
            forked=(self._before.forked - self._new.keys()).union(forked),
            followers=self._followers,
            _standings=self._standings,
            _proofs=self._proofs,
            _speech=self._speech,
            _links=self._links,
            _doubts=self._doubts,
            _gestalts=self._gestalts,
        )

    # ---- who says what of whom ----

    def _hear(self) -> set[NodeId]:
        """Put what the new standings say of others in place of what the old ones said; gives everyone they speak of."""
        concerned = set(self._new)
        for node, standing in self._new.items():
            old = self._before._standings.get(node)
            for other in () if old is None else _spoken_of(old):
                concerned.add(other)
                del self._inner(self._speech, other)[node]
            for other, speech in _spoken_of(standing).items():
                concerned.add(other)
                self._inner(self._speech, other)[node] = speech
        return concerned

    def _judge(self, concerned: Set[NodeId]) -> set[NodeId]:
        """Say anew who of these is out and who follows them; gives those that are out now and were not, or the other way."""
        turned = set()
        for node in concerned:
            own, speech = self._standings.get(node), self._speech.get(node, {})
            said = tuple(chain.from_iterable(one.said for one in speech.values()))
            speakers = [self._standings[one] for one in speech]
            why = exclusions(node, own, speakers, said) if said else ()
            if bool(why) is not (node in self._expelled):
                turned.add(node)
            _set(self._expelled, node, why)
            _set(self._followers, node, successors(node, own, said))
        return turned

    # ---- what joins whom ----

    def _relink(self, node: NodeId) -> None:
        own = self._standings.get(node)
        others: set[Vertex] = {*self._links.get(node, {}), *self._doubts.get(node, {})}
        others |= {one for one, speech in self._speech.get(node, {}).items() if speech.claims_pair}
        others |= set() if own is None else own.pairs.keys()
        for other in others:
            if isinstance(other, NodeId):
                self._relink_pair(node, own, other)
        named: dict[IdentityId, list[Named]] = {}
        for one in () if own is None else own.identities:
            named.setdefault(one.identity, []).append(one)
        for other in others | named.keys():
            if isinstance(other, IdentityId):
                verdict = identity_link(node, other, named.get(other, ()), self._proofs.get(node, ()), self._expelled)
                self._join(node, other, verdict if isinstance(verdict, Link) else None)
                self._doubt(node, other, verdict if isinstance(verdict, Doubt) else None)

    def _relink_pair(self, node: NodeId, own: Standing | None, other: NodeId) -> None:
        theirs = self._standings.get(other)
        link = pair_link(own, theirs, self._expelled)
        self._join(node, other, link)
        for one, at, standing in ((own, other, theirs), (theirs, node, own)):
            if one is not None:
                self._doubt(one.node, at, pair_doubt(one, at, standing, self._expelled) if link is None else None)

    def _join(self, node: NodeId, other: Vertex, link: Link | None) -> None:
        known = self._links.get(node, {}).get(other)
        if known == link:
            return
        if known is None or link is None:
            self._rejoined |= {node, other}
        for one, far in ((node, other), (other, node)):
            _set(self._inner(self._links, one), far, link)

    def _doubt(self, node: NodeId, other: Vertex, doubt: Doubt | None) -> None:
        if self._doubts.get(node, {}).get(other) != doubt:
            _set(self._inner(self._doubts, node), other, doubt)

    # ---- who belongs together ----

    def _regroup(self) -> set[Vertex]:
        """Find the gestalts anew of all whose links have come or gone, and so of everyone: what a split leaves over has an end of
        a link that went."""
        left, regrouped = set(self._rejoined), set(self._rejoined)
        while left:
            start = left.pop()
            found, ahead = {start}, [start]
            while ahead:
                for other in self._links.get(ahead.pop(), {}):
                    if other not in found:
                        found.add(other)
                        ahead.append(other)
            left -= found
            regrouped |= found
            gestalt = Gestalt.of(found) if len(found) > 1 else None
            for vertex in found:
                _set(self._gestalts, vertex, gestalt)
        return regrouped

    def _inner(self, outer: dict[K, Mapping[J, V]], key: K) -> dict[J, V]:
        """The mapping under `key`, to be written to: a copy, the first time that this change asks for it."""
        known = outer.get(key, {})
        if id(known) in self._own:
            return cast(dict[J, V], known)
        inner = outer[key] = dict(known)
        self._own.add(id(inner))
        return inner


def _set(mapping: dict[K, V], key: K, value: V | None) -> None:
    """Keep `value` under `key`; nothing at all where there is no value, or an empty one."""
    if value:
        mapping[key] = value
    else:
        mapping.pop(key, None)


def _spoken_of(standing: Standing) -> dict[NodeId, _Speech]:
    """Everyone of whom this chain says something that counts, itself too if its words speak of it."""
    said: dict[NodeId, list[Spoken]] = {node: [] for node in chain(standing.pairs, standing.agreed)}
    for one in standing.expulsions:
        said.setdefault(one.expelled, []).append(one)
    for other in standing.successions:
        said.setdefault(other.predecessor, []).append(other)
    return {node: _Speech(bool(standing.pairs.get(node)), tuple(some)) for node, some in said.items()}
