"""A store of `pass`: every file that ends in `.gpg` is an item, opened by the user's own gpg, whose output comes through a pipe.

The first line is the password; `name: value` lines become slots, an otpauth:// line the one-time code, all else the notes.
"""

from __future__ import annotations

import os
import selectors
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from pk_tui.errors import MissingInput
from pk_tui.importers.building import Building
from pk_tui.importers.directory import walk
from pk_tui.importers.finding import MAX_VALUE, Findings, Found, Skipped, shown
from pk_tui.importers.naming import Places
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text
from pk_tui.terms import SecretPath

ENDING = ".gpg"
_OWN = {".gpg-id", ".gpg-id.sig", ".gitattributes", ".public-keys"}
"""Files by which `pass` itself works: nothing that could be a secret."""
_PATIENCE = 0.25
"""Seconds between two looks at whether the work was called off."""
_WAITS = 480
"""Such looks at most, for one secret: two minutes, in which a person can type a passphrase for gpg."""
_COMMON = {
    "user": "username",
    "username": "username",
    "login": "username",
    "url": "url",
    "website": "url",
    "email": "email",
    "otp": "otp",
    "totp": "otp",
    "pin": "pin",
}
_TYPES = {"url": "url", "email": "email", "otp": "otp", "pin": "password"}

Stopped = Callable[[], bool]


def read_password_store(directory: Path, passphrase: Plaintext | None, stopped: Stopped) -> Findings:
    """Raises MissingInput if it cannot be read or there is no gpg. A file that gpg does not open is named; the others go on.

    `passphrase` is for gpg's key, if its own agent does not have it. `stopped` is asked now and then; if true, this ends.
    """
    program = which("gpg") or which("gpg2")
    if program is None:
        raise MissingInput(
            f"{shown(directory)} is a store of `pass`, which takes the program gpg to open, and there is none on this machine's "
            "PATH. Install GnuPG and try again. Nothing was written."
        )
    places = Places()
    for row in walk(directory):
        if stopped():
            return
        if isinstance(row, Skipped):
            if row.name.split("/")[0] != ".git":
                yield row
        elif row.path.name not in _OWN and ".git" not in row.path.parts[:1]:
            yield from _one(program, row.path, row.files[0], passphrase, places, stopped)


def _one(
    program: str, path: SecretPath, file: str, passphrase: Plaintext | None, places: Places, stopped: Stopped
) -> Findings:
    name = safe_text(str(path), 300)
    if not path.name.endswith(ENDING) or path.name == ENDING:
        yield Skipped(name, f"it does not end in {ENDING}")
        return
    opened = decrypt(program, file, passphrase, stopped)
    if opened.content is None:
        yield Skipped(name, opened.fault)
        return
    title = path.name.removesuffix(ENDING)
    try:
        text = opened.content.reveal().decode()
        if "\0" in text:
            raise UnicodeError
    except UnicodeError:  # a file that somebody keeps there: it stays what it is
        yield Found(places.secret(path.parent, title), opened.content)
        return
    building = parsed(title, text, name)
    for reason in building.left_out:
        yield Skipped(name, reason)
    yield Found(places.secret(path.parent, title), building.done())


def parsed(title: str, text: str, place: str) -> Building:
    building = Building("password", title, place)
    first, _, rest = text.partition("\n")
    lines = [line.removesuffix("\r") for line in rest.split("\n")]
    first = first.removesuffix("\r")
    if first.startswith("otpauth://"):
        building.add("otp", first, "otp")
    else:
        building.add("password", first, "password")
    notes: list[str] = []
    for line in lines:
        key, colon, value = line.partition(":")
        key = key.strip()
        if line.startswith("otpauth://"):
            building.add("otp", line.strip(), "otp")
        elif (
            colon
            and key
            and value[:1] in ("", " ", "\t")
            and value.strip()
            and len(key) <= 40
            and not line[:1].isspace()
        ):
            slot = _COMMON.get(key.lower(), key)
            building.add(slot, value.strip(), _TYPES.get(slot, "text"))
        else:
            notes.append(line)
    building.add("notes", "\n".join(notes).strip("\n"), "note")
    return building


@dataclass(frozen=True, slots=True)
class Opened:
    """What gpg gave, or why it gave nothing."""

    content: Plaintext | None
    fault: str = ""


def decrypt(program: str, file: str, passphrase: Plaintext | None, stopped: Stopped) -> Opened:
    """Open one file with gpg. More than a value may have is not taken, however small the file was."""
    command = [program, "--batch", "--quiet", "--no-tty"]
    if passphrase is not None:
        command += ["--pinentry-mode", "loopback", "--passphrase-fd", "0"]
    command += ["--decrypt", "--", file]
    try:
        child = subprocess.Popen(  # noqa: S603 - the program is gpg from the PATH; a file name is never an option after `--`
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment()
        )
    except OSError as error:
        raise MissingInput(f"gpg cannot be run: {error.strerror}. Nothing was written.") from error
    with child:
        try:
            assert child.stdin is not None
            with child.stdin as line:
                if passphrase is not None:
                    line.write(passphrase.reveal() + b"\n")
        except BrokenPipeError:
            pass  # gpg has no key for this file and did not wait for a passphrase; it says so itself
        try:
            out, said, ended = _gathered(child, stopped)
        finally:
            child.kill()
    if len(out) > MAX_VALUE:
        return Opened(None, "it is larger than 1 MiB when opened")
    if not ended:
        return Opened(None, "gpg did not answer in two minutes")
    if child.returncode != 0:
        last = said.decode(errors="replace").strip().rsplit("\n", 1)[-1].removeprefix("gpg: ")
        return Opened(None, f"gpg does not open it: {safe_text(last, 120) or 'it says nothing'}")
    return Opened(Plaintext(out))


def _gathered(child: subprocess.Popen[bytes], stopped: Stopped) -> tuple[bytes, bytes, bool]:
    """Both outputs up to their limits, and whether gpg came to its end by itself."""
    assert child.stdout is not None
    assert child.stderr is not None
    out, said = bytearray(), bytearray()
    waits = 0
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ, out)
        selector.register(child.stderr, selectors.EVENT_READ, said)
        while selector.get_map():
            ready = selector.select(_PATIENCE)
            waits += not ready
            if stopped() or waits > _WAITS or len(out) > MAX_VALUE:
                return bytes(out), bytes(said), False
            for key, _ in ready:
                piece = os.read(key.fd, 64 * 1024)
                if not piece:
                    selector.unregister(key.fileobj)
                elif key.data is out or len(said) < 64 * 1024:
                    key.data.extend(piece)
    child.wait()
    return bytes(out), bytes(said), True


def _environment() -> dict[str, str]:
    """Ours, without what is meant for this program alone; gpg's messages in English, in which they are shown."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PK_")} | {"LC_ALL": "C.UTF-8"}


def is_password_store(directory: Path) -> bool:
    return (directory / ".gpg-id").is_file()
