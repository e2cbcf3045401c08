"""Items, which are secrets with named slots: what windows see of them, and what the agent promises about them.

The values are frozen; text in them is raw and goes through `safe_text`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pk_tui.plaintext import Plaintext
from pk_tui.terms import CommitId, SecretPath

ITEM_BEGINS = b'{"pk-item":1,'
"""How the bytes of every item begin, and of hardly anything else: who has read them need not ask for each secret."""


@dataclass(frozen=True, slots=True)
class SlotSpec:
    """An empty slot of a template. `type` is a hint for showing and checking: text, password, note, url, email, date, month,
    phone, number, card, otp, file or choice (one of `choices`); others are kept as they are. `masked`: its value is hidden until
    somebody asks."""

    name: str
    type: str
    label: str
    required: bool = False
    masked: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TemplateView:
    """`own`: kept in the vault that was asked for, not built in."""

    name: str
    label: str
    slots: tuple[SlotSpec, ...]
    own: bool = False


@dataclass(frozen=True, slots=True)
class SlotView:
    """`warning` says why the value does not look like one of its type, without quoting it; None if nothing speaks against it."""

    name: str
    type: str
    label: str
    masked: bool
    value: Plaintext
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class ItemView:
    template: str
    title: str
    tags: tuple[str, ...]
    slots: tuple[SlotView, ...]


@dataclass(frozen=True, slots=True)
class SlotChange:
    """A slot to set. `value` None removes it. `type` and `label` are for slots that the template does not have."""

    name: str
    value: Plaintext | None
    type: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class CodeView:
    """A one-time code. `remaining_s`: seconds until it changes, of a period of `period_s`; both 0 for a counter (HOTP), which
    has moved on by one commit."""

    code: Plaintext
    remaining_s: float
    period_s: int
    issuer: str
    account: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to generate: with `words` a passphrase of so many words of the EFF's long list, else a password of `length`
    characters of the chosen sorts, each of which comes at least once."""

    length: int = 20
    words: int = 0
    lower: bool = True
    upper: bool = True
    digits: bool = True
    symbols: bool = True
    easy: bool = False
    """Leaves out characters that are easily taken for one another."""
    separator: str = "-"
    exclude: str = field(default="")


@dataclass(frozen=True, slots=True)
class SuggestionView:
    """A generated value, and how many bits of chance are in it."""

    value: Plaintext
    entropy_bits: float


class Items(Protocol):
    """Secrets with named slots, made from templates."""

    async def templates(self, vault: str | None = None) -> Sequence[TemplateView]:
        """Built-in ones, and with `vault` those kept in it (`.templates/NAME`)."""
        ...

    async def create(
        self,
        vault: str,
        path: SecretPath,
        template: str,
        title: str,
        slots: Sequence[SlotChange],
        tags: Sequence[str] = (),
    ) -> CommitId:
        """AlreadyExists if something is there. Misuse for a template that is not, or a required slot without a value."""
        ...

    async def get(self, vault: str, path: SecretPath) -> ItemView:
        """Misuse if the secret is no item."""
        ...

    async def change(
        self,
        vault: str,
        path: SecretPath,
        slots: Sequence[SlotChange] = (),
        title: str | None = None,
        tags: Sequence[str] | None = None,
    ) -> CommitId | None: ...

    async def code(self, vault: str, path: SecretPath) -> CodeView:
        """The one-time code of now, of an item's first otp slot (or the one named by `#slot`), or of a secret that is an
        otpauth:// address or a bare base32 key."""
        ...

    async def check(self, slot_type: str, value: Plaintext, choices: Sequence[str] = ()) -> str | None:
        """Why a value does not look like one of this type, without quoting it: what `SlotView.warning` would say once it is
        kept. None if nothing speaks against it. Keeps nothing."""
        ...

    async def suggest(self, recipe: Recipe) -> SuggestionView: ...

    async def generate(self, vault: str, path: SecretPath, recipe: Recipe) -> CommitId:
        """Write a new value to a secret or slot."""
        ...

    async def new_ssh_key(self, vault: str, path: SecretPath, title: str, comment: str = "") -> CommitId:
        """An item with a new Ed25519 key pair in OpenSSH's form."""
        ...
