from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import pytest
from tui.stage import StageFront

from pk_tui.api.front import Beginning, Situation
from pk_tui.errors import Busy, StorageFailed
from pk_tui.tui.app import ENDED_IN_BACKGROUND, PkApp
from pk_tui.tui.launch import UiOptions, run_ui


class Front(StageFront):
    def __init__(self) -> None:
        super().__init__(None)  # type: ignore[arg-type]  # nothing is opened here
        self.situation = Situation(Beginning.LOCKED, "~/node")
        self.left = 0
        self.fails = False

    async def leave_running(self) -> int:
        self.left += 1
        if self.fails:
            raise StorageFailed("The agent could not be started: no space left.")
        return 4711


@pytest.fixture
def front() -> Front:
    return Front()


def ends_with(monkeypatch: pytest.MonkeyPatch, ending: Any, cleaned: list[bool] | None = None) -> None:
    async def run_async(app: PkApp, **_: Any) -> Any:
        return ending(app) if callable(ending) else ending

    async def clean_up(app: PkApp) -> None:
        if cleaned is not None:
            cleaned.append(True)

    monkeypatch.setattr(PkApp, "run_async", run_async)
    monkeypatch.setattr(PkApp, "clean_up", clean_up)


@pytest.mark.parametrize(("ending", "code"), [(0, 0), (None, 0), (143, 143)])
def test_the_apps_result_is_the_exit_code_and_the_node_is_let_go(
    monkeypatch: pytest.MonkeyPatch, front: Front, ending: int | None, code: int
) -> None:
    cleaned: list[bool] = []
    ends_with(monkeypatch, ending, cleaned)

    assert asyncio.run(run_ui(front, UiOptions())) == code
    assert front.closed
    assert cleaned == [True]
    assert front.left == 0


def test_after_a_crash_the_code_is_one(monkeypatch: pytest.MonkeyPatch, front: Front) -> None:
    def crash(app: PkApp) -> None:
        app._return_code = 1

    ends_with(monkeypatch, crash)

    assert asyncio.run(run_ui(front, UiOptions())) == 1
    assert front.closed


def test_left_in_the_background_it_says_how_to_reach_and_to_end_it(
    monkeypatch: pytest.MonkeyPatch, front: Front, capsys: pytest.CaptureFixture[str]
) -> None:
    ends_with(monkeypatch, ENDED_IN_BACKGROUND)

    assert asyncio.run(run_ui(front, UiOptions())) == 0
    said = capsys.readouterr().out
    assert "4711" in said
    assert "pk-tui agent stop" in said


def test_a_background_agent_that_does_not_start_is_told_with_its_code(
    monkeypatch: pytest.MonkeyPatch, front: Front, capsys: pytest.CaptureFixture[str]
) -> None:
    front.fails = True
    ends_with(monkeypatch, ENDED_IN_BACKGROUND)

    assert asyncio.run(run_ui(front, UiOptions())) == StorageFailed.exit_code
    assert "no space left" in capsys.readouterr().err
    assert front.closed


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_app_instead_of_the_process(
    monkeypatch: pytest.MonkeyPatch, front: Front, number: signal.Signals
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(PkApp, "end_by_signal", lambda app, number: ended.append(number))

    async def run_async(app: PkApp, **_: Any) -> int:
        os.kill(os.getpid(), number)
        while not ended:
            await asyncio.sleep(0)
        return 128 + ended[0]

    monkeypatch.setattr(PkApp, "run_async", run_async)

    assert asyncio.run(run_ui(front, UiOptions())) == 128 + number
    assert signal.getsignal(number) == signal.SIG_DFL


def test_what_makes_a_beginning_impossible_is_the_callers_to_say(monkeypatch: pytest.MonkeyPatch, front: Front) -> None:
    async def look() -> Situation:
        raise Busy("Somebody else has it.")

    front.look = look  # type: ignore[method-assign]
    ran: list[bool] = []
    ends_with(monkeypatch, lambda app: ran.append(True))

    with pytest.raises(Busy):
        asyncio.run(run_ui(front, UiOptions()))
    assert ran == []
