"""What is laid over the panes: the dialogs of vaults and secrets, of sharing, and those that are open to all panes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from importers.kdbx_files import PASSWORD, entry, file_with, kdbx4
from textual.content import Content
from tui.acts import act, to_work
from tui.neighbours import CANARY
from tui.posed import Posed, posed
from tui.scenes import damaged

from pk_tui.api.views import Progress
from pk_tui.tui.text import sentence

# What is done with secrets and vaults


@act()
async def editing(s: Posed) -> None:
    await to_work(s, "down", "down", "down", "right", "down", "down")
    await s.keys("n", "enter")
    await s.type("replica-password")
    await s.press("tab")
    await s.type(f"{CANARY}-7")
    await s.picture("new-secret")
    await s.keys("escape")
    await s.picture("new-secret-leave")
    await s.keys("y", "escape", "r")
    await s.put("prod/password", "#line")
    await s.picture("rename-refused")
    await s.keys("escape", "m")
    await s.put("personal:db/", "#line")
    await s.picture("move")
    await s.keys("escape", "d")
    await s.picture("delete")
    await s.keys("escape", "left", "left", "left", "d")
    await s.type("wor")
    await s.picture("delete-vault")
    await s.keys("escape", "N")
    await s.picture("new-vault")
    await s.keys("escape", *["down"] * 7, "e")
    await s.picture("edit-secret")


OLD = (
    entry("Mail", UserName="alice", Password=CANARY)
    + entry("Bank", UserName="alice", Password=CANARY, URL="https://bank.example", Notes=CANARY)
    + "<Group><Name>Servers</Name>"
    + entry("db.example", UserName="root", Password=CANARY)
    + entry("", UserName="backup", Password=CANARY)
    + "</Group>"
)


@act()
async def importing(s: Posed) -> None:
    with TemporaryDirectory() as home, patch.dict(os.environ, {"HOME": home}):
        for name in ("db/staging-password", "letsencrypt/live.key", "pager-pin", "vpn/office.conf", "tokens.txt"):
            file = Path(home) / "old-secrets" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{CANARY}\n" * 40)
        (Path(home) / "old-secrets" / "current.pem").symlink_to("letsencrypt/live.pem")
        (Path(home) / "old-secrets" / "notes\n.txt").write_text(CANARY)
        (Path(home) / "old-secrets.kdbx").write_bytes(kdbx4(file_with(OLD)))
        await to_work(s, "I")
        await s.type("old")
        await s.keys("tab")
        await s.keys("tab")
        await s.picture("import")
        await s.put("/srv/not-here", "#path")
        await s.keys("enter")
        await s.picture("import-wrong")
        await s.put("~/old-secrets.kdbx", "#path")
        await s.keys("enter")
        await s.settle(1)
        await s.type(PASSWORD.decode())
        await s.picture("import-sealed")
        await s.keys("enter")
        await s.settle(2)
        await s.picture("import-keepass")
        await s.put("~/old-secrets", "#path")
        await s.keys("enter")
        await s.settle(1)
        await s.picture("import-preview")
        await s.keys("ctrl+s")
        await s.settle(1)
        await s.picture("import-done")


@act()
async def exporting(s: Posed) -> None:
    with TemporaryDirectory() as home, patch.dict(os.environ, {"HOME": home}):
        await to_work(s, "X")
        await s.picture("export")
        await s.put("/usr", "#path")
        await s.keys("ctrl+s")
        await s.settle(1)
        await s.picture("export-refused")
        await s.put("~/for-git", "#path")
        await s.keys("enter", "right")
        await s.picture("export-git")
        await s.keys("ctrl+s")
        await s.settle(1)
        await s.picture("export-done")


@act()
async def caring(s: Posed) -> None:
    with TemporaryDirectory() as home, patch.dict(os.environ, {"HOME": home}):
        await to_work(s, "K")
        await s.picture("care")
        await s.keys("enter")
        await s.settle(1)
        await s.picture("care-checked")
        await s.keys("b")
        await s.picture("care-backup")
        await s.keys("enter")
        await s.see("Backed up 3 vaults", "recovery")
        await s.settle(1)
        await s.picture("care-backed-up")


@act(lambda size: posed(size, prepare=damaged))
async def finding_damage(s: Posed) -> None:
    await to_work(s, "K", "c")
    await s.settle(1)
    await s.picture("care-problems")


@act()
async def sharing(s: Posed) -> None:
    await to_work(s, "s")
    await s.picture("share")
    await s.type("car")
    await s.keys("enter", "right")
    await s.picture("share-picked")
    await s.keys("escape", "home", "down", "U")
    await s.picture("unshare")
    await s.keys("escape", "end", "U")
    await s.picture("unshare-whose")
    await s.keys("enter")
    await s.keys("y")
    await s.picture("unshare-exposed")


# Everywhere


@act()
async def everywhere(s: Posed) -> None:
    await to_work(s, "down")
    await s.keys("question_mark")
    await s.picture("help")
    await s.keys("escape", "ctrl+f")
    await s.type("prd")
    await s.picture("find")
    await s.keys("escape", "ctrl+p")
    await s.type("sha")
    await s.picture("palette")
    await s.keys("escape", "f2")
    await s.picture("settings")
    await s.keys("escape", "q")
    await s.picture("quit")
    await s.keys("escape")
    assert s.app.session is not None
    s.app.session.transfers.start(sentence("Cloning $name from $who", name="ci-runners", who="bob@build"), half_way)
    await s.settle(1)
    await s.picture("transfer")


async def half_way(step: Callable[[Progress], None]) -> Content:
    step(Progress("Cloning", objects=4_310, objects_total=10_000, bytes=2_900_000, bytes_total=7_100_000))
    await asyncio.Event().wait()
    raise AssertionError("it never ends")
