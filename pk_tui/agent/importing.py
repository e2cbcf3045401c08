"""Import of foreign sources: looked at first, then everything into one batch, step by step, and one commit; or only planned.

Foreign files are read in a thread of their own (key derivation, XML, gpg take long), and a directory at the desk, file by file.
What stands in the vault where a secret would go is `standing`'s.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pk_tui.agent.at_rest import collector_at_rest
from pk_tui.agent.commits import FLUSH_AT, committing_edits, flush_large, head_tree, require_writable
from pk_tui.agent.core import Core
from pk_tui.agent.directory import find_vault
from pk_tui.agent.standing import Standing
from pk_tui.api.events import VaultChanged
from pk_tui.api.facade import OnProgress
from pk_tui.api.views import ImportKind, ImportPlanView, ImportView, PlannedView, Progress
from pk_tui.errors import Misuse
from pk_tui.importers import detect
from pk_tui.importers import directory as files
from pk_tui.importers.finding import Finding, Form, Skipped, open_sized
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text
from pk_tui.store.frames import Batch
from pk_tui.terms import SecretPath, VaultId
from pk_tui.vault import history, tree
from pk_tui.vault.chunks import ChunkWriter
from pk_tui.vault.item import Item, encode_item
from pk_tui.vault.objects import Facts, ObjectSink, Oid, blob

READ_PIECE = 256 * 1024
MAX_ROWS = 200_000
"""Entries of one foreign file, which are all in memory before the first is written: some kilobyte each."""
_FLUSH_AT = 4 * FLUSH_AT
"""Bytes: an import waits for nobody, and each time costs a sync."""
_STOP_EVERY = 16
"""Rows between two points where other work can go first, half a millisecond."""
_LET_GO = 4096
"""Objects let go of in one step: a millisecond."""
_EVERY = 500
"""Secrets between two words of progress."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A secret that was found, as the bytes it will be; `template` is that of an item."""

    path: SecretPath
    content: Plaintext
    template: str | None


_Row = _Ready | files.FoundFile | Skipped


@dataclass(frozen=True, slots=True)
class Source:
    """A source that was looked at. `rows` may be gone through once; `total` is how many there are, 0 if nobody knows."""

    kind: ImportKind
    rows: Iterator[_Row]
    total: int = 0


async def open_source(
    path: Path, kind: ImportKind, password: Plaintext | None, key_file: Path | None, progress: OnProgress = None
) -> Source:
    """Find out what it is, and read it if it is not a directory. Raises what the importers raise."""
    asked = None if kind is ImportKind.AUTO else Form(kind.value)
    form = await asyncio.to_thread(detect.form_of, path, asked)
    found = ImportKind(form.value)
    if form is Form.DIRECTORY:
        if key_file is not None:
            raise Misuse("A key file goes with a KeePass database, not with a directory.")
        return Source(found, files.walk(path))
    stop = threading.Event()

    def read() -> list[_Row]:
        rows: list[_Row] = []
        for row in detect.findings(form, path, password, key_file, stop.is_set):
            if stop.is_set():
                break
            rows.append(_ready(row))
            if len(rows) > MAX_ROWS:
                raise Misuse(
                    f"There are more than {MAX_ROWS:,} entries in “{safe_text(str(path), 300)}”. Nothing was written."
                )
            if progress and len(rows) % _EVERY == 0:
                progress(Progress("Reading", objects=len(rows)))
        return rows

    try:
        rows = await asyncio.to_thread(read)
        return Source(found, _let_go(rows), len(rows))
    finally:
        stop.set()  # called off: the thread, which cannot be, ends at its next entry


def _let_go(rows: list[_Row]) -> Iterator[_Row]:
    """Each in its order, and kept no longer: all at once would take their time when the last is done with."""
    rows.reverse()
    while rows:
        yield rows.pop()


async def plan_import(
    core: Core,
    vault: str,
    source: Path,
    kind: ImportKind,
    password: Plaintext | None,
    key_file: Path | None,
    progress: OnProgress = None,
    rows: int = 1000,
) -> ImportPlanView:
    await core.desk.do(lambda: require_target(core, vault))
    with collector_at_rest():
        opened = await open_source(source, kind, password, key_file, progress)
        return await core.desk.steps(plan(core, vault, opened, progress, rows))


async def import_from(
    core: Core,
    vault: str,
    source: Path,
    kind: ImportKind,
    password: Plaintext | None,
    progress: OnProgress,
    key_file: Path | None,
) -> ImportView:
    await core.desk.do(lambda: require_target(core, vault))
    with collector_at_rest():
        opened = await open_source(source, kind, password, key_file, progress)
        edits: list[tree.Edit] = []
        view, vault_id = await core.desk.steps(import_rows(core, vault, opened, progress, edits))
        if view.commit is not None:
            core.bus.say(VaultChanged(vault_id))
        await core.desk.steps(_let_go_of(edits))
    return view


def require_target(core: Core, vault: str) -> None:
    """Before anything is read. Raises NotFound or ReadOnly."""
    require_writable(find_vault(core.store, vault).record, core.node_id)


def plan(
    core: Core, vault: str, source: Source, progress: OnProgress, listed: int
) -> Generator[None, None, ImportPlanView]:
    """What `import_rows` would do: every value is weighed and compared, and nothing is kept. Secrets beyond `listed` are only
    counted."""
    frames = find_vault(core.store, vault)
    require_writable(frames.record, core.node_id)
    standing = Standing(frames, head_tree(frames))
    taking = _Taken(standing)
    planned: list[PlannedView] = []
    more = 0
    for number, row in enumerate(source.rows, 1):
        put = yield from taking.one(row, _Scales())
        if progress and number % _EVERY == 0:
            progress(Progress("Comparing", objects=number, objects_total=source.total))
        if put is not None:
            if len(planned) < listed:
                change = standing.change(put.path, put.oid)
                planned.append(PlannedView(put.path, put.facts.size, put.template, change))
            else:
                more += 1
        yield
    return ImportPlanView(source.kind, tuple(planned), more, tuple(taking.skipped))


def _let_go_of(edits: list[tree.Edit]) -> Generator[None, None, None]:
    while edits:
        del edits[-_LET_GO:]
        yield


def import_rows(
    core: Core, vault: str, source: Source, progress: OnProgress, edits: list[tree.Edit]
) -> Generator[None, None, tuple[ImportView, VaultId]]:
    """Put everything into a batch, step by step, then commit once. Nothing is visible before that, nothing stays if it fails.
    `edits` is filled; who gave it lets go of them, which of very many takes its time too."""
    frames = find_vault(core.store, vault)
    require_writable(frames.record, core.node_id)
    batch = frames.batch()
    taking = _Taken(Standing(frames, head_tree(frames)))
    try:
        for number, row in enumerate(source.rows):
            put = taking.small(row, batch)
            if put is None:
                put = yield from taking.one(row, batch)
            if put is not None:
                edits.append((put.path, tree.Put(put.oid, put.facts)))
                if progress and len(edits) % _EVERY == 0:
                    progress(Progress("Importing", objects=len(edits), bytes=taking.size))
            if batch.pending_bytes >= _FLUSH_AT:
                batch.flush()
                yield
            elif number % _STOP_EVERY == 0:
                yield
        message = f"Imported {len(edits)} secrets" if len(edits) > history.MESSAGE_PATHS else None
        commit = (yield from committing_edits(core.store, frames, batch, edits, message, core.clock)) if edits else None
    finally:
        batch.discard()
    size = taking.size
    if progress:
        progress(Progress("Importing", objects=len(edits), objects_total=len(edits), bytes=size, bytes_total=size))
    view = ImportView(len(edits), size, commit, tuple(taking.skipped), source.kind)
    return view, VaultId(frames.record.vault_id)


@dataclass(frozen=True, slots=True)
class _Put:
    path: SecretPath
    oid: Oid
    facts: Facts
    template: str | None


class _Taken:
    """Takes rows one by one into a sink, and notes what is not taken."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self.skipped: list[tuple[str, str]] = []
        self.size = 0

    def small(self, row: _Row, sink: ObjectSink) -> _Put | None:
        """A secret that is one small file with nothing in its way, as nearly all are; None for any other, which is `one`'s."""
        if not isinstance(row, files.FoundFile) or len(row.files) > 1 or self._standing.obstacle(row.path):
            return None
        try:
            descriptor, size = open_sized(row.files[0])
            try:
                body = os.read(descriptor, size + 1) if size < READ_PIECE else b""
            finally:
                os.close(descriptor)
        except OSError:
            return None
        if len(body) != size or size >= READ_PIECE:
            return None
        oid, facts = blob(body)
        sink.add(oid, facts, body)
        self.size += size
        return _Put(row.path, oid, facts, None)

    def one(self, row: _Row, sink: ObjectSink) -> Generator[None, None, _Put | None]:
        if isinstance(row, Skipped):
            self.skipped.append((row.name, row.reason))
            return None
        obstacle = self._standing.obstacle(row.path)
        if obstacle:
            self._skip(row.path, obstacle)
            return None
        writer = ChunkWriter(sink)
        template = None
        try:
            if isinstance(row, files.FoundFile):
                for _ in _fed(row, writer):
                    if isinstance(sink, Batch):
                        flush_large(sink)
                    yield
            else:
                template = row.template
                writer.feed(row.content.reveal())
        except OSError as error:
            self._skip(row.path, f"it cannot be read: {error.strerror or error}")
            return None
        except Misuse as error:  # a file beyond what a secret may have
            self._skip(row.path, _reason(error))
            return None
        oid, facts = writer.finish()
        self.size += facts.size
        return _Put(row.path, oid, facts, template)

    def _skip(self, path: SecretPath, reason: str) -> None:
        self.skipped.append((safe_text(str(path), 1200), reason))


def _ready(row: Finding) -> _Ready | Skipped:
    """Items are written down at once: that is the reading thread's work, and leaves a tenth of the objects in memory."""
    if isinstance(row, Skipped):
        return row
    if not isinstance(row.content, Item):
        return _Ready(row.path, row.content, None)
    try:
        return _Ready(row.path, Plaintext(encode_item(row.content)), row.content.template)
    except Misuse as error:  # an item that may not be
        return Skipped(safe_text(str(row.path), 1200), _reason(error))


def _reason(error: Misuse) -> str:
    return error.message.removesuffix(" Nothing was written.").removesuffix(".")


def _fed(row: files.FoundFile, writer: ChunkWriter) -> Iterator[None]:
    """Feed the writer with a secret's files, stopping after each piece that is followed by another. Raises OSError."""
    for number, file in enumerate(row.files):
        descriptor, _ = open_sized(file)
        try:
            while piece := os.read(descriptor, READ_PIECE):
                writer.feed(piece)
                if len(piece) == READ_PIECE or number + 1 < len(row.files):
                    yield
        finally:
            os.close(descriptor)


class _Scales:
    """A sink that keeps nothing: what is put on it has a name and a size, and is gone."""

    def __contains__(self, oid: Oid) -> bool:
        return False

    def __iter__(self) -> Iterator[Oid]:
        return iter(())

    def facts(self, oid: Oid) -> Facts:
        raise KeyError(oid)

    def sizes_of(self, oids: Iterable[Oid]) -> list[int]:
        raise KeyError

    def body(self, oid: Oid) -> bytes:
        raise KeyError(oid)

    def stored(self, oid: Oid) -> tuple[Oid | None, bytes]:
        raise KeyError(oid)

    def add(self, oid: Oid, facts: Facts, body: bytes, base: Oid | None = None, delta: bytes | None = None) -> None:
        return
