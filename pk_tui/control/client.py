"""The program's front door: hands the command to whoever holds the node, or has it carried out in this process.

Start-up is most of what a short command costs, so this file is small, and imports three modules of the standard library
(json, the fourth that would do, when there is JSON). What only some commands need lies in `answering` and `ending`.

The conversation is of frames both ways: `kind u8 | length u32, big-endian | payload`. The client begins with COMMAND; the
holder sends output, asks, and at last the exit code; the client sends nothing but answers, so each side's memory is bounded
by one frame. An interrupted client closes its half: the holder then cancels the command. Before the exit code may come an
ENVIRONMENT, `NAME=value` ended by a zero byte each: then, if all went well, this process becomes the command that was typed
after `--`, with these variables.
"""

import _socket as socket  # without what `socket` adds: enum and selectors, half an interpreter's start
import os
import sys

PROTOCOL = b"2"
COMMAND, ANSWER, PIECE = 1, 2, 3
OUT, ERR, ASK, EXIT, ENVIRONMENT = 16, 17, 18, 19, 20
MAX_PIECE = 256 * 1024
"""Bytes of one PIECE, OUT or ERR."""
AT_ONCE = 8 * 1024
"""Bytes received in one go where it is not known yet what comes. Few: nearly all of a long output is passed on as it is."""
SOCKET_NAME, POINTER_NAME, MAX_SOCKET_PATH = "control.sock", "control.path", 100
"""As in `home`, which is too dear to import here; a test compares them."""
INTERRUPTED, OUTPUT_CLOSED = 130, 141
"""Exit codes: what a shell shows for a program ended by SIGINT, or by SIGPIPE."""


class Fault(Exception):
    """Why the command ends here: kind, sentence and exit code, as in `errors`."""

    def __init__(self, kind: str, message: str, code: int) -> None:
        super().__init__(message)
        self.kind, self.message, self.code = kind, message, code


class OutputClosed(Exception):
    """Nobody reads our output any more."""


class Options:
    """The options that may stand anywhere before `--`, and what is left of the command line without them."""

    def __init__(self) -> None:
        self.node_path: str | None = None
        self.password_file = ""
        self.as_json = False
        self.color = True
        self.verbose = 0
        self.rest: list[str] = []
        self.fault: Fault | None = None


def hoist(argv: list[str]) -> Options:
    """Take the global options out of a command line. A missing or wrong value is told in `fault`."""
    found = Options()
    words = iter(argv)
    for word in words:
        name, equals, value = word.partition("=")
        if word == "--":
            found.rest += [word, *words]
        elif name in ("--node-path", "--password-file", "--format"):
            given = value if equals else next(words, "")
            if not given:
                found.fault = Fault("misuse", f"The option {name} needs a value.", 64)
            elif name == "--node-path":
                found.node_path = given
            elif name == "--password-file":
                found.password_file = given
            elif given in ("human", "json"):
                found.as_json = given == "json"
            else:
                found.fault = Fault("misuse", "The option --format takes `human` or `json`.", 64)
        elif word == "--no-color":
            found.color = False
        elif word[:2] == "-v" and not word[1:].strip("v"):
            found.verbose += len(word) - 1
        else:
            found.rest.append(word)
    return found


def command(found: Options) -> bytes:
    """What the holder needs to know of the command and of where it was typed, as COMMAND's payload. Nothing of it is secret.

    Fields, each ended by a zero byte (which no argument can hold): protocol, json, color, verbose, terminals (of input,
    output and errors), columns, working directory, password file, arguments.
    """
    try:
        here = os.getcwd()
    except OSError:
        here = "/"
    terminals = [os.isatty(number) for number in (0, 1, 2)]
    columns = 0
    if terminals[1]:
        columns = os.get_terminal_size(1).columns
    color = found.color and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    fields = [str(found.as_json), str(color), str(found.verbose), "".join("-t"[is_one] for is_one in terminals)]
    fields += [str(columns), here, found.password_file, *found.rest]
    return b"\0".join([PROTOCOL, *map(os.fsencode, fields)])


def node_path(found: Options) -> str:
    """The node's directory: the option, PK_NODE_PATH, or platformdirs' directory for user data (worked out without it)."""
    given = found.node_path or os.environ.get("PK_NODE_PATH")
    if given:
        return os.path.realpath(os.path.expanduser(given))
    base = os.environ.get("XDG_DATA_HOME", "")
    if not base.startswith("/"):
        home = os.environ.get("HOME", "")
        if not home.startswith("/"):
            import pwd

            home = pwd.getpwuid(os.getuid()).pw_dir
        base = os.path.join(home, "Library/Application Support" if sys.platform == "darwin" else ".local/share")
    return os.path.realpath(os.path.join(base, "pk-tui"))


def peer_uid(line: socket.socket) -> int:
    """The user at the other end of a local socket, as the kernel says."""
    if hasattr(socket, "SO_PEERCRED"):  # Linux: struct ucred {pid, uid, gid}
        raw = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    else:  # macOS: SOL_LOCAL, LOCAL_PEERCRED: struct xucred {version, uid, …}
        raw = line.getsockopt(0, 1, 76)
    return int.from_bytes(raw[4:8], sys.byteorder)


def connect(node: str) -> socket.socket | None:
    """A connection to whoever holds the node, or None if nobody answers there. Raises Fault."""
    path = os.path.join(node, SOCKET_NAME)
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if len(os.fsencode(path)) > MAX_SOCKET_PATH:
            with open(os.path.join(node, POINTER_NAME), "rb") as pointer:
                path = os.fsdecode(pointer.read(4096))
        line.connect(path)
        if peer_uid(line) == os.getuid():
            return line
        fault = Fault("permission_denied", "The control socket of this node is served by another user.", 77)
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
        line.close()
        return None
    except OSError as error:
        fault = Fault("busy", f"The agent does not take commands just now ({error.strerror}). Try again.", 75)
    line.close()
    raise fault


class Conversation:
    """One command carried out by the holder, seen from the side where it was typed."""

    def __init__(self, line: socket.socket, node: str) -> None:
        self._line = line
        self._node = node
        self._received = bytearray()
        self._passing: memoryview | None = None
        self.environment: list[bytes] | None = None

    def run(self, first: bytes) -> bytes:
        """Let the holder work; returns EXIT's payload. Raises Fault if the holder goes away before."""
        answer = None
        try:
            self._send(COMMAND, first)
            while True:
                head = self._exactly(5)
                size = int.from_bytes(head[1:], "big")
                if head[0] in (OUT, ERR):
                    self._pass_on(1 if head[0] == OUT else 2, size)
                    continue
                payload = self._exactly(size)
                if head[0] == EXIT:
                    return payload
                elif head[0] == ENVIRONMENT:
                    self.environment = payload.split(b"\0")[:-1]
                elif head[0] == ASK:
                    if answer is None:
                        from pk_tui.control.answering import Answers

                        answer = Answers(self._node).answer
                    self._answer(*answer(payload))
        except ConnectionError as error:
            raise Fault(
                "busy",
                "The agent ended before it had answered. `pk-tui agent status` says whether it is running; then try again.",
                75,
            ) from error
        except KeyboardInterrupt:
            self._call_off()
            raise

    def _exactly(self, size: int) -> bytes:
        while len(self._received) < size:
            part = self._line.recv(AT_ONCE)
            if not part:
                raise ConnectionResetError
            self._received += part
        taken = bytes(self._received[:size])
        del self._received[:size]
        return taken

    def _pass_on(self, number: int, size: int) -> None:
        """Write the next `size` bytes to standard output or standard error as they come."""
        waiting = min(size, len(self._received))
        if waiting:
            write_all(number, self._exactly(waiting))
            size -= waiting
        if size and self._passing is None:  # one for all: new memory for each part takes longer than passing it on
            self._passing = memoryview(bytearray(MAX_PIECE))
        while size:
            assert self._passing is not None
            done = self._line.recv_into(self._passing, min(size, MAX_PIECE))
            if not done:
                raise ConnectionResetError
            write_all(number, self._passing[:done])
            size -= done

    def _answer(self, kind: int, payload: bytes) -> None:
        """Pieces are asked for before they are needed, and a command that fails does not wait for them: if nobody takes this any
        more, its end is what is to be read next."""
        try:
            self._send(kind, payload)
        except ConnectionError:
            return

    def _send(self, kind: int, payload: bytes) -> None:
        head = bytes((kind,)) + len(payload).to_bytes(4, "big")
        if len(payload) < 16 * 1024:
            self._line.sendall(head + payload)
        else:  # one call more, but nothing is copied
            self._line.sendall(head)
            self._line.sendall(payload)

    def _call_off(self) -> None:
        """Tell the holder that the command is off and wait until it has tidied up; a second interrupt does not wait."""
        try:
            self._line.shutdown(socket.SHUT_WR)
            while self._line.recv(MAX_PIECE):
                continue
        except OSError:
            return


def write_all(number: int, payload: bytes | memoryview) -> None:
    """Write to standard output (1) or standard error (2), as it comes. Raises OutputClosed, or Fault."""
    view = memoryview(payload)
    try:
        while view:
            view = view[os.write(number, view) :]
    except BrokenPipeError as error:
        raise OutputClosed from error
    except OSError as error:
        raise Fault("storage_failed", f"The output could not be written: {error.strerror}.", 74) from error


def say_fault(found: Options, fault: Fault) -> None:
    """Say on stderr why the command ends, in the form asked for."""
    text = fault.message
    if found.as_json:
        import json

        text = json.dumps({"error": {"kind": fault.kind, "message": text, "exit_code": fault.code}})
    try:
        os.write(2, text.encode(errors="replace") + b"\n")
    except OSError:
        return


def here(argv: list[str]) -> int:
    """Carry the command out in this process."""
    from pk_tui.bootstrap import main as run_here

    return run_here(argv)


def become_command(found: Options, assignments: list[bytes]) -> None:
    """Become what was typed after `--`. Raises Fault if that cannot be."""
    from pk_tui.control.child import become, typed_after_dashes

    become(typed_after_dashes(found.rest), assignments)


def _show_version(found: Options) -> int:
    from pk_tui import __version__

    shown = f'{{"version": "{__version__}"}}' if found.as_json else f"pk-tui {__version__}"
    write_all(1, shown.encode() + b"\n")
    return 0


def _forward(line: socket.socket, node: str, found: Options) -> int:
    try:
        conversation = Conversation(line, node)
        end = conversation.run(command(found))
    finally:
        line.close()
    code, ends_agent, then = end.partition(b"\0")
    if conversation.environment is not None and code == b"0":
        become_command(found, conversation.environment)
    if ends_agent:
        from pk_tui.control.ending import follow

        return follow(int(code), [os.fsdecode(word) for word in then.split(b"\0") if word], node, found)
    return int(code)


def _run(argv: list[str], found: Options) -> int:
    if found.fault:
        raise found.fault
    rest = found.rest
    if rest[:1] == ["--version"]:
        _leave(_show_version(found))
    if rest and rest[0] not in ("--help", "-h", "bootstrap", "demo", "playground") and rest[:2] != ["agent", "start"]:
        node = node_path(found)
        line = connect(node)
        if line is not None:
            _leave(_forward(line, node, found))
    return here(argv)


def _leave(code: int) -> None:
    """End the process now: all output is written, and taking down the interpreter would cost as much as the command."""
    os._exit(code)


def fill_closed() -> None:
    """If we were started with standard input, output or errors closed, put something there that fails as they would: or else the
    next file to be opened, a socket or the database, would be taken for them."""
    for number, way in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, way)  # takes the lowest number that is free


def main() -> int:
    """Run the command line of this process; returns the exit code, unless the process has ended by then."""
    argv = sys.argv[1:]
    try:
        fill_closed()
        found = hoist(argv)
        try:
            return _run(argv, found)
        except Fault as fault:
            say_fault(found, fault)
            return fault.code
    except KeyboardInterrupt:
        return INTERRUPTED
    except OutputClosed:
        return OUTPUT_CLOSED
