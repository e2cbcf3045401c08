from __future__ import annotations

import asyncio
from typing import Any

import pytest
from agent.actors import (
    Stranger,
    everything,
    fill,
    noise,
    pair,
    pieces_in,
    refused,
    shared,
    tried,
    write,
)
from simulator import World, eventually, simulate

from pk_tui.agent.agent import Agent
from pk_tui.agent.payloads import GENERAL, VAULT_SHARE, GeneralBody
from pk_tui.agent.serving import _offers
from pk_tui.clock import DAY, SECOND
from pk_tui.errors import Busy, PeerMisbehaved, PermissionDenied
from pk_tui.net.stream import SEND_WITHIN
from pk_tui.records import encode
from pk_tui.terms import Action, Address, NotificationId
from pk_tui.trust.admission import REQUESTS_PER_SENDER
from pk_tui.wire.messages import (
    Ack,
    Failure,
    Hello,
    Moved,
    Notify,
    Offers,
    Scan,
    Transfer,
    TransferBegin,
    TransferEnd,
    decode_message,
    encode_message,
    piece_of,
)


async def guest(w: World, secrets: int = 24, size: int = 55_000) -> tuple[Agent, Stranger, bytes]:
    """Alice shares “work” with Mallory, who speaks for himself; and the vault's id."""
    alice, mallory = await w.add("alice"), Stranger(w)
    await mallory.meet("alice")
    view = await alice.vaults.create("work")
    await fill(alice, "work", secrets, size)
    await alice.vaults.share("work", "mallory")
    return alice, mallory, view.vault_id.raw


async def to_the_end(stream: Any) -> list[bytes]:
    answers = []
    while (raw := await stream.receive()) is not None:
        answers.append(raw)
    return answers


# Scan


def test_a_damaged_vault_is_offered_without_numbers_and_hides_no_other() -> None:
    async def scenario(w: World) -> None:
        alice, mallory, _ = await guest(w, 2, 10)
        view = await alice.vaults.create("bad")
        await fill(alice, "bad", 1, 10)
        await alice.vaults.share("bad", "mallory")
        row = w._stores["alice"].vaults.get(view.vault_id).row
        await w.stop("alice")
        w._stores["alice"]._db.execute("DELETE FROM findex WHERE vault_id = ?", (row,))
        alice = await w.start("alice")
        link = await mallory.dial("alice")
        (page,) = await mallory.ask(link, Scan())
        offers = decode_message(page, Offers).offers
        assert [(offer.name, offer.secrets, offer.size, bool(offer.head)) for offer in offers] == [
            ("bad", 0, 0, True),
            ("work", 2, 20, True),
        ]

    simulate(scenario)


def test_vaults_that_are_deleted_while_they_are_scanned_are_left_out() -> None:
    async def scenario(w: World) -> None:
        alice, mallory, _ = await guest(w, 1, 10)
        for number in range(20):
            await alice.vaults.create(f"v{number:02}")
            await alice.vaults.share(f"v{number:02}", "mallory")
        core = alice._gate.core()
        work = _offers(core, mallory.node_id)
        for _ in range(10):
            next(work)
        for name in ("v03", "v08", "v09", "v15"):
            await alice.vaults.delete(name)
        offers = await core.desk.steps(work)
        assert offers is not None
        names = {offer.name for offer in offers}
        assert not names & {"v09", "v15"}
        assert {"work", "v00", "v19"} <= names

    simulate(scenario)


# A vault has moved


def test_a_note_that_a_vault_moved_is_answered_by_the_end_alone_whatever_it_says() -> None:
    async def scenario(w: World) -> None:
        alice, mallory, vault = await guest(w, 1, 10)
        link = await mallory.dial("alice")
        head = w._stores["alice"].vaults.list()[0].record.head
        for vault_id in (vault, bytes(16)):
            for shown in (head, b"\xc1", b"x" * 2048):
                assert await mallory.ask(link, Moved(vault_id, shown)) == []
        assert link.closed is None
        assert not alice._serving._hearing

    simulate(scenario)


@pytest.mark.parametrize(
    "raw", [b"\x93\xa6moved1\xc4\x01x\xc4\x01x", b"\x93\xa6moved1\xc4\x10" + bytes(16) + b"\xc4\x00"]
)
def test_a_note_that_cannot_be_read_ends_the_link(raw: bytes) -> None:
    async def scenario(w: World) -> None:
        _, mallory, _ = await guest(w, 1, 10)
        link = await mallory.dial("alice")
        await link.request(raw)
        await asyncio.sleep(3)
        assert link.closed is not None

    simulate(scenario)


# Unshared while it runs


@pytest.mark.parametrize("taken", range(13))
@pytest.mark.parametrize("action", ["clone", "pull"])
def test_after_an_unshare_no_further_piece_is_sent_to_whoever_had_not_taken_it(action: Any, taken: int) -> None:
    """`taken`: answers read before. What credit had let go by then may still come; what is made afterwards may not."""

    async def scenario(w: World) -> None:
        alice, mallory, vault = await guest(w)
        link = await mallory.dial("alice")
        stream = await link.request(encode_message(Transfer(vault, action, ())))
        await stream.close()
        for _ in range(taken):
            await stream.receive()
        await asyncio.sleep(1)
        under_way = len(stream.inbox)
        await alice.vaults.unshare("work", "mallory")
        answers = await to_the_end(stream)
        if taken + under_way < 24:
            assert len(pieces_in(answers)) <= under_way
            assert decode_message(answers[-1], Failure).reason == "refused"

    simulate(scenario)


def test_a_guest_who_takes_nothing_gets_nothing_more_after_the_unshare() -> None:
    async def scenario(w: World) -> None:
        alice, mallory, vault = await guest(w, 40)
        link = await mallory.dial("alice")
        stream = await link.request(encode_message(Transfer(vault, "clone", ())))
        await asyncio.sleep(30)
        waiting = len(stream.inbox)
        assert waiting < 15
        await alice.vaults.unshare("work", "mallory")
        await asyncio.sleep(1)
        got = [await stream.receive() for _ in range(waiting)]
        rest = await to_the_end(stream)
        assert len(pieces_in([raw for raw in got if raw])) == waiting - 1
        assert pieces_in(rest) == []

    simulate(scenario)


@pytest.mark.parametrize("after", range(1, 25, 2))
def test_unsharing_while_a_clone_runs_ends_it_with_nothing_left(after: int) -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 30, 60_000)
        await asyncio.sleep(1)
        cloning = asyncio.create_task(bob.vaults.clone("work", "alice"))
        await asyncio.sleep(after / 100)
        await alice.vaults.unshare("work", "bob")
        error = await tried(cloning)
        if error is not None:
            assert type(error) is PermissionDenied
            assert await bob.vaults.list() == []
        with refused(PermissionDenied):
            await bob.vaults.clone("work", "alice", "again")

    simulate(scenario)


@pytest.mark.parametrize("after", range(1, 20, 2))
def test_unsharing_while_a_pull_runs_ends_it_with_the_clone_as_it_was(after: int) -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        await bob.vaults.clone("work", "alice")
        before = await everything(bob, "work")
        await fill(alice, "work", 30, 60_000, seed=2)
        await asyncio.sleep(1)
        pulling = asyncio.create_task(bob.vaults.pull("work"))
        await asyncio.sleep(after / 100)
        await alice.vaults.unshare("work", "bob")
        if (error := await tried(pulling)) is not None:
            assert type(error) is PermissionDenied
            assert await everything(bob, "work") == before
        with refused(PermissionDenied):
            await bob.vaults.pull("work")

    simulate(scenario)


def test_a_share_that_runs_out_while_a_clone_runs_ends_it() -> None:
    async def scenario(w: World) -> None:
        alice, mallory, vault = await guest(w, 30)
        await alice.vaults.share("work", "mallory", w.clocks["alice"].now() + 90 * DAY)
        link = await mallory.dial("alice")
        stream = await link.request(encode_message(Transfer(vault, "clone", ())))
        await asyncio.sleep(1)
        w.clocks["alice"].skew += 91 * DAY
        answers = await to_the_end(stream)
        assert decode_message(answers[-1], Failure).reason == "refused"
        assert len(pieces_in(answers)) < 20

    simulate(scenario)


def test_a_renamed_vault_goes_on_being_sent() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 20, 60_000)
        cloning = asyncio.create_task(bob.vaults.clone("work", "alice"))
        await asyncio.sleep(0.1)
        await alice.vaults.rename("work", "renamed")
        await write(alice, "renamed:more", b"x")
        view = await cloning
        assert view.name == "work"

    simulate(scenario)


# Slow and greedy guests


def test_a_guest_who_takes_nothing_is_cut_off_and_the_owner_goes_on_writing() -> None:
    async def scenario(w: World) -> None:
        alice, mallory, vault = await guest(w, 40)
        link = await mallory.dial("alice")
        stream = await link.request(encode_message(Transfer(vault, "clone", ())))
        for number in range(20):
            await write(alice, f"work:later{number}", b"x")
            await asyncio.sleep(SEND_WITHIN / 10)
        assert isinstance(await tried(to_the_end(stream)), Busy)
        assert await everything(alice, "work")

    simulate(scenario)


def test_many_transfers_of_one_guest_at_once_are_all_answered() -> None:
    async def scenario(w: World) -> None:
        _, mallory, vault = await guest(w)
        link = await mallory.dial("alice")
        answers = await asyncio.gather(*(mallory.ask(link, Transfer(vault, "clone", ())) for _ in range(20)))
        assert all(decode_message(each[-1], TransferEnd) for each in answers)
        assert len({len(pieces_in(each)) for each in answers}) == 1

    simulate(scenario)


# What is said to whom


def test_a_transfer_is_begun_with_the_signed_head_and_ended_with_how_much_came() -> None:
    async def scenario(w: World) -> None:
        alice, mallory, vault = await guest(w)
        link = await mallory.dial("alice")
        first, *_, last = answers = await mallory.ask(link, Transfer(vault, "clone", ()))
        begin, end = decode_message(first, TransferBegin), decode_message(last, TransferEnd)
        assert begin.creator == w.ids["alice"].raw
        assert end.size == sum(map(len, pieces_in(answers)))
        assert all(piece_of(raw) is not None for raw in answers[1:-1])
        head = (await alice.vaults.get("work")).head
        assert head is not None
        again = await mallory.ask(link, Transfer(vault, "pull", (head.raw,)))
        assert len(again) == 2
        unknown = await mallory.ask(link, Transfer(vault, "pull", (b"u" * 20,)))
        assert pieces_in(unknown) == pieces_in(answers)

    simulate(scenario)


def test_a_stranger_is_refused_alike_whatever_is_there() -> None:
    async def scenario(w: World) -> None:
        alice, _, vault = await guest(w)
        eve = Stranger(w, "eve")
        link = await eve.dial("alice")
        refusal = [encode_message(Failure("refused", "Not permitted, or not there."))]
        assert await eve.ask(link, Scan()) == refusal
        assert await eve.ask(link, Transfer(vault, "clone", ())) == refusal
        assert await eve.ask(link, Transfer(b"0" * 16, "pull", ())) == refusal
        await alice.gestalts.trust(str(eve.node_id))
        assert await eve.ask(link, Scan()) == refusal
        await alice.gestalts.allow(str(eve.node_id), Action.SCAN)
        assert await eve.ask(link, Scan()) == []
        assert await eve.ask(link, Transfer(vault, "clone", ())) == refusal

    simulate(scenario)


def test_a_scan_shows_what_is_shared_with_the_asker_and_nothing_else() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        carol = await w.add("carol")
        await w.introduce("alice", "carol")
        for name, nodes in (("both", ("bob", "carol")), ("bobs", ("bob",)), ("nobodys", ())):
            await alice.vaults.create(name)
            for node in nodes:
                await alice.vaults.share(name, node)
        assert [row.name for row in await bob.vaults.scan("alice")] == ["bobs", "both"]
        assert [row.name for row in await carol.vaults.scan("alice")] == ["both"]
        assert {row.actions for row in await bob.vaults.scan("alice")} == {(Action.CLONE, Action.PULL)}
        await alice.vaults.unshare("both", "carol")
        with refused(PermissionDenied):
            await carol.vaults.scan("alice")
        await alice.vaults.delete("both")
        assert [row.name for row in await bob.vaults.scan("alice")] == ["bobs"]

    simulate(scenario)


def test_a_scan_of_many_vaults_comes_in_pages() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        for number in range(230):
            await alice.vaults.create(f"v{number:03}")
            await alice.vaults.share(f"v{number:03}", "bob")
        assert [row.name for row in await bob.vaults.scan("alice")] == [f"v{number:03}" for number in range(230)]

    simulate(scenario)


def test_a_holder_of_a_clone_serves_it_to_nobody() -> None:
    async def scenario(w: World) -> None:
        _, bob = await shared(w)
        view = await bob.vaults.clone("work", "alice")
        carol = await w.add("carol")
        await w.introduce("bob", "carol")
        with refused(PermissionDenied):
            await carol.vaults.scan("bob")
        eve = Stranger(w, "eve")
        link = await eve.dial("bob")
        (answer,) = await eve.ask(link, Transfer(view.vault_id.raw, "clone", ()))
        assert decode_message(answer, Failure).reason == "refused"

    simulate(scenario)


# What no honest peer sends


@pytest.mark.parametrize(
    "raw",
    [
        b"\xc1",
        b"\0piece",
        b"x" * 60_000,
        encode_message(Ack()),
        encode_message(Hello(1, "again")),
        encode_message(Scan()) + b"\0",
        encode(Transfer(b"1" * 16, "destroy", ())),  # type: ignore[arg-type]
        encode(Transfer(b"1" * 15, "clone", ())),
        encode(Transfer(b"1" * 16, "clone", (b"x" * 20,) * 65)),
        encode(Notify(b"1" * 16, "General", b"x" * 4097, 1)),
    ],
    ids=range(10),
)
def test_a_request_that_cannot_be_read_ends_the_link_and_nothing_else(raw: bytes) -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        mallory = Stranger(w)
        link = await mallory.dial("alice")
        stream = await link.request(raw)
        await eventually(lambda: ended(link))
        assert stream.broken is not None
        assert await bob.vaults.scan("alice")
        assert [view.sender for view in await alice.notifications.requests()] == []

    async def ended(link: Any) -> bool:
        return link.closed is not None

    simulate(scenario)


def test_a_stream_without_a_request_does_no_harm() -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await w.add("alice"), Stranger(w)
        link = await mallory.dial("alice")
        for _ in range(200):
            stream = await link.request(encode_message(Scan()))
            stream.reset()
            await asyncio.sleep(0.05)
        await asyncio.sleep(1)
        assert link.closed is None
        assert (await alice.lifecycle.status()).connections == 1

    simulate(scenario)


# Notifications


def note(number: int, text: str = "hello", kind: str = GENERAL) -> Notify:
    return Notify(number.to_bytes(16, "big"), kind, encode(GeneralBody(text)), 0)


@pytest.mark.parametrize(
    "request_",
    [
        Notify(b"1" * 16, GENERAL, b"\xc1", 0),
        Notify(b"1" * 16, GENERAL, b"", 0),
        Notify(b"1" * 16, VAULT_SHARE, encode(GeneralBody("x")), 0),
        Notify(b"1" * 16, "Unknown", encode(GeneralBody("x")), 0),
        Notify(b"1" * 16, GENERAL, encode(GeneralBody("x" * 3001)), 0),
        Notify(b"1" * 16, GENERAL, encode(GeneralBody("x")) + b"\0", 0),
    ],
    ids=range(6),
)
def test_a_malformed_notification_is_refused_and_lies_in_no_box(request_: Notify) -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await w.add("alice"), Stranger(w)
        await mallory.meet("alice")
        link = await mallory.dial("alice")
        (answer,) = await mallory.ask(link, request_)
        assert decode_message(answer, Failure).reason == "malformed"
        assert await alice.notifications.inbox() == []
        assert await alice.notifications.requests() == []
        assert link.closed is None

    simulate(scenario)


def test_a_notification_sent_twice_lies_there_once_even_after_it_was_removed() -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await w.add("alice"), Stranger(w)
        await mallory.meet("alice")
        link = await mallory.dial("alice")
        for _ in range(3):
            assert await mallory.ask(link, note(1)) == [encode_message(Ack())]
        assert len(await alice.notifications.inbox()) == 1
        await alice.notifications.remove(NotificationId((1).to_bytes(16, "big")))
        assert await mallory.ask(link, note(1)) == [encode_message(Ack())]
        assert await alice.notifications.inbox() == []
        eve = Stranger(w, "eve")
        await eve.meet("alice")
        await eve.ask(await eve.dial("alice"), note(1))
        assert [view.sender for view in await alice.notifications.inbox()] == [eve.node_id]

    simulate(scenario)


def test_a_request_that_was_declined_is_not_taken_again_when_its_sender_is_trusted() -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await w.add("alice"), Stranger(w)
        link = await mallory.dial("alice")
        await mallory.ask(link, note(1))
        await alice.notifications.decline(NotificationId((1).to_bytes(16, "big")))
        await alice.gestalts.trust(str(mallory.node_id))
        assert await mallory.ask(link, note(1)) == [encode_message(Ack())]
        assert await alice.notifications.inbox() == []

    simulate(scenario)


def test_a_stranger_fills_no_more_than_its_share_of_the_requests() -> None:
    async def scenario(w: World) -> None:
        alice, mallory, eve = await w.add("alice"), Stranger(w), Stranger(w, "eve")
        link = await mallory.dial("alice")
        answers = [(await mallory.ask(link, note(number)))[0] for number in range(REQUESTS_PER_SENDER + 5)]
        assert answers.count(encode_message(Ack())) == REQUESTS_PER_SENDER
        assert decode_message(answers[-1], Failure).reason == "busy"
        assert await eve.ask(await eve.dial("alice"), note(1)) == [encode_message(Ack())]
        assert len(await alice.notifications.requests()) == REQUESTS_PER_SENDER + 1
        assert await alice.notifications.inbox() == []

    simulate(scenario)


def test_a_crowd_of_strangers_fills_no_more_than_the_requests() -> None:
    async def scenario(w: World) -> None:
        alice = await w.add("alice")
        friend = Stranger(w, "friend")
        await friend.meet("alice")
        full = 0
        for number in range(26):
            stranger = Stranger(w, f"m{number}")
            link = await stranger.dial("alice")
            for place in range(20):
                (answer,) = await stranger.ask(link, note(place))
                full += answer != encode_message(Ack())
            await link.close()
        assert len(await alice.notifications.requests()) == 500
        assert full == 20
        assert await friend.ask(await friend.dial("alice"), note(1)) == [encode_message(Ack())]
        assert len(await alice.notifications.inbox()) == 1

    simulate(scenario)


def test_a_trusted_node_that_runs_wild_fills_no_more_than_its_share_of_the_inbox() -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await w.add("alice"), Stranger(w)
        await mallory.meet("alice")
        link = await mallory.dial("alice")
        answers = [(await mallory.ask(link, note(number)))[0] for number in range(205)]
        assert answers.count(encode_message(Ack())) == 200
        await alice.notifications.inbox()  # read: there is room again
        assert await mallory.ask(link, note(900)) == [encode_message(Ack())]

    simulate(scenario)


def test_what_is_sent_says_nothing_of_the_time_it_claims_to_be_from() -> None:
    async def scenario(w: World) -> None:
        alice, mallory = await w.add("alice"), Stranger(w)
        await mallory.meet("alice")
        link = await mallory.dial("alice")
        before = w.clocks["alice"].now()
        await mallory.ask(link, Notify(b"1" * 16, GENERAL, encode(GeneralBody("x")), 2**62))
        (view,) = await alice.notifications.inbox()
        assert 0 <= view.time - before < SECOND

    simulate(scenario)


def test_a_locked_node_answers_nobody() -> None:
    async def scenario(w: World) -> None:
        alice, mallory, vault = await guest(w)
        link = await mallory.dial("alice")
        await alice.lock()
        await asyncio.sleep(1)
        assert link.closed is not None
        with pytest.raises(Exception, match="refuses connections"):
            await mallory.dial("alice")
        assert vault

    simulate(scenario)


def test_what_was_sent_is_remembered_before_the_first_byte_leaves() -> None:
    async def scenario(w: World) -> None:
        alice, mallory, vault = await guest(w)
        head = (await alice.vaults.get("work")).head
        link = await mallory.dial("alice")
        stream = await link.request(encode_message(Transfer(vault, "clone", ())))
        await stream.receive()
        stream.reset()
        view = await alice.vaults.get("work")
        seen = w._stores["alice"].served.latest(mallory.node_id, view.vault_id)
        assert seen is not None
        assert head is not None
        assert (seen.old, seen.new) == (None, head.raw)

    simulate(scenario)


def test_a_wrong_answer_of_ours_is_no_fault_of_the_peers() -> None:
    """A clone from a node that serves what it should not: the sentence blames it, not us."""

    async def scenario(w: World) -> None:
        bob, mallory = await w.add("bob"), Stranger(w)
        await mallory.meet("bob")

        async def nonsense(link: Any, stream: Any) -> None:
            await stream.receive()
            await stream.send(encode_message(Scan()))

        mallory.answer = nonsense
        with refused(PeerMisbehaved, "no answer"):
            await bob.vaults.scan("mallory")

    simulate(scenario)


def test_offers_name_what_the_grant_gives() -> None:
    async def scenario(w: World) -> None:
        alice, mallory, vault = await guest(w)
        await alice.nodes.add(mallory.node_id, Address("mallory", 2), ping=False)
        (raw,) = await mallory.ask(await mallory.dial("alice"), Scan())
        (offer,) = decode_message(raw, Offers).offers
        assert (offer.vault_id, offer.name, offer.actions) == (vault, "work", ("clone", "pull"))
        assert offer.creator == w.ids["alice"].raw
        assert noise(8)

    simulate(scenario)


def test_a_history_that_is_written_anew_while_it_is_sent_ends_the_transfer_with_nothing_left() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 60, 60_000)
        cloning = asyncio.create_task(tried(bob.vaults.clone("work", "alice")))
        await asyncio.sleep(0.1)
        assert not cloning.done()
        await alice.vaults.forget("work", (await alice.vaults.log("work"))[0].changes[0].path)
        error = await cloning
        assert error is not None
        assert await bob.vaults.list() == []
        await bob.vaults.clone("work", "alice")
        assert await everything(bob, "work") == await everything(alice, "work")

    simulate(scenario)
