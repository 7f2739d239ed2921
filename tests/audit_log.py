"""An audit log of the user's policy, for tests that look at what is told to it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


class Trail:
    """A log in a file, and the policy that names it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "logs" / "audit.jsonl"
        self.policy = Path(os.environ["XDG_CONFIG_HOME"]) / "leafseal" / "policy.toml"
        self.path.parent.mkdir()
        self.policy.parent.mkdir(parents=True)
        self.set()

    def set(self, more: str = "", path: Path | None = None) -> None:
        self.policy.write_text(f'[audit]\nfile = "{path or self.path}"\n{more}')

    def take(self) -> list[dict[str, Any]]:
        """Return the events since the last time."""
        if not self.path.exists():
            return []
        events = [json.loads(line) for line in self.path.read_text("ascii").splitlines()]
        self.path.unlink()
        return events


def told(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return what was done, and how it ended."""
    return [(event["action"], event["result"]) for event in events]
