"""Each box has room for so many; beyond that the new one is refused and nothing that is there makes way."""

import pytest

from pk_tui.trust.admission import (
    INBOX_IN_ALL,
    INBOX_PER_SENDER,
    REQUESTS_IN_ALL,
    REQUESTS_PER_SENDER,
    Admission,
    admit,
)


@pytest.mark.parametrize(
    ("trusted", "of_sender", "in_all", "box"),
    [
        (True, 0, 0, Admission.INBOX),
        (True, INBOX_PER_SENDER - 1, INBOX_IN_ALL - 1, Admission.INBOX),
        (True, INBOX_PER_SENDER, INBOX_PER_SENDER, Admission.REFUSED),
        (True, 0, INBOX_IN_ALL, Admission.REFUSED),
        (False, 0, 0, Admission.REQUESTS),
        (False, REQUESTS_PER_SENDER - 1, REQUESTS_IN_ALL - 1, Admission.REQUESTS),
        (False, REQUESTS_PER_SENDER, REQUESTS_PER_SENDER, Admission.REFUSED),
        (False, 0, REQUESTS_IN_ALL, Admission.REFUSED),
    ],
)
def test_a_notification_goes_where_its_sender_stands_while_there_is_room(
    trusted: bool, of_sender: int, in_all: int, box: Admission
) -> None:
    assert admit(trusted, of_sender, in_all) is box


def test_a_stranger_never_reaches_the_inbox() -> None:
    boxes = {admit(False, n, m) for n in range(0, 300, 10) for m in range(0, 3000, 100)}

    assert boxes == {Admission.REQUESTS, Admission.REFUSED}


def test_one_sender_cannot_fill_a_box_alone() -> None:
    assert INBOX_PER_SENDER * 10 <= INBOX_IN_ALL
    assert REQUESTS_PER_SENDER * 10 <= REQUESTS_IN_ALL
