"""A new SSH key is one that OpenSSH's own program reads, with the same public part and fingerprint."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pk_tui.crypto import entropy
from pk_tui.crypto.sshkey import new_ssh_key
from pk_tui.errors import Misuse

KEYGEN = shutil.which("ssh-keygen")


@pytest.mark.skipif(KEYGEN is None, reason="there is no ssh-keygen here")
@pytest.mark.parametrize(
    "comment", ["", "a", "ada@host", "ada's laptop, ünïcode", "x" * 255, *("y" * n for n in range(2, 9))]
)
def test_ssh_keygen_reads_the_key(tmp_path: Path, comment: str) -> None:
    assert KEYGEN is not None
    made = new_ssh_key(comment)
    file = tmp_path / "key"
    file.touch(0o600)
    file.write_bytes(made.private.reveal())
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}

    def told(*argv: str) -> str:
        done = subprocess.run([KEYGEN, *argv, "-f", str(file)], capture_output=True, check=True, env=environment)
        return done.stdout.decode().strip()

    assert told("-y") == made.public
    assert told("-l").split()[1] == made.fingerprint

    public = tmp_path / "key.pub"
    public.write_text(made.public + "\n")
    done = subprocess.run([KEYGEN, "-l", "-f", str(public)], capture_output=True, check=True, env=environment)
    assert done.stdout.decode().split()[1] == made.fingerprint


@pytest.mark.skipif(KEYGEN is None, reason="there is no ssh-keygen here")
def test_what_the_key_signs_its_public_part_verifies(tmp_path: Path) -> None:
    assert KEYGEN is not None
    made = new_ssh_key("ada")
    file, message = tmp_path / "key", tmp_path / "message"
    file.touch(0o600)
    file.write_bytes(made.private.reveal())
    message.write_bytes(b"hello")
    (tmp_path / "allowed").write_text(f"ada {made.public}\n")

    subprocess.run([KEYGEN, "-Y", "sign", "-f", file, "-n", "file", message], capture_output=True, check=True)

    verify = ["-Y", "verify", "-f", tmp_path / "allowed", "-I", "ada", "-n", "file", "-s", f"{message}.sig"]
    subprocess.run([KEYGEN, *verify], input=b"hello", capture_output=True, check=True)
    assert subprocess.run([KEYGEN, *verify], input=b"other", capture_output=True, check=False).returncode != 0


def test_the_form_of_a_key() -> None:
    with entropy.seeded(b"key"):
        made = new_ssh_key("ada@host")
        other = new_ssh_key("ada@host")

    lines = made.private.reveal().decode().splitlines()
    assert (lines[0], lines[-1]) == ("-----BEGIN OPENSSH PRIVATE KEY-----", "-----END OPENSSH PRIVATE KEY-----")
    assert max(map(len, lines[1:-1])) == 70
    raw = base64.b64decode("".join(lines[1:-1]))
    assert raw.startswith(b"openssh-key-v1\0\0\0\0\x04none\0\0\0\x04none\0\0\0\0\0\0\0\x01")
    assert made.public.split()[::2] == ["ssh-ed25519", "ada@host"]
    assert made.public != other.public


@pytest.mark.parametrize("comment", ["two\nlines", "\x1b[2J", " ", "x" * 256, "\u202e", "\ud800"])
def test_a_comment_that_is_not_one_plain_line_is_refused(comment: str) -> None:
    with pytest.raises(Misuse):
        new_ssh_key(comment)


def test_a_private_key_does_not_print() -> None:
    assert "OPENSSH" not in repr(new_ssh_key())
