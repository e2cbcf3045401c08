from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from pk_tui.store import audit
from pk_tui.store.audit import IN_PAGE, AuditTable
from pk_tui.trust.audit import Entry


def all_of(work: Generator[None, None, Any]) -> Any:
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def fill(table: AuditTable, count: int) -> None:
    for _ in range(count):
        number = table.last + 1
        assert table.append(number * 10, "vault.scanned", {"at": number}) == number


def numbers(entries: list[Entry]) -> list[int]:
    return [entry.number for entry in entries]


def test_entries_are_there_after_a_restart_in_their_order(disk):
    fill(disk.store.audit, 2 * IN_PAGE + 5)
    table = disk.reopen().audit
    entries = all_of(table.newest(None, None))
    assert entries == [Entry(at, at * 10, "vault.scanned", {"at": at}) for at in range(1, 2 * IN_PAGE + 6)]
    assert table.last == 2 * IN_PAGE + 5
    assert all_of(table.faults()) == []
    fill(table, 3)
    assert all_of(disk.reopen().audit.faults()) == []


def test_an_empty_audit_is_whole(store):
    assert (store.audit.last, all_of(store.audit.newest(None, None)), store.audit.after(0)) == (0, [], [])
    assert all_of(store.audit.faults()) == []


@pytest.mark.parametrize("limit", [1, 2, IN_PAGE, IN_PAGE + 1, 1000])
def test_the_newest_are_told_oldest_first(store, limit):
    fill(store.audit, IN_PAGE + 10)
    assert numbers(all_of(store.audit.newest(limit, None))) == list(range(1, IN_PAGE + 11))[-limit:]


def test_since_a_time_whatever_order_the_clock_gave(store):
    for time in (50, 10, 60, 20, 70):
        store.audit.append(time, "agent.locked", {})
    assert numbers(all_of(store.audit.newest(None, 50))) == [1, 3, 5]
    assert numbers(all_of(store.audit.newest(2, 50))) == [3, 5]
    assert all_of(store.audit.newest(None, 71)) == []


def test_what_is_new_comes_page_by_page(store):
    fill(store.audit, 2 * IN_PAGE + 1)
    at, seen = 5, []
    while entries := store.audit.after(at):
        seen += numbers(entries)
        at = seen[-1]
    assert seen == list(range(6, 2 * IN_PAGE + 2))


def test_an_entry_of_a_transaction_that_failed_is_not_there(disk):
    fill(disk.store.audit, 3)

    def deed() -> None:
        with disk.store.transaction():
            disk.store.audit.append(1, "vault.shared", {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        deed()
    assert disk.store.audit.last == 3
    assert all_of(disk.store.audit.faults()) == []
    assert disk.reopen().audit.last == 3


@pytest.mark.parametrize("kept", [IN_PAGE, 2 * IN_PAGE])
def test_the_oldest_are_dropped_and_what_is_left_is_whole(store, kept):
    table = AuditTable(store.audit._room, kept)
    for _ in range(6 * IN_PAGE):
        fill(table, 1)
        held = numbers(all_of(table.newest(None, None)))
        assert held == list(range(held[0], table.last + 1))
        assert min(kept, table.last) <= len(held) < kept + IN_PAGE
    assert all_of(table.faults()) == []
    assert numbers(table.after(0))[0] == numbers(all_of(table.newest(None, None)))[0]
    rows = store.vaults.db.one("SELECT count(*) FROM shelf")[0]
    assert rows <= kept // IN_PAGE + 2
    store.verify()


def test_a_lower_limit_than_before_breaks_nothing(store):
    fill(store.audit, 5 * IN_PAGE)
    table = AuditTable(store.audit._room, IN_PAGE)
    fill(table, 10)
    assert all_of(table.faults()) == []
    assert len(all_of(table.newest(None, None))) < 5 * IN_PAGE


@pytest.mark.parametrize("page", [0, 1, 2])
def test_a_page_that_was_removed_shows(store, page):
    fill(store.audit, 3 * IN_PAGE)
    assert store.audit._shelf.remove(audit._name(page))
    found = all_of(store.audit.faults())
    assert len(found) == 1
    assert ("removed" if page == 2 else "gap") in found[0]
    assert len(all_of(store.audit.newest(None, None))) == 2 * IN_PAGE


def test_entries_removed_from_within_or_put_back_show(store):
    fill(store.audit, IN_PAGE)
    shelf, name = store.audit._shelf, audit._name(0)
    whole = store.audit._page(0)
    for left in (whole[1:], whole[:-1], whole[:3] + whole[4:], (whole[1], whole[0], *whole[2:])):
        shelf.put(name, audit.encode(audit._Page(tuple(left))))
        assert all_of(store.audit.faults())
    shelf.put(name, audit.encode(audit._Page(tuple(whole))))
    assert all_of(store.audit.faults()) == []
    fill(store.audit, 1)
    shelf.put(name, audit.encode(audit._Page(tuple(whole[:-1]))))
    assert all_of(store.audit.faults())


def test_an_audit_that_was_cut_to_nothing_shows_by_its_end(store):
    fill(store.audit, 2)
    store.audit._shelf.remove(audit._name(0))
    assert "removed" in all_of(store.audit.faults())[0]


def test_a_page_that_cannot_be_read_is_told(store):
    fill(store.audit, 2)
    store.audit._shelf.put(audit._name(0), b"something else")
    assert any("cannot be read" in fault for fault in all_of(store.audit.faults()))


def test_what_is_appended_between_two_steps_of_a_check_is_no_fault(store):
    fill(store.audit, 2 * IN_PAGE + 3)
    work = store.audit.faults()
    next(work)
    fill(store.audit, IN_PAGE)
    assert all_of(work) == []


def test_what_is_dropped_between_two_steps_of_a_check_is_no_fault(store):
    table = AuditTable(store.audit._room, IN_PAGE)
    fill(table, 2 * IN_PAGE - 1)
    work = table.faults()
    next(work)
    fill(table, 1)
    assert numbers(all_of(table.newest(None, None)))[0] == IN_PAGE + 1
    assert all_of(work) == []
