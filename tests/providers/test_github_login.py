from __future__ import annotations

from typing import Any

import pytest
from providers.fake_github import CODE, GRANTED, PENDING, TOKEN, FakeGitHub
from providers.server import NOW, FrozenClock, Reply, as_json, run, serving

from pk_tui.clock import SECOND
from pk_tui.errors import Cancelled, Malformed, Misuse, NotFound, PermissionDenied, PkError
from pk_tui.plaintext import Plaintext
from pk_tui.providers.fetching import Fetching
from pk_tui.providers.github import GitHub
from pk_tui.providers.provider import LoginStep

ASKED_FOR_THE_CODE = "POST /login/device/code"


class Person:
    """Waits with the clock, and may do something meanwhile."""

    def __init__(self) -> None:
        self.clock = FrozenClock()
        self.waited: list[float] = []

    async def pause(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.clock.time += int(seconds * SECOND)


def log_in(
    fake: FakeGitHub, person: Person | None = None, client_id: str = "Iv1.example"
) -> tuple[LoginStep, Plaintext]:
    person = person or Person()

    async def main() -> tuple[LoginStep, Plaintext]:
        async with serving(fake) as server:
            fake.url = server.url
            fetching = Fetching([server.url])
            provider = GitHub(
                fetching, person.clock, api=server.url, login=server.url + "/", client_id=client_id, pause=person.pause
            )
            step = await provider.begin_login()
            return step, await provider.finish_login(step)

    result: tuple[LoginStep, Plaintext] = run(main())
    return result


def fails(kind: type[PkError], fake: FakeGitHub, **options: Any) -> str:
    with pytest.raises(kind) as caught:
        log_in(fake, **options)
    assert caught.value.message.isprintable()
    assert TOKEN not in repr(caught.value)
    assert CODE not in repr(caught.value)
    return caught.value.message


def answering(**fields: Any) -> FakeGitHub:
    """A GitHub whose first answer has other fields; None leaves one out."""
    usual = {"device_code": CODE, "user_code": "WDJB-MJHT", "verification_uri": "", "expires_in": 900, "interval": 5}
    fake = FakeGitHub(polls=[GRANTED])

    def answer(_: object) -> Reply:
        told = {**usual, "verification_uri": f"{fake.url}/login/device", **fields}
        return as_json({name: value for name, value in told.items() if value is not None})

    fake.lies["/login/device/code"] = answer
    return fake


def test_a_person_enters_a_code_and_the_token_comes() -> None:
    fake, person = FakeGitHub(polls=[PENDING, PENDING, GRANTED]), Person()

    step, token = log_in(fake, person)

    assert step.url == f"{fake.url}/login/device"
    assert step.user_code == "WDJB-MJHT"
    assert step.expires == NOW + 900 * SECOND
    assert token.reveal().decode() == TOKEN
    assert person.waited == [5.0, 5.0, 5.0]


def test_only_the_right_to_write_gists_is_asked_for() -> None:
    fake = FakeGitHub(polls=[GRANTED])

    log_in(fake)

    assert fake.posted[0] == {"client_id": "Iv1.example", "scope": "gist"}
    assert fake.posted[1] == {
        "client_id": "Iv1.example",
        "device_code": CODE,
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
    }


def test_neither_the_code_nor_the_token_shows_itself() -> None:
    step, token = log_in(FakeGitHub(polls=[GRANTED]))

    assert CODE not in repr(step)
    assert TOKEN not in repr(token)


def test_who_is_asked_to_be_slower_is_slower() -> None:
    polls = [
        {"error": "slow_down", "interval": 10},
        PENDING,
        {"error": "slow_down"},
        {"error": "slow_down", "interval": 40},
        GRANTED,
    ]
    fake, person = FakeGitHub(polls=polls), Person()

    log_in(fake, person)

    assert person.waited == [5.0, 10.0, 10.0, 15.0, 40.0]


@pytest.mark.parametrize("wanted", [10**9, -5, True, "60", None])
def test_however_slow_one_is_asked_to_be_a_minute_is_enough_and_faster_is_not_taken(wanted: object) -> None:
    fake, person = FakeGitHub(polls=[{"error": "slow_down", "interval": wanted}, GRANTED]), Person()

    log_in(fake, person)

    assert person.waited == [5.0, 60.0 if wanted == 10**9 else 10.0]


def test_a_question_that_was_lost_does_not_end_the_login() -> None:
    fake, person = FakeGitHub(), Person()
    replies = iter([b"", Reply(502), Reply(429, {"Retry-After": "1"}), as_json(GRANTED)])
    fake.lies["/login/oauth/access_token"] = lambda _: next(replies)

    assert log_in(fake, person)[1].reveal().decode() == TOKEN
    assert person.waited == [5.0, 10.0, 20.0, 40.0]


def test_a_code_that_nobody_enters_is_given_up_when_its_time_is_over() -> None:
    fake, person = FakeGitHub(polls=[PENDING] * 1000), Person()

    assert "was not entered in time" in fails(Cancelled, fake, person=person)
    assert person.clock.time == NOW + 900 * SECOND


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        ("access_denied", PermissionDenied, "was refused there"),
        ("expired_token", Cancelled, "was not entered in time"),
        ("token_expired", Cancelled, "was not entered in time"),
        ("device_flow_disabled", Misuse, "may not log in"),
        ("incorrect_client_credentials", Misuse, "may not log in"),
        ("incorrect_device_code", PermissionDenied, "refuses the login"),
        ("unsupported_grant_type", PermissionDenied, "refuses the login"),
        ("\x1b[2J", PermissionDenied, "refuses the login"),
        (7, PermissionDenied, "refuses the login"),
        ({}, PermissionDenied, "refuses the login"),
    ],
)
def test_every_way_for_a_login_to_fail_is_a_sentence(error: object, kind: type[PkError], words: str) -> None:
    assert words in fails(kind, FakeGitHub(polls=[PENDING, {"error": error, "error_description": "\x1b[2J"}]))

    told = FakeGitHub()
    told.lies["/login/oauth/access_token"] = lambda _: as_json({"error": error}, 400)  # as the standard has it
    assert words in fails(kind, told)


def test_a_login_that_is_refused_at_once_is_a_sentence() -> None:
    assert "may not log in" in fails(Misuse, answering(error="device_flow_disabled"))

    fake = FakeGitHub()
    fake.lies["/login/device/code"] = lambda _: as_json({"error": "Not Found"}, 404)
    assert "does not know this application" in fails(NotFound, fake)


def test_without_an_application_nobody_is_asked() -> None:
    fake = FakeGitHub()

    assert "No application is registered" in fails(Misuse, fake, client_id="")
    assert fake.asked == []


@pytest.mark.parametrize(
    "fields",
    [
        {"verification_uri": "https://evil.example/login/device"},
        {"verification_uri": "javascript:alert(1)"},
        {"verification_uri": "/login/device"},
        {"verification_uri": None},
        {"verification_uri": 7},
        {"user_code": "\x1b[2J"},
        {"user_code": "go to evil.example and enter"},
        {"user_code": ""},
        {"user_code": None},
        {"device_code": ""},
        {"device_code": "a b"},
        {"device_code": None},
        {"expires_in": 0},
        {"expires_in": -1},
        {"expires_in": "900"},
        {"expires_in": None},
        {"interval": 0},
        {"interval": True},
    ],
)
def test_a_first_answer_in_another_form_is_refused_before_a_person_sees_it(fields: dict[str, Any]) -> None:
    assert "not the documented one" in fails(Malformed, answering(**fields))


def test_a_page_whose_host_only_begins_like_the_providers_is_not_opened() -> None:
    fake = answering()
    usual = fake.lies["/login/device/code"]

    def lie(asked: Any) -> Reply:
        reply = usual(asked)
        return Reply(200, {}, reply.body.replace(b"/login/device", b".evil.example/login/device"))

    fake.lies["/login/device/code"] = lie
    fails(Malformed, fake)


def test_times_that_are_too_long_are_cut() -> None:
    person = Person()

    step, _ = log_in(answering(expires_in=10**9, interval=10**6), person)

    assert step.expires == NOW + 3600 * SECOND
    assert person.waited == [60.0]


@pytest.mark.parametrize(
    "told",
    [
        {},
        [],
        {"access_token": TOKEN},
        {**GRANTED, "access_token": "a b"},
        {**GRANTED, "access_token": ""},
        {**GRANTED, "access_token": "gho\r\nHost: x"},
        {**GRANTED, "access_token": 7},
        {**GRANTED, "token_type": "mac"},
        {**GRANTED, "token_type": None},
        {**GRANTED, "scope": None},
    ],
)
def test_a_token_in_another_form_is_refused(told: Any) -> None:
    assert "not the documented one" in fails(Malformed, FakeGitHub(polls=[told]))


@pytest.mark.parametrize("scope", ["", "repo", "gists", "read:user,user"])
def test_a_token_that_may_not_write_gists_is_refused(scope: str) -> None:
    assert "does not allow to write gists" in fails(PermissionDenied, FakeGitHub(polls=[{**GRANTED, "scope": scope}]))


@pytest.mark.parametrize("scope", ["gist", "repo,gist", "gist repo", "repo, gist"])
def test_a_token_may_have_more_rights(scope: str) -> None:
    assert log_in(FakeGitHub(polls=[{**GRANTED, "scope": scope, "token_type": "Bearer"}]))[1].reveal().decode() == TOKEN
