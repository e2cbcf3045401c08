from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from pk_tui.api.views import ConnectionView, NodeView, NotificationView, OriginView, VaultView
from pk_tui.clock import MINUTE
from pk_tui.terms import NodeId, NotificationId, VaultId
from pk_tui.tui.live import Live
from pk_tui.tui.notes import Box, clone_of, count_in, is_invite, kind_of, message_in, rows_in, share_in, subject

BOB, CAROL = NodeId(b"b" * 32), NodeId(b"c" * 32)
VAULT = VaultId(b"v" * 16)
NOW = 100 * MINUTE


def note(
    kind: str = "General", number: int = 1, sender: NodeId = BOB, read: bool = False, **said: object
) -> NotificationView:
    return NotificationView(NotificationId(bytes([number]) * 16), sender, kind, dict(said), read, NOW - 2 * MINUTE)


def share(name: str = "infra", vault_id: object = str(VAULT), actions: object = ("clone", "pull")) -> NotificationView:
    return note("VaultShare", vault_id=vault_id, vault_name=name, actions=actions)


def vault(node: NodeId = BOB, there: VaultId = VAULT, behind: int | None = None) -> VaultView:
    return VaultView(VaultId(b"w" * 16), "mine", None, 0, OriginView(node, there), True, 0, 0, behind=behind)


def live(**lists: Any) -> Live:
    base: dict[str, Any] = dict.fromkeys(("inbox", "outbox", "requests", "vaults", "nodes", "connections"), ())
    shown = SimpleNamespace(**(base | lists))
    shown.name_of = lambda node: {BOB: "bob", CAROL: "carol"}[node]
    return cast("Live", shown)


def test_a_type_is_said_in_a_word_and_an_unknown_one_harmlessly() -> None:
    assert [kind_of(note(kind)) for kind in ("General", "VaultShare", "GestaltInvite")] == [
        "Message",
        "Share",
        "Invite",
    ]
    assert kind_of(note("Odd\x1b[2J")) == "Odd\\u{1b}[2J"


def test_a_share_is_read_only_if_it_is_whole() -> None:
    found = share_in(share())
    assert found is not None
    assert (found.vault_id, found.name, found.actions) == (VAULT, "infra", ("clone", "pull"))
    for broken in (
        note("VaultShare"),
        share(vault_id="not an id"),
        share(vault_id=7),
        share(name=cast("str", 7)),
        note("General", vault_id=str(VAULT), vault_name="x"),
    ):
        assert share_in(broken) is None
    odd = share_in(share(actions=7))
    assert odd is not None
    assert odd.actions == ()


def test_a_clone_belongs_to_the_share_of_its_own_origin_alone() -> None:
    assert clone_of(share(), [vault()]) == vault()
    assert clone_of(share(), [vault(node=CAROL), vault(there=VaultId(b"x" * 16))]) is None
    assert clone_of(note(), [vault()]) is None


def test_each_kind_has_its_line() -> None:
    known = live(inbox=[share(), note(message="\nfirst\nsecond"), note("Odd"), note("General")])
    said = [subject(row) for row in rows_in(known, Box.INBOX, NOW)]

    assert said == [
        "vault infra (clone, pull)",
        "first …",
        "of a kind that this version does not know",
        "says nothing that could be read",
    ]


def test_a_share_that_is_cloned_says_so_and_how_far_behind_it_is() -> None:
    known = live(inbox=[share()], vaults=[vault(behind=2)])

    assert subject(rows_in(known, Box.INBOX, NOW)[0]) == "vault infra (cloned as mine, 2 versions behind)"


def test_nothing_steers_the_terminal_from_a_line() -> None:
    evil = "a\x1b]52;c;aGk=\x07\u202eb"
    known = live(inbox=[share(evil, actions=[evil]), note(message=evil), note(evil)])

    for row in rows_in(known, Box.INBOX, NOW):
        assert not set(f"{kind_of(row.note)}{subject(row)}") & {"\x1b", "\x07", "\u202e"}


def test_a_request_says_nothing_of_what_it_holds_even_if_it_were_given() -> None:
    row = rows_in(live(requests=[note(message="hidden")]), Box.REQUESTS, NOW)[0]

    assert "hidden" not in subject(row).removeprefix("its contents are hidden")


def test_two_senders_that_choose_one_id_have_two_rows() -> None:
    known = live(inbox=[note(), note(sender=CAROL)], outbox=[note()])
    keys = [row.key for box in (Box.INBOX, Box.OUTBOX) for row in rows_in(known, box, NOW)]

    assert len(set(keys)) == 3


def test_rows_know_who_is_trusted_and_who_is_connected() -> None:
    known = live(
        inbox=[note(), note(sender=CAROL)],
        nodes=[NodeView(BOB, "bob", (), None, True), NodeView(CAROL, "carol", (), None, False)],
        connections=[ConnectionView(CAROL, "carol", "connected", None, "out", "direct", None, None, 0, 0)],
    )

    assert [(row.who, row.trusted, row.connected) for row in rows_in(known, Box.INBOX, NOW)] == [
        ("bob", True, False),
        ("carol", False, True),
    ]


def test_the_filter_looks_at_kind_sender_and_subject() -> None:
    known = live(inbox=[share("infra"), note(message="lunch"), note(sender=CAROL, message="hello")])

    def found(wanted: str) -> list[int]:
        rows = rows_in(known, Box.INBOX, NOW, wanted)
        return [known.inbox.index(row.note) for row in rows]

    assert found("SHARE") == [0]
    assert found("carol") == [2]
    assert found("lun") == [1]
    assert found("") == [0, 1, 2]
    assert found("nothing of the kind") == []


def test_tabs_count_what_is_new_in_the_inbox_and_all_elsewhere() -> None:
    known = live(inbox=[note(), note(read=True)], outbox=[note(), note()], requests=[note()])

    assert [count_in(known, box) for box in Box] == [1, 2, 1]


def test_the_message_is_text_or_nothing() -> None:
    assert message_in(note(message="hello")) == "hello"
    assert message_in(note(message=7)) is None
    assert message_in(note("VaultShare", message="hello")) is None


def test_an_invitation_is_one_and_nothing_else_is() -> None:
    invite = note("GestaltInvite")
    (row,) = rows_in(live(inbox=[invite]), Box.INBOX, NOW)

    assert subject(row) == "may be claimed as a node of yours"
    assert is_invite(invite)
    assert not is_invite(share())
