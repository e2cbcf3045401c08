from __future__ import annotations

import asyncio

import pytest

from pk_tui.cli.commands import POSITIVE, HelpAsked, Needs, Noun, argument, choice, flag, maybe, option, parse, verb
from pk_tui.errors import Misuse


@pytest.fixture
def with_child():
    root = Noun("eat", "Eating.")

    @verb(root, "soup", argument("KIND", many=True), maybe("--with", "What with.", ("spoon",)), child="command")
    async def soup(call, kind, command, **more):
        """Eat soup."""
        return [kind, command, more]

    return root


@pytest.fixture
def tree():
    root, fruit = Noun("eat", "Eating."), Noun("fruit", "Fruit.")
    root.add_command(fruit)

    @verb(
        fruit, "apple", argument("KIND", many=True), option("--count", "How many.", "N", kind=POSITIVE),
        flag("--peeled", "Peel it."), choice("--with", "What with.", ("hands", "fork")),
        needs=lambda values: Needs.NOTHING if values["peeled"] else Needs.NODE,
    )  # fmt: skip
    async def apple(call, kind, count, peeled, **more):
        """Eat an apple."""
        return [call, kind, count, peeled, more]

    return root


def test_parsing_only_plans(tree):
    planned = parse(tree, ["fruit", "apple", "a", "--count", "2", "b"], 0)

    assert planned.needs is Needs.NODE
    assert asyncio.run(planned.work("call")) == ["call", ("a", "b"), 2, False, {"with": "hands"}]


def test_what_is_needed_can_depend_on_the_arguments(tree):
    assert parse(tree, ["fruit", "apple", "--peeled", "a"], 0).needs is Needs.NOTHING


def test_what_follows_the_double_dash_is_no_option(tree):
    assert asyncio.run(parse(tree, ["fruit", "apple", "--", "--peeled"], 0).work(None))[1] == ("--peeled",)


@pytest.mark.parametrize(
    "argv", [["--help"], ["-h"], ["fruit", "--help"], ["fruit", "apple", "x", "-h", "--count", "z"]]
)
def test_help_is_a_text_and_prints_nothing_itself(tree, argv, capfd):
    with pytest.raises(HelpAsked) as asked:
        parse(tree, argv, 0)

    assert asked.value.text.startswith("Usage: pk-tui")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        ([], "needs a command: fruit"),
        (["fru"], "`pk-tui fruit`"),
        (["friut"], "`pk-tui fruit`"),
        (["fruit", "apple"], "KIND"),
        (["fruit", "apple", "a", "--count", "0"], "--count"),
        (["fruit", "apple", "a", "--with", "spoon"], "spoon"),
        (["fruit", "apple", "a", "--pealed"], "--peeled"),
    ],
)
def test_every_way_of_being_wrong_is_misuse_with_a_way_on(tree, argv, sentence):
    with pytest.raises(Misuse) as wrong:
        parse(tree, argv, 0)

    assert sentence in wrong.value.message
    assert "`pk-tui" in wrong.value.message


@pytest.mark.parametrize(
    ("words", "kind", "command"),
    [
        (["a"], ("a",), None),
        (["a", "b", "--"], ("a", "b"), ()),
        (["a", "--", "x", "--with", "y", "--", "--help"], ("a",), ("x", "--with", "y", "--", "--help")),
    ],
)
def test_another_programs_command_line_is_not_looked_into(with_child, words, kind, command):
    assert asyncio.run(parse(with_child, ["soup", *words], 0).work(None)) == [kind, command, {"with": None}]


@pytest.mark.parametrize("words", [["--", "x"], ["a", "--with", "--", "spoon"], ["a", "--with", "fork", "--", "x"]])
def test_what_stands_before_another_programs_command_line_is_held_to_the_rules(with_child, words):
    with pytest.raises(Misuse):
        parse(with_child, ["soup", *words], 0)


def test_the_usage_says_where_another_programs_command_line_goes(with_child):
    with pytest.raises(HelpAsked) as asked:
        parse(with_child, ["soup", "-h"], 0)
    assert asked.value.text.startswith("Usage: pk-tui soup [OPTIONS] KIND [-- COMMAND …]\n")
