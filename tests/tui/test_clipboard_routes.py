from __future__ import annotations

import pytest

from pk_tui.tui.clipboard_routes import routes

ALL = {name: f"/bin/{name}" for name in ("tmux", "wl-copy", "wl-paste", "xclip", "xsel", "pbcopy", "pbpaste")}
DESKTOP = {"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}
TERMINAL = "the terminal (OSC 52)"
SSH = {"SSH_CONNECTION": "198.51.100.1 1 198.51.100.2 22"}


@pytest.mark.parametrize(
    ("environment", "programs", "platform", "names"),
    [
        ({}, "", "linux", [TERMINAL]),
        ({}, "tmux wl-copy xclip xsel", "linux", [TERMINAL]),
        ({"TMUX": "/tmp/x,1,0"}, "tmux", "linux", ["tmux"]),
        ({"TMUX": "/tmp/x,1,0"} | DESKTOP, "tmux wl-copy wl-paste", "linux", ["tmux", "wl-copy"]),
        ({"TMUX": "/tmp/x,1,0"}, "", "linux", [TERMINAL]),
        ({"TMUX": ""}, "tmux", "linux", [TERMINAL]),
        ({"TMUX": "/tmp/x,1,0"} | DESKTOP | SSH, "tmux wl-copy xclip", "linux", ["tmux"]),
        (DESKTOP, "wl-copy wl-paste xclip xsel", "linux", ["wl-copy", "xclip", "xsel", TERMINAL]),
        (DESKTOP, "xclip", "linux", ["xclip", TERMINAL]),
        ({"DISPLAY": ":0"}, "wl-copy xsel", "linux", ["xsel", TERMINAL]),
        (DESKTOP | SSH, "wl-copy xclip xsel", "linux", [TERMINAL]),
        (DESKTOP | {"SSH_TTY": "/dev/pts/1"}, "wl-copy xclip", "linux", [TERMINAL]),
        ({}, "pbcopy pbpaste", "darwin", ["pbcopy", TERMINAL]),
        ({}, "pbcopy", "linux", [TERMINAL]),
        (SSH, "pbcopy pbpaste", "darwin", [TERMINAL]),
    ],
)
def test_the_ways_to_a_clipboard(environment: dict[str, str], programs: str, platform: str, names: list[str]) -> None:
    there = {name: ALL[name] for name in programs.split()}
    assert [route.name for route in routes(environment, there.get, platform)] == names


def test_where_nobody_can_look_it_is_not_called_certain() -> None:
    without = {"wl-copy": "/bin/wl-copy", "pbcopy": "/bin/pbcopy"}
    found = routes(DESKTOP, without.get, "darwin")
    assert [(route.name, route.certain) for route in found] == [
        ("wl-copy", False),
        ("pbcopy", False),
        (TERMINAL, False),
    ]
    assert all(route.certain for route in routes(DESKTOP, ALL.get, "darwin")[:-1])


def test_tmux_hands_it_to_the_outer_terminal_and_overwrites_it_there_before_the_buffer_goes() -> None:
    (route,) = routes({"TMUX": "/tmp/x,1,0"}, {"tmux": "/bin/tmux"}.get, "linux")
    assert route.copy == ("/bin/tmux", "load-buffer", "-w", "-b", "pk-tui", "-")
    assert [step.command[1] for step in route.clear] == ["load-buffer", "delete-buffer"]
    assert route.clear[0].reads == b" "
