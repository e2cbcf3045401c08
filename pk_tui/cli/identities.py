"""`identities`: whom we know and trust, and what they may do."""

from __future__ import annotations

from pk_tui.api.views import GestaltView
from pk_tui.cli.call import Call
from pk_tui.cli.commands import Noun, argument, verb
from pk_tui.cli.output import Column
from pk_tui.errors import Misuse
from pk_tui.safe_text import safe_text
from pk_tui.terms import GESTALT_ACTIONS, Action

identities = Noun("identities", "Gestalts: who the nodes belong to, whom you trust, and what they may do.")


def _rights_json(view: GestaltView) -> dict[str, object]:
    return {"gestalt": view.gestalt, "actions": [action.value for action in view.actions]}


def _rights(view: GestaltView) -> str:
    return (
        f"{safe_text(view.gestalt)} may {', '.join(view.actions)}."
        if view.actions
        else (f"{safe_text(view.gestalt)} may do nothing here.")
    )


def _action(text: str) -> Action:
    actions = sorted(GESTALT_ACTIONS)
    if text not in actions:
        raise Misuse(f"“{safe_text(text, 40)}” is not an action. An action is one of {', '.join(actions)}.")
    return Action(text)


@verb(identities, "trust", argument("GESTALT"))
async def trust(call: Call, gestalt: str) -> None:
    """Let a node (full id or petname) send messages here, and be shared with. Compare its id with its owner before."""
    view = await call.api.gestalts.trust(gestalt)
    await call.out.done(_rights_json(view), _rights(view))


@verb(identities, "untrust", argument("GESTALT"))
async def untrust(call: Call, gestalt: str) -> None:
    """Take no more messages from a node. Vaults shared with it stay shared until `vaults unshare`."""
    view = await call.api.gestalts.untrust(gestalt)
    await call.out.done(_rights_json(view), _rights(view))


@verb(identities, "allow", argument("GESTALT"), argument("ACTION"))
async def allow(call: Call, gestalt: str, action: str) -> None:
    """Grant one action: notify, scan or claim."""
    view = await call.api.gestalts.allow(gestalt, _action(action))
    await call.out.done(_rights_json(view), _rights(view))


@verb(identities, "disallow", argument("GESTALT"), argument("ACTION"))
async def disallow(call: Call, gestalt: str, action: str) -> None:
    """Take one action back: notify, scan or claim."""
    view = await call.api.gestalts.disallow(gestalt, _action(action))
    await call.out.done(_rights_json(view), _rights(view))


@verb(identities, "permissions", argument("GESTALT"))
async def permissions(call: Call, gestalt: str) -> None:
    """Show what a gestalt may do here."""
    view = await call.api.gestalts.get(gestalt)
    await call.out.done(_rights_json(view), _rights(view))


def _gestalt_json(view: GestaltView) -> dict[str, object]:
    return {
        **_rights_json(view),
        "nodes": [str(node) for node in view.nodes],
        "identities": list(view.identities),
        "trusted": view.trusted,
    }


async def _show(call: Call, views: list[GestaltView]) -> None:
    await call.out.table(
        views,
        _gestalt_json,
        [
            Column("GESTALT", lambda view: view.gestalt),
            Column("NODES", lambda view: str(len(view.nodes)), to_the_right=True),
            Column("IDENTITIES", lambda view: ", ".join(view.identities) or "-"),
            Column("TRUSTED", lambda view: "yes" if view.trusted else "no"),
            Column("ACTIONS", lambda view: ", ".join(view.actions) or "-"),
        ],
        "Nobody is known here yet.",
    )


@verb(identities, "list")
async def list_gestalts(call: Call) -> None:
    """List all gestalts known here."""
    await _show(call, list(await call.api.gestalts.list()))


@verb(identities, "get", argument("GESTALT"))
async def get(call: Call, gestalt: str) -> None:
    """Show one gestalt, as `list` does."""
    await _show(call, [await call.api.gestalts.get(gestalt)])
