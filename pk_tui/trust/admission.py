"""Where a notification goes. Who is full is refused; nobody's notifications are ever thrown out to make room for another's."""

from __future__ import annotations

from enum import Enum

INBOX_PER_SENDER = 200
"""Unread in the inbox from one sender: a trusted node that runs wild fills no more than a tenth."""
INBOX_IN_ALL = 2_000
REQUESTS_PER_SENDER = 20
"""From one sender that is not trusted. Few, since nobody has asked for them."""
REQUESTS_IN_ALL = 500
"""Ids cost nothing, so this is what a crowd of strangers can fill at most."""


class Admission(Enum):
    INBOX = "inbox"
    REQUESTS = "requests"
    REFUSED = "refused"


def admit(trusted: bool, sender_waiting: int, all_waiting: int) -> Admission:
    """The box for a notification, from counts of the box its sender's standing leads to: the inbox if `trusted` (may notify),
    the requests if not.

    sender_waiting: this sender's unread ones there (in the requests all are unread); all_waiting: everybody's, read or not.
    """
    if trusted:
        fits = sender_waiting < INBOX_PER_SENDER and all_waiting < INBOX_IN_ALL
        return Admission.INBOX if fits else Admission.REFUSED
    fits = sender_waiting < REQUESTS_PER_SENDER and all_waiting < REQUESTS_IN_ALL
    return Admission.REQUESTS if fits else Admission.REFUSED
