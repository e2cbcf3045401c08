from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pk_tui.control.editor import MAX_EDITED, child_environment, edit_privately, editor_command
from pk_tui.errors import Cancelled, Misuse


@pytest.fixture
def place(tmp_path: Path, monkeypatch) -> Path:
    """Where private directories are made."""
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    monkeypatch.delenv("VISUAL", raising=False)
    return runtime


def editor(tmp_path: Path, script: str, monkeypatch) -> None:
    program = tmp_path / "an editor"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setenv("EDITOR", f"'{program}'")


def test_what_the_editor_leaves_comes_back_and_the_file_is_gone(place, tmp_path, monkeypatch):
    editor(
        tmp_path,
        f'cat "$1" > {tmp_path}/seen; stat -c "%a" "$1" "$(dirname "$1")" > {tmp_path}/modes; printf new > "$1"',
        monkeypatch,
    )

    assert edit_privately(b"old\x00\xff", ".yaml", "/") == b"new"
    assert (tmp_path / "seen").read_bytes() == b"old\x00\xff"
    assert (tmp_path / "modes").read_text().split() == ["600", "700"]
    assert list(place.iterdir()) == []


def test_the_file_is_private_under_any_umask(place, tmp_path, monkeypatch):
    editor(tmp_path, f'stat -c "%a" "$1" "$(dirname "$1")" > {tmp_path}/modes', monkeypatch)
    before = os.umask(0)
    try:
        edit_privately(b"", "", "/")
    finally:
        os.umask(before)

    assert (tmp_path / "modes").read_text().split() == ["600", "700"]


def test_an_editor_that_replaces_the_file_by_a_new_one_is_fine(place, tmp_path, monkeypatch):
    editor(tmp_path, 'printf new > "$1.tmp" && mv "$1.tmp" "$1"', monkeypatch)

    assert edit_privately(b"old", "", "/") == b"new"


def test_no_pk_variable_reaches_the_editor(place, tmp_path, monkeypatch):
    monkeypatch.setenv("PK_PASSWORD", "secret")
    monkeypatch.setenv("PK_NODE_PATH", "/x")
    editor(tmp_path, f"env > {tmp_path}/env", monkeypatch)
    edit_privately(b"", "", "/")

    assert "PATH=" in (tmp_path / "env").read_text()
    assert "PK_" not in (tmp_path / "env").read_text()
    assert not any(name.startswith("PK_") for name in child_environment())


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("exit 3", "code 3"),
        ("kill -9 $$", "signal 9"),
        ('rm "$1"', "removed the file"),
        ('rm "$1"; ln -s /etc/passwd "$1"', "not a file"),
        ('rm "$1"; mkdir "$1"', "not a file"),
    ],
)
def test_an_editor_that_fails_saves_nothing_and_leaves_nothing(place, tmp_path, monkeypatch, script, sentence):
    editor(tmp_path, script, monkeypatch)
    with pytest.raises(Cancelled, match=sentence):
        edit_privately(b"old", "", "/")

    assert list(place.iterdir()) == []


def test_an_editor_that_is_not_there_is_named(place, monkeypatch):
    monkeypatch.setenv("EDITOR", "no-such-editor --wait")
    with pytest.raises(Cancelled, match="no-such-editor"):
        edit_privately(b"old", "", "/")

    assert list(place.iterdir()) == []


def test_more_than_can_be_taken_back_is_refused(place, tmp_path, monkeypatch):
    editor(tmp_path, f'truncate -s {MAX_EDITED + 1} "$1"', monkeypatch)
    with pytest.raises(Misuse, match="too large"):
        edit_privately(b"old", "", "/")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_file_is_gone_when_the_program_is_ended_while_the_editor_runs(place, tmp_path, monkeypatch, number):
    os.mkfifo(tmp_path / "started")
    editor(tmp_path, f"echo > {tmp_path}/started; exec sleep 30", monkeypatch)
    script = "from pk_tui.control.editor import edit_privately; edit_privately(b'old', '', '/')"
    with subprocess.Popen([sys.executable, "-c", script]) as process:
        (tmp_path / "started").read_bytes()
        assert len(list(place.iterdir())) == 1
        process.send_signal(number)
        assert process.wait(60) == -number

    assert list(place.iterdir()) == []


def test_an_interrupt_is_the_editors_alone(place, tmp_path, monkeypatch):
    editor(
        tmp_path, 'trap "printf interrupted > \\"$1\\"; exit 0" INT; kill -INT $PPID; kill -INT $$; exit 1', monkeypatch
    )

    assert edit_privately(b"old", "", "/") == b"interrupted"


def test_without_a_place_in_memory_the_nodes_directory_is_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", "relative")
    monkeypatch.setattr(os.path, "isdir", lambda path, really=os.path.isdir: path != "/dev/shm" and really(path))
    node = tmp_path / "node"
    node.mkdir()
    editor(tmp_path, 'dirname "$(dirname "$1")" > "$1"', monkeypatch)

    assert edit_privately(b"", "", str(node)).strip() == os.fsencode(node)
    assert stat.S_ISDIR(node.stat().st_mode)
    assert list(node.iterdir()) == []


def test_the_editor_is_visual_then_editor_then_vi():
    assert editor_command({"VISUAL": "code --wait", "EDITOR": "ed"}) == ["code", "--wait"]
    assert editor_command({"VISUAL": "", "EDITOR": "ed"}) == ["ed"]
    assert editor_command({})[0] == "vi"


@pytest.mark.parametrize("command", ["'", "   "])
def test_an_editor_that_is_no_command_is_told(command):
    with pytest.raises(Misuse):
        editor_command({"EDITOR": command})


def test_vim_by_another_name_is_vim(tmp_path):
    (tmp_path / "vim.basic").touch(mode=0o700)
    (tmp_path / "vi").symlink_to("vim.basic")

    assert "NONE" in editor_command({"EDITOR": str(tmp_path / "vi")})


def test_vim_is_told_to_keep_no_copies():
    words = editor_command({"EDITOR": "/usr/bin/vim -p"})

    assert words[:3] == ["/usr/bin/vim", "-n", "-i"]
    assert words[-1] == "-p"


@pytest.mark.parametrize(
    ("ending", "name"), [(".yaml", "secret.yaml"), (".a b", "secret"), (".\x1b", "secret"), ("", "secret")]
)
def test_only_a_plain_ending_becomes_part_of_the_files_name(place, tmp_path, monkeypatch, ending, name):
    editor(tmp_path, 'basename "$1" > "$1.name"; mv "$1.name" "$1"', monkeypatch)

    assert edit_privately(b"", ending, "/").decode().strip() == name
