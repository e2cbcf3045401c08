"""The demonstration's own judgement: it tells a step that failed from one that held. The steps are tried in stories/."""

from __future__ import annotations

import io
import json
from importlib import resources
from pathlib import Path

import pytest

from pk_tui.cli import demo
from pk_tui.cli.demo import KEYSTORE_SIZE, Node, Report, StepFailed


def test_a_step_that_fails_is_said_and_ends_the_demonstration() -> None:
    out = io.StringIO()
    report = Report(out)
    report.step("this holds", lambda: "yes")

    def fail() -> str:
        raise StepFailed("the clone holds other bytes")

    with pytest.raises(StepFailed):
        report.step("this does not", fail)
    assert [(row["step"], row["ok"]) for row in report.steps] == [("this holds", True), ("this does not", False)]
    assert "✓" in out.getvalue()
    assert "✗" in out.getvalue()
    assert "the clone holds other bytes" in out.getvalue()


def test_a_program_that_cannot_do_its_part_makes_the_demonstration_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Node) -> None:
        raise StepFailed("it did not start")

    monkeypatch.setattr(Node, "start", broken)
    out = io.StringIO()
    assert demo.run_demo(None, keep=False, as_json=True, out=out) == 1
    told = json.loads(out.getvalue())
    assert told["ok"] is False
    assert told["steps"][-1]["ok"] is False


def test_a_refusal_is_only_a_refusal_with_its_exit_code(tmp_path: Path) -> None:
    node = Node("nobody", tmp_path / "none", "x")
    with pytest.raises(StepFailed, match="should have been refused"):
        node.refused("--help")


def test_the_sample_ships_with_the_package_and_has_each_kind(tmp_path: Path) -> None:
    shipped = resources.files("pk_tui.cli") / "sample"
    assert (shipped / "api" / ".env").is_file()
    with demo._source_tree(None, tmp_path) as tree:
        names = {str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()}
        assert {
            "api/.env",
            "api/service-account.json",
            "deploy/id_ed25519",
            "tls/server.crt",
            "tls/server.key",
        } <= names
        assert (tree / "deploy" / "keystore.bin").stat().st_size == KEYSTORE_SIZE
