from __future__ import annotations

from agent.actors import Liar, honest, left_behind, refused, tried
from simulator import World, simulate

from pk_tui.agent.receiving import HOW_TO_ACCEPT, receive
from pk_tui.agent.rights import lineage_of
from pk_tui.errors import Conflict, PeerMisbehaved
from pk_tui.store.vault import VaultFrames
from pk_tui.terms import VaultId
from pk_tui.trust.head import read_head
from pk_tui.wire.messages import TransferBegin, TransferEnd


async def cloned(w: World) -> tuple[Liar, VaultFrames]:
    """Mallory's vault and Bob's clone of it, behind by one version."""
    bob, mallory = await w.add("bob"), Liar(w)
    mallory.put("a", b"1")
    await mallory.meet("bob")
    await bob.vaults.clone("work", "mallory")
    mallory.put("a", b"2" * 3000)
    return mallory, w._stores["bob"].vaults.list()[0]


def test_what_is_received_is_seen_by_nobody_until_it_is_committed() -> None:
    async def scenario(w: World) -> None:
        mallory, frames = await cloned(w)
        core, record, objects = w.agents["bob"].vaults._gate.core(), frames.record, len(frames)
        known = read_head(record.head, lineage_of(record))
        there = VaultId(mallory.frames.record.vault_id)
        got = await receive(core, mallory.node_id, there, "pull", frames, lineage_of(record), known, None)
        assert (got.head.commit.raw, got.rewritten) == (mallory.frames.record.commit, False)
        assert got.objects == 3
        assert got.head.commit.raw in got.batch
        assert (len(frames), frames.record) == (objects, record)
        got.batch.discard()
        assert got.head.commit.raw not in frames

    simulate(scenario)


def test_a_transfer_that_fails_leaves_no_batch_behind() -> None:
    async def scenario(w: World) -> None:
        mallory, frames = await cloned(w)
        core, record = w.agents["bob"].vaults._gate.core(), frames.record
        known = read_head(record.head, lineage_of(record))
        there = VaultId(mallory.frames.record.vault_id)
        before = left_behind(w, "bob")

        def cut(begin: TransferBegin, pieces: list[bytes], end: TransferEnd) -> list[bytes | float | None]:
            return [*honest(begin, pieces, end)[:-1], None]

        mallory.lie = cut
        with refused(PeerMisbehaved, "in the middle"):
            await receive(core, mallory.node_id, there, "pull", frames, lineage_of(record), known, None)
        assert left_behind(w, "bob") == before

    simulate(scenario)


def test_an_older_head_gives_no_hint_how_to_take_it() -> None:
    async def scenario(w: World) -> None:
        mallory, frames = await cloned(w)
        bob = w.agents["bob"]
        old = mallory.frames.record.head
        mallory.put("a", b"3")
        await bob.vaults.pull("work")
        mallory.lie = lambda begin, pieces, end: honest(
            TransferBegin(old, begin.objects, begin.size, begin.creator, begin.nonce), [], TransferEnd(0, 0)
        )
        for accept in (False, True):
            error = await tried(bob.vaults.pull("work", accept_rewritten=accept))
            assert type(error) is Conflict  # not one of those that may be accepted
            assert "older" in error.message
            assert HOW_TO_ACCEPT not in error.message
        assert frames.record.kept == ()

    simulate(scenario)
