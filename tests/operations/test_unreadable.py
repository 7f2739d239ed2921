"""Why an encrypted file cannot be read: the hint tells each cause apart, the message stays."""

from __future__ import annotations

import pytest

from leafseal.errors import FormatError, LeafsealError, MetadataError, NotEncryptedError
from leafseal.operations.open import read_metadata

from ..whole_files import seal

YAML = seal(b"a: x\nb: y\n", "yaml")
JSON = seal(b'{"a": "x"}\n', "json")
ENV = seal(b"A=x\n", "dotenv")


@pytest.mark.parametrize(
    ("data", "format_name", "kind", "hint"),
    [
        (b"<<<<<<< HEAD\n" + YAML, "yaml", FormatError, "the file has conflict markers"),
        (b"b: z\n" + YAML, "yaml", FormatError, "to keep one of them"),
        (
            YAML[: YAML.index(b"sops:")].replace(b": ENC", b': "ENC', 1),
            "yaml",
            FormatError,
            "restore the file from Git",
        ),
        (YAML + YAML[YAML.index(b"sops:") :], "yaml", FormatError, "delete the one that does not belong"),
        (ENV + ENV[ENV.index(b"sops_") :], "dotenv", FormatError, "delete the one that does not belong"),
        (JSON, "dotenv", FormatError, "this is an encrypted json file"),
        (YAML[: YAML.index(b"sops:")], "yaml", NotEncryptedError, "restore a version that has the metadata"),
        (b"a: x\n", "yaml", NotEncryptedError, "encrypt it"),
        (YAML.replace(b"    version:", b"    lost:"), "yaml", MetadataError, "add the version"),
        (YAML.replace(b"    mac:", b"    mac: []\n    lost:"), "yaml", MetadataError, "the sops metadata was changed"),
    ],
)
def test_each_cause_has_its_way_out(data: bytes, format_name: str, kind: type[LeafsealError], hint: str) -> None:
    with pytest.raises(kind) as caught:
        read_metadata(data, format_name)
    assert (caught.value.hint or "").startswith(hint)
