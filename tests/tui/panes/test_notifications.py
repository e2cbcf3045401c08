from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from simulator import VirtualClock, World, eventually
from textual.geometry import Offset
from tui.stage import Stage, stage, write

from pk_tui.api.views import NotificationView
from pk_tui.clock import SECOND
from pk_tui.terms import Address, NotificationId, VaultId
from pk_tui.tui.live import Live, Noun
from pk_tui.tui.notes import Box, NoteRow, notes_in, rows_in
from pk_tui.tui.panes.notifications import NotificationsPane, Place
from pk_tui.tui.screens.lock import LockScreen
from pk_tui.tui.screens.workspace import Workspace
from pk_tui.tui.widgets.note_view import NoteView
from pk_tui.tui.widgets.notes_table import NotesTable

CANARY = b"canary-value"
SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)])


def live(s: Stage) -> Live:
    assert s.app.session is not None
    return s.app.session.live


def row_of(s: Stage, box: Box, at: int = 0) -> NoteRow:
    return rows_in(live(s), box, s.app.clock.now())[at]


async def on(s: Stage, key: str, box: Box = Box.REQUESTS, count: int = 1) -> NotificationsPane:
    """The pane, with this list showing and so much in it."""
    await s.press("4", key)
    await s.until(lambda: len(notes_in(live(s), box)) == count, f"{count} in {box}")
    await s.pilot.pause()
    return s.screen.query_one(NotificationsPane)


def table(s: Stage) -> NotesTable:
    return s.screen.query_one(NotesTable)


def cursor(s: Stage) -> str:
    current = table(s).current
    assert current is not None
    return str(current.note.data.get("message", current.note.data.get("vault_name")))


async def arrived(w: World, count: int) -> None:
    async def here() -> bool:
        return len(await w.agents["alice"].notifications.inbox(mark_read=False)) == count

    await eventually(here)


def messages(count: int) -> Callable[[World], Awaitable[None]]:
    async def prepare(w: World) -> None:
        for number in range(count):
            await w.agents["bob"].notifications.send("alice", f"message {number}")
            await arrived(w, number + 1)  # in this order

    return prepare


async def shared(w: World) -> None:
    bob = w.agents["bob"]
    await bob.vaults.create("infra")
    for path in ("db/one", "db/two", "tls"):
        await write(bob, "infra", path, CANARY)
    await bob.vaults.share("infra", "alice")
    await arrived(w, 1)


async def a_request(w: World) -> None:
    mallory = await w.add("mallory")
    await mallory.nodes.add(w.ids["alice"], Address("alice", 1), ping=False)
    await mallory.notifications.send(str(w.ids["alice"]), "buy this")

    async def here() -> bool:
        return bool(await w.agents["alice"].notifications.requests())

    await eventually(here)


async def put(s: Stage, *notes: NotificationView, box: str = "inbox") -> None:
    """As if the agent had these: for what no agent of ours sends."""
    s.app.workers.cancel_group(s.app, "live")
    setattr(live(s), box, list(notes))
    live(s).changed.publish(Noun.NOTIFICATIONS)
    await s.pilot.pause()


# The whole way of a share


@SIZES
def test_a_share_arrives_and_is_cloned_by_keyboard_and_one_lands_in_the_vault(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with stage(size, clock=VirtualClock()) as s:
            await s.press("4")
            await s.see("Nothing here yet.")
            await shared(s.world)
            await s.see("• new", "Share", "bob", "vault infra (clone, pull, scan)", "4 Inbox(1)", "not cloned yet")
            await s.press("a")
            await s.see("Clone infra", "bob, trusted", "3 secrets, 36 B, 4 versions", "“infra”")
            await s.press("ctrl+s")
            await s.see("Cloned infra from bob.", "[1 Vaults]")
            assert [(row.name, row.read_only) for row in live(s).vaults] == [("infra", True)]
            await s.press("4")
            await s.see("cloned as infra", "a Go to the vault")
            assert live(s).unread == 0
            assert CANARY.decode() not in s.screen_text()
            await s.press("a")
            await s.see("[1 Vaults]")

    asyncio.run(scenario())


def test_a_cloned_share_that_is_behind_is_pulled_by_the_same_key() -> None:
    async def cloned(w: World) -> None:
        await shared(w)
        await w.agents["alice"].vaults.clone("infra", "bob")

    async def scenario() -> None:
        async with stage(prepare=cloned) as s:
            await on(s, "i", Box.INBOX)
            await write(s.bob, "infra", "new", CANARY)
            await s.see("1 version behind", "a Pull")
            await s.press("a")
            await s.see("Pulled infra: 1 added, in 1 version.")
            await s.see("a Go to the vault")

    asyncio.run(scenario())


def test_whoever_has_gone_on_to_something_else_stays_there_when_a_clone_ends() -> None:
    async def two(w: World) -> None:
        await shared(w)
        await w.agents["bob"].notifications.send("alice", "hello")
        await arrived(w, 2)

    async def scenario() -> None:
        async with stage(prepare=two) as s:
            await on(s, "i", Box.INBOX, 2)
            await s.press("j", "a")
            await s.see("3 secrets")
            s.world.network.latency = (0.15, 0.15)
            await s.press("ctrl+s", "k")
            await s.see("Cloned infra from bob", "[4 Inbox(1)]")
            assert cursor(s) == "hello"

    asyncio.run(scenario())


def test_a_share_of_a_node_that_is_off_shows_the_check_that_fails() -> None:
    async def scenario() -> None:
        async with stage((80, 24), shared) as s:
            await on(s, "i", Box.INBOX)
            await s.world.stop("bob")
            await s.press("a")
            await s.see("That did not work", "✓ known?", "✗ reachable?")
            await s.press("escape")
            assert await s.alice.vaults.list() == []

    asyncio.run(scenario())


# Looking, marking, deleting


@SIZES
def test_looking_marks_nothing_going_in_marks_one_and_shift_m_marks_all(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with stage(size, messages(4)) as s:
            await on(s, "i", Box.INBOX, 4)
            await s.press("j", "k", "j")
            await s.see("[i Inbox 4]")
            await s.press("enter")
            await s.see("[i Inbox 3]")
            assert s.screen.query_one(NoteView).has_focus
            await s.press("escape")
            assert table(s).has_focus
            assert [note.is_read for note in await s.alice.notifications.inbox(mark_read=False)] == [
                False,
                True,
                False,
                False,
            ]
            await s.press("m")
            await s.see("This one is marked as read already.")
            await s.press("j", "m")
            await s.see("[i Inbox 2]")
            assert cursor(s) == "message 1"
            await s.press("M")
            await s.see("Marked 2 notifications as read.", "[i Inbox]")
            await s.press("M")
            await s.see("Nothing in the inbox is new.")

    asyncio.run(scenario())


def test_deleting_asks_and_clearing_takes_only_what_is_read() -> None:
    async def scenario() -> None:
        async with stage(prepare=messages(3)) as s:
            await on(s, "i", Box.INBOX, 3)
            await s.press("D")
            await s.see("Nothing in the inbox is read yet")
            await s.press("m", "j", "d")
            await s.see("Delete this notification?")
            await s.press("y")
            await s.see("Deleted the message from bob.")
            await s.until(lambda: len(live(s).inbox) == 2)
            await s.press("D")
            await s.see("1 notification that you have read goes for good.")
            await s.press("y")
            await s.until(lambda: [note.data for note in live(s).inbox] == [{"message": "message 0"}])

    asyncio.run(scenario())


# The other lists


@SIZES
def test_a_request_hides_its_contents_until_it_is_accepted(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with stage(size, a_request) as s:
            await on(s, "R")
            await s.see("• asks", "Message", "hidden until", "is not shown", "4 Inbox(1)", "R Requests 1")
            assert "buy this" not in s.screen_text()
            await s.press("a")
            await s.see("Accept this request?")
            await s.press("y")
            await s.see("[i Inbox 1]", "buy this", "NOT trusted")
            assert cursor(s) == "buy this"

    asyncio.run(scenario())


def test_x_declines_a_request_and_a_share_and_nothing_else() -> None:
    async def both(w: World) -> None:
        await a_request(w)
        await shared(w)

    async def scenario() -> None:
        async with stage(prepare=both) as s:
            await on(s, "R")
            await s.press("x")
            await s.see("Decline this request?")
            await s.press("y")
            await s.see("Nobody asks for anything.")
            await s.press("x")
            await s.see("There is nothing here to decline.")
            await s.press("i", "x")
            await s.see("Decline this share?")
            await s.press("y")
            await s.see("Nothing here yet.")

    asyncio.run(scenario())


@SIZES
def test_the_outbox_says_what_waits_for_whom_and_d_takes_it_back(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with stage(size) as s:
            await on(s, "o", Box.OUTBOX, 0)
            await s.see("Nothing waits to be sent.")
            await s.world.stop("bob")
            await s.alice.notifications.send("bob", "later then")
            await s.see("waits", "To", "bob", "later then", "not connected", "Waits until bob can be reached")
            await s.press("a")
            await s.see("This waits to be sent")
            await s.press("d")
            await s.see("Take this back?")
            await s.press("y")
            await s.see("Nothing waits to be sent.")

    asyncio.run(scenario())


def test_brackets_and_letters_turn_from_list_to_list_and_each_keeps_its_place() -> None:
    async def scenario() -> None:
        async with stage(prepare=messages(3)) as s:
            await on(s, "i", Box.INBOX, 3)
            await s.press("j", "j")
            for key, tab in [("]", "[o Outbox]"), ("]", "[R Requests]"), ("]", "[i Inbox 3]"), ("[", "[R Requests]"),
                             ("o", "[o Outbox]"), ("i", "[i Inbox 3]")]:  # fmt: skip
                await s.press({"]": "right_square_bracket", "[": "left_square_bracket"}.get(key, key))
                await s.see(tab)
            assert cursor(s) == "message 0"
            for key in ("x", "a"):
                await s.press(key)
                await s.see("There is nothing to")

    asyncio.run(scenario())


def test_keys_on_an_empty_list_say_why_they_do_nothing() -> None:
    async def scenario() -> None:
        async with stage((80, 24)) as s:
            await on(s, "R", Box.REQUESTS, 0)
            for key, says in [("a", "nothing here to accept"), ("x", "nothing here to decline"), ("d", "nothing here to delete"),
                              ("m", "Only what is in the inbox"), ("D", "Only the inbox")]:  # fmt: skip
                await s.press(key)
                await s.see(says)
            await s.press("enter", "j", "G")
            assert table(s).has_focus

    asyncio.run(scenario())


# What lives on while one looks


def test_what_arrives_moves_neither_the_cursor_nor_the_view() -> None:
    async def scenario() -> None:
        async with stage((80, 24), messages(30), clock=VirtualClock()) as s:
            await on(s, "i", Box.INBOX, 30)
            await s.press(*("j",) * 14)
            assert cursor(s) == "message 15"
            line = table(s).at - table(s).scroll_offset.y
            for number in range(3):
                await s.bob.notifications.send("alice", f"late {number}")
            await s.until(lambda: len(table(s).rows) == 33)
            assert cursor(s) == "message 15"
            assert table(s).at - table(s).scroll_offset.y == line
            await s.alice.notifications.remove(live(s).inbox[0].notification_id)
            await s.until(lambda: len(table(s).rows) == 32)
            assert cursor(s) == "message 15"
            await s.alice.nodes.name("bob", "robert")
            await s.see("robert")
            assert cursor(s) == "message 15"

    asyncio.run(scenario())


def test_a_filter_narrows_and_escape_brings_everything_back_under_the_same_cursor() -> None:
    async def scenario() -> None:
        async with stage(prepare=messages(12)) as s:
            await on(s, "i", Box.INBOX, 12)
            await s.press("slash", *"age 1")
            await s.until(lambda: len(table(s).rows) == 3)
            await s.press("enter", "j")
            assert cursor(s) == "message 10"
            await s.press("escape")
            assert len(table(s).rows) == 12
            assert cursor(s) == "message 10"
            await s.press("slash", *"zzz", "enter")
            await s.see("Nothing here has “zzz” in it.")

    asyncio.run(scenario())


def test_after_locking_one_is_back_in_the_same_list_on_the_same_row() -> None:
    async def scenario() -> None:
        async with stage(prepare=messages(9)) as s:
            await on(s, "i", Box.INBOX, 9)
            await s.press("slash", *"message", "enter", "j", "j", "j", "o")
            await s.see("[o Outbox]")
            workspace = s.screen
            assert isinstance(workspace, Workspace)
            workspace.remember()
            assert s.app.session is not None
            assert isinstance(s.app.session.places["notifications"], Place)
            assert "message 5" not in repr(s.app.session.places)
            await s.app.show(LockScreen(s.app.session))
            await s.app.show(Workspace(s.app.session))
            await s.see("[o Outbox]")
            await s.until(lambda: s.screen.focused is not None, "the list having focus")
            await s.press("i")
            await s.until(lambda: len(table(s).rows) == 9)
            assert cursor(s) == "message 5"

    asyncio.run(scenario())


def test_ages_go_on_and_say_how_old_things_are() -> None:
    async def scenario() -> None:
        async with stage(prepare=messages(1), clock=VirtualClock()) as s:
            pane = await on(s, "i", Box.INBOX)
            await s.see("now", "just now")
            clock = s.app.clock
            assert isinstance(clock, VirtualClock)
            clock.skew = 125 * SECOND
            pane.refreshed(Noun.NODES)
            await s.see("2m", "2m ago")

    asyncio.run(scenario())


# What others may send


@SIZES
def test_hostile_names_and_messages_are_shown_as_they_are_and_steer_nothing(size: tuple[int, int]) -> None:
    evil = "[/x][@click=app.quit]x[/]\x1b]52;c;aGk=\x07\u202e長い\u200b"

    async def scenario() -> None:
        async with stage(size) as s:
            await on(s, "i", Box.INBOX, 0)
            bob = s.world.ids["bob"]
            share = NotificationView(
                NotificationId(b"1" * 16), bob, "VaultShare",
                {"vault_id": str(VaultId(b"v" * 16)), "vault_name": evil, "actions": [evil]},
            )  # fmt: skip
            message = NotificationView(NotificationId(b"2" * 16), bob, "General", {"message": f"{evil}\n{evil * 20}"})
            odd = NotificationView(NotificationId(b"3" * 16), bob, evil, {evil: evil})
            await put(s, share, message, odd)
            for _ in range(3):
                await s.see("[/x]", "\\u{1b}]52")
                assert not set(s.screen_text()) & {"\x1b", "\x07", "\u202e", "\u200b"}
                await s.press("enter", "escape", "x", "escape", "d", "escape", "j")
            await put(s, replace(share, data={}), box="requests")
            await s.press("R")
            await s.see("hidden until")
            assert "[/x]" not in s.screen_text()

    asyncio.run(scenario())


def test_on_a_short_screen_what_is_read_takes_the_place_of_the_list() -> None:
    async def scenario() -> None:
        async with stage((80, 17), messages(2)) as s:
            await on(s, "i", Box.INBOX, 2)
            assert not s.screen.query_one(NoteView).display
            assert table(s).region.size.height >= 8
            await s.press("enter")
            await s.see("Message from bob", "message 1")
            assert s.screen.query_one(NoteView).region.offset == Offset(0, 1)
            await s.press("escape")
            await s.see("Subject", "message 0")
            assert table(s).has_focus

    asyncio.run(scenario())


@SIZES
def test_an_invitation_leads_to_the_claim_and_is_read_once_it_is_done(size: tuple[int, int]) -> None:
    async def invited(w: World) -> None:
        await w.agents["bob"].linking.invite("alice")
        await arrived(w, 1)

    async def scenario() -> None:
        async with stage(size, invited) as s:
            await on(s, "i", Box.INBOX)
            await s.see("Invite", "may be claimed", "Claim that node")
            await s.press("a")
            await s.see("Claim bob")
            await s.press("escape")
            assert row_of(s, Box.INBOX).is_new
            await s.press("a")
            await s.see("Claim bob")
            await s.press("y")
            await s.see("bob and this node are one party now.")
            await s.until(lambda: not row_of(s, Box.INBOX).is_new, "it being read")
            assert len((await s.alice.gestalts.get("bob")).nodes) == 2
            await s.press("x")
            await s.see("Delete this notification?")

    asyncio.run(scenario())
