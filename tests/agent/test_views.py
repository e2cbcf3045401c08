from __future__ import annotations

from collections.abc import Callable

from agent.actors import EPOCH, new_store, pair, shared, write
from simulator import World, simulate
from trust.chains import ADA, BEN, agreed

from pk_tui.agent.commits import create_vault
from pk_tui.agent.core import Core
from pk_tui.agent.views import gestalt_view, given, node_view, vault_view
from pk_tui.api.views import GestaltView, LinkView, SharedView
from pk_tui.clock import DAY
from pk_tui.store.contacts import Contact
from pk_tui.terms import VAULT_ACTIONS, Action, Address, IdentityId, NodeId, VaultId, Vertex
from pk_tui.trust.belief import Proof
from pk_tui.trust.claim import ExpelledRecord, IdentifiedRecord, PairedRecord
from pk_tui.trust.entitlement import Change, Entitlement
from pk_tui.trust.expulsion import make_expulsion
from pk_tui.trust.grant import CLOCK_SLACK
from pk_tui.trust.pair import read_pair
from pk_tui.trust.statement import digest_of

BOB = NodeId(b"b" * 32)


def contact(**changed: object) -> Contact:
    said: dict[str, object] = {"petname": None, "addresses": (), "known_since": 1, **changed}
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


def entitle(core: Core, *entitlements: Entitlement) -> None:
    core.beliefs.grant(core.store, Change(come=frozenset(entitlements)), EPOCH)


def of_bob(actions: set[Action], vault: VaultId | None = None, end: int | None = None) -> Entitlement:
    return Entitlement(BOB, vault, frozenset(actions), end, frozenset({BOB}))


def view_of(core: Core, vertex: Vertex = BOB) -> GestaltView:
    return gestalt_view(core, core.beliefs.graph.of(vertex))


def alone(scenario: Callable[[Core], None]) -> None:
    async def whole(w: World) -> None:
        scenario((await w.add("alice"))._gate.core())

    simulate(whole)


def test_a_gestalt_is_its_node_with_what_it_may_do() -> None:
    def scenario(core: Core) -> None:
        assert view_of(core) == GestaltView(str(BOB), (BOB,), (), (), False, ())
        entitle(core, of_bob({Action.CLAIM}), of_bob({Action.SCAN}, end=EPOCH + DAY))
        assert view_of(core) == GestaltView(str(BOB), (BOB,), (), (Action.CLAIM, Action.SCAN), False, ())
        entitle(core, of_bob({Action.NOTIFY}))
        view = view_of(core)
        assert (view.actions, view.trusted) == ((Action.CLAIM, Action.NOTIFY, Action.SCAN), True)

    alone(scenario)


def test_what_has_ended_is_not_shown() -> None:
    def scenario(core: Core) -> None:
        work = create_vault(core.store, "work", EPOCH).vault_id
        ended = core.clock.now() - CLOCK_SLACK - 1
        entitle(core, of_bob({Action.NOTIFY}, end=ended), of_bob({Action.PULL}, work, ended))
        assert view_of(core) == GestaltView(str(BOB), (BOB,), (), (), False, ())

    alone(scenario)


def test_a_gestalt_shows_the_vaults_it_may_have_by_name_and_may_scan_while_there_are_any() -> None:
    def scenario(core: Core) -> None:
        b, a = (create_vault(core.store, name, EPOCH).vault_id for name in ("b", "a"))
        entitle(core, of_bob({Action.CLONE}, b), of_bob({Action.PULL}, b, EPOCH + DAY), of_bob({Action.CLONE}, a))
        view = view_of(core)
        assert view.shared == (
            SharedView(a, "a", (Action.CLONE, Action.SCAN), (str(BOB),), (BOB,)),
            SharedView(b, "b", (Action.CLONE, Action.PULL, Action.SCAN), (str(BOB),), (BOB,)),
        )
        assert (view.actions, view.trusted) == ((Action.SCAN,), False)
        assert given({Action.CLONE}) == view.shared[0].actions

    alone(scenario)


def test_a_vault_that_does_not_open_hides_no_other() -> None:
    def scenario(core: Core) -> None:
        work = create_vault(core.store, "work", EPOCH).vault_id
        entitle(core, of_bob({Action.PULL}, VaultId(b"gone" * 4)), of_bob({Action.PULL}, work))
        assert [row.vault_id for row in view_of(core).shared] == [work]

    alone(scenario)


def test_a_gestalt_of_several_is_shown_as_one_by_whichever_member_it_is_asked_for() -> None:
    def scenario(core: Core) -> None:
        statement, github = agreed(ADA, BEN), IdentityId("github", "583231")
        core.beliefs.take_chain(core.store, ADA.chain(PairedRecord(statement)), EPOCH)
        ben = BEN.chain(PairedRecord(statement), IdentifiedRecord(BEN.identity(), ""))
        core.beliefs.take_chain(core.store, ben, EPOCH)
        proof = Proof(github, BEN.node, digest_of(BEN.identity()), "ben", "https://gist.example/1", EPOCH)
        core.beliefs.take_proofs(core.store, BEN.node, [proof], EPOCH)
        core.store.contacts.put(Contact(BEN.node.raw, "ben", (), EPOCH))
        work = create_vault(core.store, "work", EPOCH).vault_id
        both, notify = frozenset({ADA.node, BEN.node}), frozenset({Action.NOTIFY})
        entitle(
            core, Entitlement(github, work, VAULT_ACTIONS, None, both), Entitlement(ADA.node, None, notify, None, both)
        )
        view = view_of(core, ADA.node)
        assert view.gestalt == str(min(both))
        assert view.nodes == (BEN.node, ADA.node), "the one with a name first"
        assert view.identities == ("github:ben",)
        assert view.links == (LinkView(*sorted(both), read_pair(statement).time),)
        assert view.trusted
        assert view.shared == (
            SharedView(work, "work", (Action.CLONE, Action.PULL, Action.SCAN), ("github:ben",), tuple(sorted(both))),
        )
        entitle(core, Entitlement(ADA.node, work, VAULT_ACTIONS, None, frozenset({ADA.node})))
        assert view_of(core).shared == ()
        view = view_of(core, ADA.node)
        assert view.shared[0].through == ("github:ben", str(ADA.node))
        assert view_of(core, BEN.node) == view_of(core, github) == view

    alone(scenario)


def test_a_node_that_is_out_is_shown_alone_and_so() -> None:
    def scenario(core: Core) -> None:
        statement = agreed(ADA, BEN)
        core.beliefs.take_chain(core.store, ADA.chain(PairedRecord(statement)), EPOCH)
        expulsion = make_expulsion(BEN.words, BEN.node, EPOCH)
        core.beliefs.take_chain(core.store, BEN.chain(PairedRecord(statement), ExpelledRecord(expulsion)), EPOCH)
        view = view_of(core, BEN.node)
        assert (view.nodes, view.links, view.expelled) == ((BEN.node,), (), True)
        assert not view_of(core, ADA.node).expelled

    alone(scenario)


def test_who_is_trusted_is_shown_so() -> None:
    def scenario(core: Core) -> None:
        assert not node_view(core, contact()).trusted
        entitle(core, of_bob({Action.NOTIFY}))
        assert node_view(core, contact()).trusted

    alone(scenario)


def test_a_node_is_shown_with_its_addresses_in_order() -> None:
    def scenario(core: Core) -> None:
        view = node_view(core, contact(petname="bob", addresses=(("a", 1), ("b", 2)), last_seen=7))
        assert view.addresses == (Address("a", 1), Address("b", 2))
        assert (view.node_id, view.petname, view.last_seen, view.trusted) == (BOB, "bob", 7, False)

    alone(scenario)
