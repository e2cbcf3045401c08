"""One-time codes: TOTP (RFC 6238) and HOTP (RFC 4226), from an otpauth:// address or a bare base32 key.

Addresses are read here: pyotp's reader refuses some that are in use (an issuer that differs from the label's, keys of 80 bits,
periods over two minutes). The codes themselves are pyotp's. What time it is, and keeping a counter, are the caller's.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, unquote_plus

from pk_tui.clock import SECOND, Instant
from pk_tui.errors import Misuse
from pk_tui.plaintext import Plaintext

MAX_SOURCE = 4096
"""Bytes of an address or key."""
MIN_BARE_KEY = 10
"""Bytes of a key that stands alone: services give at least 80 bits, and shorter ones are words more often than keys."""
MAX_PERIOD = 24 * 3600
MAX_COUNTER = 2**63 - 2

_ALGORITHMS: dict[str, Callable[[], Any]] = {"SHA1": hashlib.sha1, "SHA256": hashlib.sha256, "SHA512": hashlib.sha512}
_ADDRESS = re.compile(r"otpauth://(totp|hotp)/([^?#]*)(?:\?([^#]*))?(#.*)?", re.IGNORECASE | re.DOTALL)
_KNOWN = frozenset({"secret", "issuer", "algorithm", "digits", "period", "counter", "encoder"})
_NEITHER = "It is neither an otpauth:// address nor a key in base32 (letters and the digits 2 to 7)."


@dataclass(frozen=True, slots=True)
class Otp:
    """What codes are made from. `period` in seconds; `counter` is None for TOTP, else the next code's number."""

    key: Plaintext
    algorithm: str = "SHA1"
    digits: int = 6
    period: int = 30
    counter: int | None = None
    issuer: str = ""
    account: str = ""

    def code_at(self, now: Instant) -> Plaintext:
        """TOTP: the code of this moment."""
        assert self.counter is None, "a counter's code does not go by the time"
        return _code(self, max(0, now) // (self.period * SECOND))

    def remaining(self, now: Instant) -> float:
        """Seconds until another code is due."""
        span = self.period * SECOND
        return (span - max(0, now) % span) / SECOND

    def next_code(self) -> Plaintext:
        """HOTP: the code of its counter, which has to move on then."""
        assert self.counter is not None, "a code that goes by the time has no counter"
        return _code(self, self.counter)


def read_otp(source: Plaintext) -> Otp:
    """Raises Misuse, quoting nothing, for what gives no codes. White space around it is passed over, as are spaces and hyphens in
    a key, and case."""
    raw = source.reveal()
    if len(raw) > MAX_SOURCE:
        raise Misuse(f"It is too long for an otpauth:// address or key, which has at most {MAX_SOURCE} bytes.")
    try:
        text = raw.decode().strip()
    except UnicodeDecodeError:
        raise Misuse(_NEITHER) from None
    if ":" not in text:
        key = _key(text)
        if len(key) < MIN_BARE_KEY:
            raise Misuse(_NEITHER)
        return Otp(Plaintext(key))
    found = _ADDRESS.fullmatch(text)
    if not found:
        raise Misuse(_NEITHER)
    kind, label, query, _ = found.groups()
    return _from_address(kind.lower(), label, _fields(query or ""))


def with_counter(source: Plaintext, counter: int) -> Plaintext:
    """An otpauth:// address with its counter set; everything else of it stays as it is."""
    text = source.reveal().decode()
    before, mark, rest = text.partition("?")
    query, hash_, after = rest.partition("#")
    trailing = query[len(query.rstrip()) :]
    fields = [part for part in query.rstrip().split("&") if unquote_plus(part.partition("=")[0]).lower() != "counter"]
    return Plaintext.of_text(f"{before}{mark}{'&'.join([*fields, f'counter={counter}'])}{trailing}{hash_}{after}")


def _fields(query: str) -> dict[str, str]:
    """The query's known fields. One that stands twice means two things, and is refused."""
    fields: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        name = unquote_plus(name).lower()
        if name not in _KNOWN:
            continue
        if name in fields:
            raise Misuse(f"The otpauth:// address gives its {name} twice.")
        fields[name] = unquote_plus(value)
    return fields


def _from_address(kind: str, label: str, fields: dict[str, str]) -> Otp:
    if fields.get("encoder"):
        raise Misuse("The otpauth:// address asks for codes of another form than digits, which are not made here.")
    algorithm = fields.get("algorithm", "").upper().replace("-", "") or "SHA1"
    if algorithm not in _ALGORITHMS:
        raise Misuse("The otpauth:// address names an algorithm that is none of SHA1, SHA256 and SHA512.")
    if not fields.get("secret", "").strip():
        raise Misuse("The otpauth:// address has no secret.")
    issuer, account = _names(label)
    return Otp(
        Plaintext(_key(fields["secret"])),
        algorithm,
        digits=_number(fields, "digits", 6, 6, 8),
        period=_number(fields, "period", 30, 1, MAX_PERIOD),
        counter=_number(fields, "counter", 0, 0, MAX_COUNTER) if kind == "hotp" else None,
        issuer=fields.get("issuer") or issuer,
        account=account,
    )


def _names(label: str) -> tuple[str, str]:
    """Issuer and account of a label. The colon between them is often written as %3A; where both are there, `:` divides."""
    first, colon, rest = label.partition(":")
    if colon:
        return unquote(first).strip(), unquote(rest).strip()
    first, colon, rest = unquote(label).partition(":")
    return (first.strip(), rest.strip()) if colon else ("", first.strip())


def _number(fields: dict[str, str], name: str, default: int, least: int, most: int) -> int:
    text = fields.get(name, "").strip()
    if not text:
        return default
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1
    if not least <= number <= most:
        raise Misuse(f"The otpauth:// address gives a {name} that is no number from {least} to {most}.")
    return number


def _key(text: str) -> bytes:
    letters = re.sub(r"[\s-]", "", text).rstrip("=")
    if not re.fullmatch(r"[A-Za-z2-7]+", letters) or len(letters) % 8 in (1, 3, 6):  # some other letters become these
        raise Misuse(_NEITHER)
    return base64.b32decode(letters.upper() + "=" * (-len(letters) % 8))


def _code(otp: Otp, counter: int) -> Plaintext:
    import pyotp  # here, since nothing else of the program needs it

    class Generator(pyotp.HOTP):
        def byte_secret(self) -> bytes:
            # pyotp takes no keys below 112 bits. Services choose the key and 80 bits are common: better a code than none.
            return otp.key.reveal()

    generator = Generator("", digits=otp.digits, digest=_ALGORITHMS[otp.algorithm])
    return Plaintext.of_text(generator.generate_otp(counter))
