"""`keys sign`, `verify`, `encrypt` and `decrypt`: what the node's key does for files, read where the command is typed."""

from __future__ import annotations

from pk_tui.cli.call import Call
from pk_tui.cli.commands import argument, verb
from pk_tui.cli.keys import keys
from pk_tui.cli.output import many
from pk_tui.errors import CannotOpen, Misuse
from pk_tui.safe_text import safe_text

NOT_VALID = 65


def _shown(file: str) -> str:
    return "standard input" if file == "-" else f"“{safe_text(file, 300)}”"


@verb(keys, "sign", argument("FILE"))
async def sign(call: Call, file: str) -> None:
    """Sign what is in a file (`-`: standard input) with this node's key."""
    signature = await call.api.keys.sign(call.invocation.read(file))
    await call.out.done({"signature": signature}, signature)


@verb(keys, "verify", argument("FILE"), argument("SIGNATURE"), argument("NODE"))
async def verify(call: Call, file: str, signature: str, node: str) -> int:
    """Say whether a signature is this node's, over what is in a file (`-`: standard input). If not, the exit code is 65."""
    valid = await call.api.keys.verify(call.invocation.read(file), signature, node)
    whose = safe_text(node, 80)
    good = f"The signature is good: {whose} has signed exactly what is in {_shown(file)}."
    bad = f"The signature is not good: it is not by {whose}, or not over what is in {_shown(file)}."
    await call.out.done({"valid": valid}, good if valid else bad)
    return 0 if valid else NOT_VALID


@verb(keys, "encrypt", argument("FILE"), argument("NODE"))
async def encrypt(call: Call, file: str, node: str) -> None:
    """Seal a file (`-`: standard input) so that only this node can open it, and write the sealed bytes to standard output."""
    if call.invocation.request.stdout_tty:
        raise Misuse(
            "Sealed bytes are nothing for a terminal. Send them to a file: `pk-tui keys encrypt FILE NODE > SEALED`."
        )
    async for piece in call.api.keys.encrypt(call.invocation.read(file), node):
        await call.out.raw(piece)


@verb(keys, "decrypt", argument("FILE"))
async def decrypt(call: Call, file: str) -> None:
    """Open a file (`-`: standard input) that was sealed for this node, and write what is in it to standard output.

    Each part is written once it is known to be as it was sealed. If the rest turns out to be damaged or missing, the exit code
    is 65, and what was written is not all of it: look at the exit code before you use the output.
    """
    written = 0
    try:
        async for piece in call.api.keys.decrypt(call.invocation.read(file)):
            await call.out.raw(piece.reveal())
            written += len(piece)
    except CannotOpen as error:
        if not written:
            raise
        raise CannotOpen(f"{error.message} {many(written, 'byte')} had been written by then.") from error
