"""The window's end of a line, on a real socket pair."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pk_tui.control.attachment import frame
from pk_tui.control.line import Line
from pk_tui.errors import Malformed


class Heard:
    def __init__(self) -> None:
        self.frames: list[tuple[int, bytes]] = []
        self.lost: list[bool] = []
        self.came = asyncio.Event()

    def received(self, kind: int, payload: bytes) -> None:
        if kind == 0:
            raise Malformed("not that")
        self.frames.append((kind, payload))
        self.came.set()


@asynccontextmanager
async def a_line() -> AsyncIterator[tuple[Line, Heard, socket.socket]]:
    here, there = socket.socketpair(socket.AF_UNIX)
    here.setblocking(False)
    there.setblocking(False)
    heard = Heard()
    line = Line(heard.received, heard.lost.append)
    await asyncio.get_running_loop().create_unix_connection(lambda: line, sock=here)
    with there:
        yield line, heard, there
        await line.aclose(0.1)


def test_frames_come_by_callback(run_async):
    async def story():
        async with a_line() as (line, heard, there):
            await asyncio.get_running_loop().sock_sendall(there, frame(5, b"a") + frame(6, b"b"))
            await heard.came.wait()
            line.send(frame(7, b"c"))
            assert await asyncio.get_running_loop().sock_recv(there, 100) == frame(7, b"c")
            return heard.frames

    assert run_async(story()) == [(5, b"a"), (6, b"b")]


def test_the_end_is_told_once_and_at_once(run_async):
    async def story():
        async with a_line() as (line, heard, there):
            there.close()
            await line.closed.wait()
            line.send(b"into the void")
            await line.aclose(1)
            return heard.lost

    assert run_async(story()) == [False]


def test_what_breaks_the_rules_cuts_the_line(run_async):
    async def story():
        async with a_line() as (line, heard, there):
            await asyncio.get_running_loop().sock_sendall(there, frame(0) + frame(5, b"too late"))
            await line.closed.wait()
            return heard.frames, heard.lost

    assert run_async(story()) == ([], [True])


def test_closing_does_not_wait_for_a_reader_that_never_reads(run_async):
    async def story():
        async with a_line() as (line, heard, _):
            line.send(bytes(4 << 20))
            await line.aclose(0.01)
            return line.closed.is_set(), heard.lost

    assert run_async(story()) == (True, [False])


def test_a_line_that_never_came_about_can_be_closed(run_async):
    async def story():
        line = Line(lambda kind, payload: None, lambda broken: None)
        line.send(b"nowhere")
        await line.aclose(1)

    run_async(story())
