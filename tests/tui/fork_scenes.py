"""Copies of what others share that one can write in: made, brought up to date; and what is forgotten for good."""

from __future__ import annotations

from simulator import World
from tui.acts import act, to_work
from tui.neighbours import CANARY, Moment, neighbourhood
from tui.posed import Posed, posed
from tui.stage import write

from pk_tui.clock import MINUTE
from pk_tui.crypto import entropy
from pk_tui.terms import SecretPath


async def drifted(w: World, clock: Moment) -> None:
    """As the neighbourhood, but alice has a copy of infra to write in, and both sides have changed things since."""
    await neighbourhood(w, clock)
    alice, bob = w.agents["alice"], w.agents["bob"]
    with entropy.seeded(b"the fork"):
        await alice.vaults.fork("infra", "infra-mine")
    clock.at(90 * MINUTE)
    for path in ("dns/api-token", "monitoring/grafana", "vpn/server.conf"):
        await write(alice, "infra-mine", path, f"{CANARY}-here\nLOG_LEVEL=info\n".encode())
    clock.at(40 * MINUTE)
    for path in ("dns/api-token", "registry/pull", "vpn/server.conf"):
        await write(bob, "infra", path, f"{CANARY}-there\nLOG_LEVEL=info\n".encode())
    await bob.secrets.remove([("infra", SecretPath.parse("monitoring/grafana"))])
    clock.at(0)


@act(lambda size: posed(size, prepare=drifted))
async def merging(s: Posed) -> None:
    await s.keys("home", "W")
    await s.picture("fork")
    await s.keys("escape", "down", "p")
    await s.settle(2)
    await s.picture("vaults-conflicts")
    await s.keys("exclamation_mark")
    await s.picture("conflicts")
    await s.keys("space")
    await s.picture("conflicts-compare")
    await s.keys("down", "T")
    await s.picture("conflicts-all")
    await s.keys("escape", "o", "B", "y")
    await s.settle(1)
    await s.picture("vaults-decided")


async def rewritten(w: World, clock: Moment) -> None:
    """As the neighbourhood, but bob has forgotten a secret that alice's clone still holds."""
    await neighbourhood(w, clock)
    clock.at(20 * MINUTE)
    await w.agents["bob"].vaults.forget("infra", SecretPath.parse("monitoring/grafana"))
    clock.at(0)


@act(lambda size: posed(size, prepare=rewritten))
async def forgetting(s: Posed) -> None:
    await s.keys("home", "p")
    await s.settle(2)
    await s.picture("pull-rewritten")
    await s.keys("escape")
    await to_work(s, "down", "down", "down", "right", "down", "down", "ctrl+x")
    await s.picture("forget")
