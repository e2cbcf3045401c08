from __future__ import annotations

import stat

from pk_tui.cli.reports import KEPT, report_lines, write_report
from pk_tui.errors import Misuse
from pk_tui.terms import SecretPath


def failure() -> BaseException:
    try:
        try:
            SecretPath.parse("my/secret/../value")
        except Misuse as error:
            raise ExceptionGroup("a message with a value", [KeyError("value")]) from error
    except ExceptionGroup as error:
        return error


def test_a_report_has_kinds_and_our_positions_but_no_values():
    text = "\n".join(report_lines(failure()))

    assert "builtins.ExceptionGroup" in text
    assert "within it: builtins.KeyError" in text
    assert "caused by: pk_tui.errors.Misuse" in text
    assert "pk_tui/terms.py:" in text
    assert "SecretPath.of" in text
    assert "value" not in text
    assert "tests" not in text


def test_a_report_is_private_under_any_umask_and_old_ones_go(tmp_path):
    for _ in range(KEPT + 3):
        path = write_report(tmp_path, failure())
        if path is not None:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "reports").stat().st_mode) == 0o700
    for number in range(KEPT + 5):
        (tmp_path / "reports" / f"2001-{number:02}.txt").touch()
    write_report(tmp_path, failure())
    assert len(list((tmp_path / "reports").iterdir())) == KEPT


def test_a_report_that_cannot_be_written_does_not_hide_the_failure(tmp_path):
    assert write_report(tmp_path / "missing", failure()) is None


def test_a_failure_that_names_itself_as_its_cause_ends():
    error = ValueError()
    other = KeyError()
    error.__cause__, other.__cause__ = other, error

    assert len(list(report_lines(error))) == 3
