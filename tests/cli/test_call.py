from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pk_tui.cli.call import Call
from pk_tui.errors import Misuse


def test_a_path_is_seen_from_where_it_was_typed(prepare, agent, tmp_path):
    call = Call(prepare("x"), agent)

    assert call.file("a/b") == tmp_path / "a/b"
    assert call.file("/a") == Path("/a")
    assert call.api is agent


def test_a_file_is_read_whole_up_to_a_limit(prepare, agent, tmp_path):
    (tmp_path / "file").write_bytes(b"x" * 100_000)
    call = Call(prepare("x"), agent)

    assert asyncio.run(call.whole("file", 100_000, "Too large.")) == b"x" * 100_000
    with pytest.raises(Misuse, match="Too large"):
        asyncio.run(call.whole("file", 99_999, "Too large."))
