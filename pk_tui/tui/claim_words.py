"""The claims of a sigchain in words: what each says, and who has signed it. Rules alone."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content

from pk_tui.api.trust import ClaimView
from pk_tui.tui.link_words import NameOf, node_in
from pk_tui.tui.text import sentence, shown

TYPES = {
    "genesis": "begins",
    "succession": "begins anew",
    "node": "one party",
    "identity": "identity",
    "retraction": "taken back",
    "expulsion": "expelled",
    "successor": "followed",
    "recovery": "new words",
}
"""Each type in a word or two."""


def kind(claim: ClaimView) -> Content:
    return Content(TYPES[claim.type]) if claim.type in TYPES else shown(claim.type, 14)


def says(claim: ClaimView, name_of: NameOf) -> Content:
    """What the claim says, in a sentence."""
    match claim.type:
        case "genesis":
            return Content("Its key and its recovery key vouch for each other.")
        case "succession":
            return sentence("A new key in the place of $node.", node=_node(claim, "predecessor", name_of))
        case "node":
            return sentence("Belongs together with $node.", node=_node(claim, "node_id", name_of))
        case "identity":
            return sentence(
                "Is $identity ($name), with a copy at $where.",
                identity=_text(claim, "identity", 120),
                name=_text(claim, "name", 80),
                where=_text(claim, "locator", 160),
            )
        case "retraction":
            return sentence("Takes back claim $number.", number=_text(claim, "seq", 10))
        case "expulsion":
            return sentence("Expels $node for ever: it is lost.", node=_node(claim, "node_id", name_of))
        case "successor":
            return sentence(
                "$new goes on in the place of $old.",
                new=_node(claim, "successor", name_of),
                old=_node(claim, "predecessor", name_of),
            )
        case "recovery":
            return Content("From now on other recovery words speak for this node.")
        case _:
            return Content("Something that this version does not know.")


def signers(claim: ClaimView, name_of: NameOf) -> Content:
    """`bob and its recovery key`."""
    named = [Content("its recovery key") if one == "recovery" else named_id(one, name_of) for one in claim.signers]
    return Content(" and ").join(named)


def taken_back(claims: Iterable[ClaimView]) -> dict[int, int]:
    """By the number of a claim that stands no more, the number of the one that takes it back."""
    found: dict[int, int] = {}
    for claim in claims:
        target = claim.data.get("seq")
        if claim.type == "retraction" and isinstance(target, int):
            found[target] = claim.sequence
    return found


def named_id(text: str, name_of: NameOf) -> Content:
    """A node that is told by its id, as it is called here."""
    node = node_in(text)
    return shown(text, 80) if node is None else Content(name_of(node))


def _node(claim: ClaimView, key: str, name_of: NameOf) -> Content:
    return named_id(str(claim.data.get(key, "somebody")), name_of)


def _text(claim: ClaimView, key: str, limit: int) -> Content:
    return shown(str(claim.data.get(key, "?")), limit)
