"""Items on pictures: a card and a login beside what the neighbourhood has, looked at, made, edited."""

from __future__ import annotations

from simulator import World
from tui.acts import act
from tui.neighbours import CANARY, DAY, Moment, neighbourhood
from tui.posed import Posed, posed

from pk_tui.api.items import SlotChange
from pk_tui.plaintext import Plaintext
from pk_tui.terms import SecretPath

CARD = {
    "holder": "Alice Example",
    "number": f"{CANARY}-card",
    "expires": "2029-04",
    "code": f"{CANARY}-code",
    "brand": "Visa",
    "notes": "Ask Carol before large orders.\nThe limit is 2,000 a month.",
}
LOGIN = {
    "username": "alice@example.org",
    "password": f"{CANARY}-login",
    "url": "https://bank.example.org",
    "otp": f"otpauth://totp/Bank:{CANARY}?secret=JBSWY3DPEHPK3PXP",
    "notes": "The second device is in the drawer.",
}
"""What gives the codes has the canary in it too; the codes are everybody's."""


async def with_items(w: World, clock: Moment) -> None:
    await neighbourhood(w, clock)
    items = w.agents["alice"].items
    clock.at(2 * DAY)
    for path, template, title, values in (
        ("bank/card", "card", "Company card", CARD),
        ("bank/login", "password", "Bank", LOGIN),
    ):
        slots = [SlotChange(name, Plaintext.of_text(value)) for name, value in values.items()]
        await items.create("work", SecretPath.parse(path), template, title, slots, ("money", "shared"))
    clock.at(0)


async def to_bank(s: Posed, *keys: str) -> None:
    """The cursor on the directory of both, open; then these keys."""
    await s.keys("1", "end", "right", "down", "down", "down", "right", *keys)


@act(lambda size: posed(size, prepare=with_items))
async def items(s: Posed) -> None:
    await to_bank(s, "down")
    await s.picture("item")
    await s.keys("space")
    await s.settle(2)
    await s.picture("item-revealed")
    await s.keys("escape", "down")
    await s.settle(4)
    await s.picture("item-code")
    await s.keys("enter", "down", "down", "o")
    await s.picture("item-code-copied")
    await s.keys("up", "up", "escape", "t")
    await s.picture("item-generate-verb")
    await s.keys("ctrl+s")
    await s.picture("item-generate-confirm")
    await s.keys("escape", "e")
    await s.picture("item-edit")


@act(lambda size: posed(size, prepare=with_items))
async def new_item(s: Posed) -> None:
    await to_bank(s, "n")
    await s.picture("kind")
    await s.type("card")
    await s.settle()
    await s.keys("enter")
    await s.type("spare")
    await s.press("tab", "tab", "tab", "tab")
    await s.type("4111")
    await s.picture("new-card")
    await s.press("tab", "tab")
    await s.keys("ctrl+g")
    await s.picture("generate")
    await s.keys("escape", "escape")
    await s.picture("new-card-leave")
    await s.keys("y")
    await s.keys(*["backspace"] * 20)
    await s.type("codes")
    await s.keys("enter")
    await s.picture("new-totp")
