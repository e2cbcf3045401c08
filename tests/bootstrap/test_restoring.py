"""From a backup comes a whole node with a new key, that can go on where the old one was; or nothing."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pk_tui.agent.agent import Agent
from pk_tui.api.views import Progress, VaultView
from pk_tui.bootstrap.node import create_node, opened, root_from_password
from pk_tui.bootstrap.restoring import PREDECESSOR_SETTING, Restored, restore_node
from pk_tui.crypto import passphrase
from pk_tui.crypto.passphrase import Cost
from pk_tui.errors import (
    AlreadyExists,
    Corrupt,
    MissingInput,
    Misuse,
    PermissionDenied,
    StorageFailed,
    WrongPassword,
)
from pk_tui.home import Home
from pk_tui.plaintext import Plaintext
from pk_tui.store.node import NodeStore
from pk_tui.store.notifications import Box
from pk_tui.terms import Address, NodeId, SecretPath
from pk_tui.trust.genesis import UnverifiedClaim
from pk_tui.trust.succession import UnverifiedSuccession

P = SecretPath.parse
PASSWORD, LATER, NEW = (Plaintext.of_text(text) for text in ("the password", "a later one", "of the restored"))
PEER = NodeId(bytes(range(32)))


@dataclass(frozen=True)
class Backed:
    """An old node that goes on, and a backup of it from before."""

    home: Home
    file: Path
    node_id: NodeId
    words: Plaintext
    vault: VaultView


@pytest.fixture(scope="module", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """What a password costs is settled elsewhere; here it is only in the way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passphrase, "MIN_MEMORY", 8192)
        for module in ("node", "restoring"):
            patch.setattr(f"pk_tui.bootstrap.{module}.Cost", lambda: Cost(3, 8192))
        patch.setattr("pk_tui.agent.lifecycle.Cost", lambda: Cost(3, 8192))
        yield


async def bits(value: bytes) -> AsyncIterator[bytes]:
    yield value


async def value_of(agent: Agent, vault: str, path: str) -> bytes:
    return b"".join([part.reveal() async for part in agent.secrets.read(vault, P(path))])


async def within(home: Home, password: Plaintext, use: Callable[[Agent], Awaitable[Any]]) -> Any:
    async with opened(home, None, stays=False) as agent:
        await agent.unlock(await root_from_password(agent, password))
        return await use(agent)


@pytest.fixture(scope="module")
def backed(tmp_path_factory: pytest.TempPathFactory, _cheap_passwords: None) -> Backed:
    place = tmp_path_factory.mktemp("backed")
    home, file = Home(place / "old"), place / "backup"

    async def make() -> Backed:
        node_id, words = await create_node(home, PASSWORD)

        async def fill(agent: Agent) -> VaultView:
            await agent.vaults.create("work")
            for path, value in (("a", b"one"), ("a", b"two"), ("d/large", bytes(2_000_000))):
                await agent.secrets.write("work", P(path), bits(value))
            await agent.nodes.add(PEER, Address("192.0.2.1", 1), ping=False)
            await agent.nodes.name(str(PEER), "anna")
            await agent.gestalts.trust("anna")
            await agent.vaults.share("work", "anna")
            assert (await agent.vaults.get("work")).shared_with == 1
            await agent.lifecycle.backup(file)
            return await agent.vaults.get("work")

        vault = await within(home, PASSWORD, fill)

        async def go_on(agent: Agent) -> None:
            await agent.secrets.write("work", P("a"), bits(b"three"))
            await agent.lifecycle.change_password(PASSWORD, LATER)

        await within(home, PASSWORD, go_on)
        return Backed(home, file, node_id, words, vault)

    return asyncio.run(make())


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "node")


def restore(home: Home, backed: Backed, words: Plaintext | None = None, password: Plaintext = PASSWORD) -> Restored:
    return asyncio.run(restore_node(home, backed.file, password, words))


def look(home: Home, use: Callable[[NodeStore], Any], password: Plaintext = PASSWORD) -> Any:
    async def work(agent: Agent) -> Any:
        return await agent.desk.do(lambda: use(agent.store))

    return asyncio.run(within(home, password, work))


def files(home: Home) -> list[str]:
    return sorted(one.name for one in home.path.iterdir())


def test_everything_is_back_under_a_new_key_and_can_be_written(backed: Backed, home: Home) -> None:
    done = restore(home, backed)
    assert (done.predecessor, done.confirmed, done.vaults, done.shares) == (backed.node_id, False, 1, 1)
    assert done.node_id != backed.node_id
    assert done.damaged == ()
    assert files(home) == ["lock", "node.db", "witness"]

    async def use(agent: Agent) -> None:
        assert agent.node_id == done.node_id
        assert await value_of(agent, "work", "a") == b"two"
        assert await value_of(agent, "work", "d/large") == bytes(2_000_000)
        vault = await agent.vaults.get("work")
        assert (vault.vault_id, vault.head, vault.read_only) == (backed.vault.vault_id, backed.vault.head, False)
        assert vault.fork
        assert vault.origin is not None
        assert (vault.origin.node_id, vault.origin.vault_id) == (backed.node_id, backed.vault.vault_id)
        before = await agent.vaults.log("work")
        assert len(before) == 4
        await agent.secrets.write("work", P("a"), bits(b"other"))
        after = await agent.vaults.log("work")
        assert after[1:] == before
        assert {entry.author for entry in before} == {str(backed.node_id)}
        assert after[0].author == str(done.node_id)
        assert [node.petname for node in await agent.nodes.list()] == ["anna"]
        assert (await agent.lifecycle.check()).ok

    asyncio.run(within(home, PASSWORD, use))
    assert asyncio.run(within(backed.home, LATER, lambda agent: value_of(agent, "work", "a"))) == b"three"


def test_heads_of_the_restored_node_are_its_own_and_the_old_lineage_is_remembered(backed: Backed, home: Home) -> None:
    done = restore(home, backed)

    def use(store: NodeStore) -> None:
        record = store.vaults.list()[0].record
        assert NodeId(record.creator) == done.node_id
        assert record.sequence == 1
        assert record.upstream is not None
        assert NodeId(record.upstream.creator) == backed.node_id
        assert (record.upstream.commit, record.upstream.digest) == (record.commit, record.digest)
        assert record.upstream.nonce != record.nonce

    look(home, use)


def test_what_was_promised_under_the_old_key_is_not_repeated(backed: Backed, home: Home) -> None:
    restore(home, backed)

    def use(store: NodeStore) -> None:
        assert store.grants.issued.list() == []
        assert store.notifications.list(Box.OUTBOX) == []  # the share that was being told to anna
        assert store.contacts.get(PEER) is not None

    look(home, use)

    async def share(agent: Agent) -> None:
        assert (await agent.vaults.get("work")).shared_with == 0
        await agent.vaults.share("work", "anna")
        assert (await agent.vaults.get("work")).shared_with == 1

    asyncio.run(within(home, PASSWORD, share))


def test_with_the_words_the_recovery_key_signs_and_the_password_is_a_new_one(backed: Backed, home: Home) -> None:
    done = restore(home, backed, backed.words, NEW)
    assert done.confirmed

    def use(store: NodeStore) -> None:
        claim = UnverifiedClaim(store.genesis).verify()
        assert (claim.node, claim.recovery_box) == (done.node_id, store.recovery_box)
        assert store.settings.get(PREDECESSOR_SETTING) == backed.node_id.raw + b"\x01"

    look(home, use, NEW)
    with pytest.raises(WrongPassword):
        look(home, use, PASSWORD)

    async def old_claim(agent: Agent) -> bytes:
        return UnverifiedClaim(agent.store.genesis).verify().recovery

    old = asyncio.run(within(backed.home, LATER, old_claim))
    assert look(home, lambda store: UnverifiedClaim(store.genesis).verify().recovery, NEW) == old


def test_with_the_password_alone_it_says_no_more_than_it_can_and_the_words_still_set_a_password(
    backed: Backed, home: Home
) -> None:
    done = restore(home, backed)

    def use(store: NodeStore) -> None:
        claim = UnverifiedSuccession(store.genesis).verify()
        assert (claim.node, claim.predecessor) == (done.node_id, backed.node_id)
        assert store.settings.get(PREDECESSOR_SETTING) == backed.node_id.raw + b"\x00"

    look(home, use)

    async def change(agent: Agent) -> None:
        await agent.lifecycle.change_password(None, NEW, backed.words)

    asyncio.run(within(home, PASSWORD, change))
    look(home, use, NEW)


def test_a_restored_node_can_be_backed_up_and_restored_again(backed: Backed, home: Home, tmp_path: Path) -> None:
    first = restore(home, backed)
    file, again = tmp_path / "again", Home(tmp_path / "third")

    async def back_up(agent: Agent) -> None:
        await agent.secrets.write("work", P("a"), bits(b"of the second"))
        await agent.lifecycle.backup(file)

    asyncio.run(within(home, PASSWORD, back_up))
    second = asyncio.run(restore_node(again, file, NEW, backed.words))
    assert (second.predecessor, second.confirmed) == (first.node_id, True)

    async def use(agent: Agent) -> None:
        assert await value_of(agent, "work", "a") == b"of the second"
        vault = await agent.vaults.get("work")
        assert vault.origin is not None
        assert vault.origin.node_id == backed.node_id  # still where it came from
        await agent.secrets.write("work", P("a"), bits(b"of the third"))

    asyncio.run(within(again, NEW, use))


def test_the_backup_opens_with_the_password_of_then_and_no_other(backed: Backed, home: Home) -> None:
    for password in (LATER, NEW):
        with pytest.raises(WrongPassword):
            restore(home, backed, password=password)
    assert home.is_empty()


def test_words_of_another_node_and_mistyped_ones_open_nothing(backed: Backed, home: Home, made: Any) -> None:
    with pytest.raises(PermissionDenied):
        restore(home, backed, made.words)
    with pytest.raises(Misuse):
        restore(home, backed, Plaintext.of_text("abandon " * 24))
    assert home.is_empty()


def test_nothing_is_restored_over_anything(backed: Backed, home: Home) -> None:
    home.create()
    (home.path / "letter").write_bytes(b"mine")
    with pytest.raises(AlreadyExists):
        restore(home, backed)
    assert files(home) == ["letter", "lock"]
    with pytest.raises(AlreadyExists):
        restore(backed.home, backed)


@pytest.mark.parametrize("cut", [0.02, 0.3, 0.7, 0.999])
def test_a_damaged_backup_leaves_an_empty_directory(backed: Backed, home: Home, tmp_path: Path, cut: float) -> None:
    raw = backed.file.read_bytes()
    at = int(len(raw) * cut)
    for number, broken in enumerate((raw[:at], raw[:at] + bytes((raw[at] ^ 1,)) + raw[at + 1 :], raw + b"x")):
        file = tmp_path / f"broken {number}"
        file.write_bytes(broken)
        with pytest.raises((Corrupt, WrongPassword)):
            asyncio.run(restore_node(home, file, PASSWORD, None))
        assert home.is_empty()
    restore(home, backed)


def test_a_file_that_is_missing_or_none_is_told(home: Home, tmp_path: Path) -> None:
    for file in (tmp_path / "nothing", tmp_path):
        with pytest.raises(MissingInput):
            asyncio.run(restore_node(home, file, PASSWORD, None))
    assert not home.path.exists()


def test_a_restore_that_was_broken_off_can_be_done_again(backed: Backed, home: Home) -> None:
    home.create()
    for name in ("node.db.new", "node.db.new-journal", "witness"):
        (home.path / name).write_bytes(b"half")
    assert restore(home, backed).vaults == 1
    assert files(home) == ["lock", "node.db", "witness"]


def test_called_off_it_leaves_an_empty_directory_or_a_whole_node(backed: Backed, home: Home) -> None:
    async def scenario() -> None:
        loop, begun = asyncio.get_running_loop(), asyncio.Event()

        def tell(_: Progress) -> None:
            loop.call_soon_threadsafe(begun.set)

        async with asyncio.TaskGroup() as group:
            task = group.create_task(restore_node(home, backed.file, PASSWORD, None, tell))
            await begun.wait()
            task.cancel()

    asyncio.run(scenario())
    if not home.is_empty():
        assert files(home) == ["lock", "node.db", "witness"]
        look(home, lambda store: store.verify())


def test_without_room_it_leaves_an_empty_directory(backed: Backed, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> bytes:
        raise StorageFailed("The disk is full.")

    monkeypatch.setattr(NodeStore, "succeed", refuse)
    with pytest.raises(StorageFailed):
        restore(home, backed)
    assert home.is_empty()


def test_a_vault_that_was_damaged_when_it_was_backed_up_takes_nothing_else_with_it(
    backed: Backed, home: Home, tmp_path: Path
) -> None:
    sick = Home(tmp_path / "sick")
    shutil.copytree(restored_home(backed, tmp_path).path, sick.path)
    file = tmp_path / "sick backup"

    async def damage(agent: Agent) -> None:
        await agent.vaults.create("other")
        await agent.secrets.write("other", P("b"), bits(b"sound"))

    async def back_up(agent: Agent) -> None:
        await agent.lifecycle.backup(file)

    asyncio.run(within(sick, PASSWORD, damage))
    connection = sqlite3.connect(sick.database)
    connection.execute("UPDATE vault_state SET sealed = zeroblob(1100) WHERE vault_id = 1")
    connection.commit()
    connection.close()
    asyncio.run(within(sick, PASSWORD, back_up))
    done = asyncio.run(restore_node(home, file, PASSWORD, None))
    assert (done.vaults, len(done.damaged)) == (1, 1)
    assert asyncio.run(within(home, PASSWORD, lambda agent: value_of(agent, "other", "b"))) == b"sound"


def restored_home(backed: Backed, tmp_path: Path) -> Home:
    one = Home(tmp_path / "whole")
    restore(one, backed)
    return one


# Newer versions than the backup has


async def at_work(stack: AsyncExitStack, home: Home, password: Plaintext) -> Agent:
    agent = await stack.enter_async_context(opened(home, Address("127.0.0.1", 0), stays=True))
    await agent.unlock(await root_from_password(agent, password))
    return agent


async def introduce(one: Agent, other: Agent) -> None:
    for here, there in ((one, other), (other, one)):
        assert there.listening is not None
        await here.nodes.add(there.node_id, there.listening)
        await here.gestalts.trust(str(there.node_id))


def test_the_old_node_that_is_still_there_brings_what_it_did_since(backed: Backed, home: Home, tmp_path: Path) -> None:
    restore(home, backed)
    old_home = Home(tmp_path / "old")
    shutil.copytree(backed.home.path, old_home.path)

    async def scenario() -> None:
        async with asyncio.timeout(60), AsyncExitStack() as stack:
            old, new = await at_work(stack, old_home, LATER), await at_work(stack, home, PASSWORD)
            await new.secrets.write("work", P("mine"), bits(b"only here"))
            await introduce(old, new)
            with pytest.raises(PermissionDenied):  # it is another node: nothing is shared with it
                await new.vaults.pull("work")
            await old.vaults.share("work", str(new.node_id))
            pulled = await new.vaults.pull("work")
            assert pulled.merged
            assert pulled.conflicts == ()
            assert await value_of(new, "work", "a") == b"three"
            assert await value_of(new, "work", "mine") == b"only here"
            again = await new.vaults.pull("work")
            assert again.old_head == again.new_head

    asyncio.run(scenario())


def test_a_clone_stays_a_clone_and_goes_on_once_it_is_shared_with_the_new_node(tmp_path: Path) -> None:
    owner_home, reader_home, new_home = (Home(tmp_path / name) for name in ("owner", "reader", "new"))
    file = tmp_path / "backup"

    async def scenario() -> None:
        for home in (owner_home, reader_home):
            await create_node(home, PASSWORD)
        async with asyncio.timeout(60), AsyncExitStack() as stack:
            owner = await at_work(stack, owner_home, PASSWORD)
            async with AsyncExitStack() as before:
                reader = await at_work(before, reader_home, PASSWORD)
                await introduce(owner, reader)
                await owner.vaults.create("shared")
                await owner.secrets.write("shared", P("a"), bits(b"one"))
                await owner.vaults.share("shared", str(reader.node_id))
                await reader.vaults.clone("shared", str(owner.node_id))
                await reader.lifecycle.backup(file)
            await owner.secrets.write("shared", P("a"), bits(b"two"))
            await restore_node(new_home, file, PASSWORD, None)
            new = await at_work(stack, new_home, PASSWORD)
            vault = await new.vaults.get("shared")
            assert (vault.read_only, vault.fork) == (True, False)
            assert await value_of(new, "shared", "a") == b"one"
            await introduce(owner, new)
            with pytest.raises(PermissionDenied):
                await new.vaults.pull("shared")
            await owner.vaults.share("shared", str(new.node_id))
            await new.vaults.scan(str(owner.node_id))
            assert (await new.vaults.get("shared")).behind == 1  # it is known without pulling
            await new.vaults.pull("shared")
            assert await value_of(new, "shared", "a") == b"two"

    asyncio.run(scenario())
