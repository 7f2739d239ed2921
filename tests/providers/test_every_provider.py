"""What holds for all providers: each passes the contract, has a page, and brings its library only where it is used."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import leafseal
from leafseal.keys.kinds import KINDS, Kind
from leafseal.keys.registry import provider
from leafseal.testing import throwaway_identity

from .faults import WireFaults

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGES = ROOT / "docs" / "providers"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

SDKS = ("azure", "botocore", "google", "grpc", "httpx", "huaweicloudsdkcore", "huaweicloudsdkkms", "msal", "requests")

LIBRARIES = {
    "azure_kv": ("azure.core", "azure.identity", "azure.keyvault.keys"),
    "gcp_kms": ("google.auth", "google.cloud.kms_v1", "grpc", "requests"),
    "hc_vault": ("httpx",),
    "hckms": ("huaweicloudsdkcore", "huaweicloudsdkkms", "requests"),
    "kms": ("botocore",),
}
"""Modules that a kind needs, of which none may be missing."""

KEYS = {
    "azure_kv": "https://shop.vault.azure.net/keys/sops/2c0f7a3d9f0b4f1f8a7b6c5d4e3f2a1b",
    "gcp_kms": "projects/p/locations/l/keyRings/r/cryptoKeys/k",
    "hc_vault": "http://127.0.0.1:1/v1/transit/keys/shop",
    "hckms": "tr-west-1:0d0466b0-e727-4d9c-b35d-f84bb474a37f",
    "kms": "arn:aws:kms:eu-west-1:123456789012:key/1",
}


# -- the contract


def derived(path: Path, contract: str) -> list[str]:
    """Return the classes of a module of tests that derive from a contract."""
    classes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)]
    return [one.name for one in classes if contract in [getattr(base, "id", "") for base in one.bases]]


def package_of(kind: Kind) -> str:
    return kind.provider.partition(":")[0].rpartition(".")[2]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_each_passes_the_contract(kind: Kind) -> None:
    classes = derived(HERE / f"test_{package_of(kind)}.py", "ProviderContract")
    assert classes
    assert all(name.startswith("Test") for name in classes)  # or pytest would pass them by


OTHER_FAULTS = {"hc_vault": "test_vault.py has what a server of Vault does, which is not what services of clouds do"}
"""The kinds that need the network and have faults of their own, and where."""


@pytest.mark.parametrize("name", [name for name in KINDS if provider(name).needs_network])
def test_each_that_needs_the_network_bears_the_faults_of_services(name: str) -> None:
    path = HERE / f"test_{package_of(KINDS[name])}_faults.py"
    assert path.exists() != (name in OTHER_FAULTS)
    if path.exists():
        assert derived(path, "ServiceFaults") == ["TestService"]
        assert derived(path, "WireFaults") == ["TestWire"]


def test_tests_of_faults_that_lack_something_are_refused() -> None:
    with pytest.raises(TypeError, match="TestNothing does not define good"):
        type("TestNothing", (WireFaults,), {})


# -- the pages


def rows() -> dict[str, tuple[str, str, str, str]]:
    """Return what the index of the pages says of each kind: its page, option, variable, and what is to be installed."""
    text = (PAGES / "index.md").read_text(encoding="utf-8")
    pattern = r"^\| \[[^]]+\]\(([^)]+)\) \| `(\w+)` \| `--([a-z-]+)` \| `(\w+)` \| ([^|]+) \|$"
    return {kind: (page, *more) for page, kind, *more in re.findall(pattern, text, re.MULTILINE)}


def test_the_index_has_the_kinds_of_the_table() -> None:
    assert {kind: row[1:3] for kind, row in rows().items()} == {
        kind.name: (kind.option, kind.variable) for kind in KINDS.values()
    }


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_each_has_a_page(kind: Kind) -> None:
    page, _, _, needs = rows()[kind.name]
    text = (PAGES / page).read_text(encoding="utf-8")
    assert "\n## Key syntax\n" in text
    assert "$ leafseal" in text
    if kind.extra:
        assert needs == f"`pip install 'leafseal[{kind.extra}]'`"
        assert needs.strip("`") in text
        assert "\n## Permissions\n" in text


def test_every_page_is_in_the_index() -> None:
    assert {page for page, *_ in rows().values()} | {"index.md"} == {path.name for path in PAGES.glob("*.md")}


def test_extras_are_there_and_all_has_them() -> None:
    extras = PROJECT["optional-dependencies"]
    for extra in filter(None, (kind.extra for kind in KINDS.values())):
        assert extras[extra]
        assert re.search(rf"\b{extra}\b", extras["all"][0])


# -- the libraries


def run(code: str, home: Path, *arguments: str, **environ: str) -> str:
    """Run Python with an environment that has nothing in it, and return what it prints."""
    paths = {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, *arguments],
        env={**paths, "HOME": str(home), **environ},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


_LIST = f"import json, sys; print(json.dumps([name for name in {SDKS!r} if name in sys.modules]))"


def test_importing_all_providers_loads_no_library(tmp_path: Path) -> None:
    code = "from leafseal.keys.registry import KINDS, provider; [provider(kind) for kind in KINDS]; "
    assert json.loads(run(code + _LIST, tmp_path)) == []


def test_opening_a_file_with_age_loads_no_library(tmp_path: Path) -> None:
    """Also where the file has keys of every other kind."""
    me = throwaway_identity()
    path = tmp_path / "app.json"
    content = json.loads(leafseal.encrypt(b'{"a": 1}\n', format="json", recipients=[me.recipient]))
    others: dict[str, dict[str, str]] = {
        "azure_kv": {"vault_url": "https://v.vault.azure.net", "name": "k", "version": "1"},
        "gcp_kms": {"resource_id": KEYS["gcp_kms"]},
        "hc_vault": {"vault_address": "http://127.0.0.1:1", "engine_path": "t", "key_name": "k"},
        "hckms": {"key_id": KEYS["hckms"]},
        "kms": {"arn": KEYS["kms"]},
        "pgp": {"fp": "FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4"},
    }
    for kind, entry in others.items():
        content["sops"][kind] = [{**entry, "created_at": "2026-11-23T05:10:36Z", "enc": "eA=="}]
    path.write_text(json.dumps(content))
    code = f"import leafseal, sys; assert leafseal.load(sys.argv[1]) == {{'a': 1}}; {_LIST}"
    assert json.loads(run(code, tmp_path, str(path), SOPS_AGE_KEY=me.identity)) == []


_TRY = """
import sys
from leafseal.errors import ProviderMissingError
from leafseal.keys import Ambient
from leafseal.keys.registry import parse_recipients
sys.modules[sys.argv[1]] = None
[key] = parse_recipients(sys.argv[2], sys.argv[3])
told = []
for act in (lambda ambient: key.wrap(bytes(32), ambient), lambda ambient: key.unwrap(sys.argv[4].encode(), ambient)):
    try:
        act(Ambient.of_process())
    except ProviderMissingError as error:
        told.append((error.hint, error.master_key == str(key), "not installed" in error.message))
print(told)
"""

_WRAPPED = {"hc_vault": "vault:v1:eA=="}


@pytest.mark.parametrize(
    ("kind", "module"),
    [(kind, module) for kind, modules in LIBRARIES.items() for module in modules],
)
def test_a_library_that_is_missing_is_named_by_its_extra(tmp_path: Path, kind: str, module: str) -> None:
    extra = KINDS[kind].extra
    surroundings = {"VAULT_ADDR": "http://127.0.0.1:1", "VAULT_TOKEN": "x"}
    wrapped = _WRAPPED.get(kind, "e" * 344 if kind == "azure_kv" else "eA==")
    told = run(_TRY, tmp_path, module, kind, KEYS[kind], wrapped, **surroundings)
    assert told == str([(f"pip install 'leafseal[{extra}]'", True, True)] * 2)


def test_all_kinds_are_looked_at() -> None:
    assert set(KEYS) == set(LIBRARIES) == {kind.name for kind in KINDS.values() if kind.extra}
