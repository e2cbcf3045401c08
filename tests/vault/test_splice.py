from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.vault import entries
from pk_tui.vault.delta import apply_delta, make_delta
from pk_tui.vault.facts import directory_facts, share_of, total
from pk_tui.vault.objects import Facts, blob
from pk_tui.vault.splice import Splice, place, spliced, sums

contents = st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(0, 3), max_size=12)
BLOBS = {number: blob(bytes(number)) for number in range(4)}
FACTS = dict(BLOBS.values())


def entry_of(name: str, number: int) -> bytes:
    return entries.make(name.encode(), BLOBS[number][0], False)


@given(contents, contents)
@settings(max_examples=80)
def test_a_spliced_directory_equals_one_made_anew(before: dict[str, int], after: dict[str, int]) -> None:
    old = [entry_of(name, before[name]) for name in sorted(before)]
    new = [entry_of(name, after[name]) for name in sorted(after)]
    digests = b"".join(FACTS[entry[-20:]].digest for entry in old)
    splices = [Splice(at, True) for at, entry in enumerate(old) if entry not in new]
    for entry in new:
        if entry not in old:
            order = entries.order_of(entry)
            splices.append(Splice(place(old, order)[0], False, order, entry, FACTS[entry[-20:]].digest))
    now, now_digests, told = spliced(old, digests, sorted(splices))
    raw = b"".join(old)
    assert now == new
    assert now_digests == b"".join(FACTS[entry[-20:]].digest for entry in new)
    assert apply_delta(raw, make_delta(len(raw), told)) == b"".join(new)

    def shares(some: list[bytes]) -> list:
        return [share_of(len(entries.name_of(entry)), FACTS[entry[-20:]]) for entry in some]

    old_facts: Facts = directory_facts(raw, total(shares(old)), digests)
    gone = shares([entry for entry in old if entry not in new])
    come = shares([entry for entry in new if entry not in old])
    assert sums(old_facts, gone, come, now, FACTS.__getitem__) == total(shares(new))


def test_place_finds_where_an_entry_stands_or_would_stand() -> None:
    old = [entry_of("a", 0), entry_of("c", 0)]
    assert [place(old, name) for name in (b"a", b"b", b"c", b"d")] == [(0, True), (1, False), (1, True), (2, False)]
