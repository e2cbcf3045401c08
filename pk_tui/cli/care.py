"""`vaults forget`, and `tidy`: what is taken out of a vault's history for good, and frames brought into order."""

from __future__ import annotations

from pk_tui.api.care import TidyView
from pk_tui.api.views import ForgetView
from pk_tui.cli.call import Call
from pk_tui.cli.commands import Noun, argument, flag, option, verb
from pk_tui.cli.output import many, size_text
from pk_tui.cli.vaults import vaults
from pk_tui.errors import Cancelled, Misuse
from pk_tui.safe_text import safe_text
from pk_tui.terms import SecretPath


@verb(
    vaults,
    "forget",
    argument("VAULT"),
    argument("PATH"),
    flag("--yes", "Do not ask (for scripts)."),
    option("--value-of", "Forget only the value that the secret has in this version.", "COMMIT", called="value_of"),
    flag("--everywhere", "With --value-of: forget this value also where other secrets of the vault have or had it."),
    flag("--leave-origin", "In a fork: forget also what came from its origin; it then no longer pulls from there."),
)
async def forget(
    call: Call, vault: str, path: str, yes: bool, value_of: str | None, everywhere: bool, leave_origin: bool
) -> None:
    """Remove a secret or directory from all versions of a vault, for good.

    The history is written anew without it, under a new key, and the old frames are deleted: there is no way back. Versions get
    new commit ids. With --value-of the secret stays, and only one of its old values goes. Only this path is forgotten: a copy
    of the secret at another path, or in another vault, stays; --value-of with --everywhere reaches copies at every path of this
    vault, of which none may have the value now. Nodes that have cloned the vault keep what they have, and so do
    backups: change the value wherever it is used.
    """
    if everywhere and value_of is None:
        raise Misuse("--everywhere goes with --value-of COMMIT, which says what value is meant.")
    where = SecretPath.parse(path)
    shown = safe_text(f"{vault}:{where}", 1400)
    what = f"“{shown}”" if value_of is None else f"One value of “{shown}”{' everywhere' if everywhere else ''}"
    if not yes:
        await _require_consent(
            call,
            f"{what} will be removed from all versions, for good. Clones on other nodes and backups keep what they have.\n"
            "Type yes to go on: ",
        )
    with call.out.progress() as progress:
        view = await call.api.vaults.forget(vault, where, progress, leave_origin, value_of, everywhere)
    value = {
        "versions": view.versions,
        "objects": view.objects,
        "seen_by": [str(node) for node in view.seen_by],
        "head": str(view.head),
    }
    if value_of is not None:
        value["still_held"] = view.still_held
    await call.out.done(value, _forgotten(what, view))


def _forgotten(what: str, view: ForgetView) -> str:
    done = f"{many(view.versions, 'version')} written anew, {many(view.objects, 'object')} gone"
    lines = [f"Forgot {what[0].lower() + what[1:]}: {done}."]
    if view.seen_by:
        lines.append(
            f"{many(len(view.seen_by), 'node')} had been given a version that held it, and {_keep(len(view.seen_by))} what "
            f"{'it has' if len(view.seen_by) == 1 else 'they have'}:"
        )
        lines += [f"    {node}" for node in view.seen_by]
        lines.append("Their clones show the history as rewritten. Change the value where it is used.")
    else:
        lines.append("No other node had been given a version that held it.")
    if view.still_held:
        lines.append("Other places of this vault still hold the same value; --everywhere forgets it there too.")
    return "\n".join(lines)


def _keep(number: int) -> str:
    return "keeps" if number == 1 else "keep"


async def _require_consent(call: Call, question: str) -> None:
    """Raises Cancelled unless the user says yes, and Misuse where nobody can be asked."""
    if not call.invocation.request.stderr_tty:
        raise Misuse("This cannot be undone, and there is no terminal to ask on. Say --yes if it is meant.")
    answer = await call.invocation.ask_hidden(question)
    if answer is None or answer.reveal().strip().lower() not in (b"yes", b"y"):
        raise Cancelled("Nothing was changed.")


async def tidy(call: Call, new_keys: bool) -> None:
    """Gather what many small changes have left in small pieces, and drop what nothing needs.

    An idle agent does this by itself. With --new-keys every vault also comes under a new key, and the old keys are deleted.
    """
    with call.out.progress() as progress:
        view = await call.api.lifecycle.tidy(new_keys, progress)
    value = {"vaults": view.vaults, "objects": view.objects, "before": view.before, "after": view.after}
    await call.out.done(value, _tidied(view, new_keys))


def _tidied(view: TidyView, new_keys: bool) -> str:
    under = ", all under new keys" if new_keys else ""
    return (
        f"Tidied {many(view.vaults, 'vault')} with {many(view.objects, 'object')}{under}. The database had "
        f"{size_text(view.before)} and has {size_text(view.after)}."
    )


def add_to(root: Noun) -> None:
    """`tidy` stands at the root."""
    verb(root, "tidy", flag("--new-keys", "Seal every vault under a new key, and delete the old one."))(tidy)
