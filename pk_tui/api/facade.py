"""What an agent promises its windows: one small Protocol per noun.

References: `vault` is a vault's name or id as typed, `node` a full node id, a petname or (where no right is granted) a
unique prefix of at least 12 characters, as typed. Every method raises PkError kinds; all of them raise Locked while the
agent is fully locked, except those of `Lifecycle`. Cancelling a call leaves nothing half-done.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from pk_tui.api.events import AgentEvent
from pk_tui.api.views import (
    CheckView,
    CloneView,
    CommitView,
    ConnectionView,
    EntryView,
    ExposedView,
    GestaltView,
    ImportView,
    NodeView,
    NotificationView,
    OfferView,
    PermissionView,
    PingView,
    Progress,
    PullView,
    SecretStat,
    ShareView,
    StatusView,
    StepView,
    VaultView,
)
from pk_tui.clock import Instant
from pk_tui.plaintext import Plaintext
from pk_tui.terms import Action, Address, CommitId, NodeId, NotificationId, SecretPath, VaultId

OnProgress = Callable[[Progress], None] | None


class Lifecycle(Protocol):
    async def status(self) -> StatusView: ...

    async def lock(self) -> None:
        """Full lock: connections close, keys are dropped, the process stays."""
        ...

    async def unlock(self, password: Plaintext) -> None:
        """Raises WrongPassword; RolledBack if the database is older than its witness."""
        ...

    async def verify_password(self, password: Plaintext) -> None:
        """Say whether this is the node's password, and do nothing else: for a locked screen. Raises WrongPassword."""
        ...

    async def check(self) -> CheckView:
        """Read and verify every stored byte; changes nothing. Raises Locked."""
        ...

    def request_stop(self) -> None: ...

    async def change_password(
        self, old: Plaintext | None, new: Plaintext, recovery_words: Plaintext | None = None
    ) -> None:
        """New password, and a new root key. Needs the old password, or the recovery words (then also works while locked)."""
        ...


class Vaults(Protocol):
    async def create(self, name: str) -> VaultView: ...
    async def list(self) -> Sequence[VaultView]: ...
    async def get(self, vault: str) -> VaultView: ...
    async def rename(self, vault: str, name: str) -> None: ...

    async def delete(self, vault: str) -> None:
        """Removes the vault and its keys for good, and ends its grants."""
        ...

    async def log(self, vault: str, path: SecretPath | None = None, limit: int | None = None) -> Sequence[CommitView]:
        """Newest first."""
        ...

    async def share(self, vault: str, node: str, not_after: Instant | None = None) -> ShareView:
        """UnknownNode if not known; PermissionDenied if known but not trusted."""
        ...

    async def unshare(self, vault: str, node: str) -> Sequence[ExposedView]: ...
    async def permissions(self, vault: str) -> Sequence[PermissionView]: ...
    async def scan(self, node: str) -> Sequence[OfferView]: ...

    async def clone(self, vault: str, node: str, name: str | None = None, progress: OnProgress = None) -> CloneView:
        """`vault` is the name or id as the other node knows it. NameTaken if our name for it is in use."""
        ...

    async def pull(
        self, vault: str, node: str | None = None, from_vault: VaultId | None = None, progress: OnProgress = None
    ) -> PullView: ...

    async def import_directory(self, vault: str, directory: Path, progress: OnProgress = None) -> ImportView:
        """One commit with every regular file below `directory`, which is read by the agent. Existing secrets are replaced."""
        ...


class Secrets(Protocol):
    def read(self, vault: str, path: SecretPath) -> AsyncIterator[Plaintext]:
        """The secret's bytes in pieces of at most 1 MiB. NotFound before the first piece if it is not there."""
        ...

    async def write(
        self, vault: str, path: SecretPath, content: AsyncIterator[bytes], create_only: bool = False
    ) -> CommitId | None:
        """One commit; None if the value was the same. AlreadyExists with `create_only` if something is there."""
        ...

    async def list(
        self, vault: str, directory: SecretPath | None = None, recursive: bool = False
    ) -> Sequence[EntryView]: ...
    async def stat(self, vault: str, path: SecretPath) -> SecretStat: ...
    async def make_directories(
        self, paths: Sequence[tuple[str, SecretPath]], parents: bool = False
    ) -> Sequence[CommitId]: ...

    async def remove(self, paths: Sequence[tuple[str, SecretPath]], recursive: bool = False) -> Sequence[CommitId]:
        """All or nothing; one commit for each vault named."""
        ...

    async def move(self, source: tuple[str, SecretPath], target: tuple[str, SecretPath]) -> Sequence[CommitId]:
        """Onto a directory: into it. Within one vault one commit; between two vaults one in each (the copy first)."""
        ...

    async def copy(
        self, source: tuple[str, SecretPath], target: tuple[str, SecretPath], recursive: bool = False
    ) -> CommitId: ...


class Nodes(Protocol):
    async def add(self, node_id: NodeId, address: Address, ping: bool = True) -> NodeView:
        """With `ping`, Unreachable (and nothing stored) if it does not answer as that node."""
        ...

    async def name(self, node: str, petname: str) -> None: ...
    async def ping(self, node: str) -> PingView: ...
    async def list(self) -> Sequence[NodeView]: ...
    async def connections(self) -> Sequence[ConnectionView]: ...
    async def disconnect(self, node: str) -> None: ...

    async def diagnose(self, node: str, vault: str | None = None) -> Sequence[StepView]:
        """Why does it not work? Known, reachable, connected, trusted, and with `vault` (one of ours, or a clone) shared: each
        check in turn, up to the first that fails. Never raises for what it finds."""
        ...


class Gestalts(Protocol):
    """Whom we know and trust. A gestalt is one node until gestalts of several nodes exist."""

    async def trust(self, gestalt: str) -> GestaltView: ...
    async def untrust(self, gestalt: str) -> GestaltView: ...
    async def allow(self, gestalt: str, action: Action) -> GestaltView: ...
    async def disallow(self, gestalt: str, action: Action) -> GestaltView: ...
    async def get(self, gestalt: str) -> GestaltView: ...
    async def list(self) -> Sequence[GestaltView]: ...


class Notifications(Protocol):
    async def send(self, node: str, message: str) -> NotificationId:
        """Queued in the outbox, which survives restarts, and delivered when the node can be reached."""
        ...

    async def inbox(
        self, unread: bool = False, limit: int | None = None, newest_first: bool = True, mark_read: bool = True
    ) -> Sequence[NotificationView]:
        """Marks what it returns as read, unless told not to; each view says what it was before."""
        ...

    async def mark_read(self, notifications: Sequence[NotificationId] | None = None) -> None:
        """These, or all of the inbox."""
        ...

    async def remove(self, notification: NotificationId) -> None: ...
    async def clear(self) -> None: ...
    async def outbox(self) -> Sequence[NotificationView]: ...
    async def outbox_remove(self, notification: NotificationId) -> None: ...
    async def outbox_clear(self) -> None: ...
    async def requests(self) -> Sequence[NotificationView]: ...

    async def accept(self, notification: NotificationId) -> NotificationView:
        """Moves a request to the inbox. Does not trust its sender."""
        ...

    async def decline(self, notification: NotificationId) -> None: ...


class AgentApi(Protocol):
    @property
    def lifecycle(self) -> Lifecycle: ...
    @property
    def vaults(self) -> Vaults: ...
    @property
    def secrets(self) -> Secrets: ...
    @property
    def nodes(self) -> Nodes: ...
    @property
    def gestalts(self) -> Gestalts: ...
    @property
    def notifications(self) -> Notifications: ...

    def events(self) -> AbstractAsyncContextManager[AsyncIterator[AgentEvent]]: ...
