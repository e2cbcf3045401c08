"""The little world that the pictures show: alice's node with its vaults, and who is around it. Nothing in it is anybody's.

Made by real agents that were given a past: `at` sets the clock they all share, and what is done then is that old. Every node
and every vault draws its keys and ids from a stream of its own, so that one more of them leaves the others as they were.
"""

from __future__ import annotations

import asyncio
import zlib
from typing import Any

from simulator import EPOCH, World, eventually
from tui.stage import write

from pk_tui.agent.agent import Agent
from pk_tui.clock import DAY, MINUTE
from pk_tui.crypto import entropy
from pk_tui.terms import Address

CANARY = "saddle-Orbit-42-plum"
"""The beginning of every value in this world; it is on a picture only where a value is shown on purpose."""
HOUR = 60 * MINUTE
HOME = "/home/alice/.local/share/pk-tui"

LISTENING = Address("0.0.0.0", 1314)
BOB, CAROL, DAVE = Address("203.0.113.7", 1314), Address("198.51.100.23", 1314), Address("192.0.2.44", 1314)

WORK = {
    "api/github-token": 40,
    "api/sentry-dsn": 86,
    "api/stripe-key": 107,
    "aws/ci-deploy.env": 214,
    "db/prod-ca.pem": 1_866,
    "db/staging-password": 24,
    "deploy.env": 102,
    "mail/smtp-password": 24,
    "pager-pin": 24,
    "ssh/id_ed25519": 411,
    "ssh/id_ed25519.pub": 98,
    "tls/wildcard.key": 1_704,
    "tls/wildcard.pem": 3_822,
}
"""Paths and their sizes in bytes."""
PERSONAL = {
    "bank/card": 24,
    "bank/online": 32,
    "email/recovery-codes": 180,
    "home/alarm": 24,
    "passport": 27,
    "wifi": 24,
}
INFRA = {
    "ansible/vault-pass": 32,
    "dns/api-token": 40,
    "k8s/admin.kubeconfig": 5_412,
    "k8s/pull-secret.json": 640,
    "monitoring/grafana": 24,
    "registry/push": 36,
    "vpn/ca.key": 1_704,
    "vpn/server.conf": 902,
}
RUNNERS = {"cache-key": 44, "linux/token": 40, "macos/signing.p12": 3_120, "macos/token": 40}
DEPLOY_ENV = f"DATABASE_URL=postgres://app:{CANARY}@db/app\nCACHE_URL=redis://cache:6379/2\nLOG_LEVEL=info\n"


class Moment:
    """A clock that shows one moment until it is set; as a stopwatch it runs with the loop."""

    def __init__(self) -> None:
        self.moment = EPOCH

    def now(self) -> int:
        return self.moment

    def elapsed(self) -> float:
        return asyncio.get_running_loop().time()

    def at(self, ago: int) -> None:
        """Be this long (microseconds) before what the pictures take for now."""
        self.moment = EPOCH - ago


def value(path: str, size: int) -> bytes:
    if path == "deploy.env":
        return DEPLOY_ENV.encode()[:size]
    own = f"{CANARY}-{zlib.crc32(path.encode()) % 1000:03}"  # no two are equal: whoever has seen one has seen the other
    return own.encode().ljust(size, b"x")


async def node(w: World, name: str, address: Address) -> Agent:
    """A new one, which is reached under this address."""
    with entropy.seeded(b"the node " + name.encode()):
        agent = await w.add(name)
    reachable(w, name, address)
    return agent


def reachable(w: World, name: str, address: Address) -> None:
    w.network._listeners[address] = w.network._listeners[Address(name, 1)]


async def alone(w: World, clock: Moment) -> None:
    """Alice on a node that was just made."""
    alice = await node(w, "alice", LISTENING)
    listening: Any = alice._gate.core().peers._listening
    listening.address = LISTENING  # as it is told


async def vault(agent: Agent, clock: Moment, name: str, files: dict[str, int], begun: int) -> None:
    """A vault whose first secrets are `begun` old, the others each some hours younger."""
    clock.at(begun)
    with entropy.seeded(b"the vault " + name.encode()):
        await agent.vaults.create(name)
    for number, (path, size) in enumerate(files.items()):
        clock.at(begun - number * 7 * HOUR)
        await write(agent, name, path, value(path, size))


async def know(w: World, here: str, there: str, address: Address, petname: str) -> None:
    agent = w.agents[here]
    await agent.nodes.add(w.ids[there], address, ping=False)
    await agent.nodes.name(str(w.ids[there]), petname)


async def arrived(agent: Agent, count: int) -> None:
    """Until so many notifications are in its inbox."""

    async def here() -> bool:
        return len(await agent.notifications.inbox(mark_read=False)) == count

    await eventually(here)


async def neighbourhood(w: World, clock: Moment) -> None:
    """Bob's build machine, connected; carol at home, who is offline; dave, whom nobody trusts; and somebody unknown."""
    clock.at(41 * DAY)
    await alone(w, clock)
    bob, carol = await node(w, "bob", BOB), await node(w, "carol", CAROL)
    await node(w, "dave", DAVE)
    alice = w.agents["alice"]
    await _vaults(alice, bob, clock)

    clock.at(12 * DAY)
    for name, address, petname in (("bob", BOB, "bob@build"), ("carol", CAROL, "carol@home")):
        await know(w, "alice", name, address, petname)
        await know(w, name, "alice", LISTENING, "alice")
        await alice.gestalts.trust(petname)
        await w.agents[name].gestalts.trust("alice")
    await bob.vaults.share("infra", "alice")
    await arrived(alice, 1)
    await alice.vaults.clone("infra", "bob@build")
    await alice.vaults.share("work", "bob@build")
    await alice.vaults.share("personal", "carol@home")
    await arrived(carol, 1)
    await bob.vaults.clone("work", "alice")
    clock.at(5 * DAY)
    await write(alice, "work", "db/prod-password", CANARY.encode())
    clock.at(3 * DAY)
    await carol.notifications.send("alice", "The new alarm code works. Thank you!")
    await arrived(alice, 2)
    await alice.notifications.mark_read()
    await _today(w, clock)
    clock.at(0)


async def _vaults(alice: Agent, bob: Agent, clock: Moment) -> None:
    await vault(alice, clock, "personal", PERSONAL, 40 * DAY)
    await vault(alice, clock, "work", WORK, 38 * DAY)
    await vault(bob, clock, "infra", INFRA, 30 * DAY)
    await vault(bob, clock, "ci-runners", RUNNERS, 9 * DAY)
    for days in (36, 21, 13):
        clock.at(days * DAY)
        await write(alice, "work", "db/prod-password", f"{CANARY}-{days}".encode())


async def _today(w: World, clock: Moment) -> None:
    """Carol goes, bob goes on working, everything connects anew, and somebody unknown knocks."""
    alice, bob = w.agents["alice"], w.agents["bob"]
    clock.at(2 * DAY)
    await _alice_dials(w, "carol", "carol@home")
    await w.stop("carol")
    del w.network._listeners[CAROL]
    await asyncio.sleep(1)
    clock.at(26 * HOUR)
    await write(bob, "infra", "dns/api-token", b"a" * 40)
    await write(bob, "infra", "vpn/server.conf", b"b" * 902)
    await know(w, "alice", "dave", DAVE, "dave@phone")
    await alice.nodes.disconnect("dave@phone")

    clock.at(192 * MINUTE)
    await _alice_dials(w, "bob", "bob@build")
    clock.at(50 * MINUTE)
    await bob.vaults.share("ci-runners", "alice")
    await arrived(alice, 3)
    await alice.notifications.send("carol@home", "Could you bring the spare token on Friday?")
    clock.at(12 * MINUTE)
    await bob.notifications.send(
        "alice",
        "I renewed the DNS token. Please pull infra before you deploy.\n\nThe old one stops working on Monday.",
    )
    await arrived(alice, 4)
    clock.at(4 * MINUTE)
    await alice.vaults.share("work", "carol@home")
    await _a_stranger(w)


async def _alice_dials(w: World, name: str, petname: str) -> None:
    """Connect anew, by alice: which of the two is first is not left to chance."""
    await w.agents[name].nodes.disconnect("alice")
    await asyncio.sleep(10)
    await w.agents["alice"].nodes.ping(petname)


async def _a_stranger(w: World) -> None:
    alice = w.agents["alice"]
    stranger = await node(w, "192.0.2.99", Address("192.0.2.99", 1314))
    await stranger.nodes.add(w.ids["alice"], LISTENING)
    await stranger.notifications.send(str(w.ids["alice"]), "Buy this!")

    async def asked() -> bool:
        return bool(await alice.notifications.requests())

    await eventually(asked)
