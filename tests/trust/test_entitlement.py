"""What was granted is written down in one form and found by what is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trust.plain_people import NOW, node

from pk_tui.errors import Malformed, Misuse
from pk_tui.records import decode, encode
from pk_tui.terms import GESTALT_ACTIONS, VAULT_ACTIONS, Action, IdentityId, NodeId, VaultId
from pk_tui.trust import entitlement
from pk_tui.trust.entitlement import MAX_NODES, Change, Entitlement, Entitlements, read_entitlement, write_entitlement
from pk_tui.trust.grant import CLOCK_SLACK

ADA, BEN, CYD = (node(number) for number in range(3))
GITHUB = IdentityId("github", "1")
VAULT = VaultId(bytes(16))
ONE = Entitlement(ADA, VAULT, VAULT_ACTIONS, NOW, frozenset({ADA, BEN}), frozenset({CYD}))

nodes = st.frozensets(st.sampled_from([node(number) for number in range(6)]), max_size=4)


@st.composite
def entitlements(draw: st.DrawFn) -> Entitlement:
    vault = draw(st.none() | st.sampled_from([VAULT, VaultId(b"v" * 16)]))
    actions = sorted(GESTALT_ACTIONS if vault is None else VAULT_ACTIONS)
    confirmed = draw(nodes)
    return Entitlement(
        draw(st.sampled_from([ADA, BEN, GITHUB, IdentityId("web", "example.org")])),
        vault,
        draw(st.frozensets(st.sampled_from(actions), min_size=1)),
        draw(st.none() | st.sampled_from([0, NOW, 2**63 - 1])),
        confirmed,
        draw(nodes) - confirmed,
    )


@given(entitlements())
def test_it_comes_back_as_it_was_written(one: Entitlement) -> None:
    assert read_entitlement(write_entitlement(one)) == one
    assert write_entitlement(replace(one, confirmed=frozenset(sorted(one.confirmed)))) == write_entitlement(one)


def written(**changes: object) -> bytes:
    record = decode(entitlement._Entitled, write_entitlement(ONE))
    fields = {name: getattr(record, name) for name in record.__struct_fields__} | changes
    return encode(entitlement._Entitled(**fields))


@pytest.mark.parametrize(
    "changes",
    [
        {"node": None},
        {"node": None, "identity": "github"},
        {"identity": "github:1"},
        {"vault": None},
        {"actions": ()},
        {"actions": ("pull", "clone")},
        {"actions": ("clone", "clone")},
        {"actions": ("scan",)},
        {"not_after": -1},
        {"confirmed": (BEN.raw, ADA.raw)},
        {"confirmed": (ADA.raw, ADA.raw)},
        {"confirmed": (ADA.raw[:31],)},
        {"rejected": (ADA.raw,)},
        {"rejected": (bytes(32),) * (MAX_NODES + 1)},
    ],
)
def test_what_is_written_in_any_other_way_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        read_entitlement(written(**changes))


def test_one_for_more_nodes_than_can_be_is_not_written() -> None:
    many = frozenset(NodeId(number.to_bytes(32, "big")) for number in range(MAX_NODES + 1))
    with pytest.raises(Malformed):
        write_entitlement(replace(ONE, confirmed=many, rejected=frozenset()))

    most = replace(ONE, confirmed=frozenset(sorted(many)[1:]), rejected=frozenset(sorted(many)[:1]))
    assert read_entitlement(write_entitlement(most)) == most


@pytest.mark.parametrize(
    ("vault", "actions"),
    [(VAULT, set()), (None, set()), (VAULT, {Action.SCAN}), (None, {Action.PULL}), (VAULT, set(Action))],
)
def test_actions_belong_where_they_are_granted(vault: VaultId | None, actions: set[Action]) -> None:
    with pytest.raises(Misuse):
        replace(ONE, vault=vault, actions=frozenset(actions))


def test_a_node_is_not_both_confirmed_and_rejected() -> None:
    with pytest.raises(Misuse):
        replace(ONE, rejected=frozenset({ADA}))


@pytest.mark.parametrize(
    ("until", "now", "live"),
    [(None, NOW, True), (NOW, NOW, True), (NOW, NOW + CLOCK_SLACK, True), (NOW, NOW + CLOCK_SLACK + 1, False)],
)
def test_it_lives_until_its_end_and_the_slack_of_clocks(until: int | None, now: int, live: bool) -> None:
    assert replace(ONE, not_after=until).is_live(now) is live


@settings(max_examples=80)
@given(st.lists(entitlements(), max_size=8), st.lists(st.tuples(entitlements(), st.integers(0, 9)), max_size=8))
def test_the_index_finds_what_a_walk_finds_after_any_changes(
    first: list[Entitlement], then: list[tuple[Entitlement, int]]
) -> None:
    found, plain = Entitlements(first), set(first)
    for new, number in then:
        old = sorted(plain, key=write_entitlement)[number : number + 1]
        found.apply(Change.of(old, [new]))
        plain = (plain - {*old}) | {new}

    assert set(found) == plain
    assert len(found) == len(plain)
    for vault in (None, VAULT, VaultId(b"v" * 16)):
        assert set(found.on(vault)) == {one for one in plain if one.vault == vault}
    for member in (ADA, BEN, GITHUB):
        assert set(found.anchored(member)) == {one for one in plain if one.anchor == member}
    for who in (ADA, BEN, CYD):
        naming = found.naming(who)
        assert set(naming) == {one for one in plain if who in one.confirmed}
        assert len(naming) == len(set(naming))
        live = [one.is_live(NOW + 2 * CLOCK_SLACK) for one in naming]
        assert live == sorted(live, reverse=True)
        for vault in (None, VAULT):
            assert set(found.naming_on(who, vault)) == {one for one in naming if one.vault == vault}


def test_a_change_leaves_out_what_stays() -> None:
    other = replace(ONE, not_after=None)

    assert Change.of([ONE, other], [other]) == Change(gone=frozenset({ONE}))
    assert not Change.of([ONE], [ONE])
