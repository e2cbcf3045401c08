"""Building a real node: made whole or not at all, opened by its password, closed again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pk_tui.api.facade import AgentApi
from pk_tui.bootstrap import create_node, run_agent, throw_away_password, with_agent
from pk_tui.crypto.words import from_words
from pk_tui.errors import AlreadyExists, Busy, Locked, Misuse, NotFound, WrongPassword
from pk_tui.home import Home
from pk_tui.plaintext import Plaintext
from pk_tui.store.database import Database
from pk_tui.store.node import NodeStore
from pk_tui.store.witness import FileWitness
from pk_tui.terms import Address, NodeId
from pk_tui.trust.claim import UnverifiedClaim

PASSWORD = Plaintext.of_text("a password of the tests")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, NodeId, Plaintext]:
    home = Home(tmp_path_factory.mktemp("made") / "node")
    node_id, words = asyncio.run(create_node(home, PASSWORD))
    return home, node_id, words


async def _ids(home: Home, password: Plaintext | None) -> NodeId:
    found: list[NodeId] = []

    async def use(api: AgentApi) -> int:
        found.append((await api.lifecycle.status()).node_id)
        return 0

    assert await with_agent(home, password, use) == 0
    return found[0]


def test_a_new_node_opens_with_its_password_and_has_24_words(made: tuple[Home, NodeId, Plaintext]) -> None:
    home, node_id, words = made
    assert asyncio.run(_ids(home, PASSWORD)) == node_id
    assert len(from_words(words.reveal().decode())) == 32
    assert sorted(path.name for path in home.path.iterdir()) == ["lock", "node.db", "witness"]


def test_a_wrong_password_is_raised_as_itself(made: tuple[Home, NodeId, Plaintext]) -> None:
    with pytest.raises(WrongPassword):
        asyncio.run(_ids(made[0], Plaintext.of_text("another password")))


def test_without_a_password_the_node_stays_locked(made: tuple[Home, NodeId, Plaintext]) -> None:
    async def use(api: AgentApi) -> int:
        with pytest.raises(Locked):
            await api.vaults.list()
        return 7

    assert asyncio.run(with_agent(made[0], None, use)) == 7


def test_an_error_of_the_command_comes_through_as_itself(made: tuple[Home, NodeId, Plaintext]) -> None:
    async def use(api: AgentApi) -> int:
        raise NotFound("There is no such thing.")

    with pytest.raises(NotFound):
        asyncio.run(with_agent(made[0], PASSWORD, use))


def test_a_second_node_is_not_made_over_the_first(made: tuple[Home, NodeId, Plaintext]) -> None:
    before = made[0].database.read_bytes()
    with pytest.raises(AlreadyExists):
        asyncio.run(create_node(made[0], PASSWORD))
    assert made[0].database.read_bytes() == before


def test_an_empty_password_makes_no_node(tmp_path: Path) -> None:
    home = Home(tmp_path / "node")
    with pytest.raises(Misuse):
        asyncio.run(create_node(home, Plaintext.of_text(" ")))
    assert not home.path.exists()


def test_a_bootstrap_that_was_broken_off_can_be_done_again(tmp_path: Path) -> None:
    home = Home(tmp_path / "node")
    home.create()
    home.unfinished_database.write_bytes(b"half")
    home.witness.write_bytes(b"half")
    node_id, _ = asyncio.run(create_node(home, PASSWORD))
    assert asyncio.run(_ids(home, PASSWORD)) == node_id


def test_opening_where_there_is_no_node_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="bootstrap"):
        asyncio.run(_ids(Home(tmp_path / "nothing"), PASSWORD))


def test_a_running_agent_holds_the_node_listens_and_stops_when_asked(made: tuple[Home, NodeId, Plaintext]) -> None:
    home = made[0]

    async def scenario() -> None:
        ready: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(
                run_agent(home, PASSWORD, Address("127.0.0.1", 0), False, lambda status: ready.set_result(status))
            )
            status = await ready
            assert not status.locked  # type: ignore[attr-defined] # a StatusView
            assert status.listening.port > 0  # type: ignore[attr-defined]
            with pytest.raises(Busy):
                await _ids(home, PASSWORD)
            task.cancel()

    asyncio.run(scenario())
    asyncio.run(_ids(home, PASSWORD))


def test_throw_away_passwords_differ() -> None:
    assert throw_away_password() != throw_away_password()


def test_a_successor_has_a_new_key_and_the_recovery_key_of_the_words(
    made: tuple[Home, NodeId, Plaintext], tmp_path: Path
) -> None:
    home, first, words = made
    later = Home(tmp_path / "later")
    second, same_words = asyncio.run(create_node(later, PASSWORD, words))
    assert second != first
    assert same_words == words
    claims = []
    for place in (home, later):
        database = Database.open(place.database)
        claims.append(UnverifiedClaim(NodeStore.open(database, FileWitness(place.witness)).genesis).verify())
        database.close()
    assert [claim.node for claim in claims] == [first, second]
    assert claims[0].recovery == claims[1].recovery


def test_mistyped_words_make_no_successor(tmp_path: Path) -> None:
    home = Home(tmp_path / "node")
    with pytest.raises(Misuse):
        asyncio.run(create_node(home, PASSWORD, Plaintext.of_text("abandon " * 24)))
    assert not home.path.exists()
