"""`python -m pk_tui.bootstrap.friend`: the friend's node of a playground, headless, for as long as whoever started it lives.

One JSON line each way. In: where to live (`base`), then who the guest is (`node_id`, `port`), then each `head` of our vault that
the guest has. Out: who we are (`node_id`, `port`), then that the vault is shared (`ready`), or `failed` with a sentence.
When standard input closes, the node ends and the whole playground is removed: it is closed however its other end ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from pathlib import Path

from pk_tui.bootstrap.node import make_node, opened, throw_away_password
from pk_tui.errors import Misuse, PkError
from pk_tui.home import Home
from pk_tui.plaintext import Plaintext
from pk_tui.playground import Friend
from pk_tui.terms import Address, NodeId

PREFIX = "pk-tui-playground-"
"""How a playground's directory begins; nothing that is named otherwise is ever removed."""
LOOPBACK = "127.0.0.1"
Line = dict[str, object]


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return asyncio.run(_live())


async def _live() -> int:
    """One task lives the friend's life; this one listens, and ends that when nobody speaks any more."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    base = playground_at(await _line(reader))
    if base is None:
        return Misuse.exit_code
    lines: asyncio.Queue[Line] = asyncio.Queue()
    try:
        async with asyncio.TaskGroup() as tasks:
            life = tasks.create_task(_be_there(base, lines))
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, life.cancel)
            ears = tasks.create_task(_listen(reader, lines))
            life.add_done_callback(lambda _: ears.cancel())
            ears.add_done_callback(lambda _: life.cancel())
    finally:
        shutil.rmtree(base, ignore_errors=True)
    return 0


def playground_at(line: Line | None) -> Path | None:
    """The playground's directory; None if what was named is not one of ours."""
    path = Path(str((line or {}).get("base")))
    try:
        is_ours = path.is_absolute() and not path.is_symlink() and path.stat().st_uid == os.getuid()
    except OSError:
        return None
    return path if is_ours and path.is_dir() and path.name.startswith(PREFIX) else None


async def _line(reader: asyncio.StreamReader) -> Line | None:
    """The next line; None at the end."""
    raw = await reader.readline()
    if not raw.endswith(b"\n"):
        return None
    line = json.loads(raw)
    return line if isinstance(line, dict) else None


async def _listen(reader: asyncio.StreamReader, lines: asyncio.Queue[Line]) -> None:
    while (line := await _line(reader)) is not None:
        lines.put_nowait(line)


async def _be_there(base: Path, lines: asyncio.Queue[Line]) -> None:
    try:
        home = Home(base / "friend")
        made = await make_node(home, Plaintext.of_text(throw_away_password()))
        async with opened(home, Address(LOOPBACK, 0), stays=True) as agent:
            await agent.unlock(made.root)
            friend = Friend(agent)
            await friend.prepare()
            listening = (await agent.lifecycle.status()).listening
            assert listening is not None
            _say({"node_id": str(made.node_id), "port": listening.port})
            guest = await lines.get()
            address = Address(LOOPBACK, int(str(guest["port"])))
            await friend.meet(NodeId.parse(str(guest["node_id"])), address)
            _say({"ready": True})
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(friend.play())
                while True:
                    await friend.told(str((await lines.get()).get("head")))
    except PkError as error:
        _say({"failed": error.message})


def _say(line: Line) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
