"""AWS keys go both ways between us and the `sops` program, where it is on PATH; both ask the same moto."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from leafseal.config.load import load_config
from leafseal.keys import Ambient, MasterKey
from leafseal.operations.encrypt import encrypt as encrypt_file
from leafseal.operations.rekey import rotate
from leafseal.providers.age import AgeKey
from leafseal.providers.aws import AWSKMSKey
from leafseal.rules.selection import Selection
from leafseal.testing import throwaway_identity

from ..opening import open_sealed
from ..operations.test_context_repair import old_file
from ..repairing import repair_context
from ..services.moto_kms import AWS
from ..services.recorder import Recorder, forward

PATH = os.environ.get("PATH", os.defpath)
ELSEWHERE = "222222222222"
ROLE = f"arn:aws:iam::{ELSEWHERE}:role/sops"
CONTEXT = (("app", "shop"), ("env", "prod"))
PLAIN = {
    "yaml": b"password: hunter2\nport: 1\n",
    "json": b'{\n\t"password": "hunter2"\n}\n',
    "dotenv": b"password=hunter2\n",
    "ini": b"[db]\npassword = hunter2\n",
}
SUFFIXES = {"yaml": ".yaml", "json": ".json", "dotenv": ".env", "ini": ".ini"}


@cache
def program() -> str | None:
    """Return where a sops of version 3 is, None where there is none."""
    found = shutil.which("sops")
    shown = found and subprocess.run([found, "--version", "--disable-version-check"], capture_output=True, check=False)
    return found if shown and shown.stdout.startswith(b"sops 3.") else None


pytestmark = [pytest.mark.interop, pytest.mark.skipif(program() is None, reason="no `sops` 3.x on PATH")]


@pytest.fixture
def front(aws: AWS, recorder: Recorder) -> Recorder:
    recorder.otherwise = forward(aws.url)
    return recorder


class Sops:
    """The program, in a folder of its own."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.folder = folder
        # Its SDK takes a folder or a device in place of a file amiss.
        (folder / "aws").write_text("[profile p]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = x\n")
        self.environ = {**environ, "AWS_CONFIG_FILE": str(folder / "aws")}

    @property
    def ambient(self) -> Ambient:
        """The same surroundings for us, under the name `sops`."""
        return Ambient(self.environ, self.folder, names_host=True)

    def configure(self, *groups: dict[str, object], threshold: int = 0) -> None:
        rule = {"key_groups": list(groups), "shamir_threshold": threshold}
        (self.folder / ".sops.yaml").write_text(json.dumps({"creation_rules": [rule]}))

    def run(self, *arguments: str, data: bytes) -> bytes:
        sops = program()
        assert sops is not None
        environ = {"PATH": PATH, "HOME": str(self.folder), **self.environ}
        command = [sops, "--disable-version-check", *arguments]
        done = subprocess.run(
            command, input=data, capture_output=True, env=environ, cwd=self.folder, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def encrypt(self, data: bytes, format_name: str = "yaml") -> bytes:
        return self.run("encrypt", "--filename-override", f"x{SUFFIXES[format_name]}", data=data)

    def decrypt(self, data: bytes, format_name: str = "yaml") -> bytes:
        return self.run("decrypt", "--filename-override", f"x{SUFFIXES[format_name]}", data=data)


@pytest.fixture
def sops(aws: AWS, front: Recorder, tmp_path: Path) -> Sops:
    return Sops(tmp_path, aws.environ(front.url))


def entry(key: AWSKMSKey) -> dict[str, object]:
    """Return a key as a key group of the configuration writes it."""
    return {name: value for name, value in key.to_metadata().items() if value}


def opened(data: bytes, ambient: Ambient, format_name: str = "yaml") -> bytes:
    return open_sealed(data, format_name, ambient).plaintext()


def encrypted(keys: list[list[MasterKey]], sops: Sops, format_name: str = "yaml", threshold: int = 0) -> bytes:
    return encrypt_file(PLAIN[format_name], format_name, keys, threshold, Selection(), sops.ambient).data


def keys_of_every_form(aws: AWS) -> dict[str, AWSKMSKey]:
    multi_region = aws.create_key(multi_region=True)
    return {
        "plain": AWSKMSKey(aws.create_key()),
        "context": AWSKMSKey(aws.create_key("us-east-1"), context=CONTEXT),
        "alias": AWSKMSKey(aws.create_alias(aws.create_key(), "interop/" + multi_region[-8:])),
        "replica": AWSKMSKey(aws.replicate(multi_region, "ap-south-1")),
        "role": AWSKMSKey(aws.create_key(account=ELSEWHERE), ROLE, CONTEXT),
        "profile": AWSKMSKey(aws.create_key(), aws_profile="p"),
    }


def test_keys_of_every_form_go_both_ways(aws: AWS, sops: Sops) -> None:
    for form, key in keys_of_every_form(aws).items():
        sops.configure({"kms": [entry(key)]})
        data = sops.encrypt(PLAIN["yaml"])
        read = open_sealed(data, "yaml", sops.ambient)
        assert read.plaintext() == PLAIN["yaml"], form
        assert [wrapped.master_key for wrapped in read.metadata.wrapped_keys()] == [key]
        assert sops.decrypt(encrypted([[key]], sops)) == PLAIN["yaml"], form
        # Our configuration is the same, and what we write of the key is what sops wrote.
        [rule] = load_config(sops.folder / ".sops.yaml").rules
        assert rule.groups == ((key,),)
        ours = rotate(read, [[key]], 0, sops.ambient)
        assert sops.decrypt(ours.data) == PLAIN["yaml"]
        assert _without_secrets(ours.data) == _without_secrets(data)


def _without_secrets(data: bytes) -> list[bytes]:
    """Return the lines that both write alike; the digest is ours alone."""
    words = (b"enc:", b"ENC[", b"lastmod", b"leafseal:")
    return [line for line in data.splitlines() if not any(word in line for word in words)]


@pytest.mark.parametrize("format_name", PLAIN)
def test_formats_go_both_ways(aws: AWS, sops: Sops, format_name: str) -> None:
    key = AWSKMSKey(aws.create_key(), context=CONTEXT)
    sops.configure({"kms": [entry(key)]})
    assert opened(sops.encrypt(PLAIN[format_name], format_name), sops.ambient, format_name) == PLAIN[format_name]
    assert sops.decrypt(encrypted([[key]], sops, format_name), format_name) == PLAIN[format_name]


def test_key_groups_go_both_ways(aws: AWS, sops: Sops) -> None:
    keys, me = keys_of_every_form(aws), throwaway_identity()
    groups: list[list[MasterKey]] = [
        [keys["context"], AWSKMSKey(aws.create_key(), context=CONTEXT[:1])],
        [keys["role"]],
        [AgeKey(me.recipient), keys["plain"]],
    ]
    sops.configure(
        *({"kms": [entry(key) for key in group if isinstance(key, AWSKMSKey)]} for group in groups[:2]),
        {"kms": [entry(keys["plain"])], "age": [me.recipient]},
        threshold=2,
    )
    theirs, ours = sops.encrypt(PLAIN["yaml"]), encrypted(groups, sops, threshold=2)
    aws.disable(keys["context"].arn)
    for data in (theirs, ours):
        assert opened(data, sops.ambient) == PLAIN["yaml"]
        assert sops.decrypt(data) == PLAIN["yaml"]


def asked(recorder: Recorder) -> list[Any]:
    """Return what was asked, without what differs every time, and forget it."""
    found: list[Any] = []
    for request in recorder.requests:
        if target := request.headers.get("x-amz-target"):
            body = request.json()
            if not body.get("EncryptionContext", True):
                del body["EncryptionContext"]  # they say that it is empty, we do not mention it
            found.append((target, {**body, "Plaintext": "", "CiphertextBlob": body.get("CiphertextBlob")}))
        else:
            form = parse_qs(request.body.decode())
            found.append({name: form.get(name) for name in ("Action", "RoleArn", "RoleSessionName")})
    recorder.requests.clear()
    return found


def test_we_ask_what_sops_asks(aws: AWS, sops: Sops, front: Recorder) -> None:
    for form, key in keys_of_every_form(aws).items():
        sops.configure({"kms": [entry(key)]})
        front.requests.clear()
        data = sops.encrypt(PLAIN["yaml"])
        theirs = asked(front)
        encrypted([[key]], sops)
        assert asked(front) == theirs, form
        sops.decrypt(data)
        theirs = asked(front)
        opened(data, sops.ambient)
        assert asked(front) == theirs, form


def test_sops_knows_the_files_that_we_repair(aws: AWS, sops: Sops, front: Recorder) -> None:
    key = AWSKMSKey(aws.create_key(), context=CONTEXT)
    old = old_file([[key]], sops.ambient, "prod")
    assert b"port" in sops.decrypt(old)  # it guesses too, and says so on standard output
    repaired = repair_context(old, "yaml", sops.ambient).data
    front.requests.clear()
    assert sops.decrypt(repaired).startswith(b"# settings\npassword: hunter2")
    assert [request.json().get("EncryptionContext") for request in front.requests] == [dict(CONTEXT)]
