"""What the node's key does for files: sign, verify, seal for a node, open. Content comes and goes in pieces and is never held."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from pk_tui.agent.core import Gate
from pk_tui.agent.directory import find_node
from pk_tui.crypto.file_seal import FileOpener, FileSealer
from pk_tui.crypto.file_signature import FileDigest, read_signature
from pk_tui.plaintext import Plaintext

STEP = 256 * 1024
"""Bytes worked on in one go: less than a millisecond, after which others get their turn."""


class KeyService:
    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def sign(self, content: AsyncIterator[bytes]) -> str:
        digest = await self._digest(content)
        return digest.signed_by(self._gate.core().signing)

    async def verify(self, content: AsyncIterator[bytes], signature: str, node: str) -> bool:
        core = self._gate.core()
        raw = read_signature(signature)
        signer = await core.desk.do(lambda: find_node(core.store, node))
        return (await self._digest(content)).is_signed(raw, signer)

    async def encrypt(self, content: AsyncIterator[bytes], node: str) -> AsyncIterator[bytes]:
        core = self._gate.core()
        sealer = FileSealer(await core.desk.do(lambda: find_node(core.store, node)))
        async for step in self._steps(content):
            if sealed := sealer.feed(step):
                yield sealed
        yield sealer.finish()

    async def decrypt(self, content: AsyncIterator[bytes]) -> AsyncIterator[Plaintext]:
        opener = FileOpener(self._gate.core().signing)
        async for step in self._steps(content):
            if opened := b"".join(opener.feed(step)):
                yield Plaintext(opened)
        yield Plaintext(opener.finish())

    async def _digest(self, content: AsyncIterator[bytes]) -> FileDigest:
        digest = FileDigest()
        async for step in self._steps(content):
            digest.feed(step)
        return digest

    async def _steps(self, content: AsyncIterator[bytes]) -> AsyncIterator[memoryview]:
        """What comes, in steps. Raises Locked as soon as the agent is: what was begun does not go on without its keys."""
        self._gate.core()
        async for piece in content:
            whole = memoryview(piece)
            for at in range(0, len(whole), STEP):
                self._gate.core()
                yield whole[at : at + STEP]
                await asyncio.sleep(0)
