from __future__ import annotations

import gzip
from typing import Any

import pytest
from providers.server import NOW, FrozenClock, Handler, Reply, detoured, run, serving

from pk_tui.clock import DAY, SECOND
from pk_tui.errors import Conflict, Malformed, Misuse, NotFound, PermissionDenied, PkError, Unreachable
from pk_tui.providers.fetching import Fetching
from pk_tui.providers.provider import MAX_TEXT, Account, Limited, Provider, Publisher
from pk_tui.providers.web import Web
from pk_tui.terms import IdentityId

SITE = Account(IdentityId("web", "ada.example"), "ada.example")
STATEMENT = "Ich bin’s.\npk-tui identity 0123456789\n"
PATH = "/.well-known/pk-tui.txt"


def find(handler: Handler, *addresses: str, account: Account = SITE, locator: str = "") -> Any:
    """What the site shows, with the real way out, its guard included; only the last step is led to a server here."""

    async def main() -> Any:
        async with serving(handler) as server:
            fetching, _ = detoured(server, *addresses)
            found = await Web(fetching, FrozenClock()).find(account, locator)
            return found, [asked.path for asked in server.asked]

    return run(main())


def fails(kind: type[PkError], reply: Any, *addresses: str) -> str:
    with pytest.raises(kind) as caught:
        find(lambda _: reply, *addresses)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 300
    return caught.value.message


def test_web_is_a_provider_at_which_people_publish_themselves() -> None:
    provider: Provider = Web(Fetching(), FrozenClock())

    assert provider.name == "web"
    assert isinstance(provider, Provider)
    assert not isinstance(provider, Publisher)


def test_a_site_is_pinned_by_its_host() -> None:
    async def main() -> None:
        web = Web(Fetching(), FrozenClock())
        assert await web.resolve("Ada.Example.") == SITE
        assert await web.resolve("ada.example", pinned=SITE.identity) == SITE
        assert (await web.resolve("MÜNCHEN.example")).identity == IdentityId("web", "xn--mnchen-3ya.example")
        with pytest.raises(Conflict):
            await web.resolve("bob.example", pinned=SITE.identity)
        for typed in ("127.0.0.1", "localhost", "https://ada.example/", "ada.example:8443", "\x1b[2J.example"):
            with pytest.raises(Misuse, match="is not the name of a public site"):
                await web.resolve(typed)

    run(main())


def test_a_site_shows_its_statement_at_one_place_whatever_the_claim_says() -> None:
    for locator in ("", "/other.txt", "https://evil.example/", "http://169.254.169.254/"):
        (found,), asked = find(lambda _: Reply(body=STATEMENT.encode()), locator=locator)
        assert found.account == SITE
        assert found.text == STATEMENT
        assert found.url == f"https://ada.example{PATH}"
        assert found.locator == ""
        assert asked == [PATH]


def test_a_redirect_within_the_site_is_followed() -> None:
    (found,), _ = find(lambda asked: Reply(308, {"Location": "/id.txt"}) if asked.path == PATH else Reply(body=b"here"))

    assert found.url == "https://ada.example/id.txt"


@pytest.mark.parametrize(
    "location",
    [
        "http://ada.example/x",
        "https://www.ada.example/",
        "https://127.0.0.1/",
        "https://169.254.169.254/",
        "file:///etc/passwd",
    ],
)
def test_a_redirect_to_elsewhere_is_refused(location: str) -> None:
    assert "to another place" in fails(PermissionDenied, Reply(302, {"Location": location}))


def test_a_redirect_in_a_circle_is_given_up() -> None:
    assert "on and on" in fails(PermissionDenied, Reply(302, {"Location": PATH}))


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00:ec2::254"])
def test_a_site_at_an_address_that_is_not_public_is_never_asked(address: str) -> None:
    assert "not public" in fails(PermissionDenied, Reply(), address)


def test_a_site_that_shows_nothing_is_not_found() -> None:
    assert fails(NotFound, Reply(404)) == f"ada.example shows no statement: there is no https://ada.example{PATH}."
    assert "shows no statement" in fails(NotFound, Reply(410))


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (Reply(500), Unreachable, "in trouble"),
        (Reply(401), PermissionDenied, "does not accept"),
        (Reply(403), PermissionDenied, "refuses this"),
        (Reply(201, body=b"x"), PermissionDenied, "refuses this"),
        (b"", Unreachable, "broke off"),
        (Reply(body=b"\xff\xfe"), Malformed, "is not text"),
        (Reply(body=b"a\x00b"), Malformed, "is not text"),
        (Reply(body=b"a\x1b[2Jb"), Malformed, "is not text"),
        (Reply(body="a\x9b2J".encode()), Malformed, "is not text"),
        (Reply(body=b"\xed\xa0\x80"), Malformed, "is not text"),
        (Reply(body=b"x" * (MAX_TEXT + 1)), Malformed, "larger than the 16 KiB"),
        (Reply(body=b"x" * 300_000), Malformed, "larger than 256 KiB"),
        (Reply(headers={"Content-Encoding": "gzip"}, body=gzip.compress(b"x")), Malformed, "packed"),
    ],
)
def test_what_is_no_statement_to_read_is_refused_in_one_sentence(reply: Any, kind: type[PkError], words: str) -> None:
    assert words in fails(kind, reply)


def test_a_site_that_wants_to_rest_says_when_it_may_be_asked_again() -> None:
    for status in (429, 503):
        with pytest.raises(Limited) as caught:
            find(lambda _, status=status: Reply(status, {"Retry-After": "999999999"}))
        assert caught.value.until == NOW + DAY

    with pytest.raises(Limited) as caught:
        find(lambda _: Reply(429, {"Retry-After": "Fri, 15 Jan 2027 08:01:00 GMT"}))
    assert caught.value.until == NOW + 60 * SECOND


@pytest.mark.parametrize("text", ["github:583231", "web:localhost", "web:127.0.0.1", "web:a_b.example"])
def test_an_identity_that_is_no_site_is_refused(text: str) -> None:
    with pytest.raises(Misuse):
        find(lambda _: Reply(), account=Account(IdentityId.parse(text), "x"))


def test_the_name_beside_the_identity_is_not_believed() -> None:
    (found,), _ = find(lambda _: Reply(body=b"x"), account=Account(SITE.identity, "evil.example\x1b[2J"))

    assert found.account == SITE


def test_people_are_told_where_to_put_the_text() -> None:
    told = Web(Fetching(), FrozenClock()).by_hand(SITE)

    assert told == f"Put this text, unchanged, where https://ada.example{PATH} shows it."


def test_another_base_serves_all_sites() -> None:
    async def main() -> None:
        async with serving(lambda asked: Reply(body=asked.path.encode())) as server:
            web = Web(Fetching([server.url]), FrozenClock(), f"{server.url}/{{host}}")
            (found,) = await web.find(SITE)
            assert found.text == f"/ada.example{PATH}"

    run(main())
