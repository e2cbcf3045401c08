"""How chains are named to a peer, and what follows from what it says of them."""

from __future__ import annotations

from agent.linked import acquainted, beliefs, fork_of, forked_by, know, learn, somebody
from hypothesis import given
from hypothesis import strategies as st
from simulator import World, simulate
from trust.chains import Person, agreed

from pk_tui.agent import chain_heads
from pk_tui.agent.chain_heads import chainless, heads_for, is_known, lacking, tag_of, told_to, unknown_members
from pk_tui.terms import NodeId
from pk_tui.trust.claim import ExpelledRecord, IdentifiedRecord, PairedRecord, RetractedRecord
from pk_tui.trust.expulsion import make_expulsion
from pk_tui.trust.sigchain import extend
from pk_tui.wire.trust_messages import KnownBranch, KnownHead

KEYS = st.binary(min_size=32, max_size=32)


@given(node=KEYS, other=KEYS, binding=KEYS, again=KEYS, speaker=KEYS, hearer=KEYS)
def test_a_tag_is_of_one_node_in_one_session_from_one_side(
    node: bytes, other: bytes, binding: bytes, again: bytes, speaker: bytes, hearer: bytes
) -> None:
    tag = tag_of(NodeId(node), binding, NodeId(speaker))
    assert len(tag) == 16
    assert tag == tag_of(NodeId(node), binding, NodeId(speaker))
    assert (tag == tag_of(NodeId(other), binding, NodeId(speaker))) == (node == other)
    assert (tag == tag_of(NodeId(node), again, NodeId(speaker))) == (binding == again)
    assert (tag == tag_of(NodeId(node), binding, NodeId(hearer))) == (speaker == hearer)


def identified(person: Person, account: str) -> IdentifiedRecord:
    return IdentifiedRecord(person.identity(account), "")


def test_to_a_contact_everything_is_named_that_is_known_and_to_others_nothing() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await acquainted(w, "alice", "bob")
        core = alice._gate.core()
        (link,) = core.peers.live()
        vic, zoe = somebody(), somebody()
        learn(alice, vic.chain())
        await know(alice, "zoe", zoe)
        assert chainless(core) == [zoe.node]
        said = dict(heads_for(core, link, None))
        assert set(said) == {w.ids["alice"], w.ids["bob"], vic.node, zoe.node}
        assert len({head.tag for head in said.values()}) == 4
        chain = vic.chain()
        assert said[vic.node] == KnownHead(
            tag_of(vic.node, link.binding, core.node_id), 1, chain.head.digest.raw, False, None
        )
        assert said[zoe.node] == KnownHead(tag_of(zoe.node, link.binding, core.node_id), 0, bytes(32), False, None)
        assert heads_for(core, link, [vic.node]) == [(vic.node, said[vic.node])]
        assert told_to(core, link, vic.node) == beliefs(alice).chains[vic.node]
        assert told_to(core, link, zoe.node) is None
        link.peer = NodeId(b"s" * 32)  # as if a stranger were there
        assert not is_known(core, link.peer)
        assert heads_for(core, link, None) == []
        assert heads_for(core, link, [vic.node]) == []
        assert told_to(core, link, vic.node) is None

    simulate(scenario)


def test_what_is_lacking_is_asked_for_from_where_it_may_differ() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        core = alice._gate.core()
        fay = somebody()
        one, other = forked_by(fay, [identified(fay, "0")], [identified(fay, "1")], [identified(fay, "2")])
        longer = extend(other, fay.after(other, identified(fay, "3")))

        def head(length: int, last: bytes, forked: bool = False, branch: KnownBranch | None = None) -> KnownHead:
            return KnownHead(b"t" * 16, length, last, forked, branch)

        ends = [claim.id.raw for claim in one.claims]
        foreign = b"f" * 32
        assert lacking(core, (), fay.node, None) == (0, False)
        assert lacking(core, (), fay.node, head(0, bytes(32))) == (None, False)
        assert lacking(core, (), fay.node, head(3, ends[2])) == (0, False)
        assert lacking(core, (), fay.node, head(3, ends[2], forked=True)) == (0, False), (
            "first the chain, then its fork"
        )
        learn(alice, one)
        assert lacking(core, (), fay.node, None) == (None, False)
        assert lacking(core, (), fay.node, head(0, bytes(32), forked=True)) == (None, False)
        for length in (1, 2, 3):
            assert lacking(core, (), fay.node, head(length, ends[length - 1])) == (None, False)
            assert lacking(core, (), fay.node, head(length, foreign)) == (0, False)
        assert lacking(core, (), fay.node, head(2, ends[2])) == (0, False)
        assert lacking(core, (), fay.node, head(5, foreign)) == (3, False)
        assert lacking(core, {foreign}, fay.node, head(5, foreign)) == (None, False)
        assert lacking(core, (), fay.node, head(3, ends[2], forked=True)) == (None, True)
        core.beliefs.take_fork(core.store, fork_of(one, other), None, 1)
        assert lacking(core, (), fay.node, head(3, ends[2], forked=True)) == (None, False)
        branch = KnownBranch(3, other.head.digest.raw)
        assert lacking(core, (), fay.node, head(3, ends[2], True, branch)) == (None, True)
        core.beliefs.take_fork(core.store, fork_of(one, other), other, 1)
        assert lacking(core, (), fay.node, head(3, ends[2], True, branch)) == (None, False)
        assert lacking(core, (), fay.node, head(3, other.head.digest.raw, True, KnownBranch(3, ends[2]))) == (
            None,
            False,
        )
        grown = KnownBranch(4, longer.head.digest.raw)
        assert lacking(core, (), fay.node, head(3, ends[2], True, grown)) == (None, True)
        assert lacking(core, {grown.last}, fay.node, head(3, ends[2], True, grown)) == (None, False)
        assert lacking(core, (), fay.node, head(4, grown.last, True, KnownBranch(3, ends[2]))) == (0, False)

    simulate(scenario)


def test_the_chains_of_who_belongs_to_a_node_are_asked_for_up_to_a_limit(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        core = alice._gate.core()
        fay, friends = somebody(), [somebody() for _ in range(4)]
        pairs = [PairedRecord(agreed(fay, friend)) for friend in friends]
        assert unknown_members(core, fay.node) == []
        learn(alice, fay.chain(*pairs))
        assert set(unknown_members(core, fay.node)) == {friend.node for friend in friends}
        learn(alice, friends[0].chain(pairs[0]))
        chain = core.beliefs.chains[fay.node]
        learn(alice, extend(chain, fay.after(chain, RetractedRecord(2))))  # whose words speak of it all the same
        assert set(unknown_members(core, fay.node)) == {friend.node for friend in friends[1:]}
        assert set(chainless(core)) == {friend.node for friend in friends[1:]}
        monkeypatch.setattr(chain_heads, "MAX_MEMBERS", 4)
        assert len(unknown_members(core, fay.node)) == 2
        monkeypatch.setattr(chain_heads, "MAX_MEMBERS", 2)
        assert unknown_members(core, fay.node) == []
        monkeypatch.setattr(chain_heads, "MAX_MEMBERS", 100)
        monkeypatch.setattr(chain_heads, "MAX_CHAINS", len(core.beliefs.chains) + 1)
        assert len(unknown_members(core, fay.node)) == 1
        monkeypatch.setattr(chain_heads, "MAX_CHAINS", len(core.beliefs.chains))
        assert unknown_members(core, fay.node) == []
        monkeypatch.undo()
        chain = core.beliefs.chains[friends[0].node]
        expelled = ExpelledRecord(make_expulsion(friends[0].words, fay.node, 1))
        learn(alice, extend(chain, friends[0].after(chain, expelled)))
        assert fay.node in core.beliefs.graph.expelled
        assert unknown_members(core, fay.node) == []

    simulate(scenario)
