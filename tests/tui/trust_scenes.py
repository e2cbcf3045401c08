"""People with several nodes: what waits to be confirmed, what belongs to oneself, chains, a fork, a lost device, the audit."""

from __future__ import annotations

from simulator import World
from tui.acts import act
from tui.gestalts import fork_of, learns, one_party
from tui.neighbours import BOB, LISTENING, Moment, know, neighbourhood, node
from tui.posed import Posed, posed

from pk_tui.clock import MINUTE
from pk_tui.terms import Address
from pk_tui.tui.widgets.password_field import PasswordField

PHONE, DESK = Address("203.0.113.8", 1314), Address("192.0.2.7", 1314)


async def several(w: World, clock: Moment) -> None:
    """The neighbourhood, where bob has linked his phone with his build machine, and alice her desk with the node she sits at."""
    await desk_and_phone(w, clock)
    await one_party(w, "alice", "desk")
    await learns(w.agents["alice"], 2, w.ids["desk"])
    clock.at(0)


async def desk_and_phone(w: World, clock: Moment) -> None:
    """As that, but for what alice has linked."""
    await neighbourhood(w, clock)
    alice = w.agents["alice"]
    clock.at(3 * MINUTE)
    for name, address, petname, owner in (("phone", PHONE, "bob@phone", "bob"), ("desk", DESK, "desk", "alice")):
        await node(w, name, address)
        await know(w, owner, name, address, petname)
        await know(w, name, owner, BOB if owner == "bob" else LISTENING, owner)
        await w.agents[owner].gestalts.trust(petname)
        await w.agents[name].gestalts.trust(owner)
    clock.at(2 * MINUTE)
    await one_party(w, "bob", "phone")
    await learns(alice, 2, w.ids["bob"])


async def forked(w: World, clock: Moment) -> None:
    await several(w, clock)
    clock.at(MINUTE)
    await fork_of(w, "bob")
    clock.at(0)


@act(lambda size: posed(size, prepare=several))
async def people(s: Posed) -> None:
    await s.keys("3")
    await s.picture("gestalt-own-nodes")
    await s.keys("down", "down")
    await s.picture("gestalt-own-node")
    await s.keys("X")
    await s.picture("unclaim")
    await s.keys("escape", "E")
    await s.picture("expel")
    s.screen.query_one(PasswordField).put(s.world.typed["bob"])
    await s.keys("ctrl+s")
    await s.picture("expel-refused")
    await s.keys("escape", "down")
    await s.picture("gestalt-waits")
    await s.keys("down", "down")
    await s.picture("gestalt-waiting-node")
    await s.keys("A")
    await s.picture("confirm-node")
    await s.keys("escape", "x")
    await s.picture("reject-node")
    await s.keys("y")
    await s.picture("gestalt-rejected")
    await s.keys("H")
    await s.picture("sigchain")
    await s.keys("escape", "f3")
    await s.picture("audit")


async def unlinked(w: World, clock: Moment) -> None:
    await desk_and_phone(w, clock)
    clock.at(0)


@act(lambda size: posed(size, prepare=unlinked))
async def claiming(s: Posed) -> None:
    await s.keys("3", "slash")
    await s.type("desk")
    await s.keys("enter", "home", "I")
    await s.picture("invite-node")
    await s.keys("escape", "C", "y")
    await s.settle(2)
    await s.picture("claim-refused")
    await s.world.agents["desk"].linking.invite(str(s.world.ids["alice"]))
    await s.settle(1)
    await s.keys("escape", "4", "home")
    await s.picture("inbox-invite")
    await s.keys("a")
    await s.picture("claim-node")
    await s.keys("y")
    await s.settle(2)
    await s.picture("inbox-claimed")


@act(lambda size: posed(size, prepare=forked))
async def two_histories(s: Posed) -> None:
    await s.keys("3", "down", "down", "down")
    await s.picture("gestalt-forked")
    await s.keys("exclamation_mark")
    await s.picture("node-fork")
