from __future__ import annotations

import pytest

from pk_tui.api.views import FoundView
from pk_tui.errors import NotFound
from pk_tui.terms import SecretPath, VaultId

VAULT = VaultId(bytes(range(16)))
HITS = [
    FoundView(VAULT, "work", SecretPath(("db", "prod")), 90, "path", "Database", (0, 1)),
    FoundView(VAULT, "work", SecretPath(("x",)), 70, "tag", "", (), "mo\x1bney"),
    FoundView(VAULT, "home", SecretPath(("y",)), 60, "value"),
]


@pytest.fixture
def agent(agent):
    agent.secrets.results["find"] = HITS
    return agent


def test_find_gives_places_and_scores_best_first(type_in, agent):
    done = type_in("--format", "json", "secrets", "find", "dbp")
    assert [{key: row[key] for key in ("vault_name", "path", "score")} for row in done.json] == [
        {"vault_name": "work", "path": "db/prod", "score": 90},
        {"vault_name": "work", "path": "x", "score": 70},
        {"vault_name": "home", "path": "y", "score": 60},
    ]
    assert [row["what"] for row in done.json] == ["path", "tag", "value"]
    assert agent.calls == [("secrets.find", "dbp", {"vault": None, "values": False, "limit": 50})]


def test_find_takes_its_options(type_in, agent):
    type_in("secrets", "find", "x", "--vault", "work", "--values", "--limit", "3")
    assert agent.calls == [("secrets.find", "x", {"vault": "work", "values": True, "limit": 3})]
    assert type_in("secrets", "find", "x", "--limit", "0").code == 64
    assert type_in("secrets", "find").code == 64


def test_people_see_where_it_was_found_made_safe(type_in, agent):
    text = type_in("secrets", "find", "dbp").text
    assert "work:db/prod" in text
    assert "path (“Database”)" in text
    assert "tag “mo\\u{1b}ney”" in text
    assert "\x1b" not in text
    assert "value" in text


def test_finding_nothing_is_said_and_is_no_error(type_in, agent):
    agent.secrets.results["find"] = []
    done = type_in("secrets", "find", "zz\x1b")
    assert done.code == 0
    assert b"\x1b" not in done.errors + done.output
    assert b"--values" in done.errors + done.output
    assert b"--values" not in type_in("secrets", "find", "zz", "--values").errors
    assert type_in("--format", "json", "secrets", "find", "zz").json == []


def test_a_vault_that_is_not_there_is_told(type_in, agent):
    agent.secrets.results["find"] = NotFound("There is no vault “x” on this node.")
    assert type_in("secrets", "find", "a", "--vault", "x").code == NotFound.exit_code
