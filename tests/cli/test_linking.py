from __future__ import annotations

from typing import Any

import pytest

from pk_tui.api.trust import ClaimView, ForkView, GainView, PendingView
from pk_tui.errors import NotFound, PermissionDenied
from pk_tui.plaintext import Plaintext
from pk_tui.terms import Action, ClaimId, NodeId, VaultId

CLAIM = ClaimId(b"\xc1" * 32)
PHONE = NodeId(b"p" * 32)
VAULT = VaultId(b"v" * 16)
TIME = 1_700_000_000_000_000
TIME_TEXT = "2023-11-14T22:13:20.000Z"
NASTY = "a\x1b]52;c;aGk=\x07[/x]‮"
WORDS = b"one two three\n"


class Linking:
    """Writes down how it was called, and gives or raises what is set."""

    def __init__(self, calls: list[tuple[Any, ...]]) -> None:
        self.calls = calls
        self.results: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        async def called(*args: Any) -> Any:
            self.calls.append((f"linking.{name}", *args))
            result = self.results[name]
            if isinstance(result, BaseException):
                raise result
            return result

        return called


@pytest.fixture
def linking(agent: Any) -> Linking:
    made = Linking(agent.calls)
    agent.linking = made
    gains = (GainView(VAULT, "work", (Action.CLONE, Action.PULL)), GainView(None, None, (Action.NOTIFY,)))
    pending = PendingView(PHONE, str(NodeId(b"g" * 32)), gains)
    one = ClaimView(1, CLAIM, "node", TIME, (str(PHONE),), {"node_id": str(PHONE)})
    made.results = {
        "invite": PHONE,
        "claim": CLAIM,
        "unclaim": CLAIM,
        "expel": CLAIM,
        "pending": [pending],
        "confirm": pending,
        "reject": pending,
        "sigchain": [ClaimView(0, CLAIM, "genesis", TIME, ("x", "recovery"), {"recovery_key": "ab"}), one],
        "forks": [ForkView(PHONE, one, ClaimView(1, ClaimId(b"\xc2" * 32), "retraction", TIME, ("x",), {"seq": 1}))],
    }
    return made


GAINS = [
    {"vault_id": str(VAULT), "vault_name": "work", "actions": ["clone", "pull"]},
    {"vault_id": None, "vault_name": None, "actions": ["notify"]},
]
PENDING = {"node_id": str(PHONE), "gestalt": str(NodeId(b"g" * 32)), "would_gain": GAINS}


@pytest.mark.parametrize("verb", ["claim", "unclaim"])
def test_a_claim_and_its_end_are_told_by_the_claims_id(type_in: Any, agent: Any, linking: Linking, verb: str) -> None:
    done = type_in("--format", "json", "nodes", verb, "phone")
    assert (done.code, done.json) == (0, {"claim_id": str(CLAIM)})
    assert agent.calls == [(f"linking.{verb}", "phone")]
    assert "phone" in type_in("nodes", verb, "phone").text


@pytest.mark.parametrize("where", ["file", "input"])
def test_a_lost_node_is_expelled_with_words_from_a_file_or_from_the_input(
    type_in: Any, agent: Any, linking: Linking, tmp_path: Any, where: str
) -> None:
    (tmp_path / "words").write_bytes(WORDS)
    given, more = ("words", {}) if where == "file" else ("-", {"stdin": WORDS})
    done = type_in("--format", "json", "nodes", "expel", "phone", "--recovery-code-file", given, **more)
    assert (done.code, done.json) == (0, {"claim_id": str(CLAIM)})
    ((name, node, words),) = agent.calls
    assert (name, node) == ("linking.expel", "phone")
    assert isinstance(words, Plaintext)
    assert words.reveal() == WORDS.strip()
    for shown in (done.output, done.errors):
        assert b"one two three" not in shown


def test_to_expel_takes_words_and_not_more_than_words(
    type_in: Any, agent: Any, linking: Linking, tmp_path: Any
) -> None:
    done = type_in("nodes", "expel", "phone")
    assert done.code == 64
    assert b"--recovery-code-file" in done.errors
    (tmp_path / "large").write_bytes(b"word " * 10_000)
    assert type_in("nodes", "expel", "phone", "--recovery-code-file", "large").code == 64
    assert type_in("nodes", "expel", "phone", "--recovery-code-file", "nowhere").code != 0
    assert agent.calls == []


def test_who_was_invited_is_told_by_its_id(type_in: Any, agent: Any, linking: Linking) -> None:
    done = type_in("--format", "json", "identities", "invite", "phone")
    assert (done.code, done.json) == (0, {"node_id": str(PHONE)})
    assert agent.calls == [("linking.invite", "phone")]
    assert "nodes claim" in type_in("identities", "invite", "phone").text


def test_who_waits_is_listed_with_what_it_would_gain(type_in: Any, linking: Linking) -> None:
    done = type_in("--format", "json", "identities", "pending")
    assert (done.code, done.json) == (0, [PENDING])
    text = type_in("identities", "pending").text
    assert str(PHONE) in text, "the whole id: it is to be compared"
    assert "clone, pull on “work”" in text
    linking.results["pending"] = []
    assert type_in("--format", "json", "identities", "pending").json == []
    assert b"No node waits" in type_in("identities", "pending").errors


@pytest.mark.parametrize("verb", ["confirm", "reject"])
def test_what_was_decided_is_shown_in_the_same_shape(type_in: Any, agent: Any, linking: Linking, verb: str) -> None:
    done = type_in("--format", "json", "identities", verb, "phone")
    assert (done.code, done.json) == (0, PENDING)
    assert agent.calls == [(f"linking.{verb}", "phone")]
    assert "clone, pull on “work”" in type_in("identities", verb, "phone").text


@pytest.mark.parametrize("whose", [(), ("phone",)])
def test_a_sigchain_is_shown_claim_by_claim(type_in: Any, agent: Any, linking: Linking, whose: tuple[str, ...]) -> None:
    done = type_in("--format", "json", "identities", "sigchain", *whose)
    assert done.code == 0
    assert done.json == [
        {
            "seq": 0,
            "claim_id": str(CLAIM),
            "type": "genesis",
            "time": TIME_TEXT,
            "signers": ["x", "recovery"],
            "data": {"recovery_key": "ab"},
        },
        {
            "seq": 1,
            "claim_id": str(CLAIM),
            "type": "node",
            "time": TIME_TEXT,
            "signers": [str(PHONE)],
            "data": {"node_id": str(PHONE)},
        },
    ]
    assert agent.calls == [("linking.sigchain", whose[0] if whose else None)]
    assert str(PHONE) in type_in("identities", "sigchain", *whose).text


def test_forks_are_listed_with_both_claims(type_in: Any, linking: Linking) -> None:
    done = type_in("--format", "json", "identities", "forks")
    (row,) = done.json
    assert set(row) == {"node_id", "one", "other"}
    assert (row["node_id"], row["one"]["type"], row["other"]["type"]) == (str(PHONE), "node", "retraction")
    text = type_in("identities", "forks").text
    assert "retraction" in text
    linking.results["forks"] = []
    assert type_in("--format", "json", "identities", "forks").json == []


@pytest.mark.parametrize(
    ("argv", "name", "error", "code"),
    [
        (("nodes", "claim", "phone"), "claim", PermissionDenied("It has not invited this node."), 77),
        (("nodes", "unclaim", "phone"), "unclaim", NotFound("There is nothing to take back."), None),
        (("identities", "confirm", "phone"), "confirm", NotFound("Nothing waits."), None),
    ],
)
def test_what_is_refused_ends_in_its_sentence_and_exit_code(
    type_in: Any, linking: Linking, argv: tuple[str, ...], name: str, error: Any, code: int | None
) -> None:
    linking.results[name] = error
    done = type_in("--format", "json", *argv)
    assert done.code == (code or type(error).exit_code)
    assert error.message.encode() in done.errors
    assert done.output == b""


def test_text_from_outside_is_made_safe(type_in: Any, linking: Linking) -> None:
    gains = (GainView(VAULT, NASTY, (Action.PULL,)),)
    linking.results["pending"] = [PendingView(PHONE, "g", gains)]
    told = {"identity": "github:1", "name": NASTY, "locator": NASTY}
    linking.results["sigchain"] = [ClaimView(1, CLAIM, "identity", TIME, ("x",), told)]
    linking.results["claim"] = CLAIM
    for argv in (("identities", "pending"), ("identities", "sigchain"), ("nodes", "claim", NASTY)):
        done = type_in(*argv)
        for bad in (b"\x1b", b"\x07", "‮".encode()):
            assert bad not in done.output


@pytest.mark.parametrize(
    "argv",
    [
        ("nodes", "claim"),
        ("nodes", "unclaim"),
        ("nodes", "expel"),
        ("nodes", "claim", "a", "b"),
        ("identities", "invite"),
        ("identities", "confirm"),
        ("identities", "reject"),
        ("identities", "pending", "a"),
        ("identities", "sigchain", "a", "b"),
        ("identities", "forks", "a"),
    ],
)
def test_too_few_or_too_many_words_are_misuse(
    type_in: Any, agent: Any, linking: Linking, argv: tuple[str, ...]
) -> None:
    assert type_in(*argv).code == 64
    assert agent.calls == []
