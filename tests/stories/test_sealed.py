"""Nothing readable at rest, on the wire or in temporary places: 200 known secrets stored, edited, deleted and shared."""

from __future__ import annotations

import asyncio
import base64
import os
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from stories.harness import PASSWORD, Node, introduce

Make = Callable[[str], Node]
COUNT = 200


def forms(text: bytes) -> list[bytes]:
    """A marker as it might lie around: raw, hex, base64 at each of the three alignments, UTF-16."""
    found = [text, text.hex().encode(), text.hex().upper().encode(), text.decode().encode("utf-16-le")]
    for shift in range(3):
        # The first and last group depend on the neighbours; what is between them does not.
        encoded = base64.b64encode(b"\0" * shift + text)
        found.append(encoded[4 if shift else 0 : len(encoded) - 4])
    return found


class Tap:
    """A TCP proxy that keeps every byte that passes."""

    def __init__(self, target: int) -> None:
        self.bytes = bytearray()
        self.port = 0
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(60)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:  # the node behind it has stopped
            writer.close()
            return
        await asyncio.gather(self._pump(reader, there_writer), self._pump(there_reader, writer), return_exceptions=True)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            self.bytes += piece
            writer.write(piece)
            await writer.drain()
        writer.close()


@contextmanager
def temporary_files_noted() -> Iterator[set[Path]]:
    """The files below the temporary directory that appear while the block runs (checked at its end)."""
    top = Path(tempfile.gettempdir())
    before = set(top.iterdir())
    new: set[Path] = set()
    yield new
    new |= set(top.iterdir()) - before


def files_below(directory: Path) -> Iterator[tuple[Path, bytes]]:
    for path in directory.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield path, path.read_bytes()


def test_no_secret_value_path_name_message_password_or_word_is_readable_anywhere(make_node: Make, base: Path) -> None:
    alice, bob = make_node("alice").bootstrap().start(), make_node("bob").bootstrap().start()
    taps = Tap(alice.port), Tap(bob.port)
    introduce(alice, bob, (taps[0].port, taps[1].port))
    marker = os.urandom(6).hex()
    values = [f"value-{marker}-{number:04d}-{os.urandom(12).hex()}" for number in range(COUNT)]
    paths = [f"dir-{marker}-{number % 7}/path-{marker}-{number:04d}" for number in range(COUNT)]
    vault, pet, message = f"vault-{marker}", f"pet-{marker}", f"message-{marker} to bob"

    with temporary_files_noted() as appeared:
        source = base / "import"
        for path, value in zip(paths, values, strict=True):
            file = source / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(value)
        alice.json("vaults", "create", vault)
        alice.json("vaults", "import", vault, str(source))
        for path in source.rglob("*"):
            if path.is_file():
                path.unlink()
        alice.json("nodes", "name", bob.node_id, pet)
        alice.json("notifications", "send", pet, message)
        alice.json("vaults", "share", vault, bob.node_id)
        bob.json("vaults", "clone", vault, alice.node_id)
        for number in range(5):
            alice.write(f"{vault}:{paths[number]}", f"edited-{values[number]}".encode())
        alice.json("secrets", "rm", *(f"{vault}:{path}" for path in paths[10:20]))
        bob.json("vaults", "pull", vault)
        assert bob.cat(f"{vault}:{paths[0]}") == f"edited-{values[0]}".encode()
        alice.stop()
        bob.kill()  # what a crash leaves behind is searched too

    everywhere: list[tuple[str, bytes]] = [(str(path), content) for path, content in files_below(base)]
    for path in appeared - {base}:
        if path.is_file():
            everywhere.append((str(path), path.read_bytes()))
        elif path.is_dir():
            everywhere += [(str(file), content) for file, content in files_below(path)]
    wire = bytes(taps[0].bytes + taps[1].bytes)
    everywhere.append(("the wire", wire))
    assert len(wire) > COUNT * 30

    needles = [text.encode() for text in [*values, *paths, vault, pet, message, PASSWORD, marker]]
    for node in (alice, bob):
        words = node.words.split()
        needles += [" ".join(words[at : at + 3]).encode() for at in range(len(words) - 2)]
    for where, content in everywhere:
        for needle in needles:
            for form in forms(needle):
                assert form not in content, f"readable in {where}"


def test_deleting_a_vault_removes_its_key_for_good(make_node: Make) -> None:
    alice = make_node("alice").bootstrap().start()
    alice.json("vaults", "create", "doomed")
    alice.write("doomed:a", b"x")
    before = alice.path / "node.db"
    alice.stop()
    import sqlite3

    with sqlite3.connect(before) as database:
        wrapped = [bytes(row[0]) for row in database.execute("select wrapped from vault_key")]
    assert wrapped
    alice.start()
    alice.json("vaults", "delete", "doomed")
    alice.stop()
    for path, content in files_below(alice.path):
        for key in wrapped:
            assert key not in content, path


def test_the_directory_is_private_under_any_umask(make_node: Make) -> None:
    before = os.umask(0)
    try:
        node = make_node("alice").bootstrap().start()
        node.json("vaults", "create", "work")
        assert stat.S_IMODE(node.path.stat().st_mode) == 0o700
        modes = {path.name: stat.S_IMODE(path.lstat().st_mode) for path in node.path.rglob("*") if not path.is_dir()}
    finally:
        os.umask(before)
    assert modes
    assert set(modes.values()) == {0o600}, modes
