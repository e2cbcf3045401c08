"""What windows see of each kind of claim, of forks and of what waits."""

from __future__ import annotations

import pytest
from agent.actors import EPOCH
from agent.linked import acquainted, fork_of, forked_by
from simulator import World, simulate
from trust.chains import ADA, BEN, CYD, NOW, agreed

from pk_tui.agent.claim_views import claim_view, fork_view, gain_views, in_words
from pk_tui.api.trust import ClaimView, GainView
from pk_tui.terms import Action, VaultId
from pk_tui.trust.claim import (
    BodyRecord,
    ExpelledRecord,
    IdentifiedRecord,
    PairedRecord,
    RetractedRecord,
    RewordedRecord,
    SucceededRecord,
)
from pk_tui.trust.expulsion import make_expulsion
from pk_tui.trust.fork import verify_fork
from pk_tui.trust.rewording import make_rewording
from pk_tui.trust.sharing import Gain
from pk_tui.trust.sigchain import Chain, read_first
from pk_tui.trust.succession import make_succession
from pk_tui.trust.successor import make_successor

OWN = str(ADA.node)
BOTH = tuple(sorted((OWN, str(BEN.node))))


def last(chain: Chain) -> ClaimView:
    return claim_view(chain, chain.claims[-1])


def test_the_first_claim_of_a_node_names_its_recovery_key() -> None:
    chain = ADA.chain()
    assert last(chain) == ClaimView(
        0, chain.head.digest, "genesis", NOW, (OWN, "recovery"), {"recovery_key": ADA.words.public.hex()}
    )


@pytest.mark.parametrize(
    ("body", "kind", "signers", "told"),
    [
        (PairedRecord(agreed(ADA, BEN)), "node", BOTH, {"node_id": str(BEN.node)}),
        (
            IdentifiedRecord(ADA.identity("583231"), "https://gist.example/1"),
            "identity",
            (OWN,),
            {"identity": "github:583231", "name": "ada", "locator": "https://gist.example/1"},
        ),
        (
            ExpelledRecord(make_expulsion(BEN.words, CYD.node, NOW)),
            "expulsion",
            (OWN, "recovery"),
            {"node_id": str(CYD.node)},
        ),
        (
            SucceededRecord(make_successor(ADA.words, ADA.node, CYD.node, NOW)),
            "successor",
            (OWN, "recovery"),
            {"predecessor": OWN, "successor": str(CYD.node)},
        ),
        (
            RewordedRecord(make_rewording(ADA.words, CYD.words, ADA.node, NOW)),
            "recovery",
            (OWN, "recovery"),
            {"recovery_key": CYD.words.public.hex()},
        ),
    ],
    ids=["pair", "identity", "expulsion", "successor", "recovery"],
)
def test_each_kind_of_claim_is_shown_with_its_signers_and_what_it_says(
    body: BodyRecord, kind: str, signers: tuple[str, ...], told: dict[str, object]
) -> None:
    chain = ADA.chain(body)
    view = last(chain)
    assert (view.type, view.signers, view.data) == (kind, signers, told)
    assert (view.sequence, view.claim_id, view.time) == (1, chain.claims[1].id, chain.claims[1].time)


def test_a_retraction_names_the_place() -> None:
    view = last(ADA.chain(PairedRecord(agreed(ADA, BEN)), RetractedRecord(1)))
    assert (view.type, view.signers, view.data) == ("retraction", (OWN,), {"seq": 1})


def test_a_chain_that_begins_with_a_succession_names_whom_it_follows() -> None:
    chain = read_first(make_succession(CYD.signing, ADA.signing, CYD.words.public, CYD.words.box_public, NOW))
    view = last(chain)
    assert view.type == "succession"
    assert view.data["recovery_key"] == CYD.words.public.hex()
    assert str(view.data["predecessor"]) in view.signers
    assert str(chain.node) in view.signers


def test_a_fork_is_shown_with_both_claims_whatever_they_say() -> None:
    common, bodies = PairedRecord(agreed(ADA, BEN)), [RetractedRecord(1), IdentifiedRecord(ADA.identity("9"), "x")]
    one, other = forked_by(ADA, [common], bodies[:1], bodies[1:])
    view = fork_view(fork_of(one, other))
    assert view.node_id == ADA.node
    assert {(side.sequence, side.type) for side in (view.one, view.other)} == {(2, "retraction"), (2, "identity")}
    assert {side.claim_id for side in (view.one, view.other)} == {one.claims[2].id, other.claims[2].id}
    # And of two first claims.
    first, second = ADA.genesis(), type(ADA)(ADA.signing, CYD.words).genesis()
    view = fork_view(verify_fork(first, second))
    assert [side.type for side in (view.one, view.other)] == ["genesis", "genesis"]
    assert {side.data["recovery_key"] for side in (view.one, view.other)} == {
        ADA.words.public.hex(),
        CYD.words.public.hex(),
    }


def test_what_would_be_gained_is_named_by_the_vault_as_it_is_called_now() -> None:
    async def scenario(w: World) -> None:
        (alice,) = await acquainted(w, "alice")
        vault = (await alice.vaults.create("work")).vault_id
        gone = VaultId(b"g" * 16)
        both = frozenset({Action.PULL, Action.CLONE})
        gains = [
            Gain(ADA.node, vault, both, EPOCH, None),
            Gain(ADA.node, gone, frozenset({Action.PULL}), None, None),
            Gain(ADA.node, None, frozenset({Action.SCAN}), None, None),
            Gain(BEN.node, None, frozenset({Action.NOTIFY, Action.SCAN}), None, None),  # and to another member
        ]
        views = gain_views(alice._gate.core(), gains)
        assert views == (
            GainView(vault, "work", (Action.CLONE, Action.PULL)),
            GainView(gone, None, (Action.PULL,)),
            GainView(None, None, (Action.NOTIFY, Action.SCAN)),
        )
        assert [in_words(view) for view in views] == ["clone, pull on work", f"pull on {gone}", "notify, scan"]

    simulate(scenario)
