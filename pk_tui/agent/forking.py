"""Forking: a vault of our own with a clone's whole history, that remembers where the clone pulls from.

The history is copied as if it were cloned from ourselves, by the same stream and the same checks: so exactly what the clone's
version leads to comes along, every object verified and sealed anew under the fork's own key, in small steps. Bringing the fork
up to date later is `merging`'s.
"""

from __future__ import annotations

from collections.abc import Generator

from pk_tui.agent.commits import flush_large
from pk_tui.agent.core import Core
from pk_tui.agent.directory import find_vault, require_free_name
from pk_tui.agent.views import vault_view
from pk_tui.api.events import VaultChanged
from pk_tui.api.facade import OnProgress
from pk_tui.api.views import Progress, VaultView
from pk_tui.crypto.entropy import random_bytes
from pk_tui.errors import Corrupt, Malformed, Misuse
from pk_tui.safe_text import safe_text
from pk_tui.store.vaultrecord import VaultRecord
from pk_tui.terms import CommitId, VaultId, vault_name
from pk_tui.trust.head import sign_head
from pk_tui.trust.lineage import new_lineage
from pk_tui.vault.outgoing import outgoing
from pk_tui.vault.transfer import Incoming

COPYING = "Copying"


async def fork(core: Core, vault: str, name: str, progress: OnProgress) -> VaultView:
    """Raises AlreadyExists if the name is taken, Misuse for a vault that is no clone, and Corrupt for a damaged one."""
    name = vault_name(name)
    view = await core.desk.steps(_copy(core, vault, name, progress))
    core.bus.say(VaultChanged(view.vault_id))
    return view


def _copy(core: Core, vault: str, name: str, progress: OnProgress) -> Generator[None, None, VaultView]:
    source = find_vault(core.store, vault)
    origin = source.record
    if not origin.read_only and origin.creator == core.node_id.raw:
        raise Misuse(
            f"“{safe_text(origin.name, 80)}” is a vault of this node itself, which can be written as it is. Forks "
            "are made of clones."
        )
    require_free_name(core.store, name)
    frames = core.store.vaults.begin()
    is_whole = False
    try:
        batch = frames.batch()
        incoming = Incoming(batch, None)
        try:
            for piece in outgoing(source, origin.commit, []):
                for _ in incoming.steps(piece):
                    yield
                flush_large(batch)
                if progress:
                    progress(Progress(COPYING, incoming.objects, len(source), incoming.size))
                yield
            incoming.finish(origin.commit, origin.digest)
        except (Malformed, KeyError) as error:  # our own bytes: nobody lied, they are damaged
            raise Corrupt(
                f"“{safe_text(origin.name, 80)}” cannot be forked: it is damaged here. Nothing was made; "
                "`pk-tui check` says more."
            ) from error
        yield from batch.getting_ready()
        require_free_name(core.store, name)  # it may have been taken meanwhile
        record = _record(core, origin, name)
        frames.commit(batch, record)
        is_whole = True
        core.watching.took(record)
        return vault_view(frames, 0, core.watching.behind(record))
    finally:
        if not is_whole:
            frames.abandon()


def _record(core: Core, origin: VaultRecord, name: str) -> VaultRecord:
    """A vault of our lineage that stands where the clone does, and has taken from its origin what the clone has."""
    lineage, now = new_lineage(core.node_id), core.clock.now()
    commit = CommitId(origin.commit)
    return VaultRecord(
        vault_id=VaultId(random_bytes(16)).raw,
        name=name,
        creator=core.node_id.raw,
        nonce=lineage.nonce,
        origin_node=origin.origin_node,
        origin_vault=origin.origin_vault,
        read_only=False,
        head=sign_head(core.signing, lineage, 1, (), commit, origin.digest, now),
        commit=origin.commit,
        digest=origin.digest,
        sequence=1,
        created=now,
        updated=now,
        upstream=origin.taken,
    )
