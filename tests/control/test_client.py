"""The thin client as a real process, against a real server on a real socket."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys

import pytest
from platformdirs import user_data_dir

from pk_tui import __version__
from pk_tui.control import client
from pk_tui.control.server import ControlServer
from pk_tui.errors import MissingInput
from pk_tui.home import Home


def test_output_errors_and_exit_code_arrive_exactly(home, shell, run_async):
    async def run(invocation):
        assert invocation.request.argv == ("secrets", "cat", "v:ü\n", "--", "--format")
        await invocation.out(b"\x00raw\xff" * 100_000)
        await invocation.err(b"a word\n")
        return 67

    async def story():
        async with ControlServer(home, run):
            return await shell.type("secrets", "--format", "json", "cat", "v:ü\n", "--", "--format")

    done = run_async(story())
    assert (done.code, done.out, done.err) == (67, b"\x00raw\xff" * 100_000, b"a word\n")


LONG = b"".join(b"%08d" % number for number in range(300_000))
"""2.4 MB, in which every place is another."""


@pytest.mark.parametrize("way", ["a pipe", "a file", "a file that grows"])
def test_long_output_arrives_exactly_wherever_it_goes(home, shell, run_async, tmp_path, way):
    async def run(invocation):
        await invocation.out(LONG[:100])
        await invocation.err(b"between\n" * 40_000)
        await invocation.out(LONG[100:])
        return 0

    async def story():
        async with ControlServer(home, run):
            if way == "a pipe":
                done = await shell.type("secrets", "cat", "v:x")
                return done.out, done.err
            path = tmp_path / "out"
            with path.open("ab" if way == "a file that grows" else "wb") as file:
                process = await shell.start("secrets", "cat", "v:x", stdout=file.fileno())
                _, err = await process.communicate()
            return path.read_bytes(), err

    assert run_async(story()) == (LONG, b"between\n" * 40_000)


def test_an_agent_that_ends_amid_long_output_is_told_in_a_sentence(home, shell, run_async):
    async def run(invocation):
        invocation._writer.write(bytes((client.OUT,)) + (1000).to_bytes(4, "big") + b"only this")
        await invocation._writer.drain()
        invocation._writer.transport.abort()
        await asyncio.Event().wait()
        return 0

    async def story():
        async with ControlServer(home, run):
            return await shell.type("secrets", "cat", "v:x")

    done = run_async(story())
    assert (done.code, done.out) == (75, b"only this")
    assert done.err.startswith(b"The agent ended before")


def test_arguments_that_are_not_utf8_arrive_as_they_are(home, shell, run_async):
    async def run(invocation):
        await invocation.out(os.fsencode(invocation.request.argv[1]))
        return 0

    async def story():
        async with ControlServer(home, run):
            return await shell.type("x", os.fsdecode(b"\xff\xfe"))

    assert run_async(story()).out == b"\xff\xfe"


def test_the_holder_is_told_where_the_command_was_typed(home, shell, run_async, tmp_path):
    seen = []

    async def run(invocation):
        seen.append(invocation.request)
        return 0

    async def story():
        async with ControlServer(home, run):
            await shell.type(
                "-vv",
                "a",
                "--no-color",
                "--password-file=pw",
                "--format=json",
                "--node-path",
                str(home.path),
                "b",
                cwd=tmp_path,
                PK_NODE_PATH="/nonexistent",
            )

    run_async(story())
    request = seen[0]
    assert request.argv == ("a", "b")
    assert request.cwd == tmp_path
    assert (request.as_json, request.color, request.verbose, request.password_file) == (True, False, 2, "pw")
    assert (request.stdin_tty, request.stdout_tty, request.stderr_tty, request.columns) == (False, False, False, 0)


def test_standard_input_is_sent_only_when_asked_for_and_in_bounded_pieces(home, shell, run_async):
    size = 64 * 1024 * 1024
    peak = []

    async def run(invocation):
        total = 0
        async for piece in invocation.read(None):
            assert len(piece) <= client.MAX_PIECE
            total += len(piece)
        with open(f"/proc/{running[0].pid}/status") as status:
            peak.extend(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
        await invocation.out(str(total).encode())
        return 0

    running = []

    async def story():
        async with ControlServer(home, run):
            with open("/dev/zero", "rb") as zeros:
                head = await asyncio.create_subprocess_exec(
                    "head", "-c", str(size), stdin=zeros, stdout=(pipe := os.pipe())[1]
                )
                os.close(pipe[1])
                process = await shell.start("secrets", "write", "v:big", stdin=pipe[0])
                running.append(process)
                os.close(pipe[0])
                out, _ = await process.communicate()
                await head.wait()
                return process.returncode, out

    before = _own_peak()
    assert run_async(story()) == (0, str(size).encode())
    assert _own_peak() - before < 24 * 1024
    assert peak[0] < 40 * 1024


def _own_peak() -> int:
    """KiB."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def test_standard_input_not_asked_for_is_left_alone(home, shell, run_async):
    async def run(invocation):
        return 0

    async def story():
        async with ControlServer(home, run):
            return await shell.type("vaults", "list", stdin=b"x" * 10)

    assert run_async(story()).code == 0


def test_ctrl_c_cancels_the_command_and_exits_130(home, shell, run_async):
    at_work, tidied = asyncio.Event(), asyncio.Event()

    async def run(invocation):
        at_work.set()
        try:
            await asyncio.Event().wait()
        finally:
            tidied.set()
        return 0

    async def story():
        async with ControlServer(home, run):
            process = await shell.start("vaults", "clone")
            await at_work.wait()
            process.send_signal(signal.SIGINT)
            _, err = await process.communicate()
            await tidied.wait()
            return process.returncode, err

    assert run_async(story()) == (130, b"")


def test_ctrl_c_while_standard_input_is_read_cancels_too(home, shell, run_async):
    asked, tidied = asyncio.Event(), asyncio.Event()

    async def run(invocation):
        try:
            async for _ in invocation.read(None):
                asked.set()
        finally:
            tidied.set()
        return 0

    async def story():
        async with ControlServer(home, run):
            reading, writing = os.pipe()
            process = await shell.start("secrets", "write", "v:x", stdin=reading)
            os.write(writing, b"x" * 64 * 1024)
            for _ in range(4):
                await asyncio.to_thread(os.write, writing, b"x" * 60 * 1024)
            await asyncio.to_thread(os.write, writing, b"x" * 60 * 1024)
            await asked.wait()
            process.send_signal(signal.SIGINT)
            await process.communicate()
            await tidied.wait()
            os.close(reading)
            os.close(writing)
            return process.returncode

    assert run_async(story()) == 130


def test_a_closed_output_ends_the_command_quietly(home, shell, run_async):
    tidied = asyncio.Event()

    async def run(invocation):
        try:
            while True:
                await invocation.out(b"x" * 65536)
        finally:
            tidied.set()

    async def story():
        async with ControlServer(home, run):
            reading, writing = os.pipe()
            process = await shell.start("secrets", "cat", "v:x", stdout=writing)
            os.close(writing)
            os.close(reading)
            _, err = await process.communicate()
            await tidied.wait()
            return process.returncode, err

    assert run_async(story()) == (141, b"")


@pytest.mark.parametrize("form", ["human", "json"])
def test_an_agent_that_ends_mid_command_is_told_in_a_sentence(home, shell, run_async, form):
    at_work = asyncio.Event()

    async def run(invocation):
        at_work.set()
        await asyncio.Event().wait()
        return 0

    async def story():
        async with ControlServer(home, run):
            process = await shell.start("vaults", "list", "--format", form)
            await at_work.wait()
        _, err = await process.communicate()
        return process.returncode, err.decode()

    code, err = run_async(story())
    assert code == 75
    if form == "json":
        assert json.loads(err)["error"]["exit_code"] == 75
        assert json.loads(err)["error"]["kind"] == "busy"
    else:
        assert err.startswith("The agent ended before")
        assert err.count("\n") == 1


def test_a_long_node_path_is_reached_by_its_pointer(tmp_path, shell, run_async, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/tmp")
    home = Home(tmp_path / ("d" * 120))
    home.create()

    async def run(invocation):
        await invocation.out(b"reached")
        return 0

    async def story():
        async with ControlServer(home, run):
            return await shell.type("vaults", "list", PK_NODE_PATH=str(home.path))

    assert run_async(story()).out == b"reached"
    assert not (home.path / "control.path").exists()


def test_nobody_answers_where_there_is_no_socket_or_a_stale_one(tmp_path):
    assert client.connect(str(tmp_path / "none")) is None
    assert client.connect(str(tmp_path / ("d" * 120))) is None
    with socket.socket(socket.AF_UNIX) as line:
        line.bind(str(tmp_path / "control.sock"))
    assert client.connect(str(tmp_path)) is None
    (tmp_path / "file").touch()
    assert client.connect(str(tmp_path / "file")) is None


def test_without_a_holder_the_command_is_carried_out_here(home, shell, run_async):
    done = run_async(shell.type("vaults", "list"))

    assert done.code == 64
    assert b"There is no node in" in done.err


def test_a_socket_of_another_user_is_refused(tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "control.sock"))
        listener.listen()
        mine = os.getuid()
        monkeypatch.setattr(client, "peer_uid", lambda line: mine + 1)
        with pytest.raises(client.Fault) as refused:
            client.connect(str(tmp_path))
    assert refused.value.code == 77


def test_the_peers_user_is_told_by_the_kernel():
    here, there = socket.socketpair(socket.AF_UNIX)
    with here, there:
        assert client.peer_uid(here) == os.getuid()


def test_the_version_is_answered_without_a_node(shell, run_async):
    assert run_async(shell.type("--version")).out == f"pk-tui {__version__}\n".encode()
    assert json.loads(run_async(shell.type("--format", "json", "--version")).out) == {"version": __version__}


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["--node-path"], "needs a value"),
        (["vaults", "list", "--format", "xml"], "human"),
        (["--format="], "needs a value"),
    ],
)
def test_a_wrong_global_option_is_misuse(shell, run_async, argv, sentence):
    done = run_async(shell.type(*argv))

    assert done.code == 64
    assert sentence.encode() in done.err


def test_global_options_are_taken_from_anywhere_before_the_double_dash():
    found = client.hoist(["a", "--format=json", "b", "-v", "--", "-v", "--format", "human"])

    assert found.rest == ["a", "b", "--", "-v", "--format", "human"]
    assert found.as_json
    assert found.verbose == 1


def test_a_words_that_only_look_like_global_options_stay():
    assert client.hoist(["-", "-x", "--verb", "-version", "--node-pathx=1"]).rest == [
        "-",
        "-x",
        "--verb",
        "-version",
        "--node-pathx=1",
    ]


@pytest.mark.parametrize(
    "environment",
    [
        {"HOME": "/home/someone"},
        {"HOME": "/home/someone/"},
        {"HOME": "/home/someone", "XDG_DATA_HOME": "/data"},
        {"HOME": "/home/someone", "XDG_DATA_HOME": "relative"},
        {"HOME": "/home/someone", "XDG_DATA_HOME": ""},
        {"HOME": ""},
        {"HOME": "relative"},
        {},
    ],
)
def test_the_default_directory_is_the_one_platformdirs_gives(monkeypatch, environment):
    for name in ("HOME", "XDG_DATA_HOME", "PK_NODE_PATH"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert client.node_path(client.hoist([])) == os.path.realpath(user_data_dir("pk-tui", appauthor=False))


def test_the_option_goes_before_the_variable_for_the_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("PK_NODE_PATH", str(tmp_path / "a"))
    assert client.node_path(client.hoist([])) == str(tmp_path / "a")
    assert client.node_path(client.hoist(["--node-path", str(tmp_path / "b")])) == str(tmp_path / "b")


def test_the_client_imports_next_to_nothing():
    script = (
        "import sys, _socket; before = set(sys.modules); import pk_tui.control.client; "
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "['pk_tui', 'pk_tui.control', 'pk_tui.control.client']"


@pytest.mark.parametrize(("closed", "code"), [("<&-", 66), (">&-", 74), ("<&- >&-", 66), ("2>&-", 64)])
def test_what_was_closed_before_us_is_never_the_line_to_the_agent(home, run_async, closed, code):
    async def run(invocation):
        try:
            if "<" in closed:
                return len([piece async for piece in invocation.read(None)])
        except MissingInput as error:
            return error.exit_code
        await (invocation.err if "2" in closed else invocation.out)(b"nobody sees this")
        return 64

    async def story():
        async with ControlServer(home, run):
            command = f'exec "{sys.executable}" -m pk_tui --node-path "{home.path}" x {closed}'
            process = await asyncio.create_subprocess_exec("sh", "-c", command, stdin=asyncio.subprocess.DEVNULL)
            return await process.wait()

    assert run_async(story()) == code
