from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import ModuleType

import pytest
from agent.actors import (
    Liar,
    at,
    everything,
    honest,
    left_behind,
    noise,
    pair,
    read,
    records,
    refused,
    shared,
    tried,
    write,
)
from simulator import EPOCH, World, eventually, simulate

from pk_tui.agent import merging
from pk_tui.agent.agent import Agent
from pk_tui.agent.commits import create_vault
from pk_tui.api.events import VaultChanged
from pk_tui.api.views import Take
from pk_tui.errors import Busy, Conflict, Misuse, PeerMisbehaved, PermissionDenied, ReadOnly, Rewritten
from pk_tui.records import replace
from pk_tui.store import conflicts
from pk_tui.store.vault import VaultFrames
from pk_tui.terms import Change, CommitId
from pk_tui.trust.head import sign_head
from pk_tui.vault import history, tree
from pk_tui.vault.objects import blob
from pk_tui.wire.messages import TransferBegin, TransferEnd, encode_message


def frames_of(w: World, name: str, vault: str) -> VaultFrames:
    return next(frames for frames in w._stores[name].vaults.list() if frames.record.name == vault)


async def forked(w: World, **secrets: bytes) -> tuple[Agent, Agent]:
    """Alice's vault “work” with these secrets, and Bob's fork of it, “mine”."""
    alice, bob = await shared(w, 0)
    for path, value in (secrets or {"a": b"1", "b": b"1"}).items():
        await write(alice, f"work:{path.replace('_', '/')}", value)
    await bob.vaults.clone("work", "alice")
    await bob.vaults.fork("work", "mine")
    return alice, bob


def paths(changes: Sequence[object]) -> list[str]:
    return [str(change) for change in changes]


async def healthy(agent: Agent) -> None:
    view = await agent.lifecycle.check()
    assert view.ok, view.problems


# Nothing to merge


def test_an_unchanged_fork_moves_forward_without_a_merge_and_the_head_is_ours() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await forked(w)
        before = frames_of(w, "bob", "mine").record
        await write(alice, "work:new", b"1")
        view = await bob.vaults.pull("mine")
        theirs = (await alice.vaults.get("work")).head
        assert (view.merged, view.conflicts, view.new_head) == (False, (), theirs)
        assert view.old_head == CommitId(before.commit)
        record = frames_of(w, "bob", "mine").record
        assert (record.creator, record.nonce, record.sequence) == (before.creator, before.nonce, before.sequence + 1)
        assert record.upstream is not None
        assert record.upstream.commit == record.commit
        assert await everything(bob, "mine") == await everything(alice, "work")
        await healthy(bob)

    simulate(scenario)


def test_nothing_new_is_no_commit_and_is_told_to_nobody() -> None:
    async def scenario(w: World) -> None:
        _, bob = await forked(w)
        await write(bob, "mine:of-mine", b"1")
        await asyncio.sleep(1)
        before = frames_of(w, "bob", "mine").record
        async with bob.events() as events:
            view = await bob.vaults.pull("mine")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(events), 1)
        assert (view.old_head, view.objects, view.merged) == (view.new_head, 0, False)
        assert frames_of(w, "bob", "mine").record == before

    simulate(scenario)


# Merging


def test_what_only_one_side_changed_is_merged_with_two_parents_and_a_message_that_says_from_whom() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await forked(w, a=b"1", b=b"1", d_x=b"1")
        await write(alice, "work:a", b"theirs")
        await alice.secrets.remove([("work", at("d/x"))])
        await write(alice, "work:big", noise(2 * 1024 * 1024))
        await write(bob, "mine:b", b"ours")
        await write(bob, "mine:own", b"ours")
        ours = (await bob.vaults.get("mine")).head
        await asyncio.sleep(1)  # that it is behind is said before
        async with bob.events() as events:
            view = await bob.vaults.pull("mine")
            assert await anext(events) == VaultChanged(view.vault_id)
        theirs = (await alice.vaults.get("work")).head
        assert (view.old_head, view.merged, view.conflicts) == (ours, True, ())
        assert view.objects > 8
        held = await everything(bob, "mine")
        assert {path: held[path] for path in ("a", "b", "own")} == {"a": b"theirs", "b": b"ours", "own": b"ours"}
        assert set(held) == {"a", "b", "own", "big"}
        newest = (await bob.vaults.log("mine"))[0]
        assert newest.commit == view.new_head
        assert newest.parents == (ours, theirs)
        assert newest.author == str(w.ids["bob"])
        assert newest.message.startswith(f"Merged from {w.ids['alice'].short}…\n")
        assert "alice" not in newest.message  # our name for her is not for those who read the fork
        assert {(str(row.path), row.change) for row in newest.changes} == {
            ("a", Change.MODIFIED),
            ("big", Change.ADDED),
            ("d/x", Change.DELETED),
        }
        await healthy(bob)

    simulate(scenario)


def test_pulling_twice_changes_nothing_and_later_versions_follow() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await forked(w)
        for number in range(3):
            await write(alice, f"work:t{number}", b"theirs")
            await write(bob, f"mine:o{number}", b"ours")
            view = await bob.vaults.pull("mine")
            assert view.merged
            again = await bob.vaults.pull("mine")
            assert (again.old_head, again.new_head, again.objects) == (view.new_head, view.new_head, 0)
        assert set(await everything(bob, "mine")) == {"a", "b", *(f"{side}{n}" for side in "to" for n in range(3))}
        assert len(await bob.vaults.log("mine")) == 3 + 3 + 3  # the line of before, three of ours, three merges
        await healthy(bob)

    simulate(scenario)


def test_only_what_is_new_since_the_last_merge_is_sent() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await forked(w)
        await write(alice, "work:big", noise(200_000))
        await write(bob, "mine:own", b"1")
        await bob.vaults.pull("mine")
        await write(alice, "work:small", b"1")
        view = await bob.vaults.pull("mine")
        assert view.objects == 3
        assert view.bytes < 2000

    simulate(scenario)


# Conflicts


def test_what_both_changed_is_a_conflict_and_ours_stays_until_it_is_decided() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await forked(w, a=b"1", gone=b"1", kept=b"1", d_x=b"1")
        base = (await bob.vaults.get("mine")).head
        await asyncio.sleep(100)
        await write(alice, "work:a", b"theirs")
        changed_at = w.clocks["alice"].now() // 10**6 * 10**6
        await asyncio.sleep(100)
        await write(alice, "work:gone", b"theirs")
        await alice.secrets.remove([("work", at("kept"))])
        await write(alice, "work:new", b"theirs")
        await write(bob, "mine:a", b"ours")
        await bob.secrets.remove([("mine", at("gone"))])
        await write(bob, "mine:kept", b"ours")
        await write(bob, "mine:new", b"ours")
        ours, theirs = (await bob.vaults.get("mine")).head, (await alice.vaults.get("work")).head
        before = await everything(bob, "mine")
        view = await bob.vaults.pull("mine")
        assert view.merged
        assert paths(view.conflicts) == ["a", "gone", "kept", "new"]
        assert await everything(bob, "mine") == before
        assert (await bob.vaults.get("mine")).conflicts == 4
        assert [row.conflicts for row in await bob.vaults.list()] == [4, 0]
        found = {str(row.path): row for row in await bob.vaults.conflicts("mine")}
        assert {path: (row.base, row.ours, row.theirs) for path, row in found.items()} == {
            "a": (base, ours, theirs),
            "gone": (base, None, theirs),
            "kept": (base, ours, None),
            "new": (None, ours, theirs),
        }
        assert {row.node for row in found.values()} == {w.ids["alice"]}
        assert found["a"].time == changed_at < found["gone"].time
        for path, value in (("a", b"theirs"), ("gone", b"theirs")):
            assert await read(bob, f"mine@{found[path].theirs}:{path}") == value
        assert await read(bob, f"mine@{found['kept'].base}:kept") == b"1"
        assert "both sides" in (await bob.vaults.log("mine"))[0].message
        await healthy(bob)

    simulate(scenario)


def test_a_conflict_found_again_keeps_where_it_began_and_takes_the_newer_version_of_theirs() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await forked(w)
        base = (await bob.vaults.get("mine")).head
        await write(alice, "work:a", b"theirs")
        await write(bob, "mine:a", b"ours")
        await bob.vaults.pull("mine")
        await write(alice, "work:b", b"something else")
        assert paths((await bob.vaults.pull("mine")).conflicts) == []
        (waiting,) = await bob.vaults.conflicts("mine")
        assert waiting.theirs != (await alice.vaults.get("work")).head
        await write(alice, "work:a", b"theirs again")
        assert paths((await bob.vaults.pull("mine")).conflicts) == ["a"]
        (waiting,) = await bob.vaults.conflicts("mine")
        assert (waiting.base, waiting.theirs) == (base, (await alice.vaults.get("work")).head)
        assert await read(bob, f"mine@{waiting.theirs}:a") == b"theirs again"

    simulate(scenario)


def test_a_conflict_is_over_when_the_other_side_comes_round_to_ours() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await forked(w)
        await write(alice, "work:a", b"theirs")
        await write(alice, "work:b", b"theirs")
        await write(bob, "mine:a", b"ours")
        await write(bob, "mine:b", b"ours")
        await bob.vaults.pull("mine")
        await write(alice, "work:a", b"ours")
        await bob.vaults.pull("mine")
        assert [str(row.path) for row in await bob.vaults.conflicts("mine")] == ["b"]

    simulate(scenario)


def test_a_decided_conflict_is_not_found_again() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await forked(w)
        await write(alice, "work:a", b"theirs")
        await write(bob, "mine:a", b"ours")
        await bob.vaults.pull("mine")
        await bob.vaults.resolve("mine", at("a"), Take.OURS)
        await write(alice, "work:c", b"1")
        view = await bob.vaults.pull("mine")
        assert (view.merged, view.conflicts) == (True, ())
        assert await read(bob, "mine:a") == b"ours"

    simulate(scenario)


def test_the_conflicts_of_a_deleted_fork_are_gone() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await forked(w)
        await write(alice, "work:a", b"theirs")
        await write(bob, "mine:a", b"ours")
        vault_id = (await bob.vaults.pull("mine")).vault_id
        table = w._stores["bob"].conflicts
        assert table.count(vault_id) == 1
        await bob.vaults.delete("mine")
        assert (table.count(vault_id), table.list(vault_id)) == (0, [])

    simulate(scenario)


# Forks among others


def test_a_third_node_clones_the_fork_with_its_merges_and_pulls_later_ones() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await forked(w)
        carol = await w.add("carol")
        await w.introduce("bob", "carol")
        await write(alice, "work:a", b"theirs")
        await write(bob, "mine:b", b"ours")
        await bob.vaults.pull("mine")
        await bob.vaults.share("mine", "carol")
        await carol.vaults.clone("mine", "bob")
        assert await everything(carol, "mine") == await everything(bob, "mine")
        assert await carol.vaults.log("mine") == await bob.vaults.log("mine")

        await write(alice, "work:later", b"theirs")
        await write(bob, "mine:own", b"ours")
        await bob.vaults.pull("mine")
        await eventually(lambda: is_behind(carol, 2))  # two versions of the fork, whatever came with the merge
        view = await carol.vaults.pull("mine")
        assert not view.merged
        assert await everything(carol, "mine") == await everything(bob, "mine")
        assert (await carol.vaults.get("mine")).behind == 0
        await carol.vaults.fork("mine", "hers")
        await write(carol, "hers:c", b"carol")
        await write(bob, "mine:b", b"again")
        assert (await carol.vaults.pull("hers")).merged
        assert await read(carol, "hers:b") == b"again"
        await healthy(carol)

    async def is_behind(agent: Agent, versions: int) -> bool:
        return (await agent.vaults.get("mine")).behind == versions

    simulate(scenario)


def test_a_fork_knows_how_far_it_is_behind_its_origin() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await forked(w)
        assert (await bob.vaults.get("mine")).behind == 0
        await write(bob, "mine:own", b"1")
        for number in range(3):
            await write(alice, "work:a", b"%d" % (number + 5))

        async def behind(versions: int) -> bool:
            return (await bob.vaults.get("mine")).behind == versions

        await eventually(lambda: behind(3))
        await bob.vaults.pull("mine")
        assert await behind(0)
        await w.stop("bob")
        bob = await w.start("bob")
        await write(alice, "work:a", b"later")
        await eventually(lambda: behind(1))

    simulate(scenario)


def test_a_share_that_ends_shows_what_came_by_a_merge_too() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await forked(w, a=b"1")
        carol = await w.add("carol")
        await w.introduce("bob", "carol")
        await write(alice, "work:passing", b"only ever in a version that was merged")
        await alice.secrets.remove([("work", at("passing"))])
        await write(bob, "mine:own", b"1")
        await bob.vaults.pull("mine")
        await bob.vaults.share("mine", "carol")
        await carol.vaults.clone("mine", "bob")
        await write(bob, "mine:again", b"only ever in a version that was merged")
        exposed = await bob.vaults.unshare("mine", "carol")
        assert "again" in [str(row.path) for row in exposed]

    simulate(scenario)


def test_a_fork_is_pulled_from_another_nodes_copy_of_the_same_vault() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await forked(w)
        other = await bob.vaults.create("other")
        for wrong in (("mine", "alice", other.vault_id),):
            with refused(PermissionDenied):
                await bob.vaults.pull(*wrong)
        strange = await alice.vaults.create("strange")
        await alice.vaults.share("strange", "bob")
        before = frames_of(w, "bob", "mine").record
        with refused(PeerMisbehaved, "another lineage"):
            await bob.vaults.pull("mine", "alice", strange.vault_id)
        assert frames_of(w, "bob", "mine").record == before
        with refused(Misuse, "no origin"):
            await bob.vaults.pull("other")

    simulate(scenario)


# A peer that lies


def without_one(found: list[bytes]) -> list[bytes]:
    return [*found[:1], *found[2:]]


def with_a_stowaway(found: list[bytes]) -> list[bytes]:
    return [*found[:-1], bytes((3, 0, 0, 0, 1)) + b"x", found[-1]]


LIES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "one object is missing": without_one,
    "one object too many": with_a_stowaway,
    "the last commit is missing": lambda found: found[:-1],
    "nothing at all": lambda found: [],
    "everything twice": lambda found: found * 2,
    "backwards": lambda found: found[::-1],
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
@pytest.mark.parametrize("accept", [False, True])
def test_a_lie_is_the_peers_fault_and_changes_nothing_of_the_fork(
    lie: Callable[[list[bytes]], list[bytes]], accept: bool
) -> None:
    async def scenario(w: World) -> None:
        bob, mallory = await w.add("bob"), Liar(w)
        mallory.put("a", b"1")
        await mallory.meet("bob")
        await bob.vaults.clone("work", "mallory")
        await bob.vaults.fork("work", "mine")
        await write(bob, "mine:own", b"1")
        mallory.put("b", b"theirs")
        mallory.put("c/d", b"theirs")

        def told(begin: TransferBegin, pieces: list[bytes], end: TransferEnd) -> Sequence[bytes | float | None]:
            stream = b"".join(lie(records(pieces)))
            return honest(replace(begin, objects=99), [stream] if stream else [], replace(end, size=len(stream)))

        mallory.lie = told
        before, rows = frames_of(w, "bob", "mine").record, left_behind(w, "bob")
        with refused(PeerMisbehaved):
            await bob.vaults.pull("mine", accept_rewritten=accept)
        assert frames_of(w, "bob", "mine").record == before
        assert left_behind(w, "bob") == rows
        mallory.lie = honest
        assert (await bob.vaults.pull("mine")).merged
        await healthy(bob)

    simulate(scenario)


@pytest.mark.parametrize("where", [merging, conflicts])
def test_more_conflicts_than_can_be_decided_are_refused_and_nothing_is_changed(
    where: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(w: World) -> None:
        alice, bob = await forked(w)
        for number in range(4):
            await write(alice, f"work:s{number}", b"theirs")
            await write(bob, f"mine:s{number}", b"ours")
        before, rows = frames_of(w, "bob", "mine").record, left_behind(w, "bob")
        with monkeypatch.context() as patched:
            patched.setattr(where, "MAX_CONFLICTS", 3)
            assert isinstance(await tried(bob.vaults.pull("mine")), Conflict | Misuse)
        assert frames_of(w, "bob", "mine").record == before
        assert left_behind(w, "bob") == rows
        assert await bob.vaults.conflicts("mine") == []
        assert len((await bob.vaults.pull("mine")).conflicts) == 4
        await healthy(bob)

    simulate(scenario)


def test_a_fork_of_another_key_is_not_pulled_into() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await forked(w)
        await write(alice, "work:t", b"1")
        fork = frames_of(w, "bob", "mine")
        fork.commit(None, replace(fork.record, creator=w.ids["alice"].raw))
        with refused(ReadOnly):
            await bob.vaults.pull("mine")

    simulate(scenario)


# What happens meanwhile


def test_what_is_written_while_the_transfer_runs_is_merged_with() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await forked(w)
        await write(alice, "work:big", noise(600_000))
        pulling = asyncio.create_task(bob.vaults.pull("mine"))
        await asyncio.sleep(0.02)
        await write(bob, "mine:meanwhile", b"1")
        assert not pulling.done()
        assert (await pulling).merged
        assert {"big", "meanwhile"} <= set(await everything(bob, "mine"))
        await healthy(bob)

    simulate(scenario)


def test_two_pulls_at_once_end_with_one_merge() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await forked(w)
        await write(alice, "work:t", noise(200_000))
        await write(bob, "mine:o", b"ours")
        results = await asyncio.gather(*(bob.vaults.pull("mine") for _ in range(3)), return_exceptions=True)
        for result in results:
            assert not isinstance(result, BaseException) or isinstance(result, Busy), result
        assert sum(1 for row in await bob.vaults.log("mine") if len(row.parents) == 2) == 1
        assert set(await everything(bob, "mine")) == {"a", "b", "t", "o"}
        await healthy(bob)

    simulate(scenario)


@pytest.mark.parametrize("after", [0, 1, 3, 8, 20, 60])
def test_a_pull_that_is_called_off_changes_nothing(after: int) -> None:
    async def scenario(w: World) -> None:
        alice, bob = await forked(w)
        for number in range(20):
            await write(alice, f"work:d{number}/t", noise(20_000, number))
            await write(bob, f"mine:d{number}/o", b"1")
        await write(alice, "work:a", b"theirs")
        await write(bob, "mine:a", b"ours")
        before = frames_of(w, "bob", "mine").record
        pulling = asyncio.create_task(bob.vaults.pull("mine"))
        for _ in range(after):
            await asyncio.sleep(0.005)
        was_done = pulling.done()
        pulling.cancel()
        await asyncio.wait([pulling])
        if not was_done:
            assert frames_of(w, "bob", "mine").record == before
            assert await bob.vaults.conflicts("mine") == []
        await bob.vaults.pull("mine")
        assert len(await everything(bob, "mine")) == 42
        assert [str(row.path) for row in await bob.vaults.conflicts("mine")] == ["a"]
        await healthy(bob)

    simulate(scenario)


def test_a_fork_deleted_while_it_is_pulled_is_gone() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await forked(w)
        await write(alice, "work:t", noise(300_000))
        pulling = asyncio.create_task(tried(bob.vaults.pull("mine")))
        await asyncio.sleep(0.03)
        await bob.vaults.delete("mine")
        assert await pulling is not None
        assert [view.name for view in await bob.vaults.list()] == ["work"]
        await healthy(bob)

    simulate(scenario)


# Histories written anew


class Owner(Liar):
    """An owner who can write history anew and sign what comes of it."""

    def commit(self, parent: CommitId | None, secrets: dict[str, bytes], message: str) -> CommitId:
        batch = self.frames.batch()
        root = tree.empty_tree(batch)
        edits: list[tree.Edit] = []
        for path, body in secrets.items():
            oid, facts = blob(body)
            batch.add(oid, facts, body)
            edits.append((at(path), tree.Put(oid)))
        root = tree.edit(batch, root, edits)
        commit, _ = history.build_commit(batch, root, parent, self.node_id, message, EPOCH)
        self.frames.commit(batch, self.frames.record)
        return commit

    def stand_at(self, commit: CommitId, sequence: int) -> None:
        record, digest = self.frames.record, self.frames.facts(commit.raw).digest
        head = sign_head(self.signing, self.lineage, sequence, (), commit, digest, EPOCH)
        self.frames.commit(None, replace(record, head=head, commit=commit.raw, digest=digest, sequence=sequence))


async def rewritten(w: World, secrets: dict[str, bytes], sequence: int = 9) -> tuple[Agent, Owner]:
    """Bob's clone “work” and fork “mine” of a vault that held `a` and `b`, whose history was written anew from its first version
    on and holds `secrets` now."""
    bob, owner = await w.add("bob"), Owner(w)
    first = CommitId(owner.frames.record.commit)
    owner.put("a", b"1")
    owner.put("b", b"1")
    await owner.meet("bob")
    await bob.vaults.clone("work", "mallory")
    await bob.vaults.fork("work", "mine")
    owner.stand_at(owner.commit(first, secrets, "written anew"), sequence)
    return bob, owner


def test_a_rewritten_upstream_is_never_taken_silently() -> None:
    async def scenario(w: World) -> None:
        bob, _ = await rewritten(w, {"a": b"2"})
        for vault in ("work", "mine"):
            before = frames_of(w, "bob", vault).record
            with refused(Rewritten, "rewritten.*--accept-rewritten"):
                await bob.vaults.pull(vault)
            assert frames_of(w, "bob", vault).record == before
        await healthy(bob)

    simulate(scenario)


def test_a_clone_that_accepts_a_rewritten_history_keeps_the_version_before_readable() -> None:
    async def scenario(w: World) -> None:
        bob, owner = await rewritten(w, {"a": b"2"})
        old = (await bob.vaults.get("work")).head
        view = await bob.vaults.pull("work", accept_rewritten=True)
        assert (view.old_head, view.new_head) == (old, CommitId(owner.frames.record.commit))
        assert await everything(bob, "work") == {"a": b"2"}
        assert await read(bob, f"work@{old}:b") == b"1"
        assert old is not None
        assert frames_of(w, "bob", "work").record.kept == (old.raw,)
        await bob.lifecycle.tidy()
        assert await read(bob, f"work@{old}:b") == b"1"
        owner.put("c", b"3")
        assert not (await bob.vaults.pull("work")).merged
        assert await everything(bob, "work") == {"a": b"2", "c": b"3"}
        assert frames_of(w, "bob", "work").record.kept == (old.raw,)
        await healthy(bob)

    simulate(scenario)


def test_what_is_only_newer_is_taken_as_ever_by_who_would_accept_more() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await forked(w)
        for vault in ("work", "mine"):
            await write(alice, "work:a", vault.encode())
            view = await bob.vaults.pull(vault, accept_rewritten=True)
            assert view.new_head == (await alice.vaults.get("work")).head
            assert frames_of(w, "bob", vault).record.kept == ()
            again = await bob.vaults.pull(vault, accept_rewritten=True)
            assert (again.new_head, again.objects) == (view.new_head, 0)

    simulate(scenario)


def test_a_fork_that_accepts_a_rewritten_history_merges_what_differs_from_what_was_merged_before() -> None:
    async def scenario(w: World) -> None:
        bob, _ = await rewritten(w, {"a": b"2"})
        await write(bob, "mine:own", b"ours")
        old = (await bob.vaults.get("mine")).head
        view = await bob.vaults.pull("mine", accept_rewritten=True)
        assert (view.merged, view.conflicts) == (True, ())
        assert await everything(bob, "mine") == {"a": b"2", "own": b"ours"}
        assert (await bob.vaults.log("mine"))[0].parents[0] == old
        assert await read(bob, f"mine@{old}:b") == b"1"
        again = await bob.vaults.pull("mine")
        assert again.objects == 0
        await healthy(bob)

    simulate(scenario)


def test_an_unchanged_fork_does_not_lose_its_history_to_one_written_anew() -> None:
    async def scenario(w: World) -> None:
        bob, _ = await rewritten(w, {"a": b"2"})
        old = (await bob.vaults.get("mine")).head
        view = await bob.vaults.pull("mine", accept_rewritten=True)
        assert view.merged
        assert old in (await bob.vaults.log("mine"))[0].parents
        assert await everything(bob, "mine") == {"a": b"2"}

    simulate(scenario)


def test_two_contents_of_one_number_are_taken_if_accepted_and_an_older_number_never() -> None:
    async def scenario(w: World) -> None:
        bob, owner = await rewritten(w, {"a": b"2"}, sequence=3)
        with refused(Rewritten, "another way.*--accept-rewritten"):
            await bob.vaults.pull("work")
        assert (await bob.vaults.pull("work", accept_rewritten=True)).objects > 0
        assert await everything(bob, "work") == {"a": b"2"}
        owner.stand_at(owner.commit(None, {"a": b"3"}, "older"), 2)
        for vault in ("work", "mine"):
            with refused(Conflict):
                await bob.vaults.pull(vault, accept_rewritten=True)
        assert await everything(bob, "work") == {"a": b"2"}

    simulate(scenario)


def test_a_history_that_has_nothing_in_common_is_not_merged() -> None:
    async def scenario(w: World) -> None:
        bob, owner = await rewritten(w, {"a": b"2"})
        owner.stand_at(owner.commit(None, {"a": b"3"}, "another beginning"), 11)
        before = frames_of(w, "bob", "mine").record
        with refused(Conflict, "in common"):
            await bob.vaults.pull("mine", accept_rewritten=True)
        assert frames_of(w, "bob", "mine").record == before
        assert (
            await bob.vaults.pull("work", accept_rewritten=True)
        ).new_head is not None  # a clone has no line of its own
        await healthy(bob)

    simulate(scenario)


def test_a_rewritten_history_that_nobody_signed_is_the_peers_fault_even_if_accepted() -> None:
    async def scenario(w: World) -> None:
        bob, owner = await rewritten(w, {"a": b"2"})

        def lie(begin: TransferBegin, pieces: list[bytes], end: TransferEnd) -> Sequence[bytes | float | None]:
            forged = begin.head[:-1] + bytes((begin.head[-1] ^ 1,))
            return [encode_message(replace(begin, head=forged)), *honest(begin, pieces, end)[1:]]

        owner.lie = lie
        for vault in ("work", "mine"):
            with refused(PeerMisbehaved, "not signed"):
                await bob.vaults.pull(vault, accept_rewritten=True)

    simulate(scenario)


def test_forgetting_upstream_shows_as_rewritten_and_takes_the_secret_from_a_fork_that_accepts() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await forked(w, a=b"1", leaked=b"oops")
        await write(bob, "mine:own", b"ours")
        await alice.vaults.forget("work", at("leaked"))
        for vault in ("work", "mine"):
            with refused(Rewritten, "--accept-rewritten"):
                await bob.vaults.pull(vault)
        await bob.vaults.pull("mine", accept_rewritten=True)
        assert await everything(bob, "mine") == {"a": b"1", "own": b"ours"}
        await bob.vaults.pull("work", accept_rewritten=True)
        assert await everything(bob, "work") == {"a": b"1"}
        await healthy(bob)

    simulate(scenario)


def test_a_vault_of_our_own_that_is_no_fork_has_nothing_to_pull() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        create_vault(w._stores["alice"], "plain", EPOCH)
        with refused(Misuse, "no origin"):
            await alice.vaults.pull("plain", accept_rewritten=True)

    simulate(scenario)
