"""Python's collector of rings of objects, in processes that make many objects and few rings."""

from __future__ import annotations

import gc

COLLECT_AFTER = (10_000, 20, 20)
"""New objects, and younger collections, before the collector looks for rings among them: drawing and importing make many and
leave none. With Python's own numbers an import of 100,000 secrets spends a fifth of its time in the collector."""


def collect_seldom() -> None:
    gc.set_threshold(*COLLECT_AFTER)


def leave_alone_what_is_loaded() -> None:
    """To be called when all is loaded: what is there by now stays for good, and is not looked through again."""
    gc.collect()
    gc.freeze()
