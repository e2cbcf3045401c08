"""A field with a list under it: what is typed narrows the list, up and down move in it, enter picks. Typing again unpicks.

What cannot be picked stays in the list with the reason; enter on it says the reason instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from pk_tui.tui.glyphs import Glyphs
from pk_tui.tui.text import shown
from pk_tui.tui.widgets.line_list import LineList


@dataclass(frozen=True, slots=True)
class Choice:
    """`name` is what is typed and picked, `note` stands beside it; both as they came, made safe here. `why_not`: the sentence
    that says why it cannot be picked and what to do."""

    key: str
    name: str
    note: str = ""
    why_not: Content | None = None


def fitting(choices: Sequence[Choice], typed: str) -> list[Choice]:
    """Those that what is typed could mean, best first; all of them in their order if nothing is typed.

    Of two that fit as well, what can be picked comes first. A better fit that cannot be picked stays first: enter says why
    not, and never picks somebody else instead.
    """
    wanted = typed.strip()
    scored = [(closeness(wanted, choice.name), choice) for choice in choices]
    found = [(score, choice) for score, choice in scored if score > 0]
    return [choice for _, choice in sorted(found, key=lambda one: (-one[0], one[1].why_not is not None))]


def closeness(typed: str, name: str) -> float:
    """How well a name fits: as the whole, its beginning, a part, or letters in this order (the closer the better); 0 if not.

    One pass over the name, whatever is typed: a search over all ways to place the letters can take for ever.
    """
    wanted, whole = typed.casefold(), name.casefold()
    if (at := whole.find(wanted)) >= 0:
        return (4.0 if wanted == whole else 3.0 if at == 0 else 2.0) if wanted else 1.0
    first = last = -1
    for letter in wanted:
        last = whole.find(letter, last + 1)
        if last < 0:
            return 0.0
        first = last if first < 0 else first
    return len(wanted) / (last - first + 1)


NONE_FITS = "None of them has these letters."


class _Choices(LineList[Choice], can_focus=False):
    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__("choices", empty=Content.styled(f"  {NONE_FITS}", "dim"))
        self._glyphs = glyphs
        self.picked: str | None = None

    @property
    def _is_active(self) -> bool:
        return True

    def draw(self, row: Choice, width: int) -> Content:
        sign = self._glyphs.passed if row.key == self.picked else self._glyphs.failed if row.why_not else " "
        wide = max(12, min(30, width * 2 // 5))
        name = shown(row.name, 80, style="dim" if row.why_not else "bold").truncate(wide - 1, ellipsis=True)
        return Content.assemble(f"{sign} ", name.truncate(wide, pad=True), shown(row.note, 120, style="dim"))


class Chooser(Vertical):
    DEFAULT_CSS = """
    Chooser { height: auto; }
    Chooser #choices { height: auto; min-height: 1; max-height: 6; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False, id="chooser.up", tooltip="One up"),
        Binding("down", "move(1)", show=False, id="chooser.down", tooltip="One down"),
        Binding("pageup", "move(-5)", show=False, id="chooser.page_up", tooltip="A page up"),
        Binding("pagedown", "move(5)", show=False, id="chooser.page_down", tooltip="A page down"),
    ]

    class Picked(Message):
        """Something else is picked now, or nothing any more: `picked` of the sender says what."""

    class Refused(Message):
        """What cannot be picked was; the reason."""

        def __init__(self, why: Content) -> None:
            super().__init__()
            self.why = why

    def __init__(
        self, choices: Sequence[Choice], glyphs: Glyphs, placeholder: str = "", *, name: str | None = None
    ) -> None:
        super().__init__(id=name)
        self._all = list(choices)
        self._glyphs = glyphs
        self._placeholder = placeholder
        self.picked: Choice | None = None

    def compose(self) -> ComposeResult:
        yield Input(id="typed", placeholder=self._placeholder, compact=True)
        yield _Choices(self._glyphs)

    def on_mount(self) -> None:
        self._narrow()

    def focus_field(self) -> None:
        self.query_one("#typed", Input).focus()

    def show_choices(self, choices: Sequence[Choice]) -> None:
        """Others are to choose from now. What was picked stays picked if it still can be."""
        self._all = list(choices)
        if self.picked is not None:
            again = next((one for one in self._all if one.key == self.picked.key and one.why_not is None), None)
            if again is None:
                self._pick(None)
            else:
                self.picked = again
        self._narrow()

    def _narrow(self) -> None:
        # With something picked the field holds its name; the list shows what else there is.
        typed = "" if self.picked is not None else self.query_one("#typed", Input).value
        self._list.show_rows(fitting(self._all, typed))

    @property
    def _list(self) -> _Choices:
        return self.query_one(_Choices)

    def action_move(self, by: int) -> None:
        self._list.action_move(by)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self.picked is not None:
            self._pick(None)
        self._list.show_rows(fitting(self._all, event.value))
        self._list.action_go(0)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.choose()

    @on(LineList.Chosen)
    def _clicked(self, event: LineList.Chosen) -> None:
        event.stop()
        self.choose()

    @on(LineList.Moved)
    def _moved(self, event: LineList.Moved) -> None:
        event.stop()

    def choose(self) -> None:
        """Pick what the cursor is on."""
        choice = self._list.current
        if choice is None:
            return
        if choice.why_not is not None:
            self.post_message(self.Refused(choice.why_not))
            return
        field = self.query_one("#typed", Input)
        with field.prevent(Input.Changed):
            field.value = shown(choice.name, 80).plain
            field.cursor_position = len(field.value)
        self._pick(choice)

    def _pick(self, choice: Choice | None) -> None:
        self.picked = choice
        self._list.picked = choice.key if choice is not None else None
        self._list.refresh()
        self.post_message(self.Picked())
