"""The nouns: parsed once at the border into types that cannot be wrong, then trusted everywhere.

Every `parse` raises `Misuse` with a sentence for people; no method here touches the world.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from pk_tui.errors import Misuse
from pk_tui.safe_text import is_safe_character, safe_text

MAX_NAME_BYTES = 255
MAX_PATH_BYTES = 1024
MAX_DEPTH = 64
"""Components of a path at most, so that no walk over a tree can be made deep."""

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_NODE_TEXT = re.compile(r"v[0-9a-v]{52}")
_PLAIN_NAME = re.compile(r"[0-9A-Za-z_][0-9A-Za-z_.-]{0,254}")
"""Names of which nothing has to be asked: nearly all."""
_PROVIDER = re.compile(r"[a-z][a-z0-9]{1,15}")
_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9._-]{0,252}")
"""Numbers and host names; what else a provider may know accounts by needs a spelling of these characters."""
_HEX_COMMIT = re.compile(r"[0-9a-f]{40}")
MIN_NODE_PREFIX = 12
"""Characters of a node id that may stand for the whole where no rights are granted."""


@dataclass(frozen=True, slots=True, order=True)
class NodeId:
    """A node: its Ed25519 public key. Text form: multibase base32hex, `v` and 52 characters."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != 32:
            raise Misuse("A node id is 32 bytes.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form; upper case is taken too. Anything not exactly canonical otherwise is refused."""
        lowered = text.strip().lower()
        if text.isascii() and _NODE_TEXT.fullmatch(lowered):  # some other letters become ASCII in lower case
            raw = base64.b32hexdecode(lowered[1:].upper() + "====")
            node = cls(raw)
            if str(node) == lowered:  # the last character carries 4 unused bits: only the canonical spelling counts
                return node
        raise Misuse(
            f"“{safe_text(text, 80)}” is not a node id. A node id is `v` followed by 52 characters of 0-9 and a-v."
        )

    def __str__(self) -> str:
        return "v" + base64.b32hexencode(self.raw).decode().rstrip("=").lower()

    def __repr__(self) -> str:
        return f"NodeId({self.short})"

    @property
    def short(self) -> str:
        """The first 12 characters, for sentences and tables; never for a decision."""
        return str(self)[:MIN_NODE_PREFIX]


def looks_like_node_id(text: str) -> bool:
    """True for a node id, a prefix of one that may stand for it, or anything near enough to be taken for one."""
    return re.fullmatch(rf"v[0-9a-v]{{{MIN_NODE_PREFIX - 1},}}", text.lower()) is not None


@dataclass(frozen=True, slots=True, order=True)
class ClaimId:
    """A claim of a node's sigchain: BLAKE2b-256 of its bytes. Text form hex."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != 32:
            raise Misuse("A claim id is 32 bytes.")

    def __str__(self) -> str:
        return self.raw.hex()


@dataclass(frozen=True, slots=True, order=True)
class IdentityId:
    """An account at a provider, by what that provider never gives to anybody else: `github:583231`, `web:example.org`.

    `account` is what is pinned (a number at GitHub, whose account names can change hands); the name that people know it by is
    kept beside it and proves nothing.
    """

    provider: str
    account: str

    def __post_init__(self) -> None:
        if not _PROVIDER.fullmatch(self.provider) or not _ACCOUNT.fullmatch(self.account):
            raise Misuse(f"“{safe_text(f'{self.provider}:{self.account}', 80)}” is no identity at a provider.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `provider:account`, as `str` writes it."""
        provider, _, account = text.partition(":")
        return cls(provider, account)

    def __str__(self) -> str:
        return f"{self.provider}:{self.account}"


Vertex = NodeId | IdentityId
"""What a gestalt is made of."""


@dataclass(frozen=True, slots=True, order=True)
class VaultId:
    """A vault on one node: 16 random bytes. Text form: multibase base58btc, `z` and up to 22 characters."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != 16:
            raise Misuse("A vault id is 16 bytes.")

    @classmethod
    def parse(cls, text: str) -> Self:
        vault = cls.parse_or_none(text)
        if vault is None:
            raise Misuse(f"“{safe_text(text, 60)}” is not a vault id. A vault id begins with `z`.")
        return vault

    @classmethod
    def parse_or_none(cls, text: str) -> Self | None:
        if not (17 <= len(text) <= 23 and text[0] == "z" and all(c in _BASE58 for c in text[1:])):
            return None
        number = 0
        for character in text[1:]:
            number = number * 58 + _BASE58.index(character)
        if number >> 128:
            return None
        vault = cls(number.to_bytes(16, "big"))
        return vault if str(vault) == text else None

    def __str__(self) -> str:
        number = int.from_bytes(self.raw, "big")
        digits = ""
        while number:
            number, digit = divmod(number, 58)
            digits = _BASE58[digit] + digits
        return "z" + "1" * (len(self.raw) - len(self.raw.lstrip(b"\0"))) + digits

    def __repr__(self) -> str:
        return f"VaultId({self})"


@dataclass(frozen=True, slots=True, order=True)
class LineageId:
    """A vault's lineage on every node that holds it: BLAKE2b-256 of the creating node's key and a nonce."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != 32:
            raise Misuse("A lineage id is 32 bytes.")

    def __str__(self) -> str:
        return self.raw.hex()


@dataclass(frozen=True, slots=True, order=True)
class NotificationId:
    """16 random bytes of the sender; text form hex. Unique only together with the sender."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != 16:
            raise Misuse("A notification id is 16 bytes.")

    @classmethod
    def parse(cls, text: str) -> Self:
        if not re.fullmatch(r"[0-9a-f]{32}", text):
            raise Misuse(f"“{safe_text(text, 60)}” is not a notification id. It has 32 characters of 0-9 and a-f.")
        return cls(bytes.fromhex(text))

    def __str__(self) -> str:
        return self.raw.hex()


@dataclass(frozen=True, slots=True, order=True)
class CommitId:
    """A version of a vault: the git name of its commit. Only a name; what proves a version is its signed head."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != 20:
            raise Misuse("A commit id is 20 bytes.")

    @classmethod
    def parse(cls, text: str) -> Self:
        if not _HEX_COMMIT.fullmatch(text):
            raise Misuse(f"“{safe_text(text, 60)}” is not a commit id. It has 40 characters of 0-9 and a-f.")
        return cls(bytes.fromhex(text))

    def __str__(self) -> str:
        return self.raw.hex()

    @property
    def short(self) -> str:
        return self.raw.hex()[:8]


def name_fault(name: str, forbidden: str = "") -> str | None:
    """Why this may not be one name (a path component, vault name or petname), or None if it may.

    Names are NFC text of 1 to 255 bytes of UTF-8 without characters that steer a terminal or do not show.
    """
    if not name:
        return "it is empty"
    if name.isascii() and name.isprintable():
        size = len(name)
    else:
        try:
            size = len(name.encode())
        except UnicodeEncodeError:
            return "it is not valid UTF-8"
        if not all(map(is_safe_character, name)):
            return "it has characters that do not show or that steer a terminal"
        if not unicodedata.is_normalized("NFC", name):
            return "it is not in Unicode normal form C"
        if safe_text(name, 2 * MAX_NAME_BYTES) != name:
            return "it piles marks on one letter, so that it may look like another name"
    if size > MAX_NAME_BYTES:
        return f"it is longer than {MAX_NAME_BYTES} bytes"
    for character in forbidden:
        if character in name:
            return f"it has a “{character}”"
    return None


def component_fault(name: str) -> str | None:
    """Why this may not be one component of a secret's path, or None."""
    if name in (".", ".."):
        return "“.” and “..” are not names"
    if len(name) == 4 and name.casefold() == ".git":
        return "“.git” is not allowed in any spelling"
    return name_fault(name, "/")


@dataclass(frozen=True, slots=True, order=True)
class SecretPath:
    """Where a secret lies in its vault: 1 to 64 names, at most 1,024 bytes joined by `/`."""

    parts: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `a/b/c`. A leading or trailing slash is forgiven; text is brought to NFC; anything else wrong is refused."""
        try:
            normal = unicodedata.normalize("NFC", text)
        except UnicodeEncodeError:  # pragma: no cover - lone surrogates pass normalize on CPython
            normal = text
        return cls.of(tuple(normal.strip("/").split("/")))

    @classmethod
    def of(cls, parts: tuple[str, ...]) -> Self:
        if not parts:
            raise Misuse("The path of a secret has at least one name.")
        return cls._of(parts, parts)

    @classmethod
    def _of(cls, parts: tuple[str, ...], unchecked: tuple[str, ...]) -> Self:
        """`unchecked`: those of the parts that are not known to be names."""
        joined = "/".join(parts)
        for part in unchecked:
            fault = None if _PLAIN_NAME.fullmatch(part) else component_fault(part)
            if fault:
                raise Misuse(f"“{safe_text(joined)}” cannot be the path of a secret: {fault}.")
        if len(parts) > MAX_DEPTH:
            raise Misuse(f"“{safe_text(joined)}” cannot be the path of a secret: it is deeper than {MAX_DEPTH} names.")
        if len(joined) > MAX_PATH_BYTES or (not joined.isascii() and len(joined.encode()) > MAX_PATH_BYTES):
            raise Misuse(
                f"“{safe_text(joined)}” cannot be the path of a secret: it is longer than {MAX_PATH_BYTES} bytes."
            )
        return cls(parts)

    def __str__(self) -> str:
        return "/".join(self.parts)

    def __truediv__(self, name: str) -> SecretPath:
        return SecretPath._of((*self.parts, name), (name,))

    @property
    def name(self) -> str:
        return self.parts[-1]

    @property
    def parent(self) -> tuple[str, ...]:
        return self.parts[:-1]

    def is_under(self, other: SecretPath) -> bool:
        """True if this path lies below `other` (not equal to it)."""
        return len(self.parts) > len(other.parts) and self.parts[: len(other.parts)] == other.parts


_VAULT_NAME_FORBIDDEN = ":@#=/"


def vault_name(text: str) -> str:
    """A vault's name: 1 to 255 bytes of NFC text without controls or `: @ # = /`, not shaped like a vault id."""
    name = unicodedata.normalize("NFC", text)
    fault = name_fault(name, _VAULT_NAME_FORBIDDEN)
    if fault is None and name.strip() != name:
        fault = "it begins or ends with a space"
    if fault is None and name.startswith("-"):
        fault = "it begins with “-”"
    if fault is None and VaultId.parse_or_none(name):
        fault = "it looks like a vault id"
    if fault:
        raise Misuse(f"“{safe_text(text, 80)}” cannot be the name of a vault: {fault}.")
    return name


def petname(text: str) -> str:
    """The name we give a node: like a vault's name; may hold `@` but must not look like a node id or `provider:identity`."""
    name = unicodedata.normalize("NFC", text)
    fault = name_fault(name, ":#=/")
    if fault is None and name.strip() != name:
        fault = "it begins or ends with a space"
    if fault is None and name.startswith("-"):
        fault = "it begins with “-”"
    if fault is None and looks_like_node_id(name):
        fault = "it looks like a node id"
    if fault:
        raise Misuse(f"“{safe_text(text, 80)}” cannot be a petname: {fault}.")
    return name


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Where a node may answer: host (name or IP) and TCP port."""

    host: str
    port: int

    @classmethod
    def parse(cls, host: str, port: int | str) -> Self:
        host = host.strip().strip("[]")
        if not re.fullmatch(r"[0-9A-Za-z._:%-]{1,253}", host):
            raise Misuse(f"“{safe_text(host, 80)}” is not a host name or IP address.")
        number = int(port) if re.fullmatch(r"[0-9]{1,5}", str(port)) else 0  # int() alone takes “8_0” and other digits
        if not 1 <= number <= 65535:
            raise Misuse(f"“{safe_text(str(port), 20)}” is not a port. A port is a number from 1 to 65535.")
        return cls(host, number)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Action(StrEnum):
    """What a right allows: the first three are held on a gestalt, the last two on a vault."""

    NOTIFY = "notify"
    SCAN = "scan"
    CLAIM = "claim"
    CLONE = "clone"
    PULL = "pull"


GESTALT_ACTIONS = frozenset({Action.NOTIFY, Action.SCAN, Action.CLAIM})
VAULT_ACTIONS = frozenset({Action.CLONE, Action.PULL})


class Change(StrEnum):
    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"
