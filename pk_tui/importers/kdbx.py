"""What a KDBX file may ask of us: its header is read here before any key is computed. Opening it is pykeepass' work.

A hostile file can ask for a key derivation that takes all memory or days, can grow a thousandfold when unpacked, and can hold
XML that grows again. pykeepass has no limits for any of these: the first is refused from the header, for the other two the
places where it unpacks and reads XML are replaced; and the one where it would alter a value that it cannot read, unsaid.
"""

from __future__ import annotations

import base64
import io
import struct
import zlib
from pathlib import Path
from typing import Any

from pk_tui.errors import Malformed, Misuse, WrongPassword
from pk_tui.importers.finding import count_in, shown
from pk_tui.plaintext import Plaintext

SIGNATURE = bytes.fromhex("03d9a29a67fb4bb5")
KDB_SIGNATURE = bytes.fromhex("03d9a29a65fb4bb5")
"""KeePass 1, which has another format."""
MAX_ROUNDS = 200_000_000
"""Of AES-KDF: some ten seconds. KeePassXC makes as many as take one second natively, some 30 million."""
MAX_MEMORY = 1024**3
"""Bytes for Argon2; KeePassXC offers up to 1 GiB, usual are 64 MiB."""
MAX_WORK = 64 * 1024**3
"""Argon2's memory times its passes: under a minute."""
MAX_LANES = 64
MAX_UNPACKED = 256 * 1024 * 1024
MAX_TAGS = 4_000_000
"""In the XML: each costs some 100 bytes of memory, however short it is. An entry has about sixty."""
UNREADABLE = "unreadable"
"""The attribute that marks a protected value which is no text, or none that XML can hold."""
_MAX_HEADER = 64 * 1024

_AES_KDF = bytes.fromhex("c9d9f39a628a4460bf740d08c18a4fea")
_ARGON2 = {bytes.fromhex("ef636ddf8c29444b91f7a9a403e30a0c"), bytes.fromhex("9e298b1956db4773b23dfc3ec6f0a1e6")}
_TWOFISH = bytes.fromhex("ad68f29f576f4bb9a36ad47af965346c")
MAX_TWOFISH = 1024 * 1024
"""Bytes of a file with this cipher, of which pykeepass has only a slow version."""
_NEEDED = {3: {2, 3, 4, 5, 6, 7}, 4: {2, 3, 4, 7, 11}}
_ZEROS = bytes(1024 * 1024)


class _Broken(Exception):
    """The header cannot be read."""


def open_kdbx(raw: bytes, path: Path, password: Plaintext | None, key_file: bytes | None) -> Any:
    """The database, as pykeepass gives it. Raises WrongPassword; Misuse for what it asks too much; Malformed for the rest."""
    if raw.startswith(KDB_SIGNATURE):
        raise Misuse(
            f"{shown(path)} is a database of KeePass 1. Open it in KeePassXC, save it as KDBX, and import that. "
            "Nothing was written."
        )
    try:
        require_bearable(raw, path)
    except (_Broken, struct.error, IndexError, ValueError) as error:
        raise Malformed(
            f"{shown(path)} is not a KDBX database, or its header is damaged. Nothing was written."
        ) from error
    if password is None and key_file is None:
        raise WrongPassword(f"{shown(path)} is sealed with a password, and none was given. Nothing was written.")
    return _opened(raw, path, password, key_file)


def require_bearable(raw: bytes, path: Path) -> None:
    """Raises Misuse if opening the file would take more memory or time than a person would wait for."""
    version, fields = read_header(raw)
    if fields[2] == _TWOFISH and len(raw) > MAX_TWOFISH:
        raise Misuse(
            f"{shown(path)} is encrypted with Twofish and has more than {MAX_TWOFISH // 1024**2} MiB. Choose AES or ChaCha20 in "
            "KeePass (database settings, security) and try again. Nothing was written."
        )
    if version == 3:
        rounds = struct.unpack("<Q", fields[6])[0]
        _require(rounds <= MAX_ROUNDS, path, f"{rounds:,} rounds of AES")
        return
    kdf = read_variants(fields[11])
    if kdf.get("$UUID") == _AES_KDF:
        rounds = _number(kdf, "R")
        _require(rounds <= MAX_ROUNDS, path, f"{rounds:,} rounds of AES")
    elif kdf.get("$UUID") in _ARGON2:
        memory, passes, lanes = _number(kdf, "M"), _number(kdf, "I"), _number(kdf, "P")
        _require(memory <= MAX_MEMORY, path, f"{memory // 1024**2:,} MiB of memory")
        _require(memory * passes <= MAX_WORK, path, f"{passes:,} passes over {memory // 1024**2:,} MiB")
        _require(lanes <= MAX_LANES, path, f"{lanes:,} lanes")
        # Argon2 itself takes at least eight blocks of 1 KiB a lane; what is below is no file that a program wrote.
        if not (passes and lanes and memory >= 8 * 1024 * lanes and _number(kdf, "V") in (0x10, 0x13)):
            raise _Broken
    else:
        raise _Broken


def _require(is_bearable: bool, path: Path, what: str) -> None:
    if not is_bearable:
        raise Misuse(
            f"{shown(path)} asks for {what} to make its key, which is more than is done here. If the file is yours, lower that "
            "in KeePass (database settings, security) and try again. Nothing was written."
        )


def _number(kdf: dict[str, object], name: str) -> int:
    value = kdf.get(name)
    if not isinstance(value, int) or value < 0:
        raise _Broken
    return value


def read_header(raw: bytes) -> tuple[int, dict[int, bytes]]:
    """The major version (3 or 4) and the header's fields. Raises _Broken, or struct.error where it is cut off."""
    if not raw.startswith(SIGNATURE):
        raise _Broken
    version = struct.unpack_from("<HH", raw, 8)[1]
    if version not in (3, 4):
        raise _Broken
    size = "<BH" if version == 3 else "<BI"
    at = 12
    fields: dict[int, bytes] = {}
    while at < _MAX_HEADER:
        number, length = struct.unpack_from(size, raw, at)
        at += struct.calcsize(size)
        if at + length > min(len(raw), _MAX_HEADER) or number in fields:
            raise _Broken
        fields[number] = raw[at : at + length]
        at += length
        if number == 0:
            if not _NEEDED[version] <= set(fields):
                raise _Broken
            return version, fields
    raise _Broken


_NUMBERS = {0x04: "<I", 0x05: "<Q", 0x0C: "<i", 0x0D: "<q"}


def read_variants(raw: bytes) -> dict[str, object]:
    """KDBX 4's dictionary of typed values: numbers, bytes; others are left as bytes."""
    at = 2
    found: dict[str, object] = {}
    while raw[at]:
        kind, length = struct.unpack_from("<BI", raw, at)
        at += 5
        name = raw[at : at + length].decode()
        at += length
        (length,) = struct.unpack_from("<I", raw, at)
        at += 4
        value = raw[at : at + length]
        if (
            len(value) != length or name in found
        ):  # of two values the one that was looked at must be the one that counts
            raise _Broken
        found[name] = struct.unpack(_NUMBERS[kind], value)[0] if kind in _NUMBERS else value
        at += length
    return found


def _opened(raw: bytes, path: Path, password: Plaintext | None, key_file: bytes | None) -> Any:
    from pykeepass import PyKeePass  # type: ignore[import-untyped]
    from pykeepass.exceptions import CredentialsError  # type: ignore[import-untyped]

    put_limits_in_place()
    try:
        text = password.reveal().decode() if password is not None else None
    except UnicodeDecodeError:
        raise WrongPassword(f"{shown(path)} does not open with this password, which is not UTF-8 text.") from None
    try:
        transformed = _transformed(raw, text, key_file)
        key = io.BytesIO(key_file) if key_file is not None else None
        return PyKeePass(io.BytesIO(raw), password=text, keyfile=key, transformed_key=transformed)
    except CredentialsError:
        what = "this password and key file" if key_file is not None else "this password"
        raise WrongPassword(f"{shown(path)} does not open with {what}. Nothing was written.") from None
    except TooLarge as error:
        raise Malformed(f"{shown(path)} cannot be taken: {error}. Nothing was written.") from None
    except (
        Exception
    ) as error:  # construct, lxml, zlib and others each have their own; what they say may quote the content
        raise Malformed(
            f"{shown(path)} is damaged, or of a form that is not known here ({type(error).__name__}). Nothing was written."
        ) from None


def _transformed(raw: bytes, password: str | None, key_file: bytes | None) -> bytes | None:
    """The result of AES-KDF, or None for Argon2. pykeepass makes one call a round, and holds up the whole program meanwhile."""
    version, fields = read_header(raw)
    if version == 3:
        seed, rounds = fields[5], struct.unpack("<Q", fields[6])[0]
    else:
        kdf = read_variants(fields[11])
        if kdf.get("$UUID") != _AES_KDF:
            return None
        salt = kdf.get("S")
        assert isinstance(salt, bytes)
        seed, rounds = salt, _number(kdf, "R")
    from pykeepass.kdbx_parsing.common import compute_key_composite  # type: ignore[import-untyped]

    key = io.BytesIO(key_file) if key_file is not None else None
    return aes_kdf(seed, rounds, compute_key_composite(password=password, keyfile=key))


def aes_kdf(seed: bytes, rounds: int, key: bytes) -> bytes:
    """Each half of `key` encrypted `rounds` times. A chain of blocks of zeros (CBC) is just that, in one call a MiB."""
    import hashlib

    from pykeepass.kdbx_parsing.common import AES

    halves = []
    for half in (key[:16], key[16:]):
        chain = AES.new(seed, AES.MODE_CBC, half)
        left = rounds
        while left > 0:
            step = min(left, len(_ZEROS) // 16)
            half = chain.encrypt(_ZEROS[: step * 16])[-16:]
            left -= step
        halves.append(half)
    return hashlib.sha256(b"".join(halves)).digest()


class TooLarge(Exception):
    """What is inside is larger than it may be, or would grow. The message says so and quotes nothing."""


def put_limits_in_place() -> None:
    """Replace how pykeepass unpacks and how it reads XML, with the same and limits."""
    from pykeepass.kdbx_parsing import common  # type: ignore[import-untyped]

    if common.Decompressed._decode is not _unpack:
        common.Decompressed._decode = _unpack
        common.XML._decode = _read_xml
        common.UnprotectedStream._decode = _unprotect


def _unpack(self: object, data: bytes, context: object, path: object) -> bytes:
    unpacker = zlib.decompressobj(16 + 15)
    content = unpacker.decompress(data, MAX_UNPACKED + 1)
    if len(content) > MAX_UNPACKED:
        raise TooLarge(f"it has more than {MAX_UNPACKED // 1024**2} MiB when unpacked")
    if not unpacker.eof:
        raise zlib.error("cut off")
    return content


def _read_xml(self: object, data: bytes, context: object, path: object) -> Any:
    """KeePass writes UTF-8 and never a document type, so that there are no entities that could be filled in."""
    from pykeepass.kdbx_parsing.common import etree

    head = data[:200].lstrip(b"\xef\xbb\xbf")
    if not head.lstrip().startswith(b"<") or b"\0" in head or count_in(data, b"<!DOCTYPE", b"<!ENTITY"):
        raise TooLarge("its XML declares entities or is not UTF-8")
    if count_in(data, b"<") > MAX_TAGS:
        raise TooLarge(f"its XML has more than {MAX_TAGS:,} tags")
    parser = etree.XMLParser(
        remove_blank_text=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        encoding="utf-8",
    )
    tree = etree.fromstring(data, parser).getroottree()  # from memory: lets other threads work meanwhile
    if tree.docinfo.internalDTD is not None or tree.docinfo.externalDTD is not None:
        raise TooLarge("its XML declares entities")
    return tree


def _unprotect(self: Any, tree: Any, context: object, path: object) -> Any:
    """As pykeepass does it, but what cannot be read is marked; pykeepass would leave characters out, or the value sealed."""
    root = tree.getroot()
    if root.find("Meta/Binaries/Binary[@Protected='True']") is not None:
        raise TooLarge("its attachments are protected one by one: save it as KDBX 4")
    cipher = self.get_cipher(self.protected_stream_key(context))
    for value in root.iterfind(".//Value[@Protected='True']"):
        if value.text is not None:
            raw = cipher.decrypt(base64.b64decode(value.text))
            try:
                value.text = raw.decode()
            except ValueError:
                value.text = None
                value.set(UNREADABLE, "")
    return tree


def attachments_of(database: Any) -> dict[int, bytes]:
    """The contents of all attachments by their number. Raises ValueError, zlib.error or TooLarge."""
    if database.version[0] >= 4:
        return {number: one.data[1:] for number, one in enumerate(database.payload.inner_header.binary)}
    found: dict[int, bytes] = {}
    left = MAX_UNPACKED
    for binary in database.tree.getroot().iterfind("Meta/Binaries/Binary"):
        raw = base64.b64decode(binary.text or "")
        if raw and binary.get("Compressed") == "True":
            unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
            raw = unpacker.decompress(raw, left + 1)
        left -= len(raw)
        if left < 0:
            raise TooLarge(f"its attachments have more than {MAX_UNPACKED // 1024**2} MiB when unpacked")
        found[int(binary.get("ID", ""))] = raw
    return found
