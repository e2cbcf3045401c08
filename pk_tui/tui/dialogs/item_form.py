"""The form of an item: where it lies, its title and tags, and a field for each slot. Made from a template, or from an item.

Storing is the caller's `keep`, which is told only what differs; an error leaves everything as it was typed, and leaving with
something changed asks first. What was typed is gone when the form is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input, Static, TextArea

from pk_tui.api.items import SlotChange
from pk_tui.errors import PkError
from pk_tui.plaintext import Plaintext
from pk_tui.terms import SecretPath
from pk_tui.tui.dialogs.ask_text import AskTextDialog
from pk_tui.tui.dialogs.confirm import ConfirmDialog
from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.dialogs.generate import GenerateDialog
from pk_tui.tui.dialogs.own_slot import ask_for_slot, slot_rule
from pk_tui.tui.item_words import tags_of
from pk_tui.tui.remedies import reason
from pk_tui.tui.session import Session
from pk_tui.tui.text import sentence, shown
from pk_tui.tui.widgets.slot_field import Blank, SlotField

SETTLES = 0.2
"""Seconds after the last key until a value is checked."""
ROWS_BESIDES = 10
"""Rows of a form besides its slots, with some for warnings: where there are not so many, it takes all there is."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What is to be stored. None for a title or tags that are as they were."""

    slots: tuple[SlotChange, ...]
    title: str | None
    tags: tuple[str, ...] | None


Keep = Callable[[SecretPath, Filled], Awaitable[bool]]
"""Store it. False: it was not stored after all, and the form stays."""


class ItemFormDialog(Dialog[SecretPath]):
    """Answers with the path once it is stored. Either `path` or `rule`, by which a name is read."""

    CSS_PATH = ["form.tcss", "item_form.tcss"]  # noqa: RUF012 - so declared by Textual
    BINDINGS: ClassVar[list[BindingType]] = [
        # With priority, so that the next key already goes to the next field: what is typed ahead must not land in the wrong one.
        Binding("tab", "app.focus_next", show=False, priority=True, id="form.next", tooltip="To the next field"),
        Binding("shift+tab", "app.focus_previous", show=False, priority=True, id="form.before", tooltip="Back a field"),
        Binding("enter", "on_from_line", show=False, priority=True, id="form.on", tooltip="To the next field"),
        Binding("up", "app.focus_previous", show=False, id="form.up", tooltip="Back a field"),
        Binding("down", "app.focus_next", show=False, id="form.down", tooltip="To the next field"),
        Binding("ctrl+s", "save", "Save", id="form.save", tooltip="Store what is written here"),
        Binding("ctrl+g", "generate", "Generate", id="form.generate", tooltip="Make a password for this field"),
        Binding("ctrl+n", "add", "Add a slot", id="form.add", tooltip="Add a slot of your own"),
        Binding("ctrl+t", "rename", "Rename", id="form.rename", tooltip="Give this slot of your own another name"),
        Binding("ctrl+o", "omit", "Leave out", id="form.omit", tooltip="Take this slot of your own out"),
    ]

    def __init__(
        self,
        session: Session,
        heading: Content,
        blanks: Sequence[Blank],
        keep: Keep,
        *,
        path: SecretPath | None = None,
        rule: Callable[[str], SecretPath] | None = None,
        title: str = "",
        tags: Sequence[str] = (),
        slots_only: bool = False,
        describes: bool = False,
    ) -> None:
        """`slots_only`: no tags, and no slots besides these. `describes`: it is a template, whose slots describe slots."""
        super().__init__()
        self.session = session
        self.heading = heading
        self.first = "name" if rule is not None else "title"
        self._keep = keep
        self._path = path
        self._rule = rule
        self._title = title
        self._tags = tuple(tags)
        self._slots_only = slots_only
        self._describes = describes
        self._fields = [SlotField(blank, self._copy) for blank in blanks]
        self._gone: list[str] = []
        """Slots that the item has and is not to have any more."""
        self._unchecked: set[SlotField] = set()
        self._settling: Timer | None = None
        self._saving = False

    def on_resize(self, event: events.Resize) -> None:
        rows = ROWS_BESIDES + sum(one.rows for one in self._fields)
        self.set_class(rows > event.size.height * 0.7, "-low")

    def body(self) -> ComposeResult:
        if self._rule is not None:
            yield from self._row("Name *", "name", "", "directories in it are made: bank/main")
        yield from self._row("Title", "title", self._title, "if empty, the last part of the name")
        if not self._slots_only:
            yield from self._row("Tags", "tags", ", ".join(self._tags), "separated by commas")
        with Vertical(id="slots"):
            yield from self._fields
        yield Static(self._hint(), id="hint", markup=False)

    def _hint(self) -> str:
        if self._describes:
            return "ctrl+n adds a slot; its lines say: required, masked, choice: TEXT"
        if self._slots_only:
            return "* asked for"
        return "* asked for   ctrl+g generates   ctrl+r shows   ctrl+n adds a slot"

    def _row(self, label: str, identity: str, value: str, hint: str) -> ComposeResult:
        with Horizontal(classes="row"):
            yield Static(label, classes="label", markup=False)
            yield Input(
                value, placeholder=hint, id=identity, compact=True, max_length=1024, select_on_focus=False
            )  # fmt: skip

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [("cancel", "Cancel  esc", False), ("save", "Save  ctrl+s", False)]

    def _line(self, identity: str) -> str:
        found = self.query(f"#{identity}")
        return found.first(Input).value if found else ""

    @property
    def is_changed(self) -> bool:
        if self._line("name") or self._line("title") != self._title or self._gone:
            return True
        tags = not self._slots_only and tags_of(self._line("tags")) != self._tags
        return tags or any(one.is_changed or one.is_new for one in self._fields)

    @property
    def _here(self) -> SlotField | None:
        """The slot that is being written in."""
        ancestors = self.focused.ancestors if self.focused is not None else ()
        return next((one for one in ancestors if isinstance(one, SlotField)), None)

    # While it is written

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "on_from_line":
            return isinstance(self.focused, Input)
        if self._slots_only and action in ("add", "rename", "omit", "generate"):
            return False
        return super().check_action(action, parameters)

    def action_on_from_line(self) -> None:
        self.focus_next()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.input.id == "name" and event.value:
            self._named()
        else:
            self.wrong("")

    def on_slot_field_edited(self, event: SlotField.Edited) -> None:
        event.stop()
        self.wrong("")
        self._unchecked.add(event.field)
        if self._settling is not None:
            self._settling.stop()
        self._settling = self.set_timer(SETTLES, self._check)

    def on_slot_field_complained(self, event: SlotField.Complained) -> None:
        event.stop()
        self.wrong(event.why)

    def _check(self) -> None:
        self.run_worker(self._checked(), name="check", group="check", description="check", exclusive=True)

    async def _checked(self) -> None:
        while self._unchecked:
            field = self._unchecked.pop()
            value = field.typed
            if value is None or field.blank.describes or not field.is_attached:
                continue
            try:
                warning = await self.session.api.items.check(field.blank.type, value, field.blank.choices)
            except PkError:
                return  # said when it is stored
            if field.is_attached:
                field.warn(warning)

    def _named(self) -> SecretPath | None:
        if self._rule is None:
            return self._path
        try:
            path = self._rule(self._line("name"))
        except PkError as error:
            self.wrong(shown(reason(error), 300))
            return None
        self.wrong("")
        return path

    def _copy(self, value: Plaintext, then: Callable[[], None]) -> None:
        self.do(self._copied(value, then), "copy")

    async def _copied(self, value: Plaintext, then: Callable[[], None]) -> None:
        await self.session.clipboard.copy(value, "a part of a value", self.session.settings.clipboard_seconds)
        then()

    # Slots of one's own, and new passwords

    def action_generate(self) -> None:
        field = self._here
        if field is None or not field.is_hidden:
            self.wrong("ctrl+g makes a new password: go to a field that hides what is in it first.")
        else:
            self.do(self._generate(field), "ask")

    async def _generate(self, field: SlotField) -> None:
        value = await self.app.push_screen_wait(GenerateDialog(self.session.api.items, self.session.glyphs))
        if value is not None:
            field.put(value)

    def action_add(self) -> None:
        self.do(self._add(), "ask")

    async def _add(self) -> None:
        taken = [one.slot_name for one in self._fields]
        blank = await ask_for_slot(self.app.push_screen_wait, self.session.glyphs, taken, self._describes)
        if blank is None:
            return
        field = SlotField(blank, self._copy)
        self._fields.append(field)
        await self.query_one("#slots").mount(field)
        field.focus_editor()

    def _own(self) -> SlotField | None:
        field = self._here
        if field is not None and field.blank.extra:
            return field
        self.wrong("Only a slot that you added has a name to change: those of the template stay. Empty it instead.")
        return None

    def action_rename(self) -> None:
        field = self._own()
        if field is not None:
            self.do(self._rename(field), "ask")

    async def _rename(self, field: SlotField) -> None:
        rule = slot_rule([one.slot_name for one in self._fields if one is not field])
        dialog = AskTextDialog(
            sentence("Rename the slot $name", name=field.slot_name),
            Content("Another name"),
            rule,
            value=field.slot_name,
            yes="Rename",
        )
        name = await self.app.push_screen_wait(dialog)
        if name is not None:
            field.rename(name)

    def action_omit(self) -> None:
        field = self._own()
        if field is not None:
            self.do(self._omit(field), "ask")

    async def _omit(self, field: SlotField) -> None:
        if not field.is_empty:
            effect = Content("What is in it goes with it when you save. The versions before keep it.")
            heading = sentence("Take out the slot $name?", name=field.slot_name)
            if not await self.app.push_screen_wait(ConfirmDialog(heading, effect, "Take out")):
                return
        if field.blank.value is not None:
            self._gone.append(field.blank.name)
        self._fields.remove(field)
        await field.remove()

    # Saving

    def chosen(self, button: str) -> None:
        self.action_save()

    def action_save(self) -> None:
        if self._saving:
            return
        path = self._named()
        if path is None:
            self.query_one("#name").focus()
            return
        lacking = next((one for one in self._fields if one.blank.required and one.is_empty), None)
        if lacking is not None:
            self.wrong(sentence("$name is asked for.", name=lacking.blank.label or lacking.slot_name))
            lacking.focus_editor()
            return
        self._saving = True
        self.do(self._save(path), "save")

    async def _save(self, path: SecretPath) -> None:
        try:
            kept = await self._keep(path, await self._filled(path))
        finally:
            self._saving = False
        if kept:
            self.dismiss(path)

    async def _filled(self, path: SecretPath) -> Filled:
        named = {one.slot_name for one in self._fields}
        slots = [SlotChange(name, None) for name in self._gone if name not in named]
        for field in self._fields:
            slots += await field.changes()
        is_new = self._rule is not None
        title = self._line("title").strip()
        if is_new:
            return Filled(tuple(slots), title or path.name, tags_of(self._line("tags")))
        tags = tags_of(self._line("tags"))
        return Filled(tuple(slots), title if title != self._title else None, tags if tags != self._tags else None)

    # Leaving

    def action_call_off(self) -> None:
        if self._saving:
            return
        if self.is_changed:
            self.do(self._leave(), "leave")
        else:
            self.dismiss(None)

    async def _leave(self) -> None:
        effect = Content("What you wrote is not stored. It cannot be brought back.")
        if await self.app.push_screen_wait(ConfirmDialog(Content("Throw away what you wrote?"), effect, "Throw away")):
            self.dismiss(None)

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
