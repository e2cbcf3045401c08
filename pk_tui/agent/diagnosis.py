"""Why something with another node does not work: five checks in order, each with what was found and what to do.

What the findings mean is a table; finding them is below it, and stops at the first check that fails. Nothing is changed, except
that a node that can be reached is connected afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Final

from pk_tui.agent import cloning
from pk_tui.agent.core import Core
from pk_tui.agent.directory import describe, describe_node, find_contact, find_vault, unknown
from pk_tui.agent.rights import allows, is_trusted, shared_until
from pk_tui.api.views import StepView
from pk_tui.clock import rfc3339
from pk_tui.errors import Misuse, PermissionDenied, PkError, Unreachable
from pk_tui.net.link import Link
from pk_tui.safe_text import safe_text
from pk_tui.store.vaultrecord import VaultRecord
from pk_tui.terms import Action, Address, NodeId, VaultId

ANSWER_WITHIN: Final = 8.0
"""Seconds for each thing that is asked of the other node: a person waits for this."""


class Found(Enum):
    """All that a check can come to."""

    LISTED = auto()
    NOT_LISTED = auto()
    LINKED = auto()
    ANSWERS = auto()
    NO_ADDRESS = auto()
    NO_ANSWER = auto()
    MET = auto()
    NOT_MET = auto()
    SILENT = auto()
    TRUSTED = auto()
    NOT_TRUSTED = auto()
    GRANTED = auto()
    NEVER_GRANTED = auto()
    TAKEN_BACK = auto()
    OVER = auto()
    OFFERED = auto()
    NOT_OFFERED = auto()
    NOT_ASKED = auto()
    ELSEWHERE = auto()


STEPS: Final = ("known", "reachable", "connected", "trusted", "shared")

SAYINGS: Final[Mapping[Found, tuple[str, bool, str]]] = {
    Found.LISTED: ("known", True, "{node} is among the nodes known here."),
    Found.NOT_LISTED: ("known", False, "{why}"),
    Found.LINKED: ("reachable", True, "There is a connection to {node}."),
    Found.ANSWERS: ("reachable", True, "{where} answers."),
    Found.NO_ADDRESS: (
        "reachable",
        False,
        "No address of {node} is known here, and it has not connected by itself. Ask its owner for host and port, and add them "
        "with `pk-tui nodes add {id} HOST PORT`.",
    ),
    Found.NO_ANSWER: (
        "reachable",
        False,
        "{node} does not answer ({why}). Ask its owner whether it is online and unlocked, and check host and port. If both are "
        "right, a restrictive network may block the way: try from another network, and restart the agent on both sides.",
    ),
    Found.MET: (
        "connected",
        True,
        "The connection stands, with the node of this id itself: it answered in {rtt:.0f} ms.",
    ),
    Found.NOT_MET: (
        "connected",
        False,
        "Something answers, but no connection with {node} comes of it ({why}). Check that host and port are those of this very "
        "node, and compare its id with its owner: a node that was made anew has another one. If all is right, its agent may be "
        "busy or locked: ask for a restart.",
    ),
    Found.SILENT: (
        "connected",
        False,
        "A connection to {node} is open, but nothing comes back ({why}). Ask whether it is still online; if it is, end the "
        "connection with `pk-tui nodes disconnect {id}` and try again, from another network if it stays so.",
    ),
    Found.TRUSTED: ("trusted", True, "{node} is trusted here. Whether it trusts this node, only its owner can say."),
    Found.NOT_TRUSTED: (
        "trusted",
        False,
        "{node} is known but not trusted here: nothing can be shared with it, and what it sends waits among the requests. "
        "Compare its id with its owner, then trust it with `pk-tui identities trust {id}`.",
    ),
    Found.GRANTED: ("shared", True, "“{vault}” is shared with {node} {until}."),
    Found.NEVER_GRANTED: (
        "shared",
        False,
        "“{vault}” is not shared with {node}. Share it with `pk-tui vaults share`.",
    ),
    Found.TAKEN_BACK: (
        "shared",
        False,
        "“{vault}” was shared with {node}, and the share was ended here. Share it again with `pk-tui vaults share`.",
    ),
    Found.OVER: (
        "shared",
        False,
        "“{vault}” was shared with {node} until {when}, and that is over. Share it again with `pk-tui vaults share`.",
    ),
    Found.OFFERED: ("shared", True, "{node} shares “{vault}” with this node: it can be pulled."),
    Found.NOT_OFFERED: (
        "shared",
        False,
        "{node} does not share “{vault}” with this node any more, or no longer has it. Ask its owner to share it again; what "
        "was cloned stays here.",
    ),
    Found.NOT_ASKED: (
        "shared",
        False,
        "Whether {node} still shares “{vault}” could not be found out ({why}). Try again in a moment; if it stays so, ask its "
        "owner to restart the agent.",
    ),
    Found.ELSEWHERE: (
        "shared",
        False,
        "“{vault}” is a clone and comes from {origin}, not from {node}: only its owner can share it. Check the connection to "
        "{origin}, or pull from {node} with `pk-tui vaults pull --from` if it has the vault.",
    ),
}
"""Of each finding: which check it answers, whether that is passed, and the sentence."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found, by check as far as they were made, and the words that the sentences take up (safe to show)."""

    found: tuple[Found, ...] = ()
    words: Mapping[str, str | float] = field(default_factory=dict)

    def add(self, found: Found, **words: str | float) -> Findings:
        return replace(self, found=(*self.found, found), words={**self.words, **words})


def judge(findings: Findings, with_vault: bool) -> tuple[StepView, ...]:
    """The checks in order. Once one has failed, those after it count as not made, whatever was found of them."""
    by_step = {SAYINGS[found][0]: found for found in findings.found}
    steps: list[StepView] = []
    for step in STEPS if with_vault else STEPS[:-1]:
        failed = next((one.step for one in steps if one.passed is False), None)
        found = by_step.get(step)
        if failed is not None:
            steps.append(StepView(step, None, f"Not tried, since the check “{failed}” has failed."))
        elif found is None:
            steps.append(StepView(step, None, "Not tried."))
        else:
            _, passed, saying = SAYINGS[found]
            steps.append(StepView(step, passed, saying.format_map(findings.words)))
    return tuple(steps)


# Finding out


@dataclass(slots=True)
class _Inquiry:
    """What is asked about, and what is at hand for it."""

    core: Core
    reference: str
    vault: VaultRecord | None
    node: NodeId
    link: Link | None = None


Check = Callable[[_Inquiry, Findings], Awaitable[Findings]]


async def diagnose(core: Core, node: str, vault: str | None) -> Sequence[StepView]:
    """Raises NotFound for a vault that is not here, and nothing else."""
    record = None if vault is None else await core.desk.do(lambda: find_vault(core.store, vault).record)
    inquiry = _Inquiry(core, node, record, core.node_id)
    findings = Findings()
    checks: tuple[Check, ...] = (_known, _reachable, _connected, _trusted, _shared)
    for check in checks if record is not None else checks[:-1]:
        findings = await check(inquiry, findings)
        if not SAYINGS[findings.found[-1]][1]:
            break
    return judge(findings, record is not None)


async def _known(inquiry: _Inquiry, findings: Findings) -> Findings:
    core, reference = inquiry.core, inquiry.reference

    def job() -> Findings:
        try:
            contact = find_contact(core.store, reference)
        except Misuse as error:  # it fits several
            return findings.add(Found.NOT_LISTED, why=error.message)
        if contact is None:
            is_own = reference.strip().lower() == str(core.node_id)
            why = "That is this node itself." if is_own else unknown(reference).message
            return findings.add(Found.NOT_LISTED, why=why)
        inquiry.node = NodeId(contact.node)
        addresses = ", ".join(str(Address(host, port)) for host, port in contact.addresses)
        return findings.add(Found.LISTED, node=describe(contact), id=str(inquiry.node), addresses=addresses)

    return await core.desk.do(job)


async def _reachable(inquiry: _Inquiry, findings: Findings) -> Findings:
    peers = inquiry.core.peers
    inquiry.link = peers.linked(inquiry.node)
    if inquiry.link is not None:
        return findings.add(Found.LINKED)
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            tried = await peers.try_to_link(inquiry.node)
    except TimeoutError:
        where = findings.words["addresses"]
        return findings.add(Found.NO_ANSWER, why=f"{where}: nothing came within {ANSWER_WITHIN:g} seconds")
    if isinstance(tried, Link):
        inquiry.link = tried
        return findings.add(Found.ANSWERS, where=str(tried.address))
    if not tried:
        return findings.add(Found.NO_ADDRESS)
    answered = [attempt for attempt in tried if attempt.answered]
    why = "; ".join(map(str, answered or tried))
    if answered:  # by somebody, and why that is not enough is the next check's matter
        return findings.add(Found.ANSWERS, where=str(answered[0].address), why=why)
    return findings.add(Found.NO_ANSWER, why=why)


async def _connected(inquiry: _Inquiry, findings: Findings) -> Findings:
    if inquiry.link is None:
        return findings.add(Found.NOT_MET)
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            return findings.add(Found.MET, rtt=await inquiry.link.ping() * 1000)
    except TimeoutError:
        return findings.add(Found.SILENT, why=f"no answer within {ANSWER_WITHIN:g} seconds")
    except Unreachable as error:
        return findings.add(Found.SILENT, why=error.message)


async def _trusted(inquiry: _Inquiry, findings: Findings) -> Findings:
    is_so = await inquiry.core.desk.do(lambda: is_trusted(inquiry.core, inquiry.node))
    return findings.add(Found.TRUSTED if is_so else Found.NOT_TRUSTED)


async def _shared(inquiry: _Inquiry, findings: Findings) -> Findings:
    record = inquiry.vault
    assert record is not None
    findings = replace(findings, words={**findings.words, "vault": safe_text(record.name, 80)})
    if record.origin_node is None:
        return await _granted(inquiry, record, findings)
    if record.origin_node != inquiry.node.raw:
        origin = NodeId(record.origin_node)
        shown = await inquiry.core.desk.do(lambda: describe_node(inquiry.core.store, origin))
        return findings.add(Found.ELSEWHERE, origin=shown)
    return await _offered(inquiry, record, findings)


async def _granted(inquiry: _Inquiry, record: VaultRecord, findings: Findings) -> Findings:
    core, node, vault = inquiry.core, inquiry.node, VaultId(record.vault_id)

    def job() -> Findings:
        if allows(core, node, Action.PULL, vault):
            end = shared_until(core, vault, node)
            return findings.add(Found.GRANTED, until="until it is unshared" if end is None else f"until {rfc3339(end)}")
        ends = [one.not_after for one in core.beliefs.held.naming_on(node, vault) if one.not_after is not None]
        if ends:
            return findings.add(Found.OVER, when=rfc3339(max(ends)))
        row = core.store.grants.issued.get(vault, node)
        return findings.add(Found.NEVER_GRANTED if row is None else Found.TAKEN_BACK)

    return await core.desk.do(job)


async def _offered(inquiry: _Inquiry, record: VaultRecord, findings: Findings) -> Findings:
    assert inquiry.link is not None
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            offers = await cloning.scan_over(inquiry.core, inquiry.link)
    except PermissionDenied:
        return findings.add(Found.NOT_OFFERED)
    except TimeoutError:
        return findings.add(Found.NOT_ASKED, why=f"no answer within {ANSWER_WITHIN:g} seconds")
    except PkError as error:
        return findings.add(Found.NOT_ASKED, why=error.message)
    is_offered = any(offer.vault_id == record.origin_vault and "pull" in offer.actions for offer in offers)
    return findings.add(Found.OFFERED if is_offered else Found.NOT_OFFERED)
