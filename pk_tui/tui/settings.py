"""What a person can set. Reading takes whatever was kept and falls back, field by field, to what is sensible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields


@dataclass(frozen=True, slots=True)
class Settings:
    """Times are in seconds unless the name says minutes."""

    theme: str = "pk-dark"
    lock_minutes: int = 5
    """Idle time until the screen locks; 0: never by itself."""
    close_minutes: int = 60
    """Idle time until a node held by this window is fully locked: keys dropped, connections closed; 0: never."""
    reveal_seconds: int = 10
    clipboard_seconds: int = 45
    """Until a copied value is taken off the clipboard again."""

    @classmethod
    def read(cls, kept: Mapping[str, object]) -> Settings:
        """Unknown names, wrong types and values out of range are passed over."""
        taken: dict[str, object] = {}
        for one in fields(cls):
            value = kept.get(one.name)
            if one.name == "theme":
                if isinstance(value, str) and 0 < len(value) <= 40:
                    taken["theme"] = value
            elif isinstance(value, int) and not isinstance(value, bool):
                low, high = LIMITS[one.name]
                if low <= value <= high:
                    taken[one.name] = value
        return cls(**taken)  # type: ignore[arg-type]  # each was checked above

    def kept(self) -> dict[str, object]:
        return asdict(self)


LIMITS = {
    "lock_minutes": (0, 720),
    "close_minutes": (0, 1440),
    "reveal_seconds": (3, 60),
    "clipboard_seconds": (5, 300),
}
"""Smallest and largest value of each number."""
