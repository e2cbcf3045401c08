"""What windows see of claims, forks and rights that wait. Desk work, reads only."""

from __future__ import annotations

from collections.abc import Iterable

from pk_tui.agent.core import Core
from pk_tui.agent.directory import vault_with_id
from pk_tui.api.trust import ClaimView, ForkView, GainView
from pk_tui.terms import Action, NodeId, VaultId
from pk_tui.trust.claim import (
    Body,
    Expelled,
    Identified,
    Link,
    Paired,
    Retracted,
    Reworded,
    Succeeded,
    claim_id,
    read_body,
    verify_body,
)
from pk_tui.trust.fork import Fork
from pk_tui.trust.genesis import GenesisClaim
from pk_tui.trust.sharing import Gain
from pk_tui.trust.sigchain import Chain, Claim, First, read_signed
from pk_tui.trust.succession import Succession as FirstSuccession

RECOVERY = "recovery"


def claim_view(chain: Chain, claim: Claim) -> ClaimView:
    kind, signers, told = _told(claim.said, chain.node)
    return ClaimView(claim.sequence, claim.id, kind, claim.time, signers, told)


def fork_view(fork: Fork) -> ForkView:
    return ForkView(fork.node, _side(fork, fork.one), _side(fork, fork.other))


def _side(fork: Fork, raw: bytes) -> ClaimView:
    """Of a claim that is signed, but need not fit into any chain."""
    signed = read_signed(raw, fork.sequence)
    said: First | Body = verify_body(read_body(signed.body)) if isinstance(signed, Link) else signed
    kind, signers, told = _told(said, fork.node)
    return ClaimView(fork.sequence, claim_id(raw), kind, signed.time, signers, told)


def _told(said: First | Body, node: NodeId) -> tuple[str, tuple[str, ...], dict[str, object]]:
    """What it is called, who has signed it, and what it says."""
    own = str(node)
    match said:
        case GenesisClaim():
            return "genesis", (own, RECOVERY), {"recovery_key": said.recovery.hex()}
        case FirstSuccession():
            before = str(said.predecessor)
            return "succession", (own, before), {"predecessor": before, "recovery_key": said.recovery.hex()}
        case Paired(pair):
            other = str(pair.other(node).node)
            return "node", tuple(sorted((own, other))), {"node_id": other}
        case Identified(statement, locator):
            return (
                "identity",
                (own,),
                {"identity": str(statement.identity), "name": statement.name, "locator": locator},
            )
        case Retracted(sequence):
            return "retraction", (own,), {"seq": sequence}
        case Expelled(expulsion):
            return "expulsion", (own, RECOVERY), {"node_id": str(expulsion.expelled)}
        case Succeeded(succession):
            return (
                "successor",
                (own, RECOVERY),
                {"predecessor": str(succession.predecessor), "successor": str(succession.successor)},
            )
        case Reworded(rewording):
            return "recovery", (own, RECOVERY), {"recovery_key": rewording.new.hex()}


def gain_views(core: Core, gains: Iterable[Gain]) -> tuple[GainView, ...]:
    """One a vault, and one for the gestalt: what was granted to several of its members comes to the same."""
    actions: dict[VaultId | None, frozenset[Action]] = {}
    for gain in gains:
        actions[gain.vault] = actions.get(gain.vault, frozenset()) | gain.actions
    views = []
    for vault, some in actions.items():
        frames = None if vault is None else vault_with_id(core.store, vault)
        name = None if frames is None else frames.record.name
        views.append(GainView(vault, name, tuple(sorted(some))))
    return tuple(views)


def in_words(gain: GainView) -> str:
    """`clone, pull on work`, or `notify`. The name is as it was given, not safe to show."""
    actions = ", ".join(gain.actions)
    return actions if gain.vault_id is None else f"{actions} on {gain.vault_name or gain.vault_id}"
