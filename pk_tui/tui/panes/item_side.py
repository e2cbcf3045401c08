"""Items beside the tree of vaults: what their slots are, and hidden values and codes on their way to the screen or clipboard.

A hidden value is fetched when it is asked for and kept nowhere. Codes are asked for while their item shows, and go with
everything else that is masked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from textual.worker import Worker

from pk_tui.api.items import SlotView
from pk_tui.errors import Malformed, Misuse, NotFound, PkError
from pk_tui.plaintext import Plaintext
from pk_tui.terms import SecretPath
from pk_tui.tui.item_words import ItemRows, SlotRow, rows_of, user_slot
from pk_tui.tui.panes.pane import Pane
from pk_tui.tui.remedies import reason
from pk_tui.tui.text import sentence, shown
from pk_tui.tui.widgets.slot_rows import SlotRows

LARGEST = 1024 * 1024
"""Bytes; no item is longer, so nothing longer is asked about."""
Put = Callable[[Plaintext, str], Awaitable[None]]
"""Onto the clipboard, under a name for what it is."""


class ItemSide:
    def __init__(self, pane: Pane, slots: SlotRows, put: Put) -> None:
        self._pane = pane
        self._slots = slots
        self._put = put
        self._working: Worker[None] | None = None
        """Of a value or code that is to be shown."""
        self._where: tuple[str, SecretPath] | None = None

    async def find(self, vault: str, path: SecretPath, size: int) -> tuple[ItemRows | None, str]:
        """The item here without its hidden values, or None; and what is wrong with it if it should have been one."""
        if size > LARGEST:
            return None, ""
        try:
            return rows_of(await self._pane.api.items.get(vault, path)), ""
        except (Misuse, NotFound):
            return None, ""
        except Malformed as error:
            return None, reason(error)

    def at(self, vault: str, path: SecretPath) -> None:
        """The item that shows lies here."""
        self._where = (vault, path)

    def mask(self) -> None:
        """Show no hidden value and no code, and fetch none."""
        if self._working is not None:
            self._working.cancel()
            self._working = None
        self._slots.mask()

    # On the screen

    def peek(self, stays: bool, seconds: float | None) -> None:
        """The slot under the cursor: its value; of one that gives codes the code, and its value only if it is to stay."""
        slots, slot = self._slots, self._slots.current
        if slot is None:
            self._pane.say("This item has no slots yet: `e` edits it.")
        elif slot.is_code and not stays:
            if slot.counts:
                self._pane.say(
                    "It goes by a counter: `o` makes and copies the next code, `v` shows what it is made from."
                )
            elif not slots.code_shows:
                self.show_code()
        elif slots.revealed:
            if stays and slots.stays:
                slots.hide()
            else:
                slots.extend(seconds)
        elif slot.note:
            self._pane.say("This slot is empty." if slot.note == "empty" else f"It is {slot.note}.")
        elif not slot.masked:
            self._pane.say("This slot is not hidden.")
        elif self._working is None or self._working.is_finished:
            self._begin(self._reveal(slot, seconds))

    def show_code(self) -> None:
        """The code of the slot that gives one by the time, if there is one: the slot under the cursor, else the first."""
        slot = self._timed()
        if slot is not None and (self._working is None or self._working.is_finished):
            self._begin(self._show_code(slot))

    def _timed(self) -> SlotRow | None:
        item, current = self._slots.item, self._slots.current
        timed = [one for one in (item.slots if item else ()) if one.is_code and not one.counts]
        return current if current in timed else next(iter(timed), None)

    def _begin(self, work: Awaitable[None]) -> None:
        async def carried_out() -> None:
            await work

        self._working = self._pane.do(carried_out(), "value")

    async def _reveal(self, slot: SlotRow, seconds: float | None) -> None:
        async with self._pane.busy("Reading the value"):
            found = await self._value(slot.name)
        if self._slots.current is not None and self._slots.current.name == slot.name:
            self._slots.reveal(slot.name, found.value.reveal().decode(), seconds)

    async def _show_code(self, slot: SlotRow) -> None:
        try:
            code = await self._pane.api.items.code(*self._code_place(slot))
        except PkError as error:
            self._pane.complain(error)
            return
        if self._slots.item is not None and self._slots.item.slot(slot.name) is not None:
            self._slots.put_code(slot.name, code)

    def _code_place(self, slot: SlotRow) -> tuple[str, SecretPath]:
        vault, path = self._require_where()
        codes = [one for one in (self._slots.item.slots if self._slots.item else ()) if one.type == "otp"]
        filled = next((one for one in codes if one.note != "empty"), None)
        if filled is not None and filled.name == slot.name:
            return vault, path  # the agent takes the first that is filled
        return vault, SecretPath.parse(f"{path}#{slot.name}")

    async def _value(self, name: str) -> SlotView:
        """From the item itself: a secret may be there whose whole name ends in `#` and the slot's."""
        vault, path = self._require_where()
        item = await self._pane.api.items.get(vault, path)
        found = next((slot for slot in item.slots if slot.name == name), None)
        if found is None:
            raise NotFound("The item has no such slot any more. ctrl+r reads everything again.")
        return found

    def _require_where(self) -> tuple[str, SecretPath]:
        assert self._where is not None, "there is no item whose slots could be asked for"
        return self._where

    # To the clipboard

    def copy(self) -> None:
        slot = self._slots.current
        if slot is None:
            self._pane.say("This item has no slots yet: `e` edits it.")
        elif slot.is_code:
            self.copy_code()
        else:
            self._pane.do(self._copy(slot.name), "copy")

    async def _copy(self, name: str) -> None:
        _, path = self._require_where()
        async with self._pane.busy("Reading the value"):
            found = await self._value(name)
        await self._put(found.value, f"{path}#{name}")

    def copy_user(self) -> None:
        self._pane.do(self._copy_user(), "copy")

    async def _copy_user(self) -> None:
        vault, path = self._require_where()
        async with self._pane.busy("Reading the value"):
            found = user_slot((await self._pane.api.items.get(vault, path)).slots)
        if found is None:
            self._pane.say("This item has no user name: no slot is called so, and none holds an e-mail address.")
        else:
            await self._put(found.value, f"{path}#{found.name}")

    def copy_code(self) -> None:
        """Of the slot under the cursor if it gives codes, else of the first that does."""
        item, slot = self._slots.item, self._slots.current
        codes = [one for one in (item.slots if item else ()) if one.is_code]
        chosen = slot if slot in codes else next(iter(codes), None)
        if chosen is None:
            self._pane.say("No slot of this item gives one-time codes.")
        else:
            self._pane.do(self._copy_code(chosen), "copy")

    async def _copy_code(self, slot: SlotRow) -> None:
        vault, path = self._code_place(slot)
        async with self._pane.busy("Making the code"):
            code = await self._pane.api.items.code(vault, path)
        await self._put(code.code, f"the code of {shown(str(path), 50).plain}")
        if slot.counts:  # it cannot be asked for again
            self._slots.put_code(slot.name, code)
            self._pane.say(
                sentence("Copied the next code of $place. Its counter has moved on by one version.", place=str(path))
            )
