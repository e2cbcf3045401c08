"""The laws of the house, read from the source with `ast` alone. Each failure is a sentence that names the file and line.

The tables come first; a room that does not exist yet breaks nothing. Below the laws stand broken examples: each law is shown
to catch what it forbids.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "pk_tui"

# ---- the tables ----

WORDS = ("errors", "plaintext", "clock", "safe_text", "lines", "fuzzy", "terms", "records")
"""Downward: each may import those before it, and every room may import all of them."""

ROOMS: dict[str, tuple[str, ...]] = {
    "home": (),
    "crypto": (),
    "trust": ("crypto",),
    "wire": ("crypto",),
    "vault": ("crypto",),
    "store": ("crypto", "trust", "vault"),
    "net": ("crypto", "wire", "trust"),
    "providers": ("crypto", "trust"),
    "importers": ("vault",),
    "api": (),
    "agent": ("home", "crypto", "trust", "wire", "vault", "store", "net", "providers", "importers", "api"),
    "control": ("api",),
    "tui": ("api",),
    "cli": ("api", "control"),
    "playground": ("api",),
}
"""What each room may import besides the words, itself and the standard library."""

ROOMS["bootstrap"] = tuple(ROOMS)  # the one place that knows everybody
ROOMS["__main__"] = ("control",)
ROOMS["scripting"] = ("api", "bootstrap", "control", "home")

INSIDE_FUNCTIONS = {"cli": {"bootstrap", "home"}, "control.client": {"bootstrap"}}
"""What may be imported besides, but only when it is needed: a command that nobody else carries out opens the node itself."""

DOORS = {
    "msgspec": "records",
    "nacl": "crypto",
    "mnemonic": "crypto",
    "spake2": "crypto",
    "dulwich": "vault",
    "peewee": "store",
    "playhouse": "store",
    "platformdirs": "home",
    "websockets": "net",
    "zeroconf": "net",
    "httpx": "providers",
    "pykeepass": "importers",
    "dotenv": "importers",
    "pyotp": "crypto",
    "xkcdpass": "crypto",
    "textual": "tui",
    "rich": "tui",
    "segno": "tui",
    "zxcvbn": "tui",
    "click": "cli",
}
"""The one door of each third-party package. What stands in no row may not be imported at all."""

QUIET = {"crypto", "trust", "wire", "vault", *WORDS} - {"clock"}
LOUD_MODULES = {
    "asyncio",
    "socket",
    "ssl",
    "threading",
    "subprocess",
    "os",
    "pathlib",
    "time",
    "datetime",
    "random",
    "secrets",
}
LOUD_MODULES |= {
    "logging",
    "multiprocessing",
    "concurrent",
    "tempfile",
    "shutil",
    "io",
    "select",
    "signal",
    "sqlite3",
    "uuid",
}
"""What touches the world, and the ways around that."""

ONLY_IN: dict[str, dict[str, str]] = {
    "os": {"crypto.entropy": "the only randomness"},
}
"""A quiet module that may import a loud one, and why."""

ONE_SOURCE = {
    "time": "clock",
    "random": "crypto.entropy",
    "secrets": "crypto.entropy",
    "uuid": "crypto.entropy",
}
"""Time and randomness each come from one module, in loud rooms too, so that the simulator can set them."""

CLIENT = "control.client"
CLIENT_MODULES = {"sys", "os", "socket", "_socket", "json", "__future__"}
"""Every other module costs the command line its start."""

WITHOUT_A_TEST_FILE = {
    "__init__",
    "__main__",
    "api.items",
    "api.trust",
    "api.views",
    "api.events",
    "api.facade",
    "api.front",
}
WITHOUT_A_TEST_FILE |= {"api.audit", "api.care", "api.keys", "wire.events", "tui.messages", "tui.session"}
"""They hold no decisions."""

SPEAKING = {"cli", "control"}
"""Rooms that may print."""

EMPTY_NAMES = {"manager", "helper", "utils", "data", "info"}
EMPTY_NAMES |= {"managers", "helpers", "util", "infos"}

MARKUP_DOOR = "tui.text"
READS_MARKUP = {"Static", "Label", "OptionList", "SelectionList"}
"""Widgets that read a plain string as markup unless told not to."""

GROUP_ENDINGS = ("group", "tasks")
"""A task is started by a TaskGroup, which is told by its name: `group`, `self._tasks`."""


# ---- reading ----


@dataclass(frozen=True)
class Import:
    name: str
    line: int
    at_module_level: bool


@dataclass(frozen=True)
class Module:
    """One source file. `name` is dotted and without the package, such as `crypto.seal`; a room's own file is the room."""

    name: str
    tree: ast.Module

    @classmethod
    def read(cls, path: Path) -> Module:
        relative = path.relative_to(ROOT / PACKAGE).with_suffix("")
        return cls.of(relative.as_posix(), path.read_text("utf-8"))

    @classmethod
    def of(cls, path: str, source: str) -> Module:
        parts = PurePosixPath(path).parts
        if parts[-1] == "__init__" and len(parts) > 1:
            parts = parts[:-1]
        return cls(".".join(parts), ast.parse(source))

    @property
    def room(self) -> str:
        return self.name.split(".")[0]

    def at(self, line: int) -> str:
        return f"{PACKAGE}.{self.name} (line {line})"

    def imports(self) -> Iterator[Import]:
        """Every import, absolute; `from pk_tui import x` counts as `pk_tui.x`."""
        inner = {
            id(node)
            for function in ast.walk(self.tree)
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for node in ast.walk(function)
        }
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = "." * node.level + (node.module or "")
                names = [f"{base}.{alias.name}" for alias in node.names] if base == PACKAGE else [base]
            else:
                continue
            for name in names:
                yield Import(name, node.lineno, id(node) not in inner)

    def calls(self) -> Iterator[ast.Call]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))


@pytest.fixture(scope="module")
def house() -> list[Module]:
    """Read once for all laws."""
    return [Module.read(path) for path in sorted((ROOT / PACKAGE).rglob("*.py"))]


def room_of(imported: str) -> str | None:
    """The room an import leads to, or None if it leads out of the package."""
    parts = imported.split(".")
    return None if parts[0] != PACKAGE else parts[1] if len(parts) > 1 else "__init__"


# ---- the laws: each yields a sentence for every breach ----

Law = Callable[[Module], Iterator[str]]


def rooms_import_only_their_neighbours(module: Module) -> Iterator[str]:
    if module.room == "__init__":
        return
    if module.room in WORDS:
        allowed = set(WORDS[: WORDS.index(module.room)])
    elif module.room in ROOMS:
        allowed = {*WORDS, *ROOMS[module.room], module.room}
    else:
        yield f"{PACKAGE}.{module.name} is in no room that the table knows."
        return
    allowed.add("__init__")  # the version
    later = INSIDE_FUNCTIONS.get(module.name, set()) | INSIDE_FUNCTIONS.get(module.room, set())
    for one in module.imports():
        if one.name.startswith("."):
            yield f"{module.at(one.line)} imports relatively; imports name the whole path."
            continue
        room = room_of(one.name)
        if room is None or room in allowed or (room in later and not one.at_module_level):
            continue
        if room not in ROOMS and room not in WORDS:  # `from pk_tui import __version__`
            if one.name != f"{PACKAGE}.__version__":
                yield f"{module.at(one.line)} imports {one.name}, which is in no room that the table knows."
        elif room in later:
            yield f"{module.at(one.line)} imports {one.name} outside a function, where everybody pays for it."
        else:
            names = ", ".join(sorted(allowed - {module.room, "__init__"})) or "nothing"
            yield f"{module.at(one.line)} imports {one.name}; {module.room} may import only: {names}."


def third_parties_have_one_door(module: Module) -> Iterator[str]:
    for one in module.imports():
        package = one.name.split(".")[0]
        if package in ("", PACKAGE) or package in sys.stdlib_module_names:
            continue
        door = DOORS.get(package)
        if door is None:
            yield f"{module.at(one.line)} imports {package}, which has no door into the house."
        elif module.room != door:
            yield f"{module.at(one.line)} imports {package}, whose only door is {door}."


def quiet_rooms_touch_nothing(module: Module) -> Iterator[str]:
    if module.room not in QUIET:
        return
    for one in module.imports():
        package = one.name.split(".")[0]
        if package in LOUD_MODULES and module.name not in ONLY_IN.get(package, {}):
            yield f"{module.at(one.line)} is in a quiet room and imports {package}."


def time_and_randomness_have_one_source(module: Module) -> Iterator[str]:
    for one in module.imports():
        source = ONE_SOURCE.get(one.name.split(".")[0])
        if source is not None and module.name != source:
            yield f"{module.at(one.line)} imports {one.name}; that comes from {PACKAGE}.{source} alone."


def tasks_are_started_by_a_group(module: Module) -> Iterator[str]:
    for call in module.calls():
        called = call.func
        name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
        if name not in ("create_task", "ensure_future"):
            continue
        owner = called.value if isinstance(called, ast.Attribute) else None
        owner_name = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
        if name == "ensure_future" or not owner_name.lower().endswith(GROUP_ENDINGS):
            yield f"{module.at(call.lineno)} starts a task with a bare {name}; a TaskGroup starts tasks."


def the_client_starts_fast(module: Module) -> Iterator[str]:
    if module.name != CLIENT:
        return
    for one in module.imports():
        package = one.name.split(".")[0]
        if one.at_module_level and (package not in CLIENT_MODULES or "." in one.name):
            yield f"{module.at(one.line)} imports {one.name} at its start; the client starts with sys os socket json."


def only_speaking_rooms_print(module: Module) -> Iterator[str]:
    if module.room in SPEAKING:
        return
    for call in module.calls():
        if isinstance(call.func, ast.Name) and call.func.id == "print":
            yield f"{module.at(call.lineno)} prints; only {' and '.join(sorted(SPEAKING))} do."


def names_say_something(module: Module) -> Iterator[str]:
    for part in module.name.split("."):
        for word in part.split("_"):
            if word in EMPTY_NAMES:
                yield f"{PACKAGE}.{module.name} is named “{word}”, which says nothing of what it is."


def only_safe_text_reaches_a_widget(module: Module) -> Iterator[str]:
    """Markup is read in one place, which puts texts from outside in as values; nowhere is a text made into markup."""
    if module.room != "tui" or module.name == MARKUP_DOOR:
        return
    for call in module.calls():
        called = call.func
        name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
        if name in ("from_markup", "notify", "to_content"):
            yield f"{module.at(call.lineno)} calls {name}, which reads markup; use {PACKAGE}.{MARKUP_DOOR}."
        for keyword in call.keywords:
            if keyword.arg == "markup" and not (
                isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            ):
                yield f"{module.at(call.lineno)} lets a widget read markup."
        without = not any(keyword.arg == "markup" for keyword in call.keywords)
        first = call.args[0] if call.args else None
        if name in READS_MARKUP and without and first is not None and not isinstance(first, ast.Constant):
            yield f"{module.at(call.lineno)} gives {name} a text that is not written here, without markup=False."


LAWS: list[Law] = [
    rooms_import_only_their_neighbours,
    third_parties_have_one_door,
    quiet_rooms_touch_nothing,
    time_and_randomness_have_one_source,
    tasks_are_started_by_a_group,
    the_client_starts_fast,
    only_speaking_rooms_print,
    names_say_something,
    only_safe_text_reaches_a_widget,
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_house_keeps_this_law(law: Law, house: list[Module]) -> None:
    breaches = [sentence for module in house for sentence in law(module)]

    assert not breaches, "\n" + "\n".join(breaches)


def test_every_module_has_its_test_file() -> None:
    missing = []
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        relative = path.relative_to(ROOT / PACKAGE)
        name = ".".join(relative.with_suffix("").parts)
        if path.stem in WITHOUT_A_TEST_FILE or name in WITHOUT_A_TEST_FILE:
            continue
        wanted = Path("tests") / relative.with_name(f"test_{path.name}")
        if not (ROOT / wanted).is_file():
            missing.append(f"{PACKAGE}.{name} has no test file: {wanted.as_posix()} is not there.")

    assert not missing, "\n" + "\n".join(missing)


def test_the_tables_leave_no_circle_between_rooms() -> None:
    """A room imports only what was laid down before it: the table's own order is proof that there is no circle."""
    order = list(ROOMS)
    for room, neighbours in ROOMS.items():
        for neighbour in neighbours:
            assert order.index(neighbour) < order.index(room), f"{room} and {neighbour}"


# ---- each law catches what it forbids ----

BROKEN: list[tuple[Law, str, str]] = [
    (rooms_import_only_their_neighbours, "crypto/seal", "from pk_tui.trust.head import Head"),
    (rooms_import_only_their_neighbours, "crypto/seal", "import pk_tui.store"),
    (rooms_import_only_their_neighbours, "crypto/seal", "from pk_tui import agent"),
    (rooms_import_only_their_neighbours, "trust/head", "from pk_tui.vault.objects import Oid"),
    (rooms_import_only_their_neighbours, "vault/tree", "from pk_tui.store.frames import Batch"),
    (rooms_import_only_their_neighbours, "net/link", "from pk_tui.agent.bus import Bus"),
    (rooms_import_only_their_neighbours, "api/views", "from pk_tui.vault.objects import Oid"),
    (rooms_import_only_their_neighbours, "control/server", "from pk_tui.agent.core import Core"),
    (rooms_import_only_their_neighbours, "cli/vaults", "from pk_tui.agent.core import Core"),
    (rooms_import_only_their_neighbours, "cli/main", "import pk_tui.bootstrap"),
    (rooms_import_only_their_neighbours, "tui/app", "def f():\n    import pk_tui.bootstrap"),
    (rooms_import_only_their_neighbours, "control/server", "def f():\n    import pk_tui.bootstrap"),
    (rooms_import_only_their_neighbours, "errors", "from pk_tui.terms import NodeId"),
    (rooms_import_only_their_neighbours, "trust/head", "from . import grant"),
    (rooms_import_only_their_neighbours, "attic/old", "x = 1"),
    (rooms_import_only_their_neighbours, "cli/main", "from pk_tui.attic import x"),
    (rooms_import_only_their_neighbours, "trust/head", "def f():\n    from pk_tui.store.node import NodeStore"),
    (third_parties_have_one_door, "agent/core", "import msgspec"),
    (third_parties_have_one_door, "store/frames", "from nacl.bindings import crypto_sign"),
    (third_parties_have_one_door, "crypto/seal", "import cryptography"),
    (third_parties_have_one_door, "terms", "def f():\n    import msgspec"),
    (quiet_rooms_touch_nothing, "vault/tree", "import os.path"),
    (quiet_rooms_touch_nothing, "wire/session", "from asyncio import Queue"),
    (quiet_rooms_touch_nothing, "crypto/seal", "import os"),
    (quiet_rooms_touch_nothing, "crypto/entropy", "import time"),
    (quiet_rooms_touch_nothing, "terms", "def f():\n    from datetime import datetime"),
    (quiet_rooms_touch_nothing, "trust", "import logging"),
    (time_and_randomness_have_one_source, "agent/outbox", "from time import monotonic"),
    (time_and_randomness_have_one_source, "net/dialer", "import random"),
    (tasks_are_started_by_a_group, "agent/core", "asyncio.create_task(f())"),
    (tasks_are_started_by_a_group, "agent/core", "create_task(f())"),
    (tasks_are_started_by_a_group, "agent/core", "loop.create_task(f())"),
    (tasks_are_started_by_a_group, "agent/core", "asyncio.get_running_loop().create_task(f())"),
    (tasks_are_started_by_a_group, "agent/core", "asyncio.ensure_future(f())"),
    (the_client_starts_fast, "control/client", "import asyncio"),
    (the_client_starts_fast, "control/client", "import pk_tui.errors"),
    (the_client_starts_fast, "control/client", "if True:\n    import click"),
    (only_speaking_rooms_print, "agent/core", "print('x')"),
    (only_safe_text_reaches_a_widget, "tui/panes/nodes", "Content.from_markup(f'[b]{name}[/b]')"),
    (only_safe_text_reaches_a_widget, "tui/panes/nodes", "Text.from_markup('x')"),
    (only_safe_text_reaches_a_widget, "tui/panes/nodes", "self.notify('x')"),
    (only_safe_text_reaches_a_widget, "tui/panes/nodes", "Static(name)"),
    (only_safe_text_reaches_a_widget, "tui/panes/nodes", "Static(name, markup=True)"),
    (only_safe_text_reaches_a_widget, "tui/panes/nodes", "OptionList(*names)"),
    (names_say_something, "agent/manager", ""),
    (names_say_something, "vault/tree_utils", ""),
    (names_say_something, "data/tree", ""),
]

LAWFUL: list[tuple[Law, str, str]] = [
    (rooms_import_only_their_neighbours, "cli/main", "def f():\n    from pk_tui.bootstrap import open_face"),
    (rooms_import_only_their_neighbours, "cli/main", "from pk_tui import __version__"),
    (rooms_import_only_their_neighbours, "store/node", "from pk_tui.trust.head import Head"),
    (rooms_import_only_their_neighbours, "terms", "from pk_tui.safe_text import safe_text"),
    (rooms_import_only_their_neighbours, "bootstrap", "from pk_tui.cli import main"),
    (third_parties_have_one_door, "crypto/seal", "import nacl.bindings"),
    (quiet_rooms_touch_nothing, "crypto/entropy", "import os"),
    (quiet_rooms_touch_nothing, "clock", "import datetime, os"),
    (quiet_rooms_touch_nothing, "agent/desk", "import asyncio"),
    (time_and_randomness_have_one_source, "clock", "import time"),
    (tasks_are_started_by_a_group, "agent/core", "self._group.create_task(f()); tasks.create_task(g())"),
    (the_client_starts_fast, "control/client", "import os, sys\ndef f():\n    from pk_tui.bootstrap import main"),
    (only_speaking_rooms_print, "cli/main", "print('x')"),
    (names_say_something, "vault/database", ""),
]


@pytest.mark.parametrize(("law", "path", "source"), BROKEN, ids=[f"{path}: {source}" for _, path, source in BROKEN])
def test_a_broken_law_is_noticed(law: Law, path: str, source: str) -> None:
    sentences = list(law(Module.of(path, source)))

    assert len(sentences) == 1
    assert sentences[0].startswith(PACKAGE)
    assert sentences[0].endswith(".")


@pytest.mark.parametrize(("law", "path", "source"), LAWFUL, ids=[f"{path}: {source}" for _, path, source in LAWFUL])
def test_what_is_allowed_is_not_called_a_breach(law: Law, path: str, source: str) -> None:
    assert list(law(Module.of(path, source))) == []
