"""A picture of the screen in a file of the user's. Hiding what must not be on it comes before, and is the caller's affair."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from textual.app import App

from pk_tui.clock import Clock, rfc3339


def picture_name(clock: Clock) -> str:
    """`pk-tui-20251121-141200.svg`, in UTC."""
    stamp = rfc3339(clock.now())[:19].replace("-", "").replace(":", "").replace("T", "-")
    return f"pk-tui-{stamp}.svg"


def save_screenshot(app: App[Any], clock: Clock) -> str:
    """Where it was saved: a new file in the home directory that nobody else may read. Raises OSError."""
    path = Path.home() / picture_name(clock)
    picture = app.export_screenshot(title="pk-tui")
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as out:
        out.write(picture)
    return f"~/{path.name}"
