"""The two commands of a backup: making one of the node, and making a node of one."""

from __future__ import annotations

from pk_tui.cli.call import Call
from pk_tui.cli.commands import Needs, Noun, argument, option, verb
from pk_tui.cli.output import many, size_text
from pk_tui.control.invocation import no_password
from pk_tui.safe_text import safe_text


async def backup(call: Call, file: str) -> None:
    """Write everything of this node into one sealed file, which must not be there yet.

    All vaults with their history, contacts, shares, notifications and settings, as they are at this moment; work goes on
    meanwhile. The file is read back and verified before it gets its name. It opens with the password of now, or with the
    recovery code, and with no later password: keep the recovery code.
    """
    with call.out.progress() as progress:
        view = await call.api.lifecycle.backup(call.file(file), progress)
    await call.out.done(
        {"file": view.file, "vaults": view.vaults, "bytes": view.bytes},
        f"Backed up {many(view.vaults, 'vault')} into “{safe_text(view.file, 300)}” ({size_text(view.bytes)}), and read it "
        "back.",
    )


async def restore(call: Call, file: str, recovery_code_file: str | None) -> None:
    """Make a node of a backup, in an empty node directory.

    It opens with the password of the time of the backup, which the restored node then has; or with --recovery-code-file, and then
    the password given is the new one. Everything is back, and the node has a new key that succeeds the old one: others see a new
    node, and what was shared has to be shared again.
    """
    from pk_tui.bootstrap.restoring import occupied, restore_node
    from pk_tui.home import Home

    home = Home(call.invocation.node_path)
    if not home.is_empty():
        raise occupied(home)
    if recovery_code_file is None:
        words = None
        password = await call.invocation.ask_password("Password of the time of the backup: ")
    else:
        words = await call.recovery_words(recovery_code_file)
        password = await call.invocation.ask_new_password("New password of the restored node: ", "PK_PASSWORD")
    if password is None:
        raise no_password()
    with call.out.progress() as progress:
        done = await restore_node(home, call.file(file), password, words, progress)
    value = {
        "node_id": str(done.node_id),
        "vaults": done.vaults,
        "succeeds": str(done.predecessor),
        "confirmed": done.confirmed,
        "damaged": list(done.damaged),
    }
    lines = [
        f"Restored {many(done.vaults, 'vault')} as of {call.out.ago(done.made)}, on the new node {done.node_id}, which "
        f"succeeds {done.predecessor}.",
        "Its first claim is signed by the recovery key, which shows others that it is yours."
        if done.confirmed
        else "The succession is not confirmed: only the recovery code could sign it. Contacts have to take your word.",
    ]
    if done.shares:
        lines.append(f"{many(done.shares, 'share')} of before ended with the old key; share those vaults again.")
    lines += [f"Damaged already when the backup was made: {safe_text(what, 400)}" for what in done.damaged]
    await call.out.done(value, "\n".join(lines))


def add_to(root: Noun) -> None:
    """Both stand at the root."""
    verb(root, "backup", argument("FILE"))(backup)
    verb(
        root,
        "restore",
        argument("FILE"),
        option("--recovery-code-file", "Open the backup with the 24 words in this file (`-`: standard input).", "FILE"),
        needs=Needs.NOTHING,
    )(restore)
