from __future__ import annotations

from agent.actors import EPOCH, new_store, pair, shared, write
from simulator import World, simulate

from pk_tui.agent.commits import create_vault
from pk_tui.agent.rights import lineage_of
from pk_tui.agent.views import actions_given, gestalt_view, node_view, vault_view
from pk_tui.clock import DAY
from pk_tui.store.contacts import Contact
from pk_tui.terms import VAULT_ACTIONS, Action, Address, NodeId
from pk_tui.trust.grant import read_grant, sign_grant

BOB = NodeId(b"b" * 32)


def contact(**changed: object) -> Contact:
    said: dict[str, object] = {"petname": None, "addresses": (), "actions": (), "known_since": 1, **changed}
    return Contact(node=BOB.raw, **said)  # type: ignore[arg-type]


def test_a_new_vault_is_shown_with_its_head_and_without_origin() -> None:
    store, _ = new_store()
    view = vault_view(create_vault(store, "work", EPOCH), 0, None)
    assert (view.name, view.secrets, view.origin, view.read_only, view.shared_with) == ("work", 0, None, False, 0)
    assert (view.updated, view.damaged) == (EPOCH, None)
    assert view.head is not None
    assert view.behind is None


def test_a_vault_shows_the_numbers_it_is_given() -> None:
    store, _ = new_store()
    view = vault_view(create_vault(store, "work", EPOCH), 3, 7)
    assert (view.shared_with, view.behind) == (3, 7)


def test_a_vault_counts_its_secrets_and_those_it_is_shared_with() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await shared(w, 3)
        await write(alice, "work:d/e/f", b"1")
        view = await alice.vaults.get("work")
        assert (view.secrets, view.shared_with) == (4, 1)

    simulate(scenario)


def test_a_damaged_vault_is_shown_with_the_reason_and_hides_no_other() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await pair(w)
        for name in ("good", "bad"):
            await alice.vaults.create(name)
            await write(alice, f"{name}:a", b"1")
        bad = w._stores["alice"].vaults.get((await alice.vaults.get("bad")).vault_id)
        await w.stop("alice")
        w._stores["alice"]._db.execute("DELETE FROM findex WHERE vault_id = ?", (bad.row,))
        alice = await w.start("alice")
        views = {view.name: view for view in await alice.vaults.list()}
        assert views["good"].damaged is None
        assert views["good"].secrets == 1
        assert views["bad"].damaged is not None
        assert "index" in views["bad"].damaged

    simulate(scenario)


def test_a_gestalt_is_its_node_with_what_it_may_do() -> None:
    view = gestalt_view(contact(actions=("scan", "notify")), ())
    assert (view.gestalt, view.nodes, view.identities) == (str(BOB), (BOB,), ())
    assert view.actions == (Action.NOTIFY, Action.SCAN)
    assert view.trusted
    assert view.shared == ()
    assert not gestalt_view(contact(), ()).trusted


def test_a_gestalt_shows_the_vaults_it_holds_a_grant_for_by_name_and_may_scan_while_there_are_any() -> None:
    store, signing = new_store()
    shares = []
    for name, actions in (("b", VAULT_ACTIONS), ("a", frozenset({Action.CLONE}))):
        record = create_vault(store, name, EPOCH).record
        raw = sign_grant(signing, lineage_of(record), BOB, actions, not_after=EPOCH + DAY, serial=1, now=EPOCH)
        shares.append((record, read_grant(raw, lineage_of(record))))
    view = gestalt_view(contact(), shares)
    assert [(row.name, row.actions) for row in view.shared] == [
        ("a", (Action.CLONE, Action.SCAN)),
        ("b", (Action.CLONE, Action.PULL, Action.SCAN)),
    ]
    assert [row.vault_id.raw for row in view.shared] == [record.vault_id for record, _ in reversed(shares)]
    assert view.actions == (Action.SCAN,)
    assert not view.trusted
    assert actions_given(shares[1][1]) == view.shared[0].actions


def test_a_node_is_shown_with_its_addresses_in_order() -> None:
    view = node_view(contact(petname="bob", addresses=(("a", 1), ("b", 2)), last_seen=7))
    assert view.addresses == (Address("a", 1), Address("b", 2))
    assert (view.node_id, view.petname, view.last_seen, view.trusted) == (BOB, "bob", 7, False)
