from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from providers.fake_github import FILE, TOKEN, FakeGitHub
from providers.server import NOW, Asked, FrozenClock, Reply, as_json, run, serving

from pk_tui.clock import MINUTE, SECOND
from pk_tui.errors import Conflict, Malformed, Misuse, NotFound, PeerMisbehaved, PermissionDenied, PkError, Unreachable
from pk_tui.plaintext import Plaintext
from pk_tui.providers.fetching import Fetching
from pk_tui.providers.github import MAX_COPIES, MAX_PAGES, PER_PAGE, GitHub
from pk_tui.providers.provider import MAX_TEXT, Account, Limited, Publisher
from pk_tui.terms import IdentityId

ADA = IdentityId("github", "583231")
EVE = IdentityId("github", "666")
AS_ADA = Account(ADA, "ada")
GIST = "aa5a315d61ae9438b18d"
STATEMENT = "This is me.\npk-tui identity 0123456789\n"
GOOD = Plaintext.of_text(TOKEN)


def github(fake: FakeGitHub, work: Callable[[GitHub], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        async with serving(fake) as server:
            fake.url = server.url
            provider = GitHub(Fetching([server.url]), FrozenClock(), api=server.url, login=server.url)
            return await work(provider)

    return run(main())


def world(**gists: Any) -> FakeGitHub:
    return FakeGitHub(
        {583231: "ada", 666: "eve"}, {gist.removeprefix("g"): of for gist, of in gists.items()}, token_of=583231
    )


def with_statement() -> FakeGitHub:
    fake = world()
    fake.gists[GIST] = (583231, {"notes.md": "other", FILE: STATEMENT})
    return fake


def find(fake: FakeGitHub, locator: str = "", account: Account = AS_ADA) -> Any:
    return github(fake, lambda provider: provider.find(account, locator))


def find_fails(kind: type[PkError], fake: FakeGitHub, locator: str = "", account: Account = AS_ADA) -> str:
    with pytest.raises(kind) as caught:
        find(fake, locator, account)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 400
    return caught.value.message


def test_github_is_a_provider_that_can_publish() -> None:
    provider: Publisher = GitHub(Fetching(), FrozenClock())

    assert isinstance(provider, Publisher)
    assert provider.name == "github"


# ---- names and numbers ----


def test_a_name_leads_to_the_number_that_is_pinned() -> None:
    assert github(world(), lambda provider: provider.resolve("Ada")) == AS_ADA
    assert github(world(), lambda provider: provider.resolve("ada", pinned=ADA)) == AS_ADA


def test_a_name_that_leads_to_another_number_is_another_account() -> None:
    fake = world()
    fake.users = {999: "ada"}  # given up, and registered anew by somebody

    with pytest.raises(Conflict, match=r"“ada” is github:999 now and was github:583231\. It is another account"):
        github(fake, lambda provider: provider.resolve("ada", pinned=ADA))


def test_an_account_that_was_renamed_is_still_the_same() -> None:
    fake = with_statement()
    fake.users = {583231: "countess", 999: "ada"}
    fake.gists["bb"] = (999, {FILE: "a statement of whoever is called ada now"})

    (found,) = find(fake)

    assert found.account == Account(ADA, "countess")
    assert found.text == STATEMENT


@pytest.mark.parametrize(
    "name", ["", "-ada", "a b", "a/b", "../gists", "ada?x", "ä", "a" * 101, "ada\n", "a%2fb", "\x1b[2J"]
)
def test_what_is_no_name_of_an_account_is_not_asked_for(name: str) -> None:
    fake = world()

    with pytest.raises(Misuse, match="is not the name of a GitHub account") as caught:
        github(fake, lambda provider: provider.resolve(name))
    assert caught.value.message.isprintable()
    assert fake.asked == []


def test_an_account_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound, match="There is no GitHub account “bob”"):
        github(world(), lambda provider: provider.resolve("bob"))


def test_an_answer_about_somebody_else_is_a_lie() -> None:
    fake = world()
    fake.lies["/users/ada"] = lambda _: as_json(fake.user(666))
    with pytest.raises(PeerMisbehaved, match="asked for “ada” and answered about “eve”"):
        github(fake, lambda provider: provider.resolve("ada"))

    fake = with_statement()
    fake.lies["/user/583231"] = lambda _: as_json(fake.user(666))
    assert "answered about another one" in find_fails(PeerMisbehaved, fake)


@pytest.mark.parametrize("text", ["web:ada.example", "github:ada", "github:0", "github:01", "github:" + "9" * 30])
def test_what_is_no_account_of_github_is_refused(text: str) -> None:
    fake = world()

    assert "is no GitHub account" in find_fails(Misuse, fake, GIST, Account(IdentityId.parse(text), "ada"))
    assert fake.asked == []


# ---- finding ----


def test_what_lies_at_the_locator_costs_one_question_and_no_login() -> None:
    fake = with_statement()

    for locator in (GIST, f"https://gist.github.com/ada/{GIST}", f" {GIST}/ "):
        fake.asked.clear()
        (found,) = find(fake, locator)
        assert found.account == AS_ADA
        assert found.text == STATEMENT
        assert found.url == f"{fake.url}/{GIST}"
        assert found.locator == GIST
        assert fake.asked == [f"GET /gists/{GIST}"]


def test_without_a_locator_the_public_gists_are_looked_through() -> None:
    fake = with_statement()
    fake.gists["bb"] = (583231, {"notes.md": "nothing"})
    fake.gists["cc"] = (583231, {FILE: "a newer one"})

    assert [(found.locator, found.text) for found in find(fake)] == [("cc", "a newer one"), (GIST, STATEMENT)]
    assert "GET /gists/bb" not in fake.asked


@pytest.mark.parametrize(
    "locator", ["dead", "../../user", "", "x" * 500, "https://evil.example/", "\x00", "169.254.169.254"]
)
def test_a_locator_that_leads_nowhere_is_only_a_hint(locator: str) -> None:
    (found,) = find(with_statement(), locator)

    assert found.locator == GIST


def test_a_gist_of_somebody_else_says_nothing_of_this_account() -> None:
    fake = world(bb=(666, {FILE: STATEMENT}))

    message = find_fails(NotFound, fake, "bb")

    assert (
        message
        == "The gist bb belongs to the account “eve” (github:666) and not to github:583231, so it says nothing of that one."
    )


def test_a_gist_of_nobody_says_nothing() -> None:
    assert "belongs to nobody" in find_fails(NotFound, world(bb=(None, {FILE: STATEMENT})), "bb")


def test_a_gist_of_the_same_name_with_another_number_says_nothing() -> None:
    fake = world(bb=(666, {FILE: STATEMENT}))
    fake.users = {583231: "ada", 666: "ada"}

    assert "belongs to the account “ada” (github:666)" in find_fails(NotFound, fake, "bb")


def test_gists_of_others_in_an_accounts_list_are_passed_over() -> None:
    fake = with_statement()
    fake.gists["bb"] = (666, {FILE: "eve's"})
    fake.gists["cc"] = (None, {FILE: "nobody's"})
    fake.lies["/users/ada/gists"] = lambda _: as_json([fake.gist("bb"), fake.gist("cc"), fake.gist(GIST)])

    assert [found.locator for found in find(fake)] == [GIST]
    assert "GET /gists/bb" not in fake.asked


def test_a_gist_that_is_another_than_the_one_asked_for_is_a_lie() -> None:
    fake = with_statement()
    fake.lies["/gists/bb"] = lambda _: as_json(fake.gist(GIST, whole=True))

    assert "answered with another one" in find_fails(PeerMisbehaved, fake, "bb")


def test_an_account_that_shows_nothing_is_said_to_show_nothing() -> None:
    assert "“ada” shows no statement" in find_fails(NotFound, world())
    assert "“ada” shows no statement" in find_fails(NotFound, world(bb=(583231, {"notes.md": "x"})))
    assert "has no file pk-tui.txt" in find_fails(NotFound, world(bb=(583231, {"notes.md": "x"})), "bb")


def test_an_account_that_is_gone_is_not_found_under_its_old_name() -> None:
    fake = with_statement()
    fake.users = {999: "ada"}
    fake.gists = {GIST: (999, {FILE: STATEMENT})}

    assert "no account with the number 583231 any more" in find_fails(NotFound, fake)


def test_the_look_through_the_gists_is_bounded() -> None:
    fake = world()
    for n in range(PER_PAGE * (MAX_PAGES + 3)):
        fake.gists[f"{n:x}"] = (583231, {FILE: STATEMENT} if n == 0 else {"notes.md": "x"})

    assert "shows no statement" in find_fails(NotFound, fake)  # it is the oldest, behind the last page looked at
    assert len(fake.asked) == 1 + MAX_PAGES

    fake = world()
    for n in range(20):
        fake.gists[f"{n:x}"] = (583231, {FILE: f"number {n}"})
    assert [found.text for found in find(fake)] == [f"number {n}" for n in range(19, 19 - MAX_COPIES, -1)]
    assert len(fake.asked) == 2 + MAX_COPIES


def test_pages_are_counted_and_no_address_of_an_answer_is_asked() -> None:
    fake = world()
    for n in range(PER_PAGE + 1):
        fake.gists[f"{n:x}"] = (583231, {FILE: STATEMENT} if n == 0 else {"notes.md": "x"})
    evil = '<http://169.254.169.254/latest>; rel="next"'
    first = [fake.gist(f"{n:x}") for n in range(1, PER_PAGE + 1)]

    def page(asked: Asked) -> Reply:
        return as_json(first, Link=evil) if asked.path.endswith("page=1") else as_json([fake.gist("0")])

    fake.lies["/users/ada/gists"] = page

    assert [found.locator for found in find(fake)] == ["0"]
    assert fake.asked[1:] == [f"GET /users/ada/gists?per_page={PER_PAGE}&page={n}" for n in (1, 2)] + ["GET /gists/0"]


def test_a_page_that_is_fuller_than_it_may_be_is_read_as_far_as_it_may_be() -> None:
    fake = world()
    for n in range(PER_PAGE + 1):
        fake.gists[f"{n:x}"] = (583231, {FILE: STATEMENT} if n == PER_PAGE else {})
    fake.lies["/users/ada/gists"] = lambda _: as_json([fake.gist(f"{n:x}") for n in range(PER_PAGE + 1)])

    assert "shows no statement" in find_fails(NotFound, fake)


def test_a_copy_that_is_gone_meanwhile_or_no_text_does_not_hide_the_next() -> None:
    fake = with_statement()
    fake.gists["bb"] = (583231, {FILE: "\x00\x01"})
    fake.gists["cc"] = (583231, {FILE: "gone"})
    fake.lies["/gists/cc"] = lambda _: as_json({"message": "Not Found"}, 404)

    assert [found.locator for found in find(fake)] == [GIST]


@pytest.mark.parametrize("text", ["\x00", "a\x1b[2Jb", "x" * (MAX_TEXT + 1), "ä" * (MAX_TEXT // 2 + 1), "a\x7f"])
def test_a_file_that_is_no_small_text_is_refused(text: str) -> None:
    assert "is not a text of at most 16 KiB" in find_fails(Malformed, world(bb=(583231, {FILE: text})), "bb")


def test_a_file_that_is_cut_off_or_holds_half_a_character_is_refused() -> None:
    fake = world(bb=(583231, {FILE: STATEMENT}))
    for change in (
        {"truncated": True},
        {"content": None},
        {"content": 7},
        {"content": "\ud800"},
        {"content": "\udfffx"},
    ):
        told = fake.gist("bb", whole=True)
        told["files"][FILE] |= change
        fake.lies["/gists/bb"] = lambda _, told=told: as_json(told)
        assert "is not a text of at most 16 KiB" in find_fails(Malformed, fake, "bb")


@pytest.mark.parametrize(
    "link",
    [
        None,
        5,
        "",
        "javascript:alert(1)",
        "http://evil.example/x",
        "https://[",
        "http://127.0.0.1:1/x",
        "\x1b[2J",
        "x" * 400,
        "\ud800",
    ],
)
def test_a_page_that_is_not_the_providers_is_not_shown_to_anybody(link: object) -> None:
    fake = with_statement()
    told = fake.gist(GIST, whole=True) | {"html_url": link}
    fake.lies[f"/gists/{GIST}"] = lambda _: as_json(told)

    (found,) = find(fake, GIST)

    assert found.url == f"{fake.url}/gists/{GIST}"


def test_a_page_of_the_providers_host_in_another_scheme_is_not_shown() -> None:
    fake = with_statement()
    fake.lies[f"/gists/{GIST}"] = lambda _: as_json(
        fake.gist(GIST, whole=True) | {"html_url": f"{fake.url.replace('http', 'https')}/{GIST}"}
    )

    assert find(fake, GIST)[0].url == f"{fake.url}/gists/{GIST}"


# ---- answers that are none ----

DEEP = b"[" * 200_000
STRANGE: list[tuple[str, Any]] = [
    ("no json", Reply(body=b"<html>it works</html>")),
    ("cut off", Reply(body=b'{"id": 583231, "login": "ad')),
    ("nothing", Reply()),
    ("deep", Reply(body=DEEP)),
    ("deep object", Reply(body=b'{"a":' * 40_000)),
    ("long number", Reply(body=b'{"id": ' + b"9" * 200_000 + b', "login": "ada"}')),
    ("no utf-8", Reply(body=b'{"id": 583231, "login": "ada\xff"}')),
    ("utf-16", Reply(body=json.dumps({"id": 583231, "login": "ada"}).encode("utf-16"))),
    ("a list", as_json([])),
    ("a word", as_json("ada")),
    ("null", as_json(None)),
    ("no fields", as_json({})),
    ("a text for a number", as_json({"id": "583231", "login": "ada"})),
    ("a truth for a number", as_json({"id": True, "login": "ada"})),
    ("a fraction", as_json({"id": 583231.0, "login": "ada"})),
    ("a negative number", as_json({"id": -1, "login": "ada"})),
    ("zero", as_json({"id": 0, "login": "ada"})),
    ("too large a number", as_json({"id": 10**18, "login": "ada"})),
    ("no number at all", Reply(body=b'{"id": NaN, "login": "ada"}')),
    ("infinity", Reply(body=b'{"id": 1e999, "login": "ada"}')),
    ("a number for a name", as_json({"id": 583231, "login": 7})),
    ("half a character", as_json({"id": 583231, "login": "\ud800"})),
    ("a name that steers terminals", as_json({"id": 583231, "login": "\x1b[2Jada"})),
    ("a name that is none", as_json({"id": 583231, "login": "../../gists"})),
    ("a long name", as_json({"id": 583231, "login": "a" * 5000})),
]


@pytest.mark.parametrize(("what", "reply"), STRANGE, ids=[what for what, _ in STRANGE])
def test_an_answer_in_another_form_than_documented_is_refused(what: str, reply: Reply) -> None:
    fake = with_statement()
    for path in ("/users/ada", "/user/583231", "/user"):
        fake.lies[path] = lambda _: reply
    for work in (
        lambda provider: provider.resolve("ada"),
        lambda provider: provider.find(AS_ADA),
        lambda provider: provider.logged_in(GOOD),
    ):
        with pytest.raises(Malformed, match=r"^127\.0\.0\.1 answers in a form that is not the documented one\."):
            github(fake, work)


@pytest.mark.parametrize(
    "told",
    [
        {}, [], [[]], [{}], [{"id": GIST}], [None], "x",
        [{"id": GIST, "owner": 5, "files": {}}],
        [{"id": GIST, "owner": {"login": "ada", "id": 583231}, "files": []}],
        [{"id": "../user", "owner": {"login": "ada", "id": 583231}, "files": {FILE: {}}}],
    ],
)  # fmt: skip
def test_a_list_in_another_form_is_refused_or_empty(told: object) -> None:
    fake = with_statement()
    fake.lies["/users/ada/gists"] = lambda _: as_json(told)

    with pytest.raises((Malformed, NotFound)):
        find(fake)
    assert not [asked for asked in fake.asked if "/gists/" in asked]


@pytest.mark.parametrize(
    "change", [{"owner": 5}, {"owner": {}}, {"files": None}, {"files": {FILE: "x"}}, {"id": 7}, {"id": "../x"}]
)
def test_a_gist_in_another_form_is_refused(change: dict[str, Any]) -> None:
    fake = with_statement()
    told = fake.gist(GIST, whole=True) | change
    fake.lies[f"/gists/{GIST}"] = lambda _: as_json(told)
    fake.lies["/users/ada/gists"] = lambda _: as_json([])

    find_fails(Malformed, fake, GIST)


def test_a_body_without_end_and_a_redirect_are_refused() -> None:
    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1000\r\n" + b"[" * 0x1000 + b"\r\n")
            await writer.drain()

    fake = with_statement()
    fake.lies["/user/583231"] = lambda _: write
    assert "larger than 256 KiB" in find_fails(Malformed, fake)

    fake.lies["/user/583231"] = lambda _: Reply(301, {"Location": "http://169.254.169.254/"})
    assert "sends its visitors elsewhere" in find_fails(PermissionDenied, fake)


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (Reply(500), Unreachable, r"in trouble itself \(status 500\)"),
        (Reply(502, body=b"<html>\x1b[2J"), Unreachable, r"status 502"),
        (Reply(503), Unreachable, r"status 503"),
        (Reply(401), PermissionDenied, "does not accept the login"),
        (Reply(403), PermissionDenied, "refuses this"),
        (Reply(418), PermissionDenied, r"refuses this \(status 418\)"),
        (Reply(304), PermissionDenied, r"refuses this \(status 304\)"),
        (Reply(204), PermissionDenied, r"refuses this \(status 204\)"),
        (Reply(410), NotFound, "no account with the number"),
        (b"", Unreachable, "broke off"),
    ],
)
def test_what_a_refusal_means_is_said_in_one_sentence(reply: Any, kind: type[PkError], words: str) -> None:
    fake = with_statement()
    fake.lies["/user/583231"] = lambda _: reply

    with pytest.raises(kind, match=words):
        find(fake)


@pytest.mark.parametrize(
    ("status", "headers", "body", "wait"),
    [
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(NOW // SECOND + 600)}, b"", 600),
        (429, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(NOW // SECOND + 600)}, b"", 600),
        (403, {"Retry-After": "30"}, b"", 30),
        (
            429,
            {"Retry-After": "30", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(NOW // SECOND + 600)},
            b"",
            30,
        ),
        (403, {}, b'{"message": "You have exceeded a secondary rate limit."}', 60),
        (429, {}, b"", 60),
    ],
)
def test_a_limit_is_said_with_the_time_of_the_next_try(
    status: int, headers: dict[str, str], body: bytes, wait: int
) -> None:
    fake = with_statement()
    fake.lies[f"/gists/{GIST}"] = lambda _: Reply(status, headers, body)

    with pytest.raises(Limited) as caught:
        find(fake, GIST)

    assert caught.value.until == NOW + wait * SECOND
    assert caught.value.exit_code == 75
    assert "Try again after 2027-01-15T08:" in caught.value.message
    assert fake.asked == [f"GET /gists/{GIST}"]  # and the look through the gists is not begun


def test_a_limit_in_the_middle_of_a_look_ends_it() -> None:
    fake = with_statement()
    fake.lies["/users/ada/gists"] = lambda _: Reply(429)

    with pytest.raises(Limited) as caught:
        find(fake)
    assert caught.value.until == NOW + MINUTE


def test_a_hostile_name_out_of_a_claim_is_shown_harmlessly() -> None:
    hostile = Account(ADA, "ada\x1b[2J" + "x" * 500)

    assert "“ada\\u{1b}[2Jx" in find_fails(NotFound, FakeGitHub(), account=hostile)
    assert github(world(), lambda provider: asyncio.to_thread(provider.by_hand, hostile)).isprintable()


# ---- publishing ----


def test_what_is_published_is_found_and_can_be_taken_back() -> None:
    fake = world()

    async def work(provider: GitHub) -> None:
        account = await provider.logged_in(GOOD)
        assert account == AS_ADA
        made = await provider.publish(account, STATEMENT, GOOD)
        assert (made.account, made.text) == (AS_ADA, STATEMENT)
        assert await provider.find(account, made.locator) == [made]
        assert await provider.find(account) == [made]
        await provider.unpublish(made.locator, GOOD)
        with pytest.raises(NotFound):
            await provider.find(account, made.locator)

    github(fake, work)


def test_nothing_is_published_with_the_login_of_another_account() -> None:
    fake = world()
    fake.token_of = 666

    with pytest.raises(Conflict, match="“eve” is github:666 now and was github:583231"):
        github(fake, lambda provider: provider.publish(AS_ADA, STATEMENT, GOOD))
    assert fake.gists == {}


def test_a_login_that_is_over_or_may_not_write_gists_is_said_so() -> None:
    fake = with_statement()
    for work in (
        lambda provider: provider.publish(AS_ADA, STATEMENT, Plaintext(b"gho_old")),
        lambda provider: provider.unpublish(GIST, Plaintext(b"gho_old")),
    ):
        with pytest.raises(PermissionDenied, match="does not accept the login") as caught:
            github(fake, work)
        assert "gho_old" not in repr(caught.value)

    fake.lies["/gists"] = lambda _: as_json({"message": "Not Found"}, 404)
    with pytest.raises(NotFound, match="does not let this login write gists"):
        github(fake, lambda provider: provider.publish(AS_ADA, STATEMENT, GOOD))


def test_a_gist_that_came_out_as_somebody_elses_is_not_taken_for_published() -> None:
    fake = world(bb=(666, {FILE: STATEMENT}))
    fake.lies["/gists"] = lambda _: as_json(fake.gist("bb", whole=True), 201)

    with pytest.raises(NotFound, match="belongs to the account “eve”"):
        github(fake, lambda provider: provider.publish(AS_ADA, STATEMENT, GOOD))


def test_only_a_gist_that_is_ones_own_can_be_taken_back() -> None:
    fake = world(bb=(666, {FILE: STATEMENT}))
    with pytest.raises(NotFound, match="no gist bb at GitHub that this login may delete"):
        github(fake, lambda provider: provider.unpublish("bb", GOOD))

    for locator in ("", "../user", "x" * 100):
        with pytest.raises(Misuse, match="does not name a gist"):
            github(fake, lambda provider, locator=locator: provider.unpublish(locator, GOOD))
    assert set(fake.gists) == {"bb"}


def test_people_are_told_how_to_publish_by_hand() -> None:
    told = GitHub(Fetching(), FrozenClock()).by_hand(AS_ADA)

    assert told == "As “ada” make a public gist at GitHub with a file named pk-tui.txt that holds this text, unchanged."
