"""What was typed about a node to add: read from one field or three, and judged while it is typed. Rules alone."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from textual.content import Content

from pk_tui.errors import Misuse
from pk_tui.terms import Address, NodeId, petname
from pk_tui.tui.remedies import reason
from pk_tui.tui.text import counted, sentence, shown

ID_LENGTH = 53
_PART_OF_ID = re.compile(r"v[0-9a-v]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Typed:
    """The fields as they are."""

    node: str = ""
    host: str = ""
    port: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A node that can be added."""

    node_id: NodeId
    address: Address
    name: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`says`: what is wrong or missing, or what there is. Only `draft` can be added; `is_wrong` if more typing cannot help."""

    says: Content
    is_wrong: bool = False
    draft: Draft | None = None


def spread_out(typed: Typed) -> Typed:
    """Id, host and port, if all was pasted into the field of the id or of the host: `id@host:port`, `id host port`, or a whole
    command with these in it. What does not read so is left as it is."""
    parts = typed.host.replace("@", " ").split()
    at = _place_of_id(parts)
    if at is not None:
        typed = Typed(typed.host, "", typed.port, typed.name)
    else:
        parts = typed.node.replace("@", " ").split()
        at = _place_of_id(parts)
    if at is None:
        return typed
    rest = parts[at + 1 :]
    if len(rest) == 1 and ":" in rest[0]:
        host, _, port = rest[0].rpartition(":")
        rest = [host, port]
    if len(rest) != 2:
        return typed if rest or at == 0 else Typed(parts[at], typed.host, typed.port, typed.name)
    return Typed(parts[at], rest[0].strip("[]"), rest[1], typed.name)


def _place_of_id(parts: list[str]) -> int | None:
    return next((at for at, part in enumerate(parts) if len(part) == ID_LENGTH and _PART_OF_ID.fullmatch(part)), None)


def judged(typed: Typed, own: NodeId | None, known: Collection[NodeId], names: Collection[str]) -> Verdict:
    """What to say of it. `names`: petnames that are in use."""
    typed = spread_out(typed)
    try:
        node = _node_of(typed.node)
        if isinstance(node, Verdict):
            return node
        if node == own:
            return Verdict(Content("That is the id of this node itself. Ask the other side for theirs."), True)
        name = petname(typed.name.strip()) if typed.name.strip() else None
        if not typed.host.strip():
            return Verdict(Content("Now the host name or IP address under which it is reached, and the port."))
        if not typed.port.strip():
            Address.parse(typed.host, 1)
            return Verdict(Content("Now the port it listens at."))
        address = Address.parse(typed.host, typed.port.strip())
    except Misuse as error:
        return Verdict(shown(reason(error), 300), True)
    if name is not None and name in names and node not in known:
        return Verdict(sentence("Another node is called “$name” already.", name=name), True)
    if node in known:
        says = Content("This node is known already: the address is added to it.")
    else:
        says = Content("ctrl+s adds it. Adding is not trusting: that comes after you compared the id.")
    return Verdict(says, draft=Draft(node, address, name))


def _node_of(text: str) -> NodeId | Verdict:
    text = text.strip()
    if not text:
        return Verdict(Content("Paste what its owner sent you: the node id, or id@host:port."))
    whole = _PART_OF_ID.fullmatch(text)
    if whole and len(text) < ID_LENGTH:
        missing = ID_LENGTH - len(text)
        return Verdict(
            Content(f"{len(text)} of {ID_LENGTH} characters of the id; {counted(missing, 'is', 'are')} missing.")
        )
    if whole and len(text) > ID_LENGTH:
        return Verdict(Content(f"An id has {ID_LENGTH} characters; this has {len(text)}."), True)
    return NodeId.parse(text)
