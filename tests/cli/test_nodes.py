from __future__ import annotations

import pytest

from pk_tui.errors import Unreachable
from pk_tui.terms import Address


def test_add(type_in, fixed, agent):
    done = type_in("--format", "json", "nodes", "add", str(fixed.node), "127.0.0.1", "4433")
    assert done.json == {"node_id": str(fixed.node), "host": "127.0.0.1", "port": 4433}
    type_in("nodes", "add", str(fixed.node), "localhost", "1", "--no-ping")
    assert agent.calls == [
        ("nodes.add", fixed.node, Address("127.0.0.1", 4433), {"ping": True}),
        ("nodes.add", fixed.node, Address("localhost", 1), {"ping": False}),
    ]


@pytest.mark.parametrize(
    "argv", [("bob", "localhost", "1"), ("{}", "a b", "1"), ("{}", "localhost", "x"), ("{}", "localhost", "0")]
)
def test_an_address_that_is_none_is_misuse(type_in, fixed, argv):
    assert type_in("nodes", "add", *(word.format(fixed.node) for word in argv)).code == 64


def test_name(type_in, agent):
    assert type_in("--format", "json", "nodes", "name", "bob", "robert").json == {}
    assert agent.calls == [("nodes.name", "bob", "robert")]


def test_ping(type_in, fixed, agent):
    assert type_in("--format", "json", "nodes", "ping", "bob").json == {
        "node_id": str(fixed.node),
        "rtt_ms": 1.25,
        "via": "direct",
    }
    agent.nodes.results["ping"] = Unreachable("Nobody answers.")
    assert type_in("nodes", "ping", "bob").code == 68


def test_list(type_in, fixed):
    named, unnamed = type_in("--format", "json", "nodes", "list").json
    assert named == {
        "node_id": str(fixed.node),
        "petname": "bob",
        "addresses": [{"host": "::1", "port": 4433}],
        "last_seen": fixed.time_text,
        "trusted": True,
    }
    assert (unnamed["petname"], unnamed["addresses"], unnamed["last_seen"], unnamed["trusted"]) == (
        None,
        [],
        None,
        False,
    )
    assert "[::1]:4433" in type_in("nodes", "list").text


def test_connections_are_those_that_are_there(type_in, fixed):
    rows = type_in("--format", "json", "nodes", "connections").json
    assert len(rows) == 1
    row = rows[0]
    assert {
        key: row[key]
        for key in (
            "node_id",
            "petname",
            "host",
            "port",
            "direction",
            "via",
            "rtt_ms",
            "since",
            "bytes_in",
            "bytes_out",
        )
    } == {
        "node_id": str(fixed.node),
        "petname": "bob",
        "host": "::1",
        "port": 4433,
        "direction": "out",
        "via": "direct",
        "rtt_ms": 1.25,
        "since": fixed.time_text,
        "bytes_in": 10,
        "bytes_out": 20,
    }


def test_connections_being_tried_are_shown_when_asked_for(type_in):
    assert [row["state"] for row in type_in("--format", "json", "nodes", "connections", "--all").json] == [
        "connected",
        "waiting",
    ]
    assert "nobody answers" in type_in("nodes", "connections", "--all").text
