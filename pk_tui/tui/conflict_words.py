"""What a conflict is and what each way out of it does, in words: quiet, and shown by whoever lists conflicts."""

from __future__ import annotations

from textual.content import Content

from pk_tui.api.views import ConflictView, Take
from pk_tui.clock import rfc3339
from pk_tui.tui.text import sentence, shown

TAKEN = {Take.OURS: "ours", Take.THEIRS: "theirs", Take.BOTH: "both"}
ENDING = 12
"""Bytes of what is still taken for the ending of a name, such as “.conf”."""


def side(is_there: bool, was_there: bool) -> str:
    """What one of the two did: `changed it`, `added it`, `deleted it`."""
    if not is_there:
        return "deleted it"
    return "changed it" if was_there else "added it"


def sides(conflict: ConflictView, who: str) -> Content:
    """`you changed it, bob deleted it`."""
    was = conflict.base is not None
    ours, theirs = side(conflict.ours is not None, was), side(conflict.theirs is not None, was)
    return sentence(f"you {ours}, $who {theirs}", who=shown(who, 40))


def name_beside(name: str, who: str, conflict: ConflictView, is_directory: bool = False) -> str:
    """What theirs is called when both are kept; with a number if that is taken. The agent decides."""
    stem, dot, ending = name.rpartition(".")
    if is_directory or not stem or not ending.strip() or len(ending.encode()) > ENDING:
        stem, dot, ending = name, "", ""
    whose = who.removesuffix("…")  # the beginning of an id, where there is no petname
    return f"{stem} (from {whose}, {rfc3339(conflict.time)[:10]}){dot}{ending}"


def effect(conflict: ConflictView, take: Take, who: str) -> Content:
    """What deciding so does."""
    has_ours, has_theirs = conflict.ours is not None, conflict.theirs is not None
    match take:
        case Take.OURS:
            if not has_ours:
                return Content("it stays deleted here; theirs stays in the history")
            return Content("it stays as it is here; theirs stays in the history")
        case Take.THEIRS:
            if not has_theirs:
                return Content("it is deleted here too; ours stays in the history")
            return Content("it becomes theirs; ours stays in the history")
        case _:
            if not has_theirs:
                return Content("the same as ours: theirs is deleted, so nothing is kept beside it")
            beside = shown(name_beside(conflict.path.name, who, conflict), 200, style="bold")
            if not has_ours:
                return sentence("theirs comes back as `$name`", name=beside)
            return sentence("ours stays, theirs is kept beside it as `$name`", name=beside)


def effect_on_all(take: Take) -> str:
    """The same of all that wait, before they are decided at once."""
    last = "All of it is one new version, which `z` takes back."
    match take:
        case Take.OURS:
            return "Everywhere ours stays as it is. Theirs stays in the history."
        case Take.THEIRS:
            return f"Everywhere theirs is taken, and what they deleted is deleted. Ours stays in the history. {last}"
        case _:
            return (
                "Everywhere ours stays, and theirs is kept beside it as “name (from NODE, date)”. Where theirs is deleted, "
                f"nothing is added. {last}"
            )
