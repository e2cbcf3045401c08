from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from vault.real_git import git, needs_git

from pk_tui.terms import component_fault
from pk_tui.vault.git_names import is_taken_for_git

TAKEN = [
    ".git.", ".git ", ".git . .", ".GIT.", ".gIt...", "git~1", "GIT~1", "Git~1", "git~1.", "git~1 .",
    ".git\\x", ".git:x", "git~1:$DATA", ".git. \\hooks", ".git::$INDEX_ALLOCATION",
]  # fmt: skip
FREE = [
    ".gitignore", ".gitx", "git", "git~2", "git~10", "git~1x", "git ~1", "a.git", ".git;1", ".git-", "agit~1", ".gıt.", ".gİt ",
    ". git", ".git x", "..git",
]  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_what_a_file_system_takes_for_git_is_known(name: str) -> None:
    assert is_taken_for_git(name)


@pytest.mark.parametrize("name", FREE)
def test_other_names_are_free(name: str) -> None:
    assert not is_taken_for_git(name)


@needs_git
def test_git_itself_says_the_same_of_every_name_that_a_vault_can_hold(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    blob = git(tmp_path, "hash-object", "-w", "--stdin").strip()
    known: dict[str, str] = {}
    for name in TAKEN + FREE:
        assert component_fault(name) is None
        tree = b"100644 %b\0%b" % (name.encode(), bytes.fromhex(blob))
        known[git(tmp_path, "hash-object", "-w", "-t", "tree", "--literally", "--stdin", given=tree).strip()] = name
    done = subprocess.run(["git", "-C", str(tmp_path), "fsck", "--strict"], capture_output=True, text=True, check=False)
    refused = {line.split()[3].rstrip(":") for line in done.stderr.splitlines() if "hasDotgit" in line}
    assert {known[tree] for tree in refused} == set(TAKEN)
