from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from agent.actors import at, content, everything, new_store, read, refused, shared, tried, write
from simulator import EPOCH, World, simulate

from pk_tui.agent.agent import Agent
from pk_tui.agent.commits import create_vault
from pk_tui.agent.versions import find_commit, find_version, newest, version_of
from pk_tui.errors import Corrupt, Misuse, NotFound, PkError
from pk_tui.store.vault import VaultFrames
from pk_tui.terms import CommitId
from pk_tui.vault import history, tree
from pk_tui.vault.objects import Kind, git_name


def three_versions(scenario: Callable[[World, Agent, list[str]], Any]) -> None:
    """Alice's vault “work”: without secrets, with a=1 and d/b=1, with a=2 and d/b=1. Names of the commits, oldest first."""

    async def whole(w: World) -> None:
        alice = await w.add("alice")
        await alice.vaults.create("work")
        await write(alice, "work:a", b"1")
        await write(alice, "work:d/b", b"1")
        await write(alice, "work:a", b"2")
        await alice.secrets.remove([("work", at("d/b"))])
        commits = [str(row.commit) for row in await alice.vaults.log("work")][::-1]
        await scenario(w, alice, commits)

    simulate(whole)


def test_a_version_is_read_as_it_was_whatever_came_after() -> None:
    async def scenario(w: World, alice: Agent, commits: list[str]) -> None:
        expected: list[dict[str, bytes]] = [
            {},
            {"a": b"1"},
            {"a": b"1", "d/b": b"1"},
            {"a": b"2", "d/b": b"1"},
            {"a": b"2"},
        ]
        vault_id = (await alice.vaults.get("work")).vault_id
        for name, (commit, held) in (
            (n, row) for n in ("work", vault_id) for row in zip(commits, expected, strict=True)
        ):
            assert await everything(alice, f"{name}@{commit}") == held
            view = await alice.vaults.get(f"{name}@{commit}")
            assert (view.secrets, str(view.head), view.read_only, view.name) == (len(held), commit, True, "work")
        assert (await alice.vaults.get("work")).read_only is False
        with refused(NotFound, f"no secret “d/b” in the version {commits[1][:8]} of the vault “work”"):
            await read(alice, f"work@{commits[1]}:d/b")

    three_versions(scenario)


def test_stat_and_log_of_a_version_know_nothing_of_later_ones() -> None:
    async def scenario(w: World, alice: Agent, commits: list[str]) -> None:
        stat = await alice.secrets.stat(f"work@{commits[2]}", at("a"))
        assert (str(stat.commit), stat.size) == (commits[1], 1)
        assert [str(row.commit) for row in await alice.vaults.log(f"work@{commits[2]}")] == commits[2::-1]
        assert [str(row.commit) for row in await alice.vaults.log(f"work@{commits[2]}", at("a"))] == [commits[1]]
        assert [row.path for row in await alice.secrets.list(f"work@{commits[3]}", at("d"))] == ["d/b"]

    three_versions(scenario)


def test_the_beginning_of_a_commit_is_enough_in_any_case_of_letters() -> None:
    async def scenario(w: World, alice: Agent, commits: list[str]) -> None:
        for size in (8, 20, 39, 40):
            assert await everything(alice, f"work@{commits[1][:size]}") == {"a": b"1"}
            assert await everything(alice, f"work@{commits[1][:size].upper()}") == {"a": b"1"}

    three_versions(scenario)


@pytest.mark.parametrize("text", ["", "abc", "wxyz", "g" * 40, "a" * 41, "abcd efab", "HEAD", "ab@cd", "٠١٢٣"])
def test_what_cannot_name_a_version_is_refused(text: str) -> None:
    async def scenario(w: World, alice: Agent, commits: list[str]) -> None:
        with refused(Misuse, "does not name a version"):
            await alice.secrets.list(f"work@{text}")

    three_versions(scenario)


def test_only_commits_of_this_vault_are_versions_of_it() -> None:
    async def scenario(w: World, alice: Agent, commits: list[str]) -> None:
        await alice.vaults.create("home")
        await write(alice, "home:x", b"1")
        other = str((await alice.vaults.log("home"))[0].commit)
        blob = git_name(Kind.BLOB, b"1").hex()
        empty = git_name(Kind.TREE, b"").hex()
        for name in (other, blob, empty, blob[:8], empty[:8], "0" * 40, "0123"):
            with refused(NotFound, "no version"):
                await alice.secrets.list(f"work@{name}")
        with refused(NotFound, "no vault"):
            await alice.secrets.list(f"nothing@{commits[0]}")

    three_versions(scenario)


def test_a_beginning_that_several_commits_share_is_refused_with_all_of_them() -> None:
    store, signing = new_store()
    frames = create_vault(store, "work", EPOCH)
    batch = frames.batch()
    root, by_beginning = tree.empty_tree(batch), dict[str, list[str]]()
    number = 0
    while not (alike := [names for names in by_beginning.values() if len(names) > 1]):
        number += 1
        made = str(history.build_commit(batch, root, None, signing.node_id, f"{number}", EPOCH)[0])
        by_beginning.setdefault(made[:4], []).append(made)
    frames.commit(batch, frames.record)
    with refused(Misuse, "fits several versions") as _:
        find_commit(frames, alike[0][0][:4])
    with pytest.raises(Misuse) as told:
        find_version(store, f"work@{alike[0][0][:4]}")
    assert all(name[:12] in told.value.message for name in alike[0])
    assert find_commit(frames, alike[0][0][:30]) == CommitId.parse(alike[0][0])


def test_whatever_writes_refuses_a_version_and_leaves_everything_as_it_is() -> None:
    async def scenario(w: World, alice: Agent, commits: list[str]) -> None:
        await w.add("bob")
        await w.introduce("alice", "bob")
        await alice.vaults.create("home")
        await write(alice, "home:x", b"1")
        old = f"work@{commits[2][:8]}"
        secrets, vaults = alice.secrets, alice.vaults
        tries: list[Any] = [
            secrets.write(old, at("a"), content(b"3")),
            secrets.write(old, at("new"), content(b"3"), True),
            secrets.make_directories([(old, at("e"))]),
            secrets.remove([(old, at("a"))]),
            secrets.remove([("home", at("x")), (old, at("a"))]),
            secrets.move((old, at("a")), (old, at("c"))),
            secrets.move((old, at("a")), ("home", at("c"))),
            secrets.move(("home", at("x")), (old, at("c"))),
            secrets.copy(("home", at("x")), (old, at("c"))),
            vaults.rename(old, "other"),
            vaults.delete(old),
            vaults.share(old, "bob"),
            vaults.unshare(old, "bob"),
            vaults.restore(old, commits[1]),
            vaults.revert(old, commits[3]),
        ]
        before = await everything(alice, "work"), await alice.vaults.log("work"), await alice.vaults.log("home")
        for one in tries:
            error = await tried(one)
            assert type(error) is Misuse, error
            assert "is a version of a vault: it is read-only" in error.message
        assert (
            await everything(alice, "work"),
            await alice.vaults.log("work"),
            await alice.vaults.log("home"),
        ) == before

    three_versions(scenario)


def test_what_a_version_holds_can_be_copied_out_of_it() -> None:
    async def scenario(w: World, alice: Agent, commits: list[str]) -> None:
        await alice.vaults.create("home")
        old = f"work@{commits[2]}"
        await alice.secrets.copy((old, at("a")), ("work", at("old/a")))
        await alice.secrets.copy((old, at("d")), ("home", at("d")), True)
        await alice.secrets.copy((old, at("d")), ("work", at("d/again")), True)
        assert await everything(alice, "work") == {"a": b"2", "old/a": b"1", "d/again/b": b"1"}
        assert await everything(alice, "home") == {"d/b": b"1"}

    three_versions(scenario)


def test_versions_of_a_clone_are_read_as_well() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        first = (await alice.vaults.log("work"))[0].commit
        await write(alice, "work:s0", b"changed")
        await bob.vaults.clone("work", "alice")
        assert await everything(bob, f"work@{first}") == await everything(alice, f"work@{first}")
        assert await read(bob, "work:s0") == b"changed"

    simulate(scenario)


class _Without:
    """A vault whose index has lost one object."""

    def __init__(self, frames: VaultFrames, lost: bytes) -> None:
        self._frames, self._lost, self.record = frames, lost, frames.record

    def facts(self, oid: bytes) -> Any:
        if oid == self._lost:
            raise KeyError(oid)
        return self._frames.facts(oid)

    def body(self, oid: bytes) -> bytes:
        if oid == self._lost:
            raise KeyError(oid)
        return self._frames.body(oid)


def test_a_version_that_is_damaged_is_told_in_words() -> None:
    store, _ = new_store()
    frames = create_vault(store, "work", EPOCH)
    head = CommitId(frames.record.commit)
    for lost in (head.raw, newest(frames).tree):
        with refused(Corrupt, f"The version {head.short} of “work” is damaged"):
            version_of(_Without(frames, lost), head)  # type: ignore[arg-type]


def test_a_version_of_a_damaged_vault_is_told_in_words_and_hides_no_other() -> None:
    async def scenario(w: World, alice: Agent, commits: list[str]) -> None:
        await alice.vaults.create("home")
        await write(alice, "home:x", b"1")
        row = w._stores["alice"].vaults.get((await alice.vaults.get("work")).vault_id).row
        await w.stop("alice")
        w._stores["alice"]._db.execute("DELETE FROM findex WHERE vault_id = ?", (row,))
        alice = await w.start("alice")
        for work in (
            alice.secrets.list(f"work@{commits[1]}"),
            alice.secrets.list(f"work@{commits[1][:4]}"),
            alice.vaults.get(f"work@{commits[1]}"),
            alice.vaults.diff("work", commits[0], commits[1]),
            alice.vaults.restore("work", commits[1]),
            alice.vaults.revert("work", commits[1]),
        ):
            error: PkError | None = await tried(work)
            assert type(error) is Corrupt, error
        assert await everything(alice, "home") == {"x": b"1"}

    three_versions(scenario)
