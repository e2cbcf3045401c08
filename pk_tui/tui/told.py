"""Lines that tell something, each with or without a word before it that says what about; and how they are laid out in a width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content

LABEL = 9
"""Cells of the words before the lines."""


@dataclass(frozen=True, slots=True)
class Line:
    """Without a label (None) the text takes the whole width; with an empty one it stands below that of the line before."""

    text: Content
    label: str | None = None


def labelled(label: str, *parts: Content | str) -> Line:
    return Line(Content.assemble(*parts), label)


def said(text: Content | str, style: str = "") -> Line:
    return Line(Content.styled(text, style) if isinstance(text, str) else text)


BLANK = Line(Content(" "))


def laid_out(lines: Sequence[Line], width: int) -> list[Content]:
    """Wrapped; what goes on of a labelled line stands below its beginning, not below its label."""
    out: list[Content] = []
    for line in lines:
        if line.label is None:
            out += line.text.wrap(max(1, width))
            continue
        before = Content.styled(f"{line.label:<{LABEL}}", "dim")
        for part in line.text.wrap(max(1, width - LABEL)):
            out.append(Content.assemble(before, part))
            before = Content(" " * LABEL)
    return out


def is_same(one: Sequence[Line], other: Sequence[Line]) -> bool:
    """Whether they look the same. (Contents that are equal may still differ in style.)"""
    return len(one) == len(other) and all(
        a.label == b.label and a.text.is_same(b.text) for a, b in zip(one, other, strict=True)
    )
