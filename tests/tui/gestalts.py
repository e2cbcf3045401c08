"""Worlds with people who have several nodes, for tests and pictures: made by real invitations and claims."""

from __future__ import annotations

from simulator import World, eventually

from pk_tui.agent.agent import Agent
from pk_tui.agent.beliefs import Moved
from pk_tui.agent.gestalts import tell
from pk_tui.terms import IdentityId, NodeId
from pk_tui.trust.appending import make_identified
from pk_tui.trust.fork import verify_fork
from pk_tui.trust.identity import make_identity
from pk_tui.trust.sigchain import Chain, extend


async def one_party(w: World, here: str, there: str) -> None:
    """The node `here` claims the node `there`, which has invited it."""
    await w.agents[there].linking.invite(str(w.ids[here]))
    await w.agents[here].linking.claim(str(w.ids[there]))


async def learns(agent: Agent, nodes: int, of: NodeId) -> None:
    """Until this agent takes so many nodes for one party with `of`."""

    async def so_many() -> bool:
        return any(len(one.nodes) == nodes for one in await agent.gestalts.list() if of in one.nodes)

    await eventually(so_many)


async def bobs_phone(w: World, *, shared: bool = True) -> None:
    """Bob has a phone that alice learns of after she has shared `work` with him: it waits to be confirmed."""
    alice = w.agents["alice"]
    if shared:
        await alice.vaults.create("work")
        await alice.vaults.share("work", "bob")
    await w.add("phone")
    await w.introduce("bob", "phone")
    await one_party(w, "bob", "phone")
    await learns(alice, 2, w.ids["bob"])


async def own_server(w: World) -> None:
    """Alice has a server beside the node that she sits at."""
    await w.add("server")
    await w.introduce("alice", "server")
    await one_party(w, "alice", "server")
    await learns(w.agents["alice"], 2, w.ids["server"])


async def fork_of(w: World, name: str) -> None:
    """Alice learns that this node, of which she knows two claims or more, has signed another one in the place of the last."""
    core = w.agents["alice"]._gate.core()
    signing, now = w.agents[name]._gate.core().signing, core.clock.now()
    chain = core.beliefs.chains[w.ids[name]]
    before = Chain(chain.node, chain.claims[:-1], chain.recovery, chain.recoveries, chain.named, frozenset())
    account = make_identity(signing, IdentityId("github", "4711"), "bobk", now)
    other = make_identified(signing, before, account, "gist.github.com/bobk/1", now)
    evidence = verify_fork(chain.claims[-1].raw, other)

    def learn() -> Moved:
        return core.beliefs.take_fork(core.store, evidence, extend(before, other), now)

    tell(core, await core.desk.do(learn))
