"""Pulling into a fork: what the vault it was forked from has done since is brought in, by whole secrets, as one commit of ours.

The transfer is checked as for a clone, against the lineage of that vault and the head of it that was taken last. Merge commit,
signed head, new conflicts and what was taken go to disk in one transaction. What becomes of the conflicts is `resolving`'s.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from pk_tui.agent import cloning
from pk_tui.agent.cloning import origin_of
from pk_tui.agent.commits import advance, require_writable
from pk_tui.agent.core import Core
from pk_tui.agent.directory import find_vault
from pk_tui.agent.receiving import Received, receive
from pk_tui.api.events import VaultChanged
from pk_tui.api.facade import OnProgress
from pk_tui.api.views import Progress, PullView
from pk_tui.errors import Busy, Conflict
from pk_tui.records import replace
from pk_tui.store.conflicts import MAX_CONFLICTS, OpenConflict
from pk_tui.store.vault import VaultFrames
from pk_tui.store.vaultrecord import Upstream, VaultRecord
from pk_tui.terms import CommitId, NodeId, SecretPath, VaultId
from pk_tui.trust.head import Head, read_head
from pk_tui.trust.lineage import Lineage
from pk_tui.vault import ancestry, history, merge, tree
from pk_tui.vault.objects import Oid

_STOP_EVERY = 50
"""Conflicts compared between two places where the work can be interrupted."""


async def pull(
    core: Core, vault: str, node: str | None, from_vault: VaultId | None, progress: OnProgress, accept_rewritten: bool
) -> PullView:
    """Bring what is new at a fork's origin into it; nothing new: no commit. A clone is `cloning.pull`'s."""

    def begin() -> tuple[VaultFrames, VaultRecord, NodeId, VaultId] | None:
        frames = find_vault(core.store, vault)
        if frames.record.upstream is None:
            return None
        require_writable(frames.record, core.node_id)
        return frames, frames.record, *origin_of(core, frames.record, node, from_vault)

    fork = await core.desk.do(begin)
    if fork is None:
        return await cloning.pull(core, vault, node, from_vault, progress, accept_rewritten)
    frames, record, source, there = fork
    taken = record.taken
    lineage = Lineage(NodeId(taken.creator), taken.nonce)
    known = read_head(taken.head, lineage)
    received = await receive(core, source, there, "pull", frames, lineage, known, progress, accept_rewritten)
    try:
        if progress:
            progress(Progress("Merging", received.objects, received.objects, received.bytes, received.bytes))
        merging = _Merging(core, frames, record, known, received, source, there)
        view = await core.desk.steps(merging.work())
    finally:
        await core.desk.do(received.batch.discard)
    if view.new_head != view.old_head or merging.is_nearer:
        core.bus.say(VaultChanged(view.vault_id))
    core.peers.want(source)
    return view


@dataclass(slots=True)
class _Merging:
    """One transfer being brought into one fork. Desk work."""

    core: Core
    frames: VaultFrames
    before: VaultRecord
    known: Head
    received: Received
    source: NodeId
    there: VaultId
    is_nearer: bool = False
    """Whether how far it is behind its origin is another number now."""

    def work(self) -> Generator[None, None, PullView]:
        record = self.frames.record  # written to meanwhile, perhaps: then that is what is merged with
        ours, theirs = CommitId(record.commit), self.received.head.commit
        if record.upstream != self.before.upstream and record.taken.commit == theirs.raw:
            return self._view(ours, ours)  # another pull was faster, and brought the same
        if theirs == self.known.commit:
            self._put(ours, None, (), ())
            return self._view(ours, ours)
        objects = self.received.batch
        base = yield from self._base(ours, theirs)
        if base == theirs:  # it is in here already
            self._put(ours, None, (), ())
            return self._view(ours, ours)
        if base == ours and not self.received.rewritten:
            # We have changed nothing: their version becomes ours, signed by us.
            yield from objects.getting_ready()
            self._put(ours, theirs, (), ())
            return self._view(ours, theirs)
        trees = [history.read_commit(objects, commit).tree for commit in (base, ours, theirs)]
        merged = yield from merge.merge(objects, *trees)
        if len(merged.clashes) > MAX_CONFLICTS:
            raise Conflict(
                f"More than {MAX_CONFLICTS} secrets were changed on both sides. Nothing was merged; make the two sides alike, or "
                "clone the vault anew."
            )
        found = yield from self._conflicts(base, ours, theirs, merged.clashes)
        settled = yield from self._settled(merged.tree, trees[2], {entry.path for entry in found})
        core = self.core
        message = yield from self._message(trees[1], merged)
        yield from objects.getting_ready()
        commit, _ = history.build_commit(objects, merged.tree, ours, core.node_id, message, core.clock.now(), theirs)
        self._put(ours, commit, settled, found)
        return self._view(ours, commit, found, merged=True)

    def _base(self, ours: CommitId, theirs: CommitId) -> Generator[None, None, CommitId]:
        """The version from which it is told what each side changed. Conflict if the two have nothing in common."""
        base = yield from ancestry.merge_base(self.received.batch, ours, theirs)
        if base is None:  # two beginnings in one history: nobody could clone the fork any more
            raise Conflict(
                "The other side's new history has no version in common with this vault, so it cannot be merged. Nothing was "
                "changed; clone it anew."
            )
        # All that was taken last is in here, so of a history written anew only what differs from that is news.
        return self.known.commit if self.received.rewritten else base

    def _conflicts(
        self, base: CommitId, ours: CommitId, theirs: CommitId, clashes: Sequence[merge.Clash]
    ) -> Generator[None, None, list[OpenConflict]]:
        objects = self.received.batch
        # Who is not found on their line brought it in by a merge of theirs: then who made that is asked.
        newest = history.read_commit(objects, theirs)
        made = yield from history.last_changes(objects, theirs, [clash.path for clash in clashes], base)
        waiting = {entry.path: entry for entry in self.core.store.conflicts.list(self.frames.vault_id)}
        found: list[OpenConflict] = []
        for clash in clashes:
            path = str(clash.path)
            before = waiting.get(path)
            last = made.get(clash.path, newest)
            found.append(
                OpenConflict(
                    path=path,
                    # One that waits already began where the two parted then; only theirs has become newer.
                    base=before.base if before else (base.raw if clash.base else None),
                    ours=ours.raw if clash.ours else None,
                    theirs=theirs.raw if clash.theirs else None,
                    node=last.author.raw,
                    time=last.time,
                )
            )
        return found

    def _settled(self, merged: Oid, theirs: Oid, anew: set[str]) -> Generator[None, None, list[str]]:
        """Conflicts of before that are none any more: both sides hold the same there now."""
        settled: list[str] = []
        for number, entry in enumerate(self.core.store.conflicts.list(self.frames.vault_id), 1):
            parts = entry.path.split("/")
            if entry.path not in anew and self._at(merged, parts) == self._at(theirs, parts):
                settled.append(entry.path)
            if number % _STOP_EVERY == 0:
                yield
        return settled

    def _at(self, root: Oid, parts: Sequence[str]) -> Oid | None:
        found = tree.find(self.received.batch, root, parts)
        return found[0] if found else None

    def _message(self, ours: Oid, merged: merge.Merged) -> Generator[None, None, str]:
        """From whom it is, what it brought, and how much waits for a decision."""
        # By its id: whoever the fork is shared with reads this too, and what we call others is not for them.
        lines = [f"Merged from {self.source.short}…"]
        if merged.tree != ours:
            lines.append((yield from history.describing_changes(self.received.batch, ours, merged.tree)))
        if merged.clashes:
            lines.append(f"Changed on both sides, and kept as they were here: {len(merged.clashes)}")
        return "\n\n".join(lines)

    def _put(self, ours: CommitId, new: CommitId | None, settled: Sequence[str], found: Sequence[OpenConflict]) -> None:
        """In one transaction, with no step between the look at the vault and the change: the new head, if there is one, the
        conflicts, and what was taken."""
        core, received, record = self.core, self.received, self.frames.record
        if (record.commit, record.upstream) != (ours.raw, self.before.upstream):
            raise Busy("The vault changed here while it was being pulled. Nothing was lost; pull again.")
        head = received.head
        creator, nonce = self.before.taken.creator, self.before.taken.nonce
        moved = replace(
            record,
            origin_node=self.source.raw,
            origin_vault=self.there.raw,
            upstream=Upstream(creator, nonce, received.raw_head, head.commit.raw, head.digest, head.sequence),
        )
        behind = core.watching.behind(record)
        with core.store.transaction():
            if new is not None:
                facts = received.batch.facts(new.raw)
                advance(core.store, self.frames, received.batch, moved, new, facts, core.clock.now())
            elif moved != record:
                self.frames.commit(received.batch, moved)
            if settled or found:
                core.store.conflicts.change(self.frames.vault_id, settled, found)
        core.watching.took(moved)
        self.is_nearer = core.watching.behind(moved) != behind

    def _view(self, old: CommitId, new: CommitId, found: Sequence[OpenConflict] = (), merged: bool = False) -> PullView:
        paths = tuple(SecretPath(tuple(entry.path.split("/"))) for entry in found)
        received = self.received
        return PullView(self.frames.vault_id, old, new, received.objects, received.bytes, paths, merged)
