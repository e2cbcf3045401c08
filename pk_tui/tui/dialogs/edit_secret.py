"""The built-in editor: a value as text, for a new secret with its name above. What is typed is what is stored, byte for byte.

Storing it is the caller's `keep`; leaving with something changed asks first. What was typed is gone when the dialog is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, Static, TextArea

from pk_tui.errors import Misuse, PkError
from pk_tui.plaintext import Plaintext
from pk_tui.terms import SecretPath
from pk_tui.tui.clipboard import Clipboard
from pk_tui.tui.dialogs.confirm import ConfirmDialog
from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.plain_text import text_fault
from pk_tui.tui.remedies import reason
from pk_tui.tui.text import shown
from pk_tui.tui.widgets.secret_text import SecretText

Keep = Callable[[SecretPath, Plaintext], Awaitable[bool]]
"""Store this value there. False: it was not stored after all, and editing goes on."""
PathRule = Callable[[str], SecretPath]


def ending(text: str) -> str:
    """Whether the value ends in a newline, in words: nothing adds or removes one, and it matters in a password."""
    if not text:
        return "empty"
    return "ends in a newline" if text.endswith(("\n", "\r")) else "no newline at the end"


class EditSecretDialog(Dialog[SecretPath]):
    """Answers with the path once it is stored. Either `path` (its value is `value`) or `rule`, by which a name is read."""

    CSS_PATH = "edit_secret.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        # With priority, so that the next key already goes to the next field: what is typed ahead must not land in the wrong one.
        Binding("tab", "app.focus_next", show=False, priority=True, id="edit.next", tooltip="To the next field"),
        Binding("shift+tab", "app.focus_previous", show=False, priority=True, id="edit.before", tooltip="Back a field"),
        Binding(
            "enter", "to_value", show=False, priority=True, id="edit.to_value", tooltip="From the name to the value"
        ),
        Binding("ctrl+s", "save", "Save", id="edit.save", tooltip="Store what is written here"),
        Binding(
            "ctrl+g", "generate", "Generate", id="edit.generate", tooltip="Make a password, put where the cursor is"
        ),
    ]

    def __init__(
        self,
        heading: Content,
        keep: Keep,
        clipboard: Clipboard,
        clears_after: float,
        *,
        path: SecretPath | None = None,
        value: str = "",
        rule: PathRule | None = None,
        name_label: Content | None = None,
        generate: Callable[[], Awaitable[Plaintext | None]] | None = None,
    ) -> None:
        """`generate` asks for a new password; None if there is to be none."""
        super().__init__()
        self.heading = heading
        self.first = "value" if rule is None else "name"
        self._keep = keep
        self._clipboard = clipboard
        self._clears_after = clears_after
        self._path = path
        self._before = Plaintext.of_text(value)
        self._rule = rule
        self._name_label = name_label
        self._generate = generate
        self._saving = False

    def body(self) -> ComposeResult:
        if self._rule is not None:
            yield Static(self._name_label or Content("Name"), markup=False)
            yield Input(id="name", compact=True, max_length=1024)
            yield Static("Value", id="of-value")
        yield SecretText(self._before.reveal().decode(), self._copy, self._complain, id="value")
        yield Static("", id="hint", markup=False)

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [("cancel", "Cancel  esc", False), ("save", "Save  ctrl+s", False)]

    def on_mount(self) -> None:
        self._hint()

    @property
    def _area(self) -> SecretText:
        return self.query_one("#value", SecretText)

    @property
    def is_changed(self) -> bool:
        typed_name = self._rule is not None and bool(self.query_one("#name", Input).value)
        return typed_name or Plaintext.of_text(self._area.text) != self._before

    # While it is written

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self.wrong("")
        self._hint()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._rule is not None and event.value:
            self._named(event.value)
        else:
            self.wrong("")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "generate":
            return self._generate is not None
        return isinstance(self.focused, Input) if action == "to_value" else super().check_action(action, parameters)

    def action_generate(self) -> None:
        if self._generate is not None:
            self.do(self._put_generated(self._generate), "generate")

    async def _put_generated(self, generate: Callable[[], Awaitable[Plaintext | None]]) -> None:
        value = await generate()
        if value is not None:
            self._area.replace(value.reveal().decode(), *self._area.selection)
            self.set_focus(self._area)

    def action_to_value(self) -> None:
        self.set_focus(self._area)  # at once: `focus` would let keys pass that were typed ahead

    def _hint(self, also: Content | str = "") -> None:
        lines = self._area.document.line_count
        # The very last line is looked at, not the whole: a value may be long, and this is done for every key.
        last = self._area.document.get_line(lines - 1)
        says = ending(last or ("\n" if lines > 1 else ""))
        self.query_one("#hint", Static).update(
            Content.assemble(Content.styled(f"stored exactly as it stands; {says}", "dim"), "  " if also else "", also)
        )

    def _named(self, typed: str) -> SecretPath | None:
        if self._rule is None:
            return self._path
        try:
            path = self._rule(typed)
        except PkError as error:
            self.wrong(shown(reason(error), 300))
            return None
        self.wrong("")
        return path

    def _copy(self, value: Plaintext, then: Callable[[], None]) -> None:
        self.do(self._copied(value, then), "copy")

    async def _copied(self, value: Plaintext, then: Callable[[], None]) -> None:
        copied = await self._clipboard.copy(value, "a part of a value", self._clears_after)
        then()
        self._hint(Content(f"copied via {copied.route}"))

    def _complain(self, text: str) -> None:
        self.wrong(text)

    # Saving

    def chosen(self, button: str) -> None:
        self.action_save()

    def action_save(self) -> None:
        if self._saving:
            return
        path = self._named(self.query_one("#name", Input).value if self._rule is not None else "")
        if path is not None:
            self._saving = True
            self.do(self._save(path), "save")

    async def _save(self, path: SecretPath) -> None:
        try:
            value = Plaintext.of_text(self._area.text)
            if fault := text_fault(value.reveal()):
                raise Misuse(f"It was not stored: {fault}. `pk-tui secrets write` stores any bytes.")
            kept = await self._keep(path, value)
        finally:
            self._saving = False
        if kept:
            self.dismiss(path)

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

    def on_unmount(self) -> None:
        self._before = Plaintext(b"")
