from __future__ import annotations

import json

import pytest

from leafseal.run.static_keys import static_keys

ACCOUNT = json.dumps({"type": "service_account", "private_key": "c4n4ry"})
FEDERATED = json.dumps({"type": "external_account", "credential_source": {"file": "token"}})


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ({}, []),
        ({"AWS_SECRET_ACCESS_KEY": "c4n4ry"}, ["AWS_SECRET_ACCESS_KEY"]),
        ({"AWS_SECRET_ACCESS_KEY": "c4n4ry", "AWS_SESSION_TOKEN": "x"}, []),
        ({"AWS_SECRET_ACCESS_KEY": ""}, []),
        ({"GOOGLE_CREDENTIALS": ACCOUNT}, ["GOOGLE_CREDENTIALS"]),
        ({"GOOGLE_CREDENTIALS": FEDERATED}, []),
        ({"GOOGLE_CREDENTIALS": "{"}, []),
        ({"GOOGLE_APPLICATION_CREDENTIALS": "key.json"}, ["GOOGLE_APPLICATION_CREDENTIALS"]),
        ({"GOOGLE_APPLICATION_CREDENTIALS": "nowhere.json"}, []),
        ({"AZURE_CLIENT_SECRET": "c4n4ry", "HUAWEICLOUD_SDK_SK": "x"}, ["AZURE_CLIENT_SECRET", "HUAWEICLOUD_SDK_SK"]),
        ({"AZURE_CREDENTIALS": '{"clientSecret": "c4n4ry"}'}, ["AZURE_CREDENTIALS"]),
    ],
)
def test_keys_that_stay_valid(environ: dict[str, str], names: list[str]) -> None:
    found = list(static_keys(environ, {"key.json": ACCOUNT.encode()}.get))
    assert [name for name, _ in found] == names
    assert "c4n4ry" not in str(found)
