"""Items beside the tree, through the keys of the vaults pane."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from simulator import World
from textual.widgets import Static
from tui.neighbours import Moment, alone
from tui.posed import Posed, posed
from tui.posed import play as in_virtual_time
from tui.stage import Stage, stage, write

from pk_tui.api.items import SlotChange
from pk_tui.clock import SECOND
from pk_tui.errors import Unreachable
from pk_tui.plaintext import Plaintext
from pk_tui.terms import SecretPath
from pk_tui.tui.panes.vaults import VaultsPane

CANARY = "canary-items-1"
SEED = "otpauth://totp/Bank:ada?secret=JBSWY3DPEHPK3PXP&issuer=Bank"
COUNTER = "otpauth://hotp/Bank:ada?secret=JBSWY3DPEHPK3PXP&counter=7"


def at(path: str) -> SecretPath:
    return SecretPath.parse(path)


def slot(name: str, value: str, type_: str | None = None) -> SlotChange:
    return SlotChange(name, Plaintext.of_text(value), type_)


async def some_items(w: World, clock: Moment | None = None) -> None:
    """In the order of the tree: bank, counter, free, login."""
    if clock is not None:
        await alone(w, clock)
    alice = w.agents["alice"]
    await alice.vaults.create("work")
    card = [slot("holder", "Ada [/x]"), slot("number", f"{CANARY}-number"), slot("notes", "one\ntwo")]
    await alice.items.create("work", at("bank"), "card", "Company card", card, ["money"])
    await alice.items.create("work", at("counter"), "totp", "Counter", [slot("otp", COUNTER)])
    await write(alice, "work", "free", f"{CANARY}-free".encode())
    login = [slot("username", "ada@example.org"), slot("password", f"{CANARY}-password"), slot("otp", SEED)]
    await alice.items.create("work", at("login"), "password", "Login", login)


def play(
    scenario: Callable[[Stage], Awaitable[None]],
    size: tuple[int, int] = (120, 40),
    prepare: Callable[[World], Awaitable[None]] = some_items,
) -> None:
    async def run() -> None:
        async with stage(size, prepare) as s:
            await s.see("4 secrets")
            await s.press("l", "j")
            await s.see("Company card")
            await scenario(s)

    asyncio.run(run())


def copied(s: Stage) -> list[tuple[str, str]]:
    """What is put on the clipboard from now on, and what it is called."""
    found: list[tuple[str, str]] = []
    assert s.app.session is not None
    real = s.app.session.clipboard.copy

    async def copy(value: Plaintext, what: str, seconds: float) -> Any:
        found.append((value.reveal().decode(), what))
        return await real(value, what, seconds)

    s.app.session.clipboard.copy = copy  # type: ignore[method-assign]
    return found


def pane(s: Stage) -> VaultsPane:
    return s.app.screen.query_one(VaultsPane)


def test_an_item_is_shown_by_its_slots_and_what_is_hidden_is_nowhere() -> None:
    async def scenario(s: Stage) -> None:
        await s.see("#money", "Name on the card  Ada [/x]", "> Number", "••••", "one", "two", "Kind     item, card")
        await s.see("! A card's number has 12 to 19 digits.")
        assert CANARY not in s.screen_text()
        for node in s.app.screen.walk_children(with_self=True):
            assert CANARY not in f"{node!r}{node.border_title}{node.border_subtitle}{node.tooltip}"  # type: ignore[attr-defined]
            if isinstance(node, Static):
                assert CANARY not in str(node.content)
        side = pane(s)._side
        assert CANARY not in repr(side.item)
        assert all(CANARY not in slot.text for slot in side.item.slots)  # type: ignore[union-attr]
        await s.press("j", "j")
        await s.see("work/free", "space peeks")
        assert "Company card" not in s.screen_text()

    play(scenario)


def test_peeking_and_copying_are_of_the_slot_under_the_cursor() -> None:
    async def scenario(s: Stage) -> None:
        on_clipboard = copied(s)
        await s.press("space")
        await s.see(f"{CANARY}-number", "hides in 10 s")
        await s.press("escape")
        await s.see_no(CANARY)
        await s.press("enter", "down")
        await s.see("> Notes")
        await s.press("space")
        await s.see("This slot is not hidden.")
        await s.press("c")
        await s.see("Copied bank#notes")
        await s.press("k", "v")
        await s.see(f"{CANARY}-number", "until the cursor moves")
        await s.press("up")
        await s.see("> Name on the card")
        assert CANARY not in s.screen_text()
        await s.press("down", "c")
        await s.see("Copied bank#number")
        await s.press("escape", "u")
        await s.see("This item has no user name")
        await s.press("o")
        await s.see("No slot of this item gives one-time codes.")
        assert [what for _, what in on_clipboard] == ["bank#notes", "bank#number"]
        assert on_clipboard[1][0] == f"{CANARY}-number"

    play(scenario)


def test_a_login_gives_password_user_name_and_code_from_the_tree() -> None:
    async def scenario(s: Stage) -> None:
        on_clipboard = copied(s)
        await s.press("G")
        await s.see("work/login", "> Password", " s")
        await s.press("c")
        await s.see("Copied login#password")
        await s.press("u")
        await s.see("Copied login#username")
        await s.press("o")
        await s.see("Copied the code of login")
        values = [value for value, _ in on_clipboard]
        assert values[:2] == [f"{CANARY}-password", "ada@example.org"]
        assert len(values[2]) == 6
        assert values[2].isdigit()

    play(scenario)


def test_keys_that_come_before_the_item_is_known_are_of_the_item() -> None:
    async def scenario(s: Stage) -> None:
        on_clipboard = copied(s)
        here = pane(s)
        for key in ("c", "space", "u"):
            here._tree.action_cursor_up()
            here._tree.move_cursor(here._tree.root.children[0].children[3])
            {"c": here.action_copy, "space": here.action_peek, "u": here.action_copy_user}[key]()
            await s.until(lambda: here._side.item is not None and here._side.item.title == "Login", "the item")
        await s.see(f"{CANARY}-password")
        await s.until(lambda: len(on_clipboard) == 2, "two copies")
        assert sorted(on_clipboard) == [
            ("ada@example.org", "login#username"),
            (f"{CANARY}-password", "login#password"),
        ]

    play(scenario)


def test_free_text_has_no_slots_to_copy_and_is_copied_whole() -> None:
    async def scenario(s: Stage) -> None:
        on_clipboard = copied(s)
        await s.press("j", "j")
        await s.see("work/free")
        for key in ("u", "o"):
            await s.press(key)
            await s.see("Only an item has slots")
            await s.press("c")
            await s.see("Copied free")
        assert on_clipboard == [(f"{CANARY}-free", "free")] * 2

    play(scenario)


def test_a_counter_moves_on_only_when_a_code_is_asked_for() -> None:
    async def scenario(s: Stage) -> None:
        on_clipboard = copied(s)
        await s.press("j")
        await s.see("work/counter", "o makes the next code")
        before = len(await s.alice.vaults.log("work"))
        await s.press("space")
        await s.see("It goes by a counter")
        assert len(await s.alice.vaults.log("work")) == before
        await s.press("o")
        await s.see("Copied the next code of counter.")
        assert len(await s.alice.vaults.log("work")) == before + 1
        await s.press("c")
        await s.until(lambda: len(on_clipboard) == 2, "another code")
        assert on_clipboard[0][0] != on_clipboard[1][0]
        await s.see("Versions 3")  # what is shown before that is known is masked by it
        await s.press("v")
        await s.see("counter=9")

    play(scenario)


def test_what_changed_is_shown_anew_and_what_was_revealed_goes() -> None:
    async def scenario(s: Stage) -> None:
        await s.press("v")
        await s.see(f"{CANARY}-number")
        await s.alice.items.change("work", at("bank"), [slot("brand", "Visa")], title="Another card")
        await s.see("Another card", "Visa")
        assert CANARY not in s.screen_text()

    play(scenario)


def test_a_broken_item_says_so_and_is_a_value_like_others() -> None:
    async def prepare(w: World) -> None:
        await some_items(w)
        await w.agents["alice"].secrets.remove([("work", at("free"))])
        await write(w.agents["alice"], "work", "broken", b'{"pk-item":1,' + CANARY.encode())

    async def scenario(s: Stage) -> None:
        await s.press("j")
        await s.see("work/broken", "begins as an item", "space peeks")
        await s.press("space")
        await s.see(CANARY)

    play(scenario, prepare=prepare)


def test_a_slot_that_cannot_be_read_is_said() -> None:
    async def scenario(s: Stage) -> None:
        async def fails(*given: object) -> Any:
            raise Unreachable("The agent is gone [/x].")

        s.alice.items.get = fails  # type: ignore[method-assign]
        await s.press("space")
        await s.see("The agent is gone [/x].")
        await s.press("x", "c")
        await s.see("The agent is gone [/x].")
        assert CANARY not in s.screen_text()

    play(scenario)


def codes(s: Posed) -> str:
    return next(line.split("One-time code")[1] for line in s.screen_text().splitlines() if "One-time code" in line)


def test_a_code_counts_down_renews_itself_and_hides_when_nobody_looks() -> None:
    async def scenario() -> None:
        async with posed((120, 40), prepare=some_items) as s:
            asked = 0
            alice = s.world.agents["alice"]
            real = alice.items.code

            async def code(*given: Any) -> Any:
                nonlocal asked
                asked += 1
                return await real(*given)

            alice.items.code = code  # type: ignore[method-assign]
            await s.keys("l", "G")
            await s.settle(1)
            first = codes(s)
            assert "█" in first
            await s.settle(5)
            assert codes(s)[:10] == first[:10]
            assert codes(s) != first  # fewer seconds
            assert asked == 1
            s.clock.moment += 30 * SECOND
            await s.settle(30)
            assert codes(s)[:10] != first[:10]
            assert "█" in codes(s)
            assert asked == 2

            s.app.app_focus = False
            await s.settle(60)
            assert "•••" in codes(s)
            assert asked == 2
            s.app.app_focus = True
            await s.settle(1)
            assert "█" in codes(s)
            await s.keys("question_mark")
            await s.settle(60)
            assert asked == 3
            await s.keys("escape")
            assert "█" in codes(s)
            assert asked == 4
            await s.keys("2")
            await s.settle(60)
            assert asked == 4
            await s.keys("1")
            assert "█" in codes(s)
            await s.keys("f12")
            assert "•••" in codes(s)
            count = asked
            await s.keys("ctrl+l")
            await s.settle(100)
            assert asked == count
            assert "One-time" not in s.screen_text()

    in_virtual_time(scenario)
