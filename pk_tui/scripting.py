"""The front door for scripts in Python: a node's agent as the typed API of `api.facade`. docs/automation.md shows it at work.

    async with connect() as api:                        the agent that runs and holds the node
    async with open_node(path, password) as api:        the node in this very process, while no agent holds it

Names in this file are stable, as are the Protocols and views of `api` and the kinds of `errors`. What takes a secret's address as
typed (`VAULT:PATH`, `VAULT:PATH#SLOT`, and for reading `VAULT@COMMIT:PATH`) is made of the API's own calls.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pk_tui.api.facade import AgentApi
from pk_tui.control import client
from pk_tui.errors import Misuse
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text
from pk_tui.terms import Address, CommitId, SecretPath

__all__ = ["Plaintext", "SecretPath", "connect", "open_node", "read_secret", "secret_address", "write_secret"]

MAX_READ = 64 * 1024 * 1024
"""Bytes that `read_secret` gives in one piece unless told otherwise."""

NodePath = str | os.PathLike[str] | None
"""A node's directory; None is where the command line looks: PK_NODE_PATH, else the user's own."""


@asynccontextmanager
async def connect(node_path: NodePath = None) -> AsyncIterator[AgentApi]:
    """The agent that holds the node, over its control socket. It asks for no password; while it is locked its calls raise Locked.

    Raises Busy if no agent holds the node or it takes no more windows, Conflict if it is of another version.
    """
    from pk_tui.control.remote import attach

    async with await attach(str(_directory(node_path))) as api:
        yield api


@asynccontextmanager
async def open_node(
    node_path: NodePath, password: Plaintext | str, listen: Address | None = None
) -> AsyncIterator[AgentApi]:
    """The node opened in this process, and closed when the block ends. Without `listen` no other node can reach it meanwhile.
    Within the block the process makes private files (umask 077).

    Raises WrongPassword, NotFound if there is no node, and Busy while an agent or another process holds it.
    """
    from pk_tui.bootstrap.node import opened, root_from_password
    from pk_tui.home import Home

    given = Plaintext.of_text(password) if isinstance(password, str) else password
    umask = os.umask(0o077)  # opening makes it so, for the whole process; a script's own files are to be as before
    try:
        async with opened(Home(_directory(node_path)), listen, stays=listen is not None) as agent:
            await agent.unlock(await root_from_password(agent, given))
            yield agent
    finally:
        os.umask(umask)


def secret_address(text: str) -> tuple[str, SecretPath]:
    """`VAULT:PATH` as the API takes it. Raises Misuse."""
    vault, _, path = text.partition(":")
    if not vault or not path.strip("/"):
        raise Misuse(f"“{safe_text(text, 300)}” does not name a secret. A secret is named as VAULT:PATH.")
    return vault, SecretPath.parse(path)


async def read_secret(api: AgentApi, address: str, limit: int = MAX_READ) -> bytes:
    """A secret's or slot's value. Raises NotFound, or Misuse if it is larger than `limit` bytes: `api.secrets.read` gives it in
    pieces."""
    parts: list[bytes] = []
    size = 0
    async for piece in api.secrets.read(*secret_address(address)):
        parts.append(piece.reveal())
        size += len(piece)
        if size > limit:
            raise Misuse(f"“{safe_text(address, 300)}” is larger than {limit} bytes.")
    return b"".join(parts)


async def write_secret(api: AgentApi, address: str, value: bytes, create_only: bool = False) -> CommitId | None:
    """Store a value; the new commit, or None if it was there already. Raises AlreadyExists with `create_only`."""

    async def content() -> AsyncIterator[bytes]:
        yield value

    return await api.secrets.write(*secret_address(address), content(), create_only)


def _directory(given: NodePath) -> str:
    options = client.Options()
    options.node_path = None if given is None else str(given)
    return client.node_path(options)
