from __future__ import annotations

import pytest
from tui.people import HOSTILE, NOW, OWN, node_id

from pk_tui.api.audit import AuditView
from pk_tui.terms import NodeId
from pk_tui.tui.audit_words import in_full, line, whom

BOB = str(node_id(1))


def entry(topic: str, **data: object) -> AuditView:
    return AuditView(7, NOW, topic, data)


def name_of(node: NodeId) -> str:
    return {OWN: "this node", node_id(1): "bob"}.get(node, f"{node.short}…")


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (entry("vault.pulled", node_id=BOB, vault_id="z1", vault_name="work", times=3), "bob pulled work, 3 times"),
        (entry("vault.cloned", node_id=BOB, vault_id="z1"), "bob cloned z1"),
        (entry("vault.scanned", node_id=BOB, vaults=2), "bob asked which vaults are shared with it"),
        (entry("vault.unshared", identity="github:ada", vault_name="work"), "github:ada lost work"),
        (entry("trust.changed", node_id=BOB, allowed=["notify"], disallowed=[]), "bob: allowed to notify"),
        (entry("permission.changed", node_id=BOB, allowed=[], disallowed=["scan"]), "bob: no longer allowed to scan"),
        (
            entry("permission.changed", node_id=BOB, decided="confirmed", what=["clone, pull on work"]),
            "bob was confirmed: clone, pull on work",
        ),
        (
            entry("trust.changed", claim="00", type="node", about=f"{BOB} {OWN}"),
            "bob and this node have signed that they are one party",
        ),
        (entry("trust.changed", claim="00", type="expulsion", about=BOB), "bob was expelled with recovery words"),
        (entry("trust.changed", claim="00", type="retraction", about=""), "This node took a claim back"),
        (entry("trust.changed", claim="00", type="recovery", about=""), "This node's chain goes on: recovery"),
        (entry("agent.login_failed", count=2, at=["x", "y"]), "A wrong password was given, 2 times"),
        (entry("agent.unlocked"), "This node was unlocked"),
        (entry("node.connected", node_id=BOB), "bob connected"),
        (entry("something.new", node_id=BOB, why="so"), f"something.new node {BOB}; why so"),
        (entry("something.new"), "something.new"),
    ],
)
def test_each_entry_is_told_in_a_line(one: AuditView, says: str) -> None:
    assert line(one, name_of).plain == says


def test_in_full_every_detail_is_there() -> None:
    told = in_full(entry("vault.pulled", node_id=BOB, vault_name="work", times=3, none=None)).plain

    assert all(part in told for part in ("7", "2025-06-15", "vault.pulled", BOB, "work", "times 3"))
    assert "none" not in told


def test_who_it_is_about_is_a_node_or_an_identity_or_nobody() -> None:
    assert whom(entry("x"), name_of) is None
    found = whom(entry("x", identity="github:ada"), name_of)
    assert found is not None
    assert found.plain == "github:ada"


def test_names_from_outside_do_nothing() -> None:
    hostile = entry("vault.pulled", identity=HOSTILE, vault_name=HOSTILE, more=HOSTILE)
    for one in (line(hostile, name_of), line(entry(HOSTILE, x=HOSTILE), name_of), in_full(hostile)):
        assert "\x1b" not in one.plain
        assert not any("click" in str(span.style) for span in one.spans)
