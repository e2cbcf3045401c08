"""Values as environment variables: which names they may have, what becomes of two with one name, and how each form is quoted.

Pure: values in, text out. A form either holds a value exactly or refuses it by the name of its secret, never by its content.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pk_tui.cli.output import to_json
from pk_tui.errors import Misuse
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import safe_text

DUPLICATES = ("overwrite", "keep", "warn", "error")
INVALID = ("error", "warn", "ignore")

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_STEERING_PREFIXES = (
    "LD_", "DYLD_", "_RLD_", "BASH_", "PYTHON", "PERL5", "PERLLIB", "PERL_", "RUBY", "GEM_", "GIT_", "LUA_", "NODE_OPTIONS",
    "NODE_PATH", "NODE_EXTRA_CA_CERTS", "NPM_CONFIG_", "MALLOC_", "LC_", "TERMINFO",
)  # fmt: skip
_STEERING = frozenset(
    {
        *("PATH", "CDPATH", "FPATH", "MANPATH", "MAILPATH", "MODULE_PATH", "PATHEXT", "PSMODULEPATH", "COMSPEC"),
        *("IFS", "ENV", "SHELL", "SHELLOPTS", "BASHOPTS", "ZDOTDIR", "HOME", "PWD", "OLDPWD", "TMPDIR", "TMP", "TEMP"),
        *("PROMPT_COMMAND", "PS0", "PS1", "PS2", "PS3", "PS4", "PROMPT", "RPROMPT", "TERM", "TERMCAP", "HISTFILE"),
        *("UID", "EUID", "GID", "EGID", "PPID", "_", "OPTIND", "OPTARG", "RANDOM", "SECONDS", "LINENO", "FUNCNEST"),
        *("DIRSTACK", "GROUPS", "FUNCNAME", "PIPESTATUS", "HISTCMD", "COLUMNS", "LINES", "POSIXLY_CORRECT", "FCEDIT"),
        *("EDITOR", "VISUAL", "PAGER", "MANPAGER", "BROWSER", "LESSOPEN", "LESSCLOSE", "SSH_ASKPASS", "SUDO_ASKPASS"),
        *("GCONV_PATH", "LOCPATH", "NLSPATH", "GLIBC_TUNABLES", "GETCONF_DIR", "HOSTALIASES", "LOCALDOMAIN"),
        *("RES_OPTIONS", "RESOLV_HOST_CONF", "LANG", "LANGUAGE", "TZDIR", "SYSTEMROOT", "WINDIR"),
        *("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH", "PHPRC", "PHP_INI_SCAN_DIR"),
        *("TCLLIBPATH", "OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES", "SSLKEYLOGFILE"),
    }
)
"""What loaders, shells and language runtimes go by: a secret that happens to have such a name would change how programs run."""
_TIED = frozenset({"path", "fpath", "cdpath", "manpath", "mailpath", "module_path", "prompt", "argv", "status"})
"""In zsh these are another spelling of such variables, or of the shell's own."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """`source` is the secret's address, as it may be shown."""

    name: str
    value: Plaintext
    source: str


def name_fault(name: str, explicit: bool, any_case: bool = False) -> str | None:
    """Why this may not be a variable's name, as a clause; None if it may. `explicit`: it was given with `=NAME`. `any_case`: what
    reads it takes `path` for `PATH`."""
    if not _NAME.fullmatch(name):
        return "a name has letters, digits and “_” of ASCII, and does not begin with a digit"
    same = name.upper() if any_case else name
    if same.startswith("PK_"):
        return "names that begin with PK_ are those of this program itself, and are never given"
    if not explicit and (same in _STEERING or same.startswith(_STEERING_PREFIXES) or name in _TIED):
        return "it steers shells or loaders; if that is meant, write VAULT:PATH=NAME"
    return None


def slot_variable(name: str, slot: str) -> str:
    """The variable of an item's slot: both names, and `_` for what cannot stand in one."""
    return f"{name}_{re.sub('[^A-Za-z0-9_]', '_', slot)}"


def merged(assignments: Sequence[Assignment], rule: str) -> tuple[list[Assignment], list[str]]:
    """Each name once, in the order in which names came first, and a sentence for each that came again and is to be told.

    `rule` is one of DUPLICATES: the last stays, the first stays, the last stays and it is told, Misuse.
    """
    found: dict[str, Assignment] = {}
    told: list[str] = []
    for one in assignments:
        before = found.setdefault(one.name, one)
        if before is one:
            continue
        if rule == "error":
            raise Misuse(f"“{before.source}” and “{one.source}” would both be the variable {one.name}. {_WAYS_OUT}")
        if rule == "warn":
            told.append(f"The variable {one.name} is “{one.source}”, and “{before.source}” is left out.")
        if rule != "keep":
            found[one.name] = one
    return list(found.values()), told


_WAYS_OUT = "Rename one with VAULT:PATH=NAME, or choose with --env-duplicate."


def require_no_zero(assignments: Sequence[Assignment]) -> None:
    """Raises Misuse, naming the secret, for a value that no environment can hold."""
    for one in assignments:
        if b"\0" in one.value.reveal():
            raise Misuse(
                f"“{one.source}” holds a zero byte, which no environment variable can. Read it with `secrets cat`."
            )


def written(form: str, assignments: Sequence[Assignment]) -> bytes:
    """All assignments in one of FORMS. Raises Misuse, naming the secret, for a value that the form cannot hold."""
    require_no_zero(assignments)
    return FORMS[form](assignments)


# one function for each form


def _json(assignments: Sequence[Assignment]) -> bytes:
    return to_json({one.name: _text(one, "JSON") for one in assignments}).encode() + b"\n"


def _unix(assignments: Sequence[Assignment]) -> bytes:
    """Single quotes, within which a shell of the POSIX kind takes every byte as it is; a single quote stands outside them."""
    return b"".join(
        one.name.encode() + b"='" + one.value.reveal().replace(b"'", b"'\\''") + b"'\n" for one in assignments
    )


def _dotenv(assignments: Sequence[Assignment]) -> bytes:
    """As python-dotenv reads it. Between single quotes as it stands wherever that is exact, since all readers agree on that."""
    return b"".join(f"{one.name}={_dotenv_quoted(_text(one, 'dotenv'))}\n".encode() for one in assignments)


def _dotenv_quoted(text: str) -> str:
    as_it_is = not re.search(r"['\r]|\\\\|\\$", text)
    # It fills `${NAME}` in between any quotes and has no escape for it; the default of a variable without a name is one.
    if re.search(r"\$\{[^}]*\}", text):
        text = text.replace("${", "${:-$}{")
    if as_it_is:
        return f"'{text}'"
    for character, escape in (("\\", "\\\\"), ('"', '\\"'), ("\r", "\\r"), ("\n", "\\n")):
        text = text.replace(character, escape)
    return f'"{text}"'


def _powershell(assignments: Sequence[Assignment]) -> bytes:
    return b"".join(
        f"$env:{one.name} = {_powershell_quoted(_text(one, 'PowerShell'))}\n".encode() for one in assignments
    )


def _powershell_quoted(text: str) -> str:
    """Single quotes for what is printable ASCII, and numbers for the rest: output that is caught line by line loses line ends, a
    console's code page loses letters, and a typographic apostrophe would end the quotes."""
    parts: list[str] = []
    for plain, other in re.findall(r"([ -~]+)|([^ -~]+)", text):
        if plain:
            parts.append("'" + plain.replace("'", "''") + "'")
        units = other.encode("utf-16-be")
        parts += [f"[char]{int.from_bytes(units[at : at + 2], 'big')}" for at in range(0, len(units), 2)]
    if not parts or not parts[0].startswith("'"):
        parts.insert(0, "''")  # what stands first says that this is text: two numbers would be added up
    return " + ".join(parts)


_CMD_TAKES = re.compile(r"[ #$&-~]+")
"""Printable ASCII but `"`, which ends the quotes, `%`, which means different things typed and in a batch file, and `!`, which
some prompts fill in. At least one: an empty value removes the variable."""


def _cmd(assignments: Sequence[Assignment]) -> bytes:
    lines = []
    for one in assignments:
        text = _text(one, "the Windows command prompt")
        if not _CMD_TAKES.fullmatch(text):
            raise Misuse(
                f"“{one.source}” cannot be written exactly for the Windows command prompt, which has no quotes for line ends, "
                '`"`, `%`, `!`, letters beyond ASCII, or nothing at all. Use --env-format powershell.'
            )
        lines.append(f'set "{one.name}={text}"\n')
    return "".join(lines).encode()


def _text(one: Assignment, form: str) -> str:
    try:
        return one.value.reveal().decode()
    except UnicodeDecodeError:
        raise Misuse(
            f"“{one.source}” is not UTF-8 text, and {form} holds nothing else. Use --env-format unix, or `secrets cat`."
        ) from None


FORMS: Mapping[str, Callable[[Sequence[Assignment]], bytes]] = {
    "json": _json,
    "dotenv": _dotenv,
    "unix": _unix,
    "powershell": _powershell,
    "cmd": _cmd,
}


def address_shown(vault: str, path: str) -> str:
    return safe_text(f"{vault}:{path}", 300)
