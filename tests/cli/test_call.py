from __future__ import annotations

from pathlib import Path

from pk_tui.cli.call import Call


def test_a_path_is_seen_from_where_it_was_typed(prepare, agent, tmp_path):
    call = Call(prepare("x"), agent)

    assert call.file("a/b") == tmp_path / "a/b"
    assert call.file("/a") == Path("/a")
    assert call.api is agent
