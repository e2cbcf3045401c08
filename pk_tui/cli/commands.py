"""The frame of the command tree: nouns and verbs on click, and parsing that only plans.

Parsing runs nothing and prints nothing: it gives a `Planned`, or raises. So it may happen inside an agent's event loop for
a command typed in another process.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from functools import partial
from typing import Any, NoReturn, TypeVar

import click

from pk_tui.cli.call import Call
from pk_tui.errors import Misuse
from pk_tui.safe_text import safe_text

F = TypeVar("F", bound=Callable[..., Awaitable[int | None]])


class Needs(Enum):
    """What must be there for a command that no agent carries out."""

    NODE = "the node, open and unlocked"
    LOCKED_NODE = "the node, open; no password"
    NOTHING = "nothing: the command sees to itself"


@dataclass(frozen=True, slots=True)
class Planned:
    """A command that was understood. `work` gives the exit code, None for 0."""

    needs: Needs
    work: Callable[[Call], Awaitable[int | None]]


class HelpAsked(Exception):
    """`--help`: the text to print instead of doing anything."""

    def __init__(self, text: str) -> None:
        super().__init__("help")
        self.text = text


def _show_help(context: click.Context, option: click.Parameter, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        raise HelpAsked(context.get_help())


def _help_option() -> click.Option:
    # click's own prints to this process's stdout, which need not be where the command was typed
    return click.Option(
        ["--help", "-h"], is_flag=True, is_eager=True, expose_value=False, callback=_show_help, help="Show this text."
    )


class _Listed:
    """Stands in a list of commands with its whole first sentence, on two lines if it must be; click cuts it off."""

    help: str | None

    def get_short_help_str(self, limit: int = 45) -> str:
        first = " ".join((self.help or "").partition("\n\n")[0].split())
        return first.partition(". ")[0].rstrip(".") + "."


class Noun(_Listed, click.Group):
    """A group of verbs. An unknown one is answered with those that begin or sound like it."""

    def __init__(self, name: str, about: str) -> None:
        super().__init__(
            name, help=about, params=[_help_option()], add_help_option=False, subcommand_metavar="COMMAND …"
        )

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            self._unknown(ctx, error.command_name)

    def _unknown(self, context: click.Context, word: str) -> NoReturn:
        names = list(self.commands)
        near = [name for name in names if word and name.startswith(word)] or get_close_matches(word, names, 3, 0.5)
        shown = f"`{context.command_path} {safe_text(word, 60)}` is not a command."
        if near:
            choice = " or ".join(f"`{context.command_path} {name}`" for name in near)
            raise Misuse(f"{shown} Did you mean {choice}?")
        raise Misuse(f"{shown} See `{context.command_path} --help`.")


class Verb(_Listed, click.Command):
    """A command. With `child`, what follows the first `--` is another program's command line, which is given as a tuple under
    that name and not looked into; None if there is no `--`."""

    child: str | None = None

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if self.child is not None:
            at = args.index("--") if "--" in args else len(args)
            ctx.params[self.child] = tuple(args[at + 1 :]) if at < len(args) else None
            args = args[:at]
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), *(["[-- COMMAND …]"] if self.child else [])]


def verb(
    noun: Noun,
    name: str,
    *params: click.Parameter,
    needs: Needs | Callable[[dict[str, Any]], Needs] = Needs.NODE,
    child: str | None = None,
) -> Callable[[F], F]:
    """Make the function below a command of `noun`; its docstring is the help text, its arguments are the `params`."""

    def register(function: F) -> F:
        def plan(**values: Any) -> Planned:
            return Planned(needs(values) if callable(needs) else needs, partial(_called, function, values))

        made = Verb(
            name,
            callback=plan,
            params=[*params, _help_option()],
            help=inspect.getdoc(function),
            add_help_option=False,
        )
        made.child = child
        noun.add_command(made)
        return function

    return register


async def _called(function: Callable[..., Awaitable[int | None]], values: dict[str, Any], call: Call) -> int | None:
    return await function(call, **values)


def argument(name: str, many: bool = False, optional: bool = False, called: str | None = None) -> click.Argument:
    """`many`: one or more, as a tuple. `called`: the parameter's name, where the argument's own is a word of the language."""
    metavar = f"[{name}]" if optional else name
    return click.Argument([called or name.lower()], metavar=metavar, nargs=-1 if many else 1, required=not optional)


def option(
    name: str,
    about: str,
    metavar: str,
    default: Any = None,
    kind: click.ParamType[Any] | None = None,
    called: str | None = None,
) -> click.Option:
    """`called`: the parameter's name in the function, where the option's own is a word of the language."""
    return click.Option(
        [name, called] if called else [name], help=about, metavar=metavar, default=default, type=kind or click.STRING
    )


def flag(name: str, about: str, called: str | None = None) -> click.Option:
    return click.Option([name, called] if called else [name], help=about, is_flag=True)


def choice(name: str, about: str, values: Sequence[str]) -> click.Option:
    return click.Option([name], help=about, type=click.Choice(values), default=values[0], show_default=True)


def maybe(name: str, about: str, values: Sequence[str]) -> click.Option:
    """A choice without a default: None if it is not made."""
    return click.Option([name], help=about, type=click.Choice(values))


POSITIVE = click.IntRange(min=1)
PORT = click.IntRange(0, 65535)
DESCRIPTOR = click.IntRange(min=3)
"""An open file handed down by the parent process; the first three are the terminal's."""


def parse(root: Noun, argv: Sequence[str], columns: int) -> Planned:
    """What the command line asks for. Raises HelpAsked, or Misuse with a sentence for every way of being wrong."""
    try:
        context = root.make_context("pk-tui", list(argv), terminal_width=min(max(columns, 60), 110) if columns else 100)
        with context:
            planned = root.invoke(context)
    except click.exceptions.NoArgsIsHelpError as error:
        group = error.ctx.command
        names = ", ".join(group.commands) if isinstance(group, Noun) else ""
        where = error.ctx.command_path
        raise Misuse(f"`{where}` needs a command: {names}. See `{where} --help`.") from error
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "pk-tui"
        raise Misuse(f"{error.format_message()} See `{where} --help`.") from error
    assert isinstance(planned, Planned)
    return planned
