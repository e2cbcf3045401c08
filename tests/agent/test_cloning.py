from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Sequence

import pytest
from agent.actors import (
    Liar,
    Stranger,
    at,
    everything,
    fill,
    honest,
    left_behind,
    noise,
    pair,
    read,
    records,
    refused,
    shared,
    tried,
    write,
)
from simulator import EPOCH, World, eventually, simulate

from pk_tui.agent.agent import Agent
from pk_tui.api.events import VaultChanged
from pk_tui.api.views import Progress
from pk_tui.errors import (
    Busy,
    Conflict,
    Locked,
    Misuse,
    NameTaken,
    NotFound,
    PeerMisbehaved,
    PermissionDenied,
    PkError,
    ReadOnly,
    Rewritten,
    Unreachable,
)
from pk_tui.records import replace
from pk_tui.terms import CommitId, NodeId, VaultId
from pk_tui.trust.head import sign_head
from pk_tui.trust.lineage import Lineage, new_lineage
from pk_tui.vault.objects import Kind
from pk_tui.vault.outgoing import outgoing
from pk_tui.wire.messages import (
    Failure,
    Offer,
    Offers,
    Transfer,
    TransferBegin,
    TransferEnd,
    encode_message,
    encode_piece,
)

Sent = Sequence[bytes | float | None]


async def mirror_is_whole(one: Agent, other: Agent, vault: str = "work") -> None:
    here, there = await one.vaults.get(vault), await other.vaults.get(vault)
    assert here.head == there.head
    assert await everything(one, vault) == await everything(other, vault)


# What should work


def test_a_clone_is_the_same_vault_read_only_and_says_where_it_is_from() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 3)
        await write(alice, "work:big", noise(3 * 1024 * 1024))
        seen: list[Progress] = []
        view = await bob.vaults.clone("work", "alice", progress=seen.append)
        await mirror_is_whole(alice, bob)
        assert len(await read(bob, "work:big")) == 3 * 1024**2
        mine, theirs = await bob.vaults.get("work"), await alice.vaults.get("work")
        assert mine.read_only
        assert mine.vault_id == view.vault_id != theirs.vault_id
        assert mine.origin is not None
        assert (mine.origin.node_id, mine.origin.vault_id) == (w.ids["alice"], theirs.vault_id)
        assert [row.commit for row in await bob.vaults.log("work")] == [
            row.commit for row in await alice.vaults.log("work")
        ]
        assert seen
        assert view.bytes > 3 * 1024**2
        with refused(ReadOnly, "pull"):
            await write(bob, "work:new", b"x")

    simulate(scenario)


def test_a_vault_is_cloned_by_its_id_under_another_name_and_twice() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        (offer,) = await bob.vaults.scan("alice")
        await bob.vaults.clone(str(offer.vault_id), "alice", "first")
        await bob.vaults.clone("work", str(w.ids["alice"]), "second")
        for name in ("first", "second"):
            assert await read(bob, f"{name}:s0") == await read(alice, "work:s0")

    simulate(scenario)


def test_a_pull_brings_what_is_new_and_nothing_else() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 20, 50_000)
        await bob.vaults.clone("work", "alice")
        await write(alice, "work:new", b"new")
        before = (await bob.vaults.get("work")).head
        view = await bob.vaults.pull("work")
        assert (view.old_head, view.objects) == (before, 3)
        assert view.bytes < 2000
        await mirror_is_whole(alice, bob)
        again = await bob.vaults.pull("work")
        assert (again.old_head, again.new_head, again.objects) == (view.new_head, view.new_head, 0)

    simulate(scenario)


def test_a_pull_says_on_the_bus_that_the_vault_changed_only_when_it_did() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        view = await bob.vaults.clone("work", "alice")
        await asyncio.sleep(1)
        async with bob.events() as events:
            await bob.vaults.pull("work")
            await asyncio.sleep(1)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(events), 1)
        await write(alice, "work:new", b"1")
        await asyncio.sleep(1)  # that it is behind is said before
        async with bob.events() as events:
            await bob.vaults.pull("work")
            assert await anext(events) == VaultChanged(view.vault_id)

    simulate(scenario)


def test_removed_changed_and_moved_secrets_are_so_in_the_clone() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 3)
        await bob.vaults.clone("work", "alice")
        await write(alice, "work:s0", b"changed")
        await alice.secrets.remove([("work", at("s1"))])
        await alice.secrets.move(("work", at("s2")), ("work", at("deep/er")))
        await bob.vaults.pull("work")
        assert set(await everything(bob, "work")) == {"s0", "deep/er"}
        await mirror_is_whole(alice, bob)

    simulate(scenario)


# What is refused before anything is asked for


def test_a_vault_that_is_not_shared_and_one_that_is_not_there_are_refused_alike() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await pair(w)
        await alice.vaults.create("secret")
        said = []
        for name in ("secret", "absent"):
            with pytest.raises(PermissionDenied) as caught:
                await bob.vaults.clone(name, "alice")
            said.append(caught.value.message.replace(name, "…"))
        assert said[0] == said[1]
        await alice.vaults.create("other")
        await alice.vaults.share("other", "bob")
        with refused(PermissionDenied, "whether it exists is not said"):
            await bob.vaults.clone("secret", "alice")
        secret = (await alice.vaults.get("secret")).vault_id
        with refused(PermissionDenied):
            await bob.vaults.clone(str(secret), "alice")

    simulate(scenario)


def test_a_name_that_is_taken_is_refused_before_anything_is_sent() -> None:
    async def scenario(w: World) -> None:
        _, bob = await shared(w)
        await bob.vaults.create("work")
        with refused(NameTaken, "--name"):
            await bob.vaults.clone("work", "alice")
        with refused(NameTaken):
            await bob.vaults.clone("work", "alice", "work")
        assert left_behind(w, "bob") == (1, 1, 1)

    simulate(scenario)


def test_a_name_that_is_taken_while_the_clone_runs_is_refused_and_leaves_nothing() -> None:
    async def scenario(w: World) -> None:
        _, bob = await shared(w, 10, 60_000)
        cloning = asyncio.create_task(bob.vaults.clone("work", "alice"))
        await eventually(lambda: _true(rows_of(w) > 0))
        await bob.vaults.create("work")
        with refused(NameTaken):
            await cloning
        assert left_behind(w, "bob") == (1, 1, 1)
        assert (await bob.vaults.get("work")).origin is None

    async def _true(value: bool) -> bool:
        return value

    def rows_of(w: World) -> int:
        return left_behind(w, "bob")[0]

    simulate(scenario)


@pytest.mark.parametrize("name", ["a/b", "x:y", " x", "-rf", "\x1b[2J", "a\u202eb"])
def test_a_remote_name_that_cannot_be_a_name_here_needs_another(name: str) -> None:
    async def scenario(w: World) -> None:
        bob, mallory = await w.add("bob"), Liar(w)
        await mallory.meet("bob")
        mallory.offers = lambda offer: [encode_message(Offers((replace(offer, name=name),)))]
        vault = str(VaultId(mallory.frames.record.vault_id))
        with refused(Misuse, "--name"):
            await bob.vaults.clone(vault, "mallory")
        assert (await bob.vaults.clone(vault, "mallory", "fine")).name == "fine"

    simulate(scenario)


def test_an_illegal_local_name_is_refused() -> None:
    async def scenario(w: World) -> None:
        _, bob = await shared(w)
        with refused(Misuse):
            await bob.vaults.clone("work", "alice", "a:b")
        assert left_behind(w, "bob") == (0, 0, 0)

    simulate(scenario)


def test_what_is_no_clone_is_not_pulled() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        with refused(Misuse, "no origin"):
            await alice.vaults.pull("work")
        with refused(NotFound):
            await bob.vaults.pull("work")

    simulate(scenario)


def test_a_pull_from_another_node_needs_its_vault_id_and_checks_the_lineage() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w)
        await bob.vaults.clone("work", "alice")
        carol = await w.add("carol")
        await w.introduce("bob", "carol")
        other = await carol.vaults.create("other")
        await carol.vaults.share("other", "bob")
        before = (await bob.vaults.get("work")).origin
        with refused(Misuse, "--from"):
            await bob.vaults.pull("work", "carol")
        with refused(PeerMisbehaved, "another lineage"):
            await bob.vaults.pull("work", "carol", other.vault_id)
        with refused(PermissionDenied):
            await bob.vaults.pull("work", "carol", VaultId(bytes(16)))
        assert (await bob.vaults.get("work")).origin == before
        await mirror_is_whole(alice, bob)

    simulate(scenario)


def test_a_scan_shows_how_much_there_is_to_get() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 3, 100)
        await write(alice, "work:d/e", b"12345")
        await write(alice, "work:d/e", b"1234")
        await alice.vaults.create("empty")
        await alice.vaults.share("empty", "bob")
        empty, work = await bob.vaults.scan("alice")
        assert (work.name, work.secrets, work.bytes, work.versions) == ("work", 4, 304, 6)
        assert len(await alice.vaults.log("work")) == work.versions
        assert (empty.name, empty.secrets, empty.bytes, empty.versions) == ("empty", 0, 0, 1)

    simulate(scenario)


def test_versions_are_counted_by_the_owners_signature_alone() -> None:
    async def scenario(w: World) -> None:
        bob, mallory = await w.add("bob"), Liar(w)
        for number in range(4):
            mallory.put(f"s{number}", b"1")
        await mallory.meet("bob")
        offer = mallory.offer(w.ids["bob"])
        other = Lineage(mallory.node_id, b"x" * 32)
        for changed, versions in (
            ({}, 5),
            ({"secrets": 2**32 - 1, "size": 2**63 - 1}, 5),
            ({"head": b""}, 0),
            ({"head": b"\xc1"}, 0),
            ({"head": offer.head[:-1] + bytes((offer.head[-1] ^ 1,))}, 0),
            ({"nonce": other.nonce}, 0),
            ({"creator": w.ids["bob"].raw}, 0),
            ({"head": sign_head(mallory.signing, other, 9, (), CommitId(b"c" * 20), bytes(32), EPOCH)}, 0),
        ):
            shown = replace(offer, **changed)
            mallory.offers = lambda _, shown=shown: [encode_message(Offers((shown,)))]  # type: ignore[misc]
            (view,) = await bob.vaults.scan("mallory")
            assert view.versions == versions, changed
            assert (view.secrets, view.bytes) == (shown.secrets, shown.size)

    simulate(scenario)


def test_a_pull_keeps_the_node_it_pulled_from_connected() -> None:
    async def scenario(w: World) -> None:
        _, bob = await shared(w)
        await bob.vaults.clone("work", "alice")
        await bob.nodes.disconnect("alice")
        await w.agents["alice"].nodes.disconnect("bob")
        await asyncio.sleep(10)
        assert await bob.nodes.connections() == []
        await bob.vaults.pull("work")
        await w.network.drop_connections()
        await asyncio.sleep(60)
        assert [view.state for view in await bob.nodes.connections()] == ["connected"]

    simulate(scenario)


# A peer that lies


def clone_from(lie: Callable[[Liar], Callable[[TransferBegin, list[bytes], TransferEnd], Sent]]) -> PkError | None:
    """Clone from a liar whose vault has five versions; nothing may be left, and an honest answer then be taken."""

    async def scenario(w: World) -> PkError | None:
        bob, mallory = await w.add("bob"), Liar(w)
        for number in range(5):
            mallory.put(f"d/s{number}", noise(50_000, number))
        await mallory.meet("bob")
        mallory.lie = lie(mallory)
        error: PkError | None = None
        try:
            await bob.vaults.clone("work", "mallory")
        except PkError as raised:
            error = raised
            assert left_behind(w, "bob") == (0, 0, 0)
            assert await bob.vaults.list() == []
        else:
            await bob.vaults.delete("work")
        mallory.lie = honest
        await bob.vaults.clone("work", "mallory")
        assert len(await everything(bob, "work")) == 5
        return error

    return simulate(scenario)


def pull_from(lie: Callable[[Liar], Callable[[TransferBegin, list[bytes], TransferEnd], Sent]]) -> PkError | None:
    """Pull from a liar who was honest for three versions; the clone must stay as it is, and later follow an honest answer."""

    async def scenario(w: World) -> PkError | None:
        bob, mallory = await w.add("bob"), Liar(w)
        for number in range(3):
            mallory.put(f"d/s{number}", noise(500, number))
        await mallory.meet("bob")
        await bob.vaults.clone("work", "mallory")
        tell = lie(mallory)  # made while the liar's vault is as the clone knows it
        for number in range(3, 6):
            mallory.put(f"d/s{number}", noise(50_000, number))
        before, frames = await bob.vaults.get("work"), left_behind(w, "bob")
        mallory.lie = tell
        error: PkError | None = None
        try:
            await bob.vaults.pull("work")
        except PkError as raised:
            error = raised
            assert await bob.vaults.get("work") == before
            assert left_behind(w, "bob") == frames
            assert len(await everything(bob, "work")) == 3
        mallory.lie = honest
        await bob.vaults.pull("work")
        assert len(await everything(bob, "work")) == 6
        return error

    return simulate(scenario)


def begin_with(change: Callable[[Liar, TransferBegin], TransferBegin]) -> Callable[[Liar], Callable[..., Sent]]:
    return lambda liar: lambda begin, pieces, end: honest(change(liar, begin), pieces, end)


def other_head(liar: Liar, begin: TransferBegin, **changed: object) -> TransferBegin:
    record = liar.frames.record
    said: dict[str, object] = {
        "signing": liar.signing,
        "lineage": liar.lineage,
        "sequence": record.sequence,
        "parents": (),
        "commit": CommitId(record.commit),
        "digest": record.digest,
        "now": EPOCH,
    }
    return replace(begin, head=sign_head(**{**said, **changed}))  # type: ignore[arg-type]


def of_another(liar: Liar, begin: TransferBegin) -> TransferBegin:
    lineage = new_lineage(liar.node_id)
    return other_head(liar, begin, lineage=lineage)


def by_another(liar: Liar, begin: TransferBegin) -> TransferBegin:
    stranger = Stranger(liar.world, "eve")
    lineage = new_lineage(stranger.node_id)
    return other_head(liar, begin, signing=stranger.signing, lineage=lineage)


def flipped(raw: bytes, place: int) -> bytes:
    return raw[:place] + bytes((raw[place] ^ 1,)) + raw[place + 1 :]


WRONG_BEGINNINGS: dict[str, Callable[[Liar, TransferBegin], TransferBegin]] = {
    "no head at all": lambda liar, begin: replace(begin, head=b"x"),
    "a head that is not signed": lambda liar, begin: replace(begin, head=begin.head[:-64] + bytes(64)),
    "a head with a bit flipped": lambda liar, begin: replace(begin, head=flipped(begin.head, 40)),
    "a head of another lineage": of_another,
    "a head by another writer": by_another,
    "another lineage and a head of it": lambda liar, begin: replace(
        of_another(liar, begin), creator=liar.node_id.raw, nonce=b"n" * 32
    ),
    "another creator": lambda liar, begin: replace(begin, creator=b"c" * 32),
    "another digest": lambda liar, begin: other_head(liar, begin, digest=b"d" * 32),
    "a commit that does not come": lambda liar, begin: other_head(liar, begin, commit=CommitId(b"c" * 20)),
    "fewer objects than come": lambda liar, begin: replace(begin, objects=3),
    "no objects": lambda liar, begin: replace(begin, objects=0),
}


@pytest.mark.parametrize("change", WRONG_BEGINNINGS.values(), ids=WRONG_BEGINNINGS)
@pytest.mark.parametrize("action", [clone_from, pull_from])
def test_a_wrong_beginning_is_the_peers_fault_and_changes_nothing(
    action: Callable[..., PkError | None], change: Callable[[Liar, TransferBegin], TransferBegin]
) -> None:
    assert isinstance(action(begin_with(change)), PeerMisbehaved)


def without(place: int) -> Callable[[list[bytes]], list[bytes]]:
    return lambda found: (
        found[:place] + found[place + 1 :] if place >= 0 else found[:place] + found[len(found) + place + 1 :]
    )


def blob_of(value: bytes) -> bytes:
    return bytes((Kind.BLOB,)) + len(value).to_bytes(4, "big") + value


def altered(found: list[bytes], kind: Kind) -> list[bytes]:
    """The first record of this kind with its last bit flipped."""
    at = next(place for place, record in enumerate(found) if record[0] & 0x7F == kind)
    return [*found[:at], flipped(found[at], len(found[at]) - 1), *found[at + 1 :]]


WRONG_OBJECTS: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "none": lambda found: [],
    "the first is missing": without(0),
    "one in the middle is missing": without(5),
    "the last is missing": without(-1),
    "the last three are missing": lambda found: found[:-3],
    "one more at the end": lambda found: [*found, blob_of(b"extra")],
    "one more in the middle": lambda found: [*found[:3], blob_of(b"extra"), *found[3:]],
    "one more at the beginning": lambda found: [blob_of(b"extra"), *found],
    "a commit twice": lambda found: [*found, found[-1]],
    "an altered secret": lambda found: altered(found, Kind.BLOB),
    "an altered directory": lambda found: altered(found, Kind.TREE),
    "an altered commit": lambda found: altered(found, Kind.COMMIT),
    "the other way round": lambda found: found[::-1],
    "a type that does not exist": lambda found: [b"\x07\0\0\0\x01x", *found],
    "larger than an object can be": lambda found: [bytes((Kind.BLOB,)) + (2**31).to_bytes(4, "big"), *found],
    "cut off in the middle of a record": lambda found: [*found[:-1], found[-1][:-1]],
    "garbage": lambda found: [b"\xff" * 1000],
}


def sent_as(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Liar], Callable[..., Sent]]:
    def lie(liar: Liar) -> Callable[..., Sent]:
        def tell(begin: TransferBegin, pieces: list[bytes], end: TransferEnd) -> Sent:
            found = change(records(pieces))
            cut = [record[at : at + 60_000] for record in found for at in range(0, len(record), 60_000)]
            return honest(replace(begin, objects=begin.objects + 1), cut, TransferEnd(end.objects, sum(map(len, cut))))

        return tell

    return lie


@pytest.mark.parametrize("change", WRONG_OBJECTS.values(), ids=WRONG_OBJECTS)
@pytest.mark.parametrize("action", [clone_from, pull_from])
def test_the_right_head_with_wrong_objects_is_the_peers_fault_and_changes_nothing(
    action: Callable[..., PkError | None], change: Callable[[list[bytes]], list[bytes]]
) -> None:
    assert isinstance(action(sent_as(change)), PeerMisbehaved)


def wire(change: Callable[[list[bytes | float | None]], Sent]) -> Callable[[Liar], Callable[..., Sent]]:
    return lambda liar: lambda begin, pieces, end: change(honest(begin, pieces, end))


WRONG_ENDINGS: dict[str, tuple[type[PkError], Callable[[list[bytes | float | None]], Sent]]] = {
    "nothing but the end": (PeerMisbehaved, lambda said: said[-1:]),
    "nothing": (PeerMisbehaved, lambda said: [None]),
    "closed after the beginning": (PeerMisbehaved, lambda said: [said[0], None]),
    "closed in the middle": (PeerMisbehaved, lambda said: [*said[:2], None]),
    "closed before the end": (PeerMisbehaved, lambda said: [*said[:-1], None]),
    "the end too early": (PeerMisbehaved, lambda said: [*said[:2], said[-1]]),
    "a smaller total": (PeerMisbehaved, lambda said: [*said[:-1], encode_message(TransferEnd(5, 1))]),
    "a larger total": (PeerMisbehaved, lambda said: [*said[:-1], encode_message(TransferEnd(5, 2**40))]),
    "an answer to something else": (PeerMisbehaved, lambda said: [*said[:2], encode_message(Offers(())), *said[2:]]),
    "the beginning twice": (PeerMisbehaved, lambda said: [said[0], *said]),
    "an empty piece": (PeerMisbehaved, lambda said: [*said[:2], b"\0", *said[2:]]),
    "no record": (PeerMisbehaved, lambda said: [b"\xc1garbage"]),
    "refused at once": (PermissionDenied, lambda said: [encode_message(Failure("refused", "no"))]),
    "refused in the middle": (PermissionDenied, lambda said: [*said[:2], encode_message(Failure("refused", "no"))]),
    "busy in the middle": (Busy, lambda said: [*said[:2], encode_message(Failure("busy", "later"))]),
    "gone in the middle": (NotFound, lambda said: [*said[:2], encode_message(Failure("gone", ""))]),
    "malformed": (PeerMisbehaved, lambda said: [encode_message(Failure("malformed", "\x1b[31mred"))]),
    "silent at once": (Unreachable, lambda said: [100_000.0]),
    "silent in the middle": (Unreachable, lambda said: [*said[:2], 100_000.0, *said[2:]]),
    "silent before the end": (Unreachable, lambda said: [*said[:-1], 100_000.0, *said[-1:]]),
}


@pytest.mark.parametrize(("kind", "change"), WRONG_ENDINGS.values(), ids=WRONG_ENDINGS)
@pytest.mark.parametrize("action", [clone_from, pull_from])
def test_a_transfer_that_goes_wrong_says_so_and_changes_nothing(
    action: Callable[..., PkError | None],
    kind: type[PkError],
    change: Callable[[list[bytes | float | None]], Sent],
) -> None:
    error = action(wire(change))
    assert type(error) is kind, error
    assert "\x1b" not in error.message


def test_a_slow_peer_is_waited_for_as_long_as_it_goes_on() -> None:
    def slowly(said: list[bytes | float | None]) -> Sent:
        return [part for raw in said for part in (50.0, raw)]

    assert clone_from(wire(slowly)) is None


def test_pieces_without_end_are_given_up_when_they_are_more_than_was_said() -> None:
    def endless(said: list[bytes | float | None]) -> Sent:
        return [said[0], *(encode_piece(blob_of(number.to_bytes(8, "big") * 5000)) for number in range(1000))]

    assert isinstance(clone_from(wire(endless)), PeerMisbehaved)


def test_scan_pages_without_end_are_given_up() -> None:
    async def scenario(w: World) -> None:
        bob, mallory = await w.add("bob"), Liar(w)
        await mallory.meet("bob")
        for page in ((), tuple([mallory.offer(w.ids["bob"])] * 100)):
            mallory.offers = lambda offer, page=page: [encode_message(Offers(page))] * 5000  # type: ignore[misc]
            with refused(PeerMisbehaved):
                await asyncio.wait_for(bob.vaults.scan("mallory"), 1000)

    simulate(scenario)


@pytest.mark.parametrize("raw", [b"\xc1", encode_message(TransferEnd(1, 1)), b"\0piece"])
def test_a_scan_answered_with_something_else_is_the_peers_fault(raw: bytes) -> None:
    async def scenario(w: World) -> None:
        bob, mallory = await w.add("bob"), Liar(w)
        await mallory.meet("bob")
        mallory.offers = lambda offer: [raw]
        with refused(PeerMisbehaved):
            await bob.vaults.scan("mallory")

    simulate(scenario)


def test_a_scan_that_is_never_answered_ends() -> None:
    async def scenario(w: World) -> None:
        bob, mallory = await w.add("bob"), Stranger(w)
        await mallory.meet("bob")
        with refused(Unreachable, "60 seconds"):
            await bob.vaults.scan("mallory")

    simulate(scenario)


# Versions that do not follow


def head_now(liar: Liar) -> tuple[bytes, bytes]:
    return liar.frames.record.head, liar.frames.record.commit


def test_an_older_head_is_a_conflict_and_changes_nothing() -> None:
    async def scenario(w: World) -> None:
        bob, mallory = await w.add("bob"), Liar(w)
        mallory.put("a", b"1")
        old, _ = head_now(mallory)
        mallory.put("a", b"2")
        await mallory.meet("bob")
        await bob.vaults.clone("work", "mallory")
        before = await bob.vaults.get("work")
        mallory.lie = lambda begin, pieces, end: [
            encode_message(replace(begin, head=old)),
            encode_message(TransferEnd(0, 0)),
        ]
        with refused(Conflict, "older"):
            await bob.vaults.pull("work")
        assert await bob.vaults.get("work") == before

    simulate(scenario)


def test_the_same_number_for_two_contents_is_a_conflict() -> None:
    async def scenario(w: World) -> None:
        bob, mallory = await w.add("bob"), Liar(w)
        mallory.put("a", b"1")
        await mallory.meet("bob")
        await bob.vaults.clone("work", "mallory")
        before = await bob.vaults.get("work")
        sequence = mallory.frames.record.sequence
        mallory.put("a", b"2")
        mallory.lie = lambda begin, pieces, end: honest(other_head(mallory, begin, sequence=sequence), pieces, end)
        with refused(Rewritten, "another way"):
            await bob.vaults.pull("work")
        assert await bob.vaults.get("work") == before

    simulate(scenario)


def test_a_rewritten_history_with_a_higher_number_is_a_conflict() -> None:
    async def scenario(w: World) -> None:
        bob, mallory = await w.add("bob"), Liar(w)
        mallory.put("a", b"1")
        await mallory.meet("bob")
        await bob.vaults.clone("work", "mallory")
        before = await bob.vaults.get("work")
        rewritten = Liar(w, "mallory2")
        for number in range(4):
            rewritten.put("b", b"%d" % number)
        record = rewritten.frames.record

        def lie(begin: TransferBegin, pieces: list[bytes], end: TransferEnd) -> Sent:
            pieces = list(outgoing(rewritten.frames, record.commit, []))
            head = other_head(mallory, begin, sequence=99, commit=CommitId(record.commit), digest=record.digest)
            return honest(replace(head, objects=100), pieces, TransferEnd(1, sum(map(len, pieces))))

        mallory.lie = lie
        with refused(Rewritten, "does not hold the version that is here"):
            await bob.vaults.pull("work")
        assert await bob.vaults.get("work") == before

    simulate(scenario)


def test_a_head_signed_anew_without_a_change_is_taken() -> None:
    async def scenario(w: World) -> None:
        bob, mallory = await w.add("bob"), Liar(w)
        mallory.put("a", b"1")
        await mallory.meet("bob")
        await bob.vaults.clone("work", "mallory")
        mallory.lie = lambda begin, pieces, end: honest(other_head(mallory, begin, sequence=9), pieces, end)
        view = await bob.vaults.pull("work")
        assert view.old_head == view.new_head
        mallory.lie = honest  # number 2 again
        with refused(Conflict, "older"):
            await bob.vaults.pull("work")

    simulate(scenario)


def test_objects_sent_although_nothing_is_new_are_the_peers_fault() -> None:
    async def scenario(w: World) -> None:
        bob, mallory = await w.add("bob"), Liar(w)
        mallory.put("a", b"1")
        await mallory.meet("bob")
        await bob.vaults.clone("work", "mallory")
        frames = left_behind(w, "bob")
        extra = [blob_of(b"extra")]
        mallory.lie = lambda begin, pieces, end: honest(begin, extra, TransferEnd(1, len(extra[0])))
        with refused(PeerMisbehaved):
            await bob.vaults.pull("work")
        assert left_behind(w, "bob") == frames

    simulate(scenario)


def test_after_a_clone_is_deleted_an_older_version_of_it_is_not_cloned() -> None:
    async def scenario(w: World) -> None:
        bob, mallory = await w.add("bob"), Liar(w)
        mallory.put("a", b"1")
        old, commit = head_now(mallory)
        digest = mallory.frames.record.digest
        mallory.put("a", b"2")
        await mallory.meet("bob")
        await bob.vaults.clone("work", "mallory")
        await bob.vaults.delete("work")

        def lie(begin: TransferBegin, pieces: list[bytes], end: TransferEnd) -> Sent:
            pieces = list(outgoing(mallory.frames, commit, []))
            return honest(replace(begin, head=old), pieces, TransferEnd(1, sum(map(len, pieces))))

        assert digest
        mallory.lie = lie
        with refused(Conflict, "older"):
            await bob.vaults.clone("work", "mallory")
        assert left_behind(w, "bob") == (0, 0, 0)
        mallory.lie = honest
        await bob.vaults.clone("work", "mallory")
        assert await read(bob, "work:a") == b"2"

    simulate(scenario)


def test_an_offer_of_a_vault_of_our_own_is_cloned_read_only_and_changes_nothing_of_ours() -> None:
    async def scenario(w: World) -> None:
        bob, mallory = await w.add("bob"), Liar(w)
        mine = await bob.vaults.create("mine")
        await mallory.meet("bob")
        creator = w.ids["bob"].raw
        mallory.offers = lambda offer: [encode_message(Offers((replace(offer, creator=creator),)))]
        mallory.lie = lambda begin, pieces, end: honest(replace(begin, creator=creator), pieces, end)
        with refused(PeerMisbehaved, "not signed"):
            await bob.vaults.clone("work", "mallory")
        assert await bob.vaults.list() == [mine]

    simulate(scenario)


# Broken off


async def _cut(w: World) -> None:
    w.network.cut("alice", "bob")


async def _drop(w: World) -> None:
    await w.network.drop_connections()


async def _stop(w: World) -> None:
    await w.stop("alice")


@pytest.mark.parametrize("fault", [_cut, _drop, _stop])
@pytest.mark.parametrize("after", [1, 2, 4, 7, 12, 20])
def test_an_interrupted_clone_leaves_nothing_and_the_next_try_succeeds(
    fault: Callable[[World], object], after: int
) -> None:
    """`after`: hundredths of a second."""

    async def scenario(w: World) -> None:
        _alice, bob = await shared(w, 12, 60_000)
        await asyncio.sleep(1)
        cloning = asyncio.create_task(bob.vaults.clone("work", "alice"))
        await asyncio.sleep(after / 100)
        await fault(w)  # type: ignore[misc]
        error = await tried(cloning)
        if error is not None:
            assert isinstance(error, Unreachable | Busy), error
            assert left_behind(w, "bob") == (0, 0, 0)
        else:
            await bob.vaults.delete("work")
        w.network.heal()
        if "alice" not in w.agents:
            await w.start("alice")
        await asyncio.sleep(400)
        await bob.vaults.clone("work", "alice")
        await mirror_is_whole(w.agents["alice"], bob)

    simulate(scenario, seed=after)


@pytest.mark.parametrize("fault", [_cut, _drop, _stop])
@pytest.mark.parametrize("after", [1, 3, 6, 12])
def test_an_interrupted_pull_changes_nothing_and_the_next_try_succeeds(
    fault: Callable[[World], object], after: int
) -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 2)
        await bob.vaults.clone("work", "alice")
        await fill(alice, "work", 12, 60_000, seed=2)
        before, frames = await bob.vaults.get("work"), left_behind(w, "bob")
        pulling = asyncio.create_task(bob.vaults.pull("work"))
        await asyncio.sleep(after / 100)
        await fault(w)  # type: ignore[misc]
        error = await tried(pulling)
        if error is not None:
            assert isinstance(error, Unreachable | Busy), error
            after_it = await bob.vaults.get("work")
            assert dataclasses.replace(after_it, behind=before.behind) == before
            assert left_behind(w, "bob") == frames
        w.network.heal()
        if "alice" not in w.agents:
            await w.start("alice")
        await asyncio.sleep(400)
        await bob.vaults.pull("work")
        await mirror_is_whole(w.agents["alice"], bob)

    simulate(scenario, seed=after)


@pytest.mark.parametrize("after", [0, 1, 2, 4, 7, 12, 20])
def test_a_clone_that_is_called_off_leaves_nothing(after: int) -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 12, 60_000)
        cloning = asyncio.create_task(bob.vaults.clone("work", "alice"))
        await asyncio.sleep(after / 100)
        if cloning.cancel():
            with pytest.raises(asyncio.CancelledError):
                await cloning
            assert left_behind(w, "bob") == (0, 0, 0)
            assert await bob.vaults.list() == []
            await bob.vaults.clone("work", "alice")
        await mirror_is_whole(alice, bob)
        await eventually(lambda: _idle(w))

    async def _idle(w: World) -> bool:
        """Nothing goes on being sent."""
        before = w.network.bytes
        await asyncio.sleep(10)
        return w.network.bytes == before

    simulate(scenario)


@pytest.mark.parametrize("after", [0, 2, 5, 9, 15])
@pytest.mark.parametrize("who", ["alice", "bob"])
def test_locking_either_end_ends_a_clone_that_runs(who: str, after: int) -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 12, 60_000)
        await asyncio.sleep(1)
        cloning = asyncio.create_task(bob.vaults.clone("work", "alice"))
        await asyncio.sleep(after / 100)
        agent = w.agents[who]
        await agent.lock()
        error = await tried(cloning)
        if error is not None:
            assert isinstance(error, Unreachable | Locked | Busy | NotFound), error
        await agent.unlock(w._roots[who])
        vaults = await bob.vaults.list()
        assert left_behind(w, "bob")[0] == len(vaults)
        if not vaults:
            assert left_behind(w, "bob") == (0, 0, 0)
            await asyncio.sleep(30)
            await bob.vaults.clone("work", "alice")
        await mirror_is_whole(alice, bob)

    simulate(scenario)


# At the same time


def test_two_pulls_at_once_end_with_one_result_and_lose_nothing() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 2)
        await bob.vaults.clone("work", "alice")
        await fill(alice, "work", 6, 60_000, seed=3)
        results = await asyncio.gather(*(bob.vaults.pull("work") for _ in range(3)), return_exceptions=True)
        for result in results:
            assert not isinstance(result, BaseException) or isinstance(result, Busy), result
        assert any(not isinstance(result, BaseException) for result in results)
        await mirror_is_whole(alice, bob)
        assert left_behind(w, "bob")[0] == 1

    simulate(scenario)


@pytest.mark.parametrize("after", [0, 1, 2, 4, 8, 12])
def test_a_vault_deleted_while_it_is_pulled_is_gone(after: int) -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 2)
        await bob.vaults.clone("work", "alice")
        await fill(alice, "work", 12, 60_000, seed=3)
        pulling = asyncio.create_task(bob.vaults.pull("work"))
        await asyncio.sleep(after / 100)
        await bob.vaults.delete("work")
        error = await tried(pulling)
        if error is not None:
            assert isinstance(error, NotFound), error
        assert await bob.vaults.list() == []
        assert left_behind(w, "bob") == (0, 0, 0)

    simulate(scenario)


@pytest.mark.parametrize("after", [0, 1, 2, 4, 8, 12])
def test_a_vault_deleted_by_its_owner_while_it_is_cloned_leaves_nothing(after: int) -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 12, 60_000)
        cloning = asyncio.create_task(bob.vaults.clone("work", "alice"))
        await asyncio.sleep(after / 100)
        await alice.vaults.delete("work")
        error = await tried(cloning)
        if error is not None:
            assert isinstance(error, PermissionDenied | Busy), error
            assert left_behind(w, "bob") == (0, 0, 0)

    simulate(scenario)


def test_what_the_owner_writes_while_it_is_cloned_comes_with_the_next_pull() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 8, 60_000)
        cloning = asyncio.create_task(bob.vaults.clone("work", "alice"))
        for number in range(20):
            await write(alice, f"work:during{number}", b"x")
            await asyncio.sleep(0.01)
        await cloning
        assert await everything(bob, "work") != await everything(alice, "work")
        await bob.vaults.pull("work")
        await mirror_is_whole(alice, bob)

    simulate(scenario)


def test_a_clone_renamed_while_it_is_pulled_keeps_its_new_name() -> None:
    async def scenario(w: World) -> None:
        alice, bob = await shared(w, 1)
        await bob.vaults.clone("work", "alice")
        await fill(alice, "work", 8, 60_000, seed=3)
        pulling = asyncio.create_task(bob.vaults.pull("work"))
        await asyncio.sleep(0.05)
        await bob.vaults.rename("work", "renamed")
        await pulling
        assert (await bob.vaults.get("renamed")).head == (await alice.vaults.get("work")).head

    simulate(scenario)


@pytest.mark.parametrize("at", [0, 1, 40, 80, -1])
@pytest.mark.parametrize("way", ["altered", "missing", "the last"])
def test_what_goes_wrong_amid_large_secrets_leaves_nothing(at: int, way: str) -> None:
    async def scenario(w: World) -> None:
        bob, mallory = await w.add("bob"), Liar(w)
        for number in range(6):
            mallory.put(f"s{number}", noise(1_000_000, number))
        await mallory.meet("bob")
        await bob.vaults.scan("mallory")
        await asyncio.sleep(10)
        before = sum("_answer" not in str(task.get_coro()) for task in asyncio.all_tasks())

        def lie(begin: TransferBegin, pieces: list[bytes], end: TransferEnd) -> Sent:
            if way == "altered":
                pieces[at] = flipped(pieces[at], len(pieces[at]) // 2)
            elif way == "missing":
                del pieces[at]
            else:
                return [*honest(begin, pieces[: at or 1], end)[:-1], None]
            return honest(begin, pieces, end)

        mallory.lie = lie
        with refused(PeerMisbehaved):
            await bob.vaults.clone("work", "mallory")
        await asyncio.sleep(0.2)
        assert sum("_answer" not in str(task.get_coro()) for task in asyncio.all_tasks()) <= before
        assert not await bob.vaults.list()

    simulate(scenario)


def test_no_task_of_a_failed_transfer_is_left() -> None:
    async def scenario(w: World) -> None:
        bob, mallory = await w.add("bob"), Liar(w)
        for number in range(30):
            mallory.put(f"s{number}", noise(60_000, number))
        await mallory.meet("bob")
        await bob.vaults.scan("mallory")
        await asyncio.sleep(10)

        def tasks() -> int:
            """Without the liar's answer, which sleeps in this process too."""
            return sum("_answer" not in str(task.get_coro()) for task in asyncio.all_tasks())

        before = tasks()

        def late(begin: TransferBegin, pieces: list[bytes], end: TransferEnd) -> Sent:
            """The first 300 KB are wrong, and the rest comes late."""
            said = honest(begin, pieces, end)
            return [said[0], encode_piece(b"\xff" * 60_000), *said[1:6], 40.0, *said[6:]]

        mallory.lie = late
        with refused(PeerMisbehaved):
            await bob.vaults.clone("work", "mallory")
        await asyncio.sleep(0.2)
        assert tasks() <= before

    simulate(scenario)


def test_a_request_for_a_vault_of_which_nothing_is_known_is_refused_alike() -> None:
    async def scenario(w: World) -> None:
        alice, _ = await shared(w)
        eve = Stranger(w, "eve")
        link = await eve.dial("alice")
        vault = (await alice.vaults.get("work")).vault_id
        answers = [
            await eve.ask(link, Transfer(raw, action, ()))
            for raw in (vault.raw, bytes(16))
            for action in ("clone", "pull")
        ]
        assert all(answer == answers[0] for answer in answers)
        assert len(answers[0]) == 1

    simulate(scenario)


def test_a_node_that_is_not_known_is_not_asked() -> None:
    async def scenario(w: World) -> None:
        bob = await w.add("bob")
        with pytest.raises(PkError) as caught:
            await bob.vaults.clone("work", "nobody")
        assert caught.value.exit_code == 67
        with refused(Unreachable, "No address"):
            await bob.vaults.clone("work", str(NodeId(b"x" * 32)))

    simulate(scenario)


def test_an_offer_without_the_right_to_clone_cannot_be_made_up() -> None:
    """What a peer offers is only what it says: asking for it is refused all the same."""

    async def scenario(w: World) -> None:
        bob, mallory = await w.add("bob"), Liar(w)
        await mallory.meet("bob")
        offers: list[Offer] = []
        mallory.offers = lambda offer: [encode_message(Offers((offers.append(offer) or offer,)))]  # type: ignore[func-returns-value]
        mallory.lie = lambda begin, pieces, end: [encode_message(Failure("refused", ""))]
        with refused(PermissionDenied):
            await bob.vaults.clone("work", "mallory")
        assert offers

    simulate(scenario)
