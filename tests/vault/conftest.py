"""Makes `dict_sink` importable beside the tests, which are no package."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from dict_sink import DictSink

from pk_tui.vault.facts import forget_digests


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    forget_digests()


@pytest.fixture
def sink() -> DictSink:
    return DictSink()
