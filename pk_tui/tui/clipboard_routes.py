"""Which ways lead to a clipboard from here, best first. Decides only; `clipboard` goes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Command = tuple[str, ...]

BUFFER = "pk-tui"
"""The tmux buffer that is ours; a named one is never pushed out or taken for another."""
OVERWRITING = b" "
"""An empty text changes nothing in tmux and in some terminals; a space surely takes the value's place."""


@dataclass(frozen=True, slots=True)
class Step:
    """A program to run, and what it reads. The value itself is only ever read, never an argument."""

    command: Command
    reads: bytes = b""


@dataclass(frozen=True, slots=True)
class Route:
    """`copy` reads the value; `paste` prints what the clipboard holds (empty: nobody can look); `clear` takes it off.

    Without `copy` the terminal itself is asked, by OSC 52. `certain` is False where nobody can see whether it was cleared.
    """

    name: str
    copy: Command = ()
    paste: Command = ()
    clear: tuple[Step, ...] = ()
    certain: bool = True
    history_hint: str = ""
    """An option that keeps the value out of clipboard histories, which only newer versions of the program know."""


TERMINAL = Route("the terminal (OSC 52)", certain=False)


def routes(environment: Mapping[str, str], find: Callable[[str], str | None], platform: str) -> tuple[Route, ...]:
    """`find` gives a program's path. The terminal comes last, and not after tmux, which drops OSC 52 without a word."""
    found: list[Route] = []
    tmux = find("tmux") if environment.get("TMUX") else None
    if tmux:
        found.append(_tmux(tmux))
    if not (
        environment.get("SSH_CONNECTION") or environment.get("SSH_TTY")
    ):  # else it is the other machine's clipboard
        found += _local(environment, find, platform)
    if not tmux:
        found.append(TERMINAL)
    return tuple(found)


def _tmux(tmux: str) -> Route:
    load = (tmux, "load-buffer", "-w", "-b", BUFFER, "-")  # -w: the outer terminal's clipboard gets it too
    return Route(
        "tmux",
        copy=load,
        paste=(tmux, "save-buffer", "-b", BUFFER, "-"),
        clear=(Step(load, OVERWRITING), Step((tmux, "delete-buffer", "-b", BUFFER))),
    )


def _local(environment: Mapping[str, str], find: Callable[[str], str | None], platform: str) -> list[Route]:
    found: list[Route] = []
    if environment.get("WAYLAND_DISPLAY") and (copy := find("wl-copy")):
        paste = find("wl-paste")
        found.append(
            Route(
                "wl-copy",
                copy=(copy, "--type", "text/plain"),
                paste=(paste, "--no-newline", "--type", "text/plain") if paste else (),
                clear=(Step((copy, "--clear")),),
                certain=paste is not None,
                history_hint="--sensitive",
            )
        )
    if environment.get("DISPLAY") and (xclip := find("xclip")):
        copy_it = (xclip, "-selection", "clipboard", "-in")
        paste_it = (xclip, "-selection", "clipboard", "-out")
        found.append(Route("xclip", copy=copy_it, paste=paste_it, clear=(Step(copy_it),)))
    if environment.get("DISPLAY") and (xsel := find("xsel")):
        found.append(
            Route(
                "xsel",
                copy=(xsel, "--clipboard", "--input"),
                paste=(xsel, "--clipboard", "--output"),
                clear=(Step((xsel, "--clipboard", "--clear")),),
            )
        )
    if platform == "darwin" and (pbcopy := find("pbcopy")):
        pbpaste = find("pbpaste")
        prints: Command = (pbpaste,) if pbpaste else ()
        found.append(Route("pbcopy", copy=(pbcopy,), paste=prints, clear=(Step((pbcopy,)),), certain=bool(prints)))
    return found
