"""Everything that can go wrong and that a caller can act on.

Each kind has a stable name (`kind`, seen in JSON), a title for dialogs and an exit code (sysexits, docs/cli.md).
The message is one sentence or two for people: what happened, what it means, what to do. It may hold names the user
typed, never a secret value, key, password or ticket. Text that came from outside goes through `safe_text` first.

    PkError
    ├── Misuse 64            the request itself is wrong          ├── NotFound 64       no such vault or secret here
    ├── MissingInput 66      a file that was named is not there   ├── UnknownNode 67    no such node or contact
    ├── Corrupt 65           bytes here do not verify             ├── Malformed 65      bytes are not of their type
    │   └── RolledBack 65    the database is older than it was    ├── CannotOpen 65     a sealed thing does not open
    ├── Unreachable 68       no known address answers             ├── NameTaken 69      a name is taken at clone
    ├── Conflict 70          both sides changed                   ├── AlreadyExists 73  cannot create
    │   └── Rewritten 70     a history begun anew, to be accepted │
    ├── StorageFailed 74     disk full, unreadable                ├── Busy 75           try later
    ├── PeerMisbehaved 76    the peer broke the protocol          ├── PermissionDenied 77   not permitted or not there
    │                                                             │   ├── ReadOnly 77       a clone is not written
    ├── WrongPassword 77     and Locked 77                        ├── TooNew 78         state of a newer version
    └── Cancelled 75         called off, nothing half-done
"""

from __future__ import annotations

from typing import ClassVar


class PkError(Exception):
    """Root of all kinds. `str(error)` is the sentence for people."""

    kind: ClassVar[str] = "error"
    title: ClassVar[str] = "Something went wrong"
    exit_code: ClassVar[int] = 70

    @property
    def message(self) -> str:
        return str(self)


class Misuse(PkError):
    kind = "misuse"
    title = "That cannot be done this way"
    exit_code = 64


class NotFound(PkError):
    kind = "not_found"
    title = "Not found"
    exit_code = 64


class Corrupt(PkError):
    """Bytes of our own state do not verify: damage or tampering."""

    kind = "corrupt"
    title = "Damaged data"
    exit_code = 65


class RolledBack(Corrupt):
    """The database is older than the witness beside it remembers."""

    kind = "rolled_back"
    title = "The database went back in time"


class Malformed(PkError):
    """Bytes that are not of the type they should be. Says nothing of the bytes themselves."""

    kind = "malformed"
    title = "Unreadable data"
    exit_code = 65


class CannotOpen(PkError):
    """A sealed thing did not open. Wrong key, wrong place and altered bytes look the same on purpose."""

    kind = "cannot_open"
    title = "Cannot be opened"
    exit_code = 65


class MissingInput(PkError):
    kind = "missing_input"
    title = "Input is missing"
    exit_code = 66


class UnknownNode(PkError):
    kind = "unknown_node"
    title = "Unknown node"
    exit_code = 67


class Unreachable(PkError):
    kind = "unreachable"
    title = "Not reachable"
    exit_code = 68


class NameTaken(PkError):
    kind = "name_taken"
    title = "Name taken"
    exit_code = 69


class Conflict(PkError):
    kind = "conflict"
    title = "Conflict"
    exit_code = 70


class Rewritten(Conflict):
    """The other side's history does not hold the version that is here. It may be taken by who says so; an older one never is."""

    kind = "rewritten"
    title = "The history was rewritten"


class AlreadyExists(PkError):
    kind = "already_exists"
    title = "Already there"
    exit_code = 73


class StorageFailed(PkError):
    kind = "storage_failed"
    title = "Storage failed"
    exit_code = 74


class Busy(PkError):
    kind = "busy"
    title = "Try again later"
    exit_code = 75


class Cancelled(PkError):
    """The user, or the peer that asked, called the work off. Nothing half-done is left."""

    kind = "cancelled"
    title = "Cancelled"
    exit_code = 75


class PeerMisbehaved(PkError):
    """The peer sent what the protocol forbids. Never blamed on the user."""

    kind = "peer_misbehaved"
    title = "The peer broke the protocol"
    exit_code = 76


class PermissionDenied(PkError):
    """Not permitted or not there: from outside both look the same."""

    kind = "permission_denied"
    title = "Not permitted"
    exit_code = 77


class ReadOnly(PermissionDenied):
    kind = "read_only"
    title = "Read-only"


class WrongPassword(PkError):
    kind = "wrong_password"
    title = "Wrong password"
    exit_code = 77


class Locked(PkError):
    kind = "locked"
    title = "Locked"
    exit_code = 77


class TooNew(PkError):
    kind = "too_new"
    title = "Made by a newer version"
    exit_code = 78


def kinds() -> dict[str, type[PkError]]:
    """Every kind by its stable name; used where an error crosses a process border. A class without a name of its own crosses it
    as the kind that it is one of."""
    found: dict[str, type[PkError]] = {}
    todo: list[type[PkError]] = [PkError]
    while todo:
        cls = todo.pop()
        if "kind" in cls.__dict__:
            found[cls.kind] = cls
        todo.extend(cls.__subclasses__())
    return found
