from __future__ import annotations

from agent.actors import EPOCH, new_store, pair, shared, write
from simulator import World, simulate

from pk_tui.agent.commits import create_vault
from pk_tui.agent.views import gestalt_view, node_view, vault_view
from pk_tui.store.contacts import Contact
from pk_tui.terms import Action, Address, NodeId

BOB = NodeId(b"b" * 32)


def contact(**changed: object) -> Contact:
    said: dict[str, object] = {"petname": None, "addresses": (), "actions": (), "known_since": 1, **changed}
    return Contact(node=BOB.raw, **said)  # type: ignore[arg-type]


def test_a_new_vault_is_shown_with_its_head_and_without_origin() -> None:
    store, _ = new_store()
    view = vault_view(store, create_vault(store, "work", EPOCH), EPOCH)
    assert (view.name, view.secrets, view.origin, view.read_only, view.shared_with) == ("work", 0, None, False, 0)
    assert (view.updated, view.damaged) == (EPOCH, None)
    assert view.head is not None


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
    store, _ = new_store()
    view = gestalt_view(store, contact(actions=("scan", "notify")))
    assert (view.gestalt, view.nodes, view.identities) == (str(BOB), (BOB,), ())
    assert view.actions == (Action.NOTIFY, Action.SCAN)
    assert view.trusted
    assert not gestalt_view(store, contact()).trusted


def test_a_node_is_shown_with_its_addresses_in_order() -> None:
    view = node_view(contact(petname="bob", addresses=(("a", 1), ("b", 2)), last_seen=7))
    assert view.addresses == (Address("a", 1), Address("b", 2))
    assert (view.node_id, view.petname, view.last_seen, view.trusted) == (BOB, "bob", 7, False)
