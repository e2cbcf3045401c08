"""What to do about it, in keys. Sentences of the agent name commands, since scripts and people at a shell read them too; here
each command is replaced by the key that does the same. A command without a key is left as it is."""

from __future__ import annotations

import re

from pk_tui.errors import PkError

_COMMAND = re.compile(r"`pk-tui ([^`]+)`")
_LONGEST = 3
"""Words of a command."""
KEYS: dict[str, tuple[str, ...]] = {
    "check": ("K",),
    "identities invite": ("3", "I"),
    "identities pending": ("3", "A"),
    "identities trust": ("2", "t"),
    "items templates": ("n",),
    "nodes add": ("2", "a"),
    "nodes claim": ("3", "C"),
    "nodes disconnect": ("2", "x"),
    "nodes list": ("2",),
    "notifications outbox clear": ("4", "d"),
    "secrets cat": ("space",),
    "secrets create": ("n",),
    "secrets edit": ("e",),
    "secrets ls": ("enter",),
    "secrets write": ("e",),
    "vaults conflicts": ("!",),
    "vaults fork": ("W",),
    "vaults list": ("1",),
    "vaults log": ("H",),
    "vaults pull": ("p",),
    "vaults restore": ("H", "r"),
    "vaults scan": ("2", "S"),
    "vaults share": ("s",),
}
"""The keys, one after the other, that do what a command does: in the vaults pane, where no number comes first."""
WORDS = {"agent unlock": "your password"}
"""Where it is no key."""


def in_keys(sentence: str) -> str:
    """`No address is known. Add one with 2, then a.`, where a command stood."""
    return _COMMAND.sub(_replaced, sentence)


def reason(error: PkError) -> str:
    """The sentence of an error, for somebody who sits before the screen."""
    return in_keys(error.message)


def _replaced(found: re.Match[str]) -> str:
    words = found[1].split()
    if any(word.startswith("-") for word in words):  # an option says what no key says
        return found[0]
    for length in range(_LONGEST, 0, -1):
        command = " ".join(words[:length])
        if command in WORDS:
            return WORDS[command]
        if command in KEYS:
            return ", then ".join(f"`{key}`" for key in KEYS[command])
    return found[0]
