"""What `check` finds, as data: the table of its rules, and findings that show no value.

The id of a rule never changes. What tells a finding from others is its rule, its file and its place, so that it stays
the same when lines move, and nobody can guess a value from it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from leafseal.document import Leaf, Locator
from leafseal.document.places import place_of

ERROR, WARNING = "error", "warning"


class Rule(NamedTuple):
    """A kind of finding."""

    name: str
    severity: str
    title: str
    """What is wrong, as a statement."""

    advice: str
    """What to do about it, as people and SARIF are shown it."""


RULES: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule(
            "plain-file",
            ERROR,
            "A file that a creation rule encrypts is not encrypted",
            "Change the secrets in it, then encrypt it: leafseal encrypt -i FILE",
        ),
        Rule(
            "was-encrypted",
            ERROR,
            "A file that Git had encrypted is in plain text",
            "Encrypt it again: leafseal encrypt -i FILE. If it was pushed, change its secrets. If you mean it to be in"
            " plain text, add --baseline",
        ),
        Rule(
            "plain-value",
            ERROR,
            "A value in an encrypted file is not encrypted, although the rule of the file encrypts it",
            "Restore the file, or encrypt the value: leafseal repair --yes --encrypt FILE",
        ),
        Rule(
            "weaker-rule",
            ERROR,
            "A value in an encrypted file is not encrypted, although .sops.yaml encrypts it",
            "Give the file the rule of .sops.yaml: leafseal updatekeys --sync-rules FILE",
        ),
        Rule(
            "weaker-configuration",
            ERROR,
            "A file that was to be encrypted before the configuration changed is not encrypted",
            "Look at what changed in .sops.yaml, then encrypt the file, or approve the change",
        ),
        Rule(
            "unknown-recipient",
            ERROR,
            "A file is encrypted for somebody whom .sops.yaml does not name",
            "Remove the recipient with leafseal updatekeys FILE, or add them to .sops.yaml",
        ),
        Rule(
            "missing-recipient",
            WARNING,
            "A file is not encrypted for somebody whom .sops.yaml names",
            "Add the recipient: leafseal updatekeys FILE",
        ),
        Rule(
            "key-groups",
            ERROR,
            "Fewer key groups are needed to decrypt a file than .sops.yaml says, or other ones",
            "Give the file the key groups of .sops.yaml: leafseal updatekeys FILE",
        ),
        Rule(
            "conflict-markers",
            ERROR,
            "A file contains the markers of a merge conflict",
            "Resolve the conflict before you commit the file: leafseal resolve FILE",
        ),
        Rule(
            "unresolved-conflict",
            ERROR,
            "A merge left a conflict, and one side of it is not in the file",
            "Resolve the conflict before you commit the file: leafseal resolve FILE",
        ),
        Rule(
            "no-metadata",
            ERROR,
            "A file contains encrypted values and no sops metadata, without which nobody can decrypt them",
            "Restore a version that has the metadata: git log -p FILE shows where it was lost",
        ),
        Rule(
            "broken-file",
            ERROR,
            "An encrypted file cannot be read",
            "Restore the file from Git, or see what leafseal repair FILE says",
        ),
        Rule(
            "private-key",
            ERROR,
            "A file contains a private key",
            "Replace the key everywhere, and remove it from the repository: its history keeps it",
        ),
        Rule(
            "decrypted-copy",
            ERROR,
            "A file is the decrypted copy of an encrypted one",
            "Delete it, and add its name to .gitignore",
        ),
        Rule(
            "kubernetes-secret",
            ERROR,
            "A value of a Kubernetes Secret is not encrypted",
            "Encrypt the Secret: leafseal encrypt -i --encrypted-regex '^(data|stringData)$' FILE",
        ),
        Rule(
            "plain-secret",
            WARNING,
            "A value that looks like a secret is not encrypted, although a creation rule is for its file",
            "Encrypt the file: leafseal encrypt -i FILE",
        ),
        Rule(
            "union-merge",
            ERROR,
            "Git merges an encrypted file with merge=union, which mixes encrypted values of both sides",
            "Delete merge=union for the file in .gitattributes",
        ),
        Rule(
            "invalid-configuration",
            ERROR,
            "A configuration is wrong, so that its files cannot be checked against it",
            "See what is wrong with leafseal config check",
        ),
        Rule(
            "invisible-name",
            WARNING,
            "The name of a key contains invisible characters, or some that change the direction of writing",
            "Write the name again without them",
        ),
        Rule(
            "not-checked",
            WARNING,
            "A file that a creation rule encrypts could not be checked",
            "See the message; encrypt a file before Git LFS takes it",
        ),
        Rule(
            "flux",
            ERROR,
            "Flux does not decrypt the file",
            'Encrypt manifests for Flux with --encrypted-regex "^(data|stringData)$"',
        ),
    )
}
"""By id, in the order of the documentation."""


class Finding(NamedTuple):
    """Something that is wrong in a file."""

    rule: str
    file: str
    """Its name relative to the root of what was checked, with `/`."""

    message: str
    """What is wrong, without the place."""

    place: tuple[int, Locator] | None = None
    """Document and locator of a value."""

    line: int = 0
    """Counted from 1; 0 where it is about the whole file."""

    what: str = ""
    """What tells it from others of its rule in the file, where that is no value's place: a recipient, a number."""

    commit: str = ""
    """Of a range of revisions: the commit that has it, where the last one has not."""

    where: str = ""
    """The place, as messages show it."""

    @property
    def severity(self) -> str:
        """Whether it is an `error` or a `warning`."""
        return RULES[self.rule].severity

    @property
    def text(self) -> str:
        """Place and message."""
        return f"{self.where}: {self.message}" if self.where else self.message

    @property
    def pointer(self) -> str:
        """What tells the finding from others of its rule in its file: mostly a JSON pointer."""
        if self.place is None:
            return self.what
        document, locator = self.place
        steps = "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in locator)
        return f"{document}#{steps}" if document else steps

    @property
    def fingerprint(self) -> str:
        """What stays the same when lines move: a digest of rule, file and pointer, of no value."""
        parts = (self.rule, self.file, self.pointer)
        return hashlib.sha256(b"leafseal check 1\0" + b"\0".join(map(_bytes, parts))).hexdigest()[:32]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def at_leaf(rule: str, file: str, message: str, leaf: Leaf, line: int) -> Finding:
    """Return a finding about a value."""
    return Finding(rule, file, message, (leaf.document, leaf.locator), line, where=place_of(leaf))


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings by file, line and rule, those that are the same told apart by a number."""
    number_of = {name: number for number, name in enumerate(RULES)}
    found = sorted(findings, key=lambda one: (os.fsencode(one.file), one.line, number_of[one.rule], one.text))
    seen: dict[tuple[str, str, str], int] = {}
    told: list[Finding] = []
    for one in found:
        key = one.rule, one.file, one.pointer
        seen[key] = number = seen.get(key, 0) + 1
        told.append(one if number == 1 else one._replace(place=None, what=f"{one.pointer} ({number})"))
    return told
