"""What the preview says of a vault, a directory or a secret, besides a secret's value: names and facts, one to a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from textual.content import Content

from pk_tui.api.views import CommitView, PermissionView, SecretStat, VaultView
from pk_tui.clock import Instant, rfc3339
from pk_tui.errors import PkError
from pk_tui.terms import NodeId
from pk_tui.tui.remedies import in_keys
from pk_tui.tui.text import ago, counted, sentence, shown, size
from pk_tui.tui.widgets.vault_rows import Row

NAME_OF = Callable[[NodeId], str]
VERSIONS_READ = 50
"""Versions asked for at once: as many as somebody scrolls through."""
LABEL = 8
"""Cells of the first column."""
NAMED_AT_MOST = 8
"""Nodes named in a line before the rest is only counted."""

_TEXT = frozenset(("cfg", "conf", "csv", "env", "ini", "json", "md", "pem", "pub", "toml", "txt", "xml", "yaml", "yml"))
_BINARY = frozenset(
    ("bin", "db", "der", "gpg", "gz", "jks", "jpg", "kdbx", "p12", "pdf", "pfx", "png", "tar", "xz", "zip")
)

Field = tuple[str, Content]
_ASKED = Content("…")
"""Where an answer will stand, so that the lines below it need not move."""


@dataclass(frozen=True, slots=True)
class Known:
    """What was found out about the row the cursor is on; None for what was not (yet)."""

    stat: SecretStat | None = None
    versions: Sequence[CommitView] | None = None
    people: Sequence[PermissionView] | None = None
    kind: str | None = None
    """`text` or `binary`, once the value was looked at."""


def who(author: str, name_of: NAME_OF) -> Content:
    """Whoever made a version, by name where we have one."""
    try:
        return shown(name_of(NodeId.parse(author)), 40)
    except PkError:
        return shown(author, 40)


def kind_by_name(name: str) -> str | None:
    """What an ending says of a secret. A hint: nothing is read only because the cursor passes by."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    return "text, by its name" if ending in _TEXT else "binary, by its name" if ending in _BINARY else None


def laid_out(fields: Iterable[Field], width: int) -> Content:
    """The names in a column of their own, what is said beside them wrapped in what is left of `width` cells."""
    lines: list[Content] = []
    for name, text in fields:
        label = Content.styled(f"{name:<{LABEL}} ", "dim")
        for line in text.wrap(max(10, width - LABEL - 1)):
            lines.append(Content.assemble(label, line))
            label = Content(" " * (LABEL + 1))
    return Content("\n").join(lines)


def secret_fields(
    row: Row, vault: VaultView, known: Known, now: Instant, name_of: NAME_OF, in_full: bool
) -> list[Field]:
    """`in_full` adds what is seldom needed: exact times, names of versions, how it is stored."""
    stat, newest = known.stat, known.versions[0] if known.versions else None
    fields = [("Path", shown("/".join(row.spot.parts), 1100)), ("Vault", _vault_in_short(vault, name_of))]
    fields.append(("Size", Content(size(stat.size if stat else row.size))))
    kind = known.kind or kind_by_name(row.name)
    if kind is not None:
        fields.append(("Kind", Content(kind)))
    by = Content.assemble(" by ", who(newest.author, name_of)) if newest else Content("")
    fields.append(("Changed", Content.assemble(_past(stat.modified, now), by) if stat else _ASKED))
    if stat is not None and in_full:
        fields.append(("Exactly", Content(rfc3339(stat.modified))))
        fields.append(("Version", Content(str(stat.commit))))
        fields.append(("Stored", Content(f"in {counted(stat.chunks, 'piece')}")))
    return fields


def directory_fields(row: Row, vault: VaultView, name_of: NAME_OF) -> list[Field]:
    return [
        ("Path", shown("/".join(row.spot.parts), 1100)),
        ("Vault", _vault_in_short(vault, name_of)),
        ("Size", Content(f"{size(row.size)} in all")),
    ]


def vault_fields(
    vault: VaultView, known: Known, now: Instant, name_of: NAME_OF, in_full: bool, called: str = ""
) -> list[Field]:
    """`called`: what the vault that a fork is of is called here, if there is a clone of it."""
    fields = []
    if vault.damaged is not None:
        fields.append(("Damaged", shown(in_keys(vault.damaged), 500, style="$text-error")))
    if vault.origin is None:
        fields.append(("Origin", Content("made on this node")))
    elif vault.fork:
        what = sentence("fork of $name at", name=called) if called else Content("fork of")
        origin = sentence("$what $node: yours to change", what=what, node=name_of(vault.origin.node_id))
        fields.append(("Origin", origin))
    else:
        origin = sentence("clone of $node, read only", node=name_of(vault.origin.node_id))
        fields.append(("Origin", Content.assemble(origin, Content.styled(": W makes a copy to change", "dim"))))
    if vault.conflicts:
        were = "secret was" if vault.conflicts == 1 else "secrets were"
        text = f"{vault.conflicts:,} {were} changed on both sides; ours shows until you decide: press !"
        fields.append(("Conflict", Content.styled(text, "$text-warning")))
    if vault.behind:
        how = "p merges what is new" if vault.fork else "p pulls what is new"
        text = f"{counted(vault.behind, 'version')} behind: {how}"
        fields.append(("Behind", Content.styled(text, "$text-warning")))
    elif vault.origin is not None:
        unheard = "not known: its origin has shown nothing since this node was unlocked"
        fields.append(("Behind", Content("no" if vault.behind == 0 else unheard)))
    if vault.damaged is None:
        fields.append(("Secrets", Content(f"{vault.secrets:,}")))
    if vault.damaged is None:
        fields.append(("Versions", _ASKED if known.versions is None else Content(_count(known.versions))))
    fields.append(("Changed", Content(_past(vault.updated, now))))
    if vault.damaged is None:
        fields.append(("Shared", _ASKED if known.people is None else _people(known.people, vault, name_of)))
    fields.append(("Id", Content(str(vault.vault_id))))
    if in_full:
        fields.append(("Exactly", Content(rfc3339(vault.updated))))
        if vault.head is not None:
            fields.append(("Version", Content(str(vault.head))))
        if vault.origin is not None:
            fields.append(("From", Content(str(vault.origin.node_id))))
            fields.append(("There", Content(str(vault.origin.vault_id))))
    return fields


def _vault_in_short(vault: VaultView, name_of: NAME_OF) -> Content:
    if vault.origin is not None and vault.fork:
        return sentence("$vault, own, fork of $node", vault=vault.name, node=name_of(vault.origin.node_id))
    if vault.origin is not None:
        return sentence("$vault, clone of $node, read only", vault=vault.name, node=name_of(vault.origin.node_id))
    shares = f", shared with {counted(vault.shared_with, 'node')}" if vault.shared_with else ""
    return sentence("$vault, own$shares", vault=vault.name, shares=shares)


def _count(versions: Sequence[CommitView]) -> str:
    return f"at least {len(versions)}" if len(versions) >= VERSIONS_READ else str(len(versions))


def _past(then: Instant, now: Instant) -> str:
    past = ago(then, now)
    return "just now" if past == "now" else f"{past} ago"


def _people(people: Sequence[PermissionView], vault: VaultView, name_of: NAME_OF) -> Content:
    if not people:
        if vault.read_only:
            return Content("its owner alone shares it")
        return Content("with nobody: s shares it")
    named = [
        sentence("$node ($rights)", node=name_of(one.node_id), rights=", ".join(action.value for action in one.actions))
        for one in people[:NAMED_AT_MOST]
    ]
    if len(people) > NAMED_AT_MOST:
        named.append(Content(f"and {len(people) - NAMED_AT_MOST} more"))
    return Content(", ").join(named)
