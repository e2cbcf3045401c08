"""What the windows see: frozen values. Text in them is raw; whoever shows it passes it through `safe_text`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from pk_tui.clock import Instant
from pk_tui.terms import Action, Address, Change, CommitId, NodeId, NotificationId, SecretPath, VaultId


@dataclass(frozen=True, slots=True)
class Progress:
    """How far long work has come. Totals are 0 while unknown."""

    doing: str
    objects: int = 0
    objects_total: int = 0
    bytes: int = 0
    bytes_total: int = 0


@dataclass(frozen=True, slots=True)
class StatusView:
    live: bool
    node_id: NodeId
    pid: int
    locked: bool
    listening: Address | None
    connections: int


@dataclass(frozen=True, slots=True)
class OriginView:
    node_id: NodeId
    vault_id: VaultId


@dataclass(frozen=True, slots=True)
class VaultView:
    """`updated` is when the head last changed here; `head` is None in a vault without commits; `damaged` says why a vault
    cannot be read, in words. `behind`: versions its origin has shown a signed head of and that are not here yet; None for a
    vault of our own, and while the origin has shown nothing since the agent was unlocked. `fork`: a vault of our own that began
    as a copy of its origin, which it can be pulled from; `conflicts`: secrets in it that wait for a decision."""

    vault_id: VaultId
    name: str
    head: CommitId | None
    secrets: int
    origin: OriginView | None
    read_only: bool
    shared_with: int
    updated: Instant
    damaged: str | None = None
    behind: int | None = None
    fork: bool = False
    conflicts: int = 0


@dataclass(frozen=True, slots=True)
class ChangeView:
    path: SecretPath
    change: Change


@dataclass(frozen=True, slots=True)
class CommitView:
    """One version. `changes` are those against the first of `parents`; a merge has two."""

    commit: CommitId
    time: Instant
    author: str
    message: str
    changes: tuple[ChangeView, ...]
    parents: tuple[CommitId, ...] = ()


class Take(StrEnum):
    """Which side of a conflict stays. BOTH keeps ours at its path and theirs beside it, named `name (from NODE, date)`."""

    OURS = "ours"
    THEIRS = "theirs"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class ConflictView:
    """A secret that a merge found changed on both sides. Ours lies at its path until somebody decides. The three are commits
    that hold it as each side had it, and as it was before they parted; None where it was not there. `node` and `time` are who
    made the other side's version, and when."""

    path: SecretPath
    ours: CommitId | None
    theirs: CommitId | None
    base: CommitId | None
    node: NodeId
    time: Instant


@dataclass(frozen=True, slots=True)
class DecisionView:
    """What was decided: the version that it needed, None if nothing had to be written; and the conflicts as they were."""

    commit: CommitId | None
    decided: tuple[ConflictView, ...]


@dataclass(frozen=True, slots=True)
class ForgetView:
    """What forgetting did: how many versions were written anew, how many objects are gone, which nodes hold copies that
    nobody can take back, and the new head. `still_held`: of one value, that the vault holds the same elsewhere."""

    versions: int
    objects: int
    seen_by: tuple[NodeId, ...]
    head: CommitId
    still_held: bool = False


@dataclass(frozen=True, slots=True)
class EntryView:
    """One row of a listing; `size` in bytes, for a directory that of all secrets below it."""

    path: str
    is_directory: bool
    size: int


@dataclass(frozen=True, slots=True)
class SecretStat:
    path: SecretPath
    is_directory: bool
    size: int
    commit: CommitId
    modified: Instant
    chunks: int


class ImportKind(StrEnum):
    """What is imported. AUTO looks at the source and says what it took it for."""

    AUTO = "auto"
    DIRECTORY = "dir"
    DOTENV = "dotenv"
    CSV = "csv"
    KEEPASS = "keepass"
    PASS = "pass"  # noqa: S105 - the name of a program
    BITWARDEN = "bitwarden"


@dataclass(frozen=True, slots=True)
class ImportView:
    """`skipped` names each file, line or entry not taken and why, in words; `kind` is what the source was read as."""

    secrets: int
    bytes: int
    commit: CommitId | None
    skipped: tuple[tuple[str, str], ...] = ()
    kind: ImportKind = ImportKind.DIRECTORY


@dataclass(frozen=True, slots=True)
class PlannedView:
    """One secret that an import would write. `template` is that of an item, None for plain bytes; `change` is MODIFIED where it
    replaces another value, None where the same value is there."""

    path: SecretPath
    size: int
    template: str | None
    change: Change | None


@dataclass(frozen=True, slots=True)
class ImportPlanView:
    """What an import would do; nothing is written. `more`: secrets beyond those listed."""

    kind: ImportKind
    planned: tuple[PlannedView, ...]
    more: int
    skipped: tuple[tuple[str, str], ...]


class ExportForm(StrEnum):
    """DIRECTORY: each secret a file of mode 0600. GIT: a git repository with the whole history."""

    DIRECTORY = "dir"
    GIT = "git"


@dataclass(frozen=True, slots=True)
class ExportView:
    """`not_for_git`: of a git repository, paths with names that git takes for its own directory (the first few). Who checks out
    a copy of it is refused by git because of them."""

    secrets: int
    bytes: int
    versions: int
    not_for_git: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundView:
    """One hit of a search. `what` says where it was found: path, title, tag, user or value; `at` are the places of the typed
    letters in `path`, empty if it was found by something else. `title` is that of an item; `label` the title, tag or user name
    that it was found by."""

    vault_id: VaultId
    vault_name: str
    path: SecretPath
    score: int
    what: str = "path"
    title: str = ""
    at: tuple[int, ...] = ()
    label: str = ""
    is_directory: bool = False


@dataclass(frozen=True, slots=True)
class ShareView:
    """`nodes`: all of the gestalt that have it now; `not_after`: when it ends, None if it lasts until it is taken back."""

    vault_id: VaultId
    nodes: tuple[NodeId, ...]
    actions: tuple[Action, ...]
    not_after: Instant | None


@dataclass(frozen=True, slots=True)
class ExposedView:
    """A secret that a node has seen and that has not changed since."""

    path: SecretPath
    last_seen_commit: CommitId


@dataclass(frozen=True, slots=True)
class ExposureView:
    """A secret that a node without rights has seen, and that has not changed since."""

    vault_id: VaultId
    vault_name: str
    path: SecretPath
    seen_by: NodeId
    last_seen_commit: CommitId


@dataclass(frozen=True, slots=True)
class PermissionView:
    node_id: NodeId
    gestalt: str
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class OfferView:
    """One row of a scan: what a peer says it shares with us. The name is the peer's text; how much there is (secrets, their
    bytes, versions) is the peer's word too until it is cloned."""

    vault_id: VaultId
    name: str
    actions: tuple[Action, ...]
    secrets: int = 0
    bytes: int = 0
    versions: int = 0


@dataclass(frozen=True, slots=True)
class CloneView:
    vault_id: VaultId
    name: str
    objects: int
    bytes: int


@dataclass(frozen=True, slots=True)
class PullView:
    """`conflicts`: paths that a pull into a fork found changed on both sides; ours stays at each until it is resolved.
    `merged`: a merge was made; otherwise the head moved forward, or nothing was new."""

    vault_id: VaultId
    old_head: CommitId | None
    new_head: CommitId | None
    objects: int
    bytes: int
    conflicts: tuple[SecretPath, ...] = ()
    merged: bool = False


@dataclass(frozen=True, slots=True)
class NodeView:
    node_id: NodeId
    petname: str | None
    addresses: tuple[Address, ...]
    last_seen: Instant | None
    trusted: bool


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """A connection, live or being tried. `state` is one of: connecting, connected, waiting (for the next try), failed.

    `last_error` says in words why the last try failed; `next_try` is when a waiting one is tried again."""

    node_id: NodeId
    petname: str | None
    state: str
    address: Address | None
    direction: str
    via: str
    rtt_ms: float | None
    since: Instant | None
    bytes_in: int
    bytes_out: int
    last_error: str | None = None
    next_try: Instant | None = None


@dataclass(frozen=True, slots=True)
class PingView:
    node_id: NodeId
    rtt_ms: float
    via: str


@dataclass(frozen=True, slots=True)
class StepView:
    """One of the checks that say why something with another node does not work, in the order in which they are made.

    `step` is one of: known, reachable, connected, trusted, shared. `passed` is None for a check that an earlier failure left
    unmade. `says` is a sentence: what was found, and for a failed check what to do.
    """

    step: str
    passed: bool | None
    says: str


@dataclass(frozen=True, slots=True)
class SharedView:
    """A vault of ours that a gestalt holds a live grant for. `through`: the members that were named when it was shared, as node
    ids or `provider:name`; `nodes`: those that have it now."""

    vault_id: VaultId
    name: str
    actions: tuple[Action, ...]
    through: tuple[str, ...] = ()
    nodes: tuple[NodeId, ...] = ()


@dataclass(frozen=True, slots=True)
class LinkView:
    """Two nodes that belong together: both have signed it, at the time given."""

    one: NodeId
    other: NodeId
    since: Instant


@dataclass(frozen=True, slots=True)
class GestaltView:
    """`expelled`: it is one node, which was expelled by recovery words and belongs to nobody any more."""

    gestalt: str
    nodes: tuple[NodeId, ...]
    identities: tuple[str, ...]
    actions: tuple[Action, ...]
    trusted: bool
    shared: tuple[SharedView, ...] = ()
    links: tuple[LinkView, ...] = ()
    expelled: bool = False


@dataclass(frozen=True, slots=True)
class NotificationView:
    """`sender` is the other side: who sent it (inbox, requests) or whom it goes to (outbox). `data` is empty in requests."""

    notification_id: NotificationId
    sender: NodeId
    type: str
    data: dict[str, object] = field(default_factory=dict)
    is_read: bool = False
    time: Instant = 0
