from __future__ import annotations

import pytest

from pk_tui.errors import Busy, Conflict, kinds
from pk_tui.plaintext import Plaintext
from pk_tui.providers.provider import Account, Limited, LoginStep, hold
from pk_tui.terms import IdentityId

ADA = Account(IdentityId("github", "583231"), "ada")


def test_an_account_holds_if_it_is_the_pinned_one_or_none_is_pinned() -> None:
    assert hold(ADA, None) is ADA
    assert hold(ADA, ADA.identity) is ADA


def test_the_same_name_with_another_number_does_not_hold() -> None:
    with pytest.raises(Conflict, match="It is another account"):
        hold(Account(IdentityId("github", "999"), "ada"), ADA.identity)


def test_a_step_of_a_login_hides_what_the_token_is_asked_for_with() -> None:
    step = LoginStep("https://github.com/login/device", "WDJB-MJHT", 0, 5.0, Plaintext(b"device-code"))

    assert "device-code" not in f"{step!r}{step}"


def test_a_limit_crosses_a_process_border_as_what_it_is_one_of() -> None:
    limit = Limited("Try again later.", 7)

    assert kinds()[limit.kind] is Busy
    assert limit.message == "Try again later."
