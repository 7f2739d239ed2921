"""What `team` writes into a configuration is read by `sops`, where it is on PATH; its table of names is ignored."""

from __future__ import annotations

from pathlib import Path

import pytest

from leafseal.config.team import add
from leafseal.keys.recognize import find_key

from .test_sops import PEOPLE, Sops, program

pytestmark = [pytest.mark.interop, pytest.mark.skipif(program() is None, reason="no `sops` 3.x on PATH")]

ME, NEW = PEOPLE[0].recipient, PEOPLE[1].recipient
SHAPES = [
    f"creation_rules:\n- age: {ME}\n",
    f"creation_rules:\n- age: >-\n    {ME}\n",
    f"creation_rules:\n- age:\n  - {ME}\n",
    f"creation_rules:\n- key_groups:\n  - age: [{ME}]\n",
    f"keys:\n- &me {ME}\ncreation_rules:\n- key_groups:\n  - age:\n    - *me\n",
    f"x: &me {ME}\ncreation_rules:\n- age: *me\n",
    f"recipients: {{me: {ME}, nobody: [a, {{b: c}}]}}\ncreation_rules:\n- age: [{ME}]\n",
]


@pytest.mark.parametrize("text", SHAPES)
def test_sops_encrypts_for_who_was_added(tmp_path: Path, text: str) -> None:
    key = find_key(NEW)
    assert key is not None
    sops = Sops(tmp_path)
    (tmp_path / ".sops.yaml").write_bytes(add(text.encode(), key, NEW, "new", [0]))
    done = sops.encrypt(b"a: b\n", "yaml")
    assert (done.status, done.stderr) == (0, "")
    sops.people = [PEOPLE[1]]
    assert sops.decrypt(done.stdout, "yaml").stdout == b"a: b\n"
