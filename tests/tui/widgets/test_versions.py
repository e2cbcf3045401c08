from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from textual.app import App, ComposeResult

from pk_tui.api.views import CommitView
from pk_tui.clock import MINUTE
from pk_tui.terms import CommitId, NodeId
from pk_tui.tui.widgets.versions import Versions, version_line

NOW = 1_750_000_000_000_000
BOB = NodeId(bytes(32))


def bob(node: NodeId) -> str:
    return "bob"


def commits(*numbers: int) -> Sequence[CommitView]:
    return [CommitView(CommitId(bytes([one] * 20)), NOW - one * MINUTE, str(BOB), f"m{one}", ()) for one in numbers]


class VersionsApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.versions = Versions()
        self.chosen: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.versions

    def on_versions_chosen(self, event: Versions.Chosen) -> None:
        self.chosen.append(event.version.message)

    @property
    def at(self) -> str | None:
        option = self.versions.highlighted_option
        return option.id[:2] if option is not None and option.id is not None else None


def test_a_line_says_when_who_and_what() -> None:
    assert version_line(commits(3)[0], NOW, bob).plain == "   3m  bob  m3"
    changed = replace(commits(3)[0], message="db/pass changed")
    assert version_line(changed, NOW, bob).plain == "   3m  bob  db/pass changed"
    assert version_line(changed, NOW, bob, "db/pass").plain == "   3m  bob  changed"
    assert version_line(changed, NOW, bob, "db").plain == "   3m  bob  db/pass changed"


def test_of_many_lines_the_first_is_shown_and_the_others_are_counted() -> None:
    many = replace(commits(3)[0], message="a added\nb added\nc added")
    assert version_line(many, NOW, bob).plain == "   3m  bob  a added and 2 more"
    assert version_line(many, NOW, bob, "a").plain == "   3m  bob  added and 2 more"


def test_of_a_merge_it_is_told_from_whom_it_came_and_what_it_brought() -> None:
    parents = (CommitId(bytes(20)), CommitId(bytes([1]) * 20))
    merge = replace(commits(3)[0], message="Merged from bob\n\na added\nb added\n\nChanged: 1", parents=parents)
    assert version_line(merge, NOW, bob).plain == "   3m  bob  Merged from bob: a added and 2 more"
    assert version_line(replace(merge, message="Merged from bob"), NOW, bob).plain == "   3m  bob  Merged from bob"


def test_a_message_from_outside_is_shown_harmlessly() -> None:
    [one] = commits(1)
    hostile = CommitView(one.commit, one.time, "[b]x\x1b", "[/x]\x1b]2;y\x07", ())
    assert version_line(hostile, NOW, bob).plain == "   1m  [b]x\\u{1b}  [/x]\\u{1b}]2;y\\u{7}"


def test_while_nobody_reads_them_the_newest_is_on_top() -> None:
    async def scenario() -> None:
        app = VersionsApp()
        async with app.run_test(size=(40, 8)) as pilot:
            app.screen.set_focus(None)
            app.versions.show(commits(*range(10, 40)), NOW, bob)
            await pilot.pause()
            app.versions.show(commits(9, *range(10, 40)), NOW, bob)
            await pilot.pause()
            assert app.at == "09"
            assert app.versions.scroll_offset.y == 0

    asyncio.run(scenario())


def test_new_versions_do_not_move_the_cursor_and_another_subject_begins_at_the_top() -> None:
    async def scenario() -> None:
        app = VersionsApp()
        async with app.run_test(size=(40, 8)) as pilot:
            versions = app.versions
            versions.show(commits(*range(10, 40)), NOW, bob)
            versions.focus()
            await pilot.press(*"jjjjjjjjjj")
            assert app.at == "14"  # 20 in hexadecimal
            below = (versions.highlighted or 0) - versions.scroll_offset.y
            versions.show(commits(8, 9, *range(10, 40)), NOW, bob)
            await pilot.pause()
            assert app.at == "14"
            assert (versions.highlighted or 0) - versions.scroll_offset.y == below
            versions.show(commits(8, 9, *range(10, 40)), NOW + 60 * MINUTE, bob)
            assert app.at == "14"
            await pilot.press("enter")
            await pilot.pause()
            assert app.chosen == ["m20"]
            await pilot.press("g", "k", "j")
            assert app.at == "09"
            await pilot.press("G")
            assert app.at == "27"
            versions.show(commits(50, 51), NOW, bob)
            assert app.at == "32"
            assert str(versions.border_title) == "Versions 2"
            versions.show((), NOW, bob)
            assert versions.option_count == 0

    asyncio.run(scenario())
