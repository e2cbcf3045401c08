"""KDBX files as a hostile hand makes them: any XML, any header. Written here from the format's description, not by pykeepass."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import struct

from Cryptodome.Cipher import AES, ChaCha20

AES_256 = bytes.fromhex("31c1f2e6bf714350be5805216afc5aff")
AES_KDF = bytes.fromhex("c9d9f39a628a4460bf740d08c18a4fea")
ARGON2D = bytes.fromhex("ef636ddf8c29444b91f7a9a403e30a0c")
SIGNATURE = bytes.fromhex("03d9a29a67fb4bb5")
PASSWORD = b"throw-away"

EMPTY = b"<KeePassFile><Meta/><Root><Group><Name>Root</Name></Group></Root></KeePassFile>"


def file_with(groups: str, meta: str = "") -> bytes:
    """XML of a database whose root group holds this."""
    return (
        f"<?xml version='1.0' encoding='utf-8'?>\n<KeePassFile><Meta>{meta}</Meta>"
        f"<Root><Group><UUID>AAAAAAAAAAAAAAAAAAAAAA==</UUID><Name>Root</Name>{groups}</Group></Root></KeePassFile>"
    ).encode()


def entry(title: str, more: str = "", **fields: str) -> str:
    strings = {"Title": title, **fields}
    texts = "".join(f"<String><Key>{key}</Key><Value>{value}</Value></String>" for key, value in strings.items())
    return f"<Entry><UUID>AQAAAAAAAAAAAAAAAAAAAA==</UUID>{texts}{more}</Entry>"


def protected(value: bytes) -> str:
    """The first protected value of a KDBX 4 file, as it stands in the XML."""
    key = hashlib.sha512(b"k" * 64).digest()
    sealed = ChaCha20.new(key=key[:32], nonce=key[32:44]).encrypt(value)
    return f'<Value Protected="True">{base64.b64encode(sealed).decode()}</Value>'


def variant(kind: int, name: bytes, value: bytes) -> bytes:
    return bytes((kind,)) + struct.pack("<I", len(name)) + name + struct.pack("<I", len(value)) + value


def aes_variants(rounds: int = 10) -> bytes:
    return (
        variant(0x42, b"$UUID", AES_KDF)
        + variant(0x05, b"R", struct.pack("<Q", rounds))
        + variant(0x42, b"S", b"s" * 32)
    )


def argon2_variants(memory: int = 64 * 1024, passes: int = 1, lanes: int = 1, version: int = 0x13) -> bytes:
    return (
        variant(0x42, b"$UUID", ARGON2D)
        + variant(0x05, b"I", struct.pack("<Q", passes))
        + variant(0x05, b"M", struct.pack("<Q", memory))
        + variant(0x04, b"P", struct.pack("<I", lanes))
        + variant(0x42, b"S", b"s" * 32)
        + variant(0x04, b"V", struct.pack("<I", version))
    )


def kdbx4_header(kdf: bytes, cipher: bytes = AES_256) -> bytes:
    fields = [
        (2, cipher),
        (3, struct.pack("<I", 1)),
        (4, b"m" * 32),
        (7, b"i" * 16),
        (11, b"\x00\x01" + kdf + b"\0"),
        (0, b"\r\n\r\n"),
    ]
    return SIGNATURE + struct.pack("<HH", 0, 4) + b"".join(struct.pack("<BI", n, len(v)) + v for n, v in fields)


def kdbx4(xml: bytes, binaries: tuple[bytes, ...] = (), packed: bytes | None = None) -> bytes:
    """Sealed with PASSWORD by AES-KDF of 10 rounds. `packed`: what stands in place of the compressed payload."""
    header = kdbx4_header(aes_variants())
    transformed = _aes_kdf(b"s" * 32, 10)
    inner = struct.pack("<BII", 1, 4, 3) + struct.pack("<BI", 2, 64) + b"k" * 64
    inner += b"".join(struct.pack("<BI", 3, len(one) + 1) + b"\0" + one for one in binaries) + struct.pack("<BI", 0, 0)
    sealed = _sealed(hashlib.sha256(b"m" * 32 + transformed).digest(), packed or gzip.compress(inner + xml))
    seed = hashlib.sha512(b"m" * 32 + transformed + b"\x01").digest()
    out = header + hashlib.sha256(header).digest()
    out += hmac.new(hashlib.sha512(b"\xff" * 8 + seed).digest(), header, hashlib.sha256).digest()
    for number, block in enumerate((sealed, b"")):
        place = struct.pack("<Q", number)
        said = place + struct.pack("<I", len(block)) + block
        out += hmac.new(hashlib.sha512(place + seed).digest(), said, hashlib.sha256).digest()
        out += struct.pack("<I", len(block)) + block
    return out


def kdbx3(xml: bytes, rounds: int = 10) -> bytes:
    fields = [
        (2, AES_256),
        (3, struct.pack("<I", 1)),
        (4, b"m" * 32),
        (5, b"s" * 32),
        (6, struct.pack("<Q", rounds)),
        (7, b"i" * 16),
        (8, b"p" * 32),
        (9, b"b" * 32),
        (10, struct.pack("<I", 2)),
        (0, b"\r\n\r\n"),
    ]
    header = SIGNATURE + struct.pack("<HH", 1, 3) + b"".join(struct.pack("<BH", n, len(v)) + v for n, v in fields)
    packed = gzip.compress(xml)
    blocks = struct.pack("<I", 0) + hashlib.sha256(packed).digest() + struct.pack("<I", len(packed)) + packed
    blocks += struct.pack("<I", 1) + bytes(32) + struct.pack("<I", 0)
    key = hashlib.sha256(b"m" * 32 + _aes_kdf(b"s" * 32, min(rounds, 1000))).digest()
    return header + _sealed(key, b"b" * 32 + blocks)


def _aes_kdf(seed: bytes, rounds: int) -> bytes:
    key = hashlib.sha256(hashlib.sha256(PASSWORD).digest()).digest()
    for _ in range(rounds):
        key = AES.new(seed, AES.MODE_ECB).encrypt(key)
    return hashlib.sha256(key).digest()


def _sealed(key: bytes, content: bytes) -> bytes:
    missing = 16 - len(content) % 16
    return AES.new(key, AES.MODE_CBC, b"i" * 16).encrypt(content + bytes((missing,)) * missing)
