from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from agent.actors import EPOCH, refused
from simulator import Network, VirtualClock, World, simulate

from pk_tui.agent.agent import Agent
from pk_tui.agent.desk import InlineDesk
from pk_tui.agent.lifecycle import as_password
from pk_tui.crypto import passphrase, words
from pk_tui.crypto.keys import RecoveryKey, SigningKey
from pk_tui.crypto.passphrase import Cost
from pk_tui.crypto.seal import SealKey
from pk_tui.crypto.wrap import wrap_for_password, wrap_for_recovery
from pk_tui.errors import Locked, Misuse, PermissionDenied, PkError, WrongPassword
from pk_tui.plaintext import Plaintext
from pk_tui.store.database import Database
from pk_tui.store.node import NodeStore
from pk_tui.store.witness import MemoryWitness
from pk_tui.trust.genesis import make_genesis

OLD, NEW = Plaintext(b"the old password"), Plaintext(b"the new password")
SEED = b"r" * 32


@pytest.fixture(autouse=True)
def _cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a password costs is settled elsewhere; here it is only in the way."""
    monkeypatch.setattr(passphrase, "MIN_MEMORY", 8192)
    monkeypatch.setattr("pk_tui.agent.lifecycle.Cost", lambda: Cost(3, 8192))


def node_with_a_password() -> NodeStore:
    seed, root = SealKey.generate(), SealKey.generate()
    signing, recovery = SigningKey(seed), RecoveryKey(SEED)
    return NodeStore.create(
        Database.create(None),
        MemoryWitness(),
        genesis=make_genesis(signing, recovery, EPOCH),
        node_id=signing.node_id,
        seed=seed,
        password_slot=wrap_for_password(root, OLD, Cost(3, 8192)),
        root=root,
        recovery_wrapped=wrap_for_recovery(root, recovery.box_public),
        recovery_box=recovery.box_public,
        now=EPOCH,
    )


def run(scenario: Callable[[Agent], Any]) -> None:
    async def main() -> None:
        transport = Network(1).transport("alice")
        async with Agent(node_with_a_password(), InlineDesk(), Fixed(), transport) as agent:
            await scenario(agent)

    asyncio.run(main())  # in real time: a thread derives the keys


class Fixed(VirtualClock):
    def now(self) -> int:
        return EPOCH


def recovery_words(seed: bytes = SEED) -> Plaintext:
    made = words.to_words(seed)
    return made if isinstance(made, Plaintext) else Plaintext(str(made).encode())


def test_the_password_unlocks_and_another_does_not() -> None:
    async def scenario(agent: Agent) -> None:
        for wrong in (NEW, Plaintext(b"the old password "), Plaintext(b"The old password")):
            with refused(WrongPassword):
                await agent.lifecycle.unlock(wrong)
        assert (await agent.lifecycle.status()).locked
        await agent.lifecycle.unlock(OLD)
        assert not (await agent.lifecycle.status()).locked
        await agent.vaults.create("work")
        await agent.lifecycle.unlock(NEW)  # is unlocked: nothing is asked
        await agent.lifecycle.lock()
        await agent.lifecycle.lock()
        assert agent.is_locked

    run(scenario)


@pytest.mark.parametrize("raw", [b"", b"   ", b"\xff\xfe", b"x" * 100_000])
def test_what_can_be_no_password_is_refused_before_any_work(raw: bytes) -> None:
    with refused(Misuse):
        as_password(Plaintext(raw))

    async def scenario(agent: Agent) -> None:
        with refused(Misuse):
            await agent.lifecycle.unlock(Plaintext(raw))
        await agent.lifecycle.unlock(OLD)
        with refused(Misuse):
            await agent.lifecycle.change_password(OLD, Plaintext(raw))

    run(scenario)


@pytest.mark.parametrize("locked", [True, False])
def test_a_password_is_verified_without_anything_coming_of_it(locked: bool) -> None:
    async def scenario(agent: Agent) -> None:
        if not locked:
            await agent.lifecycle.unlock(OLD)
        version = agent.store.version if not locked else None
        async with agent.events() as events:
            await agent.lifecycle.verify_password(OLD)
            assert (agent.store.version if not locked else None) == version
            for wrong in (NEW, Plaintext(b"the old password ")):
                with refused(WrongPassword):
                    await agent.lifecycle.verify_password(wrong)
            with refused(Misuse):
                await agent.lifecycle.verify_password(Plaintext(b""))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(events), 0.05)
        assert agent.is_locked == locked
        await agent.lifecycle.change_password(OLD, NEW)
        await agent.lifecycle.verify_password(NEW)
        with refused(WrongPassword):
            await agent.lifecycle.verify_password(OLD)

    run(scenario)


def test_verifying_a_password_leaves_the_loop_free() -> None:
    async def scenario(agent: Agent) -> None:
        begun, may_end = threading.Event(), threading.Event()

        def slow(*given: object) -> SealKey:
            begun.set()
            assert may_end.wait(60)
            return SealKey.generate()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("pk_tui.agent.lifecycle.unwrap_with_password", slow)
            verifying = asyncio.create_task(agent.lifecycle.verify_password(OLD))
            while not begun.is_set():
                await asyncio.sleep(0)
            assert (await agent.lifecycle.status()).locked
            assert not verifying.done()
            may_end.set()
            await verifying

    run(scenario)


@pytest.mark.parametrize("locked", [True, False])
@pytest.mark.parametrize("by_words", [True, False])
def test_a_new_password_takes_the_place_of_the_old_one(locked: bool, by_words: bool) -> None:
    async def scenario(agent: Agent) -> None:
        await agent.lifecycle.unlock(OLD)
        await agent.vaults.create("work")
        if locked:
            await agent.lifecycle.lock()
        if by_words:
            await agent.lifecycle.change_password(None, NEW, recovery_words())
        else:
            await agent.lifecycle.change_password(OLD, NEW)
        assert agent.is_locked == locked
        await agent.lifecycle.lock()
        with refused(WrongPassword):
            await agent.lifecycle.unlock(OLD)
        await agent.lifecycle.unlock(NEW)
        assert [view.name for view in await agent.vaults.list()] == ["work"]
        await agent.lifecycle.change_password(None, OLD, recovery_words())
        await agent.lifecycle.lock()
        await agent.lifecycle.unlock(OLD)

    run(scenario)


def test_without_the_old_password_or_the_words_nothing_is_changed() -> None:
    async def scenario(agent: Agent) -> None:
        with refused(Misuse):
            await agent.lifecycle.change_password(None, NEW)
        with refused(WrongPassword):
            await agent.lifecycle.change_password(NEW, NEW)
        with refused(PermissionDenied, "another node"):
            await agent.lifecycle.change_password(None, NEW, recovery_words(b"s" * 32))
        for nonsense in (b"not words", b"\xff", b""):
            with pytest.raises(PkError):
                await agent.lifecycle.change_password(None, NEW, Plaintext(nonsense))
        await agent.lifecycle.unlock(OLD)

    run(scenario)


def test_a_request_to_stop_is_heard_locked_and_unlocked() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        assert not alice.stop_requested.is_set()
        await alice.lock()
        alice.lifecycle.request_stop()
        assert alice.stop_requested.is_set()

    simulate(scenario)


def test_the_status_says_who_where_and_how_many() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        await w.add("bob")
        await w.introduce("alice", "bob")
        await asyncio.sleep(5)
        status = await alice.lifecycle.status()
        assert (status.live, status.locked, status.connections) == (True, False, 1)
        assert status.node_id == w.ids["alice"]
        assert status.listening is not None
        assert status.listening.host == "alice"
        assert status.pid > 0

    simulate(scenario)


def test_a_check_opens_a_locked_node_if_it_is_given_the_password() -> None:
    async def scenario(agent: Agent) -> None:
        with refused(Locked):
            await agent.lifecycle.check()
        with refused(WrongPassword):
            await agent.lifecycle.check(password=NEW)
        assert (await agent.lifecycle.check(password=OLD)).ok
        assert not agent.is_locked

    run(scenario)


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("DELETE FROM vault_state", "missing"),
        ("UPDATE meta SET value = zeroblob(8) WHERE key = 'created'", "altered"),
        ("UPDATE ledger SET sealed = zeroblob(88)", "altered"),
        ("DELETE FROM ledger", "altered"),
        ("INSERT INTO meta (key, value) VALUES ('more', x'00')", "extra"),
    ],
)
def test_a_check_tells_why_a_node_does_not_open_and_changes_nothing(statement: str, kind: str) -> None:
    async def scenario(agent: Agent) -> None:
        await agent.lifecycle.unlock(OLD)
        await agent.vaults.create("work")
        await agent.lock()
        db = agent.store._db
        db.execute(statement)
        before = db.rows("SELECT * FROM ledger")
        view = await agent.lifecycle.check(password=OLD)
        assert not view.ok
        assert [problem.kind for problem in view.problems] == [kind]
        assert agent.is_locked
        assert db.rows("SELECT * FROM ledger") == before

    run(scenario)


def test_a_check_tells_of_a_database_that_went_back() -> None:
    async def scenario(agent: Agent) -> None:
        await agent.lifecycle.unlock(OLD)
        db = agent.store._db
        before = db.one("SELECT gen, sealed FROM ledger")
        await agent.vaults.create("work")
        await agent.lock()
        db.execute("UPDATE ledger SET gen = ?, sealed = ?", before)
        view = await agent.lifecycle.check(password=OLD)
        assert [problem.kind for problem in view.problems] == ["rolled back"]

    run(scenario)


def test_wrong_passwords_and_new_ones_are_in_the_audit_also_those_of_a_locked_node() -> None:
    async def scenario(agent: Agent) -> None:
        for _ in range(2):
            with refused(WrongPassword):
                await agent.lifecycle.unlock(NEW)
        await agent.lifecycle.unlock(OLD)
        with refused(WrongPassword):
            await agent.lifecycle.verify_password(NEW)
        await agent.lifecycle.change_password(OLD, NEW)
        await agent.lifecycle.lock()
        await agent.lifecycle.change_password(None, OLD, recovery_words())
        assert (await agent.lifecycle.status()).locked
        await agent.lifecycle.unlock(OLD)
        at = ["2023-11-14T22:13:20.000Z"]
        rows = [
            (row.topic, {**row.data, **({"at": at} if "at" in row.data else {})}) for row in await agent.audit.list()
        ]
        assert rows == [
            ("agent.login_failed", {"count": 2, "at": at}),
            ("agent.unlocked", {}),
            ("agent.login_failed", {"count": 1, "at": at}),
            ("password.changed", {"by": "password"}),
            ("agent.locked", {}),
            ("password.changed", {"by": "recovery words"}),
            ("agent.unlocked", {}),
        ]

    run(scenario)
