"""What `VAULT` and `VAULT@COMMIT` mean where a vault is read, its newest version or one before, and what lies at a path of one.
Desk work, reads only."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pk_tui.agent.directory import find_vault
from pk_tui.clock import rfc3339
from pk_tui.errors import Corrupt, Misuse, NotFound
from pk_tui.safe_text import safe_text
from pk_tui.store.node import NodeStore
from pk_tui.store.vault import VaultFrames
from pk_tui.terms import CommitId, SecretPath
from pk_tui.vault import history, tree
from pk_tui.vault.objects import Facts, Kind, Oid

MIN_PREFIX = 4
"""Characters of a commit's name that are enough if no other commit begins so."""
CANDIDATES = 5
"""Commits that are named when several begin so."""

_PREFIX = re.compile(r"[0-9a-f]{4,40}")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a vault: where its objects are, which commit it is, and the tree of that commit."""

    frames: VaultFrames
    commit: CommitId
    tree: Oid

    @property
    def is_newest(self) -> bool:
        return self.commit.raw == self.frames.record.commit


@dataclass(frozen=True, slots=True)
class Spot:
    """Something found at a path of a version."""

    frames: VaultFrames
    oid: Oid
    facts: Facts

    @property
    def is_directory(self) -> bool:
        return self.facts.kind is Kind.TREE


def find_version(store: NodeStore, reference: str) -> Version:
    """The vault's newest version, or the one that `VAULT@COMMIT` names. Raises NotFound, Misuse, and Corrupt if it is damaged."""
    vault, at, commit = reference.partition("@")
    frames = find_vault(store, vault)
    return version_of(frames, find_commit(frames, commit)) if at else newest(frames)


def newest(frames: VaultFrames) -> Version:
    """What the vault holds now. Raises Corrupt."""
    return version_of(frames, CommitId(frames.record.commit))


def version_of(frames: VaultFrames, commit: CommitId) -> Version:
    """Raises Corrupt, in words, if it cannot be read."""
    try:
        root = history.read_commit(frames, commit).tree
        frames.facts(root)
    except KeyError as error:
        raise Corrupt(
            f"The version {commit.short} of “{safe_text(frames.record.name, 80)}” is damaged: a part of it is gone. "
            "Other versions may be whole; `pk-tui check` says what is wrong."
        ) from error
    return Version(frames, commit, root)


def spot_at(version: Version, path: SecretPath) -> Spot:
    """The secret or directory at this path. Raises NotFound."""
    found = tree.find(version.frames, version.tree, path.parts)
    if found is None:
        raise missing(version, path)
    return Spot(version.frames, *found)


def missing(version: Version, path: SecretPath) -> NotFound:
    which = "" if version.is_newest else f"version {version.commit.short} of the "
    name = safe_text(version.frames.record.name, 80)
    return NotFound(f"There is no secret “{safe_text(str(path))}” in the {which}vault “{name}”.")


def find_commit(frames: VaultFrames, text: str) -> CommitId:
    """The commit of this vault whose name is, or begins with, `text`. Raises Misuse for what is no name or begins several, and
    NotFound."""
    wanted = text.lower()
    name = safe_text(frames.record.name, 80)
    if not _PREFIX.fullmatch(wanted):
        raise Misuse(
            f"“{safe_text(text, 60)}” does not name a version. A version is named by its commit id, or by at least "
            f"{MIN_PREFIX} characters of it; `pk-tui vaults log VAULT` lists them."
        )
    found = _commits(frames, wanted)
    if not found:
        raise NotFound(
            f"There is no version {wanted} of the vault “{name}”. See `pk-tui vaults log` for the versions there are."
        )
    if len(found) > 1:
        some = "; ".join(_described(frames, commit) for commit in found[:CANDIDATES])
        more = f"; and {len(found) - CANDIDATES} more" if len(found) > CANDIDATES else ""
        raise Misuse(f"{wanted} fits several versions of “{name}”: {some}{more}. Give more of the id.")
    return found[0]


def _commits(frames: VaultFrames, wanted: str) -> list[CommitId]:
    """The commits that begin so. Trees and secrets have names of the same kind, and are not meant."""
    if len(wanted) == 40:
        raw = bytes.fromhex(wanted)
        return [CommitId(raw)] if raw in frames and frames.facts(raw).kind is Kind.COMMIT else []
    whole = bytes.fromhex(wanted[: len(wanted) // 2 * 2])
    alike = [oid for oid in frames if oid.startswith(whole)]
    return [CommitId(oid) for oid in alike if oid.hex().startswith(wanted) and frames.facts(oid).kind is Kind.COMMIT]


def _described(frames: VaultFrames, commit: CommitId) -> str:
    try:
        return f"{str(commit)[:12]} of {rfc3339(history.read_commit(frames, commit).time)[:10]}"
    except KeyError:
        return str(commit)[:12]
