"""Files that somebody changed: which exit code, and no value or digest in what is said (sops-cli §7)."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from .conftest import Result, Run
from .transcripts import Stage

PLAIN = "k: hunter2\nl: swordfish\nm_unencrypted: readable\n"

Tell = Callable[..., Result]


@pytest.fixture
def desk(desk: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    desk.enter(monkeypatch)
    return desk


@pytest.fixture
def sealed(desk: Stage) -> bytes:
    return desk.seal("a.yaml", PLAIN)


@pytest.fixture
def tell(desk: Stage, outcome_of: Run) -> Tell:
    """Open a file and tell what came of it."""

    def tell(data: bytes, *words: str) -> Result:
        (desk.folder / "a.yaml").write_bytes(data)
        result = outcome_of(*(words or ("decrypt",)), "a.yaml")
        assert (desk.folder / "a.yaml").read_bytes() == data
        return result

    return tell


def changed(data: bytes, pattern: bytes, new: bytes) -> bytes:
    result = re.sub(pattern, new, data, flags=re.MULTILINE)
    assert result != data
    return result


MAC = "MAC mismatch. File has (hidden), computed (hidden)\n"


@pytest.mark.parametrize("words", [["decrypt"], ["-d"], ["decrypt", "-i"], ["decrypt", "--extract", '["k"]']])
def test_a_clear_value_was_changed(tell: Callable[..., tuple[int, str, str]], sealed: bytes, words: list[str]) -> None:
    assert tell(changed(sealed, b"readable", b"altered"), *words) == (51, "", MAC)


def test_a_sealed_value_was_removed(tell: Tell, sealed: bytes) -> None:
    assert tell(changed(sealed, rb"^l: .*\n", b"")) == (51, "", MAC)


@pytest.mark.parametrize("pattern", [rb"^    mac: .*\n", rb"(?<=^    mac: ).*"])
def test_there_is_no_mac(tell: Tell, sealed: bytes, pattern: bytes) -> None:
    new = b"" if pattern.endswith(rb"\n") else b"''"
    assert tell(changed(sealed, pattern, new)) == (51, "", "MAC mismatch. File has no MAC, computed (hidden)\n")


@pytest.mark.parametrize(
    ("pattern", "new"),
    [(rb"(?<=^    mac: ).*", b"nonsense"), (rb"(?<=^    lastmodified: ).*", b'"2020-01-01T00:00:00Z"')],
)
def test_the_mac_does_not_open(tell: Tell, sealed: bytes, pattern: bytes, new: bytes) -> None:
    code, out, err = tell(changed(sealed, pattern, new))
    assert (code, out) == (51, "")
    assert err == "Cannot decrypt MAC: the MAC or lastmodified was changed\n"


@pytest.mark.parametrize("words", [["decrypt", "--ignore-mac"], ["--ignore-mac", "decrypt"], ["--ignore-mac", "-d"]])
def test_the_mac_can_be_left_aside(tell: Callable[..., tuple[int, str, str]], sealed: bytes, words: list[str]) -> None:
    assert tell(changed(sealed, b"readable", b"altered"), *words) == (0, PLAIN.replace("readable", "altered"), "")


@pytest.mark.parametrize(
    ("pattern", "new"),
    [
        (rb"^l:", b"n:"),  # a value under another name
        (rb"(?<=^l: ENC\[AES256_GCM,data:).", b"*"),
        (rb"(?<=^l: ).*", b"hunter2"),  # clear, where the rule wants it sealed
        (rb"type:str\](?=\nl:)", b"type:int]"),
    ],
)
def test_a_sealed_value_was_changed(
    tell: Callable[..., tuple[int, str, str]], sealed: bytes, pattern: bytes, new: bytes
) -> None:
    for words in (["decrypt"], ["decrypt", "--ignore-mac"]):
        code, out, err = tell(changed(sealed, pattern, new), *words)
        assert (code, out) == (25, "")
        assert err.startswith("Error decrypting tree: ")
        assert "hunter2" not in err


@pytest.mark.parametrize(
    ("pattern", "new"),
    [
        (rb"^    version: .*\n", b""),
        (rb"(?<=^    version: ).*", b"new"),
        (rb"^    age:\n(?:        .*\n|\n)*", b""),
        (rb"^    unencrypted_suffix: .*", b"    unencrypted_regex: ("),
        (rb"^    unencrypted_suffix: .*", b"    unencrypted_suffix: a\n    encrypted_suffix: b"),
        (rb"(?<=^    lastmodified: ).*", b"yesterday"),
        (rb"^sops:(?:\n.*)*", b"sops: 5\n"),
    ],
)
def test_the_metadata_was_changed(tell: Tell, sealed: bytes, pattern: bytes, new: bytes) -> None:
    code, out, err = tell(changed(sealed, pattern, new))
    assert (code, out) == (1, "")
    assert err.count("\n") == 1


def test_the_wrapped_key_was_changed(tell: Tell, sealed: bytes) -> None:
    code, out, err = tell(changed(sealed, rb"^(?=            -----END)", b"            AAAA\n"))
    assert (code, out) == (128, "")
    assert err.startswith("Failed to get the data key required to decrypt the SOPS file.\n\nGroup 0: FAILED\n")
