"""What an unlocked agent holds, and the gate through which the services reach it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pk_tui.agent.beliefs import Beliefs
from pk_tui.agent.bus import Bus
from pk_tui.agent.care import Care
from pk_tui.agent.desk import Desk
from pk_tui.agent.finding import Finding
from pk_tui.clock import Clock
from pk_tui.crypto.keys import SigningKey
from pk_tui.errors import Locked
from pk_tui.store.node import NodeStore
from pk_tui.terms import NodeId

if TYPE_CHECKING:
    from pk_tui.agent.announcing import Announcing
    from pk_tui.agent.auditing import Auditing
    from pk_tui.agent.outbox import Outbox
    from pk_tui.agent.peers import Peers
    from pk_tui.agent.watching import Watching

Spawn = Callable[[Coroutine[Any, Any, None], str], None]
"""Start a task that ends with the unlocked span at the latest; its failure is logged, never fatal to the others."""


@dataclass(slots=True)
class Core:
    """Everything that exists only while the keys are in memory."""

    store: NodeStore
    signing: SigningKey
    desk: Desk
    clock: Clock
    bus: Bus
    spawn: Spawn
    peers: Peers
    outbox: Outbox
    watching: Watching
    announcing: Announcing
    auditing: Auditing
    beliefs: Beliefs = field(default_factory=Beliefs)
    """What is held true of others, and what was granted here; loaded before anything is asked."""
    care: Care = field(default_factory=Care)
    """The turn to rewrite frames, and what is done of it while nothing else is to do."""
    finding: Finding = field(default_factory=Finding)
    """The names that can be found; forgotten with everything else."""

    @property
    def node_id(self) -> NodeId:
        return self.signing.node_id


class Gate:
    """Holds the core while the agent is unlocked; whoever asks for it while locked gets the sentence that says so."""

    def __init__(self) -> None:
        self._core: Core | None = None

    @property
    def is_open(self) -> bool:
        return self._core is not None

    def open(self, core: Core) -> None:
        self._core = core

    def shut(self) -> None:
        self._core = None

    def core(self) -> Core:
        if self._core is None:
            raise Locked("The agent is locked: its keys are not in memory. Unlock it with `pk-tui agent unlock`.")
        return self._core
