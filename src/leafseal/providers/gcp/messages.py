"""What goes to Google Cloud KMS and what comes back, over gRPC or REST."""

from __future__ import annotations

from typing import NamedTuple


class Asked(NamedTuple):
    """What the service is asked."""

    operation: str  # encrypt or decrypt
    name: str
    data: bytes
    checksum: int


class Answer(NamedTuple):
    """What the service returned: data and its checksum.

    With `encrypt` also the version of the key, and whether what was sent matched the checksum that was sent along.
    """

    data: bytes
    checksum: int | None
    name: str = ""
    verified: bool = False


class Refusal(NamedTuple):
    """A status of Google's, and what was said with it."""

    status: str
    words: str = ""
