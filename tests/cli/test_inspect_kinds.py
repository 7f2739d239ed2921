"""`leafseal inspect` of files with every kind of key, in groups and in one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from leafseal.keys.kinds import KINDS, READING_ORDER

from .conftest import Run

ENTRIES: dict[str, tuple[str, str]] = {
    "kms": (
        'arn: "arn:aws:kms:eu-west-1:123456789012:key/1"\n  role: "arn:aws:iam::1:role/r"\n  context: {app: shop}\n'
        '  aws_profile: "dev"',
        "arn:aws:kms:eu-west-1:123456789012:key/1+arn:aws:iam::1:role/r|app:shop|dev",
    ),
    "gcp_kms": (
        "resource_id: projects/p/locations/l/keyRings/r/cryptoKeys/k",
        "projects/p/locations/l/keyRings/r/cryptoKeys/k",
    ),
    "hckms": ("key_id: tr-west-1:0d0466b0", "tr-west-1:0d0466b0"),
    "azure_kv": (
        'vault_url: "https://v.vault.azure.net"\n  name: k\n  version: "1"',
        "https://v.vault.azure.net/keys/k/1",
    ),
    "hc_vault": (
        'vault_address: "https://v:8200"\n  engine_path: transit\n  key_name: k',
        "https://v:8200/v1/transit/keys/k",
    ),
    "pgp": ("fp: FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4", "FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4"),
    "age": ("recipient: age1me", "age1me"),
}
TAIL = """\
  lastmodified: "2026-11-23T05:10:36Z"
  mac: ENC[AES256_GCM,data:eA==,iv:o3jcngiI41TVoceaoHQxg8ogf6jmZ+39GjjZVQpkXPs=,tag:HczzZ6B3K2O8djgMRHjayw==,type:str]
  unencrypted_suffix: _unencrypted
  version: 3.13.2
"""


def indented(text: str, spaces: int) -> str:
    return "".join(f"{' ' * spaces}{line}\n" for line in text.splitlines())


def entries(kind: str) -> str:
    """Return the list of a kind, with one entry."""
    date = "" if not KINDS[kind].is_dated else '\n  created_at: "2026-11-23T05:10:36Z"'
    return f"{kind}:\n- {ENTRIES[kind][0]}\n  enc: of {kind}{date}\n"


@pytest.fixture
def flat(work: Path) -> str:
    """A file with all kinds in one group."""
    text = "".join(entries(kind) for kind in READING_ORDER)
    (work / "flat.yaml").write_text(f"a: 1\nsops:\n{indented(text, 2)}{TAIL}")
    return "flat.yaml"


@pytest.fixture
def grouped(work: Path) -> str:
    """A file with a group for each kind, of which three must open."""
    groups = "".join(f"  -\n{indented(entries(kind), 4)}" for kind in READING_ORDER)
    (work / "groups.yaml").write_text(f"a: 1\nsops:\n  key_groups:\n{groups}  shamir_threshold: 3\n{TAIL}")
    return "groups.yaml"


def test_these_are_all() -> None:
    assert set(ENTRIES) == set(KINDS)


def test_all_kinds_in_one_group(leafseal: Run, flat: str) -> None:
    lines = leafseal("inspect", flat).out.decode().splitlines()
    assert lines[0] == "flat.yaml: yaml, last changed 2026-11-23T05:10:36Z, SOPS format 3.13.2"
    assert lines[1:9] == ["  recipients:", *(f"    {kind} {ENTRIES[kind][1]}" for kind in READING_ORDER)]


def test_all_kinds_in_groups(leafseal: Run, grouped: str) -> None:
    result = leafseal("inspect", grouped)
    assert (result.code, result.err) == (0, "")
    lines = result.out.decode().splitlines()
    assert lines[1] == "  7 key groups, 3 needed to decrypt"
    assert lines[2:16] == [
        line
        for number, kind in enumerate(READING_ORDER, 1)
        for line in (f"  recipients of group {number}:", f"    {kind} {ENTRIES[kind][1]}")
    ]


def test_all_kinds_for_programs(leafseal: Run, flat: str, grouped: str) -> None:
    one, many = json.loads(leafseal("inspect", "--json", flat, grouped).out)["files"]
    named = [{"kind": kind, "key": ENTRIES[kind][1], "name": None, "group": 0} for kind in READING_ORDER]
    assert (one["recipients"], one["groups"], one["threshold"]) == (named, 1, 1)
    assert many["recipients"] == [{**key, "group": number} for number, key in enumerate(named)]
    assert (many["groups"], many["threshold"]) == (len(named), 3)


def test_nothing_is_asked_and_no_library_of_a_service_is_loaded(leafseal: Run, flat: str, grouped: str) -> None:
    code = (
        "import sys; from leafseal.cli.main import run; code = run(sys.argv[1:]);"
        "print([name for name in ('botocore', 'google.auth', 'azure.core', 'httpx', 'requests', 'grpc',"
        " 'huaweicloudsdkcore') if name in sys.modules], code, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "inspect", flat, grouped], capture_output=True, text=True, check=True
    )
    assert done.stderr == "[] 0\n"
