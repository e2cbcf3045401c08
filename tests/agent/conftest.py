"""What every test of the hall starts from."""

from __future__ import annotations

import pytest

from pk_tui.vault.facts import forget_digests


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    forget_digests()
