from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import Any

import pytest

from pk_tui.api.audit import AuditView
from pk_tui.cli.audit import moment
from pk_tui.clock import DAY, MINUTE, SECOND
from pk_tui.errors import Locked, Misuse

NOW = 1_763_755_200 * SECOND
"""2025-11-21T20:00:00Z."""
TIME = 1_700_000_000_000_000
ROWS = [
    AuditView(7, TIME, "vault.cloned", {"node_id": "v1", "vault_id": "z2", "vault_name": "work\x1b[31m"}),
    AuditView(8, TIME, "permission.changed", {"node_id": "v1", "allowed": ["clone", "pull"], "disallowed": []}),
    AuditView(9, TIME, "agent.locked", {}),
]


def as_json(row: AuditView) -> dict[str, Any]:
    return {"id": row.id, "time": "2023-11-14T22:13:20.000Z", "topic": row.topic, "data": row.data}


class Audit:
    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.rows = ROWS[:2]
        self.later = ROWS[2:]

    async def list(self, limit: int | None = None, since: int | None = None) -> list[AuditView]:
        self.calls.append(("list", limit, since))
        return self.rows[-limit:] if limit else self.rows

    @asynccontextmanager
    async def follow(self, after: int | None = None) -> Any:
        self.calls.append(("follow", after))

        async def told() -> Any:
            for row in self.later:
                yield row
            raise Locked("The agent is locked.")

        yield told()


@pytest.fixture
def audit(agent: Any) -> Audit:
    agent.audit = Audit()
    return agent.audit


def test_the_audit_as_one_document(type_in, audit):
    assert type_in("--format", "json", "audit").json == [as_json(row) for row in ROWS[:2]]
    assert type_in("--format", "json", "audit", "--limit", "1").json == [as_json(ROWS[1])]
    assert audit.calls == [("list", None, None), ("list", 1, None)]


def test_people_see_names_and_nothing_that_steers_their_terminal(type_in, audit):
    text = type_in("audit").text
    assert "vault work" in text
    assert "allowed clone, pull" in text
    assert "z2" not in text
    assert "disallowed" not in text
    assert "\x1b" not in text


def test_an_empty_audit(type_in, audit):
    audit.rows = []
    assert type_in("--format", "json", "audit").json == []
    assert type_in("audit").errors == b"Nothing was noted.\n"


def test_following_prints_a_document_a_line_until_it_ends(type_in, audit):
    done = type_in("--format", "json", "audit", "--follow")
    assert [json.loads(line) for line in done.output.splitlines()] == [as_json(row) for row in ROWS]
    assert (done.code, done.error["kind"]) == (77, "locked")
    assert audit.calls == [("list", 1, None), ("list", 10, None), ("follow", 8)]
    lines = type_in("audit", "--follow").text.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("2023-11-14T22:13:20.000Z  ") for line in lines)


def test_following_what_was_never_noted_begins_at_the_beginning(type_in, audit):
    audit.rows = []
    type_in("--format", "json", "audit", "--follow", "--limit", "3")
    assert audit.calls == [("list", 1, None), ("list", 3, None), ("follow", 0)]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("90m", NOW - 90 * MINUTE),
        ("30s", NOW - 30 * SECOND),
        ("2h", NOW - 120 * MINUTE),
        ("7d", NOW - 7 * DAY),
        ("2025-11-21T20:00:00Z", NOW),
        ("2025-11-21T20:00:00.000Z", NOW),
        ("2025-11-21 21:00:00+01:00", NOW),
    ],
)
def test_times_as_people_and_programs_write_them(text, at):
    assert moment(text, NOW) == at


def test_a_date_is_its_first_moment_here():
    assert abs(moment("2025-11-21", NOW) - (NOW - 20 * 60 * MINUTE)) <= 14 * 60 * MINUTE


@pytest.mark.parametrize("text", ["", "yesterday", "7", "7w", "-7d", "2025-13-01", "2025-11-21T25:00", "9999999d"])
def test_what_is_no_time_is_misuse(text, type_in, audit):
    with pytest.raises(Misuse):
        moment(text, NOW)
    assert type_in("audit", "--since", text).code == 64
    assert audit.calls == []
