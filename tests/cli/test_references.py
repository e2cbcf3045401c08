from __future__ import annotations

import pytest

from pk_tui.cli.references import Reference, filled, read, written_references
from pk_tui.errors import Misuse
from pk_tui.terms import SecretPath


def references(text: bytes) -> dict[bytes, Reference]:
    return {written: read(written) for written in written_references(text)}


@pytest.mark.parametrize(
    ("text", "written", "vault", "path"),
    [
        (b'password: "pk://work/db/password"', b"pk://work/db/password", "work", "db/password"),
        (b"A=pk://work/a\nB=2", b"pk://work/a", "work", "a"),
        (b"<pk://my%20vault/a%22b%23c>", b"pk://my%20vault/a%22b%23c", "my vault", 'a"b#c'),
        (b"x=pk://work/db#password;", b"pk://work/db#password;", "work", "db#password;"),
        (b"'pk://work/db%23x#pass%20word'", b"pk://work/db%23x#pass%20word", "work", "db#x#pass word"),
        (b"pk://work@0123abcd/db/a", b"pk://work@0123abcd/db/a", "work@0123abcd", "db/a"),
        ("pk://tresor/schlüssel".encode(), "pk://tresor/schlüssel".encode(), "tresor", "schlüssel"),
    ],
)
def test_a_reference_ends_where_it_should_and_names_a_secret(
    text: bytes, written: bytes, vault: str, path: str
) -> None:
    assert references(text) == {written: Reference(vault, SecretPath.parse(path))}


@pytest.mark.parametrize(
    "bad",
    [
        b"pk://work",
        b"pk://work/",
        b"pk:///a",
        b"pk://work/../a",
        b"pk://w/\xff",
        b"pk://w/a#",
        b"pk://w/a#b/c",
        b"pk://w/a#b#c",
        b"pk://w/a#%FF",
        b"pk://w/a#%2F",
    ],
)
def test_what_names_no_secret_is_refused_by_name(bad: bytes) -> None:
    with pytest.raises(Misuse):
        references(b"x " + bad + b" y")


def test_every_place_is_filled_and_values_refer_to_nothing() -> None:
    text = b"a=pk://w/a b=pk://w/b again=pk://w/a \xff\x00 end"
    values = {b"pk://w/a": b"pk://w/b \\1 \\g<0>", b"pk://w/b": b"\x00\xff"}
    assert set(references(text)) == set(values)
    assert filled(text, values) == b"a=pk://w/b \\1 \\g<0> b=\x00\xff again=pk://w/b \\1 \\g<0> \xff\x00 end"


def test_a_text_without_references_stays_as_it_is() -> None:
    assert references(b"http://x pk:/y pk:// z") == {}
    assert filled(b"http://x pk:/y", {}) == b"http://x pk:/y"
