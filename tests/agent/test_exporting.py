from __future__ import annotations

import asyncio
import errno
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agent.actors import at, everything, noise, refused, shared, tried, write
from hypothesis import given, settings
from hypothesis import strategies as st
from simulator import World, simulate
from vault.real_git import fsck, git, needs_git

from pk_tui.agent.agent import Agent
from pk_tui.agent.commits import commit_edits
from pk_tui.agent.directory import vault_named
from pk_tui.agent.target import Target
from pk_tui.api.views import ExportForm, ImportKind, Progress
from pk_tui.errors import AlreadyExists, MissingInput, NotFound, StorageFailed
from pk_tui.vault import tree
from pk_tui.vault.objects import blob

SECRETS = {"a": b"1", "d/b": b"", "d/e/c": noise(3_000_000), "ä/ß": b"text\x00\xff", "item": b'{"pk-item":1,"x":2}'}
BOTH = pytest.mark.parametrize("form", ExportForm)


async def filled(w: World) -> Agent:
    alice = await w.add("alice")
    await alice.vaults.create("work")
    for path, value in SECRETS.items():
        await write(alice, f"work:{path}", value)
    return alice


def below(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }


def test_every_secret_is_a_file_and_large_ones_are_put_together(tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        alice = await filled(w)
        await alice.secrets.make_directories([("work", at("empty"))])
        seen: list[Progress] = []
        view = await alice.vaults.export("work", tmp_path / "out", progress=seen.append)
        assert (view.secrets, view.bytes, view.versions) == (5, sum(map(len, SECRETS.values())), 1)
        assert (seen[-1].objects, seen[-1].bytes) == (view.secrets, view.bytes)

    simulate(scenario)
    assert below(tmp_path / "out") == SECRETS
    assert (tmp_path / "out/empty").is_dir()
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "out").rglob("*")} == {0o600, 0o700}


@BOTH
def test_an_export_can_be_imported_again(tmp_path: Path, form: ExportForm) -> None:
    async def scenario(w: World) -> None:
        alice = await filled(w)
        await alice.vaults.export("work", tmp_path / "out", form)
        await alice.vaults.create("again")
        view = await alice.vaults.import_from("again", tmp_path / "out")
        assert view.kind is ImportKind.DIRECTORY
        assert await everything(alice, "again") == SECRETS
        assert [name for name, _ in view.skipped] == ([".git"] if form is ExportForm.GIT else [])

    simulate(scenario)


@needs_git
def test_a_repository_has_the_whole_history_and_git_works_in_it(tmp_path: Path) -> None:
    out = tmp_path / "out"

    async def scenario(w: World) -> None:
        alice = await filled(w)
        await write(alice, "work:a", b"2")
        await alice.secrets.remove([("work", at("d/b"))])
        await alice.secrets.move(("work", at("ä")), ("work", at("o")))
        view = await alice.vaults.export("work", out, ExportForm.GIT)
        log = await alice.vaults.log("work")
        assert view.versions == len(log) == 9
        fsck(out)
        assert git(out, "log", "--format=%H").split() == [str(row.commit) for row in log]
        assert git(out, "log", "-1", "--format=%an") == f"{alice.node_id}\n"
        assert git(out, "branch", "--show-current") == "main\n"
        assert git(out, "status", "--porcelain") == ""

    simulate(scenario)
    assert git(out, "show", "HEAD~3:a") == "1"
    git(out, "checkout", "-q", "HEAD~2")
    assert (out / "a").read_bytes() == b"2"
    assert (out / "d/b").read_bytes() == b""
    assert b"".join(path.read_bytes() for path in sorted((out / "d/e/c").iterdir())) == SECRETS["d/e/c"]
    git(out, "checkout", "-q", "main")
    assert not (out / "d/b").exists()


@needs_git
def test_names_that_git_refuses_are_told_with_an_export_and_those_of_before_stay_readable(tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        await alice.vaults.create("work")
        await write(alice, "work:good", b"1")
        before_there_was_a_rule(alice, "work", "d/git~1/x", b"2")
        assert await everything(alice, "work") == {"good": b"1", "d/git~1/x": b"2"}
        view = await alice.vaults.export("work", tmp_path / "git", ExportForm.GIT)
        assert view.not_for_git == ("d/git~1",)
        assert (await alice.vaults.export("work", tmp_path / "dir")).not_for_git == ()
        await write(alice, "work:d/git~1/y", b"3")  # below what is there already
        await alice.secrets.move(("work", at("d/git~1")), ("work", at("d/renamed")))
        assert set(await everything(alice, "work")) == {"good", "d/renamed/x", "d/renamed/y"}
        assert (await alice.vaults.export("work", tmp_path / "again", ExportForm.GIT)).not_for_git == ()

    simulate(scenario)
    assert below(tmp_path / "dir") == below(tmp_path / "git") == {"good": b"1", "d/git~1/x": b"2"}


def before_there_was_a_rule(agent: Agent, vault: str, path: str, value: bytes) -> None:
    """As a peer of an earlier version, which let such names pass, would have written it."""
    frames = vault_named(agent.store, vault)
    assert frames is not None
    batch = frames.batch()
    oid, facts = blob(value)
    batch.add(oid, facts, value)
    commit_edits(agent.store, frames, batch, [(at(path), tree.Put(oid))], None, agent.gate.core().clock.now())


@needs_git
def test_a_version_before_can_be_exported_in_both_forms(tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        await alice.vaults.create("work")
        first = await write(alice, "work:a", b"1")
        await write(alice, "work:a", b"2")
        await alice.vaults.export(f"work@{first}", tmp_path / "dir")
        view = await alice.vaults.export(f"work@{str(first)[:8]}", tmp_path / "git", ExportForm.GIT)
        assert view.versions == 2

    simulate(scenario)
    assert below(tmp_path / "dir") == below(tmp_path / "git") == {"a": b"1"}
    fsck(tmp_path / "git")


@needs_git
def test_a_hostile_configuration_of_git_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    canary = tmp_path / "canary"
    hostile = tmp_path / "home"
    (hostile / "template/hooks").mkdir(parents=True)
    (hostile / "script").write_text(f"#!/bin/sh\ntouch {canary}\n")
    (hostile / "script").chmod(0o755)
    (hostile / ".gitconfig").write_text(
        f"[core]\n\tfsmonitor = {hostile}/script\n\thooksPath = {hostile}\n\tautocrlf = true\n\tabbrev = 1\n"
        f"[init]\n\ttemplateDir = {hostile}/template\n\tdefaultBranch = evil\n\tdefaultObjectFormat = sha256\n"
        f"[filter \"x\"]\n\tclean = {hostile}/script\n\tsmudge = {hostile}/script\n[i18n]\n\tcommitEncoding = latin1\n"
    )  # fmt: skip

    def exported(name: str) -> dict[str, bytes]:
        async def scenario(w: World) -> None:
            alice = await w.add("alice")
            await alice.vaults.create("work")
            await write(alice, "work:a", b"line\r\n")
            await write(alice, "work:.gitattributes", b"* filter=x\n")
            await alice.vaults.export("work", tmp_path / name, ExportForm.GIT)

        simulate(scenario)
        return {
            path.relative_to(tmp_path / name).as_posix(): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }

    plain = exported("plain")
    for name, value in {
        "HOME": hostile, "XDG_CONFIG_HOME": hostile, "GIT_DIR": hostile / "repo", "GIT_WORK_TREE": hostile,
        "GIT_OBJECT_DIRECTORY": hostile / "objects", "GIT_INDEX_FILE": hostile / "index", "GIT_TRACE": hostile / "trace",
        "GIT_TEMPLATE_DIR": hostile / "template", "GIT_CONFIG_GLOBAL": hostile / ".gitconfig",
        "GIT_AUTHOR_NAME": "evil", "GIT_DEFAULT_HASH": "sha256",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, str(value))
    assert exported("hostile") == plain
    assert sorted(path.name for path in hostile.iterdir()) == [".gitconfig", "script", "template"]
    assert not canary.exists()


@BOTH
def test_no_plaintext_is_written_anywhere_but_into_the_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: ExportForm
) -> None:
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(tmp_path / "temp"))
    (tmp_path / "temp").mkdir()
    opened: list[str] = []
    real = os.open

    def watched(path: Any, flags: int, *rest: Any, **named: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            assert "dir_fd" in named
            opened.append(os.fsdecode(path))
        return real(path, flags, *rest, **named)

    async def scenario(w: World) -> None:
        alice = await filled(w)
        monkeypatch.setattr(os, "open", watched)
        await alice.vaults.export("work", tmp_path / "out", form)
        monkeypatch.setattr(os, "open", real)

    simulate(scenario)
    assert len(opened) == sum(path.is_file() for path in (tmp_path / "out").rglob("*"))
    assert list((tmp_path / "temp").iterdir()) == []


@BOTH
def test_what_is_there_is_never_touched(tmp_path: Path, form: ExportForm) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/x").write_text("x")

    async def scenario(w: World) -> None:
        alice = await filled(w)
        with refused(AlreadyExists):
            await alice.vaults.export("work", tmp_path / "full", form)
        with refused(MissingInput):
            await alice.vaults.export("work", tmp_path / "no/where", form)
        with refused(NotFound):
            await alice.vaults.export("nothing", tmp_path / "out", form)

    simulate(scenario)
    assert below(tmp_path) == {"full/x": b"x"}


@BOTH
@pytest.mark.parametrize("turns", [0, 1, 3, 6, 10, 14])
def test_an_export_that_is_called_off_leaves_nothing(tmp_path: Path, turns: int, form: ExportForm) -> None:
    async def scenario(w: World) -> None:
        alice = await filled(w)
        exporting = asyncio.create_task(alice.vaults.export("work", tmp_path / "out", form))
        for _ in range(turns):
            await asyncio.sleep(0)
        exporting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await exporting

    simulate(scenario)
    assert list(tmp_path.iterdir()) == []


@BOTH
def test_a_full_disk_ends_in_a_sentence_and_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: ExportForm
) -> None:
    left = 3

    def failing(descriptor: int, content: bytes) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise OSError(errno.ENOSPC, "No space left on device")
        os.write(descriptor, content)

    monkeypatch.setattr(Target, "write", staticmethod(failing))

    async def scenario(w: World) -> None:
        alice = await filled(w)
        with refused(StorageFailed, "No space left"):
            await alice.vaults.export("work", tmp_path / "out", form)

    simulate(scenario)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_removed_after_a_failure_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(descriptor: int, content: bytes) -> None:
        (tmp_path / "out/d/theirs").write_text("x")  # a directory with something in it cannot be removed
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Target, "write", staticmethod(failing))

    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        await alice.vaults.create("work")
        await write(alice, "work:d/a", b"1")
        with refused(StorageFailed, "Input/output error.*1 files or directories in clear could not be removed"):
            await alice.vaults.export("work", tmp_path / "out")

    simulate(scenario)


def test_a_clone_can_be_exported(tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        _, bob = await shared(w)
        await bob.vaults.clone("work", "alice")
        assert (await bob.vaults.export("work", tmp_path / "out")).secrets == 1

    simulate(scenario)


def test_others_go_on_while_an_export_runs(tmp_path: Path) -> None:
    async def scenario(w: World) -> None:
        alice = await filled(w)
        exporting = asyncio.create_task(alice.vaults.export("work", tmp_path / "out", ExportForm.GIT))
        while not (tmp_path / "out/.git").exists():
            await asyncio.sleep(0)
        await write(alice, "work:during", b"x")
        assert not exporting.done()
        assert (await exporting).secrets == len(SECRETS)

    simulate(scenario)
    assert "during" not in below(tmp_path / "out")


NAMES = st.sampled_from(["a", "b", "a.b", "a-b", "ü", "x y"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), PATHS, st.binary(max_size=6)),
        st.tuples(st.just("write"), PATHS, st.just(noise(1_200_000))),
        st.tuples(st.just("remove"), PATHS, st.just(b"")),
        st.tuples(st.just("move"), PATHS, PATHS),
        st.tuples(st.just("copy"), PATHS, PATHS),
    ),
    min_size=1,
    max_size=10,
)


@needs_git
@settings(max_examples=12, deadline=None)
@given(STEPS)
def test_whatever_was_done_to_a_vault_git_makes_the_same_trees_of_it(steps: list[tuple[str, str, Any]]) -> None:
    """Each version is written down by the real git as well, from the secrets as the agent reads them; both say the same."""

    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        await alice.vaults.create("work")
        await write(alice, "work:first", b"")
        versions = [{"first": b""}]
        for deed, path, more in steps:
            target = ("work", at(more)) if isinstance(more, str) else ("", at("x"))
            works: dict[str, Callable[[], Any]] = {
                "write": lambda path=path, more=more: write(alice, f"work:{path}", more),
                "remove": lambda path=path: alice.secrets.remove([("work", at(path))], True),
                "move": lambda path=path, target=target: alice.secrets.move(("work", at(path)), target),
                "copy": lambda path=path, target=target: alice.secrets.copy(("work", at(path)), target, True),
            }
            before = (await alice.vaults.get("work")).head
            await tried(works[deed]())
            if (await alice.vaults.get("work")).head != before:
                versions.append(await everything(alice, "work"))
        with tempfile.TemporaryDirectory() as directory:
            ours, theirs = Path(directory, "ours"), Path(directory, "theirs")
            await alice.vaults.export("work", ours, ExportForm.GIT)
            fsck(ours)
            git(Path(directory), "init", "-q", str(theirs))
            git(theirs, "fast-import", "--quiet", given=b"".join(told(version) for version in versions))
            made = git(theirs, "log", "--reverse", "--format=%T", "main").split()
            assert git(ours, "log", "--reverse", "--format=%T", "main").split()[1:] == made
            assert git(ours, "status", "--porcelain") == ""

    simulate(scenario)


def told(version: dict[str, bytes]) -> bytes:
    """A version as `git fast-import` is told of it; a large secret as the directory of its pieces."""
    lines = [b"commit refs/heads/main\ncommitter A <a@b> 0 +0000\ndata 0\ndeleteall\n"]
    for path, value in version.items():
        pieces = {path.encode(): value}
        if len(value) > 1024 * 1024:
            cut = range(0, len(value), 256 * 1024)
            pieces = {b"%b/\x01%08d" % (path.encode(), n): value[at : at + 256 * 1024] for n, at in enumerate(cut)}
        lines += [b"M 100644 inline %b\ndata %d\n%b\n" % (name, len(some), some) for name, some in pieces.items()]
    return b"".join(lines)
