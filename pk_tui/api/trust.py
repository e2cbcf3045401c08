"""Which nodes belong together: what windows see of sigchains and gestalts, and what the agent promises about them.

Where rights are given, only a full node id or a petname is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pk_tui.clock import Instant
from pk_tui.plaintext import Plaintext
from pk_tui.terms import Action, ClaimId, NodeId, VaultId


@dataclass(frozen=True, slots=True)
class ClaimView:
    """One claim of a sigchain. `type` is one of: genesis, succession, node, identity, retraction, expulsion, successor, recovery.
    `signers`: node ids, or `recovery` for the recovery key."""

    sequence: int
    claim_id: ClaimId
    type: str
    time: Instant
    signers: tuple[str, ...]
    data: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GainView:
    """Rights that a node would get: on a vault, or (None) on the gestalt."""

    vault_id: VaultId | None
    vault_name: str | None
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class PendingView:
    """A node that was linked to a gestalt which holds rights here, and has none of them until that is confirmed."""

    node_id: NodeId
    gestalt: str
    would_gain: tuple[GainView, ...]


@dataclass(frozen=True, slots=True)
class ForkView:
    """Two claims of one place, both signed by the node: its key was used on two machines, or it lies to somebody."""

    node_id: NodeId
    one: ClaimView
    other: ClaimView


class Linking(Protocol):
    """Claims of this node and of others: which nodes belong together, and what follows from it."""

    async def sigchain(self, node: str | None = None) -> Sequence[ClaimView]:
        """Our own, or that of a node whose chain is here. UnknownNode otherwise."""
        ...

    async def invite(self, node: str) -> NodeId:
        """Let that node claim this one, and tell it."""
        ...

    async def claim(self, node: str) -> ClaimId:
        """Both sign that the two nodes are one party. PermissionDenied if the other side has not invited this one."""
        ...

    async def unclaim(self, node: str) -> ClaimId:
        """Take back that a node belongs to this one. NotFound if it does not."""
        ...

    async def expel(self, node: str, recovery_words: Plaintext) -> ClaimId:
        """A lost device: its links and rights end wherever this is learnt. PermissionDenied if the words may not speak of it."""
        ...

    async def pending(self) -> Sequence[PendingView]: ...
    async def rejected(self) -> Sequence[PendingView]:
        """Nodes to which `reject` has said no; `confirm` still gives them what stands there."""
        ...

    async def confirm(self, node: str) -> PendingView:
        """Give a node that was linked later what its gestalt was given."""
        ...

    async def reject(self, node: str) -> PendingView: ...
    async def forks(self) -> Sequence[ForkView]: ...
