"""Hints about keys of Huawei Cloud."""

from __future__ import annotations

from functools import partial

from ...services.recorder import json_answer
from .scenario import Act, Scenario, Stage

_Scenario = partial(Scenario, "providers.huawei.errors", stage="at_huawei", files={"a.yaml": "a: 1\n"})
_ENCRYPT = "encrypt -i --hckms KEY a.yaml"
_BUSY = json_answer({"error_code": "APIGW.0308", "error_msg": "slow down"}, 429)


def _user_may(*verbs: str) -> Act:
    def act(at: Stage) -> None:
        at.service.users[at.environ["HUAWEICLOUD_SDK_AK"]].may = {*verbs, "projects"}

    return act


def _project_unnamed(at: Stage) -> None:
    project, region = at.names["PROJECT"], at.names["REGION"]
    at.service.projects = {region: [], "as the service knows it": [project]}


SCENARIOS = [
    _Scenario(
        "if it is newer than the installed library, {} names its endpoint",
        "encrypt -i --hckms moon-1:ID a.yaml",
        ("export HUAWEICLOUD_SDK_REGION_KMS_MOON_1=URL", "encrypt -i --hckms moon-1:ID a.yaml"),
        environ={"HUAWEICLOUD_SDK_PROJECT_ID": "PROJECT"},
    )._replace(module="providers.huawei.connections"),
    _Scenario(
        "check that the key is in this region and project",
        "encrypt -i --hckms MISSING a.yaml",
        (_ENCRYPT,),
    ),
    _Scenario(
        "enable the key",
        "decrypt a.yaml",
        (lambda at: at.service.disabled.clear(), "decrypt a.yaml"),
        before=(_ENCRYPT, lambda at: at.service.disabled.add(at.names["ID"])),
    ),
    _Scenario(
        "cancel the deletion of the key: until then it decrypts nothing",
        "decrypt a.yaml",
        (lambda at: at.service.going.clear(), "decrypt a.yaml"),
        before=(_ENCRYPT, lambda at: at.service.going.add(at.names["ID"])),
    ),
    _Scenario(
        "check that it was encrypted by this key, and that the key is symmetric",
        "decrypt a.yaml",
        ("! cp ../good.yaml a.yaml", "decrypt a.yaml"),
        before=(_ENCRYPT, "! cp a.yaml ../good.yaml; sed -i -E 's/(enc: .{90}).../\\1AAA/' a.yaml"),
    ),
    _Scenario(
        "check the access key and its secret, and the clock of this machine",
        _ENCRYPT,
        ("export HUAWEICLOUD_SDK_SK=SECRET", _ENCRYPT),
        environ={"HUAWEICLOUD_SDK_SK": "wrong"},
    ),
    _Scenario(
        "the account's limit of requests is reached; try again in a while",
        _ENCRYPT,
        (_ENCRYPT,),
        before=(lambda at: at.before.will(*[_BUSY] * 3),),
        environ={"HUAWEICLOUD_SDK_PROJECT_ID": "PROJECT"},
    ),
    _Scenario(
        "REQUESTS_CA_BUNDLE or SSL_CERT_FILE names other authorities",
        _ENCRYPT,
        ("export REQUESTS_CA_BUNDLE=CA", _ENCRYPT),
        environ={"SSL_CERT_FILE": ""},
    ),
    _Scenario(
        "HTTPS_PROXY names it",
        _ENCRYPT,
        ("export HTTPS_PROXY=PROXY", _ENCRYPT),
        environ={"HTTPS_PROXY": "http://127.0.0.1:1"},
    ),
    _Scenario(
        "REQUESTS_CA_BUNDLE or SSL_CERT_FILE names it",
        _ENCRYPT,
        ("export SSL_CERT_FILE=CA", _ENCRYPT),
        environ={"SSL_CERT_FILE": "/nowhere"},
    ),
    _Scenario(
        "these credentials need {}",
        _ENCRYPT,
        (_user_may("encrypt-data"), _ENCRYPT),
        before=(_user_may("decrypt-data"),),
    ),
    _Scenario(
        "set HUAWEICLOUD_SDK_PROJECT_ID to the id of the key's project",
        _ENCRYPT,
        ("export HUAWEICLOUD_SDK_PROJECT_ID=PROJECT", _ENCRYPT),
        before=(
            lambda at: at.service.projects.update(two=[at.names["PROJECT"]], **{at.names["REGION"]: ["one", "two"]}),
        ),
    ),
]
