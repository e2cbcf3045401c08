"""Import of a directory tree: every file into one batch, step by step, then one commit."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

from pk_tui.agent.commits import FLUSH_AT, commit_edits, require_writable
from pk_tui.agent.core import Core
from pk_tui.agent.directory import find_vault
from pk_tui.api.facade import OnProgress
from pk_tui.api.views import ImportView, Progress
from pk_tui.importers import directory as files
from pk_tui.safe_text import safe_text
from pk_tui.store.frames import Batch
from pk_tui.terms import VaultId
from pk_tui.vault import history, tree
from pk_tui.vault.chunks import ChunkWriter

READ_PIECE = 256 * 1024


def import_directory(
    core: Core, vault: str, directory: Path, progress: OnProgress
) -> Generator[None, None, tuple[ImportView, VaultId]]:
    """Read every file into a batch, step by step, then commit once. Nothing is visible before that, nothing stays if it fails."""
    frames = find_vault(core.store, vault)
    require_writable(frames.record, core.node_id)
    batch = frames.batch()
    edits: list[tree.Edit] = []
    skipped: list[tuple[str, str]] = []
    size = 0
    try:
        for row in files.walk(directory):
            if isinstance(row, files.Skipped):
                skipped.append((row.name, row.reason))
                continue
            try:
                descriptor = files.open_file(row)
            except OSError as error:
                skipped.append((safe_text(str(row.path)), f"it cannot be read: {error.strerror or error}"))
                continue
            writer = ChunkWriter(batch)
            try:
                while piece := os.read(descriptor, READ_PIECE):
                    writer.feed(piece)
                    size += len(piece)
                    if len(piece) == READ_PIECE:
                        _flush_large(batch)
                        yield
            except OSError as error:
                skipped.append((safe_text(str(row.path)), f"reading stopped: {error.strerror}"))
                continue
            finally:
                os.close(descriptor)
            edits.append((row.path, tree.Put(writer.finish()[0])))
            _flush_large(batch)
            if progress and len(edits) % 500 == 0:
                progress(Progress("Importing", objects=len(edits), bytes=size))
            yield
        message = f"Imported {len(edits)} secrets" if len(edits) > history.MESSAGE_PATHS else None
        commit = commit_edits(core.store, frames, batch, edits, message, core.clock.now()) if edits else None
    finally:
        batch.discard()
    if progress:
        progress(Progress("Importing", objects=len(edits), objects_total=len(edits), bytes=size, bytes_total=size))
    return ImportView(len(edits), size, commit, tuple(skipped)), VaultId(frames.record.vault_id)


def _flush_large(batch: Batch) -> None:
    if batch.pending_bytes >= FLUSH_AT:
        batch.flush()
