from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pk_tui.control import client
from pk_tui.control.invocation import Request
from pk_tui.control.local import LocalInvocation, interruptible
from pk_tui.errors import MissingInput
from pk_tui.plaintext import Plaintext


def invocation(cwd: Path, **more: object) -> LocalInvocation:
    request = Request.read(client.command(client.hoist([])))
    return LocalInvocation(replace(request, cwd=cwd, **more), cwd / "node")


def test_output_and_errors_go_to_the_process_own(capfd, tmp_path):
    async def story() -> None:
        here = invocation(tmp_path)
        await here.out(b"out\xff")
        await here.err(b"err")
        here.hint(b"hint")

    asyncio.run(story())
    assert capfd.readouterr().err == "errhint"


def test_a_file_is_read_from_where_the_command_was_typed(tmp_path):
    async def story() -> bytes:
        return b"".join([piece async for piece in invocation(tmp_path).read("file")])

    (tmp_path / "file").write_bytes(b"content")
    assert asyncio.run(story()) == b"content"
    (tmp_path / "file").unlink()
    with pytest.raises(MissingInput, match="“file” cannot be read"):
        asyncio.run(story())


def test_the_password_is_asked_for_once(tmp_path, monkeypatch):
    async def story() -> list[Plaintext | None]:
        here = invocation(tmp_path, password_file="pw")
        first = await here.ask_password("?")
        (tmp_path / "pw").unlink()
        return [first, await here.ask_password("?")]

    (tmp_path / "pw").write_text("word")
    assert asyncio.run(story()) == [Plaintext(b"word")] * 2


def test_the_password_file_is_a_source_of_a_new_password_only_where_there_is_no_old_one(tmp_path, monkeypatch):
    async def story() -> list[Plaintext | None]:
        here = invocation(tmp_path, password_file="pw")
        return [await here.ask_new_password("?", name) for name in ("PK_PASSWORD", "PK_PASSWORD_NEW")]

    (tmp_path / "pw").write_text("word")
    monkeypatch.setenv("PK_PASSWORD_NEW", "next")
    assert asyncio.run(story()) == [Plaintext(b"word"), Plaintext(b"next")]


def test_a_secret_is_edited_in_this_process(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("VISUAL", "sed -i s/old/new/")

    assert asyncio.run(invocation(tmp_path).edit(Plaintext(b"old"), "")) == Plaintext(b"new")


def test_stop_is_called_at_once(tmp_path):
    stopped = []
    invocation(tmp_path).end_agent_with(lambda: stopped.append(True))
    assert stopped == [True]


def test_an_interrupt_ends_a_blocking_call_within_a_loop(tmp_path):
    async def story() -> None:
        with interruptible():
            os.kill(os.getpid(), signal.SIGINT)
            os.read(reading, 1)

    reading, writing = os.pipe()
    try:
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(story())
    finally:
        os.close(reading)
        os.close(writing)


def test_a_closed_output_is_told_apart_from_other_failures(tmp_path):
    script = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom pk_tui.control import client\n"
        "from pk_tui.control.invocation import Request\nfrom pk_tui.control.local import LocalInvocation\n"
        "here = LocalInvocation(Request.read(client.command(client.hoist([]))), Path('/'))\n"
        "try: asyncio.run(here.out(b'x' * 1000000))\n"
        "except Exception as error: print(type(error).__name__, file=sys.stderr)"
    )

    def outcome(out: int) -> str:
        done = subprocess.run(
            [sys.executable, "-c", script], stdout=out, stderr=subprocess.PIPE, text=True, check=False
        )
        return done.stderr.strip()

    reading, writing = os.pipe()
    os.close(reading)
    assert outcome(writing) == "OutputClosed"
    os.close(writing)
    with open("/dev/full", "wb") as full:
        assert outcome(full.fileno()) == "StorageFailed"


def test_what_a_command_is_to_find_is_kept_until_this_one_has_ended(tmp_path):
    async def story() -> list[bytes] | None:
        here = invocation(tmp_path)
        assert here.environment is None
        await here.give_environment([("A", Plaintext(b"=\xff")), ("B", Plaintext(b""))])
        return here.environment

    assert asyncio.run(story()) == [b"A==\xff", b"B="]


def test_what_is_typed_hidden_is_no_password_of_the_node(tmp_path, monkeypatch):
    async def story() -> list[Plaintext | None]:
        here = invocation(tmp_path, password_file="pw")
        return [await here.ask_hidden("?"), await here.ask_hidden("?"), await here.ask_password("?")]

    (tmp_path / "pw").write_text("word")
    monkeypatch.setenv("PK_PASSWORD", "no")
    asked = iter([b"typed", None])
    monkeypatch.setattr("pk_tui.control.prompt.hidden", lambda prompt: next(asked))
    assert asyncio.run(story()) == [Plaintext(b"typed"), None, Plaintext(b"word")]
