from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pk_tui.errors import Misuse
from pk_tui.providers.guard import host_name, is_public

PUBLIC = """
    1.1.1.1  8.8.8.8  93.184.215.14  140.82.121.3  9.255.255.255  11.0.0.0  100.63.255.255  100.128.0.0  126.255.255.255
    128.0.0.0  169.253.255.255  169.255.0.0  172.15.255.255  172.32.0.0  192.0.1.0  192.167.255.255  192.169.0.0  198.17.255.255
    198.20.0.0  223.255.255.255  168.63.129.15
    2606:4700::1111  2a00:1450:4001:82a::200e  2001:200::1  2001:4860:4860::8888  3ffe::1  64:ff9b::8.8.8.8
""".split()  # noqa: SIM905 - a table

NOT_PUBLIC = """
    0.0.0.0  0.1.2.3  10.0.0.1  10.255.255.255  100.64.0.1  100.100.100.200  100.127.255.255  127.0.0.1  127.1.2.3  169.254.0.1
    169.254.169.254  169.254.170.2  172.16.0.1  172.31.255.255  192.0.0.1  192.0.0.192  192.0.2.1  192.88.99.1  192.168.1.1
    198.18.0.1  198.19.255.255  198.51.100.1  203.0.113.1  224.0.0.1  239.255.255.255  240.0.0.1  255.255.255.255  168.63.129.16
    ::  ::1  ::127.0.0.1  ::8.8.8.8  ::ffff:127.0.0.1  ::ffff:10.0.0.1  ::ffff:169.254.169.254  ::ffff:8.8.8.8
    ::ffff:0:127.0.0.1  64:ff9b::127.0.0.1  64:ff9b::10.0.0.1  64:ff9b::169.254.169.254  64:ff9b:1::8.8.8.8  100::1
    fe80::1  fe80::1%eth0  2606:4700::1111%eth0  fec0::1  fc00::1  fd00:ec2::254  fd20:ce::254  ff02::1  ff0e::1
    2001::1  2001:0:4136:e378::1  2001:10::1  2001:20::1  2001:db8::1  2002:7f00:1::1  2002:a9fe:a9fe::1  2002:808:808::1
    3fff::1  5f00::1  4000::1  e000::1
""".split()  # noqa: SIM905 - a table


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_that_anybody_could_ask_may_be_asked(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_of_this_machine_its_network_or_its_cloud_may_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "text", ["", "localhost", "127.1", "0x7f000001", "2130706433", "1.1.1.1:80", "[::1]", "1.1.1.1/32", "\x00"]
)
def test_what_is_no_address_is_not_public(text: str) -> None:
    assert not is_public(text)


@given(st.ip_addresses())
def test_nothing_that_python_knows_to_be_special_counts_as_public(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if is_public(str(ip)) and ip not in ipaddress.ip_network("64:ff9b::/96"):
        assert not any(
            (ip.is_private, ip.is_loopback, ip.is_link_local, ip.is_multicast, ip.is_reserved, ip.is_unspecified)
        )


@given(st.ip_addresses(v=4))
def test_an_address_in_the_disguise_of_nat64_is_judged_by_what_is_inside(ip: ipaddress.IPv4Address) -> None:
    assert is_public(f"64:ff9b::{ip}") == is_public(str(ip))


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("example.org", "example.org"),
        ("Example.ORG", "example.org"),
        (" example.org. ", "example.org"),
        ("a.b-c.d.example", "a.b-c.d.example"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("MÜNCHEN.example", "xn--mnchen-3ya.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("123.example", "123.example"),
    ],
)
def test_a_host_has_one_spelling(typed: str, host: str) -> None:
    assert host_name(typed) == host
    assert host_name(host) == host


@pytest.mark.parametrize(
    "typed",
    [
        "", ".", "..", "example", "localhost", "a.localhost", "printer.local", "metadata.google.internal", "x.onion",
        "1.in-addr.arpa",         "127.0.0.1", "127.1", "0x7f.1", "0177.0.0.01", "2130706433", "a.0x7f", "1.2.3.0x",
        "::1", "[::1]", "[2606:4700::1111]",
        "example.org:443", "example.org/", "https://example.org", "user@example.org", "example.org?x", "example.org#x",
        "a..example", ".example.org", "-a.example", "a-.example", "a_b.example", "a b.example", "a%2e.example", "a\\b.example",
        "a" * 64 + ".example", "a." * 127 + "example", "é" * 300 + ".example", "☃.example", "ex\u200bample.org", "a\x00.example",
        "a\n.example", "\ud800.example", "exämple.org:80", "exämple.org/x", "ä@example.org", "１２７.0.0.1", "١٢٧.٠.٠.١",
    ],
)  # fmt: skip
def test_what_is_not_the_name_of_a_public_host_is_refused(typed: str) -> None:
    with pytest.raises(Misuse, match="is not the name of a public site") as caught:
        host_name(typed)

    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 200


@given(st.text(max_size=40))
def test_any_text_is_a_host_in_its_one_spelling_or_refused(text: str) -> None:
    try:
        host = host_name(text)
    except Misuse:
        return
    assert host.isascii()
    assert host == host.lower()
    assert host_name(host) == host
    assert not is_public(host)
