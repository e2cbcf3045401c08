"""What is believed and granted lies in the store and in memory, and both say the same, whatever fails on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from agent.actors import EPOCH, new_store
from trust.chains import ADA, BEN, CYD, EVE, Person, agreed

from pk_tui.agent.beliefs import Beliefs, Moved
from pk_tui.agent.commits import create_vault
from pk_tui.agent.rights import lineage_of
from pk_tui.clock import DAY, Instant
from pk_tui.errors import StorageFailed
from pk_tui.records import encode
from pk_tui.store.contacts import Contact, _Older
from pk_tui.store.grants import IssuedGrant
from pk_tui.store.node import NodeStore
from pk_tui.store.vaultrecord import VaultRecord
from pk_tui.terms import VAULT_ACTIONS, Action, IdentityId, NodeId, VaultId
from pk_tui.trust import sharing
from pk_tui.trust.belief import Proof
from pk_tui.trust.claim import BodyRecord, ExpelledRecord, IdentifiedRecord, PairedRecord, RetractedRecord
from pk_tui.trust.entitlement import Change, Entitlement
from pk_tui.trust.expulsion import make_expulsion
from pk_tui.trust.fork import Fork, verify_fork
from pk_tui.trust.grant import CLOCK_SLACK, DEFAULT_TERM, sign_grant
from pk_tui.trust.sigchain import Chain, extend
from pk_tui.trust.statement import digest_of

VAULT = VaultId(b"v" * 16)
GITHUB = IdentityId("github", "583231")
NOTIFY = frozenset({Action.NOTIFY})
BOTH = frozenset({ADA.node, BEN.node})


def loaded(store: NodeStore, now: Instant = EPOCH) -> Beliefs:
    beliefs = Beliefs()
    for _ in beliefs.load(store, now):
        pass
    return beliefs


def shown(beliefs: Beliefs) -> Any:
    """Everything that it says, for comparing."""
    graph, held = beliefs.graph, beliefs.held
    nodes = [*beliefs.chains, *graph.expelled]
    return (
        beliefs.chains,
        beliefs.forks,
        beliefs.branches,
        {node: some for node, some in beliefs.proofs.items() if some},
        set(graph.gestalts()),
        graph.expelled,
        graph.forked,
        {node: (graph.links(node), graph.doubts(node), graph.heirs(node)) for node in nodes},
        set(held),
        {node: set(held.naming(node)) for one in held for node in one.confirmed},
    )


def require_kept(beliefs: Beliefs, store: NodeStore) -> None:
    """What memory says is what a start would find."""
    assert shown(beliefs) == shown(loaded(store))


def paired(one: Person, other: Person) -> tuple[Chain, Chain]:
    statement = agreed(one, other)
    return one.chain(PairedRecord(statement)), other.chain(PairedRecord(statement))


def grown(person: Person, chain: Chain, body: BodyRecord) -> Chain:
    return extend(chain, person.after(chain, body))


def couple() -> tuple[NodeStore, Beliefs, Chain, Chain]:
    """A node that knows Ada and Ben, whose chains are paired."""
    store, _ = new_store()
    beliefs = loaded(store)
    ada, ben = paired(ADA, BEN)
    for chain in (ada, ben):
        beliefs.take_chain(store, chain, EPOCH)
    return store, beliefs, ada, ben


def share(
    beliefs: Beliefs, store: NodeStore, member: NodeId | IdentityId, vault: VaultId = VAULT, end: Instant | None = None
) -> Moved:
    change = sharing.share(beliefs.held, beliefs.graph, member, vault, VAULT_ACTIONS, end)
    return beliefs.grant(store, change, EPOCH)


def who_pulls(beliefs: Beliefs, vault: VaultId = VAULT, now: Instant = EPOCH) -> set[NodeId]:
    people = [person.node for person in (ADA, BEN, CYD, EVE)]
    return {node for node in people if beliefs.may(node, Action.PULL, vault, now)}


def issue(store: NodeStore, record: VaultRecord, node: NodeId, serial: int = 1, **about: Any) -> IssuedGrant:
    """A signed grant, as one lies in the store once it was handed out."""
    said: dict[str, Any] = {"not_after": EPOCH + DEFAULT_TERM, "now": EPOCH, **about}
    raw = sign_grant(store.signing, lineage_of(record), node, VAULT_ACTIONS, serial=serial, **said)
    row = IssuedGrant(record.vault_id, node.raw, raw, serial)
    store.grants.issued.put(row)
    return row


def forked(person: Person, chain: Chain, body: BodyRecord) -> tuple[Fork, Chain]:
    """Another claim at the place of the chain's last one."""
    before = Chain(chain.node, chain.claims[:-1], chain.recovery, chain.recoveries, chain.named, frozenset())
    other = person.after(before, body, now=EPOCH)
    return verify_fork(chain.claims[-1].raw, other), extend(before, other)


def proof(name: str = "ada", url: str = "https://gist.example/1") -> Proof:
    return Proof(GITHUB, ADA.node, digest_of(ADA.identity()), name, url, EPOCH)


# ---- from the store ----


def test_a_node_begins_with_a_chain_of_its_first_claim_and_nothing_else() -> None:
    store, signing = new_store()
    beliefs = loaded(store)
    chain = beliefs.chains[signing.node_id]
    assert (chain.node, [claim.raw for claim in chain.claims]) == (signing.node_id, [store.genesis])
    assert store.chains.get(signing.node_id) == [store.genesis]
    assert (set(beliefs.chains), list(beliefs.held)) == ({signing.node_id}, [])
    require_kept(beliefs, store)


def test_what_was_learned_and_granted_is_found_again() -> None:
    store, beliefs, ada, _ = couple()
    beliefs.take_chain(store, grown(ADA, ada, IdentifiedRecord(ADA.identity(), "")), EPOCH)
    beliefs.take_proofs(store, ADA.node, [proof()], EPOCH)
    cyd = CYD.chain(IdentifiedRecord(CYD.identity("1"), ""))
    beliefs.take_chain(store, cyd, EPOCH)
    beliefs.take_fork(store, *forked(CYD, cyd, IdentifiedRecord(CYD.identity("2"), "")), EPOCH)
    share(beliefs, store, GITHUB)
    share(beliefs, store, BEN.node, VaultId(b"w" * 16), EPOCH + DAY)
    again = loaded(store)
    assert again.graph.of(GITHUB).nodes == BOTH
    assert again.graph.forked == {CYD.node}
    assert set(again.chains) == {store.signing.node_id, ADA.node, BEN.node, CYD.node}
    assert {one.anchor for one in again.held} == {GITHUB, BEN.node}
    assert again.branches[CYD.node] != again.chains[CYD.node]
    require_kept(beliefs, store)


def test_loading_goes_in_steps_with_each_chain_one() -> None:
    store, _, _, _ = couple()
    assert sum(1 for _ in Beliefs().load(store, EPOCH)) >= 3


def test_a_chain_that_does_not_hold_is_left_out_with_all_that_rests_on_it() -> None:
    store, _ = new_store()
    loaded(store)
    statement = agreed(ADA, BEN)
    for sequence, raw in enumerate(ADA.raws(PairedRecord(statement))):
        store.chains.append(ADA.node, sequence, raw)
    for sequence, raw in enumerate([*BEN.raws(PairedRecord(statement)), b"no claim at all"]):
        store.chains.append(BEN.node, sequence, raw)
    store.entitlements.apply(Change(come=frozenset({Entitlement(ADA.node, VAULT, VAULT_ACTIONS, None, BOTH)})))
    beliefs = loaded(store)
    assert ADA.node in beliefs.chains
    assert BEN.node not in beliefs.chains
    assert beliefs.graph.of(ADA.node).nodes == {ADA.node}
    assert who_pulls(beliefs) == {ADA.node}
    assert len(store.chains.get(BEN.node)) == 3, "it is kept, for a version that reads it"


def test_evidence_of_a_fork_that_proves_none_is_left_out_and_the_node_opens() -> None:
    store, _, _, _ = couple()
    store.chains.put_fork(ADA.node, b"no claim", b"at all")
    beliefs = loaded(store)
    assert (dict(beliefs.forks), beliefs.graph.forked) == ({}, frozenset())
    assert beliefs.graph.of(ADA.node).nodes == BOTH


def test_a_chain_under_another_nodes_name_is_nobodys() -> None:
    store, _ = new_store()
    store.chains.append(BEN.node, 0, ADA.genesis())
    assert set(loaded(store).chains) == {store.signing.node_id}


# ---- what is asked ----


def test_nobody_may_anything_that_was_not_granted() -> None:
    _, beliefs, _, _ = couple()
    for action in Action:
        for vault in (None, VAULT):
            for person in (ADA, BEN, CYD):
                assert not beliefs.may(person.node, action, vault, EPOCH)


def test_to_be_trusted_is_to_be_let_notify() -> None:
    store, beliefs, _, _ = couple()
    beliefs.grant(store, sharing.allow(beliefs.held, beliefs.graph, BEN.node, frozenset({Action.SCAN})), EPOCH)
    assert not beliefs.is_trusted(BEN.node, EPOCH)
    beliefs.grant(store, sharing.allow(beliefs.held, beliefs.graph, BEN.node, NOTIFY, EPOCH + DAY), EPOCH)
    assert beliefs.is_trusted(ADA.node, EPOCH), "it holds for all of the gestalt"
    assert not beliefs.is_trusted(CYD.node, EPOCH)
    assert beliefs.is_trusted(BEN.node, EPOCH + DAY + CLOCK_SLACK)
    assert not beliefs.is_trusted(BEN.node, EPOCH + DAY + CLOCK_SLACK + 1)


# ---- what changes ----


def test_a_chain_is_taken_claim_by_claim_and_says_whom_it_concerns() -> None:
    store, _ = new_store()
    beliefs = loaded(store)
    ada, ben = paired(ADA, BEN)
    beliefs.take_chain(store, ada, EPOCH)
    assert beliefs.graph.of(ADA.node).nodes == {ADA.node}
    moved = beliefs.take_chain(store, ben, EPOCH)
    assert moved == Moved(BOTH, frozenset())
    assert beliefs.graph.of(ADA.node).nodes == BOTH
    longer = grown(BEN, ben, RetractedRecord(1))
    assert beliefs.take_chain(store, longer, EPOCH).nodes == BOTH
    assert store.chains.get(BEN.node) == [claim.raw for claim in longer.claims]
    assert beliefs.graph.of(ADA.node).nodes == {ADA.node}
    require_kept(beliefs, store)


def test_a_new_link_gives_nothing_and_one_that_ends_takes_what_came_with_it() -> None:
    store, beliefs, _, ben = couple()
    assert share(beliefs, store, ADA.node) == Moved(BOTH, frozenset({VAULT}))
    assert who_pulls(beliefs) == BOTH
    cyd = CYD.chain(PairedRecord(statement := agreed(BEN, CYD)))
    ben = grown(BEN, ben, PairedRecord(statement))
    for chain in (ben, cyd):
        beliefs.take_chain(store, chain, EPOCH)
    assert beliefs.graph.of(ADA.node).nodes == {*BOTH, CYD.node}
    assert who_pulls(beliefs) == BOTH
    moved = beliefs.take_chain(store, grown(BEN, ben, RetractedRecord(1)), EPOCH)
    assert moved.vaults == {VAULT}
    assert BEN.node in moved.nodes
    assert who_pulls(beliefs) == {ADA.node}
    (left,) = beliefs.held
    assert left.confirmed == {ADA.node}, "linked anew it is asked about again"
    require_kept(beliefs, store)


def test_who_is_expelled_loses_everything_and_a_right_anchored_there_ends() -> None:
    store, beliefs, ada, _ = couple()
    share(beliefs, store, ADA.node)
    share(beliefs, store, BEN.node, VaultId(b"w" * 16))
    word = make_expulsion(BEN.words, BEN.node, EPOCH)
    moved = beliefs.take_chain(store, grown(ADA, ada, ExpelledRecord(word)), EPOCH)
    assert moved.vaults == {VAULT, VaultId(b"w" * 16)}
    assert who_pulls(beliefs) == {ADA.node}
    assert who_pulls(beliefs, VaultId(b"w" * 16)) == set()
    assert [one.anchor for one in beliefs.held] == [ADA.node]
    require_kept(beliefs, store)


def test_the_first_evidence_of_a_fork_is_kept_and_who_is_forked_gains_nothing_more() -> None:
    store, beliefs, ada, ben = couple()
    share(beliefs, store, ADA.node)
    evidence, branch = forked(BEN, ben, IdentifiedRecord(BEN.identity("1"), ""))
    moved = beliefs.take_fork(store, evidence, branch, EPOCH)
    assert moved.nodes >= BOTH
    assert moved.vaults == {VAULT}, "the pair stood at the fork"
    assert who_pulls(beliefs) == {ADA.node}
    later, other = forked(BEN, ben, IdentifiedRecord(BEN.identity("2"), ""))
    assert beliefs.take_fork(store, later, other, EPOCH) == Moved()
    assert beliefs.forks == {BEN.node: evidence}
    assert beliefs.branches == {BEN.node: branch}
    require_kept(beliefs, store)
    beliefs.take_chain(store, grown(BEN, ben, IdentifiedRecord(BEN.identity("3"), "")), EPOCH)
    assert beliefs.graph.forked == {BEN.node}, "a longer chain does not heal it"
    require_kept(beliefs, store)
    assert beliefs.chains[ADA.node] == ada


def test_evidence_against_a_node_whose_chain_is_not_known_is_not_kept() -> None:
    store, beliefs, _, _ = couple()
    chain = EVE.chain(IdentifiedRecord(EVE.identity("1"), ""))
    evidence, branch = forked(EVE, chain, IdentifiedRecord(EVE.identity("2"), ""))
    assert beliefs.take_fork(store, evidence, branch, EPOCH) == Moved()
    assert list(store.chains.forks()) == []


def test_proofs_take_the_place_of_those_that_were_known() -> None:
    store, beliefs, ada, _ = couple()
    beliefs.take_chain(store, grown(ADA, ada, IdentifiedRecord(ADA.identity(), "")), EPOCH)
    assert beliefs.graph.of(GITHUB).nodes == set()
    moved = beliefs.take_proofs(store, ADA.node, [proof()], EPOCH)
    assert moved.nodes == BOTH
    assert beliefs.graph.of(GITHUB).nodes == BOTH
    share(beliefs, store, GITHUB)
    assert who_pulls(beliefs) == BOTH
    beliefs.take_proofs(store, ADA.node, [proof("ada-l")], EPOCH)
    assert [one.name for one in store.proofs.list()] == ["ada-l"]
    assert who_pulls(beliefs) == BOTH
    assert beliefs.take_proofs(store, ADA.node, [], EPOCH).vaults == {VAULT}
    assert list(store.proofs.list()) == []
    assert who_pulls(beliefs) == set(), "the identity that was named has no node any more"
    require_kept(beliefs, store)


def test_what_was_granted_lies_in_the_store_with_what_was_written_beside_it() -> None:
    store, beliefs, _, _ = couple()
    change = sharing.share(beliefs.held, beliefs.graph, ADA.node, VAULT, VAULT_ACTIONS)
    moved = beliefs.grant(store, change, EPOCH, lambda: store.settings.put("beside", b"1"))
    assert moved == Moved(BOTH, frozenset({VAULT}))
    assert store.settings.get("beside") == b"1"
    require_kept(beliefs, store)
    ended = beliefs.grant(store, sharing.unshare(beliefs.held, beliefs.graph, BEN.node, VAULT), EPOCH)
    assert ended == Moved(BOTH, frozenset({VAULT}))
    assert list(store.entitlements.list()) == []
    require_kept(beliefs, store)


# ---- when it cannot be written ----


class _Broken(Exception):
    pass


def test_what_is_written_beside_a_grant_and_fails_takes_the_grant_with_it() -> None:
    store, beliefs, _, _ = couple()
    record = create_vault(store, "work", EPOCH).record
    vault = VaultId(record.vault_id)
    share(beliefs, store, ADA.node, vault)
    row = issue(store, record, BEN.node)
    before = shown(beliefs)

    def fails() -> None:
        store.settings.put("beside", b"1")
        raise _Broken

    for change in (
        sharing.unshare(beliefs.held, beliefs.graph, BEN.node, vault),
        sharing.share(beliefs.held, beliefs.graph, BEN.node, vault, VAULT_ACTIONS),
    ):
        assert change
        with pytest.raises(_Broken):
            beliefs.grant(store, change, EPOCH, fails)
        assert shown(beliefs) == before
        assert store.settings.get("beside") is None
        assert store.grants.issued.get(vault, BEN.node) == row, "it is not revoked either"
        require_kept(beliefs, store)


def changes(beliefs: Beliefs, store: NodeStore, ada: Chain, ben: Chain) -> dict[str, Callable[[], object]]:
    """One of each that changes rights too, all too large for a disk that has no page left."""
    words = make_expulsion(ADA.words, BEN.node, EPOCH)
    longer = grown(ADA, ada, ExpelledRecord(words))
    for account in range(40):
        longer = grown(ADA, longer, IdentifiedRecord(ADA.identity(str(account + 1)), "x" * 500))
    branch_of = forked(BEN, ben, IdentifiedRecord(BEN.identity("1"), "x" * 500))
    proofs = [
        Proof(IdentityId("web", f"{number}.example"), ADA.node, bytes(32), "n" * 1000, "u" * 1000, EPOCH)
        for number in range(40)
    ]
    crowd = frozenset({ADA.node, *(NodeId(number.to_bytes(32, "big")) for number in range(1, 1000))})
    come = frozenset({Entitlement(ADA.node, VAULT, VAULT_ACTIONS, None, crowd)})
    return {
        "chain": lambda: beliefs.take_chain(store, longer, EPOCH),
        "fork": lambda: beliefs.take_fork(store, *branch_of, EPOCH),
        "proofs": lambda: beliefs.take_proofs(store, ADA.node, proofs, EPOCH),
        "grant": lambda: beliefs.grant(store, Change(frozenset(beliefs.held), come), EPOCH),
    }


@pytest.mark.parametrize("which", ["chain", "fork", "proofs", "grant"])
def test_on_a_full_disk_neither_store_nor_memory_changes_and_later_both_do(which: str) -> None:
    store, beliefs, ada, ben = couple()
    share(beliefs, store, ADA.node)
    change, before = changes(beliefs, store, ada, ben)[which], shown(beliefs)
    db = store._db
    room = db.one("PRAGMA freelist_count"), db.one("PRAGMA page_count")
    assert room[0] is not None
    assert room[1] is not None
    db.one(f"PRAGMA max_page_count = {room[1][0]}")
    while True:  # until nothing that is free is left
        try:
            store.settings.put(f"ballast {db.one('SELECT count(*) FROM shelf')}", bytes(200))
        except StorageFailed:
            break
    with pytest.raises(StorageFailed):
        change()
    assert shown(beliefs) == before
    db.one("PRAGMA max_page_count = 1000000")
    require_kept(beliefs, store)
    change()
    assert shown(beliefs) != before
    require_kept(beliefs, store)


# ---- grants on paper ----


def granted() -> tuple[NodeStore, Beliefs, VaultId, dict[str, IssuedGrant]]:
    """A vault shared with Ada and Ben, each of whom has it in writing."""
    store, beliefs, _, _ = couple()
    record = create_vault(store, "work", EPOCH).record
    vault = VaultId(record.vault_id)
    share(beliefs, store, ADA.node, vault)
    rows = {"ada": issue(store, record, ADA.node, 3), "ben": issue(store, record, BEN.node, 5)}
    return store, beliefs, vault, rows


def revoked(store: NodeStore, vault: VaultId) -> dict[str, Instant | None]:
    rows = {name: store.grants.issued.get(vault, who.node) for name, who in (("ada", ADA), ("ben", BEN))}
    assert None not in rows.values(), "a row stays, so that its serial is never used again"
    return {name: row.revoked for name, row in rows.items() if row is not None}


def test_what_is_unshared_revokes_its_grants_and_their_rows_stay_with_their_serials() -> None:
    store, beliefs, vault, rows = granted()
    beliefs.grant(store, sharing.unshare(beliefs.held, beliefs.graph, BEN.node, vault), EPOCH + DAY)
    assert revoked(store, vault) == {"ada": EPOCH + DAY, "ben": EPOCH + DAY}
    kept = store.grants.issued.get(vault, BEN.node)
    assert kept is not None
    assert (kept.serial, kept.grant) == (5, rows["ben"].grant)
    beliefs.grant(store, sharing.unshare(beliefs.held, beliefs.graph, BEN.node, vault), EPOCH + 2 * DAY)
    assert revoked(store, vault) == {"ada": EPOCH + DAY, "ben": EPOCH + DAY}


def test_who_leaves_loses_its_grant_and_who_stays_keeps_it() -> None:
    store, beliefs, vault, _ = granted()
    beliefs.take_chain(store, grown(BEN, beliefs.chains[BEN.node], RetractedRecord(1)), EPOCH + DAY)
    assert revoked(store, vault) == {"ada": None, "ben": EPOCH + DAY}


def test_evidence_of_a_fork_at_a_pair_takes_the_grant_too() -> None:
    store, beliefs, vault, _ = granted()
    evidence = forked(BEN, beliefs.chains[BEN.node], IdentifiedRecord(BEN.identity("1"), ""))
    beliefs.take_fork(store, *evidence, EPOCH + DAY)
    assert revoked(store, vault) == {"ada": None, "ben": EPOCH + DAY}


def test_a_grant_that_something_else_still_gives_is_not_revoked() -> None:
    store, beliefs, vault, _ = granted()
    share(beliefs, store, BEN.node, vault)
    (first,) = beliefs.held.anchored(ADA.node)
    beliefs.grant(store, Change(gone=frozenset({first})), EPOCH)
    assert revoked(store, vault) == {"ada": None, "ben": None}
    share(beliefs, store, BEN.node, vault, EPOCH + DAY)
    assert revoked(store, vault) == {"ada": None, "ben": None}


# ---- what older versions kept ----


def older_contact(store: NodeStore, person: Person, *actions: str) -> None:
    row = _Older(person.node.raw, f"n{person.node.short}", (("host", 1),), actions, 5, 7)
    store.contacts._shelf.put(person.node.raw, encode(row))


def older_store() -> tuple[NodeStore, dict[str, VaultRecord]]:
    """As an older version left it: Ada may notify and scan, Ben nothing, Cyd is no contact, and of the vaults one is gone."""
    store, _ = new_store()
    older_contact(store, ADA, "notify", "scan")
    older_contact(store, BEN)
    vaults = {name: create_vault(store, name, EPOCH).record for name in ("work", "home", "gone")}
    issue(store, vaults["work"], ADA.node)
    issue(store, vaults["work"], BEN.node, not_after=EPOCH + DAY)
    issue(store, vaults["home"], ADA.node, not_after=EPOCH + 1)
    row = issue(store, vaults["home"], BEN.node)
    store.grants.issued.put(IssuedGrant(row.vault_id, row.grantee, row.grant, row.serial, EPOCH))
    issue(store, vaults["home"], CYD.node, not_after=EPOCH + 200 * DAY)
    issue(store, vaults["gone"], ADA.node)
    store.vaults.delete(VaultId(vaults["gone"].vault_id))
    return store, vaults


def taken_over(vaults: dict[str, VaultRecord]) -> set[Entitlement]:
    work, home = (VaultId(vaults[name].vault_id) for name in ("work", "home"))
    ada, ben, cyd = (frozenset({person.node}) for person in (ADA, BEN, CYD))
    return {
        Entitlement(ADA.node, None, frozenset({Action.NOTIFY, Action.SCAN}), None, ada),
        Entitlement(ADA.node, work, VAULT_ACTIONS, None, ada),
        Entitlement(BEN.node, work, VAULT_ACTIONS, EPOCH + DAY, ben),
        Entitlement(CYD.node, home, VAULT_ACTIONS, EPOCH + 200 * DAY, cyd),
    }


LATER = EPOCH + CLOCK_SLACK + 2
"""Right behind the end of Ada's grant on “home”."""


def test_rights_of_an_older_version_become_entitlements_of_each_node_alone() -> None:
    store, vaults = older_store()
    beliefs = loaded(store, LATER)
    assert set(beliefs.held) == taken_over(vaults)
    assert set(store.entitlements.list()) == taken_over(vaults)
    assert who_pulls(beliefs, VaultId(vaults["work"].vault_id), LATER) == BOTH
    assert who_pulls(beliefs, VaultId(vaults["home"].vault_id), LATER) == {CYD.node}
    assert who_pulls(beliefs, VaultId(vaults["gone"].vault_id), LATER) == set()
    assert beliefs.is_trusted(ADA.node, LATER)
    assert not beliefs.is_trusted(BEN.node, LATER)


def test_contacts_of_the_older_form_stay_what_they_were() -> None:
    store, _ = older_store()
    before = store.contacts.list()
    assert [contact.node for contact in before] == [ADA.node.raw, BEN.node.raw]
    loaded(store, LATER)
    assert store.contacts.list() == before
    assert before[0] == Contact(ADA.node.raw, f"n{ADA.node.short}", (("host", 1),), 5, 7)
    assert list(store.contacts.take_older_actions()) == []


def test_a_grant_that_was_live_at_the_take_over_goes_on_with_its_serial() -> None:
    store, vaults = older_store()
    before = {(row.vault_id, row.grantee): row for row in store.grants.issued.list()}
    loaded(store, LATER)
    assert {(row.vault_id, row.grantee): row for row in store.grants.issued.list()} == before
    assert before[vaults["work"].vault_id, ADA.node.raw].revoked is None


def test_they_are_taken_over_once_and_what_was_taken_back_since_does_not_come_back() -> None:
    store, vaults = older_store()
    beliefs = loaded(store, LATER)
    work = VaultId(vaults["work"].vault_id)
    beliefs.grant(store, sharing.unshare(beliefs.held, beliefs.graph, ADA.node, work), LATER)
    beliefs.grant(store, sharing.disallow(beliefs.held, beliefs.graph, ADA.node, NOTIFY), LATER)
    issue(store, vaults["work"], ADA.node, 2)  # paper alone is no right any more
    older_contact(store, CYD, "notify")
    again = loaded(store, LATER)
    assert who_pulls(again, work, LATER) == {BEN.node}
    assert not again.is_trusted(ADA.node, LATER)
    assert not again.is_trusted(CYD.node, LATER)
    require_kept(beliefs, store)


@pytest.mark.parametrize("at", ["contacts", "entitlements", "settings"])
def test_a_take_over_that_breaks_off_has_changed_nothing_and_is_done_again(
    at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, vaults = older_store()
    table, name = {
        "contacts": (store.contacts, "take_older_actions"),
        "entitlements": (store.entitlements, "apply"),
        "settings": (store.settings, "put"),
    }[at]
    whole = getattr(table, name)

    def breaks_off(*given: Any) -> None:
        whole(*given)
        raise _Broken

    with monkeypatch.context() as patch:
        patch.setattr(table, name, breaks_off)
        with pytest.raises(_Broken):
            loaded(store, LATER)
    assert list(store.entitlements.list()) == []
    assert set(loaded(store, LATER).held) == taken_over(vaults)


def test_a_new_node_has_nothing_to_take_over_and_notes_that() -> None:
    store, _ = new_store()
    loaded(store)
    older_contact(store, ADA, "notify")
    assert list(loaded(store).held) == []
