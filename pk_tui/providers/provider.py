"""What a provider of identities can do, and the words for it. No work here.

What a provider says is what was seen there, no more: the signature of the text is not looked at here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pk_tui.clock import Instant
from pk_tui.errors import Busy, Conflict
from pk_tui.plaintext import Plaintext
from pk_tui.terms import IdentityId

FILE = "pk-tui.txt"
"""What the file with the statement is called, wherever it lies."""
MAX_TEXT = 16 * 1024
"""Bytes of a text that is looked at. A statement has less than 2 KiB; people may write a few lines around it."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account. `identity` is what is pinned; `name` is what people call it, which can change hands. In what a provider
    returns the name is printable ASCII and of now; what is given to one may have any name."""

    identity: IdentityId
    name: str


@dataclass(frozen=True, slots=True)
class Published:
    """A text that an account shows. Only the text is the account's word; nothing has been verified about it.

    url: where a person can look at it; locator: what `find` and `unpublish` take to reach it again.
    """

    account: Account
    text: str
    url: str
    locator: str


@dataclass(frozen=True, slots=True)
class LoginStep:
    """A login that waits for the person: they open `url`, enter `user_code` and agree, until `expires`."""

    url: str
    user_code: str
    expires: Instant
    interval: float
    """Seconds between two questions, as the provider wants it."""
    device_code: Plaintext
    """What the token is asked for with."""


class Limited(Busy):
    """The provider answers no more for now. `until`: when it may be asked again, which is never more than a day ahead."""

    def __init__(self, message: str, until: Instant) -> None:
        super().__init__(message)
        self.until = until


@runtime_checkable
class Provider(Protocol):
    """Accounts of one kind. Every method raises NotFound, Unreachable, Limited, Malformed,
    PermissionDenied (by a rule of ours or theirs) or PeerMisbehaved (an answer that contradicts itself)."""

    @property
    def name(self) -> str:
        """As in IdentityId.provider."""
        ...

    async def resolve(self, name: str, pinned: IdentityId | None = None) -> Account:
        """The account that people call `name`. Raises Conflict if it is another one than `pinned`, Misuse if it is no name."""
        ...

    async def find(self, account: Account, locator: str = "") -> Sequence[Published]:
        """What the account shows that could be a statement: what lies at the locator if something of this account does,
        else what a bounded look through its public places brings. At least one; raises NotFound if there is none.

        The locator is a hint from a claim and is believed in nothing; `account.name` neither.
        """
        ...

    def by_hand(self, account: Account) -> str:
        """A sentence for people: where to put a statement without a login here."""
        ...


@runtime_checkable
class Publisher(Provider, Protocol):
    """A provider at which this program can publish, once the person has logged in."""

    async def begin_login(self) -> LoginStep: ...

    async def finish_login(self, step: LoginStep) -> Plaintext:
        """Waits until the person has agreed and returns the token. Raises PermissionDenied if they did not, Cancelled if the
        time is over."""
        ...

    async def logged_in(self, token: Plaintext) -> Account:
        """Whose token this is. Asked before a statement that names the account is signed."""
        ...

    async def publish(self, account: Account, text: str, token: Plaintext) -> Published:
        """Show the text publicly. Raises Conflict if the token is another account's."""
        ...

    async def unpublish(self, locator: str, token: Plaintext) -> None: ...


def hold(found: Account, pinned: IdentityId | None) -> Account:
    """The account, if it is the pinned one. Raises Conflict: a name that leads elsewhere now is somebody else."""
    if pinned is None or found.identity == pinned:
        return found
    raise Conflict(
        f"“{found.name}” is {found.identity} now and was {pinned}. It is another account: somebody else may have taken the "
        "name over, and nothing that was believed of the old one holds for it."
    )
