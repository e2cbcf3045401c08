"""Text from outside steers no terminal: whatever names and messages others choose, what is printed is text, and only text.

Commands run on a real terminal (a pty), so that colours and progress lines are drawn. The other side is a real agent in this
process whose vaults have names that no honest one could give them, and a liar that answers in words of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import unicodedata
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from new_node import new_node
from stories.harness import Node

from pk_tui.agent.agent import Agent
from pk_tui.agent.desk import InlineDesk
from pk_tui.clock import SystemClock
from pk_tui.crypto.keys import SigningKey
from pk_tui.crypto.seal import SealKey
from pk_tui.errors import PkError
from pk_tui.net.link import Link, Stream
from pk_tui.net.pipe import Pipe
from pk_tui.net.websocket import WebSocketTransport
from pk_tui.records import replace
from pk_tui.safe_text import is_safe_character, safe_text
from pk_tui.store.database import Database
from pk_tui.store.witness import MemoryWitness
from pk_tui.terms import Address, SecretPath, VaultId, vault_name
from pk_tui.wire.handshake import Role
from pk_tui.wire.messages import Failure, Scan, decode_message, encode_message

T = TypeVar("T")
pytestmark = pytest.mark.timeout(120)

HOSTILE = [
    "[/x]",
    "[@click=app.quit]press[/]",
    "[link=https://example.org]x",
    "ends in a backslash\\",
    "\x1b[2J\x1b[H",
    "\x1b[31mred",
    "\x1b[0m\x1b[1mbold",
    "\x1b[6n",
    "\x1b[?1049l",
    "\x1b[200~pasted",
    "\x1b]0;a title\x07",
    "\x1b]52;c;aGFja2Vk\x07",
    "\x1b]8;;https://example.org\x1b\\link",
    "\x1b]1337;File=:AAAA\x07",
    "\x1bP+q544e\x1b\\",
    "\x1b_Gi=1;AAAA\x1b\\",
    "\x1b]2;without an end",
    "\x9b2J",
    "\x9d0;a title\x9c",
    "\x90q\x9c",
    "bell\x07",
    "back\x08\x08\x08\x08",
    "over\rwritten",
    "two\nlines",
    "a\ttab\x0b\x0c",
    "deleted\x7f",
    "\x00zero",
    "shift\x0eout",
    "\u202eright to left",
    "\u2066isolated\u2069",
    "zero\u200bwidth\u200d\ufeff",
    "line\u2028and\u2029paragraph",
    "tags\U000e0041\U000e0042",
    "variation\ufe0f\U000e0100",
    "filler\u3164\u115f\u2800",
    "private\ue000",
    "no character\ufffe\U0010ffff",
    "zalgo" + "\u0301" * 60,
    "soft\u00adhyphen",
    "x" * 255,
]
"""Each can be the name of a vault on the wire. Lone surrogates cannot: they are no text that msgpack carries."""
NO_UTF8 = [b"\xff\xfe\x9b2J", b"\xed\xa0\x80\xc0\xaf"]
ON_A_COMMAND_LINE = [*(os.fsencode(text) for text in HOSTILE if "\0" not in text), *NO_UTF8]
"""What a script may pass on, and what a file may be called."""
HERE = b"\1"
"""Where a hostile text is put into a command."""
OWN = re.compile("\x1b\\[(?:1|31|0)m|\r\x1b\\[K")
"""The program's own: bold headings, red errors, and the line of progress that is drawn anew."""


def is_text(raw: bytes) -> str:
    """What a terminal shows of it; AssertionError if anything in it steers one."""
    text = OWN.sub("", raw.decode()).replace("\r\n", "\n")
    bad = sorted({character for character in text if character not in "\n\t" and not is_safe_character(character)})
    assert not bad, (bad, text)
    return text


def on_a_terminal(node: Node, *arguments: str | bytes) -> tuple[int, str, bytes]:
    """Run a command whose output goes to a pty; its exit code, the text shown, and the bytes."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PK_") and key != "NO_COLOR"}
    child = subprocess.Popen(
        [sys.executable, "-m", "pk_tui", "--node-path", str(node.path), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
        env={**environment, "TERM": "xterm-256color", "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    os.close(slave)
    raw = b""
    with contextlib.suppress(OSError):  # so a pty says that its other end is closed
        while piece := os.read(master, 65536):
            raw += piece
    os.close(master)
    code = child.wait(60)
    assert b"Traceback" not in raw
    return code, is_text(raw), raw


class Underworld:
    """An agent with hostile names, and a liar, on a loop in a thread of this process."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._over = asyncio.Event()
        self.said = "nothing"
        self.liar = SigningKey(SealKey.generate())
        ready: asyncio.Future[None] = self._loop.create_future()
        self._life = asyncio.run_coroutine_threadsafe(self._live(ready), self._loop)
        self.run(_awaited(ready))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def _live(self, ready: asyncio.Future[None]) -> None:
        made = new_node(Database.create(None), MemoryWitness())
        store = made.store
        transport, here = WebSocketTransport(), Address("127.0.0.1", 0)
        self.store = store
        self.agent = Agent(store, InlineDesk(), SystemClock(), transport, listen=here)
        lying = await WebSocketTransport().listen(here, self._lie)
        self.liar_port = lying.address.port
        async with self.agent:
            await self.agent.unlock(made.root)
            listening = self.agent.listening
            assert listening is not None
            self.port = listening.port
            ready.set_result(None)
            await self._over.wait()
            await lying.close()

    async def _lie(self, pipe: Pipe) -> None:
        with contextlib.suppress(PkError):
            link = await Link.establish(pipe, Role.RESPONDER, self.liar, None, SystemClock())
            await link.run(self._answer)

    async def _answer(self, stream: Stream) -> None:
        first = await stream.receive()
        assert first is not None
        with contextlib.suppress(PkError):
            decode_message(first, Scan)
            await stream.send(encode_message(Failure("busy", self.said)))
        await stream.close()

    @property
    def node_id(self) -> str:
        return str(self.agent.node_id)

    async def name(self, vault: VaultId, name: str) -> None:
        """Past every check of the agent's own."""
        frames = self.store.vaults.get(vault)
        frames.commit(None, replace(frames.record, name=name))

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._life.result(60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()


async def _awaited(ready: asyncio.Future[None]) -> None:
    await ready


class Scene:
    """A real node, and what it was sent: before it trusted the sender (requests), and after (inbox)."""

    def __init__(self, alice: Node, others: Underworld) -> None:
        self.alice = alice
        self.others = others
        self.vaults: dict[str, VaultId] = {}

    def __call__(self, *arguments: str | bytes, code: int | None = 0) -> str:
        found, text, _ = on_a_terminal(self.alice, *arguments)
        assert code is None or found == code, (arguments, found, text)
        return text

    def set(self) -> None:
        alice, others = self.alice, self.others
        alice.json("nodes", "add", others.node_id, "127.0.0.1", str(others.port))
        alice.json("nodes", "add", str(others.liar.node_id), "127.0.0.1", str(others.liar_port))
        others.run(others.agent.nodes.add(others.agent.node_id.parse(alice.node_id), Address("127.0.0.1", alice.port)))
        others.run(others.agent.gestalts.trust(alice.node_id))
        for text in HOSTILE[:15]:
            others.run(others.agent.notifications.send(alice.node_id, text))
        self._wait_for("requests", 15)
        alice.json("identities", "trust", others.node_id)
        for text in HOSTILE:
            others.run(others.agent.notifications.send(alice.node_id, text))
        for number, text in enumerate(HOSTILE):
            view = others.run(others.agent.vaults.create(f"v{number}"))
            self.vaults[text] = view.vault_id
            others.run(
                others.agent.secrets.write(f"v{number}", SecretPath.parse("[b]dir/[@click=x]"), _one(b"a value"))
            )
            others.run(others.name(view.vault_id, text))
            others.run(others.agent.vaults.share(str(view.vault_id), alice.node_id))
        self._wait_for("inbox", 2 * len(HOSTILE))
        alice.json("vaults", "create", "here")
        alice.json("nodes", "name", others.node_id, "other")

    def _wait_for(self, box: str, count: int) -> None:
        end = time.monotonic() + 60
        while (found := len(self.alice.json("notifications", box, "read"))) < count:
            assert time.monotonic() < end, (box, found)
            time.sleep(0.1)  # the delivery goes from process to process


async def _one(value: bytes) -> Any:
    yield value


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    base = Path(tempfile.mkdtemp(prefix="pk-"))
    alice = Node(base / "alice").bootstrap().start()
    others = Underworld()
    try:
        made = Scene(alice, others)
        made.set()
        yield made
    finally:
        others.end()
        alice.kill()
        shutil.rmtree(base, ignore_errors=True)


def shown(text: str) -> str:
    return safe_text(text, 1200)


def test_a_scan_shows_hostile_names_as_text_and_loses_nothing_in_json(scene: Scene) -> None:
    text = scene("vaults", "scan", scene.others.node_id)
    for name in HOSTILE:
        assert shown(name) in text
    assert len(text.splitlines()) == 1 + len(HOSTILE)  # no name made a line of its own
    raw = scene.alice.run("--format", "json", "vaults", "scan", scene.others.node_id)
    assert is_text(raw).isascii()
    assert b"\x1b" not in raw
    assert sorted(row["vault_name"] for row in json.loads(raw)) == sorted(HOSTILE)


def test_messages_and_shares_are_shown_as_text_in_every_box(scene: Scene) -> None:
    inbox = scene("notifications", "inbox", "read", "--order", "oldest")
    for text in HOSTILE:
        assert shown(text) in inbox
        assert f"shares the vault “{safe_text(text)}”" in inbox
    assert len(inbox.splitlines()) == 1 + 2 * len(HOSTILE)
    raw = scene.alice.run("--format", "json", "notifications", "inbox", "read")
    assert is_text(raw).isascii()
    data = [row["data"] for row in json.loads(raw)]
    assert {row["message"] for row in data if "message" in row} == set(HOSTILE)
    assert {row["vault_name"] for row in data if "vault_name" in row} == set(HOSTILE)

    requests = scene("notifications", "requests", "read")
    assert not any(shown(text) in requests for text in HOSTILE)  # what strangers say is not shown before it is accepted
    for row in scene.alice.json("notifications", "requests", "read")[:4]:
        accepted = scene("notifications", "requests", "accept", row["notification_id"])
        assert any(shown(text) in accepted for text in HOSTILE)


def test_what_waits_to_go_out_is_shown_as_text(scene: Scene) -> None:
    nobody = str(SigningKey(SealKey.generate()).node_id)
    scene.alice.json("identities", "trust", nobody)
    sent = [text for text in HOSTILE[::4] if "\0" not in text]
    for text in sent:
        scene("notifications", "send", nobody, text)
    outbox = scene("notifications", "outbox", "read")
    for text in sent:
        assert shown(text) in outbox
    assert is_text(scene.alice.run("--format", "json", "notifications", "outbox", "read")).isascii()
    for raw in NO_UTF8:
        assert "UTF-8" in scene("notifications", "send", nobody, raw, code=64)


def test_a_remote_name_that_cannot_be_used_here_asks_for_another_and_works_with_it(scene: Scene) -> None:
    for number, (name, vault) in enumerate(scene.vaults.items()):
        if _is_legal(name):
            continue
        said = scene("vaults", "clone", str(vault), scene.others.node_id, code=64)
        assert safe_text(name, 80) in said
        assert "--name" in said
        if "\0" not in name:
            assert "--name" in scene("vaults", "clone", name, scene.others.node_id, code=64)
        if number % 4 == 0:
            scene("vaults", "clone", str(vault), scene.others.node_id, "--name", f"clone {number}")
            assert scene.alice.cat(f"clone {number}:[b]dir/[@click=x]") == b"a value"
            assert "[b]dir/[@click=x]" in scene("secrets", "ls", f"clone {number}", "--recursive")
            assert f"clone {number}" in scene("vaults", "list")


def _is_legal(name: str) -> bool:
    try:
        vault_name(name)
    except PkError:
        return False
    return True


@pytest.mark.parametrize(
    "command",
    [
        ("vaults", "create", HERE),
        ("vaults", "rename", HERE, HERE),
        ("vaults", "delete", HERE),
        ("vaults", "log", HERE),
        ("vaults", "log", "here", HERE),
        ("vaults", "share", HERE, HERE),
        ("vaults", "clone", HERE, HERE),
        ("vaults", "pull", HERE, "--from", HERE),
        ("vaults", "import", "here", HERE),
        ("secrets", "write", b"here:" + HERE),
        ("secrets", "cat", b"here:" + HERE, HERE),
        ("secrets", "create", HERE, "here:x"),
        ("secrets", "ls", b"here:" + HERE),
        ("secrets", "mv", b"here:" + HERE, HERE),
        ("nodes", "add", HERE, HERE, HERE),
        ("nodes", "name", "other", HERE),
        ("nodes", "ping", HERE),
        ("identities", "trust", HERE),
        ("identities", "allow", "other", HERE),
        ("notifications", "inbox", "remove", HERE),
        ("--password-file", HERE, "agent", "start", "--agent-host", HERE),
        ("--node-path", HERE, "vaults", "list"),
        ("--format", HERE, "vaults", "list"),
        (HERE,),
        ("vaults", b"--" + HERE),
        ("vaults", "list", HERE),
        ("vaults", "import", "here", "/", "--kind", HERE),
        ("-vv", "vaults", "log", "here", "--limit", HERE),
    ],
    ids=lambda command: " ".join(word if isinstance(word, str) else "x" for word in command),
)
def test_what_was_typed_is_told_as_text(scene: Scene, command: tuple[str | bytes, ...]) -> None:
    """An error quotes what it is about; a script may have it from anywhere."""
    for text in ON_A_COMMAND_LINE[:: 1 if command[0] == "secrets" else 5]:
        words = [os.fsencode(word).replace(HERE, text) for word in command]
        scene(*words, code=None)


def test_what_a_liar_answers_is_told_as_text(scene: Scene) -> None:
    for text in HOSTILE:
        scene.others.said = text[:200]
        said = scene("vaults", "scan", str(scene.others.liar.node_id), code=75)
        assert safe_text(text[:200], 200) in said
        scene("vaults", "clone", "any", str(scene.others.liar.node_id), code=75)


def test_petnames_hold_nothing_that_steers_and_are_shown_as_they_are(scene: Scene) -> None:
    for text in ON_A_COMMAND_LINE:
        code, _, _ = on_a_terminal(scene.alice, "nodes", "name", scene.others.node_id, text)
        for rows in (("nodes", "list"), ("nodes", "connections", "--all"), ("identities", "list")):
            scene(*rows)
        if code == 0:
            assert shown(unicodedata.normalize("NFC", os.fsdecode(text))) in scene("nodes", "list")
    scene.alice.json("nodes", "name", scene.others.node_id, "other")


def test_files_with_hostile_names_are_named_as_text_and_not_taken(scene: Scene, tmp_path: Path) -> None:
    scene.alice.json("vaults", "create", "files")
    directory = os.fsencode(tmp_path / "in")
    os.mkdir(directory)
    made = 0
    for text in ON_A_COMMAND_LINE:
        if b"/" in text:
            continue
        with open(os.path.join(directory, text), "wb") as file:
            file.write(b"x")
        made += 1
    os.symlink("x", os.path.join(directory, b"link\x1b[2J"))
    os.mkdir(os.path.join(directory, b"dir\x1b[2J"))
    told = scene("vaults", "import", "files", directory)
    assert told.count("Not taken: ") > made // 2
    assert "\\u{1b}[31mred" in told
    raw = scene.alice.run("--format", "json", "vaults", "import", "files", os.fsdecode(directory))
    assert is_text(raw).isascii()
    report = json.loads(raw)
    assert report["secrets"] + len(report["skipped"]) == made + 2
    listed = scene("secrets", "ls", "files", "--recursive")
    assert len(listed.splitlines()) == 1 + report["secrets"]
    scene("vaults", "log", "files")
    assert is_text(scene.alice.run("--format", "json", "vaults", "log", "files")).isascii()


def test_colours_are_drawn_so_that_all_this_was_tried_with_them(scene: Scene) -> None:
    assert b"\x1b[1m" in on_a_terminal(scene.alice, "vaults", "scan", scene.others.node_id)[2]
    assert b"\x1b[31m" in on_a_terminal(scene.alice, "vaults", "log", "missing")[2]


def test_the_agents_log_and_reports_hold_text_and_none_of_it(scene: Scene) -> None:
    raw = (scene.alice.path / "agent.log").read_bytes()
    assert not any(shown(text) in is_text(raw) for text in HOSTILE)
    assert not (scene.alice.path / "reports").exists(), "a command failed by a mistake of ours"
