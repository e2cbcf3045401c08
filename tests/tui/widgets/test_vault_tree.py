from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from rich.style import Style
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from pk_tui.api.views import EntryView, VaultView
from pk_tui.terms import CommitId, VaultId
from pk_tui.tui.glyphs import ASCII
from pk_tui.tui.widgets.vault_rows import Fact, Row, RowKind, Spot, VaultRows
from pk_tui.tui.widgets.vault_tree import VaultTree, drawn

ONE = VaultId(bytes([1] * 16))
HEAD = CommitId(bytes(20))
TONES = {name: Style() for name in ("vault", "dim", "warning", "error")}


class TreeApp(App[None]):
    """A tree, and what its owner does: opens what is to open, shows again, notes what is told."""

    def __init__(self) -> None:
        super().__init__()
        self.shelf = VaultTree(ASCII)
        self.rows = VaultRows(lambda node: "bob")
        self.rows.take([VaultView(ONE, "work", HEAD, 3, None, False, 0, 0)])
        self.moves: list[str] = []
        self.entered = 0

    def compose(self) -> ComposeResult:
        yield self.shelf

    def on_mount(self) -> None:
        self.shelf.show(self.rows)
        self.shelf.focus()

    def hold(self, *names: str, inside: tuple[str, ...] = ()) -> None:
        """From now on this is what a branch holds; it is open."""
        branch = Spot(ONE, inside)
        self.rows.set_open(branch, True)
        self.rows.listed(branch, HEAD, [EntryView(name.rstrip("/"), name.endswith("/"), 1) for name in names])
        self.shelf.show(self.rows)

    @property
    def at(self) -> str:
        return self.shelf.row.name if self.shelf.row is not None else ""

    def on_vault_tree_moved(self, event: VaultTree.Moved) -> None:
        self.moves.append(self.at + ("" if event.by_hand else "!"))

    def on_vault_tree_entered(self) -> None:
        self.entered += 1

    def on_vault_tree_toggled(self, event: VaultTree.Toggled) -> None:
        self.rows.set_open(event.branch, event.is_open)
        self.shelf.show(self.rows)


def play(scenario: Callable[[TreeApp, Pilot[None]], Awaitable[None]], size: tuple[int, int] = (40, 20)) -> None:
    async def run() -> None:
        app = TreeApp()
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await scenario(app, pilot)

    asyncio.run(run())


def test_all_keys_move_and_fold() -> None:
    async def scenario(app: TreeApp, pilot: Pilot[None]) -> None:
        app.hold("dir/", *"abcdef")
        app.hold("x", "y", inside=("dir",))

        async def after(*keys: str) -> str:
            await pilot.press(*keys)
            await pilot.pause()
            return app.at

        assert await after("j") == "dir"
        assert app.moves[-1] == "dir"
        assert await after("down", "k", "up") == "work"
        assert await after("G") == "f"
        assert await after("home") == "work"
        assert await after("end") == "f"
        assert await after("g") == "work"
        assert await after("ctrl+d") == "f"
        assert await after("ctrl+u") == "work"
        assert await after("l", "l") == "x"  # both are open, so it goes into them
        assert await after("h") == "dir"
        assert await after("left") == "dir"
        assert app.shelf.find(Spot(ONE, ("dir", "x"))) is None
        assert await after("h") == "work"
        assert await after("h", "h") == "work"
        assert app.shelf.find(Spot(ONE, ("a",))) is None
        assert await after("right", "j", "enter", "j") == "x"
        assert await after("enter") == "x"
        assert app.entered == 1
        assert await after("space") == "x"
        assert app.shelf.find(Spot(ONE, ("dir", "x"))) is not None  # space is the pane's key, not a fold

    play(scenario)


def test_rows_that_come_and_go_move_neither_cursor_nor_view() -> None:
    async def scenario(app: TreeApp, pilot: Pilot[None]) -> None:
        names = [f"m{number:03}" for number in range(200)]
        app.hold(*names)
        app.shelf.put_cursor(Spot(ONE, ("m100",)))
        await pilot.pause()
        node, above = app.shelf.cursor_node, app.shelf.cursor_line - app.shelf.scroll_offset.y
        app.moves.clear()
        app.hold(*(f"a{number}" for number in range(50)), *names, "z")
        await pilot.pause()
        assert app.shelf.cursor_node is node
        assert app.shelf.cursor_line - app.shelf.scroll_offset.y == above
        app.hold(*names[50:])
        await pilot.pause()
        assert (app.at, app.shelf.cursor_line - app.shelf.scroll_offset.y) == ("m100", above)
        assert app.moves == []

        # scrolled away from the cursor: what is in sight stays in sight
        app.shelf.scroll_to(y=80, animate=False, immediate=True)
        await pilot.pause()
        top = app.shelf.get_node_at_line(80)
        app.hold("a0", *names[50:])
        await pilot.pause()
        assert app.shelf.get_node_at_line(app.shelf.scroll_offset.y) is top

    play(scenario)


def test_the_cursor_goes_to_what_is_nearest_when_its_row_is_gone() -> None:
    async def scenario(app: TreeApp, pilot: Pilot[None]) -> None:
        app.hold("dir/", "a", "b", "c")
        app.hold("x", inside=("dir",))
        for gone, nearest in (("b", "c"), ("c", "a")):
            app.shelf.put_cursor(Spot(ONE, (gone,)))
            left = {"b": ["dir/", "a", "c"], "c": ["dir/", "a"]}[gone]
            app.hold(*left)
            await pilot.pause()
            assert app.at == nearest
            assert app.moves[-1] == nearest + "!"
        app.shelf.put_cursor(Spot(ONE, ("dir", "x")))
        app.hold("a")
        await pilot.pause()
        assert app.at == "a"
        app.rows.take([])
        app.shelf.show(app.rows)
        await pilot.pause()
        assert app.shelf.row is None
        assert app.moves[-1] == "!"

    play(scenario)


def test_a_row_that_changed_under_the_cursor_is_told() -> None:
    async def scenario(app: TreeApp, pilot: Pilot[None]) -> None:
        app.moves.clear()
        app.rows.take([VaultView(ONE, "work", HEAD, 4, None, False, 0, 0)])
        app.shelf.show(app.rows)
        await pilot.pause()
        assert app.moves == ["work!"]

    play(scenario)


def test_a_file_in_the_place_of_a_directory_is_another_row() -> None:
    async def scenario(app: TreeApp, pilot: Pilot[None]) -> None:
        app.hold("thing/")
        app.hold("x", inside=("thing",))
        app.hold("thing")
        row = app.shelf.find(Spot(ONE, ("thing",)))
        assert row is not None
        assert row.kind is RowKind.SECRET

    play(scenario)


def test_a_click_selects_and_one_on_the_icon_folds() -> None:
    async def scenario(app: TreeApp, pilot: Pilot[None]) -> None:
        app.hold("dir/", "a")
        await pilot.pause()
        await pilot.click(app.shelf, offset=(8, 2))
        assert (app.at, app.entered) == ("a", 0)
        await pilot.click(app.shelf, offset=(8, 2))
        assert app.entered == 1
        await pilot.click(app.shelf, offset=(0, 0))
        await pilot.pause()
        assert app.shelf.find(Spot(ONE, ("a",))) is None

    play(scenario)


def test_five_thousand_rows_are_shown_without_drawing_them() -> None:
    async def scenario(app: TreeApp, pilot: Pilot[None]) -> None:
        calls = 0
        draw = app.shelf.render_label

        def counted(*args: object) -> object:
            nonlocal calls
            calls += 1
            return draw(*args)  # type: ignore[arg-type]

        app.shelf.render_label = counted  # type: ignore[method-assign, assignment]
        app.hold(*(f"s{number}" for number in range(5000)))
        await pilot.pause()
        assert app.shelf.last_line == 5000
        assert 0 < calls < 200

    play(scenario)


def test_a_row_fills_its_width_with_the_name_left_and_facts_right() -> None:
    row = Row(Spot(ONE), RowKind.VAULT, "work", 0, (Fact("3 secrets", 4), Fact("own", 1)))
    assert drawn(row, 30, TONES, "> ").plain == "> work" + " " * 8 + "  3 secrets  own"
    assert drawn(row, 20, TONES, "> ").plain == "> work     3 secrets"
    assert drawn(row, 8, TONES, "> ").plain == "> work  "
    long = Row(Spot(ONE), RowKind.VAULT, "a-very-long-name-of-a-vault", 0, (Fact("own", 1),))
    assert drawn(long, 20, TONES, "> ").plain == "> a-very-long-…  own"
    wide = Row(Spot(ONE), RowKind.SECRET, "世界世界世界世界", 0, (Fact("3 B", 1),))
    assert drawn(wide, 20, TONES, "  ").cell_len == 20


def test_hostile_names_are_drawn_as_text() -> None:
    for name in ("[/x]", "[@click=app.quit]x[/]", "a\x1b]52;c;aGk=\x07b", "\u202egnp"):
        text = drawn(Row(Spot(ONE), RowKind.SECRET, name), 60, TONES)
        assert text.plain.strip().isprintable()
        assert not [span for span in text.spans if "click" in str(span.style)]
    assert "\\u{1b}" in drawn(Row(Spot(ONE), RowKind.SECRET, "a\x1bb"), 60, TONES).plain
