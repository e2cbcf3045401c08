"""What an act is: a short play on a stage of its own, moved by the keys that a person would press, of which pictures are taken.

`ACTS` are all of them by name, as `scenes` and `questions` enter them; `perform` plays one at one size. Where the pictures are
kept and compared is in `pictures`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from tui.posed import Posed, play, posed

SIZES = {"small": (80, 24), "large": (120, 40), "tiny": (52, 12)}
BOTH = ("small", "large")
REVEALING = frozenset(
    (
        "vaults-revealed",
        "history-compare-revealed",
        "history-version-revealed",
        "conflicts-compare",
        "item-revealed",
        "edit-secret",
        "new-secret",
        "new-secret-leave",
    )
)
"""Pictures of a value that was asked for or typed."""

Size = tuple[int, int]


@dataclass(frozen=True)
class Act:
    stage: Callable[[Size], AbstractAsyncContextManager[Posed]]
    play: Callable[[Posed], Awaitable[None]]
    sizes: tuple[str, ...]

    @property
    def pictures(self) -> list[str]:
        """The names of its pictures, as they stand in its text."""
        return _TAKEN.findall(inspect.getsource(self.play))


_TAKEN = re.compile(r"\.picture\(\"([a-z-]+)\"\)")
ACTS: dict[str, Act] = {}


def act(
    stage: Callable[[Size], AbstractAsyncContextManager[Posed]] = posed, sizes: tuple[str, ...] = BOTH
) -> Callable[[Callable[[Posed], Awaitable[None]]], Callable[[Posed], Awaitable[None]]]:
    def entered(play: Callable[[Posed], Awaitable[None]]) -> Callable[[Posed], Awaitable[None]]:
        ACTS[play.__name__] = Act(stage, play, sizes)
        return play

    return entered


def shows() -> list[tuple[str, str]]:
    """Every act with every size it is played at."""
    return [(name, size) for name, one in ACTS.items() for size in one.sizes]


def perform(one: Act, size: Size) -> dict[str, str]:
    """The pictures of an act, by name, as the app exports them."""

    async def scenario() -> dict[str, str]:
        async with one.stage(size) as s:
            await one.play(s)
            return s.taken

    return play(scenario)


async def to_work(s: Posed, *keys: str) -> None:
    """The cursor on the vault work, open, from anywhere in the vaults pane; then these keys."""
    await s.keys("1", "end", "right", *keys)
