"""The clipboard on real programs: a tmux server of its own, and stand-ins on a PATH of their own for what needs a desktop."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pexpect
import pytest
from textual.app import App
from textual.content import Content
from tui.stage import stage

from pk_tui.errors import Misuse, Unreachable
from pk_tui.plaintext import Plaintext
from pk_tui.tui import clipboard as module
from pk_tui.tui.clipboard import ASKED, CLEARED, FAILED, NOT_OURS, Clipboard
from pk_tui.tui.messages import Said

CANARY = "canary-7Yq2-value"
VALUE = Plaintext.of_text(CANARY)


class SetClock:
    def __init__(self) -> None:
        self.at = 1000.0

    def now(self) -> int:
        return int(self.at * 1_000_000)

    def elapsed(self) -> float:
        return self.at


class Desktop:
    """An app with a clipboard; `became` is what was said of each value that was on loan."""

    def __init__(self, app: App[int], clipboard: Clipboard, clock: SetClock) -> None:
        self.app, self.clipboard, self.clock = app, clipboard, clock
        self.became: list[str] = []
        self.told = 0
        clipboard.changed.subscribe(app, self._changed, immediate=True)

    def _changed(self, became: Content | None) -> None:
        self.told += 1
        if became is not None:
            self.became.append(became.plain)

    async def until_it_ended(self, number: int = 1) -> None:
        async with asyncio.timeout(60):
            while len(self.became) < number:
                self.clipboard.look()
                await asyncio.sleep(0.02)


@asynccontextmanager
async def desktop(environment: dict[str, str], platform: str = "linux") -> AsyncIterator[Desktop]:
    app: App[int] = App()
    clock = SetClock()
    async with app.run_test():
        yield Desktop(app, Clipboard(app, clock, environment, platform), clock)


def terminal_of(app: App[int]) -> list[str]:
    """From now on, what the app writes to its terminal."""
    written: list[str] = []
    driver = app._driver
    assert driver is not None
    driver.write = written.append  # type: ignore[method-assign]
    return written


def osc52(text: str) -> str:
    return f"\x1b]52;c;{b64encode(text.encode()).decode()}\a"


# ---- tmux, the real one ----


class Tmux:
    def __init__(self, place: str) -> None:
        self.base = ["tmux", "-S", f"{place}/socket", "-f", "/dev/null"]
        self.run("new-session", "-d", "-s", "here", "-x", "80", "-y", "24", "sleep 1000")
        where = self.run("display", "-p", "#{socket_path},#{pid}").stdout.decode().strip()
        self.environment = {"TMUX": f"{where},0", "PATH": os.environ["PATH"], "TERM": "xterm-256color"}

    def run(self, *words: str, reads: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        environment = {name: value for name, value in os.environ.items() if name != "TMUX"}
        return subprocess.run(
            [*self.base, *words], input=reads, capture_output=True, check=False, env=environment, timeout=60
        )

    def buffer(self) -> bytes | None:
        done = self.run("save-buffer", "-b", "pk-tui", "-")
        return None if done.returncode else done.stdout


@pytest.fixture
def tmux() -> Iterator[Tmux]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not here")
    # A directory of its own each time, with a short name: a server that is ending still answers on its socket.
    place = tempfile.mkdtemp(prefix="pk-tmux-")
    server = Tmux(place)
    try:
        yield server
    finally:
        server.run("kill-server")
        shutil.rmtree(place, ignore_errors=True)


def test_a_value_goes_to_tmux_and_is_gone_from_it_when_its_time_is_up(tmux: Tmux) -> None:
    async def scenario() -> None:
        async with desktop(tmux.environment) as d:
            copied = await d.clipboard.copy(VALUE, "work:db/password", 38)
            assert (copied.route, copied.can_clear, copied.until) == ("tmux", True, 1038)
            assert tmux.buffer() == VALUE.reveal()
            line = d.clipboard.line()
            assert line is not None
            assert line.plain == "Cleared in 38 s: work:db/password, copied via tmux."
            d.clock.at += 37.5
            d.clipboard.look()
            assert tmux.buffer() == VALUE.reveal()
            assert d.clipboard.held is not None
            d.clock.at += 0.5
            await d.until_it_ended()
            assert d.became == [CLEARED]
            assert tmux.buffer() is None
            assert d.clipboard.held is None
            assert d.clipboard.line() is None

    asyncio.run(scenario())


def test_what_somebody_else_put_there_since_is_left_alone(tmux: Tmux) -> None:
    async def scenario() -> None:
        async with desktop(tmux.environment) as d:
            await d.clipboard.copy(VALUE, "x", 10)
            tmux.run("load-buffer", "-b", "pk-tui", "-", reads=b"something else")
            await d.clipboard.clear_now()
            assert tmux.buffer() == b"something else"
            assert d.became == [NOT_OURS]

    asyncio.run(scenario())


def test_a_second_copy_takes_the_place_of_the_first_and_of_its_countdown(tmux: Tmux) -> None:
    async def scenario() -> None:
        async with desktop(tmux.environment) as d:
            await d.clipboard.copy(VALUE, "first", 10)
            d.clock.at += 9
            await d.clipboard.copy(Plaintext(b"second value"), "second", 10)
            d.clock.at += 9
            d.clipboard.look()
            await d.app.workers.wait_for_complete()
            assert tmux.buffer() == b"second value"
            d.clock.at += 1
            await d.until_it_ended()
            assert tmux.buffer() is None
            assert d.became == [CLEARED]

    asyncio.run(scenario())


def test_the_outer_terminal_gets_the_value_and_later_something_in_its_place(tmux: Tmux) -> None:
    """What tmux drops when a program inside it sends OSC 52, it sends itself for `load-buffer -w`; and it keeps nothing."""

    async def scenario(outer: pexpect.spawn[bytes]) -> None:
        async with desktop(tmux.environment) as d:
            await d.clipboard.copy(VALUE, "x", 10)
            await asyncio.to_thread(outer.expect_exact, b64encode(VALUE.reveal()))
            await d.clipboard.clear_now()
            await asyncio.to_thread(outer.expect_exact, b";" + b64encode(b" "))

    environment = tmux.environment | {"TERM": "xterm-256color"}
    environment.pop("TMUX")
    outer = pexpect.spawn(tmux.base[0], [*tmux.base[1:], "attach"], env=environment, timeout=60)
    try:
        outer.expect_exact("\x1b[?1049h")
        asyncio.run(scenario(outer))
    finally:
        outer.close(force=True)


def test_a_tmux_that_is_gone_is_said_and_nothing_is_sent_where_it_would_be_lost(tmux: Tmux) -> None:
    async def scenario() -> None:
        async with desktop(tmux.environment) as d:
            written = terminal_of(d.app)
            tmux.run("kill-server")
            with pytest.raises(Unreachable, match="not copied"):
                await d.clipboard.copy(VALUE, "x", 10)
            assert d.clipboard.held is None
            assert not [one for one in written if "]52" in one]

    asyncio.run(scenario())


# ---- stand-ins ----

STAND_IN = """\
#!{python}
import os, sys
here, name, words = {here!r}, {name!r}, sys.argv[1:]
with open(os.path.join(here, "log"), "a") as log:
    log.write(repr((name, words, open("/proc/self/cmdline").read(), dict(os.environ))) + "\\n")
held = os.path.join(here, "held")
if "--help" in words:
    print({help!r})
elif {pastes!r} or "-out" in words or "--output" in words:
    if not os.path.exists(held):
        sys.exit(1)
    sys.stdout.buffer.write(open(held, "rb").read())
elif "--clear" in words:
    os.path.exists(held) and os.remove(held)
else:
    value = sys.stdin.buffer.read()
    if not value:
        os.path.exists(held) and os.remove(held)
    else:
        open(held, "wb").write(value)
        child = os.fork()  # as the real ones do: a child stays and holds the clipboard, and what it inherited
        if child == 0:
            import time
            time.sleep(20)
        else:
            with open(os.path.join(here, "children"), "a") as children:
                children.write(f"{{child}} ")
sys.exit({code})
"""


class StandIns:
    def __init__(self, here: Path) -> None:
        self.here = here
        self.held = here / "held"

    def add(self, *names: str, says: str = "", code: int = 0) -> None:
        for name in names:
            program = self.here / name
            source = STAND_IN.format(
                python=sys.executable, here=str(self.here), name=name, help=says, pastes="paste" in name, code=code
            )
            program.write_text(source)
            program.chmod(0o700)

    def calls(self, name: str) -> list[list[str]]:
        log = self.here / "log"
        rows = [eval(line) for line in log.read_text().splitlines()] if log.exists() else []
        return [words for one, words, _, _ in rows if one == name]

    @property
    def log(self) -> str:
        return (self.here / "log").read_text()


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[StandIns]:
    yield StandIns(tmp_path)
    children = tmp_path / "children"
    for child in children.read_text().split() if children.exists() else ():
        with suppress(ProcessLookupError):
            os.kill(int(child), signal.SIGKILL)


def place(programs: StandIns, **more: str) -> dict[str, str]:
    return {"PATH": str(programs.here), "PK_PASSWORD": "pk-canary"} | more


@pytest.mark.parametrize(
    ("names", "variable", "platform"),
    [
        (("wl-copy", "wl-paste"), "WAYLAND_DISPLAY", "linux"),
        (("xclip",), "DISPLAY", "linux"),
        (("xsel",), "DISPLAY", "linux"),
        (("pbcopy", "pbpaste"), "ANY", "darwin"),
    ],
)
def test_a_desktop_clipboard_is_filled_by_standard_input_and_cleared_if_still_ours(
    programs: StandIns, names: tuple[str, ...], variable: str, platform: str
) -> None:
    async def scenario() -> None:
        programs.add(*names)
        async with desktop(place(programs, **{variable: ":0"}), platform) as d:
            copied = await d.clipboard.copy(VALUE, "x", 10)
            assert copied.route == names[0]
            assert programs.held.read_bytes() == VALUE.reveal()
            await d.clipboard.clear_now()
            assert not programs.held.exists()
            await d.clipboard.copy(VALUE, "x", 10)
            programs.held.write_bytes(b"theirs")
            await d.clipboard.clear_now()
            assert programs.held.read_bytes() == b"theirs"
            assert d.became == [CLEARED, NOT_OURS]
        assert CANARY not in programs.log  # neither an argument nor in the environment
        assert "pk-canary" not in programs.log

    asyncio.run(scenario())


@pytest.mark.parametrize(("says", "hinted"), [("--sensitive  hint", True), ("--paste-once", False)])
def test_histories_are_asked_not_to_keep_it_where_the_program_can(programs: StandIns, says: str, hinted: bool) -> None:
    async def scenario() -> None:
        programs.add("wl-copy", says=says)
        programs.add("wl-paste")
        async with desktop(place(programs, WAYLAND_DISPLAY="wayland-0")) as d:
            await d.clipboard.copy(VALUE, "x", 10)
            await d.clipboard.copy(VALUE, "x", 10)
        calls = programs.calls("wl-copy")
        assert calls.count(["--help"]) == 1  # asked once
        assert calls[1] == ["--type", "text/plain", *(["--sensitive"] if hinted else [])]

    asyncio.run(scenario())


def test_a_program_that_fails_or_hangs_gives_way_to_the_next(
    programs: StandIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        monkeypatch.setattr(module, "PATIENCE", 0.5)
        programs.add("wl-copy", "wl-paste", code=1)
        (programs.here / "xclip").write_text("#!/bin/sh\nexec /bin/sleep 30\n")
        (programs.here / "xclip").chmod(0o700)
        async with desktop(place(programs, WAYLAND_DISPLAY="w", DISPLAY=":0")) as d:
            written = terminal_of(d.app)
            copied = await d.clipboard.copy(VALUE, "x", 10)
            assert copied.route == "the terminal (OSC 52)"
            assert osc52(CANARY) in written

    asyncio.run(scenario())


def test_where_nobody_can_look_it_is_taken_off_all_the_same_and_a_failure_is_said(programs: StandIns) -> None:
    async def scenario() -> None:
        programs.add("wl-copy")
        async with desktop(place(programs, WAYLAND_DISPLAY="w")) as d:
            assert not (await d.clipboard.copy(VALUE, "x", 10)).can_clear
            await d.clipboard.clear_now()
            assert not programs.held.exists()
            await d.clipboard.copy(VALUE, "x", 10)
            programs.add("wl-copy", code=1)
            await d.clipboard.clear_now()
            assert d.became == [CLEARED, FAILED]

    asyncio.run(scenario())


def test_a_huge_foreign_clipboard_is_not_read_to_its_end(programs: StandIns) -> None:
    async def scenario() -> None:
        programs.add("xclip")
        async with desktop(place(programs, DISPLAY=":0")) as d:
            await d.clipboard.copy(VALUE, "x", 10)
            programs.held.write_bytes(b"x" * (8 << 20))
            await d.clipboard.clear_now()
            assert d.became == [NOT_OURS]
            assert programs.held.exists()

    asyncio.run(scenario())


# ---- the terminal itself ----


def test_without_a_program_the_terminal_is_told_and_later_told_something_else() -> None:
    async def scenario() -> None:
        async with desktop({"TERM": "xterm"}) as d:
            written = terminal_of(d.app)
            copied = await d.clipboard.copy(VALUE, "work:x", 5)
            assert not copied.can_clear
            line = d.clipboard.line()
            assert line is not None
            assert (
                line.plain == "Overwritten in 5 s, if the terminal does that: work:x, copied via the terminal (OSC 52)."
            )
            d.clock.at += 5
            await d.until_it_ended()
            sent = [one for one in written if "]52" in one]
            assert sent == [osc52(CANARY), osc52(" "), osc52("")]
            assert d.became == [ASKED]

    asyncio.run(scenario())


def test_another_way_than_last_time_leaves_nothing_on_the_first(programs: StandIns) -> None:
    async def scenario() -> None:
        programs.add("xclip")
        async with desktop(place(programs, DISPLAY=":0")) as d:
            await d.clipboard.copy(VALUE, "x", 10)
            (programs.here / "xclip").rename(programs.here / "gone")
            programs.add("xsel")
            await d.clipboard.copy(Plaintext(b"second"), "y", 10)
            assert d.clipboard.held is not None
            assert d.clipboard.held.route == "xsel"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (b"", "empty"),
        (b"a\0b", "control characters"),
        (b"\xff\xfe", "not text"),
        (b"x" * (1024 * 1024 + 1), "more than 1.0 MiB"),
        (b"\x1b[201~rm -rf ~\n", "control characters"),
    ],
)
def test_a_value_that_is_no_text_is_refused_with_a_way_out(value: bytes, says: str) -> None:
    async def scenario() -> None:
        async with desktop({}) as d:
            written = terminal_of(d.app)
            with pytest.raises(Misuse) as caught:
                await d.clipboard.copy(Plaintext(value), "x", 10)
            assert says in caught.value.message
            assert "secrets cat" in caught.value.message
            assert d.clipboard.held is None
            assert not [one for one in written if "]52" in one]

    asyncio.run(scenario())


def test_no_value_stays_in_what_is_kept_of_it() -> None:
    async def scenario() -> None:
        async with desktop({}) as d:
            await d.clipboard.copy(VALUE, "x", 10)
            kept = repr((d.clipboard.__dict__, d.clipboard.held, d.clipboard._loan))
            assert CANARY not in kept
            assert b64encode(CANARY.encode()).decode() not in kept
            first = d.clipboard._loan
            await d.clipboard.copy(VALUE, "x", 10)
            assert first is not None
            assert d.clipboard._loan is not None
            assert first.digest != d.clipboard._loan.digest  # keyed anew: equal values cannot be told by it

    asyncio.run(scenario())


def test_a_copy_called_off_in_the_middle_is_still_taken_off_later(programs: StandIns) -> None:
    """A locked screen ends the verb that copies; the value must not stay behind with nobody to know of it."""

    async def scenario() -> None:
        programs.add("xclip")
        async with desktop(place(programs, DISPLAY=":0")) as d:
            async with asyncio.TaskGroup() as tasks:
                task = tasks.create_task(d.clipboard.copy(VALUE, "x", 10))
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                task.cancel()
            async with asyncio.timeout(60):
                while d.clipboard.held is None:
                    await asyncio.sleep(0.01)
            assert programs.held.exists()
            d.clock.at += 10
            await d.until_it_ended()
            assert not programs.held.exists()

    asyncio.run(scenario())


def test_an_old_countdown_that_ends_during_a_new_copy_does_not_take_that_one_off(programs: StandIns) -> None:
    async def scenario() -> None:
        programs.add("xclip")
        async with desktop(place(programs, DISPLAY=":0")) as d:
            await d.clipboard.copy(VALUE, "first", 10)
            async with asyncio.TaskGroup() as tasks:
                copying = tasks.create_task(d.clipboard.copy(Plaintext(b"second"), "second", 10))
                while not d.clipboard._one_at_a_time.locked():
                    await asyncio.sleep(0)
                d.clock.at += 10
                d.clipboard.look()
                await copying
            await d.app.workers.wait_for_complete()
            assert programs.held.read_bytes() == b"second"
            assert d.clipboard.held is not None

    asyncio.run(scenario())


def test_the_countdown_ticks_by_itself() -> None:
    async def scenario(wait: Callable[[float], object]) -> None:
        async with desktop({}) as d:
            await d.clipboard.copy(VALUE, "x", 10)
            told = d.told
            async with asyncio.timeout(60):
                while d.told == told:
                    await asyncio.sleep(0.05)
            d.clock.at += 10
            async with asyncio.timeout(60):
                while not d.became:
                    await asyncio.sleep(0.05)

    asyncio.run(scenario(asyncio.sleep))


PROGRAM = """
import asyncio, sys
from textual.app import App
from pk_tui.clock import SystemClock
from pk_tui.plaintext import Plaintext
from pk_tui.tui.clipboard import Clipboard

class Small(App[int]):
    async def on_mount(self):
        self.copied = Clipboard(self, SystemClock(), {"TERM": "xterm-256color"})
        await self.copied.copy(Plaintext(b"canary"), "x", 100)
        self.set_timer(0.1, self.exit)

async def main():
    app = Small()
    await app.run_async()
    sys.stdout.write("the app has ended\\n")
    sys.stdout.flush()
    await app.copied.clear_now()

asyncio.run(main())
"""


def test_on_a_real_terminal_it_is_overwritten_even_after_the_app_has_ended() -> None:
    environment = dict(os.environ) | {"TERM": "xterm-256color"}
    environment.pop("TMUX", None)
    child = pexpect.spawn(
        sys.executable, ["-c", textwrap.dedent(PROGRAM)], env=environment, timeout=60, cwd=os.getcwd()
    )
    try:
        child.expect_exact(osc52("canary"))
        child.expect_exact("the app has ended")
        child.expect_exact(osc52(" "))
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)


# ---- on the screen ----


def test_the_status_line_counts_down_while_nothing_else_is_said_across_panes_and_a_lock() -> None:
    async def scenario() -> None:
        clock = SetClock()
        async with stage((80, 24), clock=clock) as s:
            await s.app.copied.copy(VALUE, "work:[/x]", 38)
            await s.see("Overwritten in 38 s, if the terminal does that: work:[/x]")
            clock.at += 5
            await s.press("2")
            await s.see("in 33 s")
            s.app.screen.post_message(Said(Content("Something else")))
            await s.see("Something else")
            assert "in 33 s" not in s.screen_text()
            await s.press("ctrl+l")
            await s.see_no("Something else")
            assert "work:[/x]" not in s.screen_text()  # the lock screen names nothing
            clock.at += 33
            await s.until(lambda: s.app.copied.held is None, "the end of the countdown")
            assert CANARY not in s.screen_text()

    asyncio.run(scenario())


def test_what_became_of_the_value_is_said() -> None:
    async def scenario() -> None:
        clock = SetClock()
        async with stage((80, 24), clock=clock) as s:
            await s.app.copied.copy(VALUE, "work:x", 5)
            await s.see("in 5 s")
            clock.at += 5
            await s.see("The terminal was asked to overwrite the clipboard")

    asyncio.run(scenario())
