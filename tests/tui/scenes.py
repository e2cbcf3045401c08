"""The panes and screens: before the node is open, full, empty, failed, attached, without colours, in the light theme."""

from __future__ import annotations

import asyncio

from simulator import World
from tui import fork_scenes, item_scenes, trust_scenes  # noqa: F401 - they enter their acts
from tui.acts import act, to_work
from tui.neighbours import Moment, alone, neighbourhood
from tui.posed import Posed, posed

from pk_tui.api.front import Beginning
from pk_tui.errors import RolledBack
from pk_tui.tui.settings import Settings

# Before the node is open


@act(lambda size: posed(size, Beginning.NO_NODE, alone))
async def first_run(s: Posed) -> None:
    await s.picture("first-run")
    await s.keys("1")
    await s.picture("new-node")
    await s.type("maple canoe")
    await s.settle()
    await s.picture("new-node-weak")
    await s.type(" lantern tuesday")
    await s.keys("enter")
    await s.type("maple canoe lantern")
    await s.keys("enter")
    await s.picture("new-node-refused")
    await s.type(" tuesday")
    await s.keys("enter")
    await s.picture("words")
    await s.keys("enter")
    words = s.front.words.reveal().decode().split()
    for position in s.screen._positions[:2]:  # type: ignore[attr-defined]
        await s.type(words[position - 1])
        await s.press("enter")
    await s.picture("words-asked")
    await s.keys("ctrl+k")
    await s.picture("words-skip")


@act(lambda size: posed(size, Beginning.NO_NODE, alone))
async def playground(s: Posed) -> None:
    s.front.hold = asyncio.Event()
    await s.press("2")
    await s.settle(3)
    await s.picture("playground-opening")


@act(lambda size: posed(size, Beginning.LOCKED, alone))
async def locked(s: Posed) -> None:
    await s.picture("lock")
    for _ in range(3):
        await s.type("not this one")
        await s.keys("enter")
        await s.settle(4)
    await s.type("nor this")
    await s.keys("enter")
    await s.picture("lock-wrong")
    await s.settle(10)
    older = "The database of this node is older than its witness says it should be. Nothing was changed."
    s.front.fails["open"] = [RolledBack(older)]
    await s.type("right")
    await s.keys("enter")
    await s.picture("lock-older-copy")


@act(sizes=("tiny",))
async def too_small(s: Posed) -> None:
    await s.picture("too-small")


# Vaults


@act()
async def vaults(s: Posed) -> None:
    await to_work(s)
    await s.picture("vaults")
    await s.keys("down", "down", "down", "right", "down", "down")
    await s.picture("vaults-secret")
    await s.keys("space")
    await s.settle(2)
    await s.picture("vaults-revealed")
    await s.keys("escape", "i")
    await s.picture("vaults-details")
    await s.keys("i", "left")
    await s.picture("vaults-directory")
    await s.keys("home", "e")
    await s.picture("vaults-read-only")
    await s.keys("escape")
    await s.keys("slash")
    await s.type("prod")
    await s.settle()
    await s.picture("vaults-filtered")
    await s.type("uct")
    await s.settle()
    await s.picture("vaults-filtered-away")


@act()
async def copying(s: Posed) -> None:
    await to_work(s, "down", "down", "down", "right", "down", "down", "c")
    await s.picture("vaults-copied")
    await s.settle(8)
    await s.picture("vaults-copied-counting")


@act()
async def history(s: Posed) -> None:
    await to_work(s, "H", "down", "down")
    await s.picture("history")
    await s.keys("m", "home")
    await s.picture("history-marked")
    await s.keys("d")
    await s.picture("history-compare")
    await s.keys("space")
    await s.picture("history-compare-revealed")
    await s.keys("escape", "down", "down", "enter")
    await s.picture("history-version")
    await s.keys("down", "down", "enter", "down", "space")
    await s.picture("history-version-revealed")
    await s.keys("r")
    await s.picture("history-restore")
    await s.keys("y")
    await s.picture("vaults-restored")
    await s.keys("z")
    await s.picture("vaults-undone")
    await s.keys("home", "H", "down", "r")
    await s.picture("history-read-only")


@act(lambda size: posed(size, prepare=alone))
async def empty(s: Posed) -> None:
    await s.picture("vaults-empty")
    await s.keys("2")
    await s.picture("nodes-empty")
    await s.keys("3")
    await s.picture("gestalt-empty")
    await s.keys("4")
    await s.picture("inbox-empty")
    await s.keys("right_square_bracket")
    await s.picture("outbox-empty")
    await s.keys("right_square_bracket")
    await s.picture("requests-empty")


async def damaged(w: World, clock: Moment) -> None:
    """As the neighbourhood, but for a page that the disk lost."""
    await neighbourhood(w, clock)
    store = w._stores["alice"]
    lost = store.vaults.get((await w.agents["alice"].vaults.get("personal")).vault_id)
    await w.stop("alice")
    store._db.execute("DELETE FROM findex WHERE vault_id = ?", (lost.row,))
    await w.start("alice")


@act(lambda size: posed(size, prepare=damaged))
async def damage(s: Posed) -> None:
    await s.keys("home", "down")
    await s.picture("vaults-damaged")


# Nodes and gestalts


@act()
async def nodes(s: Posed) -> None:
    s.pose_trips()
    await s.keys("2")
    await s.picture("nodes")
    await s.keys("down")
    await s.picture("nodes-unknown")
    await s.keys("a")
    await s.picture("add-node")
    await s.put("1314x", "#port")
    await s.picture("add-node-wrong")
    await s.put("1315", "#port")
    await s.put("mallory", "#name")
    await s.keys("ctrl+s")
    await s.picture("add-node-failed")
    await s.keys("escape", "down")
    await s.picture("nodes-failed")
    await s.keys("p")
    await s.picture("checks")
    await s.keys("escape", "down", "t")
    await s.picture("trust")
    await s.keys("escape", "m")
    await s.picture("message")
    await s.keys("escape", "home", "u")
    await s.picture("untrust")
    await s.keys("escape", "S")
    await s.picture("scan")
    await s.keys("escape", "enter")
    await s.picture("nodes-details")
    await s.keys("escape", "space")
    await s.picture("nodes-paused")


@act()
async def gestalt(s: Posed) -> None:
    await s.keys("3")
    await s.picture("gestalt-me")
    await s.keys("down", "down")
    await s.picture("gestalt")
    await s.keys("down", "down")
    await s.picture("gestalt-shared")
    await s.keys("up", "up", "p")
    await s.press("down", "space")
    await s.picture("permissions")


# Notifications


@act()
async def notifications(s: Posed) -> None:
    await s.keys("4")
    await s.picture("inbox")
    await s.keys("down")
    await s.picture("inbox-share")
    await s.keys("a")
    await s.picture("clone")
    await s.keys("escape", "x")
    await s.picture("decline")
    await s.keys("escape", "right_square_bracket")
    await s.picture("outbox")
    await s.keys("right_square_bracket")
    await s.picture("requests")
    await s.keys("a")
    await s.picture("accept")


# The whole


@act(lambda size: posed(size, holder=4242))
async def attached(s: Posed) -> None:
    s.app.touched -= 288
    await s.settle(1)
    await s.picture("attached")
    await s.keys("ctrl+l")
    await s.picture("lock-screen")


@act(lambda size: posed(size, playground=True))
async def playing(s: Posed) -> None:
    await s.picture("playground")
    await s.keys("ctrl+l")
    await s.picture("playground-locked")


@act(lambda size: posed(size, environment={"NO_COLOR": "1"}))
async def without_colour(s: Posed) -> None:
    await to_work(s, "down")
    await s.picture("no-colour")
    await s.keys("s")
    await s.picture("no-colour-dialog")


@act(lambda size: posed(size, settings=Settings(theme="pk-light")))
async def light(s: Posed) -> None:
    await to_work(s, "down")
    await s.picture("light")
    await s.keys("4", "down", "a")
    await s.picture("light-dialog")
