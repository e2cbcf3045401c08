from __future__ import annotations

import asyncio

import pytest
from textual.app import App, ComposeResult
from tui.test_notes import BOB, NOW, live, note, share, vault

from pk_tui.api.views import ConnectionView, NodeView, NotificationView
from pk_tui.tui.notes import Box, NoteRow, rows_in
from pk_tui.tui.widgets.note_view import NoteView, described, keys, title


def row(of: NotificationView, box: Box = Box.INBOX, **known: object) -> NoteRow:
    return rows_in(live(**{box.name.lower(): [of]}, **known), box, NOW)[0]


def text(of: NoteRow, width: int = 80) -> str:
    return described(of, width).plain


def test_a_message_is_shown_whole_with_its_lines_and_sender() -> None:
    long = "first\n" + "word " * 500
    shown = text(row(note(message=long), nodes=[NodeView(BOB, "bob", (), None, True)]))

    assert long in shown
    assert "bob, trusted" in shown
    assert str(BOB) in shown
    assert "2m ago, 1970-01-01 01:38:00 UTC" in shown


def test_the_longest_message_of_nothing_but_controls_is_whole() -> None:
    assert text(row(note(message="\U0010fffd" * 3000))).count("\\u{10fffd}") == 3000


def test_an_id_that_does_not_fit_is_halved_and_not_cut() -> None:
    shown = text(row(note(message="x")), 46)

    assert str(BOB) not in shown
    assert str(BOB) in shown.replace("\n", "").replace(" ", "")


@pytest.mark.parametrize(
    ("known", "says", "key"),
    [
        ({}, "not cloned yet", "a Clone"),
        ({"vaults": [vault()]}, "cloned as mine", "a Go to the vault"),
        ({"vaults": [vault(behind=1)]}, "1 version behind", "a Pull"),
    ],
)
def test_a_share_says_whether_it_is_here_and_what_a_does(known: dict[str, object], says: str, key: str) -> None:
    of = row(share(), **known)

    assert says in text(of)
    assert key in keys(of).plain
    assert "NOT trusted" in text(of)


def test_a_request_hides_what_it_says_and_shows_who_asks() -> None:
    of = row(note(message="buy this"), Box.REQUESTS)

    assert "buy" not in text(of)
    assert str(BOB) in text(of)
    assert "is not shown" in text(of)
    assert keys(of).plain == "a Accept  x Decline"
    assert title(of).plain == "Request from bob"


def test_what_waits_says_for_whom_and_why() -> None:
    linked = ConnectionView(BOB, "bob", "connected", None, "out", "direct", None, None, 0, 0)

    assert "Waits until bob can be reached" in text(row(share(), Box.OUTBOX))
    assert "as soon as it answers" in text(row(note(message="hi"), Box.OUTBOX, connections=[linked]))
    assert keys(row(share(), Box.OUTBOX)).plain == "d Take it back"
    assert title(row(share(), Box.OUTBOX)).plain == "Share to bob"


def test_a_kind_that_is_not_known_is_shown_with_all_it_holds_and_harms_nothing() -> None:
    shown = text(row(note("Odd[/x]", **{"a\x1bkey": "v\x07", "[b]": 7})))

    assert "Odd[/x]" in shown
    assert "v\\u{7}" in shown
    assert "7" in shown
    assert not set(shown) & {"\x1b", "\x07"}


def test_only_what_is_new_offers_to_be_marked() -> None:
    assert "m Mark read" in keys(row(note(message="x"))).plain
    assert "m Mark" not in keys(row(note(message="x", read=True))).plain


class Harness(App[None]):
    closed = 0

    def compose(self) -> ComposeResult:
        yield NoteView()

    def on_note_view_closed(self) -> None:
        self.closed += 1


def test_scrolling_stays_while_one_reads_and_begins_anew_with_another() -> None:
    async def scenario() -> None:
        app = Harness()
        async with app.run_test(size=(60, 10)) as pilot:
            view = app.query_one(NoteView)
            view.focus()
            long = note(message="line\n" * 100)
            view.show(row(long))
            await pilot.press("j", "j", "j", "j")
            await pilot.pause()
            assert view.scroll_offset.y == 4
            view.show(row(long, vaults=[vault()]))
            await pilot.pause()
            assert view.scroll_offset.y == 4
            view.show(row(note(message="other\n" * 100, number=2)))
            await pilot.pause()
            assert view.scroll_offset.y == 0
            view.show(None)
            await pilot.press("escape")
            await pilot.pause()
            assert app.closed == 1

    asyncio.run(scenario())


def test_an_invitation_says_what_it_means_and_which_key_claims() -> None:
    bob = [NodeView(BOB, "bob", (), None, True)]
    came, goes = row(note("GestaltInvite"), nodes=bob), row(note("GestaltInvite"), Box.OUTBOX, nodes=bob)

    assert "bob says that it is a node of yours" in text(came)
    assert "a compares its id" in text(came)
    assert keys(came).plain.startswith("a Claim that node  x Decline  d Delete")
    assert "bob is told that it may claim this node" in text(goes)
    assert "Waits until bob can be reached" in text(goes)
    assert "a Claim" not in keys(goes).plain
