from __future__ import annotations

from pk_tui.net.doorstep import Doorstep


def test_one_host_gets_no_more_than_its_share() -> None:
    doorstep = Doorstep(total=64, per_host=8)
    assert all(doorstep.enter("192.0.2.1") for _ in range(8))
    assert doorstep.enter("192.0.2.1") is None
    assert doorstep.enter("192.0.2.2") is not None


def test_all_hosts_together_get_no_more_than_the_total() -> None:
    doorstep = Doorstep(total=64, per_host=8)
    assert all(doorstep.enter(f"192.0.2.{number}") for number in range(64))
    assert doorstep.enter("192.0.2.200") is None
    assert len(doorstep) == 64


def test_leaving_makes_room_again() -> None:
    doorstep = Doorstep(total=1, per_host=1)
    mark = doorstep.enter("192.0.2.1")
    assert mark is not None
    doorstep.leave(mark)
    assert len(doorstep) == 0
    assert doorstep.enter("192.0.2.9") is not None


def test_an_ipv6_network_of_which_one_owner_has_all_addresses_counts_as_one_host() -> None:
    doorstep = Doorstep(total=64, per_host=2)
    assert doorstep.enter("2001:db8:1:2::1")
    assert doorstep.enter("2001:db8:1:2:ffff::9%eth0")
    assert doorstep.enter("2001:db8:1:2::3") is None
    assert doorstep.enter("2001:db8:1:3::1")


def test_an_ipv4_address_counts_as_itself_in_its_ipv6_form_too() -> None:
    doorstep = Doorstep(total=64, per_host=1)
    assert doorstep.enter("::ffff:192.0.2.1")
    assert doorstep.enter("192.0.2.1") is None
    assert doorstep.enter("::ffff:192.0.2.2")


def test_what_is_no_address_is_counted_all_the_same() -> None:
    doorstep = Doorstep(total=64, per_host=1)
    assert doorstep.enter("?")
    assert doorstep.enter("?") is None
