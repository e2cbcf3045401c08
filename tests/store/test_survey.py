"""Rows are looked at where they lie; what kind of damage it is, is found out and not guessed."""

import pytest

from pk_tui.store import survey
from pk_tui.store.contacts import Contact
from pk_tui.store.rewriting import rewrite
from pk_tui.store.survey import Damage, Tries, survey_frames, survey_index, survey_strays


def ended(work):
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


@pytest.fixture
def two(store, record, put):
    vaults = [store.vaults.create(record(number)) for number in (1, 2)]
    for vault in vaults:
        for body in (b"first", b"second", b"third"):
            put(vault, body)
    return store, [vault.frame_store for vault in vaults]


def named(rows):
    return set(rows.in_frames(list(rows)))


def frames(rows, others=(), tries=None):
    return [(one.damage, one.number) for one in ended(survey_frames(rows, others, tries or Tries()))]


def index(rows, others=()):
    return [one.damage for one in ended(survey_index(rows, others, Tries()))]


def test_sound_rows_have_no_findings(two):
    store, (one, other) = two
    assert frames(one, [other]) == frames(other, [one]) == index(one) == index(other) == []
    assert list(store.survey()) == list(survey_strays(store.vaults.db)) == []


def test_rows_that_change_places_are_moved_and_not_altered(two):
    store, (one, other) = two
    db = store.vaults.db
    (first, *_), (last, *_) = sorted(named(one)), sorted(named(other))
    swapped = db.rows("SELECT sealed FROM frame WHERE id IN (?, ?) ORDER BY id DESC", (first, last))
    for number, (sealed,) in zip((first, last), swapped, strict=True):
        db.execute("UPDATE frame SET sealed = ? WHERE id = ?", (sealed, number))
    assert frames(one, [other]) == [(Damage.MOVED, first)]
    assert frames(other, [one]) == [(Damage.MOVED, last)]
    assert frames(one) == [(Damage.ALTERED, first)]  # where the other vault cannot be opened, nobody can tell


def test_a_frame_of_an_epoch_that_is_not_is_moved(two):
    store, (one, _) = two
    number = min(named(one))
    store.vaults.db.execute("UPDATE frame SET epoch = 9 WHERE id = ?", (number,))
    assert frames(one) == [(Damage.MOVED, number)]


def test_the_search_for_where_a_row_belongs_has_an_end(two):
    store, (one, other) = two
    number = min(named(one))
    store.vaults.db.execute("UPDATE frame SET sealed = zeroblob(1064) WHERE id = ?", (number,))
    tries = Tries()
    tries.left = 2
    assert frames(one, [other], tries) == [(Damage.ALTERED, number)]
    assert tries.left < 0
    assert survey.MAX_TRIES > 1000


def test_frames_of_a_batch_that_is_open_are_not_extra(two):
    store, (one, _) = two
    vault = store.vaults.list()[0]
    batch = vault.batch()
    assert frames(one) == []
    store.vaults.db.execute("INSERT INTO frame (vault_id, epoch, sealed) VALUES (?, 1, x'00')", (one.row,))
    assert frames(one) == []
    batch.discard()
    del batch
    assert [damage for damage, _ in frames(one)] == [Damage.EXTRA]


def test_what_is_rewritten_meanwhile_is_not_taken_for_damage(two):
    """Gathering copies objects into frames that nothing names yet, and deletes those that were named."""
    store, (one, _) = two
    vault = store.vaults.list()[0]
    for steps in range(12):
        survey, work = survey_frames(one, (), Tries()), rewrite(vault, new_key=True)
        next(survey)
        for _ in range(steps):
            next(work, None)
        assert ended(survey) == []
        assert frames(one) == []  # begun anew in the middle of it
        for _ in work:
            pass
        assert frames(one) == []


@pytest.mark.parametrize(
    ("statement", "damage"),
    [
        ("DELETE FROM findex WHERE id = 3", Damage.MISSING),
        ("INSERT INTO findex (vault_id, epoch, sealed, series) VALUES (1, 1, x'00', 2)", Damage.ALTERED),
        ("UPDATE findex SET sealed = zeroblob(600) WHERE id = 3", Damage.ALTERED),
        ("UPDATE findex SET sealed = (SELECT sealed FROM findex WHERE id = 4) WHERE id = 3", Damage.MOVED),
        ("UPDATE findex SET sealed = 5 WHERE id = 3", Damage.ALTERED),
    ],
)
def test_rows_of_the_index(two, statement, damage):
    store, (one, other) = two
    vaults = store.vaults.list()
    assert [vault.frame_store for vault in vaults] == [one, other]
    numbers = [number for (number,) in store.vaults.db.rows("SELECT id FROM findex WHERE vault_id = 1 ORDER BY id")]
    assert numbers[:2] == [1, 2]
    store.vaults.db.execute(statement)
    assert damage in index(one, [other])
    assert Damage.ROLLED_BACK not in index(one, [other])


def test_the_record_of_a_contact_is_called_so(store):
    store.contacts.put(Contact(b"a" * 32, "Anna", (), 1))
    store.vaults.db.execute("UPDATE shelf SET sealed = zeroblob(300)")
    (found,) = store.survey()
    assert found.damage is Damage.ALTERED
    assert "contact" in found.says
    assert "Anna" not in found.says


def test_what_the_ledger_misses_is_counted(store):
    for number in range(3):
        store.settings.put(f"{number}", b"1")
    store.vaults.db.execute("DELETE FROM shelf WHERE id > 1")
    (found,) = store.survey()
    assert (found.damage, found.says[:6]) == (Damage.MISSING, "2 rows")


def test_rows_put_back_as_they_were_do_not_add_up(store):
    store.settings.put("a", b"1")
    row = store.vaults.db.one("SELECT gen, sealed, mark FROM shelf")
    store.settings.put("a", b"2")
    store.vaults.db.execute("UPDATE shelf SET gen = ?, sealed = ?, mark = ?", row)
    (found,) = store.survey()
    assert "put back" in found.says
