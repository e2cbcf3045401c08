"""`secrets generate` and `secrets otp`: values that are made, not typed."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator

import click

from pk_tui.api.items import Recipe
from pk_tui.cli.arguments import secret_address
from pk_tui.cli.call import Call
from pk_tui.cli.commands import POSITIVE, argument, flag, option, verb
from pk_tui.cli.secrets import secrets
from pk_tui.errors import Misuse
from pk_tui.safe_text import safe_text


@verb(
    secrets,
    "generate",
    argument("SECRET"),
    option("--length", "Characters of a password (20).", "N", kind=POSITIVE),
    option("--words", "Make a passphrase of N words of the EFF's long list.", "N", kind=POSITIVE),
    option("--separator", "What stands between the words (-).", "TEXT"),
    flag("--no-lower", "No lower-case letters."),
    flag("--no-upper", "No upper-case letters."),
    flag("--no-digits", "No digits."),
    flag("--no-symbols", "No symbols."),
    flag("--easy", "No characters that are easily taken for one another, such as 0 and O."),
    option("--exclude", "Characters not to use.", "CHARS", default=""),
    click.Option(["--print", "shown"], is_flag=True, help="Print the value too."),
)
async def generate(
    call: Call,
    secret: str,
    length: int | None,
    words: int | None,
    separator: str | None,
    no_lower: bool,
    no_upper: bool,
    no_digits: bool,
    no_symbols: bool,
    easy: bool,
    exclude: str,
    shown: bool,
) -> None:
    """Write a new password or passphrase to the secret VAULT:PATH, or to a slot, VAULT:PATH#SLOT.

    Of each sort of characters at least one is in a password. A value that is there stays in earlier versions.
    """
    vault, path = secret_address(secret)
    about_letters = length is not None or no_lower or no_upper or no_digits or no_symbols or easy or bool(exclude)
    if words is not None and about_letters:
        raise Misuse("A passphrase (--words) has no --length and no sorts of characters. Choose one of the two.")
    if words is None and separator is not None:
        raise Misuse("--separator stands between the words of a passphrase: give --words too.")
    recipe = Recipe(
        length=20 if length is None else length,
        words=words or 0,
        lower=not no_lower,
        upper=not no_upper,
        digits=not no_digits,
        symbols=not no_symbols,
        easy=easy,
        separator="-" if separator is None else separator,
        exclude=exclude,
    )
    made = await call.api.items.suggest(recipe)

    async def content() -> AsyncIterator[bytes]:
        yield made.value.reveal()

    commit = await call.api.secrets.write(vault, path, content())
    bits = round(made.entropy_bits, 1)
    value: dict[str, object] = {"commit": None if commit is None else str(commit), "entropy_bits": bits}
    sentence = f"Wrote a new value of {bits} bits to “{safe_text(secret, 1400)}”."
    if not shown:
        await call.out.done(value, sentence)
        return
    text = made.value.reveal().decode()
    await call.out.note(sentence)
    await call.out.done({**value, "value": text}, safe_text(text, len(text) + 1))


@verb(secrets, "otp", argument("SECRET"))
async def otp(call: Call, secret: str) -> None:
    """Print the one-time code of an item, a slot, or a secret that is an otpauth:// address or a key in base32.

    A code that goes by a counter (HOTP) is given once: the counter moves on.
    """
    view = await call.api.items.code(*secret_address(secret))
    remaining = math.ceil(view.remaining_s)
    code = view.code.reveal().decode()
    value = {
        "code": code,
        "remaining_s": remaining,
        "period_s": view.period_s,
        "issuer": view.issuer,
        "account": view.account,
    }
    await call.out.done(value, code)
    if view.period_s:
        await call.out.note(f"It changes in {remaining} s.")
