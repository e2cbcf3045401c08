"""How a node is, and what was done for it: what windows see of checks, backups and tidying."""

from __future__ import annotations

from dataclasses import dataclass

from pk_tui.terms import VaultId


@dataclass(frozen=True, slots=True)
class ProblemView:
    """Something stored that does not verify. `kind` is one of: missing, altered, extra, dangling, moved, wrong kind, rolled back.
    `vault_id` and `path` where they are known."""

    kind: str
    vault_id: VaultId | None
    path: str | None
    message: str


@dataclass(frozen=True, slots=True)
class CheckView:
    """What a check of everything found. `objects` are those that were read and are as they should be; `repaired` says in words
    what was put right before."""

    ok: bool
    vaults: int
    objects: int
    problems: tuple[ProblemView, ...]
    repaired: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BackupView:
    file: str
    vaults: int
    bytes: int


@dataclass(frozen=True, slots=True)
class TidyView:
    """`before` and `after`: bytes of the database file."""

    vaults: int
    objects: int
    before: int
    after: int
