"""`notifications`: messages to and from other nodes."""

from __future__ import annotations

from collections.abc import Sequence

from pk_tui.api.views import NotificationView
from pk_tui.cli.call import Call
from pk_tui.cli.commands import POSITIVE, Noun, argument, choice, flag, option, verb
from pk_tui.cli.output import Column, to_json
from pk_tui.clock import rfc3339
from pk_tui.safe_text import safe_text
from pk_tui.terms import NotificationId

notifications = Noun("notifications", "Messages: what came in, what waits to go out, and requests of strangers.")
inbox = Noun("inbox", "What came in from nodes you trust.")
outbox = Noun("outbox", "What waits to be delivered.")
requests = Noun("requests", "What came in from nodes you do not trust: who, when and what kind, until you accept it.")
for _box in (inbox, outbox, requests):
    notifications.add_command(_box)


def _json(row: NotificationView) -> dict[str, object]:
    return {
        "notification_id": str(row.notification_id),
        "from": str(row.sender),
        "type": row.type,
        "data": row.data,
        "is_read": row.is_read,
        "time": rfc3339(row.time),
    }


def _content(row: NotificationView) -> str:
    match row.data:
        case {"message": str(message)}:
            return safe_text(message, 3000)
        case {"vault_name": str(name), "vault_id": str(vault_id)}:
            return f"shares the vault “{safe_text(name)}” ({safe_text(vault_id)})"
        case {**rest} if rest:
            return safe_text(to_json(rest))
    return ""


async def _show(call: Call, rows: Sequence[NotificationView], other_side: str, empty: str) -> None:
    """`other_side` heads the column of nodes: by petname if there is one, else by the whole id."""
    names = {} if call.out.as_json else {node.node_id: node.petname for node in await call.api.nodes.list()}
    await call.out.table(
        rows,
        _json,
        [
            Column("ID", lambda row: str(row.notification_id)),
            Column("TIME", lambda row: call.out.ago(row.time)),
            Column(other_side, lambda row: names.get(row.sender) or str(row.sender)),
            Column("TYPE", lambda row: row.type),
            Column("", lambda row: "new" if other_side == "FROM" and not row.is_read else ""),
            Column("CONTENT", _content),
        ],
        empty,
    )


@verb(notifications, "send", argument("NODE"), argument("MESSAGE"))
async def send(call: Call, node: str, message: str) -> None:
    """Send a message. It waits in the outbox until the node can be reached."""
    notification = await call.api.notifications.send(node, message)
    await call.out.done({"notification_id": str(notification)}, f"The message to {safe_text(node)} is on its way.")


@verb(
    inbox,
    "read",
    flag("--unread", "Only those not read before."),
    option("--limit", "Show so many at most.", "N", kind=POSITIVE),
    choice("--order", "Which come first.", ("newest", "oldest")),
)
async def read_inbox(call: Call, unread: bool, limit: int | None, order: str) -> None:
    """Show what came in, and mark it as read."""
    rows = await call.api.notifications.inbox(unread, limit, order == "newest")
    await _show(call, rows, "FROM", "There is nothing new." if unread else "The inbox is empty.")


@verb(inbox, "remove", argument("ID"))
async def remove_from_inbox(call: Call, **given: str) -> None:
    """Remove one message."""
    await call.api.notifications.remove(NotificationId.parse(given["id"]))
    await call.out.done(None, "Removed the message.")


@verb(inbox, "clear")
async def clear_inbox(call: Call) -> None:
    """Remove all messages."""
    await call.api.notifications.clear()
    await call.out.done(None, "The inbox is empty now.")


@verb(outbox, "read")
async def read_outbox(call: Call) -> None:
    """Show what waits to be delivered."""
    await _show(call, await call.api.notifications.outbox(), "TO", "Nothing waits to be delivered.")


@verb(outbox, "remove", argument("ID"))
async def remove_from_outbox(call: Call, **given: str) -> None:
    """Do not deliver one message."""
    await call.api.notifications.outbox_remove(NotificationId.parse(given["id"]))
    await call.out.done(None, "The message will not be delivered.")


@verb(outbox, "clear")
async def clear_outbox(call: Call) -> None:
    """Deliver none of what waits."""
    await call.api.notifications.outbox_clear()
    await call.out.done(None, "The outbox is empty now.")


@verb(requests, "read")
async def read_requests(call: Call) -> None:
    """Show who asks for attention."""
    await _show(call, await call.api.notifications.requests(), "FROM", "There are no requests.")


@verb(requests, "accept", argument("ID"))
async def accept(call: Call, **given: str) -> None:
    """Take one request into the inbox and show it. Does not trust its sender."""
    row = await call.api.notifications.accept(NotificationId.parse(given["id"]))
    await call.out.done(_json(row), _accepted(row))


def _accepted(row: NotificationView) -> str:
    return f"From {row.sender}: {_content(row) or row.type}"


@verb(requests, "decline", argument("ID"))
async def decline(call: Call, **given: str) -> None:
    """Drop one request unread."""
    await call.api.notifications.decline(NotificationId.parse(given["id"]))
    await call.out.done(None, "Dropped the request.")
