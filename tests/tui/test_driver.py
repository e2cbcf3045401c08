"""Whatever a terminal sends is read or passed over, and a terminal that is gone stops neither writing nor the way out."""

from __future__ import annotations

import errno
import io
import os
import pty
import threading
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual.app import App
from textual.drivers import linux_driver
from textual.drivers._writer_thread import WriterThread
from textual.message import Message

from pk_tui.tui.driver import Keys, Outlived, SteadyDriver
from pk_tui.tui.guard import GuardedApp


class Gone(io.StringIO):
    """A terminal that nobody has any more."""

    def write(self, text: str) -> int:
        raise OSError(errno.EIO, "gone")

    def flush(self) -> None:
        raise OSError(errno.EIO, "gone")


def keys_of(*pieces: bytes) -> list[str]:
    keys = Keys()
    return [one.key for piece in pieces for one in keys.feed(piece) if isinstance(one, events.Key)]


def test_the_thread_that_writes_goes_on_taking_when_the_terminal_is_gone() -> None:
    writer = WriterThread(cast(Any, Outlived(Gone())))
    writer.start()
    for _ in range(200):  # many more than may wait
        writer.write("x")
    writer.stop()
    assert not writer.is_alive()


def test_writing_to_a_closed_file_is_writing_to_a_terminal_that_is_gone() -> None:
    file = io.StringIO()
    outlived = Outlived(file)
    outlived.write("seen")
    assert file.getvalue() == "seen"
    file.close()
    outlived.write("unseen")
    outlived.flush()


@pytest.mark.parametrize(
    "sent",
    [
        b"\x1b[97;1:3u",  # a key let go, which Textual does not ask for
        b"\x1b[99999999999999999999u",
        b"\x1b[1114112u",
        b"\x1b[27;5;99999999~",
        b"\xff\xfe",  # Latin-1, or a key with Meta as the eighth bit
        b"\x1b[M\xff\xff\xff",  # a click far right on a terminal that counts in bytes
    ],
)
def test_what_is_no_key_is_passed_over_and_what_follows_is_read(sent: bytes) -> None:
    assert keys_of(sent, b"hi")[-2:] == ["h", "i"]
    assert keys_of(sent + b"hi")[-2:] == ["h", "i"]


def test_a_paste_with_bytes_that_are_no_text_stays_one_paste() -> None:
    keys = Keys()
    pieces = (b"\x1b[200~one\xff", b"q\xc3", b"\xa4two\x1b[201~q")
    found = [one for piece in pieces for one in keys.feed(piece)]
    assert [one.text for one in found if isinstance(one, events.Paste)] == ["one\ufffdqätwo"]
    assert [one.key for one in found if isinstance(one, events.Key)] == ["q"]


def test_a_letter_cut_in_two_is_one_letter() -> None:
    whole = "ä".encode()
    assert keys_of(whole[:1], whole[1:]) == keys_of(whole) != []


@given(st.lists(st.binary(max_size=30), max_size=5))
def test_no_bytes_stop_the_reading(pieces: list[bytes]) -> None:
    keys = Keys()
    for piece in pieces:
        list(keys.feed(piece))
        list(keys.tick())


class Driven:
    """As much of an app as a driver uses."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.exits: list[tuple[Any, ...]] = []

    def exit(self, *arguments: Any) -> None:
        return

    def call_later(self, callback: Any, *arguments: Any) -> None:
        self.exits.append((callback, *arguments))
        self.ended.set()


def test_a_closed_terminal_ends_the_reading_and_the_program() -> None:
    master, slave = pty.openpty()
    app = Driven()
    driver = object.__new__(SteadyDriver)
    driver._app = cast("App[Any]", app)
    driver.fileno = slave
    driver.exit_event = threading.Event()
    came: list[Message] = []
    driver.process_message = came.append  # type: ignore[method-assign]
    thread = threading.Thread(target=driver.run_input_thread)
    thread.start()
    os.write(master, b"k\r")
    os.close(master)
    thread.join(60)
    os.close(slave)
    assert not thread.is_alive()
    assert app.exits == [(app.exit, 129, 129)]


def test_reading_ends_when_the_program_does() -> None:
    master, slave = pty.openpty()
    driver = object.__new__(SteadyDriver)
    driver.fileno = slave
    driver.exit_event = threading.Event()
    thread = threading.Thread(target=driver.run_input_thread)
    thread.start()
    driver.exit_event.set()
    thread.join(60)
    os.close(master)
    os.close(slave)
    assert not thread.is_alive()


def test_the_app_uses_this_driver_and_what_is_replaced_is_still_there() -> None:
    assert GuardedApp.get_driver_class(cast(Any, None)) is SteadyDriver
    assert callable(linux_driver.LinuxDriver.run_input_thread)
    source = Path(linux_driver.__file__).read_text()
    assert "self._file = sys.__stderr__" in source
    assert "WriterThread(self._file)" in source
