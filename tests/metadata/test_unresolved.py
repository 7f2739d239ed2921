"""The places that a merge left undecided, in the metadata of every format."""

from __future__ import annotations

import hashlib

import pytest
from tests.whole_files import FORMATS, open_, random_file, seal

from leafseal.errors import MetadataError
from leafseal.formats import parse
from leafseal.metadata import Metadata
from leafseal.metadata.least_change import mapping_over
from leafseal.metadata.unresolved import Unresolved, of_mapping, read, with_unresolved

BLOB = "0123456789abcdef0123456789abcdef01234567"
PLACES = ("#2/ü/~1", "/1e5", "/a#b; c = 'd' \"e\"", "/db/password", "/null", "/sops/recipients")
FOUND = Unresolved(PLACES, BLOB, BLOB[::-1])


def remembering(data: bytes, format_name: str, unresolved: Unresolved) -> bytes:
    """Return an encrypted file that remembers conflicts, and is otherwise what it was."""
    document = parse(data, format_name, sealed=True)
    had = document.metadata()
    assert had is not None
    return document.rewrite([], mapping_over(had, with_unresolved(Metadata.parse(had), unresolved)))


@pytest.mark.parametrize("format_name", FORMATS)
def test_every_format_remembers_them_and_the_file_still_opens_as_covered(format_name: str) -> None:
    sealed = seal(random_file(format_name, 3), format_name)
    opened = open_(remembering(sealed, format_name, FOUND), format_name)
    assert read(opened.metadata) == FOUND
    assert opened.coverage == "covered"
    assert opened.plaintext() == random_file(format_name, 3)
    assert remembering(remembering(sealed, format_name, FOUND), format_name, Unresolved()) == sealed


def test_how_they_are_written() -> None:
    mapping = with_unresolved(Metadata(()), Unresolved(("/db/password",), BLOB)).unresolved
    name = "u" + hashlib.sha256(b"/db/password").hexdigest()[:16]
    assert mapping == {name: "/db/password", "base": BLOB}


def test_what_is_decided_goes_and_with_the_last_one_all() -> None:
    assert FOUND.without(["/null", "/nothing"]).places == tuple(place for place in PLACES if place != "/null")
    assert FOUND.without(PLACES) == Unresolved()
    assert not FOUND.without(PLACES)


def test_what_somebody_wrote_by_hand() -> None:
    assert of_mapping({"x": "/a", "u1": "/a", "base": "rm -rf", "theirs": BLOB}) == Unresolved(("/a",), "", BLOB)
    for wrong in ("/a", {"u1": 1}, ["/a"]):
        with pytest.raises(MetadataError, match=r"leafseal\.unresolved"):
            Metadata.parse({"age": [], "version": "3.13.2", "leafseal": {"unresolved": wrong}} | KEYS)


KEYS = {"age": [{"recipient": "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg", "enc": "x"}]}
