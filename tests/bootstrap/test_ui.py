"""The way to the UI: on a real pseudo-terminal, with something in the UI's place that says what it finds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest

from pk_tui.bootstrap.ui import unwanted, why_no_screen

STAND_IN = """
import json, os, sys, types
from dataclasses import dataclass

@dataclass(frozen=True, slots=True)
class UiOptions:
    playground: bool = False

async def run_ui(front, options):
    BODY

sys.modules["pk_tui.tui.launch"] = types.ModuleType("pk_tui.tui.launch")
sys.modules["pk_tui.tui.launch"].__dict__.update(UiOptions=UiOptions, run_ui=run_ui)
from pk_tui.control import client
sys.exit(client.main())
"""
SAYS = """
    import resource
    situation = await front.look()
    found = {
        "playground": options.playground,
        "place": situation.place,
        "beginning": situation.beginning.value,
        "variables": sorted(name for name in os.environ if name.startswith("TEXTUAL") or name == "ESCDELAY"),
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "heavy": sorted({name.split(".")[0] for name in sys.modules} & {"dulwich", "peewee", "websockets", "nacl", "click"}),
        "terminals": [os.isatty(number) for number in (0, 1, 2)],
    }
    with open(os.environ["FOUND"], "w") as file:
        json.dump(found, file)
    return 7
"""


class Terminal:
    """Types `pk-tui` on a pseudo-terminal; `found` is what the stand-in saw."""

    def __init__(self, tmp_path: Path) -> None:
        self.node = tmp_path / "node"
        self._found = tmp_path / "found.json"
        self.output = ""

    def type(self, *argv: str, body: str = SAYS, shell: str = "", **env: str) -> int:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PK_", "TEXTUAL"))}
        environment = {**kept, "TERM": "xterm-256color", "FOUND": str(self._found), **env}
        script = STAND_IN.replace("BODY", body.strip())
        command = [sys.executable, "-c", script, "--node-path", str(self.node), *argv]
        if shell:
            command = ["/bin/sh", "-c", f'"$@" {shell}', "sh", *command]
        child = pexpect.spawn(command[0], command[1:], env=environment, encoding="utf-8", timeout=60)
        self.output = child.read()
        child.close()
        return int(child.exitstatus if child.exitstatus is not None else -child.signalstatus)

    @property
    def found(self) -> Any:
        return json.loads(self._found.read_text())


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def test_without_a_command_the_ui_opens_and_its_code_is_the_programs(terminal) -> None:
    assert terminal.type() == 7
    assert terminal.found["playground"] is False
    assert terminal.found["beginning"] == "no node"
    assert terminal.found["place"] == str(terminal.node)
    assert terminal.found["heavy"] == []
    assert not terminal.node.exists()


def test_playground_opens_it_there(terminal) -> None:
    assert terminal.type("playground") == 7
    assert terminal.found["playground"] is True


def test_before_textual_is_loaded_what_could_log_keys_or_run_code_is_gone(terminal) -> None:
    given = {
        "TEXTUAL": "debug,devtools", "TEXTUAL_LOG": "/tmp/x", "TEXTUAL_DEBUG": "1", "TEXTUAL_PRESS": "q",
        "TEXTUAL_DRIVER": "evil:Driver", "TEXTUAL_SCREENSHOT": "1", "TEXTUAL_SCREENSHOT_LOCATION": "/tmp",
        "TEXTUAL_DEVTOOLS_HOST": "evil", "TEXTUAL_FPS": "30", "TEXTUAL_ANIMATIONS": "none", "ESCDELAY": "5",
    }  # fmt: skip
    assert terminal.type(**given) == 7
    assert terminal.found["variables"] == ["ESCDELAY", "TEXTUAL_ANIMATIONS", "TEXTUAL_FPS"]
    assert terminal.found["core"] == [0, 0]


def test_every_variable_textual_reads_is_known_here() -> None:
    """A new version of textual with a new variable is looked at before it is used."""
    import textual.constants

    source = Path(textual.constants.__file__).parent
    read = {
        word
        for path in source.rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if "environ" in line
        for word in line.replace("(", " ").replace(",", " ").replace(")", " ").replace('"', " ").split()
        if word.startswith("TEXTUAL_")
    }
    known = {
        "TEXTUAL_DEBUG", "TEXTUAL_DRIVER", "TEXTUAL_DISABLE_KITTY_KEY", "TEXTUAL_FILTERS", "TEXTUAL_LOG",
        "TEXTUAL_DEVTOOLS_HOST", "TEXTUAL_DEVTOOLS_PORT", "TEXTUAL_SCREENSHOT", "TEXTUAL_SCREENSHOT_LOCATION",
        "TEXTUAL_SCREENSHOT_FILENAME", "TEXTUAL_PRESS", "TEXTUAL_SHOW_RETURN", "TEXTUAL_FPS", "TEXTUAL_COLOR_SYSTEM",
        "TEXTUAL_ANIMATIONS", "TEXTUAL_SLOW_THRESHOLD", "TEXTUAL_THEME", "TEXTUAL_SMOOTH_SCROLL",
        "TEXTUAL_DIM_FACTOR", "TEXTUAL_SPEEDUPS", "TEXTUAL_ALLOW_SIGNALS",
    }  # fmt: skip
    assert read - known == set()
    assert known - set(unwanted(known)) == {
        "TEXTUAL_ANIMATIONS", "TEXTUAL_COLOR_SYSTEM", "TEXTUAL_DISABLE_KITTY_KEY", "TEXTUAL_FPS",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("terminals", "term", "word"),
    [
        ((False, True), "xterm", "input"),
        ((True, False), "xterm", "output"),
        ((True, True), "dumb", "dumb"),
        ((True, True), "", "TERM"),
        ((True, True), "unknown", "unknown"),
    ],
)
def test_without_a_usable_terminal_there_is_a_reason(terminals, term, word) -> None:
    assert word in str(why_no_screen(*terminals, term))
    assert why_no_screen(True, True, "xterm") is None


@pytest.mark.parametrize("argv", [(), ("playground",), ("--format", "json")])
def test_without_a_terminal_the_code_is_2_and_the_sentence_points_at_the_commands(argv, tmp_path) -> None:
    command = [sys.executable, "-m", "pk_tui", "--node-path", str(tmp_path / "node"), *argv]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    said = json.loads(done.stderr)["error"]["message"] if argv[:1] == ("--format",) else done.stderr
    assert "`pk-tui --help`" in said
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("shell", ["< /dev/null", "| cat; exit 2"])
def test_one_end_that_is_no_terminal_is_enough(terminal, shell) -> None:
    assert terminal.type(shell=shell) == 2
    assert "pk-tui --help" in terminal.output


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_shows_only_lines_gets_no_ui(terminal, term) -> None:
    assert terminal.type(TERM=term) == 2
    assert "pk-tui --help" in terminal.output


def test_the_screen_is_drawn_where_errors_go_so_that_is_a_terminal_too(terminal) -> None:
    assert terminal.type(shell="2> /dev/null") == 7
    assert terminal.found["terminals"] == [True, True, True]


def test_a_password_file_is_not_quietly_ignored(terminal) -> None:
    assert terminal.type("--password-file", "x") == 64
    assert "--password-file" in terminal.output


def test_what_keeps_the_ui_from_beginning_is_a_sentence(terminal) -> None:
    terminal.node.mkdir()
    (terminal.node / "holiday.jpg").touch()
    assert terminal.type() == 73
    assert "--node-path" in terminal.output
    assert "Traceback" not in terminal.output


def test_a_crash_is_1_and_shows_no_value(terminal) -> None:
    terminal.node.mkdir()
    assert terminal.type(body="secret = 'a secret value'; raise ValueError(secret)") == 1
    assert "a secret value" not in terminal.output
    assert "Traceback" not in terminal.output
    assert "ValueError" in terminal.output
    assert len(list((terminal.node / "reports").iterdir())) == 1


def test_nothing_writes_over_the_screen_from_behind(terminal) -> None:
    terminal.node.mkdir()
    body = """
    import asyncio, gc, logging, threading, warnings
    assert not asyncio.get_running_loop().get_debug()
    class Bad:
        def __del__(self):
            raise ValueError("a secret value")
    async def forgotten():
        raise ValueError("a secret value")
    logging.getLogger("websockets").error("a secret value")
    warnings.warn("a secret value", RuntimeWarning)
    thread = threading.Thread(target=lambda: 1 / 0); thread.start(); thread.join()
    Bad(); asyncio.ensure_future(forgotten()); await asyncio.sleep(0); gc.collect()
    return 0
    """
    assert terminal.type(body=body, PYTHONASYNCIODEBUG="1") == 0
    assert terminal.output == ""
    assert len(list((terminal.node / "reports").iterdir())) == 2


def test_ctrl_c_is_130(terminal) -> None:
    assert (
        terminal.type(body="import signal; os.kill(os.getpid(), signal.SIGINT); import asyncio; await asyncio.sleep(9)")
        == 130
    )


def test_loading_the_ui_loads_no_agent() -> None:
    script = (
        "import sys\n"
        "import pk_tui.bootstrap.ui, pk_tui.tui.launch\n"
        "heavy = {'dulwich', 'peewee', 'websockets', 'nacl', 'click'}\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & heavy))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_command_loads_no_screen(tmp_path) -> None:
    script = (
        "import sys\n"
        "from pk_tui.bootstrap import main\n"
        f"main(['--node-path', {str(tmp_path)!r}, 'vaults', 'list'])\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'textual', 'rich', 'segno'}))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr


def test_keys_come_before_long_work_and_before_looking_for_garbage() -> None:
    script = (
        "import gc, sys\n"
        "from pk_tui.bootstrap.ui import favour_the_screen\n"
        "favour_the_screen()\n"
        "print(sys.getswitchinterval() < 0.001, gc.get_threshold()[0] > 5000, gc.isenabled())\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "True"]
