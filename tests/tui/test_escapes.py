"""Nothing that steers a terminal leaves the app, whatever widget it was given to and whoever forgot to make it safe."""

from __future__ import annotations

import asyncio
import re

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.color import Color
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Button, DataTable, Input, Label, OptionList, Static, TextArea, Tree
from tui.stage import stage

from pk_tui.safe_text import is_safe_character
from pk_tui.tui.guard import NothingSteers

CORPUS = [
    *(f"a{chr(code)}b" for code in (*range(0x20), *range(0x7F, 0xA0))),
    "\x1b]0;title\x07", "\x1b]2;title\x1b\\", "\x1b]52;c;aGVsbG8=\x07", "\x1b]52;c;?\x07", "\x1b]8;;http://x\x07l\x1b]8;;\x07",
    "\x1b]9;note\x07", "\x1b]104\x07", "\x1b]133;A\x07", "\x1b]777;notify;a;b\x07", "\x1b]1337;File=:aa\x07",
    "\x1b[2J", "\x1b[6n", "\x1b[?1049l", "\x1b[?25h", "\x1b[>c", "\x1b[21t", "\x1b[5i", "\x1b[201~", "\x1b[31m", "\x1b[",
    "\x1bP$q\"p\x1b\\", "\x1bPq#0;2;0;0;0\x1b\\", "\x1b_Ga=T;AAAA\x1b\\", "\x1b^pm\x1b\\", "\x1bXsos\x1b\\", "\x1bc",
    "\x1b(0", "\x1b#8",
    "\x9b2J", "\x9d52;c;aGk=\x9c", "\x90q\x9c", "\x9fG\x9c",
    "\u202egnp.exe", "\u2066x\u2069", "\u200b\u200d", "\ufeff", "\u2028", "\u2029", "\U000e0041", "\u00ad", "\u061c", "\u180e",
    "\ud800", "\ue000", "\uffff",
    "[/x]", "[b]bold", "[@click=app.quit]x[/]", "[link=http://x]y[/link]", "x\\", "[bold", "[red on blue]", "$primary", "\\[b]",
]  # fmt: skip


class Everything(Screen[None]):
    """Each kind of widget, given raw text the way a careless hand would (but not as markup, which the house's law forbids)."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.raw = text

    def compose(self) -> ComposeResult:
        raw = self.raw
        static = Static(Content(raw))
        static.border_title = Content(raw)
        yield static
        yield Label(raw, markup=False)
        yield Button(Content(raw))
        table: DataTable[Text] = DataTable()
        table.add_column(Text(raw))
        table.add_row(Text(raw))
        yield table
        tree: Tree[None] = Tree(Text(raw))
        tree.root.add_leaf(Text(raw))
        tree.root.expand()
        yield tree
        yield OptionList(Content(raw), markup=False)
        yield Input(raw, placeholder=raw)
        yield TextArea(raw)


def test_no_widget_lets_anything_through_that_steers_a_terminal() -> None:
    async def scenario() -> None:
        async with stage((100, 50)) as s:
            for start in range(0, len(CORPUS), 12):
                for text in (*CORPUS[start : start + 12], " ".join(CORPUS[start : start + 12])):
                    await s.app.push_screen(Everything(text))
                    await s.pilot.pause()
                    shown = s.screen_text()
                    assert all(one == "\n" or is_safe_character(one) for one in shown), ascii(text)
                    assert s.app.is_running
                    await s.app.pop_screen()

    asyncio.run(scenario())


@given(st.text(st.characters(codec=None), max_size=60))
def test_lines_keep_their_length_and_lose_what_steers(text: str) -> None:
    (line,) = NothingSteers().apply([Segment(text, Style(bold=True))], Color(0, 0, 0))

    assert all(map(is_safe_character, line.text))
    assert cell_len(line.text) == cell_len(text)
    assert line.style == Style(bold=True)


def test_the_terminals_own_control_segments_pass() -> None:
    control = Segment("\x1b[2J", None, [(1,)])  # type: ignore[list-item]

    assert NothingSteers().apply([control], Color(0, 0, 0)) == [control]


def test_the_corpus_is_large_enough_to_mean_something() -> None:
    assert len(CORPUS) > 100
    assert len({re.sub(r"\w", "", text) for text in CORPUS}) > 60
