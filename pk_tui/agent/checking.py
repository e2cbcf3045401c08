"""Reading and verifying every stored byte: rows where they lie, then what each object must be, worked out anew and compared with
what the index says. What is wrong with one thing keeps no other from being looked at.

`check_node` changes nothing. `repair_node` puts right what can be without losing anything: it makes an index anew from whole
frames, and removes rows that nothing names. What was altered or is missing cannot be made again here.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from pk_tui.agent.rights import lineage_of
from pk_tui.api.care import CheckView, ProblemView
from pk_tui.api.facade import OnProgress
from pk_tui.api.views import Progress
from pk_tui.errors import Busy, NotFound, PkError
from pk_tui.store.node import NodeStore
from pk_tui.store.reindexing import rebuild_index
from pk_tui.store.survey import Damage, RowFinding, Tries, survey_frames, survey_index, survey_strays
from pk_tui.store.vault import VaultFrames
from pk_tui.terms import VaultId
from pk_tui.trust.head import read_head
from pk_tui.vault import check, entries
from pk_tui.vault.history import parse_commit
from pk_tui.vault.objects import Facts, Kind, Oid, git_name

T = TypeVar("T")

MAX_PROBLEMS = 1000
"""Problems told; more say nothing new."""
_CHAIN = 256
_TELL_EVERY = 500
"""Steps between two words of progress."""
_GONE, _TWICE = "gone", "same id"


@dataclass(frozen=True, slots=True)
class _Fault:
    damage: Damage
    says: str


class _Told:
    """How far a check has come, told now and then."""

    def __init__(self, progress: OnProgress, doing: str) -> None:
        self._progress, self._doing = progress, doing
        self._steps = self.objects = self.total = 0

    def counting(self, vaults: Iterable[VaultFrames]) -> Iterator[None]:
        """How many objects there are to look at, if somebody wants to know. What cannot be counted will be told as damage."""
        for frames in vaults if self._progress else ():
            with suppress(PkError):
                self.total += len(frames)
            yield

    def step(self) -> None:
        self._steps += 1
        if self._progress and self._steps % _TELL_EVERY == 1:
            # What is written meanwhile is looked at too, and is not to go beyond the end.
            self._progress(Progress(self._doing, min(self.objects, self.total), self.total))


def check_node(store: NodeStore, progress: OnProgress = None) -> Generator[None, None, CheckView]:
    """Everything of this node, step by step."""
    problems: list[ProblemView] = []
    told = _Told(progress, "Checking")
    objects = 0
    for finding in (*store.survey(), *survey_strays(store.vaults.db)):
        problems.append(ProblemView(finding.damage.value, None, None, finding.says))
    for says in (yield from store.audit.faults()):
        problems.append(ProblemView(Damage.ALTERED.value, None, None, says))
    # Listed first: what is found damaged while checking is told where it was found.
    for why in store.vaults.unreadable:
        damage = Damage.MISSING if _GONE in why else Damage.EXTRA if _TWICE in why else Damage.ALTERED
        problems.append(ProblemView(damage.value, None, None, f"A vault cannot be opened: {why}."))
    vaults, tries = store.vaults.list(), Tries()
    yield from told.counting(vaults)
    for frames in vaults:
        try:
            for found in _check_vault(store, frames, tries):
                if isinstance(found, ProblemView):
                    problems.append(found)
                elif found:
                    objects += 1
                    told.objects += 1
                told.step()
                if len(problems) >= MAX_PROBLEMS:
                    return CheckView(False, len(vaults), objects, tuple(problems))
                yield
        except NotFound:  # deleted between two steps
            continue
    return CheckView(not problems, len(vaults), objects, tuple(problems))


def _check_vault(store: NodeStore, frames: VaultFrames, tries: Tries) -> Iterator[ProblemView | bool]:
    """Each problem; True for an object that is as it should be, False for a step to stop at."""
    vault_id, rows = VaultId(frames.record.vault_id), frames.frame_store
    others = [one.frame_store for one in store.vaults.list() if one is not frames]
    in_index = yield from _steps(survey_index(rows, others, tries))
    for finding in in_index:
        yield ProblemView(finding.damage.value, vault_id, None, finding.says)
    try:
        names = list(frames)
    except PkError as error:
        if not in_index:
            yield ProblemView(Damage.ALTERED.value, vault_id, None, error.message)
        return
    bad: dict[int, RowFinding] = {}
    for finding in (yield from _steps(survey_frames(rows, others, tries))):
        if finding.damage is Damage.EXTRA:
            yield ProblemView(finding.damage.value, vault_id, None, f"{finding.says}.")
        elif finding.number is not None:
            bad[finding.number] = finding
    wrong: dict[Oid, _Fault] = {}
    for oid in names:
        fault = _fault(frames, oid, bad) if oid in frames else None  # else it went meanwhile
        if fault is None:
            yield True
        else:
            wrong[oid] = fault
            yield False
    head = _head_problem(store, frames)
    if head is not None:
        yield ProblemView(head.damage.value, vault_id, None, head.says)
    if wrong:
        places = yield from _places(frames, set(wrong))
        for oid, fault in wrong.items():
            yield ProblemView(fault.damage.value, vault_id, places.get(oid), fault.says)


def _steps(
    work: Generator[None, None, list[RowFinding]],
) -> Generator[ProblemView | bool, None, list[RowFinding]]:
    while True:
        try:
            next(work)
        except StopIteration as end:
            found: list[RowFinding] = end.value
            return found
        yield False


def _fault(frames: VaultFrames, oid: Oid, bad: dict[int, RowFinding]) -> _Fault | None:
    """What is wrong with one object, or None."""
    try:
        row = _bad_row(frames, oid, bad)
        if row is not None:
            return row
        facts = frames.facts(oid)
        body = frames.body(oid)
        if git_name(facts.kind, body) != oid:
            return _Fault(Damage.ALTERED, "An object is not the one its name says.")
        return _fault_of_children(frames, facts.kind, body) or _fault_of_facts(frames, facts, body)
    except PkError as error:
        return _Fault(Damage.ALTERED, error.message)
    except KeyError:
        return _Fault(Damage.DANGLING, "It builds upon an object that is not there.")


def _bad_row(frames: VaultFrames, oid: Oid, bad: dict[int, RowFinding]) -> _Fault | None:
    """That the object itself, or one that it is kept as a difference of, lies in a row that is not as it should be."""
    if not bad:
        return None
    rows, name, upon = frames.frame_store, oid, ""
    for _ in range(_CHAIN):
        finding = bad.get(rows.in_frames([name])[0])
        if finding is not None:
            return _Fault(finding.damage, f"{finding.says}{upon}.")
        base = rows.stored(name)[0]
        if base is None:
            return None
        name, upon = base, " (of an earlier version, as whose difference it is kept)"
    return None


def _fault_of_children(frames: VaultFrames, kind: Kind, body: bytes) -> _Fault | None:
    for oid, kinds in _named_by(kind, body):
        if oid not in frames:
            return _Fault(Damage.DANGLING, "It names an object that is not there.")
        if frames.facts(oid).kind not in kinds:
            return _Fault(Damage.WRONG_KIND, "It takes an object for one of another kind.")
    return None


def _named_by(kind: Kind, body: bytes) -> Iterator[tuple[Oid, tuple[Kind, ...]]]:
    """What an object names, and of which kinds that may be."""
    if kind is Kind.COMMIT:
        commit = parse_commit(body)
        yield commit.tree, (Kind.TREE,)
        for parent in commit.parents:
            yield parent.raw, (Kind.COMMIT,)
    elif kind is not Kind.BLOB:
        for mode, _, oid in entries.fields(body):
            yield oid, (Kind.BLOB,) if mode == entries.FILE else (Kind.TREE, Kind.CHUNKS)


def _fault_of_facts(frames: VaultFrames, facts: Facts, body: bytes) -> _Fault | None:
    if facts.kind is Kind.BLOB:
        right = check.checked_blob(body)
    elif facts.kind is Kind.COMMIT:
        right = check.checked_commit(body, frames.facts)[0]
    else:
        right = check.checked_tree(body, frames.facts)[0]
    if right == facts:
        return None
    if right.kind is not facts.kind:
        return _Fault(Damage.WRONG_KIND, "The index takes an object for one of another kind.")
    return _Fault(Damage.ALTERED, "An object is not what the index says of it.")


def _head_problem(store: NodeStore, frames: VaultFrames) -> _Fault | None:
    record = frames.record
    try:
        head = read_head(record.head, lineage_of(record))
        if (head.commit.raw, head.digest) != (record.commit, record.digest) or frames.facts(
            record.commit
        ).digest != head.digest:
            return _Fault(Damage.ALTERED, "The newest version is not the one its writer signed.")
    except PkError as error:
        return _Fault(Damage.ALTERED, error.message)
    except KeyError:
        return _Fault(Damage.MISSING, "The newest version is missing.")
    floor = store.vaults.floor(frames)  # this vault's own: another clone of its lineage may be further
    if record.sequence < floor:
        return _Fault(
            Damage.ROLLED_BACK, f"The newest version is number {record.sequence}; number {floor} was here before."
        )
    return None


def _places(frames: VaultFrames, wanted: set[Oid]) -> Generator[bool, None, dict[Oid, str]]:
    """Where these objects are, in the newest version that has them, as far as the way there can still be read."""
    found: dict[Oid, str] = {}
    seen: set[Oid] = set()
    commits, trees = list(frames.record.roots), list[tuple[Oid, str]]()
    while commits or trees:
        yield False
        if trees:
            oid, path = trees.pop()
        else:
            oid, path = commits.pop(0), ""
        if oid in seen:
            continue
        seen.add(oid)
        try:
            kind, body = frames.facts(oid).kind, frames.body(oid)
            if kind is Kind.COMMIT:
                commit = parse_commit(body)
                trees.append((commit.tree, ""))
                commits += [parent.raw for parent in commit.parents]
                continue
            for mode, name, child in entries.fields(body):
                # A chunk of a large secret has no name that a person knows.
                at = path if kind is Kind.CHUNKS else f"{path}/{name.decode('utf-8', 'replace')}".lstrip("/")
                if child in wanted:
                    found.setdefault(child, at)
                if mode == entries.DIRECTORY:
                    trees.append((child, at))
        except (PkError, KeyError):
            continue
    return found


# Repair


def repair_node(store: NodeStore, progress: OnProgress = None) -> Generator[None, None, tuple[str, ...]]:
    """Put right what can be without losing anything; what was done, in words. What is left a check then tells."""
    done: list[str] = []
    told = _Told(progress, "Repairing")
    tries = Tries()
    for frames in store.vaults.list():
        name = f"the vault {VaultId(frames.record.vault_id)}"
        frame_store = frames.frame_store
        others = [one.frame_store for one in store.vaults.list() if one is not frames]
        in_index = yield from _told(survey_index(frame_store, others, tries), told)
        if in_index and (yield from _rebuild(store, frames)):
            done.append(f"Made the index of {name} anew from its frames.")
        try:
            findings = yield from _told(survey_frames(frame_store, others, tries), told)
        except PkError:
            continue
        # Nothing has come between: these are the frames of this very moment.
        extra = [one.number for one in findings if one.damage is Damage.EXTRA and one.number is not None]
        if extra:
            frame_store.rows.remove_frames(extra)
            done.append(f"Removed {len(extra)} frames of {name} that nothing named.")
    if list(survey_strays(store.vaults.db)):
        with store.transaction():
            for table in ("frame", "findex"):
                store.vaults.db.execute(f"DELETE FROM {table} WHERE vault_id NOT IN (SELECT id FROM vault)")  # noqa: S608
        done.append("Removed rows of vaults that are not there.")
    return tuple(done)


def _told(work: Generator[None, None, T], told: _Told) -> Generator[None, None, T]:
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result
        told.step()
        yield


def _rebuild(store: NodeStore, frames: VaultFrames) -> Generator[None, None, bool]:
    try:
        return (yield from rebuild_index(frames, store.transaction))
    except Busy:
        return False
