"""AWS for tests: KMS, STS and IAM of moto in a process of its own, with keys to be made as a test needs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

ACCOUNT = "123456789012"
REGION = "eu-west-1"
_PROGRAM = Path(__file__).with_name("strict_moto.py")


class AWS:
    """A running service. Every test makes keys of its own, so that one service does for a whole run."""

    def __init__(self) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # one line for each request
            env=environ,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        self._clients: dict[tuple[str, ...], Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients.values():
            client.close()
        self._process.communicate("", timeout=120)

    def environ(self, url: str | None = None, **more: str) -> dict[str, str]:
        """Return the variables of a user of this account; `url` is that of a recorder in between."""
        return {
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "a canary that no message may show",
            **self.surroundings(url),
            **more,
        }

    def surroundings(self, url: str | None = None, **more: str) -> dict[str, str]:
        """Return the same without credentials."""
        return {
            "AWS_ENDPOINT_URL": url or self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            **more,
        }

    def client(self, service: str = "kms", region: str = REGION, **credentials: str) -> Any:
        """Return botocore's client for making and changing things; by default that of `ACCOUNT`.

        Each is made once: it reads a description of the whole service, for a tenth of a second.
        """
        from botocore.config import Config
        from botocore.session import Session

        keys = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "x", **credentials}
        name = (service, region, *keys.values())
        if name not in self._clients:
            direct = Config(proxies={})  # whatever the environment of the first test that asks has
            made = Session().create_client(service, region, endpoint_url=self.url, config=direct, **keys)
            self._clients[name] = made
        return self._clients[name]

    def create_key(self, region: str = REGION, *, account: str = ACCOUNT, multi_region: bool = False) -> str:
        """Make a key, and return its ARN."""
        credentials = {} if account == ACCOUNT else self.credentials_of(f"arn:aws:iam::{account}:role/admin")
        client = self.client(region=region, **credentials)
        arn: str = client.create_key(MultiRegion=multi_region)["KeyMetadata"]["Arn"]
        return arn

    def create_alias(self, arn: str, name: str) -> str:
        """Give a key an alias, and return its ARN."""
        region = arn.split(":")[3]
        self.client(region=region).create_alias(AliasName=f"alias/{name}", TargetKeyId=arn)
        return f"{arn.rpartition(':')[0]}:alias/{name}"

    def replicate(self, arn: str, region: str) -> str:
        """Replicate a multi-Region key, and return the ARN of the replica."""
        client = self.client(region=arn.split(":")[3])
        answer = client.replicate_key(KeyId=arn.rpartition("/")[2], ReplicaRegion=region)
        replica: str = answer["ReplicaKeyMetadata"]["Arn"]
        return replica

    def disable(self, arn: str) -> None:
        """Disable a key."""
        self.client(region=arn.split(":")[3]).disable_key(KeyId=arn.rpartition("/")[2])

    def schedule_deletion(self, arn: str) -> None:
        """Have a key deleted in a week."""
        self.client(region=arn.split(":")[3]).schedule_key_deletion(KeyId=arn.rpartition("/")[2], PendingWindowInDays=7)

    def credentials_of(self, role: str) -> dict[str, str]:
        """Assume a role, and return its credentials as arguments of a client."""
        answer = self.client("sts").assume_role(RoleArn=role, RoleSessionName="tests")["Credentials"]
        return {
            "aws_access_key_id": answer["AccessKeyId"],
            "aws_secret_access_key": answer["SecretAccessKey"],
            "aws_session_token": answer["SessionToken"],
        }
