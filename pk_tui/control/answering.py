"""The client's answers to what the holder asks: pieces of files, passwords, edited text. Imported at the first ask.

The asks for files are plain, since `secrets write` is a short command and importing JSON is a good part of it: `open`, a
newline and a path (none for standard input), and `piece`. Both are answered by a PIECE: the next bytes of the file, none at
its end. Every other ask is a line of JSON and the bytes that belong to it; so is every ANSWER.
"""

from __future__ import annotations

import os

from pk_tui.control.client import ANSWER, MAX_PIECE, PIECE

STANDARD_INPUT = (None, "-", "/dev/stdin")

given_password: bytes | None = None
"""The password this process was given last: `ending` needs it, should the agent be started again."""


class Input:
    """One file, or standard input, read piece by piece when pieces are asked for."""

    def __init__(self) -> None:
        self._file = 0
        self._ended = False

    def open(self, path: str | None) -> None:
        """Raises OSError."""
        self._file = 0
        if path not in STANDARD_INPUT:
            self._file = os.open(str(path), os.O_RDONLY | os.O_CLOEXEC)
            if os.path.isdir(self._file):
                raise IsADirectoryError(0, "it is a directory")
        self._ended = False

    def piece(self) -> bytes:
        """The next bytes, MAX_PIECE of them unless the end is near; none at the end. Raises OSError."""
        parts: list[bytes] = []
        size = 0
        while not self._ended and size < MAX_PIECE:
            part = os.read(self._file, MAX_PIECE - size)
            parts.append(part)
            size += len(part)
            self._ended = not part
        if not size and self._file:
            os.close(self._file)
            self._file = 0
        return b"".join(parts)


class Answers:
    def __init__(self, node: str) -> None:
        self._node = node
        self._input = Input()

    def answer(self, ask: bytes) -> tuple[int, bytes]:
        """Kind and payload of the frame to send back."""
        line, _, body = ask.partition(b"\n")
        try:
            if line == b"open":
                self._input.open(os.fsdecode(body) or None)
            if line in (b"open", b"piece"):
                return PIECE, self._input.piece()
        except OSError as error:
            import json

            return ANSWER, json.dumps({"unreadable": error.strerror or str(error)}).encode() + b"\n"
        return self._personal(line, body)

    def _personal(self, line: bytes, body: bytes) -> tuple[int, bytes]:
        """What only the user can give. A failure is told by kind and sentence."""
        import json

        from pk_tui.control import editor, prompt
        from pk_tui.errors import PkError

        global given_password
        asked = json.loads(line)
        try:
            match asked["ask"]:
                case "password":
                    given = given_password = prompt.password(asked["prompt"], asked["file"])
                case "new_password":
                    given = prompt.new_password(asked["prompt"], asked["variable"], asked["file"])
                case "hidden":
                    given = prompt.hidden(asked["prompt"])
                case _:
                    given = editor.edit_privately(body, asked["ending"], self._node)
        except PkError as error:
            return ANSWER, json.dumps({"failed": [error.kind, error.message]}).encode() + b"\n"
        return ANSWER, json.dumps({"given": given is not None}).encode() + b"\n" + (given or b"")
