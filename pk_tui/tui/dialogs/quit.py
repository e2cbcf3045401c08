"""Leaving: at once if nothing speaks against it, else after asking what becomes of the node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.text import counted

if TYPE_CHECKING:
    from pk_tui.tui.app import PkApp

STOP, BACKGROUND = "stop", "background"
HELD = (
    "This window holds the node. If it stops, its peers cannot reach it until you open it again.\n"
    "Left running in the background it goes on serving and syncing, with its keys in memory: `pk-tui` shows it again, "
    "`pk-tui agent stop` ends it."
)
HELD_LOCKED = (
    "This window holds the node. If it stops, its peers cannot reach it until it is opened again.\n"
    "To leave it running in the background, unlock the screen first."
)
ATTACHED = "The node itself goes on: a headless agent holds it."
PLAYING = "The playground is over then: both throw-away nodes are removed, with all that is in them."
PLAYED = "The playground is over: both throw-away nodes are removed."


@dataclass(frozen=True, slots=True)
class Leaving:
    """What there is to know. `is_open`: there is a session; `objection`: what the screen has against it; `copied`: what is on
    loan to the clipboard, safe to show."""

    is_open: bool
    is_locked: bool
    is_held: bool
    is_playing: bool
    transfers: int = 0
    copied: str = ""
    objection: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """`lines` to be read before, and the ways out besides staying."""

    lines: tuple[str, ...]
    ways: tuple[str, ...]


def question(leaving: Leaving) -> Question | None:
    """What to ask; None if nothing speaks against leaving."""
    lines = [leaving.objection] if leaving.objection else []
    if leaving.is_open and leaving.transfers:
        running = counted(leaving.transfers, "transfer is", "transfers are")
        lines.append(f"{running} running and would be called off; nothing half-done stays.")
    if leaving.copied:
        what = "What you copied" if leaving.is_locked else f"What you copied ({leaving.copied})"
        lines.append(f"{what} is taken off the clipboard.")
    if leaving.is_open and leaving.is_held and not leaving.is_playing:
        lines.append(HELD_LOCKED if leaving.is_locked else HELD)
        return Question(tuple(lines), (STOP,) if leaving.is_locked else (BACKGROUND, STOP))
    if not lines:
        return None
    if leaving.is_playing:
        lines.append(PLAYING)
    elif leaving.is_open:
        lines.append(ATTACHED)
    return Question(tuple(lines), (STOP,))


class QuitDialog(Dialog[str]):
    heading = Content("Leave pk-tui?")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "choose('stop')", "Stop", show=False, id="quit.stop", tooltip="Stop the node and leave"),
        Binding(
            "b", "choose('background')", "Background", show=False, id="quit.background", tooltip="Leave it running"
        ),
        Binding("n", "call_off", "Stay", show=False, id="quit.stay", tooltip="Stay here"),
    ]

    def __init__(self, asked: Question, stops: bool) -> None:
        """`stops`: leaving stops a node."""
        super().__init__()
        self._asked = asked
        self._stops = stops

    def body(self) -> ComposeResult:
        yield Static(Content("\n\n").join([Content(one) for one in self._asked.lines]), markup=False)

    def buttons(self) -> list[tuple[str, str, bool]]:
        buttons = [("cancel", "Stay  esc", False)]
        if BACKGROUND in self._asked.ways:
            buttons.append((BACKGROUND, "Leave it running  b", False))
        buttons.append((STOP, "Stop the node  s" if self._stops else "Leave  s", self._stops))
        return buttons

    def chosen(self, button: str) -> None:
        self.action_choose(button)

    def action_choose(self, way: str) -> None:
        if way in self._asked.ways:
            self.dismiss(way)


def leaving_now(app: PkApp) -> Leaving:
    session, standing = app.session, app.standing
    held = app.copied.held
    return Leaving(
        is_open=session is not None,
        is_locked=standing.is_locked,
        is_held=standing.is_held,
        is_playing=app.playground is not None,
        transfers=len(session.transfers.running) if session is not None else 0,
        copied=held.what if held is not None else "",
        objection=getattr(app.screen, "before_leaving", ""),
    )


async def leave(app: PkApp) -> None:
    """To be run by a worker: it may ask."""
    from pk_tui.tui.app import ENDED_IN_BACKGROUND

    if any(isinstance(one, QuitDialog) for one in app.screen_stack):
        return
    leaving = leaving_now(app)
    asked = question(leaving)
    way: str | None = STOP
    if asked is not None:
        way = await app.push_screen_wait(
            QuitDialog(asked, leaving.is_open and leaving.is_held and not leaving.is_playing)
        )
    if way == BACKGROUND:
        app.exit(ENDED_IN_BACKGROUND)
    elif way == STOP:
        app.exit(0, message=PLAYED if leaving.is_playing else None)
