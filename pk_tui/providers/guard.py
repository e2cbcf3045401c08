"""Which hosts and addresses may be asked on the word of somebody else: names of public hosts, at public addresses.

Rules only: who resolves a name and connects is `fetching`. Whoever can make a program fetch from an address of their choosing
reaches what that program's machine reaches: a router's page, a database on this host, the credentials a cloud hands out.
"""

from __future__ import annotations

import ipaddress
import re
from ipaddress import IPv4Address, IPv6Address, ip_network

from pk_tui.errors import Misuse
from pk_tui.safe_text import safe_text

_NOT_PUBLIC = tuple(
    ip_network(text)
    for text in (
        # IANA's register of special addresses; Python's own table differs between its versions.
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local; clouds hand out credentials at 169.254.169.254
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "168.63.129.16/32",  # looks public, and is a cloud's own service for its machines
        "2001::/23",  # protocol assignments: Teredo, ORCHID and the like
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "3fff::/20",  # documentation
    )
)
_GLOBAL_UNICAST = ip_network("2000::/3")
"""All that was ever given out of IPv6. Loopback, link-local, unique local, multicast and addresses that hold an IPv4 address
(mapped, compatible) lie elsewhere."""
_NAT64 = ip_network("64:ff9b::/96")
"""How networks without IPv4 reach it. As public as the address inside."""

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_NOT_ON_THE_WEB = {
    "localhost",
    "local",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "arpa",
    "onion",
    "alt",
    "invalid",
}
"""Top-level names that mean something else on every network, or nothing."""
MAX_HOST = 253


def is_public(address: str) -> bool:
    """True if the address, as a resolver writes it, is one that anybody on the internet could ask just as well."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        if ip.scope_id is not None:
            return False
        if ip in _NAT64:
            ip = IPv4Address(int(ip) & 0xFFFF_FFFF)
        elif ip not in _GLOBAL_UNICAST:
            return False
    return not any(ip in network for network in _NOT_PUBLIC)  # networks of the other kind hold no address of this one


def host_name(text: str) -> str:
    """The name of a public host in its one spelling: lower-case ASCII, as IDNA writes it, without a dot at its end.

    Raises Misuse for anything else: an address in numbers, a port, a path, a name without a dot or of a local network.
    """
    host = text.strip().removesuffix(".").lower()
    if len(host) <= MAX_HOST and not host.isascii() and not any(mark in host for mark in "/@:?#[]\\%"):
        import httpx

        try:
            host = httpx.URL(scheme="https", host=host).raw_host.decode("ascii")
        except (httpx.InvalidURL, ValueError):
            host = ""
    labels = host.split(".")
    if (
        len(host) > MAX_HOST
        or len(labels) < 2
        or not all(map(_LABEL.fullmatch, labels))
        or _NUMBER.fullmatch(labels[-1])  # readers of addresses take 127.1 and 0x7f.1 for one
        or labels[-1] in _NOT_ON_THE_WEB
    ):
        raise Misuse(f"“{safe_text(text, 80)}” is not the name of a public site. Give one such as example.org.")
    return host
