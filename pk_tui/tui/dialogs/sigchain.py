"""The sigchain of a node: its claims, newest first, each with what it says, when, and who has signed it. To be read only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from pk_tui.api.trust import ClaimView
from pk_tui.clock import Instant
from pk_tui.errors import PkError
from pk_tui.terms import NodeId
from pk_tui.tui.claim_words import kind, says, signers, taken_back
from pk_tui.tui.dialogs.dialog import Dialog
from pk_tui.tui.link_words import NameOf
from pk_tui.tui.remedies import reason
from pk_tui.tui.session import Session
from pk_tui.tui.text import ago, counted, moment, sentence, shown
from pk_tui.tui.widgets.line_list import LineList

_NUMBER, _AGE, _KIND = 5, 6, 13


@dataclass(frozen=True, slots=True)
class Row:
    """`ended_by`: the number of the claim that takes this one back."""

    claim: ClaimView
    ended_by: int | None = None

    @property
    def key(self) -> str:
        return str(self.claim.sequence)


def rows_of(claims: Sequence[ClaimView]) -> list[Row]:
    ended = taken_back(claims)
    return [Row(claim, ended.get(claim.sequence)) for claim in reversed(claims)]


class _Claims(LineList[Row]):
    def __init__(self, now: Instant, name_of: NameOf) -> None:
        super().__init__("claims", empty=Content.styled("Reading the claims …", "dim"))
        self._now, self._name_of = now, name_of

    def draw(self, row: Row, width: int) -> Content:
        claim = row.claim
        before = f"{claim.sequence:>{_NUMBER - 2}}  {ago(claim.time, self._now):<{_AGE}}"
        ended = "" if row.ended_by is None else f"(taken back by {row.ended_by}) "
        return Content.assemble(
            Content.styled(before, "dim"),
            kind(claim).truncate(_KIND, pad=True),
            Content.styled(ended, "bold $text-warning"),
            says(claim, self._name_of),
        )


class SigchainDialog(Dialog[None]):
    CSS_PATH = ["dialog.tcss", "sigchain.tcss"]  # noqa: RUF012 - so declared by Textual
    first = "claims"

    def __init__(self, session: Session, node: NodeId) -> None:
        super().__init__()
        self._session, self._node = session, node
        self._name_of = session.live.name_of
        self.heading = sentence("Sigchain of $who", who=self._name_of(node))

    def body(self) -> ComposeResult:
        yield _Claims(self._session.clock.now(), self._name_of)
        yield Static("", id="claim", markup=False)

    def buttons(self) -> list[tuple[str, str, bool]]:
        return [("cancel", "Close  esc", False)]

    def on_mount(self) -> None:
        self.do(self._read(), "claims")

    async def _read(self) -> None:
        claims = self.query_one(_Claims)
        try:
            rows = rows_of(await self._session.api.linking.sigchain(str(self._node)))
        except PkError as error:
            claims.empty = shown(reason(error), 500, style="$text-error")
            return
        claims.show_rows(rows)
        self.query_one("#dialog").border_subtitle = Content(counted(len(rows), "claim"))

    @on(LineList.Moved)
    def _moved(self) -> None:
        row = self.query_one(_Claims).current
        self.query_one("#claim", Static).update(Content("") if row is None else self._told(row))

    def _told(self, row: Row) -> Content:
        claim = row.claim
        ended = f" It counts no more: claim {row.ended_by} takes it back." if row.ended_by is not None else ""
        return Content.assemble(
            says(claim, self._name_of),
            Content.styled(ended, "bold"),
            sentence(
                "\nSigned by $signers, $when.",
                signers=signers(claim, self._name_of),
                when=moment(claim.time, seconds=True),
            ),
            Content.styled(f"\nClaim {claim.claim_id}", "dim"),
        )
