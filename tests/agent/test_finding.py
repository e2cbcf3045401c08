from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any

import pytest
from agent.actors import at, refused, tried, write
from simulator import World, simulate

from pk_tui.agent.agent import Agent
from pk_tui.agent.finding import LIMIT, Finding
from pk_tui.agent.vault_names import VaultNames
from pk_tui.api.views import FoundView
from pk_tui.errors import Locked, Misuse, NotFound
from pk_tui.plaintext import Plaintext
from pk_tui.vault.item import Item, Slot, encode_item


def item(title: str, user: str = "", tags: tuple[str, ...] = (), **slots: str) -> bytes:
    given = {"username": user, **slots} if user else slots
    return encode_item(
        Item("password", title, tuple(Slot(name, Plaintext(value.encode())) for name, value in given.items()), tags)
    )


def alone(scenario: Callable[[World, Agent], Any]) -> None:
    """Alice with two vaults."""

    async def whole(w: World) -> None:
        alice = await w.add("alice")
        for vault in ("work", "home"):
            await alice.vaults.create(vault)
        await write(alice, "work:db/prod-password", b"hunter2")
        await write(
            alice, "work:db/staging", item("Staging area", "ada@example.org", ("money", "Europe"), pin="zebra-81")
        )
        await write(alice, "home:wifi", b"correct horse battery")
        await scenario(w, alice)

    simulate(whole)


def places(found: Any) -> list[str]:
    return [f"{view.vault_name}:{view.path}" for view in found]


def test_a_secret_is_found_by_letters_of_its_path_in_every_vault() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        (hit,) = await alice.secrets.find("prpass")
        assert (hit.vault_name, hit.path, hit.what, hit.title, hit.label) == (
            "work",
            at("db/prod-password"),
            "path",
            "",
            "",
        )
        assert "".join(str(hit.path)[place] for place in hit.at) == "prpass"
        assert hit.score > 0
        assert places(await alice.secrets.find("WIFI")) == ["home:wifi"]
        assert places(await alice.secrets.find("hwifi")) == ["home:wifi"], "its vault's name helps"
        assert (await alice.secrets.find("hwifi"))[0].at == (0, 1, 2, 3)
        assert await alice.secrets.find("zzz") == []

    alone(scenario)


@pytest.mark.parametrize(
    ("typed", "what", "label"),
    [
        ("staging area", "title", "Staging area"),
        ("money", "tag", "money"),
        ("EUROPE", "tag", "Europe"),
        ("ada@ex", "user", "ada@example.org"),
    ],
)
def test_an_item_is_found_by_its_title_its_tags_and_its_user_name(typed: str, what: str, label: str) -> None:
    async def scenario(w: World, alice: Agent) -> None:
        (hit,) = await alice.secrets.find(typed)
        assert (hit.path, hit.what, hit.label, hit.title, hit.at) == (at("db/staging"), what, label, "Staging area", ())

    alone(scenario)


def test_a_hit_by_the_path_shows_the_items_title_and_each_secret_is_there_once() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        (hit,) = await alice.secrets.find("dbstag")
        assert (hit.what, hit.title, hit.label) == ("path", "Staging area", "")
        assert places(await alice.secrets.find("stag")) == ["work:db/staging"]

    alone(scenario)


def test_values_are_searched_only_on_demand() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        for term in ("hunter2", "zebra-81", "battery"):
            assert await alice.secrets.find(term) == []
        (hit,) = await alice.secrets.find("HUNTER2", values=True)
        assert (hit.path, hit.what, hit.label, hit.title, hit.at) == (at("db/prod-password"), "value", "", "", ())
        assert places(await alice.secrets.find("zebra", values=True)) == ["work:db/staging"]
        assert await alice.secrets.find("pk-item", values=True) == [], "how an item is written is not what it says"
        assert await alice.secrets.find("hntr", values=True) == [], "values are searched exactly"
        assert places(await alice.secrets.find("battery", values=True, vault="home")) == ["home:wifi"]
        assert await alice.secrets.find("battery", values=True, vault="work") == []
        assert await alice.secrets.find("", values=True) == []

    alone(scenario)


def test_nothing_of_a_value_is_kept() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await alice.secrets.find("hunter2", values=True)
        await alice.secrets.find("db")
        finding = alice._gate.core().finding
        kept = b"".join(
            lines.joined
            for names in finding._vaults.values()
            for part in names.parts
            for lines in (part.names.texts, *((part.labels.names.texts, part.labels.titles) if part.labels else ()))
        )
        assert b"ada@example.org" in kept
        assert b"hunter2" not in kept
        assert b"zebra" not in kept

    alone(scenario)


def test_a_value_is_found_across_pieces_of_a_large_secret_and_in_other_scripts() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        for cut in (256 * 1024 - 3, 2 * 256 * 1024):
            await write(alice, "work:large", b"x" * (cut - 4) + b"Needle-Word" + b"y" * 1_500_000)
            assert places(await alice.secrets.find("needle-word", values=True)) == ["work:large"]
        await write(alice, "work:greek", "ΓΛΏΣΣΑ".encode())
        assert places(await alice.secrets.find("γλώσσα", values=True)) == ["work:greek"]

    alone(scenario)


def test_changes_are_found_and_what_was_removed_is_not() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        assert places(await alice.secrets.find("wifi")) == ["home:wifi"]
        await write(alice, "home:wifi-guests", b"x")
        assert places(await alice.secrets.find("wifi")) == ["home:wifi", "home:wifi-guests"]
        await alice.secrets.remove([("home", at("wifi"))])
        assert places(await alice.secrets.find("wifi")) == ["home:wifi-guests"]
        await write(alice, "work:db/staging", item("Other", "bob", ("fresh",)))
        assert await alice.secrets.find("money") == []
        assert [(hit.what, hit.title) for hit in await alice.secrets.find("fresh")] == [("tag", "Other")]
        assert [hit.title for hit in await alice.secrets.find("db/staging")] == ["Other"]
        await write(alice, "work:db/staging", b"plain now")
        assert await alice.secrets.find("fresh") == []
        await alice.secrets.move(("work", at("db")), ("work", at("old")))
        assert places(await alice.secrets.find("prpass")) == ["work:old/prod-password"]
        await alice.vaults.rename("home", "house")
        assert places(await alice.secrets.find("wifi")) == ["house:wifi-guests"]
        await alice.vaults.delete("house")
        assert await alice.secrets.find("wifi") == []

    alone(scenario)


def test_directories_are_found_if_asked_for() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await alice.secrets.make_directories([("work", at("empty/inner"))], parents=True)
        assert await alice.secrets.find("inner") == []
        (hit,) = await alice.secrets.find("inner", directories=True)
        assert (hit.path, hit.is_directory, hit.what) == (at("empty/inner"), True, "path")
        assert places(await alice.secrets.find("db", directories=True))[0] == "work:db"
        await alice.secrets.remove([("work", at("empty"))], recursive=True)
        assert await alice.secrets.find("inner", directories=True) == []

    alone(scenario)


def test_one_vault_alone_can_be_searched() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await write(alice, "home:db/prod-password", b"x")
        assert len(await alice.secrets.find("prpass")) == 2
        assert places(await alice.secrets.find("prpass", vault="home")) == ["home:db/prod-password"]
        with refused(NotFound):
            await alice.secrets.find("x", vault="nowhere")

    alone(scenario)


def test_limits_are_kept_and_wrong_ones_refused() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        for number in range(20):
            await write(alice, f"work:many/m{number}", b"same value")
        assert len(await alice.secrets.find("many", limit=7)) == 7
        assert len(await alice.secrets.find("same value", values=True, limit=7)) == 7
        assert len(await alice.secrets.find("many", limit=LIMIT * 10)) == 20
        with refused(Misuse, "at least 1"):
            await alice.secrets.find("many", limit=0)
        with refused(Misuse, "at most"):
            await alice.secrets.find("x" * 5000)

    alone(scenario)


def test_a_damaged_vault_hides_no_other() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        core = alice._gate.core()
        row = next(frames.row for frames in core.store.vaults.list() if frames.record.name == "work")
        await w.stop("alice")
        alice_db = alice._store._db
        with alice_db.transaction():
            alice_db.execute("UPDATE frame SET sealed = zeroblob(1100) WHERE vault_id = ?", (row,))
        alice = await w.start("alice")
        assert places(await alice.secrets.find("wi", directories=True)) == ["home:wifi"]
        assert places(await alice.secrets.find("battery", values=True)) == ["home:wifi"]

    alone(scenario)


def test_what_is_not_an_item_though_it_says_so_is_found_by_its_path_alone() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await write(alice, "home:broken", b'{"pk-item":1,"title":"nonsense"')
        assert await alice.secrets.find("nonsense") == []
        assert places(await alice.secrets.find("nonsense", values=True)) == ["home:broken"]
        assert places(await alice.secrets.find("broken")) == ["home:broken"]

    alone(scenario)


def test_locking_forgets_the_names() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await alice.secrets.find("wifi")
        core = alice._gate.core()
        assert len(core.finding) == 4
        await w.stop("alice")
        with refused(Locked):
            await alice.secrets.find("wifi")
        alice = await w.start("alice")
        assert alice._gate.core().finding is not core.finding
        assert len(alice._gate.core().finding) == 0
        assert places(await alice.secrets.find("wifi")) == ["home:wifi"]

    alone(scenario)


def test_a_search_that_waits_while_the_node_is_locked_ends() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        waiting = asyncio.ensure_future(tried(alice.secrets.find("wifi")))
        await asyncio.sleep(0)
        await w.stop("alice")
        error = await waiting
        assert error is None or error.kind == Locked.kind

    alone(scenario)


def test_who_is_in_a_hurry_does_not_wait_for_items(monkeypatch: pytest.MonkeyPatch) -> None:
    read_items = VaultNames.read_items
    go_on = False

    def held_up(self: VaultNames, frames: Any) -> Generator[None, None, None]:
        while not go_on:
            yield
        yield from read_items(self, frames)

    monkeypatch.setattr(VaultNames, "read_items", held_up)

    async def scenario(w: World, alice: Agent) -> None:
        nonlocal go_on
        assert places(await alice.secrets.find("stag", hurry=True)) == ["work:db/staging"]
        assert await alice.secrets.find("money", hurry=True) == []
        everything = asyncio.ensure_future(alice.secrets.find(""))
        for _ in range(50):
            await asyncio.sleep(0)
        assert not everything.done()
        go_on = True
        assert await everything == []
        assert places(await alice.secrets.find("money", hurry=True)) == ["work:db/staging"]

    alone(scenario)


def test_reading_goes_on_when_a_search_is_called_off() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(alice.secrets.find("wifi"), 0)
        finding: Finding = alice._gate.core().finding
        searching = asyncio.ensure_future(alice.secrets.find("wifi"))
        await asyncio.sleep(0)
        searching.cancel()
        await asyncio.sleep(1)
        assert len(finding) == 4

    alone(scenario)


def test_reading_that_fails_is_told_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: VaultNames, frames: Any) -> Generator[None, None, None]:
        raise Misuse("not now")
        yield

    async def scenario(w: World, alice: Agent) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(VaultNames, "follow", fails)
            with refused(Misuse, "not now"):
                await alice.secrets.find("wifi")
        assert places(await alice.secrets.find("wifi")) == ["home:wifi"]

    alone(scenario)


def test_many_searches_at_once_are_all_answered() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        found = await asyncio.gather(*(alice.secrets.find(term) for term in ("wifi", "prpass", "money", "none-such")))
        assert [places(hits) for hits in found] == [
            ["home:wifi"], ["work:db/prod-password"], ["work:db/staging"], []
        ]  # fmt: skip

    alone(scenario)


def test_hits_come_best_first_and_by_path_before_others() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await write(alice, "home:money", b"x")
        found = await alice.secrets.find("money")
        assert [(hit.what, str(hit.path)) for hit in found] == [("path", "money"), ("tag", "db/staging")]
        scores = [hit.score for hit in await alice.secrets.find("a")]
        assert scores == sorted(scores, reverse=True)
        assert len(scores) >= 2
        assert all(isinstance(hit, FoundView) for hit in found)

    alone(scenario)
