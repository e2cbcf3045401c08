"""Settings: the theme, tried on while choosing, and the times. Beneath them what cannot be set here but is asked for here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from pk_tui import __version__
from pk_tui.errors import Misuse
from pk_tui.tui import theme
from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.session import Session
from pk_tui.tui.settings import LIMITS, Settings
from pk_tui.tui.text import sentence

if TYPE_CHECKING:
    from pk_tui.tui.app import PkApp


@dataclass(frozen=True, slots=True)
class Time:
    """A number to set. `label` stands before it, `unit` after it."""

    name: str
    label: str
    unit: str

    @property
    def limits(self) -> str:
        low, high = LIMITS[self.name]
        return f"1-{high:,}, 0: never" if low == 0 else f"{low}-{high:,}"


TIMES = (
    Time("lock_minutes", "Lock the screen after", "idle minutes"),
    Time("close_minutes", "Lock the node after", "idle minutes"),
    Time("reveal_seconds", "Hide a value after", "seconds"),
    Time("clipboard_seconds", "Clear the clipboard after", "seconds"),
)


def taken(before: Settings, theme_name: str, typed: Mapping[str, str]) -> Settings:
    """The settings as entered. Raises Misuse, which names the field and its limits."""
    numbers: dict[str, int] = {}
    for time in TIMES:
        low, high = LIMITS[time.name]
        text = typed[time.name].strip()
        if not (text.isascii() and text.isdigit() and low <= int(text[:9]) <= high):
            raise Misuse(f"“{time.label}” takes a whole number ({time.limits}). Nothing was saved.")
        numbers[time.name] = int(text)
    return replace(before, theme=theme_name, **numbers)


class SettingsDialog(Dialog[None]):
    CSS_PATH = "settings.tcss"
    heading = Content("Settings")
    first = "themes"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save", show=False, id="settings.save", tooltip="Save these settings"),
        Binding("j", "move('cursor_down')", "Down", show=False, id="settings.down", tooltip="Next theme"),
        Binding("k", "move('cursor_up')", "Up", show=False, id="settings.up", tooltip="Theme before"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._chosen = session.settings.theme

    @property
    def pk(self) -> PkApp:
        return cast("PkApp", self.app)

    def body(self) -> ComposeResult:
        names = theme.choices(self.pk.available_themes, self.pk.environment)
        with Horizontal(id="settings"):
            with Vertical(id="theme"):
                yield Label("Theme", markup=False)
                yield OptionList(*(Option(Content(name), name) for name in names), id="themes", markup=False)
            with Vertical(id="times"):
                for time in TIMES:
                    value = str(getattr(self.session.settings, time.name))
                    yield Label(f"{time.label} …", markup=False)
                    with Horizontal(classes="time"):
                        yield Input(value, id=time.name, compact=True, max_length=5, select_on_focus=True)
                        yield Label(f" {time.unit} ({time.limits})", markup=False)
        yield Static(self._facts(), id="facts", markup=False)

    def _facts(self) -> Content:
        route: object = getattr(self.session.clipboard, "route", None)
        route = route() if callable(route) else route
        return sentence(
            "[dim]Clipboard[/dim]  $route\n[dim]Node     [/dim]  $place\n[dim]Version  [/dim]  $version\n"
            "[dim]Care     [/dim]  K among the vaults: check everything, tidy, back up to a file",
            route=str(route or "found out when something is copied"),
            place=self.session.situation.place,
            version=__version__,
        )

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [("cancel", "Cancel  esc", False), ("save", "Save  ctrl+s", False)]

    def on_mount(self) -> None:
        themes = self.query_one("#themes", OptionList)
        ids = [option.id for option in themes.options]
        themes.highlighted = ids.index(self.pk.theme) if self.pk.theme in ids else None
        themes.focus()

    @on(OptionList.OptionHighlighted, "#themes")
    def _try_on(self, event: OptionList.OptionHighlighted) -> None:
        """What shows already was not chosen: a theme this terminal cannot show stays set for those that can."""
        event.stop()
        is_stale = event.option_index != event.option_list.highlighted
        if event.option_id is not None and event.option_id != self.pk.theme and not is_stale:
            self._chosen = self.pk.theme = event.option_id

    @on(OptionList.OptionSelected)
    @on(Input.Submitted)
    def _next(self, event: OptionList.OptionSelected | Input.Submitted) -> None:
        event.stop()
        if isinstance(event, Input.Submitted) and event.input.id == TIMES[-1].name:
            self.action_save()
        else:
            self.focus_next()

    def action_move(self, way: str) -> None:
        themes = self.query_one("#themes", OptionList)
        if self.focused is themes:
            getattr(themes, f"action_{way}")()

    def chosen(self, button: str) -> None:
        self.action_save()

    def action_save(self) -> None:
        self.do(self._save(), "settings")

    async def _save(self) -> None:
        typed = {time.name: self.query_one(f"#{time.name}", Input).value for time in TIMES}
        settings = taken(self.session.settings, self._chosen, typed)
        self.session.front.save_settings(settings.kept())
        self.pk.settings = self.session.settings = settings
        self.dismiss(None)

    def on_unmount(self) -> None:
        """Called off, or swept away by the lock: what was only tried on comes off."""
        self.pk.theme = theme.theme_for(self.pk.settings.theme, self.pk.available_themes, self.pk.environment)
