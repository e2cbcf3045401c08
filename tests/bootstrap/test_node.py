"""Building a real node: made whole or not at all, opened by its password, closed again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pk_tui.bootstrap.node import create_node, opened, root_from_password, throw_away_password
from pk_tui.crypto.words import from_words
from pk_tui.errors import AlreadyExists, Busy, Misuse, NotFound, WrongPassword
from pk_tui.home import Home
from pk_tui.plaintext import Plaintext
from pk_tui.store.database import Database
from pk_tui.store.node import NodeStore
from pk_tui.store.witness import FileWitness
from pk_tui.terms import NodeId
from pk_tui.trust.genesis import UnverifiedClaim


@contextmanager
def no_other_handlers() -> Iterator[None]:
    """Without the handlers of the test run, which would hide that there is none of ours."""
    root = logging.getLogger()
    kept, root.handlers = root.handlers, []
    try:
        yield
    finally:
        root.handlers = kept


async def id_of(home: Home, password: Plaintext) -> NodeId:
    async with opened(home, None, stays=False) as agent:
        await agent.unlock(await root_from_password(agent, password))
        return (await agent.lifecycle.status()).node_id


def test_a_new_node_opens_with_its_password_and_has_24_words(made, home) -> None:
    assert sorted(path.name for path in home.path.iterdir()) == ["lock", "node.db", "witness"]
    assert asyncio.run(id_of(home, made.password)) == made.node_id
    assert len(from_words(made.words.reveal().decode())) == 32


def test_the_root_key_opens_it_without_the_password(made, home) -> None:
    async def scenario() -> None:
        async with opened(home, None, stays=False) as agent:
            await agent.unlock(made.root)
            assert agent.node_id == made.node_id

    asyncio.run(scenario())
    assert "hidden" in repr(made.root)


def test_a_wrong_password_is_raised_as_itself_and_nothing_stays_locked(made, home) -> None:
    with pytest.raises(WrongPassword):
        asyncio.run(id_of(home, made.wrong))
    with home.lock():
        pass


def test_an_open_node_prints_no_warnings_and_leaves_the_log_as_it_was(home, capfd) -> None:
    before = list(logging.getLogger("pk_tui").handlers)

    async def scenario() -> None:
        async with opened(home, None, stays=False):
            with no_other_handlers():
                logging.getLogger("pk_tui.x").warning("a word")

    asyncio.run(scenario())
    assert capfd.readouterr().err == ""
    assert logging.getLogger("pk_tui").handlers == before


def test_a_node_that_is_open_is_not_opened_twice(made, home) -> None:
    async def scenario() -> None:
        async with opened(home, None, stays=False):
            with pytest.raises(Busy):
                await id_of(home, made.password)

    asyncio.run(scenario())


def test_a_second_node_is_not_made_over_the_first(made, home) -> None:
    before = home.database.read_bytes()
    with pytest.raises(AlreadyExists):
        asyncio.run(create_node(home, made.password))
    assert home.database.read_bytes() == before


def test_an_empty_password_makes_no_node(tmp_path: Path) -> None:
    home = Home(tmp_path / "node")
    with pytest.raises(Misuse):
        asyncio.run(create_node(home, Plaintext.of_text(" ")))
    assert not home.path.exists()


def test_a_bootstrap_that_was_broken_off_can_be_done_again(made, tmp_path: Path) -> None:
    home = Home(tmp_path / "node")
    home.create()
    home.unfinished_database.write_bytes(b"half")
    home.witness.write_bytes(b"half")
    node_id, _ = asyncio.run(create_node(home, made.password))
    assert asyncio.run(id_of(home, made.password)) == node_id


def test_opening_where_there_is_no_node_says_so(made, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="bootstrap"):
        asyncio.run(id_of(Home(tmp_path / "nothing"), made.password))


def test_throw_away_passwords_differ() -> None:
    assert throw_away_password() != throw_away_password()


def test_a_successor_has_a_new_key_and_the_recovery_key_of_the_words(made, tmp_path: Path) -> None:
    later = Home(tmp_path / "later")
    second, same_words = asyncio.run(create_node(later, made.password, made.words))
    assert second != made.node_id
    assert same_words == made.words
    claims = []
    for place in (made.home, later):
        database = Database.open(place.database)
        claims.append(UnverifiedClaim(NodeStore.open(database, FileWitness(place.witness)).genesis).verify())
        database.close()
    assert [claim.node for claim in claims] == [made.node_id, second]
    assert claims[0].recovery == claims[1].recovery


def test_mistyped_words_make_no_successor(made, tmp_path: Path) -> None:
    home = Home(tmp_path / "node")
    with pytest.raises(Misuse):
        asyncio.run(create_node(home, made.password, Plaintext.of_text("abandon " * 24)))
    assert not home.path.exists()
