import pytest

from pk_tui.terms import MAX_DEPTH, MAX_PATH_BYTES
from pk_tui.vault import facts as f
from pk_tui.vault.facts import NOTHING, Share, directory_facts, directory_fault, share_of, total
from pk_tui.vault.objects import MAX_ENTRIES, MAX_OBJECT, Facts, Kind, blob

SECRET = blob(b"12345")[1]


def directory(*shares: Share) -> Facts:
    return directory_facts(b"", total(shares), b"")


def test_a_directory_sums_what_is_below_it() -> None:
    inner = directory(share_of(3, SECRET), share_of(10, SECRET))
    outer = directory(share_of(5, inner), share_of(1, SECRET))
    assert (inner.height, inner.reach, inner.secrets, inner.size) == (1, 10, 2, 10)
    assert (outer.height, outer.reach, outer.secrets, outer.size) == (2, 16, 3, 15)


def test_an_empty_vault_has_no_secrets_but_an_empty_directory_counts() -> None:
    empty = directory()
    assert (empty.height, empty.reach, empty.secrets, empty.size) == (0, 0, 0, 0)
    assert directory(share_of(4, empty)) == Facts(Kind.TREE, 1, 4, 0, 0, empty.digest, 1)


def test_a_tree_of_nothing_but_empty_directories_cannot_stand_for_many() -> None:
    share = NOTHING
    for _ in range(MAX_DEPTH):
        below = directory_facts(b"", share, b"")
        share = total([share_of(1, below), share_of(1, below)])
        if directory_fault(0, share):
            break
    assert directory_fault(0, share) is not None
    assert "secrets" in str(directory_fault(0, share))


@pytest.mark.parametrize(
    ("raw", "share", "word"),
    [
        (MAX_OBJECT + 1, NOTHING, "many names"),
        (0, Share(MAX_DEPTH + 1, 0, 0, 0), "deeper"),
        (0, Share(0, MAX_PATH_BYTES + 1, 0, 0), "longer"),
        (0, Share(0, 0, MAX_ENTRIES + 1, 0), "secrets"),
    ],
)
def test_each_limit_is_a_fault_beyond_it(raw: int, share: Share, word: str) -> None:
    assert word in str(directory_fault(raw, share))
    assert directory_fault(MAX_OBJECT, Share(MAX_DEPTH, MAX_PATH_BYTES, MAX_ENTRIES, 0)) is None


def test_kept_digests_are_bounded_used_and_forgotten() -> None:
    def refuse(oid: bytes) -> Facts:
        raise AssertionError("looked up")

    some = directory()
    f.remember_digests(some, bytes(f.WORTH_KEEPING))
    assert f.child_digests_of(some, [], refuse) == bytes(f.WORTH_KEEPING)
    for number in range(5):
        f.remember_digests(blob(b"%d" % number)[1], bytes(f.KEPT_AT_MOST // 2))
    assert f._kept.size <= f.KEPT_AT_MOST
    assert f.child_digests_of(some, [], refuse) == b""
    f.forget_digests()
    assert (f._kept.size, len(f._kept.lists)) == (0, 0)


def test_short_and_huge_lists_are_not_kept() -> None:
    f.remember_digests(SECRET, b"")
    f.remember_digests(SECRET, bytes(f.KEPT_AT_MOST + 32))
    assert f._kept.size == 0
