"""The pictures in `screenshots/`: every pane and dialog, empty and failed ones too, at two sizes, from one seeded node.

    python -m tests.tui.pictures          # draws all of them anew; `make screenshots`
    python -m tests.tui.pictures share    # only those of acts with this in their name

Drawn by the real app over real agents, for which time and chance stand still (`posed`). `test_pictures` draws them again and
compares, so a picture never shows what is no longer so.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

PICTURES = Path(__file__).resolve().parent.parent.parent / "screenshots"
FONTS = '"DejaVu Sans Mono", "Fira Code", Menlo, Consolas, monospace'

_FETCHED = re.compile(r"@font-face \{.*?\}", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_UNIQUE = re.compile(r"terminal-\d+-")
"""Rich numbers its classes by a checksum that differs between versions of zlib."""
_BLANK = re.compile(r'<text class="([\w-]+)"[^>]*>[\xa0\s]*</text>')
_UNDERLINED = re.compile(r"\.([\w-]+) \{[^}]*underline")
_RECT = re.compile(r'<rect fill="([^"]+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" shape[^>]*/>')


def plain_svg(svg: str) -> str:
    """A picture that is the same every time, that loads nothing from anywhere, and that is half as long."""
    svg = _COMMENT.sub("", _UNIQUE.sub("t-", _FETCHED.sub("", svg)))
    svg = svg.replace("font-family: Fira Code, monospace;", f"font-family: {FONTS};")
    svg = svg.replace("font-family: arial;", "font-family: sans-serif;").replace("&#160;", "\xa0")
    underlined = set(_UNDERLINED.findall(svg))
    svg = _BLANK.sub(lambda blank: blank[0] if blank[1] in underlined else "", svg)
    lines = (line.strip() for line in _whole_rects(svg).replace("</text>", "</text>\n").splitlines())
    return "\n".join(line for line in lines if line) + "\n"


def _whole_rects(svg: str) -> str:
    """The background as few rectangles: what touches on a line in one colour is one."""
    found = list(_RECT.finditer(svg))
    if not found:
        return svg
    rects: list[tuple[str, float, str, float, str]] = []
    for one in found:
        fill, y, height = one[1], one[3], one[5]
        left, right = float(one[2]), float(one[2]) + float(one[4])
        if rects and (rects[-1][0], rects[-1][2]) == (fill, y) and abs(rects[-1][3] - left) < 0.1:
            left = rects.pop()[1]
        rects.append((fill, left, y, right, height))
    drawn = [
        f'<rect fill="{fill}" x="{left:.1f}" y="{y}" width="{right - left:.1f}" height="{height}"/>'
        for fill, left, y, right, height in rects
    ]
    group = ['<g shape-rendering="crispEdges">', *drawn, "</g>"]
    return svg[: found[0].start()] + "\n".join(group) + svg[found[-1].end() :]


def draw(act: str, size: str) -> dict[str, str]:
    """The pictures of one act at one size, by the names of their files."""
    from tui.acts import ACTS, SIZES, perform

    return {f"{name}-{size}.svg": plain_svg(svg) for name, svg in perform(ACTS[act], SIZES[size]).items()}


def main() -> int:
    from tui import questions, scenes  # noqa: F401 - they enter their acts
    from tui.acts import shows

    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    drawn: dict[str, str] = {}
    for act, size in shows():
        if wanted in act:
            drawn |= draw(act, size)
    PICTURES.mkdir(exist_ok=True)
    for name, svg in drawn.items():
        (PICTURES / name).write_text(svg, "utf-8")
    if not wanted:
        for old in PICTURES.glob("*.svg"):
            if old.name not in drawn:
                old.unlink()
    sys.stdout.write(f"{len(drawn)} pictures drawn.\n")
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    raise SystemExit(main())
