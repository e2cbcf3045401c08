from __future__ import annotations

import sys

import pexpect
import pytest

from pk_tui.control import prompt
from pk_tui.errors import MissingInput, Misuse


def typed(expression: str, **env: str) -> pexpect.spawn:
    """Evaluate on a terminal of its own, and print what comes out."""
    script = f"from pk_tui.control import prompt\ntry: print('got', {expression})\nexcept KeyboardInterrupt: print('interrupted')"
    return pexpect.spawn(sys.executable, ["-c", script], timeout=60, env={"PATH": "/usr/bin:/bin", **env})


def test_the_file_goes_before_the_variable_which_goes_before_the_terminal(monkeypatch, tmp_path):
    monkeypatch.setenv("PK_PASSWORD", "variable")
    (tmp_path / "pw").write_text("file\n")

    assert prompt.password("?", str(tmp_path / "pw")) == b"file"
    assert prompt.password("?", None) == b"variable"
    monkeypatch.setenv("PK_PASSWORD_NEW", "next")
    assert prompt.new_password("?", "PK_PASSWORD_NEW", None) == b"next"
    assert prompt.new_password("?", "PK_PASSWORD", str(tmp_path / "pw")) == b"file"


@pytest.mark.parametrize(
    ("content", "password"),
    [
        (b"word", b"word"),
        (b"word\n", b"word"),
        (b"word\r\n", b"word"),
        (b" a b \nrest\n", b" a b "),
        (b"\xc3\xbc", b"\xc3\xbc"),
    ],
)
def test_a_password_file_holds_it_in_its_first_line(tmp_path, content, password):
    (tmp_path / "pw").write_bytes(content)

    assert prompt.password_in(str(tmp_path / "pw")) == password


@pytest.mark.parametrize("content", [b"", b"\nword", b"x" * (prompt.MAX_PASSWORD_FILE + 1)])
def test_a_file_without_a_password_is_refused(tmp_path, content):
    (tmp_path / "pw").write_bytes(content)
    with pytest.raises(Misuse) as refused:
        prompt.password_in(str(tmp_path / "pw"))

    assert "word" not in refused.value.message.replace("password", "")


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_password_file_that_cannot_be_read_is_missing_input(tmp_path, name):
    with pytest.raises(MissingInput):
        prompt.password_in(str(tmp_path / name))


def test_a_prompt_hides_what_is_typed_and_gives_the_terminal_back():
    with typed("prompt.password('Password: ', None)") as terminal:
        terminal.expect_exact("Password: ")
        assert not terminal.getecho()
        terminal.sendline("tr0ub4dor")
        shown = terminal.read()
    assert b"got b'tr0ub4dor'" in shown
    assert shown.count(b"tr0ub4dor") == 1


def test_an_empty_variable_is_as_good_as_none():
    with typed("prompt.password('Password: ', None)", PK_PASSWORD="") as terminal:
        terminal.expect_exact("Password: ")
        terminal.sendeof()
        assert b"got None" in terminal.read()


def test_a_new_password_is_typed_twice_until_both_are_the_same():
    with typed("prompt.new_password('New: ', 'PK_PASSWORD_NEW', None)") as terminal:
        for first, second in (("one", "two"), ("three", "three")):
            terminal.expect_exact("New: ")
            terminal.sendline(first)
            terminal.expect_exact("again: ")
            terminal.sendline(second)
        assert b"got b'three'" in terminal.read()


def test_ctrl_c_at_a_prompt_interrupts():
    with typed("prompt.password('Password: ', None)") as terminal:
        terminal.expect_exact("Password: ")
        terminal.sendintr()
        assert b"interrupted" in terminal.read()
