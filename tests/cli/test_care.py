import pytest

from pk_tui.api.care import TidyView
from pk_tui.api.views import ForgetView
from pk_tui.errors import Conflict, NotFound, ReadOnly
from pk_tui.terms import SecretPath


@pytest.fixture(autouse=True)
def _results(agent, fixed):
    agent.vaults.results["forget"] = ForgetView(3, 12, (fixed.node,), fixed.commit)
    agent.lifecycle.results["tidy"] = TidyView(2, 30, 4096, 2048)


def test_forgetting_says_what_is_gone_and_who_keeps_it(type_in, agent, fixed):
    done = type_in("--format", "json", "vaults", "forget", "v", "a/b", "--yes")
    assert done.json == {"versions": 3, "objects": 12, "seen_by": [str(fixed.node)], "head": str(fixed.commit)}
    assert agent.calls == [("vaults.forget", "v", SecretPath(("a", "b")), None, False, None, False)]
    text = type_in("vaults", "forget", "v", "a/b", "--yes").text
    assert "3 versions written anew, 12 objects gone" in text
    assert f"1 node had been given a version that held it, and keeps what it has:\n    {fixed.node}\n" in text


def test_a_fork_can_leave_its_origin_for_it(type_in, agent):
    agent.vaults.results["forget"] = Conflict("it came from there")
    assert type_in("vaults", "forget", "v", "a", "--yes").code == 70
    type_in("vaults", "forget", "v", "a", "--yes", "--leave-origin")
    assert agent.calls[-1] == ("vaults.forget", "v", SecretPath(("a",)), None, True, None, False)


def test_only_the_value_of_one_version_can_be_meant(type_in, agent, fixed):
    agent.vaults.results["forget"] = ForgetView(1, 1, (), fixed.commit)
    done = type_in("vaults", "forget", "v", "a", "--yes", "--value-of", "1f2e")
    assert agent.calls[-1] == ("vaults.forget", "v", SecretPath(("a",)), None, False, "1f2e", False)
    assert "Forgot one value of “v:a”: 1 version written anew" in done.text
    assert "--everywhere" not in done.text


def test_a_value_that_other_places_hold_is_said_and_can_be_meant_everywhere(type_in, agent, fixed):
    agent.vaults.results["forget"] = ForgetView(1, 1, (), fixed.commit, still_held=True)
    given = ("vaults", "forget", "v", "a", "--yes", "--value-of", "1f2e")
    assert "still hold the same value; --everywhere forgets it there too" in type_in(*given).text
    assert type_in("--format", "json", *given).json["still_held"] is True
    agent.vaults.results["forget"] = ForgetView(1, 1, (), fixed.commit)
    assert "Forgot one value of “v:a” everywhere:" in type_in(*given, "--everywhere").text
    assert agent.calls[-1] == ("vaults.forget", "v", SecretPath(("a",)), None, False, "1f2e", True)


def test_everywhere_takes_a_value(type_in, agent):
    assert type_in("vaults", "forget", "v", "a", "--yes", "--everywhere").code == 64
    assert agent.calls == []


def test_with_no_one_who_saw_it_that_is_said(type_in, agent, fixed):
    agent.vaults.results["forget"] = ForgetView(1, 1, (), fixed.commit)
    text = type_in("vaults", "forget", "v", "a", "--yes").text
    assert "1 version written anew, 1 object gone" in text
    assert "No other node had been given" in text


def test_two_who_saw_it_are_both_named(type_in, agent, fixed):
    agent.vaults.results["forget"] = ForgetView(1, 1, (fixed.node, fixed.node), fixed.commit)
    assert (
        "2 nodes had been given a version that held it, and keep what they have"
        in type_in("vaults", "forget", "v", "a", "--yes").text
    )


@pytest.mark.parametrize("answer", ["yes", "YES", " y "])
def test_on_a_terminal_it_asks_first(type_in, agent, answer):
    assert type_in("vaults", "forget", "v", "a", tty=True, passwords={"typed": answer}).code == 0
    assert [name for name, *_ in agent.calls] == ["vaults.forget"]


@pytest.mark.parametrize("answer", ["", "no", "yes please"])
def test_any_other_answer_changes_nothing(type_in, agent, answer):
    done = type_in("vaults", "forget", "v", "a", tty=True, passwords={"typed": answer})
    assert (done.code, agent.calls) == (75, [])
    assert b"Nothing was changed" in done.errors


def test_an_answer_that_is_cut_off_changes_nothing(type_in, agent):
    done = type_in("vaults", "forget", "v", "a", tty=True)
    assert (done.code, agent.calls) == (75, [])


def test_without_a_terminal_it_takes_yes(type_in, agent):
    done = type_in("--format", "json", "vaults", "forget", "v", "a")
    assert (done.code, agent.calls) == (64, [])
    assert "--yes" in done.error["message"]


@pytest.mark.parametrize(("error", "code"), [(NotFound("never there"), 64), (ReadOnly("a clone"), 77)])
def test_refusals_have_their_exit_codes(type_in, agent, error, code):
    agent.vaults.results["forget"] = error
    assert type_in("vaults", "forget", "v", "a", "--yes").code == code


@pytest.mark.parametrize("argv", [("v",), ("v", "a/../b", "--yes"), ("v", "", "--yes")])
def test_what_is_missing_or_wrong_is_refused_before_anything_is_asked(type_in, agent, argv):
    assert type_in("vaults", "forget", *argv).code == 64
    assert agent.calls == []


def test_a_path_from_outside_is_shown_safely(type_in, fixed):
    done = type_in("vaults", "forget", fixed.nasty, "a", "--yes")
    assert "\x1b" not in done.text
    assert "\u202e" not in done.text


def test_tidying_says_how_large_the_database_was_and_is(type_in, agent):
    done = type_in("--format", "json", "tidy")
    assert done.json == {"vaults": 2, "objects": 30, "before": 4096, "after": 2048}
    assert agent.calls == [("lifecycle.tidy", False, None)]
    assert "Tidied 2 vaults with 30 objects." in type_in("tidy").text


def test_tidying_can_renew_all_keys(type_in, agent):
    assert "all under new keys" in type_in("tidy", "--new-keys").text
    assert agent.calls == [("lifecycle.tidy", True, None)]
