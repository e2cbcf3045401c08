from __future__ import annotations

import pytest
from tui.people import HOSTILE, OWN, node_id

from pk_tui.terms import Address
from pk_tui.tui.node_draft import Typed, Verdict, judged, spread_out

ID = str(node_id(5))


@pytest.mark.parametrize(
    ("pasted", "host", "port"),
    [
        (f"{ID}@host:1314", "host", "1314"),
        (f"{ID} host 1314", "host", "1314"),
        (f"  {ID}\thost:1314 ", "host", "1314"),
        (f"{ID.upper()}@10.0.0.1:99", "10.0.0.1", "99"),
        (f"{ID}@[fe80::1]:99", "fe80::1", "99"),
        (f"pk-tui nodes add {ID} host 1314", "host", "1314"),
    ],
)
def test_all_in_one_is_spread_over_the_fields(pasted: str, host: str, port: str) -> None:
    after = spread_out(Typed(pasted, "old", "1", "bob"))

    assert (after.node.lower(), after.host, after.port, after.name) == (ID, host, port, "bob")


def test_all_in_one_may_be_pasted_into_the_field_of_the_host_too() -> None:
    assert spread_out(Typed(ID, f"{ID}@10.0.0.1:99", "", "bob")) == Typed(ID, "10.0.0.1", "99", "bob")
    assert spread_out(Typed("", f"{ID}@10.0.0.1:99", "1", "")) == Typed(ID, "10.0.0.1", "99", "")
    assert spread_out(Typed("", f"id: {ID}", "1", "")) == Typed(ID, "", "1", "")


def test_words_around_an_id_alone_are_left_out() -> None:
    assert spread_out(Typed(f"my id: {ID}", "host", "1")) == Typed(ID, "host", "1")


@pytest.mark.parametrize("typed", ["", "v", ID[:30], ID, "bob", f"{ID} host", f"{ID} a b c", f"{ID}@host", HOSTILE])
def test_what_does_not_read_so_is_left_as_it_is(typed: str) -> None:
    assert spread_out(Typed(typed, "h", "1", "n")) == Typed(typed, "h", "1", "n")


def judge(typed: Typed, **known: object) -> Verdict:
    return judged(typed, OWN, {node_id(7)}, {"taken"})


@pytest.mark.parametrize(
    ("typed", "says", "is_wrong"),
    [
        (Typed(), "Paste", False),
        (Typed(ID[:20]), "20 of 53", False),
        (Typed(ID + "0"), "53 characters", True),
        (Typed("w" + ID[1:]), "not a node id", True),
        (Typed(ID[:-1] + "v"), "not a node id", True),
        (Typed(HOSTILE), "not a node id", True),
        (Typed(str(OWN)), "this node itself", True),
        (Typed(ID), "host name", False),
        (Typed(ID, "host"), "port", False),
        (Typed(ID, "no host"), "not a host", True),
        (Typed(ID, "host", "0"), "not a port", True),
        (Typed(ID, "host", "70000"), "not a port", True),
        (Typed(ID, "host", "1", "taken"), "called “taken” already", True),
        (Typed(ID, "host", "1", "v" + "0" * 20), "cannot be a petname", True),
    ],
)
def test_what_is_wrong_or_missing_is_said_while_it_is_typed(typed: Typed, says: str, is_wrong: bool) -> None:
    verdict = judge(typed)

    assert says in verdict.says.plain
    assert verdict.is_wrong == is_wrong
    assert verdict.draft is None
    assert "\x1b" not in verdict.says.plain


def test_what_is_right_becomes_a_draft() -> None:
    draft = judge(Typed(f"{ID}@host:1314", name=" bob ")).draft

    assert draft is not None
    assert (draft.node_id, draft.address, draft.name) == (node_id(5), Address("host", 1314), "bob")


def test_adding_is_said_not_to_be_trusting() -> None:
    assert "not trusting" in judge(Typed(ID, "host", "1")).says.plain


def test_a_known_node_gets_another_address_and_may_keep_its_name() -> None:
    verdict = judge(Typed(str(node_id(7)), "host", "1", "taken"))

    assert verdict.draft is not None
    assert "known already" in verdict.says.plain
