from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tui import questions, scenes  # noqa: F401 - they enter their acts
from tui.acts import ACTS, REVEALING, SIZES, shows
from tui.neighbours import CANARY
from tui.pictures import PICTURES, draw, plain_svg

SHOWS = shows()
KEPT = sorted(PICTURES.glob("*"))
SVG = "{http://www.w3.org/2000/svg}"


def text_of(picture: Path) -> str:
    """What stands on a picture, line by line, whatever its colours are."""
    lines: dict[float, list[tuple[float, str]]] = {}
    for one in ElementTree.parse(picture).iter(f"{SVG}text"):
        lines.setdefault(float(one.get("y", 0)), []).append((float(one.get("x", 0)), one.text or ""))
    return "\n".join(
        "".join(text for _, text in sorted(line)).replace("\xa0", " ") for _, line in sorted(lines.items())
    )


@pytest.mark.parametrize(("act", "size"), SHOWS, ids=[f"{act}-{size}" for act, size in SHOWS])
def test_the_pictures_show_what_the_app_shows(act: str, size: str, tmp_path: Path) -> None:
    differ = []
    for name, svg in draw(act, size).items():
        kept = PICTURES / name
        if not kept.is_file() or kept.read_text("utf-8") != svg:
            (tmp_path / name).write_text(svg, "utf-8")
            differ.append(name)

    assert not differ, (
        f"{', '.join(differ)}: not what the app shows now (that is in {tmp_path}). If it is meant to be so, `make screenshots` "
        "draws all of them anew; look at them before you keep them."
    )


def test_every_file_is_a_picture_of_some_act_and_every_picture_is_there() -> None:
    wanted = {f"{name}-{size}.svg" for act, size in SHOWS for name in ACTS[act].pictures}

    assert {one.name for one in KEPT} == wanted
    assert all(act.pictures for act in ACTS.values())
    assert {"small", "large"} <= set(SIZES)


@pytest.mark.parametrize("picture", KEPT, ids=lambda one: one.stem)
def test_a_value_is_on_no_picture_but_those_that_show_one_on_purpose(picture: Path) -> None:
    name = picture.stem.rpartition("-")[0]

    assert (CANARY in text_of(picture)) == (name in REVEALING)


@pytest.mark.parametrize("picture", KEPT, ids=lambda one: one.stem)
def test_a_picture_loads_nothing_from_elsewhere_and_tells_nothing_of_this_machine(picture: Path) -> None:
    svg = picture.read_text("utf-8")
    drawing = re.sub(r">[^<]*</text>", "></text>", svg).replace('xmlns="http://www.w3.org/2000/svg"', "")

    assert "://" not in drawing
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", drawing))
    assert not re.search(r"<(image|script|use|style [^>]*href|foreignObject)|@import|@font-face|xlink", drawing)
    assert str(Path.home()) not in svg
    assert "/tmp" not in svg


def test_a_picture_is_made_plain() -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg">\n<!-- Generated with https://example.org -->\n<style>\n'
        '@font-face {\n  src: url("https://example.org/font.woff2");\n}\n.terminal-123-matrix {\n'
        "    font-family: Fira Code, monospace;\n}\n</style>\n\n</svg>"
    )

    plain = plain_svg(svg)

    assert "example.org" not in plain
    assert ".t-matrix {" in plain
    assert "DejaVu Sans Mono" in plain
    assert plain == plain_svg(svg.replace("terminal-123-", "terminal-456-"))


def test_a_picture_keeps_what_shows_and_no_more() -> None:
    rect = '<rect fill="#{}" x="{}" y="1.5" width="{}" height="24.6" shape-rendering="crispEdges"/>'
    svg = (
        "<style>.terminal-1-r1 { fill: #fff;text-decoration: underline; }</style>"
        + "".join(rect.format(*one) for one in (("000", 0, 12.2), ("000", 12.2, 12.2), ("fff", 24.4, 12.2)))
        + '<text class="terminal-1-r1" x="0">&#160;</text><text class="terminal-1-r2" x="9">&#160;&#160;</text>'
        + '<text class="terminal-1-r2" x="9">&#160;a</text>'
    )

    assert plain_svg(svg).splitlines()[1:] == [
        '<rect fill="#000" x="0.0" y="1.5" width="24.4" height="24.6"/>',
        '<rect fill="#fff" x="24.4" y="1.5" width="12.2" height="24.6"/>',
        '</g><text class="t-r1" x="0">\xa0</text>',
        '<text class="t-r2" x="9">\xa0a</text>',
    ]
