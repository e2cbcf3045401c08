"""For all tests: what they try does not depend on how fast the machine is, nor on which ran before."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest.fixture(autouse=True)
def _umask_as_before() -> Iterator[None]:
    """A node makes private files, for the whole process; a test that opens one leaves no trace of that."""
    before = os.umask(0o022)
    yield
    os.umask(before)
