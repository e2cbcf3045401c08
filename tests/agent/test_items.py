"""Items on real agents: made, changed, read by slot, and never losing what was in them."""

from __future__ import annotations

import asyncio

import pytest
from agent.actors import alone, at, content, everything, read, refused, shared, write
from simulator import VirtualClock, World, simulate

from pk_tui.agent.agent import Agent
from pk_tui.api.events import VaultChanged
from pk_tui.api.items import ItemView, Recipe, SlotChange, SuggestionView
from pk_tui.crypto.otp import read_otp
from pk_tui.errors import AlreadyExists, Locked, Malformed, Misuse, NotFound, ReadOnly
from pk_tui.plaintext import Plaintext
from pk_tui.vault.item import parse_item
from pk_tui.vault.templates import BUILT_IN

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""The key of the published vectors, "12345678901234567890"."""


def slot(name: str, value: str | bytes | None, type_: str | None = None, label: str | None = None) -> SlotChange:
    raw = value.encode() if isinstance(value, str) else value
    return SlotChange(name, None if raw is None else Plaintext(raw), type_, label)


async def bank(alice: Agent) -> None:
    await alice.items.create(
        "work",
        at("web/bank"),
        "password",
        "My bank",
        [slot("password", "old"), slot("hint", b"\xff\x00", "file", "A hint"), slot("username", "ada")],
        ("money", "money", "daily"),
    )


def values(item: ItemView) -> dict[str, bytes]:
    return {one.name: one.value.reveal() for one in item.slots}


# Making


def test_an_item_is_made_in_the_order_of_its_template_with_what_it_has_not_behind() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await bank(alice)
        item = await alice.items.get("work", at("web/bank"))
        assert (item.template, item.title, item.tags) == ("password", "My bank", ("money", "daily"))
        assert list(values(item).items()) == [("username", b"ada"), ("password", b"old"), ("hint", b"\xff\x00")]
        assert [(one.type, one.label, one.masked) for one in item.slots] == [
            ("text", "User name", False),
            ("password", "Password", True),
            ("file", "A hint", False),
        ]

    alone(scenario)


def test_making_an_item_is_one_commit_that_is_told() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        async with alice.events() as events:
            commit = await alice.items.create("work", at("a"), "note", "A", [slot("text", "hello")])
            assert isinstance(await anext(events), VaultChanged)
        assert (await alice.vaults.log("work"))[0].commit == commit

    alone(scenario)


@pytest.mark.parametrize("name", list(BUILT_IN))
def test_every_built_in_template_makes_an_item_that_can_be_read(name: str) -> None:
    async def scenario(w: World, alice: Agent) -> None:
        (template,) = [one for one in await alice.items.templates() if one.name == name]
        given = [slot(spec.name, SECRET if spec.type == "otp" else "1") for spec in template.slots]
        await alice.items.create("work", at("a"), name, "A", given)
        item = await alice.items.get("work", at("a"))
        assert [one.name for one in item.slots] == [spec.name for spec in template.slots]
        assert [one.masked for one in item.slots] == [spec.masked for spec in template.slots]

    alone(scenario)


def test_what_cannot_be_made_is_refused_and_nothing_is_written() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await write(alice, "work:there", b"1")
        before = await everything(alice, "work")
        create = alice.items.create
        with refused(AlreadyExists, "there"):
            await create("work", at("there"), "note", "", [slot("text", "x")])
        with refused(Misuse, "no template “nope”.*password, note"):
            await create("work", at("a"), "nope", "", [])
        with refused(Misuse, "asks for a value for “password”"):
            await create("work", at("a"), "password", "", [slot("username", "x"), slot("password", None)])
        with refused(Misuse, "asks for a value for “password”"):
            await create("work", at("a"), "password", "", [slot("password", "")])
        with refused(Misuse, "twice"):
            await create("work", at("a"), "note", "", [slot("text", "x"), slot("text", "y")])
        with refused(Misuse, "“a#b” cannot be the name of a slot"):
            await create("work", at("a"), "note", "", [slot("text", "x"), slot("a#b", "canary")])
        with refused(Misuse, "title"):
            await create("work", at("a"), "note", "x" * 2000, [slot("text", "x")])
        with refused(Misuse, "1048576 bytes"):
            await create("work", at("a"), "note", "", [slot("text", "x" * 1_100_000)])
        with refused(NotFound):
            await create("nowhere", at("a"), "note", "", [slot("text", "x")])
        assert await everything(alice, "work") == before

    alone(scenario)


def test_a_clone_takes_no_items_and_shows_them() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        await alice.items.create("work", at("n"), "note", "N", [slot("text", "hello")])
        await alice.items.create("work", at("h"), "totp", "H", [slot("otp", f"otpauth://hotp/x?secret={SECRET}")])
        await bob.vaults.clone("work", "alice")
        assert await read(bob, "work:n#text") == b"hello"
        assert (await bob.items.get("work", at("n"))).title == "N"
        with refused(ReadOnly):
            await bob.items.create("work", at("m"), "note", "", [slot("text", "x")])
        with refused(ReadOnly):
            await bob.items.change("work", at("n"), title="x")
        with refused(ReadOnly):
            await write(bob, "work:n#text", b"x")
        with refused(ReadOnly):
            await bob.items.code("work", at("h"))
        with refused(ReadOnly):
            await bob.items.generate("work", at("g"), Recipe())

    simulate(scenario)


# Changing


def test_a_change_leaves_what_it_does_not_name_and_is_one_commit() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await bank(alice)
        before = len(await alice.vaults.log("work"))
        changes = [slot("password", "new"), slot("username", None), slot("url", "https://x.org"), slot("extra", "1")]
        assert await alice.items.change("work", at("web/bank"), changes, title="Bank") is not None
        item = await alice.items.get("work", at("web/bank"))
        assert values(item) == {"password": b"new", "hint": b"\xff\x00", "url": b"https://x.org", "extra": b"1"}
        assert {one.name: one.type for one in item.slots}["url"] == "url"
        assert (item.title, item.tags) == ("Bank", ("money", "daily"))
        assert len(await alice.vaults.log("work")) == before + 1
        assert await alice.items.change("work", at("web/bank"), [slot("password", "new")]) is None
        assert await alice.items.change("work", at("web/bank"), tags=("a", "a")) is not None
        assert (await alice.items.get("work", at("web/bank"))).tags == ("a",)
        assert len(await alice.vaults.log("work")) == before + 2

    alone(scenario)


def test_what_is_no_item_is_not_changed_or_shown_as_one() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await write(alice, "work:d/plain", b"free")
        await write(alice, "work:broken", b'{"pk-item":1,"canary"')
        await bank(alice)
        for path, kind, words in [
            ("d/plain", Misuse, "free bytes"),
            ("d", Misuse, "directory"),
            ("gone", NotFound, "no item"),
            ("broken", Malformed, "begins as an item"),
            ("web/bank#password", Misuse, "is a slot"),
        ]:
            with refused(kind, words):
                await alice.items.get("work", at(path))
            with refused(kind, words):
                await alice.items.change("work", at(path), title="x")
        with refused(NotFound, "no slot “nope”"):
            await alice.items.change("work", at("web/bank"), [slot("nope", None)])

    alone(scenario)


def test_a_large_secret_that_begins_like_an_item_is_none() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await write(alice, "work:large", b'{"pk-item":1,' + b" " * 3_000_000)
        with refused(Misuse, "free bytes"):
            await alice.items.get("work", at("large"))

    alone(scenario)


def test_warnings_are_given_and_do_not_quote() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        given = [slot("number", "canary"), slot("expires", "canary"), slot("brand", "canary"), slot("holder", "Ada")]
        await alice.items.create("work", at("card"), "card", "", given)
        item = await alice.items.get("work", at("card"))
        told = {one.name: one.warning for one in item.slots}
        assert told["holder"] is None
        assert all(told[name] for name in ("number", "expires", "brand"))
        assert "canary" not in str(told)
        assert "canary" not in repr(item)

    alone(scenario)


# Templates of one's own


def test_a_template_kept_in_the_vault_is_used_like_a_built_in_one() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        described = [
            slot("grape", "required\nchoice: Riesling\nchoice: Merlot", "choice", "Grape"),
            slot("cellar code", "masked"),
        ]
        await alice.items.create("work", at(".templates/wine"), "template", "Wine", described)
        await write(alice, "work:.templates/broken", b"no template")
        await write(alice, "work:.templates/deep/er", b"no template")
        offered = await alice.items.templates("work")
        (wine,) = [one for one in offered if one.own]
        assert (wine.name, wine.label) == ("wine", "Wine")
        assert wine.slots[0].choices == ("Riesling", "Merlot")
        assert (wine.slots[0].required, wine.slots[1].masked) == (True, True)
        assert "wine" not in [one.name for one in await alice.items.templates()]

        with refused(Misuse, "“grape”"):
            await alice.items.create("work", at("bottle"), "wine", "", [])
        given = [slot("grape", "Beer"), slot("cellar code", "7")]
        await alice.items.create("work", at("bottle"), "wine", "", given)
        item = await alice.items.get("work", at("bottle"))
        assert [(one.type, one.masked) for one in item.slots] == [("choice", False), ("text", True)]
        assert item.slots[0].warning == "It is none of the 2 choices."

        await alice.secrets.remove([("work", at(".templates/wine"))])
        item = await alice.items.get("work", at("bottle"))
        assert [one.masked for one in item.slots] == [False, True]  # nobody knows any more what is to be hidden

    alone(scenario)


def test_an_own_template_goes_before_the_built_in_one_of_its_name() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await alice.items.create("work", at(".templates/note"), "template", "Short note", [slot("line", "required")])
        notes = [one for one in await alice.items.templates("work") if one.name == "note"]
        assert [(one.own, one.label) for one in notes] == [(True, "Short note")]
        await alice.items.create("work", at("n"), "note", "", [slot("line", "x")])

    alone(scenario)


def test_a_broken_template_says_so_to_whoever_uses_it() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await alice.items.create("work", at(".templates/odd"), "template", "", [slot("a", "mandatory")])
        await alice.items.create("work", at(".templates/note2"), "note", "", [slot("text", "x")])
        assert [one.name for one in await alice.items.templates("work") if one.own] == []
        with refused(Malformed, "required"):
            await alice.items.create("work", at("a"), "odd", "", [slot("a", "x")])
        with refused(Malformed, "no template"):
            await alice.items.create("work", at("a"), "note2", "", [slot("a", "x")])
        with refused(Misuse, "no template “../x”"):
            await alice.items.create("work", at("a"), "../x", "", [])

    alone(scenario)


# One-time codes


def test_a_code_of_the_time_comes_from_an_item_a_slot_or_a_secret() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        address = f"otpauth://totp/Acme:ada?secret={SECRET}&digits=8&issuer=Acme"
        await write(alice, "work:bare", SECRET.lower().encode() + b"\n")
        await write(alice, "work:address", address.encode())
        await alice.items.create(
            "work", at("item"), "server", "Prod", [slot("host", "x"), slot("username", "root"), slot("otp", SECRET)]
        )
        await alice.items.create("work", at("odd"), "note", "Odd", [slot("text", address)])
        before = len(await alice.vaults.log("work"))
        bare = await alice.items.code("work", at("bare"))
        assert bare.code == read_otp(Plaintext.of_text(SECRET)).code_at(VirtualClock().now())
        assert (len(bare.code), bare.period_s, bare.issuer, bare.account) == (6, 30, "", "")
        assert 0 < bare.remaining_s <= 30
        full = await alice.items.code("work", at("address"))
        assert full.code.reveal().endswith(bare.code.reveal())
        assert (len(full.code), full.issuer, full.account) == (8, "Acme", "ada")
        item = await alice.items.code("work", at("item"))
        assert (item.code, item.issuer, item.account) == (bare.code, "Prod", "root")
        assert await alice.items.code("work", at("item#otp")) == item
        assert (await alice.items.code("work", at("odd#text"))).code == full.code
        assert len(await alice.vaults.log("work")) == before

    alone(scenario)


def test_a_counters_code_moves_it_on_by_one_commit_and_is_given_once() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        address = f"otpauth://hotp/x?secret={SECRET}&counter=0&image=a%20b"
        await write(alice, "work:plain", address.encode() + b"\n")
        await alice.items.create("work", at("item"), "totp", "T", [slot("otp", address), slot("notes", b"\xff")])
        before = len(await alice.vaults.log("work"))
        codes = await asyncio.gather(*(alice.items.code("work", at("item")) for _ in range(3)))
        assert [one.code.reveal() for one in codes] == [b"755224", b"287082", b"359152"]
        assert [(one.remaining_s, one.period_s) for one in codes] == [(0, 0)] * 3
        assert (await alice.items.code("work", at("item#otp"))).code.reveal() == b"969429"
        assert (await alice.items.code("work", at("plain"))).code.reveal() == b"755224"
        assert len(await alice.vaults.log("work")) == before + 5
        assert (
            await read(alice, "work:plain")
            == address.replace("counter=0&image=a%20b", "image=a%20b&counter=1").encode() + b"\n"
        )
        assert await read(alice, "work:item#notes") == b"\xff"

    alone(scenario)


def test_what_gives_no_codes_is_refused_and_not_quoted() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await write(alice, "work:plain", b"canary!")
        await write(alice, "work:large", b"A" * 2_000_000)
        await write(alice, "work:end", f"otpauth://hotp/x?secret={SECRET}&counter={2**63 - 2}".encode())
        await bank(alice)
        for path, kind, words in [
            ("plain", Misuse, "neither"),
            ("large", Misuse, "free bytes"),
            ("web", Misuse, "directory"),
            ("web/bank", Misuse, "no slot for one-time codes"),
            ("web/bank#password", Misuse, "neither"),
            ("web/bank#nope", NotFound, "no slot “nope”"),
            ("gone", NotFound, "no secret"),
            ("end", Misuse, "end"),
        ]:
            with refused(kind, words):
                await alice.items.code("work", at(path))

    alone(scenario)


# New values


def test_a_generated_value_is_written_to_a_secret_or_a_slot() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await bank(alice)
        assert await alice.items.generate("work", at("new"), Recipe(length=30)) is not None
        assert len(await read(alice, "work:new")) == 30
        await alice.items.generate("work", at("web/bank#password"), Recipe(words=5, separator="."))
        assert len((await read(alice, "work:web/bank#password")).split(b".")) == 5
        assert await read(alice, "work:web/bank#username") == b"ada"
        one = await alice.items.generate(
            "work", at("digit"), Recipe(1, lower=False, upper=False, symbols=False, exclude="012345678")
        )
        again = await alice.items.generate(
            "work", at("digit"), Recipe(1, lower=False, upper=False, symbols=False, exclude="012345678")
        )
        assert one == again

    alone(scenario)


def test_a_suggestion_follows_its_recipe() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        made = await alice.items.suggest(Recipe(length=40, symbols=False, upper=False, easy=True, exclude="abc"))
        assert isinstance(made, SuggestionView)
        assert set(made.value.reveal()) <= set(b"defghijkmnpqrstuvwxyz34679")
        assert 180 < made.entropy_bits < 190
        with refused(Misuse):
            await alice.items.suggest(Recipe(lower=False, upper=False, digits=False, symbols=False))
        with refused(Misuse):
            await alice.items.suggest(Recipe(words=-1))
        await alice.lifecycle.lock()
        with refused(Locked):
            await alice.items.suggest(Recipe())

    simulate(scenario)


def test_a_new_ssh_key_is_an_item() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await alice.items.new_ssh_key("work", at("key"), "Deploy", "ada@host")
        item = await alice.items.get("work", at("key"))
        assert item.template == "ssh-key"
        got = values(item)
        assert got["private_key"].startswith(b"-----BEGIN OPENSSH PRIVATE KEY-----\n")
        assert got["public_key"].startswith(b"ssh-ed25519 ")
        assert got["public_key"].endswith(b" ada@host")
        assert got["fingerprint"].startswith(b"SHA256:")
        with refused(AlreadyExists):
            await alice.items.new_ssh_key("work", at("key"), "Deploy")
        with refused(Misuse):
            await alice.items.new_ssh_key("work", at("other"), "Deploy", "two\nlines")

    alone(scenario)


def test_an_item_is_a_secret_that_any_reader_of_bytes_can_read() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        await bank(alice)
        raw = await read(alice, "work:web/bank")
        assert parse_item(raw).title == "My bank"
        await alice.secrets.write("work", at("copy"), content(raw))
        assert (await alice.items.get("work", at("copy"))).title == "My bank"

    alone(scenario)


def test_a_value_is_checked_as_it_will_be_once_it_is_kept_and_nothing_is_kept() -> None:
    async def scenario(w: World, alice: Agent) -> None:
        before = await alice.vaults.log("work")
        values = [("url", "example.org", ()), ("choice", "x", ("a", "b")), ("otp", "q-q", ()), ("mine", "anything", ())]
        for type_, value, choices in values:
            said = await alice.items.check(type_, Plaintext.of_text(value), choices)
            assert (said is None) == (type_ == "mine")
            assert said is None or value not in said
        assert await alice.items.check("choice", Plaintext.of_text("a"), ["a", "b"]) is None
        assert await alice.vaults.log("work") == before

    alone(scenario)
