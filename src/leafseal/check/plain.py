"""What is wrong with a file that is not encrypted: a rule encrypts it, it lost its metadata, it is a Secret."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator

from leafseal.check.exposed import begins_encrypted, is_encrypted_otherwise, is_lfs_pointer
from leafseal.check.findings import Finding, at_leaf
from leafseal.check.rules import Governed
from leafseal.crypto.token import PREFIX, is_token
from leafseal.deploy.leftovers import spellings
from leafseal.deploy.secrets import secret_values
from leafseal.document import Document, Leaf
from leafseal.document.limits import ReadOptions
from leafseal.document.places import Lines, listed
from leafseal.errors import FormatError
from leafseal.formats import ANY_BYTES, FORMATS, parse
from leafseal.formats.recognition import by_name
from leafseal.operations.guards import names_secret

_TOKEN = PREFIX.encode()
_MANIFEST = (b"kind", b"Secret")  # in any spelling: tags, anchors and escapes may stand between them
_REFERENCE = re.compile(r"\$\{[^{}]{1,200}\}|\{\{[^{}]{1,200}\}\}")
"""What a program replaces by the secret; the whole value."""

_VERSION = re.compile(r"[~^<>=v ]{0,3}[0-9]{1,9}\.[0-9x*]")
"""How the version of a package begins, such as that of `@aws-sdk/credential-provider-ini`."""

_PLACEHOLDER = re.compile(
    r"\$[{(A-Za-z_]|\{\{|<[%A-Za-z_]|%\(|\bENC\[|change.?me|example|placeholder|your|dummy|xxxx|\*\*\*\*", re.IGNORECASE
)
"""What is in a value that somebody, or a program, is to replace."""


def judge(name: str, data: bytes, governed: Governed | None, read: ReadOptions) -> Iterator[Finding]:
    """Yield what is wrong with a file that has no metadata of SOPS."""
    if not data.strip() or is_encrypted_otherwise(data):
        return
    demanding = governed if governed is not None and governed.is_demanded else None
    if demanding is not None and is_lfs_pointer(data):
        yield Finding("not-checked", name, f"Git LFS has its contents, and {_wanted(demanding)}")
        return
    form = by_name(name)
    has_secret = form != ANY_BYTES and any(all(word in text for word in _MANIFEST) for text in spellings(data))
    is_of_interest = governed is not None or has_secret or _TOKEN in data
    document = _parsed(data, form, read) if is_of_interest and form != ANY_BYTES else None
    if document is not None:
        yield from _values(name, document, governed, secret_values(document) if has_secret else _nothing)
    elif demanding is not None:
        is_mixed = begins_encrypted(data)
        what = "begins like a file of age or PGP and is not encrypted as a whole" if is_mixed else "not encrypted"
        yield Finding("plain-file", name, f"{what}, and {_wanted(demanding)}")


def _values(
    name: str, document: Document, governed: Governed | None, is_secret: Callable[[Leaf], bool]
) -> Iterator[Finding]:
    """Yield what is wrong with the values of a plain file: one finding for all where the file must be encrypted."""
    lines = Lines(document.text)
    if lost := [leaf for leaf in document.leaves() if _is_token(leaf)]:
        what = f"{listed(lost)}: encrypted, and the file has no sops metadata, without which nobody can decrypt it"
        yield Finding("no-metadata", name, what, line=lines.of(lost[0].start))
        return
    if governed is not None and governed.is_demanded and (leaves := list(_demanded(document, governed, is_secret))):
        what = f"{listed(leaves)}: not encrypted, and {_wanted(governed)}"
        yield Finding("plain-file", name, what, line=lines.of(leaves[0].start))
        return
    for leaf in document.leaves():
        if leaf.is_comment or leaf.is_empty or _matches(_REFERENCE.fullmatch, leaf):
            continue
        if is_secret(leaf):
            what = "a value of a Kubernetes Secret in plain text"
            yield at_leaf("kubernetes-secret", name, what, leaf, lines.of(leaf.start))
        elif governed is not None and governed.rule.selection.selects(leaf) and _is_likely_secret(leaf):
            what = f"looks like a secret in plain text; {governed.rule.location} of {governed.config} would encrypt it"
            yield at_leaf("plain-secret", name, what, leaf, lines.of(leaf.start))


def _wanted(governed: Governed) -> str:
    return f"{governed.rule.location} of {governed.config} is for it"


def _parsed(data: bytes, form: str, read: ReadOptions) -> Document | None:
    try:
        return parse(data, form, read)
    except FormatError:
        return None


def _nothing(leaf: Leaf) -> bool:
    return False


def _is_token(leaf: Leaf) -> bool:
    return isinstance(leaf.value, str) and is_token(leaf.value)


def _matches(pattern: Callable[[str], object], leaf: Leaf) -> bool:
    return isinstance(leaf.value, str) and len(leaf.value) < 500 and pattern(leaf.value) is not None


def _is_likely_secret(leaf: Leaf) -> bool:
    is_package = bool(leaf.path) and "/" in leaf.path[-1] and _matches(_VERSION.match, leaf)
    return names_secret(leaf) and not is_package and not _matches(_PLACEHOLDER.search, leaf)


def _demanded(document: Document, governed: Governed, is_secret: Callable[[Leaf], bool]) -> Iterator[Leaf]:
    """Yield the values that the rule encrypts; where it names fields of manifests, those of Secrets alone.

    The fields have the same names in a ConfigMap, which nobody encrypts for that.
    """
    selection = governed.rule.selection
    objects = _objects(document) if selection.encrypted_regex else ()
    for leaf in document.leaves():
        if leaf.is_comment or leaf.is_empty or not selection.selects(leaf):
            continue
        if _matches(_REFERENCE.fullmatch, leaf):
            continue
        if leaf.document in objects and not is_secret(leaf):
            continue
        yield leaf


def _objects(document: Document) -> Collection[int]:
    """Return the numbers of the documents that are objects of Kubernetes."""
    if FORMATS[document.format].is_text_only:
        return ()
    marks: dict[int, set[str]] = {}
    for leaf in document.leaves():
        if len(leaf.locator) == 1 and leaf.locator[0] in ("apiVersion", "kind"):
            marks.setdefault(leaf.document, set()).add(str(leaf.locator[0]))
    return {number for number, names in marks.items() if len(names) == 2}
