from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from simulator import World
from textual.widgets import Input
from tui.deeds.acting import Acting, acting
from tui.dialogs.test_item_form import fields
from tui.stage import write

from pk_tui.api.items import ItemView, SlotChange, SlotSpec, SlotView, TemplateView
from pk_tui.plaintext import Plaintext
from pk_tui.terms import SecretPath
from pk_tui.tui.deeds import editing, items
from pk_tui.tui.widgets.slot_field import Blank

CANARY = "canary-deed-1"
BANK = SecretPath.parse("web/bank")


def text(value: str) -> Plaintext:
    return Plaintext.of_text(value)


async def work(w: World) -> None:
    alice = w.agents["alice"]
    await alice.vaults.create("work")
    slots = [SlotChange("username", text("ada")), SlotChange("password", text(CANARY)), SlotChange("hint", text("h"))]
    await alice.items.create("work", BANK, "password", "Bank", slots, ["money"])
    await write(alice, "work", "free", b"old")


async def cloned(w: World) -> None:
    await w.agents["bob"].vaults.create("infra")
    await w.agents["bob"].items.create("infra", BANK, "password", "Bank", [SlotChange("password", text(CANARY))])
    await w.agents["bob"].vaults.share("infra", "alice")
    await w.agents["alice"].vaults.clone("infra", "bob")


def play(scenario: Callable[[Acting], Awaitable[None]], prepare: Callable[[World], Awaitable[None]] = work) -> None:
    async def run() -> None:
        async with acting((80, 24), prepare) as s:
            await scenario(s)

    asyncio.run(run())


async def slots(s: Acting, path: str = "web/bank") -> dict[str, str]:
    item = await s.alice.items.get("work", SecretPath.parse(path))
    return {one.name: one.value.reveal().decode() for one in item.slots}


def test_the_kind_is_asked_first_and_an_item_is_made_of_it() -> None:
    async def scenario(s: Acting) -> None:
        vault = await s.vault("work")
        s.do(items.new(s.pane, vault, "web"))
        await s.see("New secret in work:web", ">   Free text", "Payment card")
        await s.type("wi-fi")
        await s.press("enter")
        await s.see("New: Wi-Fi network, in work:web", "Name of the network *")
        await s.type("home")
        fields(s)["ssid"].put(text("attic"))
        fields(s)["password"].put(text(CANARY))
        await s.press("ctrl+s")
        await s.settled()
        await s.see("Made work:web/home.")
        assert await slots(s, "web/home") == {"ssid": "attic", "password": CANARY}
        assert s.pane.went == [(vault.vault_id, SecretPath.parse("web/home"))]
        session = s.app.session
        assert session is not None
        assert session.undo.last_done is not None

    play(scenario)


def test_a_name_that_is_taken_is_said_in_the_form_which_stays() -> None:
    async def scenario(s: Acting) -> None:
        s.do(items.new(s.pane, await s.vault("work"), "web"))
        await s.see("What kind?")
        await s.type("note")
        await s.press("enter")
        await s.see("New: Note")
        await s.type("bank")
        fields(s)["text"].focus_editor()
        await s.type(CANARY)
        await s.press("ctrl+s")
        await s.see("already there")
        await s.put("bank2", "#name")
        await s.press("ctrl+s")
        await s.settled()
        assert await slots(s, "web/bank2") == {"text": CANARY}

    play(scenario)


def test_free_text_is_one_of_the_kinds_and_escape_goes_one_step_back() -> None:
    async def scenario(s: Acting) -> None:
        s.do(items.new(s.pane, await s.vault("work"), ""))
        await s.see("What kind?")
        await s.press("enter")
        await s.see("Name; directories in it are made")
        await s.press("escape")
        await s.see("What kind?")
        await s.press("enter")
        await s.see("Name; directories in it are made")
        await s.type("pin")
        await s.press("tab")
        await s.type("1234")
        await s.press("ctrl+s")
        await s.settled()
        assert await s.value("work", "pin") == b"1234"
        s.do(items.new(s.pane, await s.vault("work"), ""))
        await s.see("What kind?")
        await s.press("escape")
        await s.settled()

    play(scenario)


def test_a_key_pair_is_made_by_the_agent() -> None:
    async def scenario(s: Acting) -> None:
        s.do(items.new(s.pane, await s.vault("work"), "ssh"))
        await s.see("What kind?")
        await s.type("newly")
        await s.press("enter")
        await s.see("New SSH key in work:ssh", "Comment in it")
        await s.type("deploy")
        fields(s)["comment"].put(text("ci@build"))
        await s.press("ctrl+s")
        await s.settled()
        await s.see("Made a new key pair: work:ssh/deploy.")
        made = await slots(s, "ssh/deploy")
        assert made["public_key"].endswith("ci@build")
        assert "PRIVATE KEY" in made["private_key"]

    play(scenario)


def test_a_template_of_ones_own_is_kept_where_templates_are_and_offered_then() -> None:
    async def scenario(s: Acting) -> None:
        s.do(items.new(s.pane, await s.vault("work"), "web"))
        await s.see("What kind?")
        await s.type("of your own")
        await s.press("enter")
        await s.see("work:.templates")
        await s.type("door")
        await s.press("ctrl+n")
        await s.see("Add a slot")
        await s.type("code")
        await s.press("enter")
        await s.see("What is in it?")
        await s.type("password")
        await s.press("enter")
        await s.until(lambda: "code" in fields(s), "a slot")
        await s.type("required")
        await s.press("ctrl+s")
        await s.settled()
        s.do(items.new(s.pane, await s.vault("work"), "web"))
        await s.see("What kind?")
        await s.type("door")
        await s.see("own template: code")
        await s.press("enter")
        await s.see("New: door, in work:web", "code *")
        await s.press("escape", "escape")

    play(scenario)


def test_edit_opens_an_item_as_a_form_and_stores_what_was_changed() -> None:
    async def scenario(s: Acting) -> None:
        s.do(editing.edit(s.pane, await s.vault("work"), BANK))
        await s.see("Edit work:web/bank", "ada", "money", "hint")
        assert CANARY not in s.screen_text()
        fields(s)["username"].put(text("eve"))
        await s.press("ctrl+s")
        await s.settled()
        await s.see("Stored work:web/bank.")
        assert await slots(s) == {"username": "eve", "password": CANARY, "hint": "h"}
        before = await s.alice.vaults.log("work")
        s.do(editing.edit(s.pane, await s.vault("work"), BANK))
        await s.see("Edit work:web/bank")
        await s.press("tab", "ctrl+s")
        await s.settled()
        await s.see("Nothing was changed")
        assert await s.alice.vaults.log("work") == before

    play(scenario)


def test_an_item_that_changed_meanwhile_is_changed_only_after_a_yes_and_only_where_it_was_edited() -> None:
    async def scenario(s: Acting) -> None:
        s.do(editing.edit(s.pane, await s.vault("work"), BANK))
        await s.see("Edit work:web/bank")
        await s.alice.items.change("work", BANK, [SlotChange("hint", text("theirs"))])
        fields(s)["username"].put(text("eve"))
        await s.press("ctrl+s")
        await s.see("It was changed meanwhile", "Only what you")
        await s.press("escape")
        await s.see_no("It was changed meanwhile")
        await s.press("ctrl+s")
        await s.see("It was changed meanwhile")
        await s.press("y")
        await s.settled()
        assert await slots(s) == {"username": "eve", "password": CANARY, "hint": "theirs"}

    play(scenario)


def test_an_item_that_was_removed_meanwhile_is_said_and_the_form_stays() -> None:
    async def scenario(s: Acting) -> None:
        s.do(editing.edit(s.pane, await s.vault("work"), BANK))
        await s.see("Edit work:web/bank")
        await s.alice.secrets.remove([("work", BANK)])
        fields(s)["username"].put(text("eve"))
        await s.press("ctrl+s")
        await s.see("was removed or moved meanwhile")
        assert s.screen.query_one("#title", Input).value == "Bank"

    play(scenario)


def test_a_broken_item_is_mended_as_text() -> None:
    async def prepare(w: World) -> None:
        await work(w)
        await write(w.agents["alice"], "work", "broken", b'{"pk-item":1,"template":')

    async def scenario(s: Acting) -> None:
        s.do(editing.edit(s.pane, await s.vault("work"), SecretPath.parse("broken")))
        await s.see("Edit work:broken", '{"pk-item":1,"template":', "stored exactly")

    play(scenario, prepare)


def test_a_new_value_is_stored_in_the_slot_or_the_secret_after_a_yes() -> None:
    async def scenario(s: Acting) -> None:
        for path, slot, name in ((BANK, None, "web/bank#password"), (SecretPath.parse("free"), None, "free")):
            s.do(items.generate(s.pane, await s.vault("work"), path, slot))
            await s.see(f"New value for work:{name}", "Store  ctrl+s")
            made = s.screen._made.value  # type: ignore[attr-defined]
            await s.press("ctrl+s")
            await s.see("Replace the value?", name)
            await s.press("y")
            await s.settled()
            await s.see(f"Stored a new value in work:{name}.")
            assert made.reveal().decode() not in s.screen_text()
            assert await s.value("work", name) == made.reveal()
        assert (await slots(s))["username"] == "ada"

    play(scenario)


def test_no_new_value_without_a_yes_nor_where_no_password_is() -> None:
    async def scenario(s: Acting) -> None:
        before = await s.alice.vaults.log("work")
        vault = await s.vault("work")
        s.do(items.generate(s.pane, vault, BANK, "username"))
        await s.see("holds no password")
        await s.press("x")
        s.do(items.generate(s.pane, vault, BANK, "password"))
        await s.see("New value for")
        await s.press("ctrl+s")
        await s.see("Replace the value?")
        await s.press("escape")
        await s.settled()
        s.do(items.generate(s.pane, vault, BANK, "password"))
        await s.see("New value for")
        await s.press("escape")
        await s.settled()
        assert await s.alice.vaults.log("work") == before

    play(scenario)


def test_a_clone_is_not_written_and_says_whose_affair_it_is() -> None:
    async def scenario(s: Acting) -> None:
        vault = await s.vault("infra")
        for deed in (
            items.new(s.pane, vault, ""),
            editing.edit(s.pane, vault, BANK),
            items.edit_item(s.pane, vault, BANK),
            items.generate(s.pane, vault, BANK, None),
        ):
            s.do(deed)
            await s.see("read-only here")
            assert len(s.app.screen_stack) == 2
            await s.press("x")
            await s.see_no("read-only here")

    play(scenario, cloned)


def test_templates_that_cannot_be_read_are_said_and_nothing_opens() -> None:
    async def scenario(s: Acting) -> None:
        vault = await s.vault("work")
        await s.alice.vaults.delete("work")
        s.do(items.new(s.pane, vault, ""))
        await s.see("There is no vault")
        assert len(s.app.screen_stack) == 2

    play(scenario)


def test_fields_come_in_the_templates_order_and_then_what_the_item_has_besides() -> None:
    spec = SlotSpec("a", "password", "A", True, True), SlotSpec("b", "choice", "B", choices=("x",))
    item = ItemView(
        "mine", "", (), (SlotView("z", "url", "z", False, text("1"), "warned"), SlotView("a", "text", "A", True, text("2"), None))
    )  # fmt: skip
    assert items.blanks_of(item, TemplateView("mine", "Mine", spec)) == [
        Blank("a", "text", "A", True, True, value=text("2")),
        Blank("b", "choice", "B", choices=("x",)),
        Blank("z", "url", extra=True, value=text("1"), warning="warned"),
    ]
    assert [one.extra for one in items.blanks_of(item, None)] == [True, True]


def test_a_file_that_cannot_be_read_leaves_the_form_open() -> None:
    template = TemplateView("password", "P", (SlotSpec("f", "file", "File"),))

    async def scenario(s: Acting) -> None:
        s.do(items.new_item(s.pane, await s.vault("work"), "", template))
        await s.see("New: P")
        await s.type("x")
        fields(s)["f"].query_one(Input).value = "/nowhere/at/all"
        await s.press("ctrl+s")
        await s.see("The file “/nowhere/at/all” cannot be read")
        assert s.screen.query_one("#name", Input).value == "x"

    play(scenario)


def test_locking_over_a_form_ends_all_of_it() -> None:
    async def scenario(s: Acting) -> None:
        s.do(items.new(s.pane, await s.vault("work"), ""))
        await s.see("What kind?")
        await s.press("down", "enter")
        await s.see("New: Password")
        fields(s)["password"].put(text(CANARY))
        await s.press("ctrl+l")
        await s.see("pk-tui: locked")
        await s.settled()

    play(scenario)
