from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from simulator import World
from textual import events
from textual.app import SuspendNotSupported
from textual.widgets import Input
from tui.deeds.acting import Acting, acting
from tui.stage import write

from pk_tui.plaintext import Plaintext
from pk_tui.terms import SecretPath
from pk_tui.tui.deeds import editing, importing
from pk_tui.tui.widgets.secret_text import SecretText

OLD, NEW = b"old-canary-value", b"new-canary-value"
PATH = SecretPath.parse("db/password")


async def work(w: World) -> None:
    await w.agents["alice"].vaults.create("work")
    await write(w.agents["alice"], "work", "db/password", OLD)


async def cloned(w: World) -> None:
    await w.agents["bob"].vaults.create("infra")
    await write(w.agents["bob"], "infra", "x", OLD)
    await w.agents["bob"].vaults.share("infra", "alice")
    await w.agents["alice"].vaults.clone("infra", "bob")


async def retype(s: Acting, text: str) -> None:
    """Replace what is in the editor by pasting, as a person does with a password."""
    area = s.screen.query_one(SecretText)
    area.focus()
    area.select_all()
    await s.pilot.pause()
    s.app.post_message(events.Paste(text))
    await s.pilot.pause()


def test_a_vault_is_made_and_a_taken_name_keeps_what_was_typed() -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:
            s.do(editing.new_vault(s.pane))
            await s.see("New vault", "Name of the vault")
            await s.type("a:b")
            await s.see("cannot be the name of a vault", "“:”")
            await s.press("enter")
            await s.see("New vault")
            await s.put("work", "#line")
            await s.press("enter")
            await s.see("already a vault", "work")
            assert s.screen.query_one("#line", Input).value == "work"
            await s.put("home", "#line")
            await s.press("enter")
            await s.settled()
            await s.see("Made the vault home")
            assert s.pane.went == [(await s.vault("home")).vault_id]

    asyncio.run(scenario())


def test_a_directory_is_made_below_another() -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:
            vault = await s.vault("work")
            s.do(editing.new_directory(s.pane, vault, "db"))
            await s.see("Name, in work:db")
            await s.type("old/very")
            await s.press("enter")
            await s.settled()
            assert "db/old/very" in await s.paths("work")
            assert s.pane.went == [(vault.vault_id, SecretPath.parse("db/old/very"))]
            s.do(editing.new_directory(s.pane, vault, ""))
            await s.see("Name, in work")
            await s.type("db")
            await s.press("enter")
            await s.see("already there")
            await s.press("escape")
            await s.settled()

    asyncio.run(scenario())


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_secret_of_several_lines_is_stored_exactly_as_pasted(size: tuple[int, int]) -> None:
    async def scenario() -> None:
        async with acting(size, work) as s:
            vault = await s.vault("work")
            s.do(editing.new_secret(s.pane, vault, "db"))
            await s.see("New secret in work:db", "Save  ctrl+s", "empty")
            await s.type("key.pem")
            await s.press("enter")
            await retype(s, "line one\nzwei [/x]\n")
            await s.see("line one", "zwei [/x]", "ends in a newline")
            await s.press("ctrl+s")
            await s.settled()
            assert await s.value("work", "db/key.pem") == b"line one\nzwei [/x]\n"
            assert s.pane.went == [(vault.vault_id, SecretPath.parse("db/key.pem"))]
            await s.see("Made work:db/key.pem. It ends in a newline.")
            assert "line one" not in s.screen_text()

    asyncio.run(scenario())


def test_a_new_secret_never_replaces_one_that_is_there_and_loses_nothing() -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:
            s.do(editing.new_secret(s.pane, await s.vault("work"), "db"))
            await s.see("New secret")
            await s.type("password")
            await retype(s, NEW.decode())
            await s.press("ctrl+s")
            await s.see("already there")
            assert s.screen.query_one(SecretText).text == NEW.decode()
            assert await s.value("work", "db/password") == OLD
            await s.put("token", "#name")
            await s.press("ctrl+s")
            await s.settled()
            assert await s.value("work", "db/token") == NEW

    asyncio.run(scenario())


def test_a_value_is_edited_and_not_in_sight_before_or_after() -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:
            vault = await s.vault("work")
            assert "canary" not in s.screen_text()
            s.do(editing.edit(s.pane, vault, PATH))
            await s.see("Edit work:db/password", OLD.decode(), "no newline at the end")
            await retype(s, NEW.decode())
            await s.press("ctrl+s")
            await s.settled()
            assert await s.value("work", "db/password") == NEW
            await s.see("Stored work:db/password")
            assert "canary" not in s.screen_text()

    asyncio.run(scenario())


def test_an_unchanged_value_makes_no_version() -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:
            before = await s.alice.vaults.log("work")
            s.do(editing.edit(s.pane, await s.vault("work"), PATH))
            await s.see("Edit work:db/password")
            await s.press("ctrl+s")
            await s.settled()
            await s.see("Nothing was changed")
            assert await s.alice.vaults.log("work") == before

    asyncio.run(scenario())


def test_a_value_that_changed_meanwhile_is_replaced_only_after_a_yes() -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:
            s.do(editing.edit(s.pane, await s.vault("work"), PATH))
            await s.see("Edit work:db/password")
            await write(s.alice, "work", "db/password", b"theirs")
            await retype(s, NEW.decode())
            await s.press("ctrl+s")
            await s.see("It was changed meanwhile", "another value since you opened it")
            await s.press("escape")
            await s.see("Edit work:db/password", NEW.decode())
            assert await s.value("work", "db/password") == b"theirs"
            await s.press("ctrl+s")
            await s.see("It was changed meanwhile")
            await s.press("y")
            await s.settled()
            assert await s.value("work", "db/password") == NEW

    asyncio.run(scenario())


def test_a_value_that_was_removed_meanwhile_is_made_again_only_after_a_yes() -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:
            s.do(editing.edit(s.pane, await s.vault("work"), PATH))
            await s.see("Edit work:db/password")
            await s.alice.secrets.remove([("work", PATH)])
            await s.press("ctrl+s")
            await s.see("It was removed meanwhile")
            await s.press("y")
            await s.settled()
            assert await s.value("work", "db/password") == OLD

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (b"\xff\xfe\x00", "not text"),
        (b"a\x00b", "control characters"),
        (b"x" * (1024 * 1024 + 1), "more than 1.0 MiB"),
        (b"a\nb\r\nc", "mixes kinds of line ends"),
    ],
)
def test_what_the_editor_would_not_give_back_exactly_is_refused_with_the_ways_that_do(value: bytes, says: str) -> None:
    async def prepare(w: World) -> None:
        await work(w)
        await write(w.agents["alice"], "work", "odd", value)

    async def scenario() -> None:
        async with acting(prepare=prepare) as s:
            s.do(editing.edit(s.pane, await s.vault("work"), SecretPath.parse("odd")))
            await s.until(lambda: "is not edited here" in s.screen_text(), "a refusal")
            await s.see(says, "E")
            assert len(s.app.screen_stack) == 2

    asyncio.run(scenario())


def test_a_clone_is_not_written_and_says_whose_affair_it_is() -> None:
    async def scenario() -> None:
        async with acting(prepare=cloned) as s:
            vault = await s.vault("infra")
            path = SecretPath.parse("x")
            for deed in (
                editing.new_secret(s.pane, vault, ""),
                editing.new_directory(s.pane, vault, ""),
                editing.edit(s.pane, vault, path),
                editing.edit_outside(s.pane, vault, path),
                editing.rename(s.pane, vault, path, False),
                editing.move(s.pane, vault, path, False),
                editing.delete(s.pane, vault, path, False),
                importing.import_into(s.pane, vault),
            ):
                s.do(deed)
                await s.see("read-only here")
                assert len(s.app.screen_stack) == 2
                await s.press("x")  # an error goes when it was seen
                await s.see_no("read-only here")

    asyncio.run(scenario())


# ---- the user's own editor ----


@contextmanager
def outside(s: Acting, after: bytes) -> Iterator[list[tuple[Plaintext, str]]]:
    """The terminal given away, and an editor that leaves `after`."""
    asked: list[tuple[Plaintext, str]] = []

    def edit_outside(content: Plaintext, ending: str) -> Plaintext:
        asked.append((content, ending))
        return Plaintext(after)

    @contextmanager
    def suspend() -> Iterator[None]:
        yield

    s.front.edit_outside = edit_outside  # type: ignore[method-assign]
    s.app.suspend = suspend  # type: ignore[assignment, method-assign]
    yield asked


def test_the_own_editor_gets_the_value_and_the_ending_and_what_it_leaves_is_stored() -> None:
    async def prepare(w: World) -> None:
        await write_yaml(w)

    async def write_yaml(w: World) -> None:
        await work(w)
        await write(w.agents["alice"], "work", "conf.yaml", b"\xff any bytes")

    async def scenario() -> None:
        async with acting(prepare=prepare) as s:
            with outside(s, b"\xff other bytes\n") as asked:
                s.do(editing.edit_outside(s.pane, await s.vault("work"), SecretPath.parse("conf.yaml")))
                await s.see("Stored work:conf.yaml. It now ends in a newline")
                assert asked == [(Plaintext(b"\xff any bytes"), ".yaml")]
                assert await s.value("work", "conf.yaml") == b"\xff other bytes\n"

    asyncio.run(scenario())


def test_the_own_editor_leaving_all_as_it_was_makes_no_version() -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:
            before = await s.alice.vaults.log("work")
            with outside(s, OLD):
                s.do(editing.edit_outside(s.pane, await s.vault("work"), PATH))
                await s.see("Nothing was changed")
                assert await s.alice.vaults.log("work") == before

    asyncio.run(scenario())


def test_a_terminal_that_cannot_be_given_away_is_said() -> None:
    async def scenario() -> None:
        async with acting(prepare=work) as s:

            def suspend() -> None:
                raise SuspendNotSupported

            s.app.suspend = suspend  # type: ignore[assignment, method-assign]
            s.do(editing.edit_outside(s.pane, await s.vault("work"), PATH))
            await s.see("cannot be given to another program")

    asyncio.run(scenario())


def test_names_that_would_steer_or_be_markup_are_shown_harmless() -> None:
    async def prepare(w: World) -> None:
        await work(w)
        for name in ("[/x]", "[@click=app.quit]x[/]", "a" * 200, "漢字" * 30):
            await write(w.agents["alice"], "work", name, OLD)

    async def scenario() -> None:
        async with acting((80, 24), prepare) as s:
            vault = await s.vault("work")
            for name in ("[/x]", "[@click=app.quit]x[/]", "a" * 200, "漢字" * 30):
                s.do(editing.edit(s.pane, vault, SecretPath.parse(name)))
                await s.see("Edit work:" + name[:8], OLD.decode())
                await s.press("escape")
                await s.settled()
                s.do(editing.rename(s.pane, vault, SecretPath.parse(name), False))
                await s.see("Rename work:" + name[:8])
                await s.press("escape")
                await s.settled()

    asyncio.run(scenario())
