"""New SSH keys: an Ed25519 pair in OpenSSH's own forms. Where it is kept, and that it is kept sealed, is the vault's.

The private part is written without a passphrase (PROTOCOL.key of OpenSSH): it lies in a vault, and programs that fetch it from
there would need the passphrase beside it.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from dataclasses import dataclass

import nacl.bindings

from pk_tui.crypto.entropy import random_bytes
from pk_tui.errors import Misuse
from pk_tui.plaintext import Plaintext
from pk_tui.safe_text import is_safe_character

MAX_COMMENT = 255
_KIND = b"ssh-ed25519"
_LINE = 70


@dataclass(frozen=True, slots=True)
class SshKey:
    """`private`: the text of a key file; `public`: the line for authorized_keys; `fingerprint`: as `ssh-keygen -l` shows it."""

    private: Plaintext
    public: str
    fingerprint: str


def new_ssh_key(comment: str = "") -> SshKey:
    """A new pair. Raises Misuse for a comment that is not one line of plain text."""
    if len(comment) > MAX_COMMENT or not all(map(is_safe_character, comment)) or comment != comment.strip():
        raise Misuse(f"The comment of an SSH key is one line of at most {MAX_COMMENT} characters that show.")
    seed = random_bytes(32)
    public, secret = nacl.bindings.crypto_sign_seed_keypair(seed)  # secret: seed ‖ public, as OpenSSH has it
    blob = _text(_KIND) + _text(public)
    return SshKey(
        _private(blob, public, secret, comment.encode()),
        " ".join(filter(None, (_KIND.decode(), base64.b64encode(blob).decode(), comment))),
        "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("="),
    )


def _private(blob: bytes, public: bytes, secret: bytes, comment: bytes) -> Plaintext:
    check = random_bytes(4)
    body = check + check + _text(_KIND) + _text(public) + _text(secret) + _text(comment)
    body += bytes(range(1, -len(body) % 8 + 1))
    whole = b"openssh-key-v1\0" + _text(b"none") + _text(b"none") + _text(b"") + struct.pack(">I", 1)
    encoded = base64.b64encode(whole + _text(blob) + _text(body))
    lines = [encoded[at : at + _LINE] for at in range(0, len(encoded), _LINE)]
    return Plaintext(
        b"\n".join([b"-----BEGIN OPENSSH PRIVATE KEY-----", *lines, b"-----END OPENSSH PRIVATE KEY-----", b""])
    )


def _text(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content
