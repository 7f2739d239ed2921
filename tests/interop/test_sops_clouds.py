"""Keys of Google and Microsoft go both ways between us and the `sops` program; both ask the same services here."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from leafseal.keys import Ambient, MasterKey
from leafseal.keys.registry import parse_recipients
from leafseal.operations.encrypt import encrypt
from leafseal.operations.rekey import rotate
from leafseal.rules.selection import Selection

from ..opening import open_sealed
from ..services.fixtures import Azure
from ..services.recorder import Recorder

if TYPE_CHECKING:
    from ..services.cloud_kms import CloudKMS

REAL = shutil.which("sops")
PATH = os.environ.get("PATH", os.defpath)
PLAIN = b"password: hunter2\nport: 1\n"
ID = "projects/shop/locations/europe-west1/keyRings/sops/cryptoKeys/prod"

pytestmark = [pytest.mark.interop, pytest.mark.skipif(REAL is None, reason="no sops on PATH")]


class Sops:
    """The program and us, in the same surroundings."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.folder, self.environ = folder, environ

    def run(self, *arguments: str) -> bytes:
        environ = {"PATH": PATH, "HOME": str(self.folder), **self.environ}
        command = [str(REAL), "--disable-version-check", *arguments]
        done = subprocess.run(command, env=environ, cwd=self.folder, capture_output=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def both_ways(self, option: str, key: MasterKey, written: str) -> None:
        """Encrypt here and there, decrypt there and here."""
        ambient = Ambient(self.environ, self.folder)
        (self.folder / "plain.yaml").write_bytes(PLAIN)
        theirs = self.run("encrypt", option, written, "plain.yaml")
        opened = open_sealed(theirs, "yaml", ambient)
        assert opened.plaintext() == PLAIN
        (self.folder / "ours.yaml").write_bytes(encrypt(PLAIN, "yaml", [[key]], 0, Selection(), ambient).data)
        assert self.run("decrypt", "ours.yaml") == PLAIN
        (self.folder / "rotated.yaml").write_bytes(rotate(opened, [[key]], 0, ambient).data)
        self.run("rotate", "-i", "rotated.yaml")
        again = open_sealed((self.folder / "rotated.yaml").read_bytes(), "yaml", ambient)
        assert again.plaintext() == PLAIN


@pytest.mark.parametrize("way", ["grpc", "rest", "plain rest"])
def test_google(
    cloud_kms: CloudKMS, cloud_kms_at: dict[str, str], recorder: Recorder, tmp_path: Path, way: str
) -> None:
    from ..services.cloud_kms import TOKEN

    cloud_kms.create(ID)
    recorder.otherwise = cloud_kms
    environ = {
        "GOOGLE_OAUTH_ACCESS_TOKEN": TOKEN,
        "SSL_CERT_FILE": cloud_kms_at["ca"],
        "SOPS_GCP_KMS_CLIENT_TYPE": way.split()[-1],
        "SOPS_GCP_KMS_ENDPOINT": {**cloud_kms_at, "plain rest": recorder.url}[way],
    }
    [key] = parse_recipients("gcp_kms", ID)
    Sops(tmp_path, environ).both_ways("--gcp-kms", key, ID)
    assert [call.operation for call in cloud_kms.requests].count("Encrypt") == 4


def test_a_service_account_of_google(cloud_kms: CloudKMS, cloud_kms_at: dict[str, str], tmp_path: Path) -> None:
    import json

    from ..providers.test_gcp import service_account

    cloud_kms.create(ID)
    cloud_kms.verbs_of = lambda token: {"Encrypt", "Decrypt"} if token.count(".") == 2 else None
    environ = {
        "GOOGLE_CREDENTIALS": json.dumps(service_account()),
        "SSL_CERT_FILE": cloud_kms_at["ca"],
        "SOPS_GCP_KMS_ENDPOINT": cloud_kms_at["grpc"],
    }
    [key] = parse_recipients("gcp_kms", ID)
    Sops(tmp_path, environ).both_ways("--gcp-kms", key, ID)


@pytest.mark.parametrize("versioned", [True, False])
def test_microsoft(azure: Azure, tmp_path: Path, versioned: bool) -> None:
    written = azure.vault.create("sops")
    [key] = parse_recipients("azure_kv", written)
    written = written if versioned else written.rpartition("/")[0]
    Sops(tmp_path, azure.environ()).both_ways("--azure-kv", key, written)
    assert azure.proxy.asked
