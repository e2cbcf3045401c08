"""Add a node: id, host and port, typed or pasted, said to be right or wrong while they are typed.

The adding itself is done while the dialog is open, so that nothing typed is lost if it fails.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Input, Static

from pk_tui.errors import PkError, Unreachable
from pk_tui.terms import NodeId
from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.node_draft import Draft, Typed, Verdict, judged, spread_out
from pk_tui.tui.remedies import reason
from pk_tui.tui.text import sentence, shown
from pk_tui.tui.widgets.tick import Tick

PASTED = 6
"""Characters more at once than anybody types: then the field is spread out over the others."""

FIELDS = (
    ("node", "Node id", "v… or id@host:port", 400),
    ("host", "Host", "name or IP address", 300),
    ("port", "Port", "1 to 65535", 8),
    ("name", "Name", "what you want to call it; may stay empty", 200),
)

Add = Callable[[Draft, bool], Awaitable[None]]


class AddNodeDialog(Dialog[NodeId]):
    """Answers with the id of the node that was added. `add` is given the draft and whether to ask the node first."""

    CSS_PATH = ["dialog.tcss", "add_node.tcss"]  # noqa: RUF012 - so declared by Textual
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "add", "Add", id="add.add", tooltip="Add the node"),
        Binding(
            "ctrl+n", "add_anyway", "Add without ping", id="add.anyway", tooltip="Add it although it did not answer"
        ),
    ]

    def __init__(
        self,
        add: Add,
        own: NodeId | None,
        known: Callable[[], Collection[NodeId]],
        names: Callable[[], Collection[str]],
        begin: Typed,
    ) -> None:
        super().__init__()
        self.heading = Content("Add a node")
        self.first = "node" if not begin.node else "host"
        self._add, self._own, self._known, self._names = add, own, known, names
        self._begin = begin
        self._lengths = {"node": 0, "host": 0}
        self._is_busy = False

    def body(self) -> ComposeResult:
        for name, label, hint, longest in FIELDS:
            with Horizontal(classes="row"):
                yield Static(label, classes="label", markup=False)
                yield Input(
                    getattr(self._begin, name), id=name, compact=True, placeholder=hint, max_length=longest
                )  # fmt: skip
        with Horizontal(classes="row"):
            yield Static("", classes="label", markup=False)
            yield Tick("Ping it first: add it only if it answers as this node", True, "ping")
        yield Static("", id="verdict", markup=False)

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [
            ("cancel", "Cancel  esc", False),
            ("anyway", "Add without ping  ctrl+n", False),
            ("add", "Add  ctrl+s", False),
        ]

    def on_mount(self) -> None:
        self.query_one("#anyway").display = False
        self._judge()

    @property
    def typed(self) -> Typed:
        return Typed(*(self.query_one(f"#{name}", Input).value for name, *_ in FIELDS))

    def _judge(self) -> Verdict:
        known, names = self._known(), self._names()
        verdict = judged(self.typed, self._own, known, names)
        line = self.query_one("#verdict", Static)
        line.update(verdict.says)
        line.set_class(verdict.is_wrong, "-wrong")
        line.set_class(verdict.draft is not None, "-right")
        return verdict

    @on(Input.Changed)
    def _typed_more(self, event: Input.Changed) -> None:
        event.stop()
        self.wrong("")
        self.query_one("#anyway").display = False
        if event.input.id in self._lengths:
            grown = len(event.value) - self._lengths[event.input.id]
            self._lengths[event.input.id] = len(event.value)
            if grown >= PASTED:
                self._spread()
        self._judge()

    @on(events.DescendantBlur)
    def _left_field(self) -> None:
        self._spread()

    def _spread(self) -> None:
        """Put what was pasted in one field where it belongs, and the cursor where something is missing."""
        before = self.typed
        after = spread_out(before)
        if after == before:
            return
        for name, *_ in FIELDS:
            self.query_one(f"#{name}", Input).value = getattr(after, name)
        self._lengths = {"node": len(after.node), "host": len(after.host)}
        self.query_one("#name" if after.port else "#host", Input).focus()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        """Enter goes on to the next field, and from the last one it adds."""
        event.stop()
        self._spread()
        if event.input.id == FIELDS[-1][0]:
            self.action_add()
        elif self.focused is event.input:
            self.focus_next(Input)

    def chosen(self, button: str) -> None:
        if button == "anyway":
            self.action_add_anyway()
        else:
            self.action_add()

    def action_add(self) -> None:
        self._submit(self.query_one(Tick).is_on)

    def action_add_anyway(self) -> None:
        if self.query_one("#anyway").display:
            self._submit(False)

    def _submit(self, ping: bool) -> None:
        self._spread()
        verdict = self._judge()
        if verdict.draft is None:
            self.wrong(verdict.says)
        elif not self._is_busy:
            self.do(self._carry_out(verdict.draft, ping), "add")

    async def _carry_out(self, draft: Draft, ping: bool) -> None:
        self._busy(True)
        self.wrong("")
        if ping:
            self.query_one("#verdict", Static).update(sentence("Asking $where …", where=str(draft.address)))
        try:
            await self._add(draft, ping)
        except PkError as error:  # not if it is called off: then the dialog is gone
            self._busy(False)
            if not isinstance(error, Unreachable):
                raise
            self.wrong(
                Content.assemble(
                    shown(reason(error), 300),
                    " Nothing was added. Correct it, or add it without asking (ctrl+n): it is then tried again and again.",
                )
            )
            self.query_one("#anyway").display = True
        else:
            self.dismiss(draft.node_id)

    def _busy(self, busy: bool) -> None:
        self._is_busy = busy
        self.query_one("#add", Button).disabled = busy
        if not busy:
            self._judge()
