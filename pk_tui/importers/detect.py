"""What a source is, by looking at it; and the one door to all foreign forms but directories, which their reader walks itself."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pk_tui.errors import MissingInput, Misuse
from pk_tui.importers.bitwarden import read_bitwarden
from pk_tui.importers.csv_file import header_of, read_csv
from pk_tui.importers.csv_makers import maker_of
from pk_tui.importers.dotenv import read_dotenv
from pk_tui.importers.finding import Findings, Form, open_regular, shown
from pk_tui.importers.kdbx import KDB_SIGNATURE, SIGNATURE
from pk_tui.importers.keepass import read_keepass
from pk_tui.importers.password_store import Stopped, is_password_store, read_password_store
from pk_tui.plaintext import Plaintext

_HEAD = 64 * 1024
_ASSIGNMENT = re.compile(r"(?:export\s+)?[A-Za-z_][A-Za-z0-9_.-]*[ \t]*=")
_KINDS = ", ".join(form.value for form in Form)

_DIRECTORIES = (Form.DIRECTORY, Form.PASSWORD_STORE)


def form_of(source: Path, asked: Form | None) -> Form:
    """The form asked for, if the source can be of it; else (None) what it looks like. Raises MissingInput or Misuse."""
    try:
        return _form_of(source, asked)
    except OSError as error:
        raise MissingInput(f"{shown(source)} cannot be looked at: {error.strerror}.") from error


def _form_of(source: Path, asked: Form | None) -> Form:
    if not source.exists():
        what = "directory" if asked in _DIRECTORIES else "file or directory"
        raise MissingInput(f"There is no {what} {shown(source)}.")
    if asked is None:
        return _looked_at(source)
    if asked in _DIRECTORIES and not source.is_dir():
        raise Misuse(f"{shown(source)} is not a directory. To store one file use `pk-tui secrets create`.")
    if asked not in _DIRECTORIES and source.is_dir():
        raise Misuse(f"{shown(source)} is a directory; of the kind “{asked.value}” there are only files.")
    return asked


def _looked_at(source: Path) -> Form:
    if source.is_dir():
        return Form.PASSWORD_STORE if is_password_store(source) else Form.DIRECTORY
    head = _head(source)
    if head.startswith((SIGNATURE, KDB_SIGNATURE)):
        return Form.KEEPASS
    text = head.decode("utf-8-sig", "replace")
    if "\0" not in text:
        if text.lstrip().startswith("{") and ('"encrypted"' in text or '"items"' in text or '"folders"' in text):
            return Form.BITWARDEN
        if maker_of(header_of(text)) is not None or source.suffix.lower() == ".csv":
            return Form.CSV
        lines = [line.strip() for line in text.splitlines()]
        lines = [line for line in lines if line and not line.startswith("#")]
        named = source.name.startswith(".env") or source.suffix.lower() == ".env"
        if lines and (named or all(_ASSIGNMENT.match(line) for line in lines[:3])):
            return Form.DOTENV
    raise Misuse(
        f"{shown(source)} does not look like anything that is known here. If it is one of these all the same, "
        f"choose its kind: {_KINDS}. To store the file as it is use `pk-tui secrets create`."
    )


def _head(source: Path) -> bytes:
    try:
        with open(open_regular(os.path.realpath(source)), "rb") as opened:
            return opened.read(_HEAD)
    except OSError as error:
        reason = error.strerror or "it is not a regular file"
        raise MissingInput(f"{shown(source)} cannot be read: {reason}.") from error


def findings(form: Form, source: Path, password: Plaintext | None, key_file: Path | None, stopped: Stopped) -> Findings:
    """Everything in a source of any form but DIRECTORY. May take long and hold a file in memory: for a thread of its own."""
    if key_file is not None and form is not Form.KEEPASS:
        raise Misuse(f"A key file goes with a KeePass database, and {shown(source)} is none.")
    if form is Form.DOTENV:
        return read_dotenv(source)
    if form is Form.CSV:
        return read_csv(source)
    if form is Form.BITWARDEN:
        return read_bitwarden(source)
    if form is Form.KEEPASS:
        return read_keepass(source, password, key_file)
    assert form is Form.PASSWORD_STORE
    return read_password_store(source, password, stopped)
