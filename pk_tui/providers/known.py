"""The providers there are, made with one way out. Where they are is the person's to configure."""

from __future__ import annotations

from dataclasses import dataclass

from pk_tui.clock import Clock
from pk_tui.providers import github, web
from pk_tui.providers.fetching import Fetching
from pk_tui.providers.provider import Provider


@dataclass(frozen=True, slots=True)
class Places:
    """Base URLs, and the application that logs people in at GitHub. What is not the default may be at any address and port."""

    github_api: str = github.API
    github_login: str = github.LOGIN
    github_client_id: str = ""
    web: str = web.BASE


def providers(clock: Clock, places: Places | None = None, fetching: Fetching | None = None) -> dict[str, Provider]:
    """By name. `fetching`: another way out than the usual one, which then has to know the places that were configured."""
    places = places or Places()
    out = fetching or Fetching(own(places))
    made: tuple[Provider, ...] = (
        github.GitHub(out, clock, api=places.github_api, login=places.github_login, client_id=places.github_client_id),
        web.Web(out, clock, places.web),
    )
    return {provider.name: provider for provider in made}


def own(places: Places) -> list[str]:
    """The base URLs that the person configured."""
    usual = Places()
    pairs = (
        (places.github_api, usual.github_api),
        (places.github_login, usual.github_login),
        (places.web, usual.web),
    )
    return [chosen for chosen, default in pairs if chosen != default]
