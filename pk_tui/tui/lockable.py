"""Which screen covers which: the lock screen in place of everything else, the notice over a window that is too small.

When it locks is decided in `locking`; what the lock screen says and asks is the screen's own affair.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual._context import active_message_pump
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.screen import Screen
from textual.widget import Widget
from textual.worker import NoActiveWorker, get_current_worker

from pk_tui.api.front import Front, Playground, Situation
from pk_tui.clock import Clock
from pk_tui.errors import Locked, PkError
from pk_tui.plaintext import Plaintext
from pk_tui.tui.locking import Attempts, Due, Standing, Watch, due, warns_in
from pk_tui.tui.remedies import reason
from pk_tui.tui.screens.too_small import TooSmallScreen, fits
from pk_tui.tui.screens.working import WorkingScreen
from pk_tui.tui.settings import Settings
from pk_tui.tui.typed_ahead import PatientApp

if TYPE_CHECKING:
    from pk_tui.tui.live import Noun
    from pk_tui.tui.session import Session

LOOKS_EVERY = 1.0
"""Seconds between two looks at the clock."""
MADE_WITHIN = 0.005
"""Seconds between two looks whether a screen is made."""
LOCKED_FULLY = "The node is locked: its keys are not in memory and its connections are closed."
LOCKED_ELSEWHERE = "The node was locked from elsewhere."
HOLDER_ENDED = "The agent that held the node has ended."


class LockableApp(PatientApp):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+l", "lock", "Lock", show=False, priority=True, id="lock", tooltip="Lock the screen"),
        Binding(
            "ctrl+z",
            "suspend",
            "Suspend",
            show=False,
            priority=True,
            id="suspend",
            tooltip="Lock, and go back to the shell",
        ),
    ]

    def __init__(self, front: Front, clock: Clock, situation: Situation, settings: Settings) -> None:
        super().__init__(front, clock)
        self.situation = situation
        self.settings = settings
        self.session: Session | None = None
        self.playground: Playground | None = None
        """While playing, also when the playground's node is locked."""
        self.attempts = Attempts(clock)
        self.locks_in: int | None = None
        """Seconds until the screen locks by itself, if that is near."""
        self._watch = Watch(clock)
        self._outside = False
        self._locking_node = False

    def _on_mount(self) -> None:
        self.set_interval(LOOKS_EVERY, self.look_at_the_clock)
        self.app_suspend_signal.subscribe(self, self._went_outside, immediate=True)
        self.app_resume_signal.subscribe(self, self._came_back, immediate=True)

    # What shows

    async def show(self, screen: Screen[Any]) -> None:
        """This screen and nothing else: what lay over or under it is gone, with its dialogs and the values it held."""
        self.use_command_palette = isinstance(screen, WorkingScreen)
        self.clear_notifications()
        self.forget_typed_ahead()
        with self.batch_update():
            await self._take_off()
        # Not within the batch: it swallows a screen's first picture, and the next one draws only parts of it over what was
        # there before, names and values included.
        if len(self.screen_stack) > 1:
            await self.switch_screen(screen)
            self.cover()
        else:
            await self.push_screen(screen)

    async def _take_off(self) -> None:
        """What lies over the lowest screen, also what is laid there meanwhile."""
        while True:
            await self._top_is_whole()
            if len(self.screen_stack) <= 2:
                return
            await self.pop_screen()

    async def _top_is_whole(self) -> None:
        """Let the screen on top be made before it is taken away: what Textual takes away while it makes it, it mounts without
        its parts, and whatever looks for one of them then ends the app."""
        while not self.screen.is_mounted:  # noqa: ASYNC110 - Textual has no event to wait for
            await asyncio.sleep(MADE_WITHIN)
        if isinstance(self.screen, WorkingScreen):
            await self.screen.finish()

    def push_screen(self, *args: Any, **named: Any) -> Any:
        """As ever; but nothing is laid over the notice that the window is too small, and nothing by who belongs to a screen that
        was taken away: a verb that was begun just before the screen was locked would lay its dialog over the lock."""
        if self._asker_is_gone():
            if not named.get("wait_for_dismiss"):
                return AwaitComplete()
            never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            never.cancel()
            return never
        answer = super().push_screen(*args, **named)
        self.cover()
        return answer

    def _asker_is_gone(self) -> bool:
        asker: object = active_message_pump.get(None)
        with suppress(NoActiveWorker):
            asker = get_current_worker().node
        if not isinstance(asker, Widget):
            return False
        return not any(isinstance(one, Screen) and one in self.screen_stack for one in asker.ancestors_with_self)

    async def _flush_next_callbacks(self) -> None:
        """As ever, but seen through. Who asks something lets Textual first finish what the app has begun, such as taking away
        the screen from which it is asked; that ends who asks, and without this the whole app with it. Private there: a test
        fails if the name goes away."""
        await asyncio.shield(super()._flush_next_callbacks())

    def on_resize(self, event: events.Resize) -> None:
        self.cover(event)

    def cover(self, resized: events.Resize | None = None) -> None:
        """Lay the notice over everything if the window is too small for it; it goes by itself."""
        size = resized.size if resized is not None else self.size
        if len(self.screen_stack) > 1 and not fits(size) and not isinstance(self.screen, TooSmallScreen):
            super().push_screen(TooSmallScreen())

    def action_command_palette(self) -> None:
        """Over the workspace alone: a dialog is answered first, and a locked screen has no verbs."""
        if isinstance(self.screen, WorkingScreen):
            self.push_screen(CommandPalette(placeholder="What would you like to do?", id="--command-palette"))

    # The screen alone

    async def action_lock(self) -> None:
        """The node goes on serving, its keys stay in memory."""
        from pk_tui.tui.screens.lock import LockScreen

        workspace = next((one for one in self.screen_stack if isinstance(one, WorkingScreen)), None)
        if self.session is None or workspace is None:
            self.hide_what_shows()
            return
        workspace.remember()
        self.front.lock_screen(True)
        self.workers.cancel_group(self, "leave")
        self.locks_in = None
        await self.show(LockScreen(self.session))

    def hide_what_shows(self) -> None:
        """Where no node is open there is no lock; the recovery words, if they are there, are hidden."""
        from pk_tui.tui.screens.words import WordsScreen

        for screen in self.screen_stack:
            if isinstance(screen, WordsScreen):
                screen.cover()

    async def unlock_screen(self, password: Plaintext) -> None:
        """Back to where the screen was locked. Raises WrongPassword; Locked if the node was locked meanwhile."""
        from pk_tui.tui.screens.workspace import Workspace

        session = self.session
        if session is not None:
            await session.api.lifecycle.verify_password(password)
        if session is None or self.session is not session:
            raise Locked("The node itself was locked meanwhile. Give the password once more.")
        self.front.lock_screen(False)
        self.touched = self.clock.elapsed()
        await self.show(Workspace(session))

    # The node with it

    async def lock_fully(self) -> None:
        """Drop the keys and close the connections of a node held here. The screen is locked first: closing may take a while."""
        session = self.session
        if session is None:
            return
        await self.action_lock()
        self._locking_node = True
        try:
            await session.api.lifecycle.lock()
        except PkError:
            return  # the screen is locked, and says that the node is not
        finally:
            self._locking_node = False
        if self.session is session:
            await self.end_session(LOCKED_FULLY)

    async def end_session(self, says: str) -> None:
        """The node is not open any more, and the lock screen says why."""
        from pk_tui.tui.screens.lock import LockScreen

        if self.session is None:
            return
        self.session = None
        self.locks_in = None
        self.front.lock_screen(False)
        for group in ("live", "transfers", "leave"):
            self.workers.cancel_group(self, group)
        self.situation = await self.front.look()
        await self.show(LockScreen(says=says))

    async def live_changed(self, noun: Noun) -> None:
        """What ended the session from outside."""
        from pk_tui.tui.live import Noun

        if noun is Noun.LOCK:
            await self.end_session(LOCKED_FULLY if self._locking_node else LOCKED_ELSEWHERE)
        elif noun is Noun.GONE and self.session is not None:
            failure = self.session.live.failure
            await self.end_session(reason(failure) if failure else HOLDER_ENDED)

    # By itself

    @property
    def standing(self) -> Standing:
        from pk_tui.tui.screens.lock import LockScreen

        locked = any(isinstance(one, LockScreen) for one in self.screen_stack)
        return Standing(self.session is not None, locked, self.situation.holder is None)

    async def look_at_the_clock(self) -> None:
        slept = self._watch.slept()
        if self._outside:  # an editor has the terminal: its keys do not come by here
            self.touched = self.clock.elapsed()
        idle, settings = self.clock.elapsed() - self.touched, self.settings
        what = due(idle, slept, self.standing, settings.lock_minutes, settings.close_minutes)
        if what is Due.NODE:
            await self.lock_fully()
        elif what is Due.SCREEN:
            await self.action_lock()
        elif what is Due.COVER:
            self.hide_what_shows()
        self.locks_in = warns_in(idle, self.standing, settings.lock_minutes, settings.close_minutes)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where something is being written ctrl+z takes back the last change, as everywhere; suspending would lose it all."""
        return not (action == "suspend" and hasattr(self.focused, "action_undo"))

    async def action_suspend(self) -> None:
        """To the shell, with nothing to see for whoever comes back; a node held here would stand still anyway. The lock is
        drawn before: not every terminal takes the picture away."""
        await (self.lock_fully() if self.standing.is_held else self.action_lock())
        self.call_after_refresh(self.action_suspend_process)

    def _went_outside(self, app: App[Any]) -> None:
        self._outside = True

    def _came_back(self, app: App[Any]) -> None:
        self._outside = False
        self.touched = self.clock.elapsed()
        self._watch.slept()
        self.refresh(layout=True)
