"""Python's collector of rings of objects, in processes that make many objects and few rings."""

from __future__ import annotations

import gc

COLLECT_AFTER = (10_000, 5, 100)
"""New objects, and younger collections, before the collector looks for rings among them: drawing and importing make many and
leave none. With Python's own numbers an import of 100,000 secrets spends a fifth of its time in the collector. Every thread waits
for a collection, so that the middle one has 50,000 objects to look through, some 10 ms, and the one of all comes seldom."""


def collect_seldom() -> None:
    gc.set_threshold(*COLLECT_AFTER)


def not_while_loading() -> None:
    """Look for no rings: what is loaded stays, and looking through it again and again takes a twentieth of the way to the first
    picture. To be followed by `loaded`."""
    gc.disable()


def loaded() -> None:
    """Look for rings again, and not among what is there by now: that would hold up a key."""
    gc.freeze()
    gc.enable()


def leave_alone_what_is_loaded() -> None:
    """To be called when all is loaded: what is there by now stays for good, and is not looked through again."""
    gc.collect()
    gc.freeze()
