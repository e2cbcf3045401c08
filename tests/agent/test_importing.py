from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from agent.actors import everything, left_behind, noise, refused, rows, shared, write
from simulator import World, simulate

from pk_tui.agent.agent import Agent
from pk_tui.api.views import Progress
from pk_tui.errors import MissingInput, Misuse, NotFound, ReadOnly


async def alice_with_a_vault(w: World) -> Agent:
    alice = await w.add("alice")
    await alice.vaults.create("work")
    return alice


def test_every_file_is_a_secret_and_all_are_one_commit(tmp_path: Path) -> None:
    files = {"a": b"1", "d/b": b"", "d/e/c": noise(3_000_000), "ä/ß": b"text"}
    for name, value in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(value)

    async def scenario(w: World) -> None:
        alice = await alice_with_a_vault(w)
        await write(alice, "work:kept", b"k")
        await write(alice, "work:a", b"old")
        seen: list[Progress] = []
        view = await alice.vaults.import_directory("work", tmp_path, seen.append)
        assert (view.secrets, view.bytes, view.skipped) == (4, sum(map(len, files.values())), ())
        assert await everything(alice, "work") == {**files, "kept": b"k"}
        log = await alice.vaults.log("work")
        assert (log[0].commit, len(log)) == (view.commit, 4)
        assert seen[-1].objects == seen[-1].objects_total == 4
        again = await alice.vaults.import_directory("work", tmp_path)
        assert again.commit is None
        await w.stop("alice")
        assert await everything(await w.start("alice"), "work") == {**files, "kept": b"k"}

    simulate(scenario)


def test_many_files_are_summed_up_in_the_message(tmp_path: Path) -> None:
    for number in range(1200):
        (tmp_path / f"f{number:04}").write_bytes(b"%d" % number)

    async def scenario(w: World) -> None:
        alice = await alice_with_a_vault(w)
        seen: list[Progress] = []
        await alice.vaults.import_directory("work", tmp_path, seen.append)
        assert (await alice.vaults.log("work"))[0].message == "Imported 1200 secrets"
        assert [row.objects for row in seen] == [500, 1000, 1200]

    simulate(scenario)


def test_what_is_not_taken_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "bad\x1bname").write_bytes(b"x")

    async def scenario(w: World) -> None:
        alice = await alice_with_a_vault(w)
        view = await alice.vaults.import_directory("work", tmp_path)
        assert await everything(alice, "work") == {"a": b"1"}
        assert len(view.skipped) == 3
        assert all(name.isprintable() and reason for name, reason in view.skipped)

    simulate(scenario)


def test_nothing_to_import_is_no_commit(tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        alice = await alice_with_a_vault(w)
        view = await alice.vaults.import_directory("work", tmp_path)
        assert (view.secrets, view.commit) == (0, None)
        with refused(MissingInput):
            await alice.vaults.import_directory("work", tmp_path / "missing")
        (tmp_path / "file").write_bytes(b"1")
        with refused(Misuse):
            await alice.vaults.import_directory("work", tmp_path / "file")
        with refused(NotFound):
            await alice.vaults.import_directory("nothing", tmp_path)

    simulate(scenario)


def test_a_clone_takes_no_import(tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        _, bob = await shared(w)
        await bob.vaults.clone("work", "alice")
        with refused(ReadOnly):
            await bob.vaults.import_directory("work", tmp_path)

    simulate(scenario)


def fill_directory(directory: Path) -> None:
    for number in range(60):
        (directory / f"f{number}").write_bytes(noise(100_000, number))


def test_what_is_written_while_an_import_runs_stays(tmp_path: Path) -> None:
    fill_directory(tmp_path)

    async def scenario(w: World) -> None:
        alice = await alice_with_a_vault(w)
        importing = asyncio.create_task(alice.vaults.import_directory("work", tmp_path))
        for number in range(10):
            await asyncio.sleep(0)
            await write(alice, f"work:during{number}", b"x")
        assert not importing.done()
        assert (await importing).secrets == 60
        assert len(await everything(alice, "work")) == 70

    simulate(scenario)


@pytest.mark.parametrize("turns", [0, 1, 10, 30, 60])
def test_an_import_that_is_called_off_leaves_nothing(tmp_path: Path, turns: int) -> None:
    fill_directory(tmp_path)

    async def scenario(w: World) -> None:
        alice = await alice_with_a_vault(w)
        before = left_behind(w, "alice")
        importing = asyncio.create_task(alice.vaults.import_directory("work", tmp_path))
        for _ in range(turns):
            await asyncio.sleep(0)
        importing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await importing
        assert left_behind(w, "alice") == before
        assert await everything(alice, "work") == {}

    simulate(scenario)


def test_a_vault_deleted_while_something_is_imported_is_gone(tmp_path: Path) -> None:
    fill_directory(tmp_path)

    async def scenario(w: World) -> None:
        alice = await alice_with_a_vault(w)
        importing = asyncio.create_task(alice.vaults.import_directory("work", tmp_path))
        for _ in range(20):
            await asyncio.sleep(0)
        await alice.vaults.delete("work")
        with refused(NotFound):
            await importing
        assert rows(w, "alice", "frame") == 0

    simulate(scenario)


def test_two_files_whose_names_are_the_same_text_are_not_both_taken(tmp_path: Path) -> None:
    """One composed, one decomposed: which of them is the secret must not be left to chance, nor one be lost unsaid."""
    (tmp_path / "\u00e9").write_bytes(b"composed")
    (tmp_path / "e\u0301").write_bytes(b"decomposed")
    if len(list(tmp_path.iterdir())) < 2:
        pytest.skip("this file system takes the two for one")

    async def scenario(w: World) -> None:
        alice = await alice_with_a_vault(w)
        view = await alice.vaults.import_directory("work", tmp_path)
        assert view.secrets == 1
        assert len(view.skipped) == 1

    simulate(scenario)
