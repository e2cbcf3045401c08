"""What the verbs that change a vault have in common: refusing a clone, names below a directory, values in and out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from textual.content import Content

from pk_tui.api.facade import AgentApi
from pk_tui.api.views import SecretStat, VaultView
from pk_tui.errors import AlreadyExists, Misuse, NotFound, ReadOnly
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text
from pk_tui.terms import SecretPath, VaultId
from pk_tui.tui.live import Noun
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.text import shown


def where(vault: VaultView, path: SecretPath | str | None) -> Content:
    """`work:db/password`, safe to show; `work` without a path."""
    return shown(f"{vault.name}:{path}" if path else vault.name, 300)


def require_writable(vault: VaultView) -> None:
    """Said before anything is asked for; the agent decides. Raises ReadOnly."""
    if vault.read_only:
        raise ReadOnly(
            f"“{safe_text(vault.name, 80)}” is a clone and read-only here: only its owner changes it. "
            "`p` pulls what was changed there; `W` makes a copy that you can change."
        )


def path_below(directory: str) -> Callable[[str], SecretPath]:
    """How a name typed below this directory ("": the vault itself) is read; it may have directories of its own in it."""

    def read(typed: str) -> SecretPath:
        name = typed.strip("/")
        if not name:
            raise Misuse("It needs a name.")
        return SecretPath.parse(f"{directory}/{name}" if directory else name)

    return read


async def stat(api: AgentApi, vault: VaultView, path: SecretPath) -> SecretStat | None:
    """None if there is nothing at this path."""
    try:
        return await api.secrets.stat(str(vault.vault_id), path)
    except NotFound:
        return None


async def require_free(api: AgentApi, vault: VaultView, path: SecretPath) -> None:
    """Raises AlreadyExists: a move onto a directory would go into it, which nobody who gives a name means."""
    if await stat(api, vault, path) is not None:
        raise AlreadyExists(f"“{safe_text(str(path), 200)}” is already there. Choose another name.")


async def pieces(value: Plaintext) -> AsyncIterator[bytes]:
    yield value.reveal()


async def show(pane: Pane, subject: VaultId | tuple[VaultId, SecretPath]) -> None:
    """Put the cursor on something new, which the pane may not have heard of yet."""
    await pane.live.read(Noun.VAULTS)
    pane.go_to(subject)
