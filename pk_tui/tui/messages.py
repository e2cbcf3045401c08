"""What panes and widgets tell the screen they are on. Texts are safe to show; no message ever carries a value."""

from __future__ import annotations

from enum import Enum

from textual.content import Content
from textual.message import Message

from pk_tui.terms import NodeId, SecretPath, VaultId


class Tone(Enum):
    DONE = "done"
    """Goes by itself after a while."""
    FAILED = "failed"
    """Stays until a key is pressed."""


class Said(Message):
    """A line for the status line."""

    def __init__(self, text: Content, tone: Tone = Tone.DONE) -> None:
        super().__init__()
        self.text = text
        self.tone = tone


class Busy(Message):
    """Work began (`text`) or ended (None). `token` pairs the two."""

    def __init__(self, token: object, text: Content | None) -> None:
        super().__init__()
        self.token = token
        self.text = text


class KeySeen(Message, bubble=False):
    """A key was pressed on this screen; which one, nobody is told."""


Subject = VaultId | NodeId | tuple[VaultId, SecretPath]
"""What a pane can put its cursor on: a vault, a node, or a secret or directory in a vault."""


class GoTo(Message):
    """Show another pane, with the cursor on this subject if it is there."""

    def __init__(self, pane: str, subject: Subject | None = None) -> None:
        super().__init__()
        self.pane = pane
        self.subject = subject
