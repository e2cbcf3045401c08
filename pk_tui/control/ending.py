"""After a command that ends the agent: wait until its process is gone, and start another where one was asked for."""

from __future__ import annotations

import fcntl
import os
import threading

from pk_tui.clock import SystemClock
from pk_tui.control import answering, client

PATIENCE = 30.0
"""Seconds an agent may take to end before we stop waiting."""


def follow(code: int, then: list[str], node: str, found: client.Options) -> int:
    """Carry on where the holder's last frame says; returns the exit code of the whole."""
    if not wait_until_gone(node, PATIENCE):
        raise client.Fault("busy", "The agent has not ended yet. `pk-tui agent status` says whether it still runs.", 75)
    return start_again(then, answering.given_password, node, found) if then else code


def wait_until_gone(node: str, patience: float) -> bool:
    """True as soon as no process holds the node's lock; False if one still does after `patience` seconds."""
    clock = SystemClock()
    until = clock.elapsed() + patience
    try:
        file = os.open(os.path.join(node, "lock"), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if clock.elapsed() > until:
                    return False
            threading.Event().wait(0.01)
    finally:
        os.close(file)


def start_again(then: list[str], password: bytes | None, node: str, found: client.Options) -> int:
    """Run `then` in this process, with the password that was given already, over a pipe that nobody else sees."""
    argv = ["--node-path", node, "--format", "json" if found.as_json else "human"]
    if password is None:
        return client.here([*argv, *then])
    reading, writing = os.pipe()
    try:
        os.write(writing, password + b"\n")
        os.close(writing)
        return client.here([*argv, "--password-file", f"/dev/fd/{reading}", *then])
    finally:
        os.close(reading)
