"""Commands on files with keys of Google and Microsoft: that they work, and what is left when they are refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from leafseal.cli.main import run as run_leafseal
from leafseal.operations.open import read_metadata
from leafseal.sops.main import run as run_sops

from ..services.fixtures import Azure
from .conftest import PLAIN, Run

if TYPE_CHECKING:
    from ..services.cloud_kms import CloudKMS

ID = "projects/shop/locations/europe-west1/keyRings/sops/cryptoKeys/prod"


@pytest.fixture(autouse=True)
def _no_other_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of whoever runs the tests, and their proxies."""
    for name in list(os.environ):
        if name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE") or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    monkeypatch.delenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", raising=False)


@pytest.fixture
def gcp(cloud_kms: CloudKMS, cloud_kms_at: dict[str, str], work: Path, monkeypatch: pytest.MonkeyPatch) -> CloudKMS:
    """A key of the configuration, and its user in this process."""
    from ..services.cloud_kms import TOKEN

    monkeypatch.setenv("SOPS_GCP_KMS_ENDPOINT", cloud_kms_at["grpc"])
    monkeypatch.setenv("SSL_CERT_FILE", cloud_kms_at["ca"])
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", TOKEN)
    cloud_kms.create(ID)
    (work / ".sops.yaml").write_text(f"creation_rules: [{{gcp_kms: '{ID}'}}]\n")
    return cloud_kms


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_google_at_all(leafseal: Run, gcp: CloudKMS, plain: Path) -> None:
    assert leafseal("encrypt", "-i", plain.name) == (0, b"", "")
    assert f"gcp_kms {ID}\n" in leafseal("inspect", plain.name).out.decode()
    assert leafseal("rotate", "-i", plain.name) == (0, b"", "")
    assert leafseal("decrypt", plain.name) == (0, PLAIN, "")


@pytest.mark.parametrize(
    ("arguments", "verb"),
    [
        (("encrypt", "-i", "new.yaml"), "Encrypt"),
        (("decrypt", "-i", "app.yaml"), "Decrypt"),
        (("set", "app.yaml", "name_unencrypted", '"x"'), "Decrypt"),
        (("rotate", "-i", "app.yaml"), "Encrypt"),
        (("exec-env", "app.yaml", "--", "touch", "made"), "Decrypt"),
    ],
    ids=" ".join,
)
def test_what_google_refuses_changes_nothing(
    leafseal: Run, gcp: CloudKMS, plain: Path, work: Path, arguments: tuple[str, ...], verb: str
) -> None:
    from ..services.cloud_kms import TOKEN

    (work / "new.yaml").write_bytes(PLAIN)
    assert leafseal("encrypt", "-i", plain.name).code == 0
    before = contents(work)
    gcp.tokens[TOKEN].discard(verb)
    result = leafseal(*arguments)
    assert result.code in (1, 128)
    assert result.out == b""
    assert "Google Cloud KMS answered PERMISSION_DENIED" in result.err
    assert f"these credentials need cloudkms.cryptoKeyVersions.useTo{verb} on the key" in result.err
    assert TOKEN not in result.err
    assert contents(work) == before


# -- Azure, whose keys have versions


@pytest.fixture
def vault(azure: Azure, work: Path, monkeypatch: pytest.MonkeyPatch) -> Azure:
    """A key of the configuration without a version, and its user in this process."""
    for name, value in azure.environ().items():
        monkeypatch.setenv(name, value)
    azure.vault.create("sops")
    (work / ".sops.yaml").write_text(f"creation_rules: [{{azure_keyvault: '{azure.vault.url}/keys/sops'}}]\n")
    return azure


def versions(path: Path) -> list[str]:
    _, metadata = read_metadata(path.read_bytes(), "yaml")
    return [str(wrapped.master_key).rpartition("/")[2] for group in metadata.groups for wrapped in group]


def test_microsoft_at_all(leafseal: Run, vault: Azure, plain: Path) -> None:
    [version] = vault.vault.keys["sops"]
    assert leafseal("encrypt", "-i", plain.name) == (0, b"", "")
    assert versions(plain) == [version]
    assert f"azure_kv {vault.vault.url}/keys/sops/{version}\n" in leafseal("inspect", plain.name).out.decode()
    assert leafseal("decrypt", plain.name) == (0, PLAIN, "")


def test_the_configuration_names_the_version_in_the_file(leafseal: Run, vault: Azure, plain: Path) -> None:
    """Nobody is asked about a recipient that is the configuration's, and no vault which version is the newest."""
    assert leafseal("encrypt", "-i", plain.name).code == 0
    vault.vault.create("sops")
    old = versions(plain)
    for command in (("set", plain.name, "name_unencrypted", '"x"'), ("rotate", "-i", plain.name)):
        vault.at_vault.requests.clear()
        assert leafseal(*command).code == 0
        assert versions(plain) == old
        assert {request.method for request in vault.at_vault.requests} == {"POST"}


FACES: list[Callable[[list[str]], int]] = [run_leafseal, run_sops]


@pytest.mark.parametrize("run", FACES, ids=["leafseal", "sops"])
def test_updatekeys_goes_on_to_the_newest_version(
    run: Callable[[list[str]], int], vault: Azure, plain: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["encrypt", "-i", plain.name]) == 0
    values = [line for line in plain.read_text().splitlines() if "password" in line]
    newest = vault.vault.create("sops").rpartition("/")[2]
    old = versions(plain)
    assert run(["updatekeys", "--yes", plain.name]) == 0
    told = "".join(capfd.readouterr())
    assert f"+++ {vault.vault.url}/keys/sops/{newest}" in told.replace("azure_kv ", "")
    assert f"--- {vault.vault.url}/keys/sops/{old[0]}" in told.replace("azure_kv ", "")
    assert "could read" not in told  # who has the one version has the other
    assert versions(plain) == [newest]
    assert [line for line in plain.read_text().splitlines() if "password" in line] == values
    assert run(["updatekeys", "--yes", plain.name]) == 0
    assert "up to date" in "".join(capfd.readouterr())


@pytest.mark.parametrize("run", FACES, ids=["leafseal", "sops"])
def test_a_key_is_removed_without_its_version(
    run: Callable[[list[str]], int], vault: Azure, plain: Path, work: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    key = f"{vault.vault.url}/keys/sops"
    vault.vault.create("other")
    assert run(["encrypt", "-i", plain.name]) == 0
    (work / ".sops.yaml").write_text(f"creation_rules: [{{azure_keyvault: '{vault.vault.url}/keys/other'}}]\n")
    command = ["rotate", "-i", "--add-azure-kv", f"{vault.vault.url}/keys/other", "--rm-azure-kv", key, plain.name]
    assert run(command) == 0
    assert versions(plain) == list(vault.vault.keys["other"])


def test_what_microsoft_refuses_changes_nothing(leafseal: Run, vault: Azure, plain: Path, work: Path) -> None:
    from ..services.key_vault import SECRET, TOKEN

    assert leafseal("encrypt", "-i", plain.name).code == 0
    (work / "new.yaml").write_bytes(PLAIN)
    before = contents(work)
    for verb, command in (
        ("encrypt", ("encrypt", "-i", "new.yaml")),
        ("get", ("encrypt", "-i", "new.yaml")),
        ("get", ("updatekeys", "--yes", plain.name)),
        ("decrypt", ("decrypt", "-i", plain.name)),
        ("encrypt", ("rotate", "-i", plain.name)),
    ):
        vault.vault.tokens[TOKEN].discard(verb)
        result = leafseal(*command)
        assert result.code in (1, 128)
        assert "the vault answered 403 ForbiddenByPolicy" in result.err
        assert f"these credentials need keys/{verb} on the key" in result.err
        assert TOKEN not in result.err
        assert SECRET not in result.err
        assert contents(work) == before
        vault.vault.tokens[TOKEN].add(verb)


def test_a_vault_that_only_a_file_names_gets_nothing(leafseal: Run, vault: Azure, plain: Path, work: Path) -> None:
    assert leafseal("encrypt", "-i", plain.name).code == 0
    plain.write_text(plain.read_text().replace(vault.vault.url, "https://vault.example.org:8443"))
    vault.proxy.asked.clear()
    for command in (("decrypt", plain.name), ("set", plain.name, "x", "1"), ("rotate", "-i", plain.name)):
        result = leafseal(*command)
        assert result.code == 128
        assert "a token would be sent to https://vault.example.org:8443" in result.err
        assert 'endpoints.allow = ["https://vault.example.org:8443"]' in result.err
    assert vault.proxy.asked == []
