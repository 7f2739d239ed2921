"""The profile for Flux: encrypted files that its controller does not decrypt (deploy/flux.py knows why)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from leafseal.check.findings import Finding
from leafseal.check.rules import Look
from leafseal.deploy.flux import NO_MANIFEST, undecrypted
from leafseal.deploy.kubectl.kustomization import KUSTOMIZATIONS
from leafseal.document import Document
from leafseal.errors import LeafsealError
from leafseal.metadata import Metadata
from leafseal.operations.open import Source


def not_decrypted(name: str, data: bytes, document: Document, metadata: Metadata, look: Look) -> Iterator[Finding]:
    """Yield why Flux does not decrypt an encrypted file. A file that a kustomization beside it names is no manifest."""
    source = Source(name, data, document.format)
    for code, text in undecrypted(source, document, metadata):
        if code == NO_MANIFEST and _is_named(name, look):
            continue
        yield Finding("flux", name, text, what=code)


def _is_named(name: str, look: Look) -> bool:
    folder, base = os.path.split(name)
    named = re.compile(rb"(?<![\w.-])" + re.escape(os.fsencode(base)) + rb"(?![\w.-])")
    for kustomization in KUSTOMIZATIONS:
        try:
            text = look(os.path.join(folder, kustomization))
        except LeafsealError:
            continue
        if text is not None and named.search(text) is not None:
            return True
    return False
