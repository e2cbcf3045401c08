"""What makes a vault the same vault on every node: the key of the node that created it, and a nonce.

The id is a hash of both, so a copy that is passed on cannot put another owner in place. The vault id says where a copy
lies, the lineage says what it is a copy of.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pk_tui.crypto.entropy import random_bytes
from pk_tui.errors import Misuse
from pk_tui.terms import LineageId, NodeId

NONCE_SIZE = 32
_PERSON = b"pk-tui lineage"


@dataclass(frozen=True, slots=True)
class Lineage:
    creator: NodeId
    nonce: bytes

    def __post_init__(self) -> None:
        if len(self.nonce) != NONCE_SIZE:  # creator and nonce both have a fixed size: no two pairs hash the same bytes
            raise Misuse(f"The nonce of a lineage is {NONCE_SIZE} bytes.")

    @property
    def id(self) -> LineageId:
        return LineageId(hashlib.blake2b(self.creator.raw + self.nonce, digest_size=32, person=_PERSON).digest())

    def is_writer(self, node: NodeId) -> bool:
        """True if this node may sign heads and grants. Only the creating node, until writers can be added."""
        return node == self.creator


def new_lineage(creator: NodeId) -> Lineage:
    return Lineage(creator, random_bytes(NONCE_SIZE))
