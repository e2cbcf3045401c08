"""The one way for text from outside to a screen, log, message or title.

Controls, bidirectional overrides, invisible and ill-formed characters become visible escapes such as `\\u{1b}`; what is
returned may be printed. Markup such as `[/x]` is left alone here, since only a widget that parses markup is harmed by
it: widgets take the result as plain content, never as markup.
"""

from __future__ import annotations

import unicodedata

MAX_COMBINING = 4
"""Combining marks kept in a row; more is only ever used to overflow a line."""

_INVISIBLE = {
    0x034F, 0x061C, 0xFEFF, 0x3164, 0x115F, 0x1160, 0x17B4, 0x17B5, 0xFFA0, 0x2800, *range(0x180B, 0x1810),
    *range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070), *range(0xFFF0, 0xFFFC),
    *range(0xE0000, 0xE1000), *range(0xFE00, 0xFE10),
}  # fmt: skip


def is_safe_character(character: str) -> bool:
    """True if the character shows as itself on any terminal and steers nothing."""
    code = ord(character)
    if 0x20 <= code < 0x7F:
        return True
    if code in _INVISIBLE or code & 0xFFFE == 0xFFFE:
        return False
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def safe_text(text: str | bytes, limit: int = 200, *, lines: bool = False) -> str:
    """Text that is safe to print, at most `limit` characters long (escapes counted), cut with an ellipsis.

    Bytes are read as UTF-8; ill-formed ones become escapes. With `lines` newlines stay, otherwise they become `\\u{a}`.
    """
    if isinstance(text, bytes):
        text = text[: 4 * limit + 4].decode("utf-8", "surrogateescape")
    if text.isascii() and text.isprintable():
        return text if len(text) <= limit else text[: limit - 1] + "…"
    cut = len(text) > limit
    text = text[:limit]  # each character gives at least one
    out: list[str] = []
    marks = 0
    for character in text:
        if character == "\n" and lines:
            out.append(character)
        elif not is_safe_character(character):
            out.append(f"\\u{{{ord(character):x}}}")
        elif unicodedata.category(character) in ("Mn", "Me"):
            marks += 1
            out.append(character if marks <= MAX_COMBINING else f"\\u{{{ord(character):x}}}")
            continue
        else:
            out.append(character)
        marks = 0
    size = sum(map(len, out))
    if not cut and size <= limit:
        return "".join(out)
    while size > limit - 1:
        size -= len(out.pop())
    return "".join(out) + "…"
