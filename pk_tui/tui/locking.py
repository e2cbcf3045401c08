"""When the screen locks, when the node does, and how long a wrong password makes one wait: the rules alone, with numbers for
times. What locking does is in `lockable`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from pk_tui.clock import SECOND, Clock

WARNS = 15
"""Seconds before the screen locks by itself in which the header counts down."""
SLEPT = 60.0
"""Seconds that the wall clock may run ahead of the other one before the machine is taken to have slept."""
LONGEST_WAIT = 30.0
"""Seconds after many wrong passwords: a person who remembers it after all is not kept out, and a guesser is."""


class Due(Enum):
    NOTHING = auto()
    COVER = auto()
    """No node is open, so there is nothing to lock; but what is to be written down is hidden."""
    SCREEN = auto()
    """Lock the screen: the node goes on serving."""
    NODE = auto()
    """Lock the node: its keys are dropped, its connections closed."""


@dataclass(frozen=True, slots=True)
class Standing:
    """`is_open`: there is a session; `is_locked`: the screen is locked; `is_held`: the node is held by this program, so that
    it may lock it. A node that a headless agent holds is never locked by idling here."""

    is_open: bool
    is_locked: bool
    is_held: bool


def due(idle: float, slept: float, standing: Standing, lock_minutes: int, close_minutes: int) -> Due:
    """What is due after `idle` seconds without a touch, in which the machine slept for `slept` seconds just now. 0 minutes
    mean never by idling; sleeping locks all the same, since whoever wakes the machine may be somebody else."""
    asleep = slept > SLEPT
    if not standing.is_open:
        return Due.COVER if asleep or (lock_minutes and idle >= lock_minutes * 60) else Due.NOTHING
    if standing.is_held and (asleep or (close_minutes and idle >= close_minutes * 60)):
        return Due.NODE
    if not standing.is_locked and (asleep or (lock_minutes and idle >= lock_minutes * 60)):
        return Due.SCREEN
    return Due.NOTHING


def warns_in(idle: float, standing: Standing, lock_minutes: int, close_minutes: int) -> int | None:
    """Seconds until what shows is locked by idling, if that is near."""
    ends = [lock_minutes * 60] if lock_minutes else []
    if close_minutes and standing.is_held:
        ends.append(close_minutes * 60)
    if not standing.is_open or standing.is_locked or not ends:
        return None
    left = min(ends) - idle
    return max(0, round(left)) if left <= WARNS else None


def delay_after(failures: int) -> float:
    """Seconds until the next password is taken after so many wrong ones in a row: 1, 2, 4, 8 and so on, at most 30."""
    return 0.0 if failures < 1 else min(LONGEST_WAIT, 2.0 ** min(failures - 1, 10))


class Attempts:
    """Wrong passwords in a row. Belongs to the app, so that locking once more forgets none."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until = clock.elapsed()
        self.failures = 0

    def failed(self) -> None:
        self.failures += 1
        self._until = self._clock.elapsed() + delay_after(self.failures)

    def passed(self) -> None:
        self.failures = 0

    @property
    def wait(self) -> float:
        """Seconds until the next one is taken; 0 if it may be tried."""
        return max(0.0, self._until - self._clock.elapsed()) if self.failures else 0.0


class Watch:
    """Notices that the machine slept: the wall clock went on, the other one stood still."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen = self._now()

    def _now(self) -> tuple[float, float]:
        return self._clock.now() / SECOND, self._clock.elapsed()

    def slept(self) -> float:
        """Seconds slept since the last call. A wall clock that is set back is no sleep."""
        wall, running = self._now()
        (wall_before, running_before), self._seen = self._seen, (wall, running)
        return max(0.0, (wall - wall_before) - (running - running_before))
