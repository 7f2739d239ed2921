"""What check finds in an encrypted file without a key."""

from __future__ import annotations

import pytest

from leafseal.check.sealed import judge
from leafseal.config.load import parse_config
from leafseal.document.limits import DEFAULT_READ
from leafseal.keys.registry import parse_recipients
from leafseal.operations.encrypt import encrypt
from leafseal.operations.open import read_metadata
from leafseal.rules.selection import Selection
from leafseal.testing import throwaway_identity

ME = throwaway_identity()


@pytest.mark.parametrize(("comment", "found"), [("", "weaker-rule"), ("# secret\n", "not-checked")])
def test_a_weaker_rule_is_not_hidden_by_an_encrypted_comment(comment: str, found: str) -> None:
    config = f"creation_rules:\n  - encrypted_comment_regex: secret\n    age: {ME.recipient}\n"
    rule = (parse_config(config.encode(), ".sops.yaml").rules or ())[0]
    plain = f"# secret\na: hunter22\nx:\n  {comment}  b: z\n" if comment else "# secret\na: hunter22\nx:\n  b: z\n"
    selection = Selection(encrypted_regex="^x$" if comment else "^b$")
    keys = [parse_recipients("age", ME.recipient)]
    data = encrypt(plain.encode(), "yaml", keys, 0, selection, ME.ambient()).data
    assert (b"type:comment]" in data) == bool(comment)
    findings = list(judge("a.yaml", *read_metadata(data, "yaml", DEFAULT_READ), rule, ".sops.yaml"))
    assert [one.rule for one in findings] == [found]
