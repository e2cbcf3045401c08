from __future__ import annotations

import asyncio

import pytest
from tui.closed import closed_stage

from pk_tui.api.front import Beginning
from pk_tui.tui.dialogs.help import HelpDialog, HelpGroup, columns, drawn, help_groups, matching
from pk_tui.tui.keys import Verb

OPEN = Beginning.ATTACHED


def verb(name: str, *keys: str) -> Verb:
    return Verb(keys or (name[0],), name, f"To {name}", name)


GROUPS = [
    HelpGroup("Here", tuple(verb(f"move{number}") for number in range(7))),
    HelpGroup("Vaults", (verb("rename"), verb("delete", "d", "delete"))),
    HelpGroup("Everywhere", (verb("lock", "ctrl+l"), verb("quit"))),
]


def test_what_was_typed_is_looked_for_in_keys_and_words() -> None:
    assert [group.title for group in matching(GROUPS, "")] == ["Here", "Vaults", "Everywhere"]
    assert [(group.title, [one.description for one in group.verbs]) for group in matching(GROUPS, " CTRL+l ")] == [
        ("Everywhere", ["lock"])
    ]
    assert [one.description for group in matching(GROUPS, "to re") for one in group.verbs] == ["rename"]
    assert matching(GROUPS, "nothing of the kind") == []


@pytest.mark.parametrize("count", [1, 2])
def test_columns_hold_every_verb_once_and_are_of_about_one_height(count: int) -> None:
    made = columns(GROUPS, count)
    assert len(made) == count
    verbs = [one for column in made for group in column for one in group.verbs]
    assert verbs == [one for group in GROUPS for one in group.verbs]
    heights = [sum(len(group.verbs) + 2 for group in column) for column in made]
    assert max(heights) - min(heights) <= 4


def test_no_groups_are_no_trouble() -> None:
    assert columns([], 2) == [[], []]
    assert drawn([], 50).plain == ""


def test_keys_too_long_for_their_column_stand_on_a_line_of_their_own() -> None:
    lines = drawn([HelpGroup("Here", (verb("move", "pagedown", "ctrl+d", "space"),))], 50).plain.splitlines()
    assert lines[1] == " pagedown ctrl+d space"
    assert lines[2].strip() == "To move"


def test_what_goes_on_of_a_sentence_stands_below_its_beginning() -> None:
    long = Verb(("x",), "walk", "To walk a very long way around everything", "walk")
    lines = drawn([HelpGroup("Here", (long,))], 40).plain.splitlines()
    assert lines[1:] == [" x             To walk a very long way", "               around everything"]


@pytest.mark.parametrize(("size", "key"), [((80, 24), "question_mark"), ((120, 40), "f1"), ((60, 15), "question_mark")])
def test_all_that_works_here_is_in_reach_and_esc_closes(size: tuple[int, int], key: str) -> None:
    async def scenario() -> None:
        async with closed_stage(OPEN, size) as s:
            await s.see("1 Vaults")
            words = [one.tooltip or one.description for group in help_groups(s.screen) for one in group.verbs]
            assert {"Lock the screen", "End pk-tui", "Show the keys that work here"} <= set(words)
            await s.press(key)
            await s.see("Keys here", "Close esc")
            seen = ""
            for _ in range(12):
                seen += s.screen_text()
                await s.press("space")
            for word in words:
                assert word[:20] in seen, word
            await s.press("g")
            await s.press("escape")
            await s.until(lambda: not isinstance(s.screen, HelpDialog), "closed")

    asyncio.run(scenario())


def test_the_filter_narrows_and_esc_takes_it_away_before_it_closes() -> None:
    async def scenario() -> None:
        async with closed_stage(OPEN) as s:
            await s.press("question_mark")
            await s.press("slash")
            await s.type("lock the")
            await s.see("ctrl+l", "Lock the screen")
            assert "End pk-tui" not in s.screen_text()
            await s.type("zzz")
            await s.see("No key here does that.")
            await s.press("escape")
            await s.see("Keys here", "Here")
            await s.press("escape")
            await s.until(lambda: not isinstance(s.screen, HelpDialog), "closed")

    asyncio.run(scenario())
