"""What an agent promises its windows: one small Protocol per noun.

References: `vault` is a vault's name or id as typed; where a vault is only read, `VAULT@COMMIT` (a commit id, or at least 4
characters of it) is that version of it. A path whose last name ends in `#slot` means one slot of the item before the `#`, unless
a secret of that whole name is there. `node` is a full node id, a petname or (where no right is granted) a
unique prefix of at least 12 characters, as typed. Every method raises PkError kinds; all of them raise Locked while the
agent is fully locked, except those of `Lifecycle`. Cancelling a call leaves nothing half-done.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from pk_tui.api.audit import Audit
from pk_tui.api.care import BackupView, CheckView, TidyView
from pk_tui.api.events import AgentEvent
from pk_tui.api.items import Items
from pk_tui.api.keys import Keys
from pk_tui.api.trust import Linking
from pk_tui.api.views import (
    ChangeView,
    CloneView,
    CommitView,
    ConflictView,
    ConnectionView,
    DecisionView,
    EntryView,
    ExportForm,
    ExportView,
    ExposedView,
    ExposureView,
    ForgetView,
    FoundView,
    GestaltView,
    ImportKind,
    ImportPlanView,
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
    Take,
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

    async def check(
        self, repair: bool = False, password: Plaintext | None = None, progress: OnProgress = None
    ) -> CheckView:
        """Read and verify every stored byte. With `repair`, first put right what can be without losing anything; otherwise
        nothing is changed. Raises Locked, unless the node is to be unlocked with `password`: then one that damage keeps from
        opening is told of too."""
        ...

    async def backup(self, file: Path, progress: OnProgress = None) -> BackupView:
        """Everything of this node in one sealed file, verified after writing, while work goes on. AlreadyExists if the file is
        there. It opens with the password of now, or with the recovery words."""
        ...

    async def tidy(self, new_keys: bool = False, progress: OnProgress = None) -> TidyView:
        """Gather frames anew and drop what nothing names; with `new_keys` under a new key for every vault. In small steps."""
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

    async def diff(self, vault: str, old: str, new: str | None = None) -> Sequence[ChangeView]:
        """What changed from version `old` to `new` (the newest if None), in whole secrets. Versions as in VAULT@COMMIT."""
        ...

    async def restore(self, vault: str, commit: str, path: SecretPath | None = None) -> CommitId | None:
        """A new commit that makes the vault, or the secret or directory at `path`, as it was in that version. None if it is."""
        ...

    async def revert(self, vault: str, commit: str) -> CommitId | None:
        """A new commit that takes back what that one changed. Conflict, naming them, if secrets have changed again since."""
        ...

    async def forget(
        self,
        vault: str,
        path: SecretPath,
        progress: OnProgress = None,
        leave_origin: bool = False,
        value_of: str | None = None,
        everywhere: bool = False,
    ) -> ForgetView:
        """Remove a secret or directory from all of history: versions are written anew, under a new key, and the old frames go.
        With `value_of` (a version) only where the secret has the value that it has there, which must not be that of now; with
        `everywhere` also where other secrets of the vault have it, of which none may have it now.
        ReadOnly for a clone. Conflict if it came into a fork with versions of its origin, from which it would come again; with
        `leave_origin` the fork is then a vault of its own, which no longer pulls."""
        ...

    async def fork(self, vault: str, name: str, progress: OnProgress = None) -> VaultView:
        """A vault of our own with the clone's whole history, that can be written and still pulls from where the clone did."""
        ...

    async def conflicts(self, vault: str) -> Sequence[ConflictView]: ...

    async def resolve(self, vault: str, path: SecretPath, take: Take) -> CommitId | None:
        """None if nothing had to be written. NotFound if there is no conflict at this path."""
        ...

    async def resolve_all(self, vault: str, take: Take, paths: Sequence[SecretPath] | None = None) -> DecisionView:
        """All that wait, or those at these paths, in one way and one commit; paths at which none waits are left out."""
        ...

    async def reopen(self, vault: str, conflicts: Sequence[ConflictView], commit: str | None = None) -> CommitId | None:
        """Take back a decision: the conflicts that it decided wait again, and what the version `commit` wrote for it is taken
        back, all or nothing. None if nothing had to be written. Conflict as with `revert`; NotFound if what a conflict is
        about is not in the history any more."""
        ...

    async def share(self, vault: str, node: str, not_after: Instant | None = None) -> ShareView:
        """UnknownNode if not known; PermissionDenied if known but not trusted."""
        ...

    async def unshare(self, vault: str, node: str) -> Sequence[ExposedView]: ...
    async def exposure(self, vault: str | None = None) -> Sequence[ExposureView]:
        """Secrets of this vault, or of all, that a node without rights has seen and that have not changed since."""
        ...

    async def permissions(self, vault: str) -> Sequence[PermissionView]: ...
    async def scan(self, node: str) -> Sequence[OfferView]: ...

    async def clone(self, vault: str, node: str, name: str | None = None, progress: OnProgress = None) -> CloneView:
        """`vault` is the name or id as the other node knows it. NameTaken if our name for it is in use."""
        ...

    async def pull(
        self,
        vault: str,
        node: str | None = None,
        from_vault: VaultId | None = None,
        progress: OnProgress = None,
        accept_rewritten: bool = False,
    ) -> PullView:
        """Into a clone: forward only. Into a fork: a merge by whole secrets. Rewritten if the other side's history was
        written anew, unless `accept_rewritten`; then the version before stays readable as VAULT@COMMIT."""
        ...

    async def plan_import(
        self,
        vault: str,
        source: Path,
        kind: ImportKind = ImportKind.AUTO,
        password: Plaintext | None = None,
        key_file: Path | None = None,
        progress: OnProgress = None,
        rows: int = 1000,
    ) -> ImportPlanView:
        """What `import_from` would do, of the first `rows` secrets one by one. WrongPassword if the source is sealed and
        `password` (with `key_file`, for a KeePass database) does not open it."""
        ...

    async def import_from(
        self,
        vault: str,
        source: Path,
        kind: ImportKind = ImportKind.AUTO,
        password: Plaintext | None = None,
        progress: OnProgress = None,
        key_file: Path | None = None,
    ) -> ImportView:
        """One commit with everything in `source`, which is read by the agent. Existing secrets are replaced; what cannot be
        taken is named. Malformed, naming the place, for a source that is broken: then nothing is written."""
        ...

    async def export(
        self, vault: str, target: Path, form: ExportForm = ExportForm.DIRECTORY, progress: OnProgress = None
    ) -> ExportView:
        """In clear, to a directory that is new or empty (else AlreadyExists)."""
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

    async def find(
        self,
        term: str,
        vault: str | None = None,
        values: bool = False,
        limit: int = 50,
        directories: bool = False,
        hurry: bool = False,
    ) -> Sequence[FoundView]:
        """Fuzzy, best first, over paths, titles, tags and user names of all vaults; with `values` also for the term in values.
        `hurry`: titles, tags and user names that are not read yet are not waited for. An empty term finds nothing; its answer
        comes when everything is read."""
        ...

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
    def items(self) -> Items: ...
    @property
    def nodes(self) -> Nodes: ...
    @property
    def gestalts(self) -> Gestalts: ...
    @property
    def linking(self) -> Linking: ...
    @property
    def notifications(self) -> Notifications: ...
    @property
    def keys(self) -> Keys: ...
    @property
    def audit(self) -> Audit: ...

    def events(self) -> AbstractAsyncContextManager[AsyncIterator[AgentEvent]]: ...
