from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest
from simulator import World
from textual.content import Content
from tui.stage import Stage, stage, write

from pk_tui.api.views import EntryView
from pk_tui.plaintext import Plaintext
from pk_tui.terms import SecretPath
from pk_tui.tui.dialogs.confirm import ConfirmDialog
from pk_tui.tui.messages import GoTo
from pk_tui.tui.panes.vaults import VaultsPane
from pk_tui.tui.screens.workspace import Workspace
from pk_tui.tui.widgets.value_text import ValueText
from pk_tui.tui.widgets.vault_tree import VaultTree

CANARY = "canary-Xy7_9k"
WIDE, NARROW, SHORT = (120, 40), (80, 24), (80, 18)


class SetClock:
    """Stands until it is set."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> int:
        return 1_750_000_000_000_000

    def elapsed(self) -> float:
        return self.seconds


async def some_vaults(w: World) -> None:
    alice, bob = w.agents["alice"], w.agents["bob"]
    await alice.vaults.create("work")
    await alice.vaults.create("personal")
    await bob.vaults.create("infra")
    for path in ("db/prod", "db/test", "README"):
        await write(alice, "work", path, CANARY.encode())
    await write(bob, "infra", "router", CANARY.encode())
    await alice.nodes.ping("bob")
    await bob.vaults.share("infra", "alice")
    await alice.vaults.share("work", "bob")
    await alice.vaults.clone("infra", "bob", "infra")


def pane(s: Stage) -> VaultsPane:
    screen = s.app.screen
    assert isinstance(screen, Workspace)
    return screen.query_one(VaultsPane)


def tree(s: Stage) -> VaultTree:
    return pane(s).query_one(VaultTree)


def at(s: Stage) -> str:
    row = tree(s).row
    return row.name if row is not None else ""


def play(
    scenario: Callable[[Stage], Awaitable[None]],
    size: tuple[int, int] = WIDE,
    prepare: Callable[[World], Awaitable[None]] | None = some_vaults,
    clock: SetClock | None = None,
) -> None:
    async def run() -> None:
        async with stage(size, prepare, clock=clock) as s:
            if prepare is some_vaults:
                await s.see("infra", "personal", "work")
            await scenario(s)

    asyncio.run(run())


async def to(s: Stage, path: str, vault: str = "work") -> None:
    """The cursor on this secret, and the preview about it."""
    session = s.app.session
    assert session is not None
    view = next(one for one in session.live.vaults if one.name == vault)
    pane(s).go_to((view.vault_id, path))
    await s.until(lambda: at(s) == path.rpartition("/")[2], f"the cursor on {path}")
    await s.see(f"{vault}/{path}")


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_branches_are_read_when_they_are_opened_and_the_preview_follows(size: tuple[int, int]) -> None:
    async def scenario(s: Stage) -> None:
        asked: list[str] = []
        real = s.alice.secrets.list

        async def counted(vault: str, directory: SecretPath | None = None, recursive: bool = False) -> Any:
            asked.append(str(directory or ""))
            return await real(vault, directory, recursive)

        s.alice.secrets.list = counted  # type: ignore[method-assign]
        await s.see("read only", "1 share", "of bob", "Origin", "Created the vault")
        await s.press("j", "j")
        await s.see("bob (clone, pull, scan)", "made on this node")
        assert asked == []
        await s.press("l")
        await s.see("README", "▸ db")
        assert asked == [""]
        await s.press("j", "enter")
        await s.see("▾ db", "prod", "test")
        assert asked == ["", "db"]
        await s.press("j")
        await s.see("work/db/prod", "13 B", "by this node", "this node  added", "•" * 12)
        await s.press("h", "h")
        await s.see("▸ db")
        await s.press("l")
        await s.see("test")
        assert asked == ["", "db"]  # known already
        assert CANARY not in s.screen_text()

    play(scenario, size)


def test_live_changes_leave_cursor_branches_and_a_revealed_value_where_they_are() -> None:
    async def scenario(s: Stage) -> None:
        await to(s, "db/prod")
        await s.see("this node  added")
        await s.press("space")
        await s.see(CANARY)
        node = tree(s).cursor_node
        await write(s.alice, "work", "db/aaa", b"1")
        await write(s.alice, "work", "AAA/x", b"1")
        await s.alice.vaults.create("aaa")
        await s.see("aaa ", "AAA", "5 secrets")
        assert tree(s).cursor_node is node
        assert at(s) == "prod"
        await s.see(CANARY)

        await write(s.alice, "work", "db/prod", b"other")  # what is shown is not the value any more
        await s.see_no(CANARY)
        await s.see("this node  modified")
        await s.alice.secrets.remove([("work", SecretPath.parse("db/prod"))])
        await s.until(lambda: at(s) == "test", "the cursor on what is nearest")
        await s.see("work/db/test")
        await s.press("2")
        await s.alice.vaults.delete("work")
        await s.press("1")
        await s.see_no("README")

    play(scenario, clock=SetClock())


async def _wait(s: Stage) -> None:
    clock = s.app.clock
    assert isinstance(clock, SetClock)
    clock.seconds += 9
    pane(s)._side.preview.secret.tick()
    await s.see(CANARY, "hides in 1 s")
    clock.seconds += 1
    pane(s)._side.preview.secret.tick()


async def _blur(s: Stage) -> None:
    s.app.app_focus = False


async def _cover(s: Stage) -> None:
    s.app.push_screen(ConfirmDialog(Content("Sure?"), Content("It does nothing."), "Yes"))
    await s.see("It does nothing.")


async def _lock(s: Stage) -> None:
    await s.press("ctrl+l")
    await s.until(lambda: not isinstance(s.app.screen, Workspace), "the lock")


def _key(key: str) -> Callable[[Stage], Coroutine[Any, Any, None]]:
    return lambda s: s.press(key)


MASKING: dict[str, Callable[[Stage], Coroutine[Any, Any, None]]] = {
    "the time is up": _wait,
    "the cursor moves": _key("j"),
    "its branch is folded": _key("h"),
    "another pane": _key("2"),
    "escape": _key("escape"),
    "the window loses focus": _blur,
    "a dialog lies over it": _cover,
    "the lock": _lock,
}


@pytest.mark.parametrize("sign", list(MASKING))
def test_a_revealed_value_is_masked_at_once(sign: str) -> None:
    async def scenario(s: Stage) -> None:
        await to(s, "db/prod")
        assert CANARY not in s.screen_text()
        await s.press("space")
        await s.see(CANARY, "hides in 10 s")
        kept = pane(s)
        text = kept.query_one(ValueText)
        await MASKING[sign](s)
        await s.pilot.pause()
        assert CANARY not in s.screen_text()
        assert CANARY not in repr(vars(text))  # let go of, not only out of sight

    play(scenario, clock=SetClock())


def test_peeking_again_keeps_a_value_for_longer_and_v_until_one_moves() -> None:
    async def scenario(s: Stage) -> None:
        clock = s.app.clock
        assert isinstance(clock, SetClock)
        await to(s, "db/prod")
        await s.press("space")
        await s.see("hides in 10 s")
        clock.seconds += 6
        await s.press("space", "space")
        await s.see("hides in 10 s")
        await s.press("v")
        await s.see("until the cursor moves", CANARY)
        clock.seconds += 600
        pane(s)._side.preview.secret.tick()
        await s.see(CANARY)
        await s.press("v")
        await s.see_no(CANARY)
        await s.press("v", "k")
        await s.pilot.pause(0.1)
        assert CANARY not in s.screen_text()

    play(scenario, clock=SetClock())


def test_a_value_that_arrives_after_the_cursor_moved_is_not_shown() -> None:
    async def scenario(s: Stage) -> None:
        go_on = asyncio.Event()
        real = s.alice.secrets.read

        async def slow(vault: str, path: SecretPath) -> Any:
            await go_on.wait()
            async for piece in real(vault, path):
                yield piece

        s.alice.secrets.read = slow  # type: ignore[method-assign]
        await to(s, "db/prod")
        await s.press("space", "j")
        go_on.set()
        await s.pilot.pause(0.1)
        assert CANARY not in s.screen_text()
        assert at(s) == "test"
        await s.press("space")  # and the fetching that was called off stands in nobody's way
        await s.see(CANARY)

    play(scenario)


def test_a_canary_is_in_no_frame_whatever_one_does_short_of_showing_it() -> None:
    async def scenario(s: Stage) -> None:
        copied: list[tuple[str, str]] = []

        async def copy(value: Plaintext, what: str, seconds: float) -> Any:
            copied.append((value.reveal().decode(), what))
            return type("Copied", (), {"what": what, "route": "tmux", "can_clear": True})

        session = s.app.session
        assert session is not None
        session.clipboard.copy = copy  # type: ignore[method-assign, assignment]
        await to(s, "db/prod")
        for keys in (
            ["c"],
            ["i"],
            ["H", "m"],
            ["escape"],
            ["slash", *"prod", "enter"],
            ["escape"],
            ["ctrl+r"],
            ["C"],
        ):
            await s.press(*keys)
            await s.pilot.pause(0.05)
            assert CANARY not in s.screen_text()
            if keys == ["c"]:
                await s.see("Copied db/prod via tmux, cleared in 45 s.")
        assert copied == [(CANARY, "db/prod"), ("work:db/prod", "the path")]
        assert not s.front.reported

    play(scenario)


def test_a_clone_refuses_changes_with_the_reason_and_offers_a_copy_to_make_them_in() -> None:
    async def scenario(s: Stage) -> None:
        await to(s, "router", "infra")
        for key in "neErmdIDt":
            await s.press(key)
            await s.see("infra is read only here", "It is a clone of bob", "Nothing was done", "infra-mine")
            await s.press("escape")
            await s.see_no("infra is read only here")
        assert [row.name for row in await s.alice.vaults.list()] == ["infra", "personal", "work"]

    play(scenario)


def test_verbs_about_copies_say_where_they_would_work() -> None:
    async def scenario(s: Stage) -> None:
        await to(s, "db/prod")
        await s.press("W")
        await s.see("work is yours to change as it is: W copies clones.")
        await s.press("exclamation_mark")
        await s.see("No conflict waits in work.")
        await to(s, "router", "infra")
        await s.press("ctrl+x")
        await s.see("infra is a clone: only bob can forget something in it.")
        await s.press("W")
        await s.see("A copy of infra to write in")
        await s.press("escape")
        await to(s, "db/prod")
        await s.press("ctrl+x")
        await s.see("Forget work:db/prod?", "Type prod to confirm")
        await s.press("escape")

    play(scenario)


def test_verbs_are_handed_over_with_what_the_cursor_is_on(monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[tuple[object, ...]] = []

    async def work() -> None:
        return

    def deed(verb: str, pane: object, row: Any, vault: Any, slot: object) -> Coroutine[Any, Any, None]:
        handed.append((verb, row.name, vault.name))
        return work()

    monkeypatch.setattr("pk_tui.tui.panes.vaults.deed", deed)

    async def scenario(s: Stage) -> None:
        await to(s, "db/prod")
        await s.press("space")
        await s.see(CANARY)
        await s.press("e")
        assert CANARY not in s.screen_text()
        await s.press("s", "p")
        assert handed == [(verb, "prod", "work") for verb in ("edit", "share", "pull")]

    play(scenario)


def test_the_filter_narrows_as_one_types_and_escape_brings_everything_back() -> None:
    async def scenario(s: Stage) -> None:
        await to(s, "db/prod")
        await s.press("slash", *"test")
        await s.see_no("README")
        await s.until(lambda: at(s) in ("test", "db", "work"), "what is left")
        assert "infra" not in s.screen_text()
        await s.press("enter", "G")
        assert at(s) == "test"
        await s.press("escape")
        await s.see("infra", "README", "prod")
        assert at(s) == "test"
        await s.press("slash", *"nowhere")
        await s.see("Nothing that was opened", "“nowhere” in its name", "ctrl+f")
        await s.press("escape")
        await s.see("infra", "README")
        assert tree(s).has_focus

    play(scenario)


def test_after_the_lock_cursor_branches_filter_and_scroll_are_where_they_were() -> None:
    async def many(w: World) -> None:
        await some_vaults(w)
        for number in range(40):
            await write(w.agents["alice"], "work", f"many/s{number:02}", b"x")

    async def scenario(s: Stage) -> None:
        await s.see("work")
        await to(s, "many/s35")
        await s.press("k", "k")
        before = tree(s).scroll_offset.y, at(s)
        assert before[0] > 0
        await s.press("ctrl+l")
        await s.until(lambda: not isinstance(s.app.screen, Workspace), "the lock")
        assert "s33" not in s.screen_text()

        async def right(password: Plaintext) -> None:
            return

        s.alice.lifecycle.verify_password = right  # type: ignore[method-assign]
        await s.app.unlock_screen(Plaintext(b"x"))
        await s.see("work/many/s33")
        await s.until(lambda: (tree(s).scroll_offset.y, at(s)) == before, f"{before}")
        await s.until(lambda: tree(s).has_focus, "the focus")

        await s.press("slash", *"s3", "enter", "ctrl+l")
        await s.until(lambda: not isinstance(s.app.screen, Workspace), "the lock")
        await s.app.unlock_screen(Plaintext(b"x"))
        await s.see("work/many/s33", "s39")
        await s.until(lambda: tree(s).has_focus, "the focus")
        assert "s29" not in s.screen_text()
        await s.press("escape")
        await s.see("s29", "s33")
        assert at(s) == "s33"

    play(scenario, NARROW, many)


def test_one_can_be_sent_to_a_secret_and_to_a_vault_that_is_not_there_yet() -> None:
    async def scenario(s: Stage) -> None:
        await s.press("slash", *"infra", "enter", "2")
        work = (await s.alice.vaults.get("work")).vault_id
        pane(s).post_message(GoTo("vaults", (work, SecretPath.parse("db/test"))))
        await s.see("[1 Vaults]", "work/db/test")
        assert at(s) == "test"
        pane(s).go_to((work, "db/gone"))
        await s.until(lambda: at(s) == "db", "what is nearest to it")
        made = await s.alice.vaults.create("later")
        pane(s).go_to(made.vault_id)
        await s.until(lambda: at(s) == "later", "the new vault")
        made = await s.alice.vaults.create("later still")
        pane(s).go_to(made.vault_id)  # not known yet; and then somebody thinks better of it
        tree(s).action_cursor_up()
        await s.see("later still")
        await s.pilot.pause()
        assert at(s) == "infra"

    play(scenario)


def test_names_and_values_that_would_steer_the_terminal_are_shown_as_text() -> None:
    names = ["[red]", "[@click=app.quit]x[", "a\x1b]52;c;aGk=\x07b", "\u202egnp.exe", "世界" * 30, "n" * 200]

    async def hostile(w: World) -> None:
        await w.agents["alice"].vaults.create("[b]v[red]")
        await write(w.agents["alice"], "[b]v[red]", "[/x]", b"a\x1b]2;t\x07[/x]")

    async def scenario(s: Stage) -> None:
        await s.see("[b]v[red]")
        await to(s, "[/x]", "[b]v[red]")
        await s.see("Path     [/x]")

        async def listed(*args: object, **named: object) -> Any:
            return [EntryView(name, False, 1) for name in names]

        s.alice.secrets.list = listed  # type: ignore[method-assign]
        await s.press("ctrl+r")
        await s.see("[red]", "[@click=app.quit]x[", "a\\u{1b}]52;c;aGk=\\u{7}b", "\\u{202e}gnp", "世界", "nnn…")
        await s.press("g")
        for _ in names:
            await s.press("j")
            await s.pilot.pause(0.15)
        assert not s.front.reported

    for size in (WIDE, NARROW):
        play(scenario, size, hostile)


def test_a_hostile_value_is_revealed_as_text() -> None:
    async def hostile(w: World) -> None:
        await w.agents["alice"].vaults.create("v")
        await write(w.agents["alice"], "v", "x", b"a\x1b]2;t\x07[/x][@click=app.quit]q[/]")
        await write(w.agents["alice"], "v", "y", b"\xff\xfe\x00" * 1000)
        await write(w.agents["alice"], "v", "z", b"text " * 20_000)

    async def scenario(s: Stage) -> None:
        await s.see("v ")
        await s.press("l", "j", "space")
        await s.see("a\\u{1b}]2;t\\u{7}[/x][@click")
        await s.press("j", "space")
        await s.see("binary, 2.9 KiB")
        await s.press("j", "space")
        await s.see("text, 97.7 KiB: more than")
        assert "text text" not in s.screen_text()

    play(scenario, WIDE, hostile)


def test_a_node_without_vaults_says_what_they_are_and_its_keys_work(monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[str] = []

    async def work() -> None:
        return

    def deed(verb: str, *rest: object) -> Coroutine[Any, Any, None]:
        handed.append(verb)
        return work()

    monkeypatch.setattr("pk_tui.tui.panes.vaults.deed", deed)

    async def scenario(s: Stage) -> None:
        await s.see("No vaults yet", "N  makes one", "4  shows what others share")
        await s.press("2", "1", "N")
        assert handed == ["new vault"]
        assert tree(s).has_focus
        await s.press("e")
        await s.see("There is no vault yet")
        await s.press("space", "c", "C", "i", "H", "escape", "slash", "escape", "j", "G")
        await s.alice.vaults.create("first")
        await s.see("first", "with nobody: s shares it")
        assert "No vaults yet" not in s.screen_text()

    for size in (WIDE, NARROW):
        handed.clear()
        play(scenario, size, None)


def test_what_fails_is_said_in_its_place_and_refreshing_tries_again() -> None:
    async def scenario(s: Stage) -> None:
        from pk_tui.errors import StorageFailed

        real = s.alice.secrets.list, s.alice.secrets.stat
        failing = True

        async def listed(*args: Any, **named: Any) -> Any:
            if failing:
                raise StorageFailed("The disk cannot be read.")
            return await real[0](*args, **named)

        async def stat(*args: Any, **named: Any) -> Any:
            raise StorageFailed("The secret cannot be found [/x].")

        s.alice.secrets.list = listed  # type: ignore[method-assign]
        await s.press("G", "l")
        await s.see("The disk cannot be read.")
        failing = False
        await s.press("ctrl+r")
        await s.see("README")
        s.alice.secrets.stat = stat  # type: ignore[method-assign]
        await s.press("G")
        await s.see("The secret cannot be found [/x].")

    play(scenario)


def test_waiting_is_said_once_it_is_noticeable() -> None:
    async def scenario(s: Stage) -> None:
        go_on = asyncio.Event()
        real = s.alice.secrets.list

        async def slow(*args: Any, **named: Any) -> Any:
            await go_on.wait()
            return await real(*args, **named)

        s.alice.secrets.list = slow  # type: ignore[method-assign]
        await s.press("G", "l")
        await s.see("Reading…")
        go_on.set()
        await s.see("▸ db")
        assert "Reading…" not in s.screen_text()

    play(scenario)


def test_holding_a_key_asks_only_about_the_row_one_stops_at() -> None:
    async def many(w: World) -> None:
        await some_vaults(w)
        for number in range(20):
            await write(w.agents["alice"], "work", f"many/s{number:02}", b"x")

    async def scenario(s: Stage) -> None:
        await s.see("work")
        await to(s, "many/s00")
        await s.see("work/many/s00", "this node  added")
        asked: list[str] = []
        real = s.alice.secrets.stat

        async def counted(vault: str, path: SecretPath) -> Any:
            asked.append(path.name)
            return await real(vault, path)

        s.alice.secrets.stat = counted  # type: ignore[method-assign]
        for _ in range(15):
            tree(s).action_cursor_down()
            await asyncio.sleep(0)  # as fast as keys can come: a busy machine must not make it look like resting
        await s.see("work/many/s15", "this node  added")
        assert asked == ["s15"]

    play(scenario, WIDE, many)


def test_on_a_short_screen_the_preview_takes_the_place_of_the_tree_and_gives_it_back() -> None:
    async def scenario(s: Stage) -> None:
        assert "Origin" not in s.screen_text()
        await to_short(s)
        await s.press("enter")
        await s.see("work/db/prod", "space peeks")
        assert "README" not in s.screen_text()
        await s.press("escape")
        await s.see("README")
        await s.press("space")
        await s.see(CANARY)
        await s.press("escape", "escape", "H")
        await s.see("Versions of work:db/prod", "this node  added")
        await s.press("escape")
        await s.see("README")
        await s.press("j")
        assert at(s) == "test"

    async def to_short(s: Stage) -> None:
        view = await s.alice.vaults.get("work")
        pane(s).go_to((view.vault_id, "db/prod"))
        await s.until(lambda: at(s) == "prod", "the cursor")

    play(scenario, SHORT)


def test_escape_with_nothing_to_go_back_from_is_left_to_the_screen() -> None:
    async def scenario(s: Stage) -> None:
        came: list[str] = []
        s.app.screen.action_back = lambda: came.append("back")  # type: ignore[attr-defined]
        await s.press("tab", "escape")
        assert came == []
        await s.press("escape")
        assert came == ["back"]

    play(scenario)
