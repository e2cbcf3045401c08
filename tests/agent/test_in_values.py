from __future__ import annotations

import pytest
from agent.test_finding import item
from agent.test_vault_names import change, run, with_store
from hypothesis import given
from hypothesis import strategies as st

from pk_tui.agent.in_values import Needle, in_values
from pk_tui.store.node import NodeStore
from pk_tui.store.vault import VaultFrames


@given(st.text("aBä", max_size=4), st.text("aBä", min_size=1, max_size=3), st.text("aBä", max_size=4))
def test_a_term_is_found_wherever_it_stands_and_in_any_case(before: str, term: str, after: str) -> None:
    value = f"{before}{term.swapcase()}{after}".encode()
    assert Needle(term).within(value)
    assert not Needle(term + "x").within(value)


@pytest.mark.parametrize("term", ["abc", "äöü"])
def test_bytes_that_are_no_text_are_searched_too(term: str) -> None:
    assert Needle(term).within(b"\xff\x00" + term.upper().encode() + b"\xfe")
    assert not Needle(term).within(bytes(reversed(range(256))))


def test_of_an_item_only_the_values_of_its_slots_are_searched_as_they_are_meant() -> None:
    body = item("A title", "ada", ("money",), note='two "quoted"\nlines')
    for term in ('two "quoted"\nlines', "ADA"):
        assert Needle(term).in_secret(body)
    for term in ("title", "money", "username", "pk-item", '\\"'):
        assert not Needle(term).in_secret(body)
    assert Needle("username").in_secret(body[:-1]), "what is no item is plain bytes"


def found(vaults: list[VaultFrames], term: str, limit: int = 50) -> list[str]:
    return sorted(str(view.path) for view in run(in_values(vaults, term, limit)))


def test_each_path_of_one_value_is_told_up_to_the_limit() -> None:
    def scenario(store: NodeStore, frames: VaultFrames) -> None:
        change(store, frames, {"a": b"same", "d/b": b"same", "c": b"other"})
        assert found([frames], "SAME") == ["a", "d/b"]
        assert len(found([frames], "same", 1)) == 1
        assert found([], "same") == []

    with_store(scenario)


def test_old_versions_are_not_searched() -> None:
    def scenario(store: NodeStore, frames: VaultFrames) -> None:
        change(store, frames, {"a": b"before", "b": b"x"})
        change(store, frames, {"a": b"after"})
        assert found([frames], "before") == []
        assert found([frames], "after") == ["a"]

    with_store(scenario)


def test_a_search_stops_after_every_frame() -> None:
    def scenario(store: NodeStore, frames: VaultFrames) -> None:
        change(store, frames, {f"s{n}": b"%d" % n * 10_000 for n in range(40)})
        count = len(set(frames.in_frames(oid for oid in frames)))
        assert count > 5
        assert sum(1 for _ in in_values([frames], "nothing", 50)) >= count

    with_store(scenario)
