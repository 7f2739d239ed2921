"""What Git is in the middle of, and the command that goes on with it."""

from __future__ import annotations

import os

from leafseal.git.repository import Repository

_HEADS = {
    "CHERRY_PICK_HEAD": "git cherry-pick --continue",
    "REVERT_HEAD": "git revert --continue",
    "MERGE_HEAD": "git commit",
}


def unmerged(repository: Repository) -> int:
    """Return how many files have more than one version in the index."""
    return len({entry.name for entry in repository.entries() if entry.stage})


def going_on(repository: Repository) -> str:
    """Return the command that ends a merge once nothing is unmerged; empty where none is going on, as after a stash."""

    def has(*names: str) -> bool:
        return os.path.exists(os.path.join(repository.git_dir, *names))

    if has("rebase-apply", "applying"):
        return "git am --continue"
    if has("rebase-merge") or has("rebase-apply"):  # which have a CHERRY_PICK_HEAD, too
        return "git rebase --continue"
    return next((command for head, command in _HEADS.items() if has(head)), "")
