"""Commands typed at an agent that only takes note: every view is fixed, every call is written down."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pk_tui.api import care, views
from pk_tui.cli.main import run
from pk_tui.control import client
from pk_tui.control.invocation import Request
from pk_tui.errors import NotFound
from pk_tui.plaintext import Plaintext
from pk_tui.terms import Action, Address, Change, CommitId, NodeId, NotificationId, SecretPath, VaultId

NODE = NodeId(bytes(range(32)))
OTHER_NODE = NodeId(b"o" * 32)
VAULT = VaultId(bytes(range(16)))
COMMIT = CommitId(bytes(range(20)))
NOTE = NotificationId(bytes(range(16)))
TIME = 1_700_000_000_000_000
TIME_TEXT = "2023-11-14T22:13:20.000Z"
NASTY = "a\x1b]52;c;aGk=\x07[/x]\u202e\u2066b\x9b31m\x7f"
"""Text from outside that would write the clipboard, end markup, turn the line around and change the colour."""

GESTALT = views.GestaltView(str(NODE), (NODE,), ("github:someone",), (Action.NOTIFY, Action.SCAN), True)
NOTIFICATION = views.NotificationView(NOTE, NODE, "General", {"message": "hello"}, False, TIME)
PLAN = views.ImportPlanView(
    views.ImportKind.CSV,
    (
        views.PlannedView(SecretPath(("web", "bank")), 200, "password", Change.MODIFIED),
        views.PlannedView(SecretPath(("new",)), 1, None, Change.ADDED),
        views.PlannedView(SecretPath(("old",)), 1, None, None),
    ),
    4,
    (("line 7", "it is empty"),),
)
PULLED = views.PullView(VAULT, COMMIT, CommitId(bytes(20)), 3, 4)


class Noun:
    """Its methods return what is set for them (or raise it), and the calls are written down."""

    def __init__(self, name: str, calls: list[tuple[Any, ...]], results: dict[str, Any]) -> None:
        self._name, self._calls, self.results = name, calls, results

    def __getattr__(self, method: str) -> Callable[..., Any]:
        async def called(*args: Any, **named: Any) -> Any:
            self._calls.append((f"{self._name}.{method}", *args, *((named,) if named else ())))
            result = self.results[method]
            if isinstance(result, BaseException):
                raise result
            return result(*args, **named) if callable(result) else result

        return called


class Secrets(Noun):
    """Reading and writing are streams; `values` is what is there."""

    def __init__(self, calls: list[tuple[Any, ...]], results: dict[str, Any]) -> None:
        super().__init__("secrets", calls, results)
        self.values: dict[str, bytes] = {"a/b": b"\x00one\xff", "c": b"two"}

    async def read(self, vault: str, path: SecretPath) -> Any:
        self._calls.append(("secrets.read", vault, path))
        if str(path) not in self.values:
            raise NotFound(f"There is no secret “{path}”.")
        for byte in self.values[str(path)]:
            yield Plaintext(bytes((byte,)))

    async def write(self, vault: str, path: SecretPath, content: Any, create_only: bool = False) -> CommitId | None:
        value = b"".join([piece async for piece in content])
        self._calls.append(("secrets.write", vault, path, value, create_only))
        if isinstance(self.results["write"], BaseException):
            raise self.results["write"]
        return self.results["write"]


class Agent:
    """Satisfies `AgentApi` as far as commands use it."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.stopped = False
        self.lifecycle = Noun("lifecycle", self.calls, self._lifecycle())
        self.vaults = Noun("vaults", self.calls, self._vaults())
        self.secrets = Secrets(self.calls, self._secrets())
        self.nodes = Noun("nodes", self.calls, self._nodes())
        self.gestalts = Noun(
            "gestalts", self.calls, dict.fromkeys(("trust", "untrust", "allow", "disallow", "get"), GESTALT)
        )
        self.gestalts.results["list"] = [GESTALT]
        self.notifications = Noun("notifications", self.calls, self._notifications())
        self.lifecycle.request_stop = self._stop

    def _stop(self) -> None:
        self.stopped = True

    def _lifecycle(self) -> dict[str, Any]:
        status = views.StatusView(True, NODE, 42, False, Address("127.0.0.1", 4433), 2)
        problem = care.ProblemView("missing", VAULT, "a/b", "A part of its content is gone.")
        check = care.CheckView(False, 2, 30, (problem, care.ProblemView("altered", None, None, "It does not add up.")))
        backup = {"backup": care.BackupView("/a/backup", 2, 5000)}
        return {"status": status, "lock": None, "unlock": None, "change_password": None, "check": check, **backup}

    def _vaults(self) -> dict[str, Any]:
        origin = views.OriginView(NODE, VAULT)
        vault = views.VaultView(VAULT, "v", COMMIT, 7, None, False, 1, TIME)
        changes = tuple(views.ChangeView(SecretPath((c.value,)), c) for c in Change)
        rights = (Action.CLONE, Action.PULL, Action.SCAN)
        return {
            "create": vault,
            "get": vault,
            "list": [vault, replace(vault, name="c", origin=origin, read_only=True, head=None, damaged="a sad story")],
            "rename": None,
            "delete": None,
            "log": [views.CommitView(COMMIT, TIME, str(NODE), "m", changes)],
            "diff": list(changes),
            "restore": COMMIT,
            "revert": COMMIT,
            "share": views.ShareView(VAULT, (NODE,), (Action.SCAN, Action.PULL, Action.CLONE), TIME),
            "exposure": [views.ExposureView(VAULT, "v", SecretPath(("p",)), NODE, COMMIT)],
            "unshare": [views.ExposedView(SecretPath(("p",)), COMMIT)],
            "permissions": [views.PermissionView(NODE, str(NODE), rights)],
            "scan": [views.OfferView(VAULT, "v", rights)],
            "clone": views.CloneView(VAULT, "v", 5, 6),
            "pull": PULLED,
            "import_from": views.ImportView(2, 9, COMMIT, (("link", "it is a symbolic link"),)),
            "plan_import": PLAN,
            "export": views.ExportView(3, 2048, 1),
        }

    def _secrets(self) -> dict[str, Any]:
        return {
            "write": COMMIT,
            "list": [views.EntryView("d", True, 5), views.EntryView("d/s", False, 5)],
            "stat": views.SecretStat(SecretPath(("a", "b")), False, 5, COMMIT, TIME, 0),
            "make_directories": [COMMIT],
            "remove": [COMMIT, COMMIT],
            "move": [COMMIT],
            "copy": COMMIT,
        }

    def _nodes(self) -> dict[str, Any]:
        address = Address("::1", 4433)
        node = views.NodeView(NODE, "bob", (address,), TIME, True)
        live = views.ConnectionView(NODE, "bob", "connected", address, "out", "direct", 1.25, TIME, 10, 20)
        waiting = views.ConnectionView(NODE, None, "waiting", None, "out", "direct", None, None, 0, 0, "nobody answers")
        return {
            "add": node,
            "name": None,
            "ping": views.PingView(NODE, 1.25, "direct"),
            "list": [
                node,
                replace(node, node_id=OTHER_NODE, petname=None, addresses=(), last_seen=None, trusted=False),
            ],
            "connections": [live, waiting],
        }

    def _notifications(self) -> dict[str, Any]:
        nothing = dict.fromkeys(("remove", "clear", "outbox_remove", "outbox_clear", "decline"))
        lists = {box: [NOTIFICATION] for box in ("inbox", "outbox", "requests")}
        return {"send": NOTE, "accept": NOTIFICATION, **nothing, **lists}


@dataclass
class Typed:
    """An `Invocation` in memory, and after the command what came of it."""

    request: Request
    node_path: Path
    stdin: bytes = b""
    passwords: dict[str, str] = field(default_factory=dict)
    edited: bytes | None = None
    output: bytes = b""
    errors: bytes = b""
    code: int = -1
    writes: int = 0
    then: tuple[str, ...] | None = None
    environment: dict[str, bytes] | None = None

    async def out(self, raw: bytes) -> None:
        self.output += raw
        self.writes += 1

    async def err(self, raw: bytes) -> None:
        self.errors += raw

    def hint(self, raw: bytes) -> None:
        self.errors += raw

    async def read(self, path: str | None) -> Any:
        content = self.stdin if path in (None, "-") else (self.request.cwd / path).read_bytes()
        for start in range(0, len(content), 3):
            yield content[start : start + 3]

    async def ask_password(self, prompt: str) -> Plaintext | None:
        return self._password("PK_PASSWORD")

    async def ask_new_password(self, prompt: str, variable: str) -> Plaintext | None:
        return self._password(variable)

    async def ask_hidden(self, prompt: str) -> Plaintext | None:
        return self._password("typed")

    def _password(self, name: str) -> Plaintext | None:
        return Plaintext.of_text(self.passwords[name]) if name in self.passwords else None

    async def edit(self, content: Plaintext, ending: str) -> Plaintext:
        self.shown = (content.reveal(), ending)
        return content if self.edited is None else Plaintext(self.edited)

    async def give_environment(self, assignments: Any) -> None:
        self.environment = {name: value.reveal() for name, value in assignments}

    def end_agent_with(self, stop: Callable[[], None], then: tuple[str, ...] | None = None) -> None:
        self.then = then
        stop()

    @property
    def json(self) -> Any:
        return json.loads(self.output)

    @property
    def text(self) -> str:
        return self.output.decode()

    @property
    def error(self) -> dict[str, Any]:
        return json.loads(self.errors)["error"]


@pytest.fixture
def agent() -> Agent:
    return Agent()


@pytest.fixture
def prepare(tmp_path: Path) -> Callable[..., Typed]:
    """A command about to run; keyword arguments set what the invocation or (tty, color, columns) its terminal is."""

    def prepared(*argv: str, tty: bool = False, color: bool = False, columns: int = 0, **more: Any) -> Typed:
        request = Request.read(client.command(client.hoist(list(argv))))
        request = replace(
            request, cwd=tmp_path, stdin_tty=tty, stdout_tty=tty, stderr_tty=tty, columns=columns, color=color
        )
        return Typed(request, tmp_path, **more)

    return prepared


@pytest.fixture
def type_in(agent: Agent, prepare: Callable[..., Typed]) -> Callable[..., Typed]:
    """Type a command at the agent, or at `api`, and see it through."""

    def typed(*argv: str, api: Any = agent, **more: Any) -> Typed:
        call = prepare(*argv, **more)
        call.code = asyncio.run(run(call, api))
        return call

    return typed


@pytest.fixture
def fixed() -> SimpleNamespace:
    """The ids and texts that the views hold."""
    return SimpleNamespace(
        node=NODE,
        vault=VAULT,
        commit=COMMIT,
        note=NOTE,
        time=TIME,
        time_text=TIME_TEXT,
        nasty=NASTY,
        gestalt=GESTALT,
        notification=NOTIFICATION,
        pulled=PULLED,
    )
