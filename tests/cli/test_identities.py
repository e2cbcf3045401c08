from __future__ import annotations

from dataclasses import replace

import pytest

from pk_tui.terms import Action


@pytest.mark.parametrize(
    ("argv", "call"),
    [
        (("trust", "bob"), ("trust", "bob")),
        (("untrust", "bob"), ("untrust", "bob")),
        (("allow", "bob", "scan"), ("allow", "bob", Action.SCAN)),
        (("disallow", "bob", "claim"), ("disallow", "bob", Action.CLAIM)),
        (("permissions", "bob"), ("get", "bob")),
    ],
)
def test_rights_are_shown_after_each_change(type_in, fixed, agent, argv, call):
    done = type_in("--format", "json", "identities", *argv)
    assert done.json == {"gestalt": str(fixed.node), "actions": ["notify", "scan"]}
    assert agent.calls == [(f"gestalts.{call[0]}", *call[1:])]
    assert "notify, scan" in type_in("identities", *argv).text


@pytest.mark.parametrize("action", ["clone", "pull", "everything", ""])
def test_only_actions_on_gestalts_are_allowed(type_in, agent, action):
    assert type_in("identities", "allow", "bob", action).code == 64
    assert agent.calls == []


@pytest.mark.parametrize("argv", [("list",), ("get", "bob")])
def test_list_and_get_have_one_shape(type_in, fixed, argv):
    assert type_in("--format", "json", "identities", *argv).json == [
        {
            "gestalt": str(fixed.node),
            "nodes": [str(fixed.node)],
            "identities": ["github:someone"],
            "actions": ["notify", "scan"],
            "trusted": True,
        }
    ]
    assert "github:someone" in type_in("identities", *argv).text


def test_a_gestalt_without_rights_is_said_to_have_none(type_in, fixed, agent):
    agent.gestalts.results["untrust"] = replace(fixed.gestalt, actions=())
    assert "may do nothing here" in type_in("identities", "untrust", "bob").text
