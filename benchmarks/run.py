"""All targets in one run: `python -m benchmarks.run [--json] [--rounds N] [--only NAME …]`. Exits 1, naming each one missed."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from benchmarks import commands, committing, importing, large, opening, reading, rivals, screens, transfers
from benchmarks.result import Result

Part = Callable[[Path, int], Iterator[Result]]
PARTS: dict[str, Part] = {
    "import": importing.measure,
    "commit": committing.measure,
    "open": opening.measure,
    "read": reading.measure,
    "clone": transfers.clones,
    "pull": transfers.pulls,
    "large": large.measure,
    "rivals": rivals.measure,
    "commands": commands.measure,
    "painting": screens.painting,
    "answering": screens.answering,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=PARTS, nargs="+")
    options = parser.parse_args()
    results: list[Result] = []
    for name, part in PARTS.items():
        if options.only is None or name in options.only:
            base = Path(tempfile.mkdtemp(prefix="pk-tui-bench-"))
            try:
                for result in part(base, options.rounds):
                    results.append(result)
                    if not options.json:
                        print(_row(result), flush=True)
            finally:
                shutil.rmtree(base, ignore_errors=True)
    missed = [result.name for result in results if not result.met]
    if options.json:
        rows = [{**asdict(result), "met": result.met} for result in results]
        print(json.dumps({"results": rows, "missed": missed}, indent=2))
    for name in missed:
        print(f"target missed: {name}", file=sys.stderr)
    return 1 if missed else 0


def _row(row: Result) -> str:
    times = f"{row.value * 1000:8.1f} ms / {row.reference * 1000:8.1f} ms" if row.reference else " " * 27
    mark = "met   " if row.met else "MISSED"
    return f"{mark} {row.name:66} {times}  {row.measured:7.2f} {row.unit} (at most {row.limit:g})"


if __name__ == "__main__":
    raise SystemExit(main())
