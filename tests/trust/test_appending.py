"""A node says in its chain what the chain allows, and nothing that others would refuse."""

from collections.abc import Callable

import pytest
from trust.chains import ADA, BEN, CYD, NOW, agreed

from pk_tui.crypto.keys import RecoveryKey
from pk_tui.errors import Malformed
from pk_tui.trust.appending import (
    make_expelled,
    make_identified,
    make_paired,
    make_retracted,
    make_reworded,
    make_succeeded,
)
from pk_tui.trust.claim import Expelled, Identified, Paired, Retracted, Reworded, Succeeded
from pk_tui.trust.expulsion import make_expulsion
from pk_tui.trust.rewording import make_rewording
from pk_tui.trust.sigchain import ChainFault, Fault, extend
from pk_tui.trust.successor import make_successor

CHAIN = ADA.chain()
NEW_WORDS = RecoveryKey(b"2" * 32)


def test_each_kind_is_the_next_claim_of_the_chain() -> None:
    chain = CHAIN
    pair, name = agreed(ADA, BEN), ADA.identity()
    chain = extend(chain, make_paired(ADA.signing, chain, pair, NOW + 1))
    chain = extend(chain, make_identified(ADA.signing, chain, name, "gist-1", NOW + 2))
    chain = extend(chain, make_retracted(ADA.signing, chain, 1, NOW + 3))
    chain = extend(chain, make_expelled(ADA.signing, chain, make_expulsion(ADA.words, CYD.node, NOW), NOW + 4))
    words = make_rewording(ADA.words, NEW_WORDS, ADA.node, NOW)
    chain = extend(chain, make_reworded(ADA.signing, chain, words, NOW + 5))
    after = make_successor(NEW_WORDS, ADA.node, CYD.node, NOW)
    chain = extend(chain, make_succeeded(ADA.signing, chain, after, NOW + 6))

    kinds = [Paired, Identified, Retracted, Expelled, Reworded, Succeeded]
    assert [type(claim.said) for claim in chain.claims[1:]] == kinds
    assert [claim.time for claim in chain.claims] == [NOW + at for at in range(7)]


@pytest.mark.parametrize(
    ("tried", "fault"),
    [
        (lambda: make_paired(ADA.signing, CHAIN, agreed(BEN, CYD), NOW), Fault.NOT_NAMED),
        (lambda: make_paired(BEN.signing, CHAIN, agreed(ADA, BEN), NOW), Fault.WRONG_NODE),
        (lambda: make_identified(ADA.signing, CHAIN, BEN.identity(), "", NOW), Fault.NOT_NAMED),
        (lambda: make_retracted(ADA.signing, CHAIN, 1, NOW), Fault.NOTHING_TO_RETRACT),
        (lambda: make_expelled(ADA.signing, CHAIN, agreed(ADA, BEN), NOW), Fault.BAD_STATEMENT),
        (
            lambda: make_succeeded(ADA.signing, CHAIN, make_successor(BEN.words, ADA.node, CYD.node, NOW), NOW),
            Fault.BAD_STATEMENT,
        ),
        (
            lambda: make_reworded(ADA.signing, CHAIN, make_rewording(BEN.words, NEW_WORDS, ADA.node, NOW), NOW),
            Fault.BAD_STATEMENT,
        ),
    ],
)
def test_what_the_chain_does_not_allow_is_not_given_out(tried: Callable[[], bytes], fault: Fault) -> None:
    with pytest.raises(ChainFault) as caught:
        tried()
    assert caught.value.fault is fault


def test_what_nobody_could_read_is_not_given_out() -> None:
    for tried in (
        lambda: make_identified(ADA.signing, CHAIN, ADA.identity(), "x" * 513, NOW),
        lambda: make_identified(ADA.signing, CHAIN, ADA.identity(), "two words", NOW),
        lambda: make_paired(ADA.signing, CHAIN, b"", NOW),
        lambda: make_retracted(ADA.signing, CHAIN, 0, NOW),
        lambda: make_expelled(ADA.signing, CHAIN, make_expulsion(ADA.words, CYD.node, NOW), -1),
    ):
        with pytest.raises(Malformed):
            tried()
