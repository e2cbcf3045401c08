import os
import stat

import pytest

from pk_tui.crypto.seal import SealKey, open_sealed, place, seal
from pk_tui.errors import StorageFailed
from pk_tui.store.witness import FileWitness, MemoryWitness, Remembered, VaultFloor, recall, remember
from pk_tui.terms import LineageId

KEY = SealKey(b"k" * 32)
KNOWN = Remembered(
    7,
    {LineageId(b"l" * 32): 5, LineageId(b"m" * 32): 2**63 - 1},
    {b"u" * 16: VaultFloor(LineageId(b"l" * 32), 4), b"v" * 16: VaultFloor(LineageId(b"m" * 32), 2**63 - 1)},
)


@pytest.fixture(params=["file", "memory"])
def witness(request, tmp_path):
    return FileWitness(tmp_path / "witness") if request.param == "file" else MemoryWitness()


def test_what_is_remembered_is_recalled(witness):
    assert recall(witness, KEY) is None
    remember(witness, KEY, KNOWN)
    assert recall(witness, KEY) == KNOWN
    remember(witness, KEY, Remembered(8, {}, {}))
    assert recall(witness, KEY) == Remembered(8, {}, {})


def test_one_that_is_damaged_or_of_another_key_counts_as_gone(witness):
    remember(witness, KEY, KNOWN)
    assert recall(witness, SealKey(b"x" * 32)) is None
    sealed = witness.load()
    for bad in (b"", sealed[:-1], sealed[:-1] + bytes((sealed[-1] ^ 1,)), b"\0" * 200):
        witness.save(bad)
        assert recall(witness, KEY) is None


def test_the_file_is_for_the_owner_alone_and_nothing_else_is_left(tmp_path):
    before = os.umask(0)
    try:
        remember(FileWitness(tmp_path / "witness"), KEY, KNOWN)
    finally:
        os.umask(before)
    assert [file.name for file in tmp_path.iterdir()] == ["witness"]
    assert stat.S_IMODE((tmp_path / "witness").stat().st_mode) == 0o600


def test_a_leftover_of_a_crash_is_written_over_but_a_link_is_not_followed(tmp_path):
    (tmp_path / "witness.new").write_bytes(b"half" * 1000)
    witness = FileWitness(tmp_path / "witness")
    remember(witness, KEY, KNOWN)
    assert recall(witness, KEY) == KNOWN
    (tmp_path / "witness.new").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageFailed):
        remember(witness, KEY, Remembered(8, {}, {}))
    assert recall(witness, KEY) == KNOWN
    assert not (tmp_path / "elsewhere").exists()


def test_trouble_with_the_disk_is_a_sentence(tmp_path):
    with pytest.raises(StorageFailed):
        remember(FileWitness(tmp_path / "missing" / "witness"), KEY, KNOWN)
    with pytest.raises(StorageFailed):
        recall(FileWitness(tmp_path), KEY)


def test_a_huge_file_is_not_read_whole(tmp_path):
    path = tmp_path / "witness"
    with path.open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    assert FileWitness(path).load() is None


def test_a_file_of_the_first_form_is_still_read():
    """Put together from docs/storage.md."""
    raw = b"\x93\xa8witness1\x07\x91\x92\xc4\x20" + b"l" * 32 + b"\x05"
    witness = MemoryWitness()
    witness.save(seal(KEY, raw, place("witness")))
    assert recall(witness, KEY) == Remembered(7, {LineageId(b"l" * 32): 5}, None)


def test_the_file_is_as_it_is_described():
    witness = MemoryWitness()
    remember(witness, KEY, Remembered(7, {LineageId(b"l" * 32): 5}, {b"u" * 16: VaultFloor(LineageId(b"l" * 32), 4)}))
    heads = b"\x91\x92\xc4\x20" + b"l" * 32 + b"\x05"
    vaults = b"\x91\x93\xc4\x10" + b"u" * 16 + b"\xc4\x20" + b"l" * 32 + b"\x04"
    assert open_sealed(KEY, witness.load(), place("witness")) == b"\x94\xa8witness2\x07" + heads + vaults
