"""Export in clear: a version's secrets as files, or the whole history as a git repository. Read at the desk, step by step.

The bytes of a repository are made by `vault.export_pack` and `vault.export_checkout`, files by `target`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

from pk_tui.agent.core import Core
from pk_tui.agent.target import Parts, Target
from pk_tui.agent.versions import Version, find_version
from pk_tui.api.facade import OnProgress
from pk_tui.api.views import ExportForm, ExportView, Progress
from pk_tui.errors import Corrupt, PkError, StorageFailed
from pk_tui.vault import chunks, tree
from pk_tui.vault.export_checkout import checked_out, git_index
from pk_tui.vault.export_pack import Packing, reachable
from pk_tui.vault.git_names import is_taken_for_git
from pk_tui.vault.objects import Kind, Oid

MAX_NAMED = 20
"""Paths told of that git would refuse."""
_EVERY = 500
_CONFIG = b"[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n"
_BRANCH = (b"refs", b"heads", b"main")
_GIT = b".git"

_Work = Generator[None, None, ExportView]


async def export(core: Core, vault: str, target: Path, form: ExportForm, progress: OnProgress) -> ExportView:
    opened: list[Target] = []
    """Filled by the work itself: whoever calls it off at any moment knows what there is to take away."""
    try:
        view = await core.desk.steps(_work(core, vault, target, form, progress, opened))
    except BaseException as error:
        for directory in opened:
            # A thread goes on to its end even if this is called off a second time: what is in clear does not stay.
            left = await asyncio.shield(asyncio.to_thread(_taken_away, directory))
            if left and isinstance(error, PkError):
                raise StorageFailed(
                    f"{error.message} Of what had been written, {left} files or directories in clear could not be removed: "
                    f"remove {directory.shown} yourself."
                ) from error
        raise
    for directory in opened:
        directory.close()
    return view


def _taken_away(directory: Target) -> int:
    try:
        return directory.remove()
    finally:
        directory.close()


def _work(core: Core, vault: str, target: Path, form: ExportForm, progress: OnProgress, opened: list[Target]) -> _Work:
    """The whole work; what goes wrong becomes a sentence."""
    version = find_version(core.store, vault)
    directory = Target.open(target)
    opened.append(directory)
    try:
        work = _files if form is ExportForm.DIRECTORY else _git
        return (yield from work(version, directory, progress))
    except OSError as error:
        raise directory.failed(error) from error
    except KeyError as error:
        raise Corrupt(
            "The vault is damaged: a part of it is gone, so that it cannot be exported. `pk-tui check` says more."
        ) from error


def _files(version: Version, directory: Target, progress: OnProgress) -> _Work:
    """Each secret of one version as a file, put together if it is large; items as they are."""
    source = version.frames
    total = source.facts(version.tree)
    done = size = 0
    for row in tree.listing(source, version.tree, (), recursive=True):
        parts = tuple(row.path.encode().split(b"/"))
        if row.is_directory:
            directory.directory(parts)
        else:
            yield from _file(directory, parts, chunks.pieces(source, row.oid))
            done += 1
            size += row.size
            if progress and done % _EVERY == 0:
                progress(Progress("Exporting", done, total.secrets, size, total.size))
        yield
    if progress:
        progress(Progress("Exporting", done, total.secrets, size, total.size))
    return ExportView(done, size, 1)


def _file(directory: Target, parts: Parts, content: Iterable[bytes]) -> Generator[None, None, None]:
    with directory.file(parts) as descriptor:
        for number, piece in enumerate(content):
            if number:
                yield
            directory.write(descriptor, piece)


def _git(version: Version, directory: Target, progress: OnProgress) -> _Work:
    """A repository with everything that led to this version, and its files checked out as git would."""
    source = version.frames
    objects: list[Oid] = []
    for oid in reachable(source, version.commit):
        if oid is not None:
            objects.append(oid)
        yield
    pack = (_GIT, b"objects", b"pack")
    for parts in (
        (_GIT,),
        (_GIT, b"objects"),
        (_GIT, b"objects", b"info"),
        pack,
        (_GIT, b"refs"),
        (_GIT, b"refs", b"heads"),
        (_GIT, b"refs", b"tags"),
    ):
        directory.directory(parts)
    name = f"pack-{version.commit}".encode()
    packing = Packing(source)
    yield from _file(directory, (*pack, name + b".pack"), _packed(packing, objects, progress))
    yield from _file(directory, (*pack, name + b".idx"), packing.index())
    not_for_git = yield from _checked_out(version, directory)
    yield from _file(directory, (_GIT, b"config"), [_CONFIG])
    yield from _file(directory, (_GIT, *_BRANCH), [f"{version.commit}\n".encode()])
    yield from _file(directory, (_GIT, b"HEAD"), [b"ref: %b\n" % b"/".join(_BRANCH)])
    facts = source.facts(version.tree)
    versions = sum(1 for oid in objects if source.facts(oid).kind is Kind.COMMIT)
    return ExportView(facts.secrets, facts.size, versions, tuple(not_for_git))


def _packed(packing: Packing, objects: list[Oid], progress: OnProgress) -> Iterator[bytes]:
    yield packing.begin(len(objects))
    size = 0
    for number, oid in enumerate(objects, 1):
        raw = packing.add(oid)
        size += len(raw)
        if progress and (number % _EVERY == 0 or number == len(objects)):
            progress(Progress("Exporting", number, len(objects), size))
        yield raw
    yield packing.end()


def _checked_out(version: Version, directory: Target) -> Generator[None, None, list[str]]:
    """Write the files and git's list of them. Gives the paths that git would refuse to check out."""
    files: list[tuple[Parts, Oid]] = []
    refused: list[str] = []
    for row in checked_out(version.frames, version.tree):
        if len(refused) < MAX_NAMED and is_taken_for_git(row.path[-1].decode()):
            refused.append(b"/".join(row.path).decode())
        if row.is_directory:
            directory.directory(row.path)
        else:
            yield from _file(directory, row.path, [version.frames.body(row.oid)])
            files.append((row.path, row.oid))
        yield
    yield from _file(directory, (_GIT, b"index"), git_index(files))
    return refused
