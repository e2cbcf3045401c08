"""What the agent promises about its node's key and files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from pk_tui.plaintext import Plaintext


class Keys(Protocol):
    """What the node's key does for files. Content is read and given piece by piece, so a file may have any size."""

    async def sign(self, content: AsyncIterator[bytes]) -> str:
        """A signature of the content, as text."""
        ...

    async def verify(self, content: AsyncIterator[bytes], signature: str, node: str) -> bool:
        """True if the signature is this node's, over this content. Misuse if it is no signature, UnknownNode."""
        ...

    def encrypt(self, content: AsyncIterator[bytes], node: str) -> AsyncIterator[bytes]:
        """Sealed so that this node alone can open it. UnknownNode before the first piece."""
        ...

    def decrypt(self, content: AsyncIterator[bytes]) -> AsyncIterator[Plaintext]:
        """What was sealed for this node. Each piece that comes is authentic and in its place; CannotOpen instead of the first
        one if it was sealed for another node, and after some of them if the rest is damaged or missing."""
        ...
