"""What the terminal UI needs before there is an agent, and around one: the program's own side of the counter.

`bootstrap` provides it. The UI never opens a node, a socket or a file of the node by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pk_tui.plaintext import Plaintext

if TYPE_CHECKING:
    from pk_tui.api.facade import AgentApi


class Beginning(Enum):
    """Where the UI starts."""

    NO_NODE = "no node"
    """There is none in this directory: make one, or open the playground."""
    LOCKED = "locked"
    """There is one, and its password is needed: nobody holds it, or a headless agent holds it fully locked."""
    ATTACHED = "attached"
    """A headless agent holds it unlocked: `attach` needs no password."""


@dataclass(frozen=True, slots=True)
class Situation:
    """`place` is the node's directory as it may be shown. `holder`: the process id of the headless agent that holds the node,
    None if this program holds it (or will)."""

    beginning: Beginning
    place: str
    holder: int | None = None


@dataclass(frozen=True, slots=True)
class Playground:
    """A throw-away node, open, and what to know of it. `friend` is the petname of the second node, which runs headless, trusts
    us and shares the vault `vault`."""

    api: AgentApi
    password: str
    friend: str
    vault: str


class Front(Protocol):
    @property
    def not_listening(self) -> str:
        """Why the node held here lets no peers in, as a sentence; empty while it does, and before it is open."""
        ...

    def prepare(self) -> None:
        """Load, beside everything else, what opening a node will need: to be called when the first picture is shown."""
        ...

    async def look(self) -> Situation:
        """How things stand now. Raises PkError if the directory cannot be used at all."""
        ...

    async def create(self, password: Plaintext) -> Plaintext:
        """Make the node; its 24 recovery words. It is not opened. Raises AlreadyExists."""
        ...

    async def open(self, password: Plaintext, accept_state: bool = False) -> AgentApi:
        """Unlock the node: hold it in this process, or unlock the headless agent that holds it. Raises WrongPassword,
        RolledBack (once the user has confirmed, try again with `accept_state`), Busy."""
        ...

    async def attach(self) -> AgentApi:
        """Speak to the headless agent that holds the node unlocked. Raises Busy if there is none any more."""
        ...

    async def open_playground(self) -> Playground:
        """Make and open a throw-away node with a friend. Both are removed when the program ends."""
        ...

    def lock_screen(self, locked: bool) -> None:
        """While the screen is locked the control socket of a node held here refuses; the node goes on serving its peers."""
        ...

    async def close(self) -> None:
        """Let go of the node: close it if it is held here, or the line to the agent that holds it."""
        ...

    async def leave_running(self) -> int:
        """Close the node held here and start a headless agent on it, already unlocked; its process id."""
        ...

    def edit_outside(self, content: Plaintext, ending: str) -> Plaintext:
        """Let the user's editor change a text; blocks, and needs the terminal. Raises Cancelled or Misuse."""
        ...

    def report(self, error: BaseException) -> Path | None:
        """Write a crash report without any values; where it is, or None if it could not be kept."""
        ...

    def load_settings(self) -> Mapping[str, object]:
        """What was kept, unchecked; empty if there is nothing or it cannot be read."""
        ...

    def save_settings(self, settings: Mapping[str, object]) -> None:
        """Raises StorageFailed."""
        ...
