"""The nouns are parsed strictly at the border: what comes through cannot be wrong, and only one spelling means a thing."""

import string
import unicodedata
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.errors import Misuse
from pk_tui.safe_text import is_safe_character
from pk_tui.terms import (
    GESTALT_ACTIONS,
    MAX_DEPTH,
    MAX_NAME_BYTES,
    MAX_PATH_BYTES,
    MIN_NODE_PREFIX,
    VAULT_ACTIONS,
    Action,
    Address,
    ClaimId,
    CommitId,
    IdentityId,
    LineageId,
    NodeId,
    NotificationId,
    SecretPath,
    VaultId,
    component_fault,
    looks_like_node_id,
    name_fault,
    petname,
    vault_name,
)

NODE = NodeId(bytes(range(32)))
HOSTILE_NAMES = [
    "a\x1b[31m",
    "a\x1b]0;t\x07",
    "\x9b31m",
    "tab\t",
    "new\nline",
    "nul\0",
    "del\x7f",
    "\u202egpj.exe",
    "\u2066a",
    "zero\u200bwidth",
    "join\u200der",
    "\u034fcgj",
    "soft\u00adhyphen",
    "\ufeffbom",
    "tag\U000e0041",
    "variation\ufe0f",
    "\ud800",
    "\udcff",
    "private\ue000",
    "\uffff",
    "line\u2028",
]


def is_refused(parse: Callable[[str], object], text: str) -> bool:
    """Refused with a sentence that is itself safe to print."""
    with pytest.raises(Misuse) as caught:
        parse(text)
    assert all(map(is_safe_character, caught.value.message))
    assert caught.value.message.endswith(".")
    return True


# ---- node ids ----


@settings(max_examples=100)
@given(st.binary(min_size=32, max_size=32))
def test_a_node_id_comes_back_from_its_text(raw: bytes) -> None:
    text = str(NodeId(raw))

    assert len(text) == 53
    assert NodeId.parse(text) == NodeId.parse(text.upper()) == NodeId.parse(f"  {text}\n") == NodeId(raw)


def test_only_one_spelling_of_the_last_character_counts() -> None:
    """52 characters carry 260 bits for 256: of the sixteen last characters that decode alike one is canonical."""
    text = str(NODE)
    alphabet = string.digits + string.ascii_lowercase[:22]
    canonical = []
    for last in alphabet:
        try:
            canonical.append(NodeId.parse(text[:-1] + last))
        except Misuse:
            continue

    assert len(canonical) == len(set(canonical)) == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v",
        str(NODE)[:-1],
        str(NODE) + "0",
        "z" + str(NODE)[1:],
        str(NODE)[1:],
        str(NODE).replace("0", "w"),
        str(NODE)[:20] + " " + str(NODE)[21:],
        str(NODE)[:20] + "=" + str(NODE)[21:],
        ("v" + "k" * 51 + "0").replace("k", "\u212a", 1),  # the Kelvin sign is “k” in lower case
        "v" + "0" * 50 + "\u0660\u0660",
        "\x1b]0;x\x07",
    ],
)
def test_what_is_not_exactly_a_node_id_is_refused(text: str) -> None:
    assert is_refused(NodeId.parse, text)


@pytest.mark.parametrize(
    ("cls", "size"), [(NodeId, 32), (VaultId, 16), (LineageId, 32), (NotificationId, 16), (CommitId, 20)]
)
def test_an_id_of_another_length_cannot_be_made(cls: type, size: int) -> None:
    assert cls(b"x" * size).raw == b"x" * size
    for wrong in (0, size - 1, size + 1):
        with pytest.raises(Misuse):
            cls(b"x" * wrong)


@pytest.mark.parametrize("cut", [MIN_NODE_PREFIX, 20, 53])
def test_a_prefix_long_enough_looks_like_a_node_id(cut: int) -> None:
    assert looks_like_node_id(str(NODE)[:cut])
    assert looks_like_node_id(str(NODE)[:cut].upper())


def test_what_is_too_short_or_of_other_letters_does_not_look_like_a_node_id() -> None:
    assert not looks_like_node_id(str(NODE)[: MIN_NODE_PREFIX - 1])
    assert not looks_like_node_id("vanessa wright")
    assert not looks_like_node_id("")
    assert looks_like_node_id(str(NODE) + "0")  # near enough to be taken for one


def test_the_short_form_stands_in_sentences_only() -> None:
    assert repr(NODE) == f"NodeId({NODE.short})"
    assert str(NODE).startswith(NODE.short)
    assert is_refused(NodeId.parse, NODE.short)


# ---- vault ids and the other ids ----


@settings(max_examples=150)
@given(st.binary(min_size=16, max_size=16) | st.binary(max_size=4).map(lambda tail: tail.rjust(16, b"\0")))
def test_a_vault_id_comes_back_from_its_text(raw: bytes) -> None:
    text = str(VaultId(raw))

    assert 17 <= len(text) <= 23
    assert VaultId.parse(text) == VaultId.parse_or_none(text) == VaultId(raw)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\0" * 16, "z" + "1" * 16),
        (b"\0" * 15 + b"\1", "z" + "1" * 15 + "2"),
        (b"\xff" * 16, "zYcVfxkQb6JRzqk5kF2tNLv"),
    ],
)
def test_known_vault_ids(raw: bytes, text: str) -> None:
    assert str(VaultId(raw)) == text
    assert VaultId.parse(text).raw == raw


@pytest.mark.parametrize(
    "text",
    [
        "",
        "z",
        "z" + "1" * 15,
        "z" + "1" * 17,
        "z" + "1" * 22,
        "zYcVfxkQb6JRzqk5kF2tNLw",
        "z" + "z" * 22,
        "YcVfxkQb6JRzqk5kF2tNLv",
        "zYcVfxkQb6JRzqk5kF2tNL0",
        "zYcVfxkQb6JRzqk5kF2tNLl",
        " zYcVfxkQb6JRzqk5kF2tNLv",
        "z1YcVfxkQb6JRzqk5kF2tNL",
        "z" + "1" * 10_000,
    ],
)
def test_what_is_not_exactly_a_vault_id_is_refused(text: str) -> None:
    assert VaultId.parse_or_none(text) is None
    assert is_refused(VaultId.parse, text)


@settings(max_examples=50)
@given(st.binary(min_size=16, max_size=16), st.binary(min_size=20, max_size=20))
def test_notification_and_commit_ids_come_back_from_their_text(sixteen: bytes, twenty: bytes) -> None:
    assert NotificationId.parse(str(NotificationId(sixteen))).raw == sixteen
    assert CommitId.parse(str(CommitId(twenty))).raw == twenty
    assert str(CommitId(twenty)).startswith(CommitId(twenty).short)


@pytest.mark.parametrize("text", ["", "a" * 31, "a" * 33, "A" * 32, "g" * 32, "a" * 32 + "\n", "٠" * 32])
def test_what_is_not_a_notification_id_is_refused(text: str) -> None:
    assert is_refused(NotificationId.parse, text)


@pytest.mark.parametrize("text", ["", "a" * 39, "a" * 41, "A" * 40, "HEAD", "a" * 40 + "\n"])
def test_what_is_not_a_commit_id_is_refused(text: str) -> None:
    assert is_refused(CommitId.parse, text)


@pytest.mark.parametrize("text", ["github:583231", "web:example.org", "dns:xn--bcher-kva.example"])
def test_an_identity_comes_back_from_its_text(text: str) -> None:
    assert str(IdentityId.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "github",
        "github:",
        ":583231",
        "GitHub:1",
        "g:1",
        "github:Ada",
        "web:example.org/x",
        "web:a b",
        "web:a:1",
        "web:.a",
        "github:1\n",
        "web:bücher.example",
        "git hub:1",
        "web:" + "a" * 254,
    ],
)
def test_what_is_not_exactly_an_identity_is_refused(text: str) -> None:
    with pytest.raises(Misuse):
        IdentityId.parse(text)


def test_a_claim_id_shows_as_hex_and_has_32_bytes() -> None:
    assert str(ClaimId(bytes(range(32)))) == bytes(range(32)).hex()
    with pytest.raises(Misuse):
        ClaimId(bytes(31))


def test_a_lineage_id_shows_as_hex() -> None:
    assert str(LineageId(b"\xab" * 32)) == "ab" * 32


# ---- names ----


def test_of_all_code_points_only_those_that_show_may_be_in_a_name() -> None:
    for code in [*range(0x20000), *range(0xE0000, 0x110000, 7), 0x10FFFF]:
        character = chr(code)
        if not is_safe_character(character):
            assert name_fault(character) is not None
        elif unicodedata.is_normalized("NFC", character):
            assert name_fault(character) is None


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_that_steers_hides_or_is_no_text_is_refused_everywhere(name: str) -> None:
    assert name_fault(name)
    assert component_fault(name)
    assert is_refused(vault_name, name)
    assert is_refused(petname, name)
    assert is_refused(SecretPath.parse, name)
    assert is_refused(SecretPath.parse, f"a/{name}/b")


@settings(max_examples=200)
@given(st.text(max_size=20))
def test_whatever_is_typed_becomes_a_safe_name_or_is_refused(text: str) -> None:
    for parse in (vault_name, petname, SecretPath.parse):
        with suppress(Misuse):
            made = str(parse(text))
            assert all(map(is_safe_character, made))
            assert unicodedata.is_normalized("NFC", made)
            assert str(parse(made)) == made


def test_two_spellings_of_one_name_are_one_name() -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"

    assert vault_name(decomposed) == vault_name(composed) == composed
    assert petname(decomposed) == composed
    assert SecretPath.parse(f"a/{decomposed}") == SecretPath.parse(f"a/{composed}")
    assert component_fault(decomposed) == "it is not in Unicode normal form C"
    with pytest.raises(Misuse):
        SecretPath.of((decomposed,))


def test_a_name_is_measured_in_bytes() -> None:
    assert name_fault("a" * MAX_NAME_BYTES) is None
    assert name_fault("a" * (MAX_NAME_BYTES + 1))
    assert name_fault("é" * 127) is None
    assert name_fault("é" * 128)


@pytest.mark.parametrize("forbidden", ":@#=/")
def test_a_vault_name_has_none_of_the_marks_that_references_are_made_of(forbidden: str) -> None:
    assert is_refused(vault_name, f"a{forbidden}b")


@pytest.mark.parametrize("forbidden", ":#=/")
def test_a_petname_may_have_an_at_sign_but_none_of_the_other_marks(forbidden: str) -> None:
    assert petname("ada@laptop") == "ada@laptop"
    assert is_refused(petname, f"a{forbidden}b")


@pytest.mark.parametrize("name", ["", " ", " a", "a ", "\u00a0a", "-", "-rf", "--json", "a" * 256])
def test_names_that_trip_a_reader_or_a_command_line_are_refused(name: str) -> None:
    assert is_refused(vault_name, name)
    assert is_refused(petname, name)


@pytest.mark.parametrize("name", ["web keys", "a-b", "[x]", "日本語", "z", "v", "a" * 255, "it's", "100%", "~"])
def test_ordinary_names_are_taken_as_they_are(name: str) -> None:
    assert vault_name(name) == name
    assert petname(name) == name


def test_a_vault_is_not_named_like_a_vault_id_nor_a_node_like_a_node_id() -> None:
    assert is_refused(vault_name, str(VaultId(b"x" * 16)))
    assert is_refused(petname, str(NODE))
    assert is_refused(petname, str(NODE)[:MIN_NODE_PREFIX])
    assert is_refused(petname, str(NODE).upper())
    assert is_refused(petname, "github:ada")


# ---- paths ----

component = st.text(st.sampled_from("abc.-_ é日"), min_size=1, max_size=6).filter(
    lambda part: component_fault(part) is None
)


@settings(max_examples=100)
@given(st.lists(component, min_size=1, max_size=8))
def test_a_path_comes_back_from_its_text(parts: list[str]) -> None:
    path = SecretPath.of(tuple(parts))

    assert SecretPath.parse(str(path)) == path
    assert SecretPath.parse(f"/{path}/") == path
    assert path.parts == (*path.parent, path.name)


@pytest.mark.parametrize("text", ["", "/", "//", "a//b", ".", "..", "a/../b", "./a", "a/.", "a/b/.."])
def test_a_path_that_could_lead_elsewhere_is_refused(text: str) -> None:
    assert is_refused(SecretPath.parse, text)


@pytest.mark.parametrize("name", [".git", ".GIT", ".Git", ".gIt"])
def test_git_s_own_directory_is_no_name_in_any_spelling(name: str) -> None:
    assert is_refused(SecretPath.parse, name)
    assert is_refused(SecretPath.parse, f"a/{name}/config")


@pytest.mark.parametrize("name", ["...", ".gitignore", "git", ".env", "..a", "-rf", "a:b", "a=b", " "])
def test_names_that_only_look_special_are_allowed_in_paths(name: str) -> None:
    assert SecretPath.parse(f"a/{name}").name == name


def test_a_path_is_bounded_in_depth_and_in_bytes() -> None:
    assert len(SecretPath.parse("/".join("a" * MAX_DEPTH)).parts) == MAX_DEPTH
    assert is_refused(SecretPath.parse, "/".join("a" * (MAX_DEPTH + 1)))

    longest = "/".join(["a" * 204] * 4 + ["a" * 204])
    assert len(longest) == MAX_PATH_BYTES
    assert str(SecretPath.parse(longest)) == longest
    assert is_refused(SecretPath.parse, longest + "a")
    assert is_refused(SecretPath.parse, "a/" * 1_000_000 + "a")


def test_a_path_has_at_least_one_name() -> None:
    with pytest.raises(Misuse):
        SecretPath.of(())


def test_a_component_cannot_hold_a_slash() -> None:
    with pytest.raises(Misuse):
        SecretPath.of(("a/b",))
    with pytest.raises(Misuse):
        SecretPath.parse("a") / "b/c"


def test_under_means_below_and_not_beside() -> None:
    path = SecretPath.parse

    assert path("a/b/c").is_under(path("a/b"))
    assert not path("a/b").is_under(path("a/b"))
    assert not path("a/bc").is_under(path("a/b"))
    assert not path("a").is_under(path("a/b"))
    assert (path("a") / "b") == path("a/b")


# ---- addresses and actions ----


@pytest.mark.parametrize(
    ("host", "port", "shown"),
    [
        ("example.org", 443, "example.org:443"),
        (" 127.0.0.1 ", "1", "127.0.0.1:1"),
        ("::1", 65535, "[::1]:65535"),
        ("[fe80::1%eth0]", "8080", "[fe80::1%eth0]:8080"),
    ],
)
def test_an_address_is_a_host_and_a_port(host: str, port: int | str, shown: str) -> None:
    assert str(Address.parse(host, port)) == shown


@pytest.mark.parametrize(
    "port", [0, -1, 65536, "", "http", "1.5", "8_0", "８０", "٨٠", "0x50", "1e3", "9" * 5000, "\x1b[2J"]
)
def test_what_is_not_a_port_is_refused(port: int | str) -> None:
    assert is_refused(lambda text: Address.parse("localhost", text), port)


@pytest.mark.parametrize("host", ["", "a b", "a/b", "user@host", "a\nb", "\x1b[2J", "é.example", "a" * 254, "http://x"])
def test_what_is_not_a_host_is_refused(host: str) -> None:
    assert is_refused(lambda text: Address.parse(text, 80), host)


def test_every_action_is_held_on_a_gestalt_or_on_a_vault_and_never_on_both() -> None:
    assert set(Action) == GESTALT_ACTIONS | VAULT_ACTIONS
    assert not GESTALT_ACTIONS & VAULT_ACTIONS


def test_a_name_that_piles_up_marks_is_refused_since_it_would_be_shown_like_another() -> None:
    few, many = "x" + "\u0316" * 4, "x" + "\u0316" * 5
    assert name_fault(few) is None
    assert "marks" in str(name_fault(many))
