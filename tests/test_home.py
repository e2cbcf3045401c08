from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from platformdirs import user_data_dir

from pk_tui.control import client
from pk_tui.errors import Busy, PermissionDenied, StorageFailed
from pk_tui.home import MAX_SETTINGS, MAX_SOCKET_PATH, POINTER_NAME, SETTINGS_NAME, SOCKET_NAME, Home


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def no_umask():
    before = os.umask(0)
    yield
    os.umask(before)


def long_home(tmp_path: Path) -> Home:
    return Home(tmp_path / ("d" * 90) / "node")


def test_the_default_directory_is_the_platforms(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))

    assert Home().path == Path(user_data_dir("pk-tui"))


def test_nothing_is_made_before_it_is_asked_for(tmp_path):
    home = Home(tmp_path / "node")

    assert home.is_empty()
    assert not home.has_node()
    assert home.socket_path() == home.path / SOCKET_NAME
    assert not home.path.exists()


@pytest.mark.usefixtures("no_umask")
def test_everything_made_is_private_under_any_umask(tmp_path):
    home = Home(tmp_path / "above" / "node")
    with home.lock():
        assert mode(home.path) == 0o700
        assert mode(home.path / "lock") == 0o600


def test_a_directory_that_others_may_enter_is_closed(tmp_path):
    home = Home(tmp_path / "node")
    home.path.mkdir(mode=0o755)
    home.path.chmod(0o755)
    home.create()

    assert mode(home.path) == 0o700


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_a_directory_of_another_user_is_refused(tmp_path):
    home = Home(tmp_path / "node")
    home.path.mkdir()
    os.chown(home.path, 12345, 12345)

    with pytest.raises(PermissionDenied, match="another user"):
        home.create()


def test_a_file_in_the_place_of_the_directory_is_told(tmp_path):
    (tmp_path / "node").write_text("x")

    with pytest.raises(StorageFailed):
        Home(tmp_path / "node").create()


def test_two_processes_never_hold_one_node(tmp_path):
    home = Home(tmp_path / "node")
    with home.lock():
        script = f"from pk_tui.home import Home\nwith Home({str(home.path)!r}).lock(): pass"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert f"Another process (number {os.getpid()})" in done.stderr
        with pytest.raises(Busy, match=f"number {os.getpid()}"), home.lock():
            pass
    with home.lock():
        pass


def test_the_lock_of_a_dead_process_needs_nothing(tmp_path):
    home = Home(tmp_path / "node")
    script = f"import os\nfrom pk_tui.home import Home\nwith Home({str(home.path)!r}).lock(): os._exit(9)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 9

    with home.lock():
        assert (home.path / "lock").read_text() == str(os.getpid())


def test_a_lock_held_for_a_moment_makes_nobody_fail(tmp_path):
    home = Home(tmp_path / "node")
    home.create()
    script = (
        "import fcntl, os, sys, select\n"
        f"file = os.open({str(home.path / 'lock')!r}, os.O_RDWR | os.O_CREAT)\n"
        "fcntl.flock(file, fcntl.LOCK_SH)\nprint('held', flush=True)\nselect.select([], [], [], 0.1)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with home.lock():
            pass


def test_what_is_discarded_is_rubbish_until_its_last_file_is_gone(tmp_path, monkeypatch):
    """However far a killed process came with discarding, the next one finds an empty directory."""
    home = Home(tmp_path / "node")
    names = ["node.db.new", "node.db.new-journal", "node.db.new.layout1", "witness", "witness.new"]
    unlink, left = Path.unlink, 0

    def until(path, **named):
        nonlocal left
        if left == 0:
            raise InterruptedError
        left -= 1
        unlink(path, **named)

    for steps in range(len(names)):
        home.create()
        for name in names:
            (home.path / name).write_bytes(b"x")
        left = steps
        with monkeypatch.context() as patch:
            patch.setattr(Path, "unlink", until)
            with pytest.raises(InterruptedError):
                home.discard_unfinished()
        assert home.is_empty(), steps
        home.discard_unfinished()
        assert list(home.path.iterdir()) == []


def test_what_an_earlier_try_left_counts_as_empty_and_anything_else_does_not(tmp_path):
    home = Home(tmp_path / "node")
    with home.lock():
        home.log.touch()
        assert home.is_empty()
        for name in ("node.db.new", "node.db.new-wal", "witness"):
            (home.path / name).touch()
        assert home.is_empty()
        home.discard_unfinished()
        assert sorted(os.listdir(home.path)) == ["agent.log", "lock"]
        home.witness.touch()
        assert not home.is_empty()
        home.witness.unlink()
        (home.path / "notes.txt").touch()
        assert not home.is_empty()


def test_a_finished_database_gets_its_name(tmp_path):
    home = Home(tmp_path / "node")
    home.create()
    home.unfinished_database.write_bytes(b"whole")
    home.finish_database()

    assert home.has_node()
    assert home.database.read_bytes() == b"whole"
    assert not home.is_empty()


@pytest.fixture
def node_home(tmp_path):
    """The directory of something that counts as a node."""
    home = Home(tmp_path / "node")
    home.create()
    home.database.touch()
    return home


@pytest.mark.usefixtures("no_umask")
def test_settings_are_kept_privately_and_come_back(node_home):
    assert node_home.load_settings() == {}
    node_home.save_settings({"theme": "dark", "idle minutes": 5})
    node_home.save_settings({"theme": "ø"})

    assert node_home.load_settings() == {"theme": "ø"}
    assert mode(node_home.path / SETTINGS_NAME) == 0o600
    assert sorted(os.listdir(node_home.path)) == ["node.db", SETTINGS_NAME]


def test_before_there_is_a_node_nothing_is_saved(tmp_path):
    home = Home(tmp_path / "node")
    home.save_settings({"theme": "dark"})
    assert not home.path.exists()
    home.create()
    home.save_settings({"theme": "dark"})
    assert list(home.path.iterdir()) == []


def test_settings_do_not_hinder_a_new_node(tmp_path):
    home = Home(tmp_path / "node")
    home.create()
    for name in (SETTINGS_NAME, f"{SETTINGS_NAME}.new"):
        (home.path / name).touch()

    assert home.is_empty()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[1]",
        b"5",
        b'"x"',
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"a": "' + b"x" * MAX_SETTINGS + b'"}',
        b"{}\x00",
        b'{"a": 1}' + b" " * MAX_SETTINGS,
    ],
    ids=lambda content: str(content[:8]),
)
def test_settings_that_are_none_are_none(node_home, content):
    (node_home.path / SETTINGS_NAME).write_bytes(content)

    assert node_home.load_settings() == {}


def test_what_is_no_file_of_ours_holds_nothing_up_and_is_not_followed(node_home, tmp_path):
    place = node_home.path / SETTINGS_NAME
    os.mkfifo(place)
    assert node_home.load_settings() == {}
    place.unlink()
    (tmp_path / "elsewhere").write_text('{"theme": "x"}')
    place.symlink_to(tmp_path / "elsewhere")
    assert node_home.load_settings() == {}
    node_home.save_settings({"theme": "y"})
    assert (tmp_path / "elsewhere").read_text() == '{"theme": "x"}'
    assert node_home.load_settings() == {"theme": "y"}
    place.unlink()
    place.mkdir()
    assert node_home.load_settings() == {}


def test_settings_that_cannot_be_saved_are_told_and_the_old_ones_stay(node_home):
    node_home.save_settings({"theme": "old"})
    with pytest.raises(StorageFailed, match="KiB"):
        node_home.save_settings({"theme": "x" * MAX_SETTINGS})
    assert node_home.load_settings() == {"theme": "old"}
    (node_home.path / SETTINGS_NAME).unlink()
    (node_home.path / SETTINGS_NAME).mkdir()
    with pytest.raises(StorageFailed, match="could not be saved"):
        node_home.save_settings({"theme": "new"})
    assert not (node_home.path / f"{SETTINGS_NAME}.new").exists()


def test_what_a_broken_off_save_left_is_no_hindrance(node_home, tmp_path):
    (node_home.path / f"{SETTINGS_NAME}.new").symlink_to(tmp_path / "elsewhere")
    node_home.save_settings({"theme": "y"})

    assert not (tmp_path / "elsewhere").exists()
    assert node_home.load_settings() == {"theme": "y"}


def test_a_short_path_holds_the_socket_itself(tmp_path):
    home = Home(tmp_path / "node")
    home.create()

    assert home.claim_socket() == home.path / SOCKET_NAME
    assert not (home.path / POINTER_NAME).exists()


def test_a_long_path_gets_a_short_private_directory_that_goes_with_the_socket(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/tmp")
    home = long_home(tmp_path)
    home.create()
    path = home.claim_socket()

    assert len(os.fsencode(path)) <= MAX_SOCKET_PATH
    assert mode(path.parent) == 0o700
    assert mode(home.path / POINTER_NAME) == 0o600
    assert home.socket_path() == path

    home.drop_socket()
    assert not path.parent.exists()
    assert not (home.path / POINTER_NAME).exists()
    assert home.socket_path() is None


def test_a_socket_left_by_a_dead_holder_is_replaced(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/tmp")
    for home in (Home(tmp_path / "node"), long_home(tmp_path)):
        home.create()
        left = home.claim_socket()
        with socket.socket(socket.AF_UNIX) as line:
            line.bind(str(left))
        path = home.claim_socket()
        assert not path.exists()
        home.drop_socket()
        assert not left.exists()


def test_no_short_place_at_all_is_told(tmp_path, monkeypatch):
    deep = tmp_path / ("r" * 100)
    deep.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    home = long_home(tmp_path)
    home.create()

    with pytest.raises(StorageFailed, match="TMPDIR"):
        home.claim_socket()
    assert list(deep.iterdir()) == []


def test_the_client_which_cannot_import_this_knows_the_same_names(tmp_path):
    assert (client.SOCKET_NAME, client.POINTER_NAME, client.MAX_SOCKET_PATH) == (
        SOCKET_NAME,
        POINTER_NAME,
        MAX_SOCKET_PATH,
    )
