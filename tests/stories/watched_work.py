"""Work on plaintext in a process that takes note of every file it opens for writing. Run by `test_no_temporary_files`.

Python's own opens are told by an audit hook; those of SQLite and other libraries are seen in /proc/self/fd, looked at all the
time. Prints a JSON object: the paths, and what was done.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

from pk_tui.agent.agent import Agent
from pk_tui.bootstrap import node as nodes
from pk_tui.bootstrap import restoring
from pk_tui.bootstrap.node import make_node, opened
from pk_tui.bootstrap.restoring import restore_node
from pk_tui.crypto import passphrase
from pk_tui.crypto.passphrase import Cost
from pk_tui.home import Home
from pk_tui.plaintext import Plaintext
from pk_tui.terms import Address, SecretPath

MARKER = b"PLAINTEXT-MARKER-83b1"
PASSWORD = Plaintext.of_text("a password")
LARGE = MARKER * 200_000
P = SecretPath.parse
WRITING = os.O_WRONLY | os.O_RDWR


class Watch:
    def __init__(self) -> None:
        self.paths: set[str] = set()
        self.looks = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        sys.addaudithook(self._hook)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING:
            self.paths.add(os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes) else "a descriptor")
        if event.startswith("tempfile."):
            self.paths.add(event)

    def _look(self) -> None:
        while not self._over.wait(0.001):
            self.looks += 1
            for number in os.listdir("/proc/self/fd"):
                with contextlib.suppress(OSError, ValueError, StopIteration):
                    path = os.readlink(f"/proc/self/fd/{number}")
                    with open(f"/proc/self/fdinfo/{number}") as file:
                        flags = int(next(line for line in file if line.startswith("flags")).split()[1], 8)
                    if path.startswith("/") and flags & WRITING and not path.startswith("/dev/"):
                        self.paths.add(path)


async def bits(value: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(value), 100_000):
        yield value[start : start + 100_000]


async def value_of(agent: Agent, vault: str, path: str) -> bytes:
    return b"".join([part.reveal() async for part in agent.secrets.read(vault, P(path))])


async def work(place: Path, source: Path) -> list[str]:
    done: list[str] = []
    homes = [Home(place / name) for name in ("alice", "bob")]
    roots = [(await make_node(home, PASSWORD)).root for home in homes]
    listen = Address("127.0.0.1", 0)
    async with opened(homes[0], listen, stays=True) as alice, opened(homes[1], listen, stays=True) as bob:
        for agent, root in zip((alice, bob), roots, strict=True):
            await agent.unlock(root)
        await alice.vaults.create("work")
        await alice.vaults.import_from("work", source)
        done.append("import")
        await alice.secrets.write("work", P("large"), bits(LARGE))
        assert await value_of(alice, "work", "large") == LARGE
        done.append("large")
        for here, there in ((alice, bob), (bob, alice)):
            assert there.listening is not None
            await here.nodes.add(there.node_id, there.listening)
            await here.gestalts.trust(str(there.node_id))
        await alice.vaults.share("work", str(bob.node_id))
        await bob.vaults.clone("work", str(alice.node_id))
        assert await value_of(bob, "work", "large") == LARGE
        done.append("clone")
        assert (await alice.lifecycle.check()).ok
        assert (await bob.lifecycle.check(repair=True)).ok
        done.append("check")
        await alice.lifecycle.backup(place / "backup")
        done.append("backup")
        await alice.lifecycle.tidy(new_keys=True)
        done.append("tidy")
    restored = Home(place / "restored")
    assert (await restore_node(restored, place / "backup", PASSWORD, None)).vaults == 1
    done.append("restore")
    return done


def main() -> None:
    place, source = Path(sys.argv[1]), Path(sys.argv[2])
    passphrase.MIN_MEMORY = 8192  # what a password costs is settled elsewhere
    for module in (nodes, restoring):
        module.Cost = lambda: Cost(3, 8192)  # type: ignore[attr-defined, misc, assignment]
    with Watch() as watch:
        if "--badly" in sys.argv:  # shows that the watch sees
            import tempfile

            with tempfile.TemporaryFile() as file:
                file.write(MARKER)
                file.flush()
                threading.Event().wait(0.05)
            done = []
        else:
            done = asyncio.run(work(place, source))
    print(json.dumps({"paths": sorted(watch.paths), "done": done, "looks": watch.looks}))


if __name__ == "__main__":
    main()
