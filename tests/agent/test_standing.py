from __future__ import annotations

import pytest
from vault.dict_sink import DictSink, put_blob, tree_of

from pk_tui.agent.standing import Standing
from pk_tui.terms import Change, SecretPath
from pk_tui.vault import tree
from pk_tui.vault.chunks import ChunkWriter


def at(path: str) -> SecretPath:
    return SecretPath.parse(path)


@pytest.fixture
def sink() -> DictSink:
    return DictSink()


@pytest.fixture
def standing(sink: DictSink) -> Standing:
    writer = ChunkWriter(sink)
    writer.feed(bytes(2_000_000))
    root = tree_of(sink, {"a": b"1", "d/b": b"2", "d/e/c": b"3"})
    return Standing(sink, tree.edit(sink, root, [(at("d/large"), tree.Put(writer.finish()[0]))]))


@pytest.mark.parametrize("path", ["a", "new", "d/b", "d/new", "d/e/new", "x/y/z", "d/large"])
def test_where_nothing_or_a_secret_stands_a_secret_can_go(standing: Standing, path: str) -> None:
    assert standing.obstacle(at(path)) is None


@pytest.mark.parametrize("path", ["d", "d/e"])
def test_a_directory_is_not_replaced(standing: Standing, path: str) -> None:
    assert standing.obstacle(at(path)) == "the vault has a directory of this name"


@pytest.mark.parametrize(
    ("path", "secret"), [("a/x", "a"), ("a/x/y/z", "a"), ("d/b/x", "d/b"), ("d/large/\u00fc", "d/large")]
)
def test_nothing_goes_below_a_secret_however_large_it_is(standing: Standing, path: str, secret: str) -> None:
    assert f"“{secret}” in the vault is a secret" in str(standing.obstacle(at(path)))


def test_what_would_change(sink: DictSink, standing: Standing) -> None:
    one = put_blob(sink, b"1")
    assert standing.change(at("a"), one) is None
    assert standing.change(at("d/b"), one) is Change.MODIFIED
    assert standing.change(at("d/new"), one) is standing.change(at("x/y"), one) is Change.ADDED


def test_a_directory_is_read_once(sink: DictSink, standing: Standing, monkeypatch: pytest.MonkeyPatch) -> None:
    standing.obstacle(at("d/e/x"))
    monkeypatch.setattr(sink, "body", lambda oid: pytest.fail("read again"))
    for name in ("y", "z", "c"):
        standing.obstacle(at(f"d/e/{name}"))
        standing.change(at(f"d/{name}"), bytes(20))
