from __future__ import annotations

import re

import pytest
from textual.binding import Binding, BindingType
from tui.people import node_id

from pk_tui.tui.panes.node_verbs import GESTALT_KEYS, NODES_KEYS, deed
from pk_tui.tui.panes.pane import Pane

KEYS = [("nodes", NODES_KEYS), ("gestalt", GESTALT_KEYS)]


def bindings(keys: list[BindingType]) -> list[Binding]:
    return [one for one in keys if isinstance(one, Binding)]


@pytest.mark.parametrize(("pane", "keys"), KEYS)
def test_every_key_has_a_name_of_its_own_and_a_sentence_and_at_most_six_stand_below(
    pane: str, keys: list[BindingType]
) -> None:
    found = bindings(keys)

    assert len(found) == len(keys)
    assert all(one.id and one.id.startswith(f"{pane}.") and len(one.tooltip) > 10 for one in found)
    assert len({one.id for one in found}) == len(found)
    pressed = [key for one in found for key in one.key.split(",")]
    assert len(set(pressed)) == len(pressed)
    assert sum(one.show for one in found) <= 6
    assert not set(pressed) & set("jkhlgG1234"), "these move"


@pytest.mark.parametrize(("pane", "keys"), KEYS)
def test_every_verb_of_a_key_is_carried_out_by_a_deed(pane: str, keys: list[BindingType]) -> None:
    verbs = {found[1] for one in bindings(keys) if (found := re.fullmatch(r"verb\('(\w+)'\)", one.action))}

    assert verbs
    for verb in {*verbs, "copy"}:
        work = deed(verb, Pane.__new__(Pane), node_id(1))
        assert work is not None, verb
        work.close()
    assert deed("nonsense", Pane.__new__(Pane), node_id(1)) is None
