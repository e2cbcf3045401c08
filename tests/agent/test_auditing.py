"""What was done is in the audit with who and when, what peers repeat does not fill it, and no value is in it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from agent.actors import alone, fill, pair, refused, shared, tried, write
from simulator import World, eventually, simulate

from pk_tui.agent.agent import Agent
from pk_tui.api.audit import AuditView
from pk_tui.clock import DAY, rfc3339
from pk_tui.errors import Locked, PermissionDenied, StorageFailed, WrongPassword
from pk_tui.plaintext import Plaintext
from pk_tui.store.audit import AuditTable
from pk_tui.terms import Action, VaultId


async def told(agent: Agent, *topics: str) -> list[tuple[str, dict[str, object]]]:
    """Topics and details; all but those of locks and links, or only these topics."""
    rows = await agent.audit.list()
    assert [row.id for row in rows] == list(range(1, len(rows) + 1))
    return [
        (row.topic, row.data)
        for row in rows
        if (row.topic in topics if topics else not row.topic.startswith(("agent.", "node.")))
    ]


def details(rows: list[tuple[str, dict[str, object]]]) -> list[dict[str, object]]:
    return [data for _, data in rows]


def test_trust_shares_and_rights_are_noted_as_they_change_and_not_when_they_stay() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        before = len(await told(alice))
        work = str((await alice.vaults.create("work")).vault_id)
        await alice.gestalts.untrust("bob")
        for _ in range(2):
            await alice.gestalts.trust("bob")
            await alice.gestalts.allow("bob", Action.SCAN)
        await alice.vaults.share("work", "bob")
        end = w.clocks["alice"].now() + DAY
        await alice.vaults.share("work", "bob", end)
        for _ in range(2):
            await alice.vaults.unshare("work", "bob")
        node = str(bob.node_id)
        rows = (await told(alice))[before:]
        assert [topic for topic, _ in rows] == [
            "trust.changed",
            "trust.changed",
            "permission.changed",
            "vault.shared",
            "vault.shared",
            "vault.unshared",
        ]
        assert details(rows)[0] == {"node_id": node, "allowed": [], "disallowed": ["notify"]}
        assert details(rows)[2] == {"node_id": node, "allowed": ["scan"], "disallowed": []}
        shared_ = {"node_id": node, "vault_id": work, "vault_name": "work"}
        assert details(rows)[3:] == [shared_ | {"until": None}, shared_ | {"until": rfc3339(end)}, shared_]

    simulate(scenario)


def test_scans_clones_pulls_and_refusals_are_noted_where_they_were_served() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 2)
        await bob.vaults.scan("alice")
        await bob.vaults.clone("work", "alice")
        await fill(alice, "work", 1, 9, seed=5)
        await bob.vaults.pull("work")
        await bob.vaults.pull("work")  # nothing new is nothing to tell
        await alice.vaults.unshare("work", "bob")
        assert isinstance(await tried(bob.vaults.pull("work")), PermissionDenied)
        mine = str(bob.node_id)

        async def noted() -> bool:
            return bool(await told(alice, "vault.refused"))

        await eventually(noted)
        assert details(await told(alice, "vault.scanned"))[0] == {"node_id": mine, "vaults": 1}
        cloned, pulled = details(await told(alice, "vault.cloned")), details(await told(alice, "vault.pulled"))
        assert [(row["node_id"], row["vault_name"]) for row in (*cloned, *pulled)] == [(mine, "work")] * 2
        assert cloned[0]["commit"] != pulled[0]["commit"]
        refusal = details(await told(alice, "vault.refused"))[0]
        assert (refusal["node_id"], refusal["action"]) == (mine, "pull")

    simulate(scenario)


def test_a_refusal_of_an_invented_vault_is_noted_like_that_of_a_real_one() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        real = (await alice.vaults.create("mine")).vault_id
        for vault_id in (real, VaultId(b"x" * 16)):
            with refused(PermissionDenied):
                await bob.vaults.clone(str(vault_id), "alice")
        rows = details(await told(alice, "vault.refused"))
        assert {frozenset(row) for row in rows} <= {
            frozenset({"node_id", "action", "vault_id"}),
            frozenset({"node_id", "action"}),
        }

    simulate(scenario)


def test_whoever_asks_again_and_again_fills_no_audit() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        for _ in range(30):
            await bob.vaults.scan("alice")
        assert 1 <= len(await told(alice, "vault.scanned")) <= 3
        await asyncio.sleep(3601)
        await bob.vaults.scan("alice")
        assert any(int(str(row.get("times", 0))) >= 25 for row in details(await told(alice, "vault.scanned")))

    simulate(scenario)


def test_locks_are_noted_and_wrong_passwords_at_the_next_unlock() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        auditing = alice.auditing
        await alice.lock()
        for _ in range(60):
            auditing.remember("agent.login_failed")
        await w.stop("alice")
        alice = await w.start("alice")
        assert [topic for topic, _ in await told(alice, "agent.unlocked", "agent.locked")][-2:] == [
            "agent.locked",
            "agent.unlocked",
        ]
        assert (
            await told(alice, "agent.login_failed") == []
        )  # it died with its process, which had no key to write it down

        for _ in range(60):
            alice.auditing.remember("agent.login_failed")
        await alice.desk.do(lambda: alice.auditing.note_remembered(alice.store))
        await alice.desk.do(lambda: alice.auditing.note_remembered(alice.store))
        (failed,) = details(await told(alice, "agent.login_failed"))
        assert failed["count"] == 60
        assert len(list(failed["at"])) == 50  # type: ignore[call-overload]

    simulate(scenario)


def test_a_wrong_password_at_an_open_node_is_noted_at_once() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")

        async def wrong(_: Plaintext) -> Any:
            await alice.lifecycle._note_failed_login()
            raise WrongPassword("no")

        assert isinstance(await tried(wrong(Plaintext(b"x"))), WrongPassword)
        assert [row["count"] for row in details(await told(alice, "agent.login_failed"))] == [1]

    simulate(scenario)


def test_following_tells_each_new_entry_once_and_in_order() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        seen: list[AuditView] = []
        begin = (await alice.audit.list())[-1].id

        async def follow(after: int | None) -> None:
            async with alice.audit.follow(after) as entries:
                async for entry in entries:
                    seen.append(entry)

        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(follow(begin - 1))
            for number in range(100):
                await alice.desk.do(lambda at=number: alice.auditing.note(alice.store, "vault.shared", at=at))  # type: ignore[misc]
                if number % 7 == 0:
                    await asyncio.sleep(0.01)

            async def all_seen() -> bool:
                return len(seen) >= 101

            await eventually(all_seen)
            following.cancel()
        assert seen == list(await alice.audit.list())[begin - 1 :]

    alone(scenario)


def test_following_ends_when_the_agent_is_locked() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")

        async def follow() -> None:
            async with alice.audit.follow() as entries:
                async for _ in entries:
                    pass

        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(tried(follow()))
            await asyncio.sleep(0.1)
            await alice.lock()
            assert isinstance(await following, Locked)
        assert not alice.auditing._followers
        assert isinstance(await tried(alice.audit.list()), Locked)

    simulate(scenario)


def test_what_is_not_done_is_not_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what cannot be noted is not done."""

    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        await alice.vaults.create("work")
        before = await told(alice)

        def full(*_: object) -> int:
            raise StorageFailed("The disk is full.")

        with monkeypatch.context() as patched:
            patched.setattr(AuditTable, "append", full)
            assert isinstance(await tried(alice.vaults.share("work", "bob")), StorageFailed)
            assert isinstance(await tried(alice.gestalts.untrust("bob")), StorageFailed)
            await alice.lock()  # that has to go on
        await w.stop("alice")
        alice = await w.start("alice")
        assert await told(alice) == before
        assert await alice.vaults.permissions("work") == []
        assert (await alice.gestalts.get("bob")).trusted

    simulate(scenario)


def test_no_value_and_no_path_is_in_the_audit() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        await write(alice, "work:a-secret-path", b"the value itself")
        await bob.vaults.clone("work", "alice")
        await bob.keys.sign(_once(b"the value itself"))
        for agent in (alice, bob):
            text = repr(await agent.audit.list())
            assert "the value" not in text
            assert "a-secret-path" not in text

    simulate(scenario)


async def _once(raw: bytes) -> Any:
    yield raw


def test_check_tells_of_an_entry_that_was_taken_out() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        for at in range(5):
            await alice.desk.do(lambda at=at: alice.auditing.note(alice.store, "vault.shared", at=at))  # type: ignore[misc]
        assert (await alice.lifecycle.check()).ok
        table = alice.store.audit
        from pk_tui.store import audit

        entries = table._page(0)
        table._shelf.put(audit._name(0), audit.encode(audit._Page((*entries[:2], *entries[3:]))))
        problems = (await alice.lifecycle.check()).problems
        assert [problem.kind for problem in problems] == ["altered"]
        assert "gap" in problems[0].message

    simulate(scenario)


def test_whoever_invents_vaults_keeps_nothing_of_others_from_being_noted() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        await w.add("mallory")
        await w.introduce("alice", "mallory")
        for number in range(70):
            with refused(PermissionDenied):
                await w.agents["mallory"].vaults.clone(str(VaultId(number.to_bytes(16, "big"))), "alice")
        await bob.vaults.clone("work", "alice")
        assert len(await told(alice, "vault.cloned")) == 1
        assert len(await told(alice, "vault.refused")) <= 2

    simulate(scenario)


def test_a_crowd_of_strangers_with_new_ids_and_new_questions_fills_no_audit_either() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        core = alice.gate.core()
        for hour in range(2):
            for number in range(500):
                asked = {"node_id": f"v{hour}-{number}", "action": "clone", "vault_id": f"z{number}"}
                await alice.auditing.note_aside(core, "vault.refused", **asked)
            assert len(await told(alice, "vault.refused")) <= 65 * (hour + 1)
            await asyncio.sleep(3601)
        await alice.auditing.note_aside(core, "vault.refused", node_id="v", action="scan")
        assert details(await told(alice, "vault.refused"))[-1] == {"node_id": "v", "action": "scan"}

    simulate(scenario)
