"""A little world for forks: bob shares infra, alice has cloned it and made a copy of it, and both have gone on."""

from __future__ import annotations

from simulator import World
from tui.stage import write

from pk_tui.terms import SecretPath

THEIRS, OURS = "canary-of-bob", "canary-of-alice"


def at(path: str) -> SecretPath:
    return SecretPath.parse(path)


async def cloned(w: World) -> None:
    bob, alice = w.agents["bob"], w.agents["alice"]
    await bob.vaults.create("infra")
    for path in ("db/one.conf", "gone", "notes", "tls"):
        await write(bob, "infra", path, f"first of {path}\nsame\n".encode())
    await bob.vaults.share("infra", "alice")
    await alice.vaults.clone("infra", "bob")


async def forked(w: World) -> None:
    await cloned(w)
    await w.agents["alice"].vaults.fork("infra", "infra-mine")


async def apart(w: World) -> None:
    """Both have changed two secrets, bob has deleted one that alice changed, and added one."""
    await forked(w)
    bob, alice = w.agents["bob"], w.agents["alice"]
    for path in ("db/one.conf", "tls"):
        await write(bob, "infra", path, f"{THEIRS}\nsame\n".encode())
        await write(alice, "infra-mine", path, f"{OURS}\nsame\n".encode())
    await bob.secrets.remove([("infra", at("gone"))])
    await write(alice, "infra-mine", "gone", OURS.encode())
    await write(bob, "infra", "new", THEIRS.encode())


async def clashing(w: World) -> None:
    """Bob's side was merged: three conflicts wait."""
    await apart(w)
    await w.agents["alice"].vaults.pull("infra-mine")


async def rewritten(w: World) -> None:
    """Bob has forgotten a secret that alice's clone and copy still hold."""
    await forked(w)
    await w.agents["bob"].vaults.forget("infra", at("notes"))
