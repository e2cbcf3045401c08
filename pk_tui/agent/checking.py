"""Reading and verifying every stored byte: what each object must be is worked out anew and compared with what the index says.

Nothing is changed. What is wrong with one vault keeps no other from being looked at.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from pk_tui.agent.commits import head_tree
from pk_tui.agent.rights import lineage_of
from pk_tui.api.views import CheckView, ProblemView
from pk_tui.errors import PkError
from pk_tui.store.node import NodeStore
from pk_tui.store.vaults import VaultFrames
from pk_tui.terms import VaultId
from pk_tui.trust.head import read_head
from pk_tui.vault import check, chunks, tree
from pk_tui.vault.objects import Facts, Kind, Oid, git_name

MAX_PROBLEMS = 1000
"""Problems told; more say nothing new."""


def check_node(store: NodeStore) -> Generator[None, None, CheckView]:
    """Everything of this node, step by step."""
    problems: list[ProblemView] = []
    objects = 0
    try:
        store.verify()
    except PkError as error:
        problems.append(ProblemView("ledger", None, None, error.message))
    # Listed first: what is found damaged while checking is told where it was found.
    problems += [
        ProblemView("vault", None, None, f"A vault cannot be opened: {why}.") for why in store.vaults.unreadable
    ]
    vaults = store.vaults.list()
    for frames in vaults:
        for found in _check_vault(frames):
            if isinstance(found, ProblemView):
                problems.append(found)
            else:
                objects += 1
            if len(problems) >= MAX_PROBLEMS:
                return CheckView(False, len(vaults), objects, tuple(problems))
            yield
    return CheckView(not problems, len(vaults), objects, tuple(problems))


def _check_vault(frames: VaultFrames) -> Iterator[ProblemView | Oid]:
    """Each object that is as it should be, and each problem."""
    vault_id = VaultId(frames.record.vault_id)
    try:
        names = list(frames)
    except PkError as error:
        yield ProblemView("index", vault_id, None, error.message)
        return
    wrong: dict[Oid, str] = {}
    for oid in names:
        fault = _fault(frames, oid)
        if fault is None:
            yield oid
        else:
            wrong[oid] = fault
    yield from _head_problem(frames, vault_id)
    if wrong:
        places = _places(frames, wrong)
        for oid, fault in wrong.items():
            yield ProblemView("object", vault_id, places.get(oid), fault)


def _fault(frames: VaultFrames, oid: Oid) -> str | None:
    """What is wrong with one object, or None."""
    try:
        facts = frames.facts(oid)
        body = frames.body(oid)
        if git_name(facts.kind, body) != oid:
            return "An object is not the one its name says."
        if _facts_of(frames, facts.kind, body) != facts:
            return "An object is not what the index says of it."
    except PkError as error:
        return error.message
    except KeyError:
        return "An object that another one names is missing."
    return None


def _facts_of(frames: VaultFrames, kind: Kind, body: bytes) -> Facts:
    if kind is Kind.BLOB:
        return check.checked_blob(body)
    if kind is Kind.COMMIT:
        return check.checked_commit(body, frames.facts)[0]
    return check.checked_tree(body, frames.facts)[0]


def _head_problem(frames: VaultFrames, vault_id: VaultId) -> Iterator[ProblemView]:
    record = frames.record
    try:
        head = read_head(record.head, lineage_of(record))
        if (head.commit.raw, head.digest) != (record.commit, record.digest) or frames.facts(
            record.commit
        ).digest != head.digest:
            yield ProblemView("head", vault_id, None, "The newest version is not the one its writer signed.")
    except PkError as error:
        yield ProblemView("head", vault_id, None, error.message)
    except KeyError:
        yield ProblemView("head", vault_id, None, "The newest version is missing.")


def _places(frames: VaultFrames, wanted: dict[Oid, str]) -> dict[Oid, str]:
    """Where in the newest version these objects are, as far as it can still be read."""
    found: dict[Oid, str] = {}
    try:
        for row in tree.listing(frames, head_tree(frames), (), True):
            pieces = [row.oid]
            if not row.is_directory and row.oid not in wanted and frames.facts(row.oid).kind is Kind.CHUNKS:
                pieces = chunks.piece_names(frames, row.oid)
            for oid in pieces:
                if oid in wanted:
                    found.setdefault(oid, row.path)
    except (PkError, KeyError):
        return found
    return found
