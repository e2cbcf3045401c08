"""Keys that are pressed faster than dialogs open: they wait until it is settled whom they are for, and come there in their order.

A verb has to ask the agent something before its dialog can be shown. Without this a second key pressed meanwhile would reach
the pane, and begin another verb. All keys that no widget used come back to the app before a binding is looked up, so this
is the one place where that can be seen to. Keys of the app itself (lock, suspend, quit) never wait.
"""

from __future__ import annotations

import asyncio
from typing import Any

from textual import events

from pk_tui.tui.guard import GuardedApp
from pk_tui.tui.screens.working import WorkingScreen

LOOKS_EVERY = 0.005
"""Seconds between two looks whether it is settled; also between two keys, so that each one does what it does first."""

Typed = events.Key | events.Paste


class PatientApp(GuardedApp):
    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._typed_ahead: list[Typed] = []
        self._is_delivering = False

    @property
    def is_settled(self) -> bool:
        """Whether what shows now is what keys are for."""
        screen = self.screen
        if isinstance(screen, WorkingScreen):
            return not screen.turns.keeps_keys
        is_ready: bool = getattr(screen, "is_ready", True)  # a dialog's, of which the first picture needs none
        return is_ready

    def forget_typed_ahead(self) -> None:
        """What it was typed for is gone."""
        self._typed_ahead.clear()

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, Typed) and not self._is_own(event):
            if not self.is_settled or (self._typed_ahead and not event.is_forwarded):
                self._keep(event)
                return
            if isinstance(event, events.Key) and event.is_forwarded and event.key != self.last_key:
                # It came back while later ones were on their way; what it opens is to know it for the key that did.
                self.last_key, self.key_changed_at = event.key, event.time
        await super().on_event(event)

    def _is_own(self, event: Typed) -> bool:
        return isinstance(event, events.Key) and any(
            one.priority for one in self._bindings.key_to_bindings.get(event.key, ())
        )

    def _keep(self, event: Typed) -> None:
        """One that came back from a widget is older than those that were not given to any yet."""
        event.stop()
        kept: Typed = (
            events.Key(event.key, event.character) if isinstance(event, events.Key) else events.Paste(event.text)
        )
        kept.time = event.time
        self._typed_ahead.append(kept)
        self._typed_ahead.sort(key=lambda one: one.time)
        if not self._is_delivering:
            self._is_delivering = True
            self.run_worker(self._deliver(), name="typed ahead", group="typed ahead", description="typed ahead")

    async def _deliver(self) -> None:
        try:
            while self._typed_ahead:
                if self.is_settled:
                    await super().on_event(self._typed_ahead.pop(0))
                await asyncio.sleep(LOOKS_EVERY)
        finally:
            self._is_delivering = False
