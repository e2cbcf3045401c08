from dulwich.objects import Blob
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.vault.objects import FACTS_SIZE, Facts, Kind, blob, blob_digest, commit_digest, git_name, tree_digest


@given(st.binary(max_size=300))
@settings(max_examples=25)
def test_a_blob_has_the_name_git_gives_it(body: bytes) -> None:
    oid, facts = blob(body)
    assert oid.hex().encode() == Blob.from_string(body).id
    assert facts == Facts(Kind.BLOB, 0, 0, 1, len(body), blob_digest(body))


def test_chunk_trees_are_trees_to_git() -> None:
    assert git_name(Kind.CHUNKS, b"") == git_name(Kind.TREE, b"")


@given(
    st.sampled_from(Kind),
    st.integers(0, 255),
    st.integers(0, 65535),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**64 - 1),
    st.binary(min_size=32, max_size=32),
)
@settings(max_examples=25)
def test_facts_survive_packing(kind: Kind, height: int, reach: int, count: int, size: int, digest: bytes) -> None:
    facts = Facts(kind, height, reach, count, size, digest)
    assert len(facts.pack()) == FACTS_SIZE
    assert Facts.unpack(facts.pack()) == facts


def test_equal_bytes_of_different_kinds_have_different_digests() -> None:
    assert len({blob_digest(b""), tree_digest(b"", b""), commit_digest(b"", b"", [])}) == 3


def test_a_tree_digest_covers_the_children() -> None:
    assert tree_digest(b"raw", b"a" * 32) != tree_digest(b"raw", b"b" * 32)


def test_bytes_cannot_move_between_a_tree_and_its_digests() -> None:
    assert tree_digest(b"raw" + b"a" * 32, b"") != tree_digest(b"raw", b"a" * 32)
