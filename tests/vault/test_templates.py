"""Templates built in are sound; own ones are items that say what their slots are."""

from __future__ import annotations

import pytest

from pk_tui.errors import Malformed
from pk_tui.plaintext import Plaintext
from pk_tui.vault.item import Item, Slot, encode_item, slot_name_fault
from pk_tui.vault.slots import MASKED_TYPES
from pk_tui.vault.templates import BUILT_IN, Template, TemplateSlot, own_template

KNOWN_TYPES = [
    "text",
    "password",
    "note",
    "url",
    "email",
    "date",
    "month",
    "phone",
    "number",
    "otp",
    "file",
    "choice",
    "card",
]


def test_the_kinds_that_people_keep_are_built_in() -> None:
    kinds = [
        "password",
        "note",
        "card",
        "bank",
        "identity",
        "ssh-key",
        "api-token",
        "totp",
        "wifi",
        "server",
        "template",
    ]
    assert list(BUILT_IN) == kinds


@pytest.mark.parametrize("template", BUILT_IN.values(), ids=lambda template: template.name)
def test_a_built_in_template_is_sound(template: Template) -> None:
    names = [slot.name for slot in template.slots]
    assert len(set(names)) == len(names)
    for slot in template.slots:
        assert slot_name_fault(slot.name) is None
        assert slot.name.isidentifier()  # so that it can be the name of an environment variable
        assert slot.type in KNOWN_TYPES
        assert slot.label
        assert slot.masked or slot.type not in MASKED_TYPES
        assert bool(slot.choices) == (slot.type == "choice")
    assert any(slot.required for slot in template.slots) or template.name == "template"
    encode_item(Item(template.name, "", tuple(Slot(name, Plaintext(b"x")) for name in names)))


def own(*slots: tuple[str, str, str, str], title: str = "Wine") -> Template:
    made = tuple(Slot(name, Plaintext.of_text(value), type_, label) for name, type_, label, value in slots)
    return own_template("wine", Item("template", title, made))


def test_an_own_template_says_what_its_slots_are() -> None:
    template = own(
        ("grape", "choice", "Grape", "required\n choice: Riesling\nchoice:Pinot: noir\n\n"),
        ("year", "number", "", ""),
        ("code", "text", "", "masked"),
        ("pin", "password", "", ""),
    )

    assert template == Template(
        "wine",
        "Wine",
        (
            TemplateSlot("grape", "choice", "Grape", True, False, ("Riesling", "Pinot: noir")),
            TemplateSlot("year", "number", "year"),
            TemplateSlot("code", "text", "code", False, True),
            TemplateSlot("pin", "password", "pin", False, True),
        ),
    )
    assert own(title="").label == "wine"


@pytest.mark.parametrize("value", ["canary", "choice:", "required masked", "Required"])
def test_a_description_that_says_nothing_known_is_refused(value: str) -> None:
    with pytest.raises(Malformed) as caught:
        own(("a", "text", "", value))
    assert "canary" not in str(caught.value)


def test_what_is_no_template_is_refused() -> None:
    with pytest.raises(Malformed):
        own_template("x", Item("password", "", ()))
    with pytest.raises(Malformed):
        own_template("x", Item("template", "", (Slot("a", Plaintext(b"\xff")),)))
