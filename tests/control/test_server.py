from __future__ import annotations

import asyncio
import os
import socket
import stat

import pytest

from pk_tui.control import client
from pk_tui.control.server import MAX_COMMANDS, PIECES_AHEAD, ControlServer, is_same_user, passes_refusal
from pk_tui.errors import Locked, MissingInput, PkError, WrongPassword
from pk_tui.plaintext import Plaintext


async def at_once(invocation):
    return 0


def test_the_socket_is_private_under_any_umask_and_gone_afterwards(home, run_async):
    async def story():
        before = os.umask(0)
        try:
            async with ControlServer(home, at_once):
                assert os.umask(0) == 0
                return stat.S_IMODE((home.path / "control.sock").stat().st_mode)
        finally:
            os.umask(before)

    assert run_async(story()) == 0o600
    assert not (home.path / "control.sock").exists()


def test_a_stale_socket_is_replaced(home, shell, run_async):
    with socket.socket(socket.AF_UNIX) as line:
        line.bind(str(home.path / "control.sock"))

    async def story():
        async with ControlServer(home, at_once):
            return await shell.type("x")

    assert run_async(story()).code == 0


def test_a_process_of_another_user_is_not_listened_to():
    here, there = socket.socketpair(socket.AF_UNIX)
    with here, there:
        assert is_same_user(here)
        assert not is_same_user(here, os.getuid() + 1)
    with socket.socket(socket.AF_INET) as elsewhere:
        elsewhere.close()
        assert not is_same_user(elsewhere)


async def open_raw(home):
    return await asyncio.open_unix_connection(home.path / "control.sock")


def frame(kind: int, payload: bytes) -> bytes:
    return bytes((kind,)) + len(payload).to_bytes(4, "big") + payload


def a_command(*argv: str) -> bytes:
    return frame(client.COMMAND, client.command(client.hoist(list(argv))))


@pytest.mark.parametrize(
    "nonsense",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        frame(client.ANSWER, b"{}"),
        bytes((client.COMMAND,)) + b"\xff\xff\xff\xff",
        frame(client.COMMAND, b"")[:3],
    ],
)
def test_what_is_no_command_is_dropped_without_a_word(home, run_async, nonsense):
    async def story():
        async with ControlServer(home, at_once):
            reader, writer = await open_raw(home)
            writer.write(nonsense)
            writer.write_eof()
            said = await reader.read()
            writer.close()
            return said

    assert run_async(story()) == b""


@pytest.mark.parametrize(
    ("payload", "code"),
    [(client.PROTOCOL, b"65"), (b"0\0True", b"70"), (client.PROTOCOL + b"\0a\0b\0c\0---\0x\0/\0", b"65"), (b"", b"70")],
)
def test_a_command_of_another_shape_or_version_is_refused_in_words(home, run_async, payload, code):
    async def story():
        async with ControlServer(home, at_once):
            reader, writer = await open_raw(home)
            writer.write(frame(client.COMMAND, payload))
            said = await reader.read()
            writer.close()
            return said

    said = run_async(story())
    assert said[0] == client.ERR
    assert said.endswith(frame(client.EXIT, code))


def test_too_many_commands_at_once_are_put_off(home, shell, run_async):
    working = 0
    all_there = asyncio.Event()

    async def run(invocation):
        nonlocal working
        working += 1
        if working == MAX_COMMANDS:
            all_there.set()
        await asyncio.Event().wait()

    async def story():
        async with ControlServer(home, run):
            lines = [await open_raw(home) for _ in range(MAX_COMMANDS)]
            for _, writer in lines:
                writer.write(a_command("x"))
            await all_there.wait()
            done = await shell.type("vaults", "list")
            for _, writer in lines:
                writer.close()
            return done

    done = run_async(story())
    assert done.code == 75
    assert b"32 other commands" in done.err


def test_an_answer_nobody_asked_for_ends_the_command(home, run_async):
    ended = asyncio.Event()

    async def run(invocation):
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def story():
        async with ControlServer(home, run):
            reader, writer = await open_raw(home)
            writer.write(a_command("x") + frame(client.PIECE, b"uninvited"))
            said = await reader.read()
            await ended.wait()
            writer.close()
            return said

    assert run_async(story()) == b""


def test_an_answer_that_is_too_large_ends_the_command(home, run_async):
    async def run(invocation):
        await invocation.ask_password("?")

    async def story():
        async with ControlServer(home, run):
            reader, writer = await open_raw(home)
            writer.write(a_command("x"))
            await reader.readexactly(5)
            writer.write(bytes((client.ANSWER,)) + b"\xff\xff\xff\xff")
            rest = await reader.read()
            writer.close()
            return rest

    assert b"ask" in run_async(story())


def test_a_slow_reader_slows_the_command_down(home, run_async):
    written = 0

    async def run(invocation):
        nonlocal written
        for _ in range(1000):
            await invocation.out(b"x" * 65536)
            written += 65536
        return 0

    async def story():
        async with ControlServer(home, run):
            reader, writer = await open_raw(home)
            writer.write(a_command("x"))
            await reader.readexactly(65536)
            for _ in range(50):
                await asyncio.sleep(0)
            soon = written
            while await reader.read(1 << 20):
                pass
            writer.close()
            return soon

    assert run_async(story()) < 4 * 1024 * 1024
    assert written == 1000 * 65536


def test_hints_are_dropped_rather_than_waited_for(home, run_async):
    async def run(invocation):
        for _ in range(10_000):
            invocation.hint(b"x" * 1000)
        return 0

    async def story():
        async with ControlServer(home, run):
            reader, writer = await open_raw(home)
            writer.write(a_command("x"))
            said = await reader.read()
            writer.close()
            return said

    said = run_async(story())
    assert said.startswith(frame(client.ERR, b"x" * 1000))
    assert len(said) < 2_000_000
    assert said.endswith(frame(client.EXIT, b"0"))


def test_passwords_and_files_are_asked_of_the_one_who_typed(home, shell, run_async, tmp_path):
    got = []

    async def run(invocation):
        got.append((await invocation.ask_password("Password: ")).reveal())
        got.append((await invocation.ask_new_password("New: ", "PK_PASSWORD_NEW")).reveal())
        got.append(b"".join([piece async for piece in invocation.read("file")]))
        got.append(b"".join([piece async for piece in invocation.read("-")]))
        return 0

    async def story():
        async with ControlServer(home, run):
            (tmp_path / "file").write_bytes(b"content")
            (tmp_path / "pw").write_bytes(b"from file\r\nmore")
            return await shell.type(
                "x", "--password-file", "pw", stdin=b"typed", cwd=tmp_path, PK_PASSWORD="no", PK_PASSWORD_NEW="next"
            )

    assert run_async(story()).code == 0
    assert got == [b"from file", b"next", b"content", b"typed"]


def test_without_any_source_there_is_no_password(home, shell, run_async):
    got = []

    async def run(invocation):
        got.append(await invocation.ask_password("?"))
        got.append(await invocation.ask_new_password("?", "PK_PASSWORD_NEW"))
        got.append(await invocation.ask_hidden("?"))
        return 0

    async def story():
        async with ControlServer(home, run):
            await shell.type("x", stdin=b"not a password")

    run_async(story())
    assert got == [None, None, None]


@pytest.mark.parametrize("path", ["missing", "."])
def test_a_file_that_cannot_be_read_is_told(home, shell, run_async, path, tmp_path):
    got = []

    async def run(invocation):
        try:
            async for _ in invocation.read(path):
                pass
        except MissingInput as error:
            got.append(error.message)
        return 0

    async def story():
        async with ControlServer(home, run):
            await shell.type("x", cwd=tmp_path)

    run_async(story())
    assert f"“{path}” cannot be read" in got[0]


async def asks_of(reader, count):
    """The next so many asks."""
    asks = []
    for _ in range(count):
        head = await reader.readexactly(5)
        asks.append((head[0], await reader.readexactly(int.from_bytes(head[1:], "big"))))
    return asks


def test_of_a_long_file_a_few_pieces_are_asked_for_ahead_and_come_in_order(home, run_async):
    got = []
    first, go_on = asyncio.Event(), asyncio.Event()

    async def run(invocation):
        async for piece in invocation.read("f"):
            got.append((len(piece), piece[:1]))
            first.set()
            await go_on.wait()
        return 0

    async def story():
        async with ControlServer(home, run):
            reader, writer = await open_raw(home)
            writer.write(a_command("x"))
            assert await asks_of(reader, 1) == [(client.ASK, b"open\nf")]
            writer.write(frame(client.PIECE, b"0" * client.MAX_PIECE))
            await first.wait()
            assert await asks_of(reader, PIECES_AHEAD) == [(client.ASK, b"piece")] * PIECES_AHEAD
            with pytest.raises(TimeoutError):  # and no more, while none of them is used
                await asyncio.wait_for(reader.readexactly(1), 0.05)
            go_on.set()
            writer.write(frame(client.PIECE, b"1" * client.MAX_PIECE))
            await asks_of(reader, 1)
            writer.write(frame(client.PIECE, b"2" * 9) + frame(client.PIECE, b"") * (PIECES_AHEAD - 1))
            said = await reader.read()
            writer.close()
            return said

    assert run_async(story()).endswith(frame(client.EXIT, b"0"))
    assert got == [(client.MAX_PIECE, b"0"), (client.MAX_PIECE, b"1"), (9, b"2")]


def test_of_a_short_file_nothing_is_asked_for_ahead(home, run_async):
    async def run(invocation):
        return sum([len(piece) async for piece in invocation.read("f")])

    async def story():
        async with ControlServer(home, run):
            reader, writer = await open_raw(home)
            writer.write(a_command("x"))
            await asks_of(reader, 1)
            writer.write(frame(client.PIECE, b"short"))
            assert await asks_of(reader, 1) == [(client.ASK, b"piece")]
            writer.write(frame(client.PIECE, b""))
            said = await reader.read()
            writer.close()
            return said

    assert run_async(story()) == frame(client.EXIT, b"5")


def test_a_command_that_ends_with_pieces_on_their_way_has_its_own_exit_code(home, shell, run_async):
    async def run(invocation):
        async for _ in invocation.read(None):
            await invocation.err(b"enough\n")
            break
        return 9

    async def story():
        async with ControlServer(home, run):
            return [await shell.type("x", stdin=bytes(8_000_000)) for _ in range(5)]

    assert [(done.code, done.err) for done in run_async(story())] == [(9, b"enough\n")] * 5


def test_a_failure_on_the_other_side_keeps_its_kind(home, run_async):
    got = []

    async def run(invocation):
        try:
            await invocation.ask_password("?")
        except PkError as error:
            got.append(error)
        return 0

    async def story():
        async with ControlServer(home, run):
            reader, writer = await open_raw(home)
            writer.write(a_command("x"))
            head = await reader.readexactly(5)
            await reader.readexactly(int.from_bytes(head[1:], "big"))
            writer.write(frame(client.ANSWER, b'{"failed": ["wrong_password", "It is \\u001b wrong."]}\n'))
            await reader.read()
            writer.close()

    run_async(story())
    assert isinstance(got[0], WrongPassword)
    assert got[0].message == "It is \\u{1b} wrong."


def test_a_secret_is_edited_where_the_command_was_typed(home, shell, run_async, tmp_path):
    from pk_tui.plaintext import Plaintext

    got = []

    async def run(invocation):
        got.append((await invocation.edit(Plaintext(b"old"), ".txt")).reveal())
        return 0

    async def story():
        async with ControlServer(home, run):
            return await shell.type("x", VISUAL="", EDITOR="sed -i s/old/new/", XDG_RUNTIME_DIR=str(tmp_path))

    assert run_async(story()).code == 0
    assert got == [b"new"]


def test_stop_is_called_when_the_exit_code_has_been_sent_and_the_client_waits_for_the_end(home, shell, run_async):
    async def story():
        stopped = asyncio.Event()

        async def run(invocation):
            invocation.end_agent_with(stopped.set)
            await invocation.out(b"bye")
            return 3

        with home.lock():
            async with ControlServer(home, run):
                process = await shell.start("agent", "stop")
                await stopped.wait()
        out, _ = await process.communicate()
        return process.returncode, out

    assert run_async(story()) == (3, b"bye")


@pytest.mark.parametrize(
    ("argv", "passes"),
    [
        (("agent", "status"), True),
        (("agent", "stop"), True),
        (("agent", "restart"), True),
        (("agent", "lock"), True),
        (("agent", "unlock"), True),
        (("agent", "status", "--verbose"), True),
        (("agent",), False),
        (("agent", "start"), False),
        (("status", "agent"), False),
        (("vaults", "list"), False),
        (("secrets", "cat", "agent:status"), False),
        (("vaults", "agent", "status"), False),
        (("check",), False),
        ((), False),
    ],
)
def test_only_commands_about_the_agent_itself_pass_a_refusal(argv, passes):
    assert passes_refusal(argv) is passes


@pytest.mark.parametrize("form", ["human", "json"])
def test_a_refusal_meets_every_command_but_those_about_the_agent(home, shell, run_async, form):
    ran = []
    refusal = [Locked("The screen of the program that holds this node is locked.")]

    async def run(invocation):
        ran.append(invocation.request.argv[:2])
        return 0

    async def story():
        async with ControlServer(home, run, refuses=lambda: refusal[0]):
            refused = await shell.type("secrets", "cat", "v:x", "--format", form)
            passed = await shell.type("agent", "status")
            refusal[0] = None
            after = await shell.type("secrets", "cat", "v:x")
            return refused, passed, after

    refused, passed, after = run_async(story())
    assert (refused.code, passed.code, after.code) == (77, 0, 0)
    assert b"The screen of the program that holds this node is locked." in refused.err
    assert refused.out == b""
    assert ran == [("agent", "status"), ("secrets", "cat")]


@pytest.mark.parametrize("given", [[], [("A", Plaintext(b"it's = \xff\n")), ("EMPTY", Plaintext(b""))]])
def test_the_client_becomes_what_was_typed_with_the_variables_it_is_given(home, shell, run_async, given):
    async def run(invocation):
        await invocation.give_environment(given)
        return 0

    async def story():
        async with ControlServer(home, run):
            return await shell.type(
                "x", "--", "sh", "-c", 'printf "%s|%s|%s" "$A" "${EMPTY-none}" "$PK_PASSWORD"; exit 9', PK_PASSWORD="w"
            )

    done = run_async(story())
    assert (done.code, done.err) == (9, b"")
    assert done.out == (b"it's = \xff\n||" if given else b"|none|")


def test_nothing_is_run_for_a_command_that_failed_or_that_was_given_nothing(home, shell, run_async):
    async def failing(invocation):
        await invocation.give_environment([("A", Plaintext(b"1"))])
        return 64

    async def story(run):
        async with ControlServer(home, run):
            return await shell.type("x", "--", "echo", "run")

    done = run_async(story(failing))
    assert (done.code, done.out) == (64, b"")
    done = run_async(story(at_once))
    assert (done.code, done.out) == (0, b"")


def test_an_agent_never_says_what_to_run(home, shell, run_async):
    async def run(invocation):
        await invocation.give_environment([("A", Plaintext(b"1"))])
        return 0

    async def story():
        async with ControlServer(home, run):
            return await shell.type("--format", "json", "x", "echo", "run")

    done = run_async(story())
    assert (done.code, done.out) == (64, b"")
    assert b'"misuse"' in done.err
