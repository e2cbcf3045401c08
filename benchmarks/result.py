"""What a measurement gives: ours, the reference's, and what their ratio may be."""

from __future__ import annotations

import statistics
from dataclasses import dataclass


@dataclass
class Result:
    """`value` is ours and `reference` the other's (seconds where `measured` is a ratio); `limit` is what `measured` may be."""

    name: str
    value: float
    reference: float | None
    measured: float
    limit: float
    unit: str = "x"

    @property
    def met(self) -> bool:
        return self.measured <= self.limit


def ratio(name: str, ours: list[float], theirs: list[float], limit: float) -> Result:
    """Median against median; the runs alternated, so that noise of the machine falls on both."""
    value, reference = statistics.median(ours), statistics.median(theirs)
    return Result(name, value, reference, value / reference, limit)


def plain(name: str, values: list[float], limit: float, unit: str) -> Result:
    """A median of its own, without a reference."""
    value = statistics.median(values)
    return Result(name, value, None, value, limit, unit)
