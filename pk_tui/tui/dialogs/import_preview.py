"""What an import would write and what it would not take, row by row, before anything is written. Values are in none of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum

from textual.content import Content

from pk_tui.api.views import ImportKind, ImportPlanView, PlannedView
from pk_tui.terms import Change
from pk_tui.tui.text import counted, sentence, shown, size
from pk_tui.tui.widgets.line_list import LineList

READ_AS = {
    ImportKind.AUTO: "what it looks like",
    ImportKind.DIRECTORY: "a directory of files",
    ImportKind.DOTENV: "a dotenv file",
    ImportKind.CSV: "CSV of a password manager",
    ImportKind.KEEPASS: "a KeePass database",
    ImportKind.PASS: "a store of `pass`",
    ImportKind.BITWARDEN: "Bitwarden's JSON export",
}


class Fate(Enum):
    """What happens to a row; the value is the word for it. In this order they are listed: what needs a look comes first."""

    NOT_TAKEN = "not taken"
    REPLACES = "replaces"
    NEW = "new"
    SAME = "the same"


_FATES = {Change.ADDED: Fate.NEW, Change.MODIFIED: Fate.REPLACES, None: Fate.SAME}
_STYLES = {Fate.NOT_TAKEN: "bold $text-error", Fate.REPLACES: "bold $text-warning", Fate.NEW: "", Fate.SAME: "dim"}
_EXPLAINED = {
    Fate.REPLACES: "replaces another value, which stays in the versions before",
    Fate.NEW: "is new",
    Fate.SAME: "is there already with the same value",
}
_FATE_WIDTH, _KIND_WIDTH, _SIZE_WIDTH = 11, 15, 10
_PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Line:
    """`says`: the reason why something is not taken, else what kind of item it becomes. Text in it is raw."""

    key: str
    fate: Fate
    name: str
    says: str
    size: int = 0


def lines(plan: ImportPlanView) -> list[Line]:
    rows = [Line(f"x{at}", Fate.NOT_TAKEN, name, reason) for at, (name, reason) in enumerate(plan.skipped)]
    order = list(Fate)
    for at, one in enumerate(plan.planned):
        rows.append(Line(f"p{at}", fate(one), str(one.path), one.template or _PLAIN, one.size))
    return sorted(rows, key=lambda row: order.index(row.fate))


def fate(one: PlannedView) -> Fate:
    return _FATES.get(one.change, Fate.REPLACES)


def summary(plan: ImportPlanView) -> Content:
    """`Read as a dotenv file: 12 new, 3 replace another value, 1 is the same, 2 not taken.`"""
    counts = Counter(fate(one) for one in plan.planned)
    parts = [f"{counts[Fate.NEW]:,} new"]
    if many := counts[Fate.REPLACES]:
        parts.append(f"[bold $text-warning]{many:,} {'replaces' if many == 1 else 'replace'} another value[/]")
    if many := counts[Fate.SAME]:
        parts.append(f"{many:,} the same")
    if plan.more:
        parts.append(f"{plan.more:,} more that are not listed")
    if plan.skipped:
        parts.append(f"[bold $text-error]{len(plan.skipped):,} not taken[/]")
    return sentence(f"Read as {READ_AS[plan.kind]}: {', '.join(parts)}.")


def amount(plan: ImportPlanView) -> int:
    """Secrets that would be written, the same ones too."""
    return len(plan.planned) + plan.more


def explained(row: Line) -> Content:
    """The row with the cursor in full, as far as a few lines go."""
    name = shown(row.name, 400, style="bold")
    if row.fate is Fate.NOT_TAKEN:
        return Content.assemble(name, " is not taken: ", shown(row.says, 600), ".")
    kind = "plain bytes" if row.says == _PLAIN else f"an item of the template {row.says}"
    return Content.assemble(name, f" {_EXPLAINED[row.fate]}: ", shown(kind, 100), f", {size(row.size)}.")


class PreviewList(LineList[Line]):
    def draw(self, row: Line, width: int) -> Content:
        word = Content.styled(f"{row.fate.value:<{_FATE_WIDTH}}", _STYLES[row.fate])
        if row.fate is Fate.NOT_TAKEN:
            room = max(10, (width - _FATE_WIDTH) * 2 // 5)
            name = shown(row.name, 300).truncate(room - 2, ellipsis=True, pad=True)
            return Content.assemble(word, name, "  ", shown(row.says, 300, style="dim"))
        facts = f"{size(row.size):>{_SIZE_WIDTH}}"
        room = max(10, width - _FATE_WIDTH - _KIND_WIDTH - len(facts))
        name = shown(row.name, 300).truncate(room - 2, ellipsis=True, pad=True)
        kind = shown(row.says, 60, style="dim").truncate(_KIND_WIDTH, ellipsis=True, pad=True)
        return Content.assemble(word, name, "  ", kind, Content.styled(facts, "dim"))


def not_taken(number: int) -> str:
    return counted(number, "entry was", "entries were") + " not taken"
