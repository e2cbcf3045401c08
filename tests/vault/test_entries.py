import time

from dulwich.objects import Tree
from hypothesis import given, settings
from hypothesis import strategies as st

from pk_tui.vault import entries

OID = bytes(range(20))
names = st.binary(min_size=1, max_size=12).filter(lambda name: b"\0" not in name and b"/" not in name)
rows = st.dictionaries(names, st.tuples(st.booleans(), st.binary(min_size=20, max_size=20)), max_size=12)


def raw_of(content: dict[bytes, tuple[bool, bytes]]) -> bytes:
    made = [entries.make(name, oid, directory) for name, (directory, oid) in content.items()]
    return b"".join(sorted(made, key=entries.order_of))


@given(rows)
@settings(max_examples=60)
def test_a_tree_is_written_as_dulwich_writes_it(content: dict[bytes, tuple[bool, bytes]]) -> None:
    tree = Tree()
    for name, (directory, oid) in content.items():
        tree.add(name, 0o040000 if directory else 0o100644, oid.hex().encode())
    assert raw_of(content) == tree.as_raw_string()


@given(rows)
@settings(max_examples=60)
def test_split_fields_and_lookup_agree(content: dict[bytes, tuple[bool, bytes]]) -> None:
    raw = raw_of(content)
    assert entries.is_well_formed(raw)
    assert b"".join(entries.split(raw)) == raw
    for entry, (mode, name, oid) in zip(entries.split(raw), entries.fields(raw), strict=True):
        assert (entries.name_of(entry), entries.oid_of(entry)) == (name, oid)
        assert entries.is_directory(entry) == (mode == entries.DIRECTORY) == content[name][0]
        assert entries.lookup(raw, name) == content[name]


def test_a_name_that_is_not_there_is_not_found() -> None:
    assert entries.lookup(entries.make(b"ab", OID, False), b"a") is None
    assert entries.lookup(b"", b"a") is None


def test_an_entry_hidden_in_a_hash_is_not_found() -> None:
    disguised = (b"100644 x\0" + bytes(20))[:20]
    raw = entries.make(b"a", disguised, False)
    assert b"100644 x\0" in raw
    assert entries.lookup(raw, b"x") is None


def test_an_entry_is_found_behind_others_that_hold_its_bytes() -> None:
    raw = entries.make(b"a100644 x", OID, False) + entries.make(b"x", OID[::-1], True)
    assert entries.lookup(raw, b"x") == (True, OID[::-1])
    raw = entries.make(b"a100644 x", OID, False) + entries.make(b"x", OID[::-1], False)
    assert entries.lookup(raw, b"x") == (False, OID[::-1])


def test_directories_sort_as_if_their_names_ended_in_a_slash() -> None:
    order = [entries.order_of(entries.make(name, OID, d)) for name, d in ((b"a", False), (b"a-", False), (b"a", True))]
    assert order == sorted(order)


def test_other_modes_and_cut_entries_are_not_well_formed() -> None:
    good = entries.make(b"a", OID, False)
    for bad in (
        good[:-1],
        good + b"x",
        good.replace(b"100644", b"100755"),
        good.replace(b"100644", b"120000"),
        good.replace(b"100644", b"160000"),
        good.replace(b"100644", b"0100644"),
        good.replace(b"100644", b"040000"),
        good.replace(b"100644", b"777777777"),
        b"100644 \0" + OID,
        b"100644" + good[7:],
    ):
        assert not entries.is_well_formed(bad)
    assert entries.is_well_formed(good)
    assert entries.is_well_formed(b"")


def test_hostile_bytes_cost_one_pass() -> None:
    hostile = b"100644 a" * 250_000
    start = time.process_time()
    assert not entries.is_well_formed(hostile)
    assert not entries.is_well_formed(entries.make(b"a", OID, False) * 60_000 + b"1")
    assert time.process_time() - start < 2


@given(rows, rows, rows)
@settings(max_examples=200)
def test_what_is_left_of_two_trees_differs_as_they_do(
    both: dict[bytes, tuple[bool, bytes]], one: dict[bytes, tuple[bool, bytes]], other: dict[bytes, tuple[bool, bytes]]
) -> None:
    before, after = raw_of(both | one), raw_of(both | other)
    mine, theirs = entries.apart(before, after)
    all_mine, all_theirs = entries.split(before), entries.split(after)
    assert set(mine) - set(theirs) == set(all_mine) - set(all_theirs)
    assert set(theirs) - set(mine) == set(all_theirs) - set(all_mine)
    assert entries.apart(before, before) == ([], [])
    assert entries.apart(before, b"") == (all_mine, [])


def test_an_equal_end_that_is_an_entry_here_and_part_of_a_name_there_hides_nothing() -> None:
    one = entries.make(b"a", OID, False) + entries.make(b"b", OID, False)
    other = entries.make(b"a", OID, False) + entries.make(b"zzz100644 b", OID, False)
    assert one[-29:] == other[-29:] == entries.make(b"b", OID, False)
    assert entries.apart(one, other) == ([one[-29:]], [entries.make(b"zzz100644 b", OID, False)])


@given(st.lists(st.tuples(names, st.binary(min_size=20, max_size=20)), max_size=4), st.binary(max_size=60))
@settings(max_examples=200)
def test_ids_made_to_look_like_entries_hide_nothing(some: list[tuple[bytes, bytes]], noise: bytes) -> None:
    one = b"".join(entries.make(name, oid, False) for name, oid in some)
    inner = entries.make(b"y", (one + noise + bytes(20))[-20:], False)
    other = entries.make(b"x", (noise + one + bytes(20))[:20], False) + inner
    mine, theirs = entries.apart(one, other)
    assert set(mine) - set(theirs) == set(entries.split(one)) - set(entries.split(other))
    assert set(theirs) - set(mine) == set(entries.split(other)) - set(entries.split(one))
