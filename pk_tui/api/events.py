"""What changed, by id. No contents ever travel in an event."""

from __future__ import annotations

from dataclasses import dataclass

from pk_tui.terms import NodeId, VaultId


@dataclass(frozen=True, slots=True)
class VaultChanged:
    vault_id: VaultId


@dataclass(frozen=True, slots=True)
class VaultRemoved:
    vault_id: VaultId


@dataclass(frozen=True, slots=True)
class NodeChanged:
    """A contact's name, trust, addresses or connection changed."""

    node_id: NodeId


@dataclass(frozen=True, slots=True)
class NotificationsChanged:
    pass


@dataclass(frozen=True, slots=True)
class LockChanged:
    locked: bool


@dataclass(frozen=True, slots=True)
class EventsLost:
    """The listener was too slow: read everything again."""


AgentEvent = VaultChanged | VaultRemoved | NodeChanged | NotificationsChanged | LockChanged | EventsLost
