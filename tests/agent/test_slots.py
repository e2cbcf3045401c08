"""`PATH#slot`: one slot wherever a secret is named, and never anything else of the item."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from agent.actors import at, everything, read, refused, write
from agent.test_items import alone, bank, slot
from hypothesis import given, settings
from hypothesis import strategies as st
from simulator import World, simulate

from pk_tui.agent.agent import Agent
from pk_tui.errors import AlreadyExists, Malformed, Misuse, NotFound
from pk_tui.plaintext import Plaintext
from pk_tui.terms import SecretPath
from pk_tui.vault.item import MAX_ITEM, Item, encode_item, parse_item


async def commits(alice: Agent) -> int:
    return len(await alice.vaults.log("work"))


def test_a_slot_is_read_byte_for_byte_and_has_its_own_size() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await bank(alice)
        assert await read(alice, "work:web/bank#password") == b"old"
        assert await read(alice, "work:web/bank#hint") == b"\xff\x00"
        stat = await alice.secrets.stat("work", at("web/bank#hint"))
        whole = await alice.secrets.stat("work", at("web/bank"))
        assert (str(stat.path), stat.size, stat.is_directory) == ("web/bank#hint", 2, False)
        assert (stat.commit, stat.modified) == (whole.commit, whole.modified)

    alone(scenario)


def test_writing_a_slot_is_one_commit_and_changes_nothing_else() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await bank(alice)
        before, number = parse_item(await read(alice, "work:web/bank")), await commits(alice)
        assert await write(alice, "work:web/bank#hint", b"new", b"\n") is not None
        assert await write(alice, "work:web/bank#hint", b"new\n") is None
        after = parse_item(await read(alice, "work:web/bank"))
        assert await commits(alice) == number + 1
        assert await read(alice, "work:web/bank#hint") == b"new\n"
        assert [one for one in after.slots if one.name != "hint"] == [one for one in before.slots if one.name != "hint"]
        hint = after.slot("hint")
        assert hint is not None
        assert (hint.type, hint.label) == ("file", "A hint")
        assert (after.template, after.title, after.tags) == (before.template, before.title, before.tags)
        assert list(await everything(alice, "work")) == ["web/bank"]

    alone(scenario)


def test_two_slots_written_at_once_are_both_kept() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await bank(alice)
        number = await commits(alice)

        async def slow() -> AsyncIterator[bytes]:
            yield b"1"
            await write(alice, "work:web/bank#username", b"2")
            yield b"3"

        await asyncio.gather(
            alice.secrets.write("work", at("web/bank#password"), slow()), write(alice, "work:web/bank#hint", b"4")
        )
        item = await alice.items.get("work", at("web/bank"))
        assert {one.name: one.value.reveal() for one in item.slots} == {
            "username": b"2",
            "password": b"13",
            "hint": b"4",
        }
        assert await commits(alice) == number + 3

    alone(scenario)


def test_a_slot_that_is_not_there_is_answered_with_those_that_are() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await bank(alice)
        before = await everything(alice, "work")
        with refused(NotFound, "no slot “passwrd”. It has: username, password, hint"):
            await read(alice, "work:web/bank#passwrd")
        with refused(NotFound, "no slot “passwrd”.*url"):
            await write(alice, "work:web/bank#passwrd", b"x")
        with refused(NotFound, "no slot"):
            await alice.secrets.stat("work", at("web/bank#passwrd"))
        with refused(NotFound, "no slot"):
            await alice.secrets.remove([("work", at("web/bank#passwrd"))])
        with refused(NotFound, "no slot “url”"):
            await read(alice, "work:web/bank#url")
        assert await everything(alice, "work") == before

    alone(scenario)


def test_a_slot_that_only_the_template_has_can_be_written() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await bank(alice)
        assert await write(alice, "work:web/bank#url", b"https://x.org", create_only=True) is not None
        assert await read(alice, "work:web/bank#url") == b"https://x.org"
        with refused(AlreadyExists):
            await write(alice, "work:web/bank#url", b"https://y.org", create_only=True)
        item = parse_item(await read(alice, "work:web/bank"))
        url = item.slot("url")
        assert url is not None
        assert url.type == "url"

    alone(scenario)


def test_slots_are_removed_in_one_commit_with_whatever_else_goes() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await bank(alice)
        await write(alice, "work:plain", b"1")
        number = await commits(alice)
        paths = ["web/bank#hint", "plain", "web/bank#password", "web/bank#hint"]
        await alice.secrets.remove([("work", at(path)) for path in paths])
        assert await commits(alice) == number + 1
        item = parse_item(await read(alice, "work:web/bank"))
        assert [one.name for one in item.slots] == ["username"]
        assert list(await everything(alice, "work")) == ["web/bank"]

        before = await everything(alice, "work")
        with refused(NotFound):
            await alice.secrets.remove([("work", at("web/bank#username")), ("work", at("gone"))])
        assert await everything(alice, "work") == before

        await alice.secrets.remove([("work", at("web/bank#username")), ("work", at("web"))], recursive=True)
        assert await everything(alice, "work") == {}

    alone(scenario)


def test_if_one_vaults_slot_is_not_there_nothing_is_removed_from_the_other() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        await alice.vaults.create("work")
        await alice.vaults.create("home")
        await bank(alice)
        await alice.items.create("home", at("n"), "note", "", [slot("text", "x")])
        before = await everything(alice, "work"), await everything(alice, "home")
        with refused(NotFound):
            await alice.secrets.remove([("work", at("web/bank#hint")), ("home", at("n#gone"))])
        assert before == (await everything(alice, "work"), await everything(alice, "home"))
        made = await alice.secrets.remove([("work", at("web/bank#hint")), ("home", at("n#text"))])
        assert len(made) == 2

    simulate(scenario)


def test_what_is_done_to_whole_secrets_is_refused_for_a_slot() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await bank(alice)
        await write(alice, "work:plain", b"1")
        before = await everything(alice, "work")
        here, there = ("work", at("web/bank#password")), ("work", at("plain"))
        with refused(Misuse, "is a slot"):
            await alice.secrets.list("work", here[1])
        with refused(Misuse, "is a slot"):
            await alice.secrets.make_directories([here], parents=True)
        for act in (alice.secrets.move, alice.secrets.copy):
            with refused(Misuse, "is a slot"):
                await act(here, ("work", at("other")))
            with refused(Misuse, "is a slot"):
                await act(there, here)
        with refused(Misuse, "is a slot"):
            await alice.items.create("work", here[1], "note", "", [slot("text", "x")])
        assert await everything(alice, "work") == before

    alone(scenario)


def test_a_secret_of_the_whole_name_goes_first() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await write(alice, "work:web/bank#password", b"whole")  # no item is there: a name like any other
        await bank(alice)
        assert await read(alice, "work:web/bank#password") == b"whole"
        await write(alice, "work:web/bank#password", b"still whole")
        assert (await alice.secrets.stat("work", at("web/bank#password"))).size == 11
        item = parse_item(await read(alice, "work:web/bank"))
        assert item.slot("password") is not None
        assert item.slot("password").value == Plaintext(b"old")
        await alice.secrets.remove([("work", at("web/bank#password"))])
        assert await read(alice, "work:web/bank#password") == b"old"

    alone(scenario)


def test_names_with_a_hash_stay_names_where_no_item_is() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        for name in ("issue#42", "C#", "#tag", "a#b#c", "d#e/f", "..#x", "x#.."):
            await write(alice, f"work:{name}", name.encode())
        await write(alice, "work:dir/in", b"1")
        await write(alice, "work:dir#x", b"2")
        await alice.secrets.move(("work", at("issue#42")), ("work", at("C#notes")))
        await write(alice, "work:C", b"plain")
        await alice.secrets.copy(("work", at("C#notes")), ("work", at("C#more")))
        await alice.secrets.make_directories([("work", at("C#dir"))])
        assert await read(alice, "work:C#more") == b"issue#42"
        assert await read(alice, "work:a#b#c") == b"a#b#c"

    alone(scenario)


def test_a_slot_of_what_is_no_item_is_refused_in_words() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await write(alice, "work:plain", b"canary")
        await write(alice, "work:broken", b'{"pk-item":1,"canary"')
        for path, kind, words in [
            ("plain#password", Misuse, "free bytes"),
            ("broken#password", Malformed, "begins as an item"),
        ]:
            with refused(kind, words):
                await read(alice, f"work:{path}")
            with refused(kind, words):
                await write(alice, f"work:{path}", b"x")
            with refused(kind, words):
                await alice.secrets.stat("work", at(path))
            with refused(kind, words):
                await alice.secrets.remove([("work", at(path))])
        with refused(NotFound, "no secret “gone#password”"):
            await read(alice, "work:gone#password")
        assert list(await everything(alice, "work")) == ["broken", "plain"]

    alone(scenario)


def test_a_slot_does_not_grow_beyond_what_an_item_holds() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await bank(alice)
        before = await everything(alice, "work")
        taken = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal taken
            while True:
                taken += 1
                yield b"x" * 65_536

        with refused(Misuse, "at most"):
            await alice.secrets.write("work", at("web/bank#hint"), endless())
        assert taken <= MAX_ITEM // 65_536 + 1
        with refused(Misuse, "largest slot is “hint”"):
            await write(alice, "work:web/bank#hint", b"\x00" * 900_000)  # escaped it is longer
        assert await everything(alice, "work") == before

    alone(scenario)


def test_an_item_that_goes_while_its_slot_is_written_stays_away() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await bank(alice)

        async def meanwhile() -> AsyncIterator[bytes]:
            yield b"x"
            await alice.secrets.remove([("work", at("web/bank"))])

        with refused(NotFound):
            await alice.secrets.write("work", at("web/bank#password"), meanwhile())
        assert await everything(alice, "work") == {}

    alone(scenario)


def test_an_earlier_versions_slot_is_read_and_not_written() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await bank(alice)
        old = (await alice.vaults.log("work"))[0].commit
        await write(alice, "work:web/bank#password", b"new")
        assert await read(alice, f"work@{old}:web/bank#password") == b"old"
        assert (await alice.items.get(f"work@{old}", at("web/bank"))).title == "My bank"
        with refused(Misuse, "read-only"):
            await write(alice, f"work@{old}:web/bank#password", b"x")
        with refused(Misuse, "read-only"):
            await alice.items.change(f"work@{old}", at("web/bank"), title="x")

    alone(scenario)


NAMES = st.text("ab#.é ", min_size=1, max_size=6).filter(lambda name: name.strip("/") == name)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(NAMES, st.binary(max_size=20)), min_size=1, max_size=6))
def test_whatever_is_written_and_not_refused_is_read_back(writes: list[tuple[str, bytes]]) -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        await alice.vaults.create("work")
        await alice.secrets.write("work", at("a"), _one(encode_item(Item("password", "", ()))))
        there: dict[SecretPath, bytes] = {}
        for name, value in writes:
            try:
                path = SecretPath.parse(name)
                await alice.secrets.write("work", path, _one(value))
            except (Misuse, NotFound):
                continue
            there[path] = value
        for path, value in there.items():
            assert b"".join([piece.reveal() async for piece in alice.secrets.read("work", path)]) == value

    simulate(scenario)


async def _one(value: bytes) -> AsyncIterator[bytes]:
    yield value
