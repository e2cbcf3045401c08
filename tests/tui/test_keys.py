from __future__ import annotations

from textual.binding import Binding

from pk_tui.tui.keys import Verb, verbs


def test_a_verb_under_several_keys_is_one_verb() -> None:
    rows = [
        Binding("j", "cursor_down", "Down", tooltip="Down"),
        Binding("question_mark", "help", "Help", tooltip="Show the keys"),
        Binding("down", "cursor_down", "Down", tooltip="Down"),
    ]
    assert verbs(rows) == [
        Verb(("j", "down"), "Down", "Down", "cursor_down"),
        Verb(("?",), "Help", "Show the keys", "help"),
    ]


def test_what_has_no_words_or_is_the_systems_is_left_out() -> None:
    assert verbs([Binding("x", "hidden"), Binding("ctrl+c", "help_quit", "Quit", system=True)]) == []


def test_what_textual_binds_by_itself_is_said_in_our_words_or_not_at_all() -> None:
    theirs = [
        Binding("tab", "app.focus_next", "Focus Next"),
        Binding("ctrl+c,super+c", "screen.copy_text", "Copy selected text"),
        Binding("ctrl+p", "command_palette", "palette", tooltip="Open the command palette"),
    ]
    palette = Binding("colon", "app.command_palette", "Find a verb", tooltip="Type what to do")
    assert [(one.keys, one.tooltip) for one in verbs([palette, *theirs])] == [
        ((":", "ctrl+p"), "Type what to do"),
        (("tab",), "To the next panel or field"),
    ]


def test_equal_words_for_different_deeds_stay_apart() -> None:
    rows = [Binding("r", "rename", "Rename", tooltip="A vault"), Binding("r", "name", "Rename", tooltip="A node")]
    assert len(verbs(rows)) == 2
