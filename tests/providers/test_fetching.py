from __future__ import annotations

import asyncio
import gzip
import logging
import ssl
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from providers.server import CERTIFICATE, PUBLIC, Detour, Handler, Names, Reply, Server, detoured, run, serving

from pk_tui.errors import Malformed, Misuse, PermissionDenied, PkError, Unreachable
from pk_tui.plaintext import Plaintext
from pk_tui.providers.fetching import MAX_BODY, Answer, Fetching, system_resolve

HERE = "https://ada.example/x"


def fetch(handler: Handler, url: str = HERE, redirects: int = 0, **options: Any) -> Answer:
    """What comes of asking for the URL, when ada.example answers so."""

    async def main() -> Answer:
        async with serving(handler) as server:
            fetching, _ = detoured(server, **options)
            return await fetching.fetch("GET", url, redirects=redirects)

    answer = run(main())
    assert isinstance(answer, Answer)
    return answer


def refused(kind: type[PkError], handler: Handler, **options: Any) -> str:
    with pytest.raises(kind) as caught:
        fetch(handler, **options)
    assert type(caught.value) is kind
    assert len(caught.value.message) < 300
    return caught.value.message


def nothing(_: object) -> Reply:
    raise AssertionError("nobody is to be asked")


# ---- what is sent ----


def test_a_question_says_nothing_of_this_machine_and_asks_for_plain_bytes() -> None:
    async def main() -> None:
        async with serving(lambda _: Reply(body=b"here")) as server:
            fetching, _ = detoured(server)
            answer = await fetching.fetch("GET", HERE)
            assert answer == Answer(200, answer.headers, b"here", HERE, "ada.example")
            assert answer.headers["content-length"] == "4"
            assert server.asked[0].path == "/x"
            assert server.asked[0].headers == {
                "host": "ada.example",
                "user-agent": "pk-tui",
                "accept-encoding": "identity",
                "connection": "close",
            }

    run(main())


def test_no_cookie_is_kept_and_nothing_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))

    async def main() -> None:
        async with serving(lambda _: Reply(headers={"Set-Cookie": "a=b"})) as server:
            fetching = Fetching([server.url])
            for _ in range(2):
                assert (await fetching.fetch("GET", server.url)).status == 200
            assert all("cookie" not in asked.headers for asked in server.asked)
        async with serving(nothing, with_tls=True) as server:
            url = f"https://ada.example:{server.port}"
            with pytest.raises(Unreachable, match="certificate is not valid"):
                await Fetching([url], resolve=Names(ada_example=[["127.0.0.1"]])).fetch("GET", url)

    run(main())


def test_a_token_goes_with_the_question_and_nowhere_else(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def main() -> None:
        async with serving(lambda _: Reply(201)) as server:
            fetching, _ = detoured(server)
            answer = await fetching.fetch("POST", HERE, body=b"{}", token=Plaintext(b"gho_Secret"))
            assert server.asked[0].headers["authorization"] == "Bearer gho_Secret"
            assert server.asked[0].body == b"{}"
            assert "gho_Secret" not in repr(answer)
            assert "gho_Secret" not in repr(vars(fetching))

    run(main())
    assert "gho_Secret" not in caplog.text
    assert not [record for record in caplog.records if record.name.startswith("http")]


@pytest.mark.parametrize(
    "token", [b"", b"gho_a b", b"gho_a\nHost: evil.example", b"gho_a\r\n", "gho_ä".encode(), b"g" * 513, b"\x00"]
)
def test_what_is_no_token_is_refused_without_being_quoted(token: bytes) -> None:
    async def main() -> None:
        async with serving(nothing) as server:
            fetching, _ = detoured(server)
            await fetching.fetch("GET", HERE, token=Plaintext(token))

    with pytest.raises(Misuse, match="This is not a token") as caught:
        run(main())
    assert "gho" not in str(caught.value)
    assert caught.value.__context__ is None


# ---- where it goes ----


@pytest.mark.parametrize(
    "url",
    [
        "http://ada.example/",
        "https://ada.example:8443/",
        "https://ada.example:80/",
        "https://user:password@ada.example/",
        "file:///etc/passwd",
        "ftp://ada.example/",
        "//ada.example/",
        "ada.example",
        "https://",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://[::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://ada.example\x00/",
        "https://ada.example:99999/",
        "https://\ud800.example/",
        "https://ada.example%00.evil.example/",
        "https://ada.example\\@evil.example/",
        "x" * 100_000,
    ],
)
def test_only_public_sites_are_asked_and_only_through_https(url: str) -> None:
    with pytest.raises((Misuse, PermissionDenied)) as caught:
        fetch(nothing, url)

    assert len(caught.value.message) < 300


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["fd00:ec2::254"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["fe80::1%eth0"],
        ["100.64.0.1"],
        [PUBLIC, "127.0.0.1"],
        ["2606:4700::1111", "64:ff9b::a00:1"],
        [PUBLIC, "1.1.1.1", "8.8.8.8", "9.9.9.9", "10.0.0.1"],
        ["what is this"],
    ],
)
def test_a_host_of_which_one_address_is_not_public_is_not_asked_at_all(addresses: list[str]) -> None:
    async def main() -> list[Any]:
        async with serving(nothing) as server:
            fetching, detour = detoured(server, *addresses)
            with pytest.raises(PermissionDenied, match=r"ada\.example leads to an address that is not public"):
                await fetching.fetch("GET", HERE)
            return [*detour.meant, *server.asked]

    assert run(main()) == []


def test_the_connection_goes_to_the_address_that_was_checked_whatever_the_name_says_a_moment_later() -> None:
    async def main() -> None:
        async with serving(lambda _: Reply()) as server:
            detour = Detour(server.port)
            names = Names(ada_example=[[PUBLIC], ["127.0.0.1"]])
            fetching = Fetching(resolve=names, carry=lambda _: detour)

            await fetching.fetch("GET", HERE)

            assert names.asked == ["ada.example"]
            assert detour.meant == [(PUBLIC, "ada.example", "ada.example")]
            with pytest.raises(PermissionDenied, match="not public"):
                await fetching.fetch("GET", HERE)
            assert len(detour.meant) == 1

    run(main())


def test_each_hop_is_resolved_and_checked_again() -> None:
    async def main() -> None:
        async with serving(lambda _: Reply(302, {"Location": "/y"})) as server:
            names = Names(ada_example=[[PUBLIC], ["127.0.0.1"]])
            fetching = Fetching(resolve=names, carry=lambda _: Detour(server.port))

            with pytest.raises(PermissionDenied, match="not public"):
                await fetching.fetch("GET", HERE, redirects=3)

            assert [asked.path for asked in server.asked] == ["/x"]

    run(main())


def test_an_address_of_the_new_kind_is_asked_as_well() -> None:
    async def main() -> list[Any]:
        async with serving(lambda _: Reply()) as server:
            fetching, detour = detoured(server, "2606:4700::1111")
            await fetching.fetch("GET", HERE)
            return detour.meant

    assert run(main()) == [("2606:4700::1111", "ada.example", "ada.example")]


def test_a_name_that_nobody_knows_is_said_to_be_unknown() -> None:
    async def main(known: Names) -> None:
        await Fetching(resolve=known, carry=nothing).fetch("GET", HERE)

    for known in (Names(), Names(ada_example=[[]])):
        with pytest.raises(Unreachable, match=r"ada\.example is not known"):
            run(main(known))


def test_what_the_person_configured_may_be_at_any_address_and_port_and_without_tls() -> None:
    async def main() -> None:
        async with serving(lambda _: Reply(body=b"own")) as server, serving(nothing) as other:
            fetching = Fetching([f"{server.url}/api/v3"])
            assert (await fetching.fetch("GET", f"{server.url}/else")).body == b"own"
            assert server.asked[0].headers["host"] == f"127.0.0.1:{server.port}"
            for url in (other.url, server.url.replace("http", "https"), server.url.replace("//", "//a:b@")):
                with pytest.raises((Misuse, PermissionDenied)):
                    await fetching.fetch("GET", url)

    run(main())


@pytest.mark.parametrize(
    "base", ["", "ada.example", "ftp://ada.example", "https://", "http://[", "https://a:b@c", "https://a:99999"]
)
def test_what_is_no_base_url_cannot_be_configured(base: str) -> None:
    with pytest.raises(Misuse, match="not the address of a provider"):
        Fetching([base])


def test_the_systems_own_resolver_gives_addresses() -> None:
    assert run(system_resolve("127.0.0.1", 443)) == ["127.0.0.1"]


def test_the_next_address_is_tried_if_nothing_answers_at_one() -> None:
    async def main() -> None:
        async with serving(nothing) as gone:
            pass
        async with serving(lambda _: Reply(body=b"yes")) as server:
            ways = iter([Detour(gone.port), Detour(server.port)])
            fetching = Fetching(resolve=Names(ada_example=[["1.1.1.1", PUBLIC]]), carry=lambda _: next(ways))
            assert (await fetching.fetch("GET", HERE)).body == b"yes"

            fetching = Fetching(resolve=Names(ada_example=[[f"1.1.1.{n}" for n in range(20)]]), carry=lambda _: tried())
            with pytest.raises(Unreachable, match="nothing answers there"):
                await fetching.fetch("GET", HERE)
            assert len(tries) == 4

    tries: list[int] = []

    def tried() -> Detour:
        tries.append(1)
        return Detour(1)

    run(main())


def test_a_question_that_was_sent_is_not_sent_again_elsewhere() -> None:
    async def main() -> int:
        async with serving(lambda _: b"") as server:
            fetching, _ = detoured(server, "1.1.1.1", PUBLIC)
            with pytest.raises(Unreachable):
                await fetching.fetch("POST", HERE, body=b"make one gist")
            return len(server.asked)

    assert run(main()) == 1


# ---- TLS ----


def test_who_does_not_prove_to_be_the_host_is_not_believed() -> None:
    async def main(host: str, tls: ssl.SSLContext | None) -> Server:
        async with serving(lambda _: Reply(body=b"secure"), with_tls=True) as server:
            url = f"https://{host}:{server.port}/"
            fetching = Fetching([url], resolve=Names(ada_example=[["127.0.0.1"]], bob_example=[["127.0.0.1"]]), tls=tls)
            assert (await fetching.fetch("GET", url)).body == b"secure"
            return server

    trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
    server = run(main("ada.example", trusting))
    assert server.names == ["ada.example"]  # asked for by name, although connected to by address
    assert server.asked[0].headers["host"] == f"ada.example:{server.port}"

    with pytest.raises(Unreachable, match=r"does not prove that it is ada\.example"):
        run(main("ada.example", None))
    with pytest.raises(Unreachable, match=r"does not prove that it is bob\.example"):
        run(main("bob.example", trusting))


def test_who_speaks_without_tls_is_not_listened_to() -> None:
    async def chat(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        await writer.drain()

    async def main() -> None:
        server = await asyncio.start_server(chat, "127.0.0.1", 0)
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        try:
            await Fetching([url]).fetch("GET", url)
        finally:
            server.close()

    with pytest.raises(Unreachable, match="does not answer with TLS"):
        run(main())


# ---- redirects ----


def test_a_redirect_within_the_site_is_followed_where_that_was_asked_for() -> None:
    paths = {"/x": "/y", "/y": "https://ada.example/z", "/z": "?q"}

    def lead(asked: Any) -> Reply:
        return Reply(301, {"Location": paths[asked.path]}) if asked.path in paths else Reply(body=b"there")

    answer = fetch(lead, redirects=3)
    assert (answer.body, answer.url) == (b"there", "https://ada.example/z?q")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_by_default_no_redirect_is_followed(status: int) -> None:
    message = refused(PermissionDenied, lambda _: Reply(status, {"Location": "/y"}))

    assert "sends its visitors elsewhere" in message


@pytest.mark.parametrize(
    "location",
    [
        "http://ada.example/x",
        "https://ada.example:8443/x",
        "https://www.ada.example/x",
        "https://evil.example/",
        "//evil.example/",
        "https://127.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://user@ada.example/",
        "file:///etc/passwd",
        "gopher://ada.example/",
        "javascript:alert(1)",
        "https://[",
        "https://\x7f\xff/",
        "http://127.0.0.1/" + "a" * 5000,
    ],
)
def test_a_redirect_to_elsewhere_is_refused(location: str) -> None:
    raw = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode("latin-1")

    message = refused(PermissionDenied, lambda _: raw, redirects=3)

    assert "sends its visitors to another place" in message
    assert "evil" not in message


def test_a_redirect_from_one_configured_place_to_another_is_refused() -> None:
    async def main() -> None:
        async with serving(nothing) as other, serving(lambda _: Reply(302, {"Location": other.url})) as server:
            with pytest.raises(PermissionDenied, match="to another place"):
                await Fetching([server.url, other.url]).fetch("GET", server.url, redirects=3)

    run(main())


def test_redirects_without_an_end_are_given_up() -> None:
    count = []

    def round_and_round(_: object) -> Reply:
        count.append(1)
        return Reply(302, {"Location": "/x"})

    assert "on and on" in refused(PermissionDenied, round_and_round, redirects=3)
    assert len(count) == 4


def test_a_redirect_that_names_no_place_is_not_followed_for_ever() -> None:
    assert "on and on" in refused(PermissionDenied, lambda _: Reply(302), redirects=2)


# ---- what comes back ----


def endless(piece: bytes, head: bytes) -> Callable[[asyncio.StreamWriter], Any]:
    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()

    return write


CHUNK = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (CHUNKED, CHUNK),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 0x4000),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900000000000\r\n\r\n", b"x" * 0x4000),
        (b"HTTP/1.1 302 Found\r\nLocation: /y\r\nTransfer-Encoding: chunked\r\n\r\n", CHUNK),
    ],
    ids=["chunked", "until closed", "announced", "of a redirect"],
)
def test_an_endless_body_is_given_up_at_the_limit(head: bytes, piece: bytes) -> None:
    assert "larger than 256 KiB" in refused(Malformed, lambda _: endless(piece, head), redirects=1)


def test_a_body_may_be_as_large_as_the_limit_and_no_larger() -> None:
    assert len(fetch(lambda _: Reply(body=b"x" * MAX_BODY)).body) == MAX_BODY
    assert "larger than 256 KiB" in refused(Malformed, lambda _: Reply(body=b"x" * (MAX_BODY + 1)))


@pytest.mark.parametrize("packing", ["gzip", "deflate", "br", "zstd", "GZIP", "identity, gzip", "x"])
def test_a_packed_body_is_refused_and_never_unpacked(packing: str) -> None:
    bomb = gzip.compress(bytes(50_000_000))

    message = refused(Malformed, lambda _: Reply(headers={"Content-Encoding": packing}, body=bomb))

    assert "packed" in message


@pytest.mark.parametrize("transfer", ["gzip", "gzip, chunked"])
def test_a_body_packed_for_the_way_is_refused(transfer: str) -> None:
    raw = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: {transfer}\r\n\r\n".encode() + gzip.compress(b"x" * 1000)

    assert "did not answer as a web server" in refused(Unreachable, lambda _: raw)


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (CHUNKED, b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", b""),
    ],
    ids=["status", "headers", "go on", "body", "silence"],
)
def test_who_answers_by_drops_is_not_waited_for(head: bytes, drop: bytes) -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        for _ in range(1000):
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(0.01)

    assert "did not answer in full within 0.2 seconds" in refused(Unreachable, lambda _: drip, within=0.2)


def test_the_time_counts_for_all_hops_and_for_finding_the_name() -> None:
    async def slow(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    assert "within 0.1 seconds" in refused(Unreachable, nothing, resolve=slow, within=0.1)


def reset(when: bytes) -> Callable[[asyncio.StreamWriter], Any]:
    async def cut(writer: asyncio.StreamWriter) -> None:
        writer.write(when)
        await writer.drain()
        writer.transport.abort()

    return cut


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA\x00: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 300_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 50_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        CHUNKED + b"zz\r\n",
        CHUNKED + b"5\r\nab",
        CHUNKED + b"f" * 100 + b"\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        reset(b""),
        reset(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"),
    ],
)
def test_what_is_no_whole_http_answer_is_refused_in_one_sentence(reply: Any) -> None:
    message = refused(Unreachable, lambda _: reply)

    assert message == "ada.example broke off, or did not answer as a web server does."


@settings(max_examples=60)
@given(head=st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", CHUNKED]), rest=st.binary(max_size=200))
def test_whatever_bytes_are_answered_it_is_an_answer_or_a_sentence(head: bytes, rest: bytes) -> None:
    fault: PkError | None = None
    try:
        fetch(lambda _: head + rest)
    except PkError as error:
        fault = error
    assert fault is None or (fault.message.isprintable() and fault.__cause__ is None)


def test_a_connection_that_breaks_within_tls_is_a_sentence_too() -> None:
    async def main(reply: Any) -> None:
        async with serving(lambda _: reply, with_tls=True) as server:
            url = f"https://ada.example:{server.port}/"
            trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
            fetching = Fetching([url], resolve=Names(ada_example=[["127.0.0.1"]]), tls=trusting)
            await fetching.fetch("GET", url)

    for reply in (reset(b""), reset(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"), b"", b"HTTP/1.1 200"):
        with pytest.raises(Unreachable, match="broke off"):
            run(main(reply))


def test_nothing_of_what_was_received_is_in_an_error() -> None:
    with pytest.raises(Unreachable) as caught:
        fetch(lambda _: b"HTTP/1.1 200 OK\r\nevil\x1b[2J header\r\n\r\n")

    assert "evil" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_question_that_is_called_off_leaves_no_connection() -> None:
    async def main() -> None:
        closed = asyncio.Event()

        async def wait(writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
            asking.cancel()
            while not writer.transport.is_closing():
                await asyncio.sleep(0.01)
            closed.set()

        async with serving(lambda _: wait) as server:
            fetching, _ = detoured(server)
            asking = asyncio.create_task(fetching.fetch("GET", HERE))
            with pytest.raises(asyncio.CancelledError):
                await asking
            async with asyncio.timeout(30):
                await closed.wait()

    run(main())
