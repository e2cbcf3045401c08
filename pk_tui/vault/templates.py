"""Templates: which slots an item of a kind has. Those built in, and those that people keep in a vault.

An own template is an item too, of template `template`, kept at `.templates/NAME`: its title is the template's label, and each of
its slots describes one, by its name, type, label and a value of lines: `required`, `masked`, and `choice: TEXT` for each choice.
So it is made, edited, versioned and shared like any item. What a slot's type means is next door (`slots`).
"""

from __future__ import annotations

from dataclasses import dataclass

from pk_tui.errors import Malformed
from pk_tui.vault.item import Item
from pk_tui.vault.slots import MASKED_TYPES

DIRECTORY = ".templates"
"""Where a vault keeps its own templates, at its root."""
OF_TEMPLATES = "template"
"""The template of templates."""


@dataclass(frozen=True, slots=True)
class TemplateSlot:
    """An empty slot. `choices`: what a slot of type choice may say."""

    name: str
    type: str
    label: str
    required: bool = False
    masked: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    name: str
    label: str
    slots: tuple[TemplateSlot, ...]

    def slot(self, name: str) -> TemplateSlot | None:
        return next((slot for slot in self.slots if slot.name == name), None)


def _slot(
    name: str, type_: str, label: str, required: bool = False, masked: bool = False, choices: tuple[str, ...] = ()
) -> TemplateSlot:
    return TemplateSlot(name, type_, label, required, masked or type_ in MASKED_TYPES, choices)


_NOTES = _slot("notes", "note", "Notes")

_BUILT_IN = (
    Template(
        "password",
        "Password",
        (
            _slot("username", "text", "User name"),
            _slot("password", "password", "Password", required=True),
            _slot("url", "url", "Website"),
            _slot("otp", "otp", "One-time code"),
            _NOTES,
        ),
    ),
    Template("note", "Note", (_slot("text", "note", "Text", required=True, masked=True),)),
    Template(
        "card",
        "Payment card",
        (
            _slot("holder", "text", "Name on the card"),
            _slot("number", "card", "Number", required=True),
            _slot("expires", "month", "Expires"),
            _slot("code", "password", "Security code"),
            _slot("pin", "password", "PIN"),
            _slot("brand", "choice", "Brand", choices=("Visa", "Mastercard", "American Express", "Discover", "other")),
            _NOTES,
        ),
    ),
    Template(
        "bank",
        "Bank account",
        (
            _slot("bank", "text", "Bank"),
            _slot("holder", "text", "Account holder"),
            _slot("account", "text", "Account number or IBAN", required=True, masked=True),
            _slot("bic", "text", "BIC or routing number"),
            _slot("username", "text", "User name"),
            _slot("password", "password", "Password"),
            _slot("pin", "password", "PIN"),
            _slot("url", "url", "Website"),
            _slot("phone", "phone", "Telephone"),
            _NOTES,
        ),
    ),
    Template(
        "identity",
        "Identity",
        (
            _slot("name", "text", "Full name", required=True),
            _slot("email", "email", "E-mail"),
            _slot("phone", "phone", "Telephone"),
            _slot("birthday", "date", "Date of birth"),
            _slot("address", "note", "Address"),
            _slot("company", "text", "Company"),
            _slot("nationality", "text", "Nationality"),
            _slot("document", "choice", "Document", choices=("passport", "identity card", "driving licence", "other")),
            _slot("number", "text", "Number of the document", masked=True),
            _slot("issued", "date", "Issued"),
            _slot("expires", "date", "Expires"),
            _NOTES,
        ),
    ),
    Template(
        "ssh-key",
        "SSH key",
        (
            _slot("private_key", "note", "Private key", required=True, masked=True),
            _slot("public_key", "text", "Public key"),
            _slot("fingerprint", "text", "Fingerprint"),
            _slot("passphrase", "password", "Passphrase"),
            _slot("host", "text", "Host"),
            _slot("username", "text", "User name"),
            _NOTES,
        ),
    ),
    Template(
        "api-token",
        "API token",
        (
            _slot("token", "password", "Token", required=True),
            _slot("id", "text", "Key id or user name"),
            _slot("url", "url", "Address of the service"),
            _slot("scope", "text", "What it may do"),
            _slot("expires", "date", "Expires"),
            _NOTES,
        ),
    ),
    Template(
        "totp",
        "One-time codes",
        (
            _slot("otp", "otp", "otpauth:// address or key", required=True),
            _slot("issuer", "text", "Service"),
            _slot("account", "text", "Account"),
            _NOTES,
        ),
    ),
    Template(
        "wifi",
        "Wi-Fi network",
        (
            _slot("ssid", "text", "Name of the network", required=True),
            _slot("password", "password", "Password"),
            _slot("security", "choice", "Security", choices=("WPA3", "WPA2", "WPA2 Enterprise", "WEP", "none")),
            _slot("hidden", "choice", "Hidden network", choices=("no", "yes")),
            _NOTES,
        ),
    ),
    Template(
        "server",
        "Server",
        (
            _slot("host", "text", "Host", required=True),
            _slot("port", "number", "Port"),
            _slot("username", "text", "User name"),
            _slot("password", "password", "Password"),
            _slot("private_key", "note", "Private key", masked=True),
            _slot("url", "url", "Website or console"),
            _slot("otp", "otp", "One-time code"),
            _NOTES,
        ),
    ),
    Template(OF_TEMPLATES, "Template of your own", ()),
)

BUILT_IN = {template.name: template for template in _BUILT_IN}
"""By name, in the order in which they are offered."""


def own_template(name: str, item: Item) -> Template:
    """The template that an item kept at `.templates/NAME` describes. Raises Malformed, quoting nothing, if it describes none."""
    if item.template != OF_TEMPLATES:
        raise Malformed(f"An item in {DIRECTORY} is no template: its own template is not “{OF_TEMPLATES}”.")
    slots = []
    for slot in item.slots:
        required = masked = False
        choices: list[str] = []
        try:
            lines = slot.value.reveal().decode().splitlines()
        except UnicodeDecodeError:
            raise Malformed("A slot of a template is described by bytes that are no text.") from None
        for line in map(str.strip, lines):
            word, colon, text = line.partition(":")
            if line == "required":
                required = True
            elif line == "masked":
                masked = True
            elif colon and word.strip() == "choice" and text.strip():
                choices.append(text.strip())
            elif line:
                raise Malformed(
                    "A slot of a template is described by a line that says neither `required`, `masked` nor `choice: TEXT`."
                )
        slots.append(_slot(slot.name, slot.type, slot.label or slot.name, required, masked, tuple(choices)))
    return Template(name, item.title or name, tuple(slots))
