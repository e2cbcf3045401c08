from __future__ import annotations

from providers.fake_github import FILE, FakeGitHub
from providers.server import FrozenClock, Reply, run, serving

from pk_tui.providers.known import Places, own, providers
from pk_tui.providers.provider import Account, Publisher
from pk_tui.terms import IdentityId


def test_the_known_providers_stand_under_their_names() -> None:
    made = providers(FrozenClock())

    assert list(made) == ["github", "web"]
    assert all(provider.name == name for name, provider in made.items())
    assert isinstance(made["github"], Publisher)


def test_only_what_the_person_configured_may_be_anywhere() -> None:
    assert own(Places()) == []
    assert own(Places(github_api="https://git.example/api/v3")) == ["https://git.example/api/v3"]
    assert own(Places(web="http://127.0.0.1:1/{host}", github_login="https://git.example")) == [
        "https://git.example",
        "http://127.0.0.1:1/{host}",
    ]


def test_places_that_were_configured_are_asked_instead() -> None:
    async def main() -> None:
        fake = FakeGitHub({5: "ada"}, {"aa": (5, {FILE: "gist"})})
        async with serving(fake) as github, serving(lambda _: Reply(body=b"page")) as web:
            fake.url = github.url
            made = providers(FrozenClock(), Places(github.url, github.url, "", f"{web.url}/{{host}}"))

            account = await made["github"].resolve("ada")
            assert [found.text for found in await made["github"].find(account)] == ["gist"]
            site = Account(IdentityId("web", "ada.example"), "")
            assert [found.text for found in await made["web"].find(site)] == ["page"]

    run(main())
