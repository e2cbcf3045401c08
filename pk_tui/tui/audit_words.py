"""What was done at this node, in a line and in full. Rules alone."""

from __future__ import annotations

from textual.content import Content

from pk_tui.api.audit import AuditView
from pk_tui.tui.link_words import NameOf, node_in
from pk_tui.tui.text import counted, moment, sentence, shown

_DONE = {
    "vault.scanned": "asked which vaults are shared with it",
    "vault.cloned": "cloned",
    "vault.pulled": "pulled",
    "vault.refused": "was refused",
    "vault.shared": "was given",
    "vault.unshared": "lost",
    "node.connected": "connected",
    "node.parted": "went",
}
"""What a node did, or what was done with it, by topic; what follows is the vault."""
_OWN = {
    "agent.unlocked": "This node was unlocked",
    "agent.locked": "This node was locked",
    "agent.login_failed": "A wrong password was given",
    "password.changed": "The password was changed",
}


def line(entry: AuditView, name_of: NameOf) -> Content:
    """`bob pulled work`, with how often where it was more than once."""
    data, who = entry.data, whom(entry, name_of)
    often = _often(data.get("times", data.get("count")))
    if entry.topic in _OWN:
        return Content(_OWN[entry.topic] + often)
    if entry.topic in _DONE and who is not None:
        name = data.get("vault_name", data.get("vault_id"))
        what = Content("") if name is None else Content.assemble(" ", shown(str(name), 60, style="bold"))
        return Content.assemble(who, f" {_DONE[entry.topic]}", what, often)
    changed = [f"{word} {_listed(data[key])}" for key, word in _CHANGED if data.get(key)]
    if who is not None and changed:
        return Content.assemble(who, ": ", shown("; ".join(changed), 200), often)
    if who is not None and "decided" in data:
        return sentence(
            "$who was $decided: $what", who=who, decided=str(data["decided"]), what=_listed(data.get("what"))
        )
    if entry.topic == "trust.changed" and "type" in data:
        return _claimed(data, name_of)
    rest = [f"{key.removesuffix('_id')} {_listed(value)}" for key, value in data.items() if _listed(value)]
    return Content.assemble(shown(entry.topic, 40), " " if rest else "", shown("; ".join(rest), 300))


def _claimed(data: dict[str, object], name_of: NameOf) -> Content:
    """What this node has claimed."""
    template = _CLAIMED.get(str(data["type"]), "This node's chain goes on: $kind")
    nodes = [node_in(one) for one in str(data.get("about", "")).split()]
    who = Content(" and ").join(Content(name_of(node)) for node in nodes if node is not None)
    return sentence(template, who=who, kind=str(data["type"]))


_CLAIMED = {
    "node": "$who have signed that they are one party",
    "retraction": "This node took a claim back",
    "expulsion": "$who was expelled with recovery words",
}
_CHANGED = (("allowed", "allowed to"), ("disallowed", "no longer allowed to"))


def whom(entry: AuditView, name_of: NameOf) -> Content | None:
    """The node or identity that an entry is about."""
    about = entry.data.get("node_id", entry.data.get("identity"))
    if about is None:
        return None
    node = node_in(str(about))
    return shown(str(about), 60) if node is None else Content(name_of(node))


def in_full(entry: AuditView) -> Content:
    """When, under which number and topic, and every detail as it was noted."""
    first = Content.styled(f"{entry.id}  {moment(entry.time, seconds=True)}  ", "dim") + shown(entry.topic, 40)
    details = [f"{key} {_listed(value)}" for key, value in entry.data.items() if _listed(value)]
    return Content("\n").join([first, *(shown(one, 400) for one in details)])


def _often(times: object) -> str:
    return f", {counted(times, 'time')}" if isinstance(times, int) and times > 1 else ""


def _listed(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
