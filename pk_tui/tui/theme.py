"""Colours: two themes of our own beside Textual's, and which one a terminal can show."""

from __future__ import annotations

from collections.abc import Mapping

from textual.theme import Theme

_SHARED = {"block-cursor-text-style": "none"}
"""The row with the cursor is a shade of the background, so that dim, green and amber words stay readable on it."""
DARK = Theme(
    name="pk-dark",
    primary="#7aa2f7",
    secondary="#9d7cd8",
    accent="#e0af68",
    foreground="#c8d0e0",
    background="#12141c",
    surface="#181b26",
    panel="#222635",
    success="#9ece6a",
    warning="#e0af68",
    error="#f7768e",
    dark=True,
    variables={
        **_SHARED,
        "footer-key-foreground": "#e0af68",
        "border-blurred": "#343a4f",
        "scrollbar": "#3a4260",
        "scrollbar-hover": "#4a5478",
        "scrollbar-active": "#7aa2f7",
        "scrollbar-background": "#1b1f2b",
        "scrollbar-background-hover": "#1b1f2b",
        "scrollbar-background-active": "#1b1f2b",
        "block-cursor-background": "#2e3f6e",
        "block-cursor-foreground": "#e8ecf6",
        "block-cursor-blurred-background": "#252b40",
        "block-cursor-blurred-foreground": "#c8d0e0",
    },
)
LIGHT = Theme(
    name="pk-light",
    primary="#2e5cb8",
    secondary="#7847bd",
    accent="#8f5e15",
    foreground="#2c3140",
    background="#f4f5f8",
    surface="#ffffff",
    panel="#e3e6ee",
    success="#3d7a1f",
    warning="#8f5e15",
    error="#c0304a",
    dark=False,
    variables={
        **_SHARED,
        "footer-key-foreground": "#8f5e15",
        "border-blurred": "#c3c8d6",
        "scrollbar": "#b6bfd3",
        "scrollbar-hover": "#98a4c0",
        "scrollbar-active": "#2e5cb8",
        "scrollbar-background": "#e8ebf2",
        "scrollbar-background-hover": "#e8ebf2",
        "scrollbar-background-active": "#e8ebf2",
        "block-cursor-background": "#cadaf8",
        "block-cursor-foreground": "#1b2130",
        "block-cursor-blurred-background": "#e2e7f2",
        "block-cursor-blurred-foreground": "#2c3140",
    },
)
OURS = (DARK, LIGHT)
COLOURLESS = "ansi-dark"
"""The one kind of theme that sends no colour of its own: under NO_COLOR Textual still sends greys with any other."""


_FEW_COLOURS = ("linux", "xterm-16color", "screen", "vt100", "vt220", "ansi")
"""Terminals that show 16 colours, by the name in TERM."""


def shows_few_colours(environment: Mapping[str, str]) -> bool:
    depth = environment.get("TEXTUAL_COLOR_SYSTEM", "")
    return bool(environment.get("NO_COLOR")) or depth == "standard" or environment.get("TERM", "") in _FEW_COLOURS


def theme_for(wanted: str, known: Mapping[str, object], environment: Mapping[str, str]) -> str:
    """The theme to begin with: the wanted one where the terminal can show it."""
    if shows_few_colours(environment):
        return wanted if wanted.startswith("ansi-") and wanted in known else COLOURLESS
    return wanted if wanted in known else DARK.name


def choices(known: Mapping[str, object], environment: Mapping[str, str]) -> list[str]:
    """What can be chosen on this terminal: ours first, then Textual's."""
    ours = [one.name for one in OURS]
    names = [*ours, *sorted(name for name in known if name not in ours)]
    return [name for name in names if name.startswith("ansi-")] if shows_few_colours(environment) else names
