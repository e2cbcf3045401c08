from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from dotenv import dotenv_values
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pk_tui.cli.assignments import DUPLICATES, FORMS, Assignment, merged, name_fault, slot_variable, written
from pk_tui.errors import Misuse
from pk_tui.plaintext import Plaintext

SHELLS = [name for name in ("sh", "bash", "dash", "zsh", "ksh", "busybox") if shutil.which(name)]
AWKWARD = [
    b"", b"'", b"''", b'"', b"\\", b"\\\\", b"it's\\", b"a\\'", b'\\"', b"\n", b"\n\n", b"a\n", b"\r\n", b"\r", b" a ", b"#",
    b" #x",     b"$HOME", b"${HOME}", b"${HOME", b"${:-x}", b"$(id)", b"`id`", b"!!", b"~", b"*", b"a=b", b"=", b"-n", b"\t",
    b"\x1b[31m",     b"\x81\x82\x83\x84\x85\x86\x87\x88", b"\xff\xfe", "schlüssel ’‘‚‛“ 😀 \u2028\u0085".encode(), b"%PATH%",
    b"^&|<>", b"${a}${b}$", b"\x7f\x01",
]  # fmt: skip
"""Values that some quoting somewhere gets wrong."""
TEXTS = [value for value in AWKWARD if value not in (b"\xff\xfe", b"\x81\x82\x83\x84\x85\x86\x87\x88")]

pieces = st.sampled_from([*AWKWARD, b"a", b"B", b"1"])
values = st.one_of(
    st.lists(pieces, max_size=6).map(b"".join), st.binary(max_size=30).map(lambda raw: raw.replace(b"\0", b""))
)
texts = st.one_of(
    st.lists(st.sampled_from(TEXTS), max_size=6).map(b"".join),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30).map(str.encode),
)


def named(contents: list[bytes]) -> list[Assignment]:
    return [Assignment(f"V{at}", Plaintext(value), f"v:secret{at}") for at, value in enumerate(contents)]


def in_shell(shell: str, contents: list[bytes]) -> list[bytes]:
    """What the shell holds in its variables after `eval "$(…)"`, as in a script."""
    names = " ".join(f'"$V{at}"' for at in range(len(contents)))
    words = [shell, "sh"] if shell == "busybox" else [shell]
    done = subprocess.run(
        [*words, "-c", f"eval \"$(cat)\" && printf '%s\\0' {names}"],
        input=written("unix", named(contents)),
        capture_output=True,
        check=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    assert done.stderr == b""
    return done.stdout.split(b"\0")[:-1]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_gets_every_awkward_value_exactly(shell):
    assert in_shell(shell, AWKWARD) == AWKWARD


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=25, deadline=None)
@given(contents=st.lists(values, min_size=1, max_size=12))
def test_a_shell_gets_the_exact_value(shell, contents):
    assert in_shell(shell, contents) == contents


@settings(max_examples=200, deadline=None)
@given(contents=st.lists(texts, min_size=1, max_size=6))
@example(contents=TEXTS)
def test_json_gives_the_exact_value(contents):
    read = json.loads(written("json", named(contents)))

    assert [value.encode() for value in read.values()] == contents
    assert written("json", named(contents)).isascii()


@settings(max_examples=300, deadline=None)
@given(contents=st.lists(texts, min_size=1, max_size=6))
@example(contents=TEXTS)
@example(contents=[b"ends\\", b"'", b'"', b"ends\n\\", b"${X}\\"])
def test_dotenv_gives_the_exact_value_to_python_dotenv(contents):
    raw = written("dotenv", named(contents))
    file = io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8")  # universal line ends, as a file is opened

    assert [value.encode() for value in dotenv_values(stream=file).values()] == contents


@pytest.mark.parametrize("value", [b"plain", b"two words", b"$HOME", b"a\nb", b"#", b"C:\\dir\\x", b'say "x"', b"`id`"])
def test_dotenv_uses_what_every_reader_understands_wherever_that_is_exact(value):
    assert written("dotenv", named([value])) == b"V0='" + value + b"'\n"


def test_a_dotenv_file_without_awkward_values_is_a_shell_script_too():
    contents = [b"a b", b"$HOME `id`", b'"', b"two\nlines"]
    done = subprocess.run(
        ["sh", "-c", 'eval "$(cat)"; printf \'%s\\0\' "$V0" "$V1" "$V2" "$V3"'],
        input=written("dotenv", named(contents)),
        capture_output=True,
        check=True,
    )
    assert done.stdout.split(b"\0")[:-1] == contents


def powershell(line: str) -> str:
    """What PowerShell's rules make of `'text' + [char]N + …`: strings are joined, and a character is made a string."""
    found = re.fullmatch(r"\$env:\w+ = (.*)", line)
    assert found
    expression = found[1]
    term = re.compile(r"'((?:[^'\u2018-\u201b]|'')*)'|\[char\]([0-9]+)")
    units = b""
    at = 0
    while True:
        match = term.match(expression, at)
        assert match, expression[at:]
        assert at or match[1] is not None  # else two characters would be added as numbers
        units += match[1].replace("''", "'").encode("utf-16-be") if match[2] is None else int(match[2]).to_bytes(2)
        at = match.end()
        if at == len(expression):
            return units.decode("utf-16-be")
        assert expression.startswith(" + ", at)
        at += 3


@settings(max_examples=200, deadline=None)
@given(contents=st.lists(texts, min_size=1, max_size=6))
@example(contents=TEXTS)
def test_powershell_gets_the_exact_value_by_its_rules(contents):
    raw = written("powershell", named(contents)).decode("ascii")

    assert [powershell(line).encode() for line in raw.splitlines()] == contents


@pytest.mark.skipif(not shutil.which("pwsh"), reason="there is no PowerShell here")
def test_powershell_itself_gets_the_exact_value():
    contents = [value for value in TEXTS if value]
    shown = "; ".join(
        f"[Convert]::ToHexString([Text.Encoding]::UTF8.GetBytes($env:V{at}))" for at in range(len(contents))
    )
    script = written("powershell", named(contents)).decode() + shown
    done = subprocess.run(["pwsh", "-NoProfile", "-Command", script], capture_output=True, check=True)

    assert [bytes.fromhex(line) for line in done.stdout.decode().split()] == contents


def test_the_command_prompt_gets_what_it_can_hold():
    assert written("cmd", named([b"a b&c|d^e<f>'", b"C:\\x"])) == b'set "V0=a b&c|d^e<f>\'"\nset "V1=C:\\x"\n'


@pytest.mark.parametrize("value", [b"", b'"', b"%", b"!", b"a\n", b"\r", b"\t", "ü".encode(), b"\xff"])
def test_what_the_command_prompt_cannot_hold_is_refused_by_name(value):
    with pytest.raises(Misuse, match="v:secret0"):
        written("cmd", named([value]))


@pytest.mark.parametrize("form", FORMS)
def test_a_zero_byte_is_refused_by_the_name_of_its_secret(form):
    with pytest.raises(Misuse, match=r"v:secret1.*zero byte") as refused:
        written(form, named([b"fine", b"hunter2\0"]))
    assert "hunter2" not in refused.value.message


@pytest.mark.parametrize("form", ["json", "dotenv", "powershell", "cmd"])
def test_what_is_no_text_is_refused_where_only_text_goes(form):
    with pytest.raises(Misuse, match=r"v:secret0.*not UTF-8") as refused:
        written(form, named([b"hunter2\xff"]))
    assert "hunter2" not in refused.value.message
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_written_of_nothing(form):
    assert written(form, []) == (b"{}\n" if form == "json" else b"")


@pytest.mark.parametrize(
    "name", ["A", "_x", "db_PASSWORD", "a1", "USER", "HTTP_PROXY", "PATHS", "GITHUB_TOKEN", "ENVIRONMENT"]
)
def test_a_usual_name_is_taken(name):
    assert name_fault(name, explicit=False) is None


@pytest.mark.parametrize("name", ["", "1a", "a-b", "a.b", "a b", "ü", "a\n", "A=B", "BASH_FUNC_x%%", "٣"])
@pytest.mark.parametrize("explicit", [True, False])
def test_what_is_no_name_is_refused(name, explicit):
    assert name_fault(name, explicit)


@pytest.mark.parametrize(
    "name",
    [
        "PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES", "BASH_ENV", "ENV", "IFS", "PYTHONPATH", "PYTHONSTARTUP",
        "PERL5OPT", "PERL5LIB", "NODE_OPTIONS", "GIT_SSH_COMMAND", "PROMPT_COMMAND", "PS4", "SHELLOPTS", "RUBYOPT", "HOME", "UID",
        "path", "JAVA_TOOL_OPTIONS",
    ],
)  # fmt: skip
def test_a_name_that_steers_programs_is_taken_only_when_it_is_given_expressly(name):
    assert "steers" in str(name_fault(name, explicit=False))
    assert name_fault(name, explicit=True) is None


def test_where_case_does_not_count_another_spelling_steers_as_well():
    assert name_fault("Ld_Preload", explicit=False) is None
    assert name_fault("Ld_Preload", explicit=False, any_case=True)


@pytest.mark.parametrize("explicit", [True, False])
def test_the_programs_own_variables_are_never_given(explicit):
    assert name_fault("PK_PASSWORD", explicit)
    assert name_fault("pk_password", explicit, any_case=True)


def test_a_slots_variable_is_always_a_name():
    assert slot_variable("db", "pass-word 2.é") == "db_pass_word_2__"


@pytest.mark.parametrize(("rule", "kept"), [("overwrite", b"2"), ("keep", b"1"), ("warn", b"2")])
def test_of_two_with_one_name_the_rule_says_which_stays(rule, kept):
    one, two, other = (
        Assignment(name, Plaintext(value), "v:x") for name, value in (("A", b"1"), ("A", b"2"), ("B", b"b"))
    )
    both = [one, other, two]
    found, told = merged(both, rule)

    assert [(one.name, one.value.reveal()) for one in found] == [("A", kept), ("B", b"b")]
    assert bool(told) == (rule == "warn")
    assert rule in DUPLICATES


def test_two_of_one_name_can_be_refused():
    with pytest.raises(Misuse, match=r"v:x/A.*v:y/A"):
        merged([Assignment("A", Plaintext(b"1"), "v:x/A"), Assignment("A", Plaintext(b"1"), "v:y/A")], "error")


def test_the_properties_ran_in_several_shells():
    assert {"sh", "bash"} <= set(SHELLS), sys.platform
