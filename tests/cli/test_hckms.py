"""Commands on files whose key Huawei Cloud refuses: what they say, and that nothing is left behind."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from ..services.huawei_kms import AK, REGION, HuaweiKMS
from ..services.recorder import Recorder
from .conftest import PLAIN, Run

pytestmark = [
    pytest.mark.skipif(find_spec("huaweicloudsdkkms") is None, reason="huaweicloudsdkkms is not installed"),
    pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning"),  # of the SDK
]


@pytest.fixture
def service(recorder: Recorder, work: Path, monkeypatch: pytest.MonkeyPatch) -> HuaweiKMS:
    """The service, and its user in this process."""
    found = HuaweiKMS()
    recorder.otherwise = found
    for name, value in found.environ(recorder.url).items():
        monkeypatch.setenv(name, value)
    return found


@pytest.fixture
def key(service: HuaweiKMS, work: Path) -> str:
    """A key of the configuration."""
    found = f"{REGION}:{service.create()}"
    (work / ".sops.yaml").write_text(f"creation_rules: [{{hckms: ['{found}']}}]\n")
    return found


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_works_at_all(leafseal: Run, key: str, plain: Path, service: HuaweiKMS, work: Path) -> None:
    assert leafseal("encrypt", "-i", plain.name) == (0, b"", "")
    assert f"    hckms {key}\n" in leafseal("inspect", plain.name).out.decode()
    assert leafseal("rotate", "-i", plain.name).code == 0
    other = f"{REGION}:{service.create()}"
    (work / ".sops.yaml").write_text(f"creation_rules: [{{key_groups: [{{hckms: [{{key_id: '{other}'}}]}}]}}]\n")
    assert leafseal("updatekeys", "--yes", plain.name).code == 0
    assert f"    hckms {other}\n" in leafseal("inspect", plain.name).out.decode()
    assert leafseal("decrypt", plain.name) == (0, PLAIN, "")


@pytest.mark.parametrize(
    ("arguments", "verb"),
    [
        (("encrypt", "-i", "new.yaml"), "encrypt"),
        (("decrypt", "-i", "app.yaml"), "decrypt"),
        (("set", "app.yaml", "name_unencrypted", '"x"'), "decrypt"),
        (("rotate", "-i", "app.yaml"), "decrypt"),
        (("rotate", "-i", "app.yaml"), "encrypt"),
        (("exec-env", "app.yaml", "--", "touch", "made"), "decrypt"),
    ],
    ids=" ".join,
)
def test_what_is_refused_changes_nothing(
    leafseal: Run, key: str, plain: Path, service: HuaweiKMS, work: Path, arguments: tuple[str, ...], verb: str
) -> None:
    (work / "new.yaml").write_bytes(PLAIN)
    assert leafseal("encrypt", "-i", plain.name).code == 0
    before = contents(work)
    service.users[AK].may.discard(f"{verb}-data")
    result = leafseal(*arguments)
    assert result.code in (1, 128)
    assert result.out == b""
    assert f"hckms {key}: Huawei Cloud KMS answered 403" in result.err
    assert "(credentials: HUAWEICLOUD_SDK_AK)" in result.err
    assert f"hint: these credentials need kms:cmk:{verb}Data on the key" in result.err
    assert contents(work) == before
