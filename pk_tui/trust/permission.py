"""May this node do that? One pure function; every request of a peer ends here, and so does every batch that is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pk_tui.clock import Instant
from pk_tui.terms import Action, NodeId
from pk_tui.trust.grant import Grant


@dataclass(frozen=True, slots=True)
class Allowed:
    pass


@dataclass(frozen=True, slots=True)
class Refused:
    """`reason` is for our own log alone: from outside “not there” and “not allowed” look the same."""

    reason: str

    def __bool__(self) -> Literal[False]:
        """So that `if decide(...)` cannot let anybody in."""
        return False


Decision = Allowed | Refused


def decide(
    action: Action,
    *,
    asker: NodeId,
    vault: bool,
    grant: Grant | None,
    revoked: bool,
    gestalt_actions: frozenset[Action],
    now: Instant,
) -> Decision:
    """Whether `asker`, whom the session has proved, may do `action`.

    vault: the vault that is asked about is here. A scan asks as a whole (False: the right to scan is enough) and for each row
    it would show (True: only a live grant shows a vault).
    grant: what `read_grant` gave for that vault's lineage, or None; revoked: its giver took it back.
    gestalt_actions: what was explicitly allowed to the asker's gestalt. They never open a vault.
    """
    if action is Action.NOTIFY or action is Action.CLAIM:
        return Allowed() if action in gestalt_actions else Refused(f"the gestalt is not allowed to {action}")
    if not vault:
        if action is not Action.SCAN:
            return Refused("there is no such vault")
        if action in gestalt_actions:
            return Allowed()
    fault = _grant_fault(asker, grant, revoked, now)
    if fault is not None:
        return Refused(fault)
    assert grant is not None
    if action is not Action.SCAN and action not in grant.actions:
        return Refused(f"the grant does not name {action}")
    return Allowed()


def _grant_fault(asker: NodeId, grant: Grant | None, revoked: bool, now: Instant) -> str | None:
    if grant is None:
        return "there is no grant"
    if grant.grantee != asker:
        return "the grant is another node's"
    if revoked:
        return "the grant was taken back"
    if not grant.is_live(now):
        return "the grant is over"
    return None
