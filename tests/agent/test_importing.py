from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from agent.actors import everything, left_behind, noise, read, refused, rows, shared, write
from importers.kdbx_files import PASSWORD, entry, file_with, kdbx4
from simulator import World, simulate

from pk_tui.agent import importing
from pk_tui.agent.agent import Agent
from pk_tui.api.views import ImportKind, Progress
from pk_tui.errors import Malformed, MissingInput, Misuse, NotFound, ReadOnly, WrongPassword
from pk_tui.importers.finding import Findings, Form, Skipped
from pk_tui.plaintext import Plaintext
from pk_tui.terms import Change
from pk_tui.vault.item import parse_item


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
        view = await alice.vaults.import_from("work", tmp_path, progress=seen.append)
        assert (view.secrets, view.bytes, view.skipped) == (4, sum(map(len, files.values())), ())
        assert await everything(alice, "work") == {**files, "kept": b"k"}
        log = await alice.vaults.log("work")
        assert (log[0].commit, len(log)) == (view.commit, 4)
        assert seen[-1].objects == seen[-1].objects_total == 4
        again = await alice.vaults.import_from("work", tmp_path)
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
        await alice.vaults.import_from("work", tmp_path, progress=seen.append)
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
        view = await alice.vaults.import_from("work", tmp_path)
        assert await everything(alice, "work") == {"a": b"1"}
        assert len(view.skipped) == 3
        assert all(name.isprintable() and reason for name, reason in view.skipped)

    simulate(scenario)


def test_nothing_to_import_is_no_commit(tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        alice = await alice_with_a_vault(w)
        view = await alice.vaults.import_from("work", tmp_path)
        assert (view.secrets, view.commit) == (0, None)
        with refused(MissingInput):
            await alice.vaults.import_from("work", tmp_path / "missing")
        (tmp_path / "file").write_bytes(b"1")
        with refused(Misuse):
            await alice.vaults.import_from("work", tmp_path / "file")
        with refused(NotFound):
            await alice.vaults.import_from("nothing", tmp_path)

    simulate(scenario)


def test_a_clone_takes_no_import(tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        _, bob = await shared(w)
        await bob.vaults.clone("work", "alice")
        with refused(ReadOnly):
            await bob.vaults.import_from("work", tmp_path)

    simulate(scenario)


def fill_directory(directory: Path) -> None:
    for number in range(60):
        (directory / f"f{number}").write_bytes(noise(100_000, number))


def test_what_is_written_while_an_import_runs_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "_STOP_EVERY", 1)
    fill_directory(tmp_path)

    async def scenario(w: World) -> None:
        alice = await alice_with_a_vault(w)
        working = asyncio.create_task(alice.vaults.import_from("work", tmp_path))
        for number in range(10):
            await asyncio.sleep(0)
            await write(alice, f"work:during{number}", b"x")
        assert not working.done()
        assert (await working).secrets == 60
        assert len(await everything(alice, "work")) == 70

    simulate(scenario)


@pytest.mark.parametrize("turns", [0, 1, 10, 30, 60])
def test_an_import_that_is_called_off_leaves_nothing(
    tmp_path: Path, turns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "_STOP_EVERY", 1)
    fill_directory(tmp_path)

    async def scenario(w: World) -> None:
        alice = await alice_with_a_vault(w)
        before = left_behind(w, "alice")
        working = asyncio.create_task(alice.vaults.import_from("work", tmp_path))
        for _ in range(turns):
            await asyncio.sleep(0)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        assert left_behind(w, "alice") == before
        assert await everything(alice, "work") == {}

    simulate(scenario)


def test_a_vault_deleted_while_something_is_imported_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "_STOP_EVERY", 1)
    fill_directory(tmp_path)

    async def scenario(w: World) -> None:
        alice = await alice_with_a_vault(w)
        working = asyncio.create_task(alice.vaults.import_from("work", tmp_path))
        frames = alice.store.vaults.list()[0].frame_store
        while not frames.batches:  # what it is, is found out in a thread, which takes as long as it takes
            await asyncio.sleep(0)
        for _ in range(20):
            await asyncio.sleep(0)
        await alice.vaults.delete("work")
        with refused(NotFound):
            await working
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
        view = await alice.vaults.import_from("work", tmp_path)
        assert view.secrets == 1
        assert len(view.skipped) == 1

    simulate(scenario)


# ---- other sources than directories ----

CSV = "name,url,username,password,note\nBank,https://b.org,ada,s3cret,\nMail,,bob,=1+1,n\nshort\n"


def put(directory: Path, name: str, content: str | bytes) -> Path:
    path = directory / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_entries_of_a_manager_become_items_in_one_commit_and_every_line_not_taken_is_named(tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        alice = await alice_with_a_vault(w)
        view = await alice.vaults.import_from("work", put(tmp_path, "x.csv", CSV))
        assert (view.secrets, view.kind, [name for name, _ in view.skipped]) == (2, ImportKind.CSV, ["line 4"])
        item = parse_item(await read(alice, "work:Mail"))
        assert (item.template, {slot.name: slot.value.reveal() for slot in item.slots}) == (
            "password",
            {"username": b"bob", "password": b"=1+1", "notes": b"n"},
        )
        log = await alice.vaults.log("work")
        assert (log[0].commit, len(log)) == (view.commit, 2)
        assert view.bytes == sum(map(len, (await everything(alice, "work")).values()))
        assert (await alice.vaults.import_from("work", tmp_path / "x.csv")).commit is None

    simulate(scenario)


def test_a_plan_says_what_an_import_would_do_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "in/d").mkdir(parents=True)
    for name, value in {"same": b"1", "other": b"2", "d/new": b"3", "large": noise(2_000_000), "taken": b""}.items():
        put(tmp_path / "in", name, value)
    (tmp_path / "in/link").symlink_to("same")

    async def scenario(w: World) -> None:
        alice = await alice_with_a_vault(w)
        for path, value in {"same": b"1", "other": b"x", "large": noise(2_000_000), "taken/below": b""}.items():
            await write(alice, f"work:{path}", value)
        before = (left_behind(w, "alice"), (await alice.vaults.get("work")).head)
        plan = await alice.vaults.plan_import("work", tmp_path / "in")
        assert (left_behind(w, "alice"), (await alice.vaults.get("work")).head) == before
        assert {str(row.path): (row.size, row.change, row.template) for row in plan.planned} == {
            "d/new": (1, Change.ADDED, None),
            "large": (2_000_000, None, None),
            "other": (1, Change.MODIFIED, None),
            "same": (1, None, None),
        }
        assert dict(plan.skipped) == {
            "link": "it is a symbolic link",
            "taken": "the vault has a directory of this name",
        }
        assert (plan.kind, plan.more) == (ImportKind.DIRECTORY, 0)
        view = await alice.vaults.import_from("work", tmp_path / "in")
        assert (view.secrets, view.skipped) == (len(plan.planned), plan.skipped)
        changed = (await alice.vaults.log("work"))[0].changes
        assert {str(row.path): row.change for row in changed} == {
            str(row.path): row.change for row in plan.planned if row.change
        }

    simulate(scenario)


def test_a_plan_tells_how_far_it_has_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "_EVERY", 2)
    (tmp_path / "in").mkdir()
    for name in "abcde":
        put(tmp_path / "in", name, name)

    async def scenario(w: World) -> None:
        alice = await alice_with_a_vault(w)
        told: list[Progress] = []
        csv = put(tmp_path, "x.csv", "Group,Title,Username,Password,URL,Notes\n" + "g,t,u,p,,\n" * 5)
        await alice.vaults.plan_import("work", csv, progress=told.append)
        assert told == [
            *(Progress("Reading", objects) for objects in (2, 4)),
            *(Progress("Comparing", objects, 5) for objects in (2, 4)),
        ]
        told.clear()
        await alice.vaults.plan_import("work", tmp_path / "in", progress=told.append)
        assert told == [Progress("Comparing", objects) for objects in (2, 4)]

    simulate(scenario)


def test_a_plan_of_items_names_their_templates_and_a_long_one_is_cut(tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        alice = await alice_with_a_vault(w)
        plan = await alice.vaults.plan_import("work", put(tmp_path, "x.csv", CSV), ImportKind.CSV, rows=1)
        assert [(str(row.path), row.template, row.change) for row in plan.planned] == [
            ("Bank", "password", Change.ADDED)
        ]
        assert plan.more == 1

    simulate(scenario)


def test_a_secret_that_is_in_the_way_of_a_directory_is_not_replaced_and_the_rest_is_taken(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    put(tmp_path, "a/b/c", "1")
    put(tmp_path, "x", "2")

    async def scenario(w: World) -> None:
        alice = await alice_with_a_vault(w)
        await write(alice, "work:a", b"kept")
        view = await alice.vaults.import_from("work", tmp_path)
        assert view.skipped == (("a/b/c", "“a” in the vault is a secret, so nothing can lie below it"),)
        assert await everything(alice, "work") == {"a": b"kept", "x": b"2"}

    simulate(scenario)


def test_a_keepass_database_takes_its_password_and_no_other(tmp_path: Path) -> None:
    path = put(tmp_path, "x", kdbx4(file_with(entry("T", Password="p"))))

    async def scenario(w: World) -> None:
        alice = await alice_with_a_vault(w)
        for password in (None, Plaintext(b"wrong")):
            with refused(WrongPassword):
                await alice.vaults.plan_import("work", path, password=password)
            with refused(WrongPassword):
                await alice.vaults.import_from("work", path, password=password)
        assert (await alice.vaults.plan_import("work", path, password=Plaintext(PASSWORD))).kind is ImportKind.KEEPASS
        assert await everything(alice, "work") == {}
        assert (await alice.vaults.import_from("work", path, password=Plaintext(PASSWORD))).secrets == 1

    simulate(scenario)


@pytest.mark.parametrize(
    ("name", "content", "kind", "words"),
    [
        ("a.csv", CSV + '"open', ImportKind.AUTO, "line 5"),
        ("b.json", "[" * 200_000, ImportKind.BITWARDEN, "too deep"),
        ("c.env", "A=1\nB=\0", ImportKind.DOTENV, "line 2"),
        ("d", kdbx4(b"<a"), ImportKind.KEEPASS, "damaged"),
    ],
)
def test_a_broken_source_ends_in_a_sentence_and_nothing_is_written(
    tmp_path: Path, name: str, content: str | bytes, kind: ImportKind, words: str
) -> None:
    path = put(tmp_path, name, content)

    async def scenario(w: World) -> None:
        alice = await alice_with_a_vault(w)
        before = left_behind(w, "alice")
        with refused(Malformed, words):
            await alice.vaults.import_from("work", path, kind, Plaintext(PASSWORD))
        assert left_behind(w, "alice") == before
        assert len(await alice.vaults.log("work")) == 1

    simulate(scenario)


def test_an_item_that_may_not_be_is_named_and_the_others_are_taken(tmp_path: Path) -> None:
    long = ",".join("x" * 700_000 for _ in range(2))
    path = put(tmp_path, "x.csv", f"name,url,username,password,note\nBig,,{long},\nSmall,,u,p,\n")

    async def scenario(w: World) -> None:
        alice = await alice_with_a_vault(w)
        view = await alice.vaults.import_from("work", path)
        assert list(await everything(alice, "work")) == ["Small"]
        ((name, reason),) = view.skipped
        assert name == "Big"
        assert "1048576 bytes" in reason

    simulate(scenario)


def test_nothing_is_read_for_a_vault_that_cannot_be_written(tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        _, bob = await shared(w)
        await bob.vaults.clone("work", "alice")
        with refused(ReadOnly):
            await bob.vaults.plan_import("work", tmp_path / "missing")
        with refused(NotFound):
            await bob.vaults.plan_import("nothing", tmp_path / "missing")

    simulate(scenario)


def test_a_source_that_is_called_off_while_it_is_read_ends_its_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = threading.Event(), threading.Event()

    def slowly(form: Form, source: Path, password: object, key_file: object, stopped: Callable[[], bool]) -> Findings:
        try:
            yield Skipped("x", "y")
            begun.set()
            while not stopped():
                yield Skipped("x", "y")
        finally:
            ended.set()

    monkeypatch.setattr(importing.detect, "findings", slowly)

    async def scenario(w: World) -> None:
        alice = await alice_with_a_vault(w)
        working = asyncio.create_task(alice.vaults.import_from("work", put(tmp_path, "x.csv", CSV)))
        while not begun.is_set():
            await asyncio.sleep(0)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        assert await asyncio.to_thread(ended.wait, 60)
        assert await everything(alice, "work") == {}

    simulate(scenario)


def test_a_key_file_goes_with_no_directory(tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        alice = await alice_with_a_vault(w)
        with refused(Misuse, "key file"):
            await alice.vaults.import_from("work", tmp_path, key_file=tmp_path / "key")

    simulate(scenario)


def test_more_entries_than_memory_should_be_spent_on_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "MAX_ROWS", 2)

    async def scenario(w: World) -> None:
        alice = await alice_with_a_vault(w)
        with refused(Misuse, "more than 2 entries"):
            await alice.vaults.import_from("work", put(tmp_path, "x.csv", CSV))
        assert await everything(alice, "work") == {}

    simulate(scenario)
