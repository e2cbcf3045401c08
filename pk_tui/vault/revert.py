"""Taking back what one commit changed, wherever everything it changed is still as it left it. Decides; committing is for others.

Three trees are compared: as it was before the commit, as the commit left it, and as it is now. What the commit did not touch
may have changed in any way.
"""

from __future__ import annotations

from collections.abc import Iterator

from pk_tui.terms import SecretPath
from pk_tui.vault import entries, tree
from pk_tui.vault.diff import changes, differing
from pk_tui.vault.objects import Kind, ObjectSource, Oid

Step = tree.Edit | SecretPath
"""An edit that takes something back, or the path of a secret that is not as the commit left it."""


def takes_back(
    source: ObjectSource, before: Oid | None, after: Oid | None, now: Oid | None, at: tuple[str, ...] = ()
) -> Iterator[Step]:
    """What has to be done to `now` so that the change from `before` to `after` never was. The three lie at the directory `at`;
    None is nothing there. Where paths are yielded the edits are not to be done. Costs what changed."""
    if now == after and at:
        yield from replaced(source, SecretPath(at), before, now)
        return
    if not all(oid is None or source.facts(oid).kind is Kind.TREE for oid in (before, after, now)):
        yield from _differing_secrets(source, after, now, at)
        return
    was, became = differing(source, before, after)
    names = was.keys() | became.keys()
    present = _entries(source, now, names)
    for name in sorted(names):
        yield from takes_back(source, was.get(name), became.get(name), present.get(name), (*at, name.decode()))


def _entries(source: ObjectSource, directory: Oid | None, names: set[bytes]) -> dict[bytes, Oid]:
    if directory is None or not names:
        return {}
    return {name: oid for _, name, oid in entries.fields(source.body(directory)) if name in names}


def replaced(source: ObjectSource, path: SecretPath, wanted: Oid | None, now: Oid | None) -> Iterator[tree.Edit]:
    """The edits that make of what is `now` at the path what is wanted there; None is nothing."""
    if now is not None and (wanted is None or Kind.TREE in (source.facts(wanted).kind, source.facts(now).kind)):
        yield path, tree.Remove()  # nothing is put in the place of a directory, nor a directory in that of a secret
    if wanted is not None:
        yield path, tree.Put(wanted)


def _differing_secrets(source: ObjectSource, after: Oid | None, now: Oid | None, at: tuple[str, ...]) -> Iterator[Step]:
    """At least one path: two objects that differ without a secret that does are a secret and an empty directory, or nothing."""
    found = False
    for path, _ in changes(source, after, now, at):
        found = True
        yield path
    if not found:
        yield SecretPath(at)
