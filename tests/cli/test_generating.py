from __future__ import annotations

import pytest

from pk_tui.api.items import CodeView, Recipe, SuggestionView
from pk_tui.errors import ReadOnly
from pk_tui.plaintext import Plaintext
from pk_tui.terms import SecretPath

AB = SecretPath(("a", "b"))


@pytest.fixture
def calls(agent):
    class Items:
        code_view = CodeView(Plaintext(b"012345"), 12.2, 30, "Acme", "ada")

        async def suggest(self, recipe):
            agent.calls.append(("suggest", recipe))
            return SuggestionView(Plaintext(b"canary<>"), 77.549)

        async def code(self, *args):
            agent.calls.append(("code", *args))
            return self.code_view

    agent.items = Items()
    return agent.calls


def test_generate_writes_the_value_and_does_not_print_it(type_in, calls, fixed):
    done = type_in("--format", "json", "secrets", "generate", "v:a/b")
    assert done.json == {"commit": str(fixed.commit), "entropy_bits": 77.5}
    assert calls == [("suggest", Recipe()), ("secrets.write", "v", AB, b"canary<>", False)]
    done = type_in("secrets", "generate", "v:a/b")
    assert "77.5 bits" in done.text
    assert b"canary" not in done.output + done.errors


def test_generate_prints_the_value_if_asked(type_in, calls):
    assert type_in("--format", "json", "secrets", "generate", "v:a/b", "--print").json["value"] == "canary<>"
    done = type_in("secrets", "generate", "v:a/b", "--print")
    assert done.output == b"canary<>\n"
    assert b"77.5 bits" in done.errors


@pytest.mark.parametrize(
    ("options", "recipe"),
    [
        (["--length", "40"], Recipe(length=40)),
        (["--words", "6"], Recipe(words=6)),
        (["--words", "6", "--separator", ""], Recipe(words=6, separator="")),
        (["--no-symbols", "--no-upper"], Recipe(symbols=False, upper=False)),
        (["--easy", "--exclude", "xyz"], Recipe(easy=True, exclude="xyz")),
        (["--no-lower", "--no-digits"], Recipe(lower=False, digits=False)),
    ],
)
def test_options_are_the_recipe(type_in, calls, options, recipe):
    assert type_in("secrets", "generate", "v:a/b#slot", *options).code == 0
    assert calls[0] == ("suggest", recipe)
    assert calls[1][:3] == ("secrets.write", "v", SecretPath(("a", "b#slot")))


@pytest.mark.parametrize(
    "options",
    [["--words", "6", "--length", "9"], ["--words", "6", "--easy"], ["--separator", "."], ["--length", "0"], ["--words", "x"]],
)  # fmt: skip
def test_options_that_contradict_are_refused(type_in, calls, options):
    assert type_in("secrets", "generate", "v:a/b", *options).code == 64
    assert calls == []


def test_generate_says_nothing_of_a_value_that_was_not_kept(type_in, calls, agent):
    agent.secrets.results["write"] = ReadOnly("It is a clone.")
    done = type_in("secrets", "generate", "v:a/b", "--print")
    assert (done.code, done.output) == (77, b"")
    assert b"canary" not in done.errors


def test_otp_prints_the_code_and_how_long_it_holds(type_in, calls, agent):
    done = type_in("--format", "json", "secrets", "otp", "v:a/b#otp")
    assert done.json == {"code": "012345", "remaining_s": 13, "period_s": 30, "issuer": "Acme", "account": "ada"}
    assert calls == [("code", "v", SecretPath(("a", "b#otp")))]
    done = type_in("secrets", "otp", "v:a/b")
    assert done.output == b"012345\n"
    assert b"13 s" in done.errors
    agent.items.code_view = CodeView(Plaintext(b"755224"), 0, 0, "", "")
    done = type_in("secrets", "otp", "v:a/b")
    assert (done.output, done.errors) == (b"755224\n", b"")
