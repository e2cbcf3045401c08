"""No node yet: make one, or open the playground. Making one is `new_node`'s affair, the words `words`'."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option
from textual.worker import Worker

from pk_tui.errors import PkError
from pk_tui.tui.remedies import reason
from pk_tui.tui.screens.boxed import BoxedScreen
from pk_tui.tui.text import sentence
from pk_tui.tui.widgets.key_bar import hints

CREATE = ("1  Create a node here", "A password, 24 words to write down, and a key of your own. About two minutes.")
PLAY = (
    "2  Open the playground",
    "A throw-away node, and a friend's who shares a vault of samples with you. Both are removed when pk-tui ends.",
)
RESTORE = "From a backup: `pk-tui restore FILE` makes a node of it here."
IN_THE_MAKING = (
    "Two nodes are made, yours and a friend's, each with a key of its own. They get to know and trust each other, and the "
    "friend fills a vault and shares it with you. Nothing leaves this machine."
)


def choice(title: str, says: str) -> Content:
    return Content.assemble(Content.styled(title, "bold"), "\n", Content.styled(says, "dim"))


class FirstRunScreen(BoxedScreen):
    """With `playground` that is opened at once."""

    CSS_PATH = "first_run.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "create", "Create a node", show=False, id="first.create", tooltip="Create a node here"),
        Binding("2", "play", "Playground", show=False, id="first.play", tooltip="Open the playground"),
        Binding("j", "move('cursor_down')", "Down", show=False, id="first.down", tooltip="Down"),
        Binding("k", "move('cursor_up')", "Up", show=False, id="first.up", tooltip="Up"),
        Binding("escape", "back", "Back", show=False, id="first.back", tooltip="Call off the playground"),
        Binding("q", "app.leave", "Quit", show=False, id="first.quit", tooltip="End pk-tui"),
    ]

    def __init__(self, playground: bool = False) -> None:
        super().__init__()
        self.playground = playground
        self._making: Worker[None] | None = None
        self._since = 0.0

    def compose(self) -> ComposeResult:
        with Vertical(id="box", classes="box") as box:
            box.border_title = Content("pk-tui: welcome")
            yield Static(
                sentence("There is no node in “$place” yet. What would you like?", place=self.pk.situation.place),
                id="place",
                markup=False,
            )
            yield OptionList(
                Option(choice(*CREATE), "create"), Option(choice(*PLAY), "play"), id="choices", markup=False
            )
            yield Static(RESTORE, id="restore", markup=False)
            yield Static(IN_THE_MAKING, id="making", markup=False)
            yield Static("", id="state", markup=False)
            yield Static("", id="keys", markup=False)

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        self._show(making=False)
        if self.playground:
            self.action_play()

    def _show(self, *, making: bool) -> None:
        self.set_class(making, "-making")
        keys = "esc Call it off   ctrl+q Quit" if making else "j k Choose   enter Open   q Quit"
        self.query_one("#keys", Static).update(hints(keys))
        if not making:
            self.query_one(OptionList).focus()

    def draw(self) -> None:
        if self._making is None:
            return
        seconds = int(self.pk.clock.elapsed() - self._since)
        self.state(self.turning(f"Making the playground… {seconds} s"), wrong=False)

    @on(OptionList.OptionSelected)
    async def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        await self.run_action(str(event.option_id))

    def action_move(self, way: str) -> None:
        getattr(self.query_one(OptionList), f"action_{way}")()

    def action_create(self) -> None:
        from pk_tui.tui.screens.new_node import NewNodeScreen

        if self._making is None:
            self.pk.call_later(self.pk.show, NewNodeScreen())

    def action_play(self) -> None:
        if self._making is not None:
            return
        self._since = self.pk.clock.elapsed()
        self._show(making=True)
        self._making = self.pk.run_worker(self._play(), name="playground", group="opening", description="playground")

    async def _play(self) -> None:
        """Calling it off leaves nothing of it."""
        try:
            await self.pk.open_playground()
        except PkError as error:
            self._ended(reason(error))
        except BaseException:
            self._ended("")
            raise
        finally:
            self._making = None

    def _ended(self, why: str) -> None:
        self._making = None
        if self.is_attached:
            self._show(making=False)
            self.state(why, wrong=True)

    def action_back(self) -> None:
        if self._making is not None:
            self._making.cancel()
