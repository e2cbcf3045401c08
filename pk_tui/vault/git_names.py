"""Names that git takes for its own directory because some file system does: `.git.` and `git~1` are `.git` on NTFS.

git neither checks out a tree with one nor lets it pass `fsck`. Vaults that hold such a name stay readable; giving a new one is
refused where a person names a secret, and an export tells of those that are there. (`.git` itself is no name at all: `terms`.)
"""

from __future__ import annotations

import re

# As in git's `is_ntfs_dotgit`. What Apple's HFS leaves out of a name does not show, and is in no name of ours.
_TAKEN = re.compile(r"(?:\.git|git~1)[. ]*(?:[\\:].*)?", re.IGNORECASE | re.ASCII | re.DOTALL)


def is_taken_for_git(name: str) -> bool:
    return _TAKEN.fullmatch(name) is not None
