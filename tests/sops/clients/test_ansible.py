"""The runner of Ansible's collection community.sops, as it is, with this program for its binary."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from .desk import PLAIN, TYPES, Desk, checkout

KINDS = sorted(TYPES)
TEXT = "ansible.module_utils.common.text.converters"


def _to_text(value: object, **_: object) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The collection's module, loaded from its file; of Ansible itself it wants two conversions of text."""
    path = checkout("community.sops") / "plugins/module_utils/sops.py"
    converters = ModuleType(TEXT)
    vars(converters).update(to_text=_to_text, to_native=_to_text)
    for name in _above(TEXT):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, TEXT, converters)
    spec = importlib.util.spec_from_file_location("community_sops", path)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def _above(name: str) -> Iterator[str]:
    words = name.split(".")
    return (".".join(words[:count]) for count in range(1, len(words)))


class Display:
    """What a runner tells: any word on standard error, and doubts about the version."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def vvvv(self, text: str) -> None:
        if "version detected" not in text:
            self.said.append(text)

    def warning(self, text: str) -> None:
        self.said.append(text)


class Play:
    """A runner at a desk. With `old`, it takes the program for one of before 3.9.0."""

    def __init__(self, module: ModuleType, desk: Desk, old: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in desk.environ({}).items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(desk.folder)
        self.display = Display()
        self.runner = module.SopsRunner("sops", display=self.display)
        assert self.runner.version == (3, 13, 2)
        if old:
            self.runner.version = (3, 7, 3)

    def quiet(self) -> None:
        assert self.display.said == []


@pytest.fixture(params=["3.9", "3.7"])
def play(request: pytest.FixtureRequest, module: ModuleType, ours: Desk, monkeypatch: pytest.MonkeyPatch) -> Play:
    return Play(module, ours, request.param == "3.7", monkeypatch)


def _given(**options: Any) -> Callable[[str], Any]:
    return options.get


@pytest.mark.parametrize("kind", KINDS)
def test_decrypt(play: Play, ours: Desk, kind: str) -> None:
    path = ours.seal(f"secret.{kind}", PLAIN[kind])
    assert play.runner.decrypt(str(path), rstrip=False) == PLAIN[kind]
    types = {"input_type": TYPES[kind], "output_type": TYPES[kind], "rstrip": False}
    assert play.runner.decrypt("unused", content=path.read_bytes(), **types) == PLAIN[kind]
    play.quiet()


def test_decrypt_with_every_option(play: Play, ours: Desk) -> None:
    path = ours.seal("secret.yaml", PLAIN["yaml"])
    options = _given(
        age_key=ours.stage.me.identity,
        age_keyfile="/dev/null",
        aws_profile="work",
        aws_access_key_id="AKIA",
        aws_secret_access_key="made-up",
        aws_session_token="made-up",
        gcp_oauth_access_token="made-up",
        gcp_kms_client_type="rest",
        config_path=str(ours.put("other.yaml", "creation_rules: []\n")),
        enable_local_keyservice=True,
        keyservice=["tcp://127.0.0.1:1"],
    )
    assert play.runner.decrypt(str(path), get_option_value=options, extract='["db"]["port"]') == "5432"
    json = play.runner.decrypt(str(path), get_option_value=options, output_type="json", decode_output=False)
    assert json == PLAIN["json"].rstrip().encode()
    play.quiet()


def test_key_of_a_command(play: Play, ours: Desk) -> None:
    path, command = ours.seal("secret.yaml", PLAIN["yaml"]), ours.script("key", f"echo {ours.stage.me.identity}")
    options = _given(age_keyfile="/dev/null", age_key_cmd=str(command))
    assert play.runner.decrypt(str(path), get_option_value=options, rstrip=False) == PLAIN["yaml"]
    play.quiet()


@pytest.mark.parametrize("kind", KINDS)
def test_encrypt(play: Play, ours: Desk, kind: str) -> None:
    ours.rules("group_vars")
    name = str(ours.put(f"group_vars/all.sops.{kind}", ""))
    types = {"input_type": TYPES[kind], "output_type": TYPES[kind]}
    data = play.runner.encrypt(PLAIN[kind].encode(), cwd="group_vars", filename=name, **types)
    ours.put(f"out.{kind}", data.decode())
    assert ours.opened(f"out.{kind}") == PLAIN[kind]
    play.quiet()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("unencrypted_suffix", "port"),
        ("encrypted_suffix", "word"),
        ("unencrypted_regex", "^port$"),
        ("encrypted_regex", "^password$"),
    ],
)
def test_encrypt_with_options(play: Play, ours: Desk, option: str, value: str) -> None:
    recipients = [ours.stage.me.recipient, ours.stage.other.recipient]
    options = _given(age=recipients, shamir_secret_sharing_threshold=1, encryption_context=["a:b"], **{option: value})
    data = play.runner.encrypt(PLAIN["yaml"].encode(), input_type="yaml", output_type="yaml", get_option_value=options)
    assert b"port: 5432" in data
    assert b"s3cr3t" not in data
    assert data.count(b"recipient: age1") == 2
    play.quiet()


def test_status(module: ModuleType, ours: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    play = Play(module, ours, False, monkeypatch)
    assert play.runner.has_filestatus()
    assert play.runner.get_filestatus(str(ours.seal("a.yaml", PLAIN["yaml"]))).encrypted is True
    assert play.runner.get_filestatus(str(ours.put("b.yaml", PLAIN["yaml"]))).encrypted is False
    play.quiet()
    with pytest.raises(module.SopsError):
        play.runner.get_filestatus("nothing.yaml")


def test_errors_have_names(play: Play, module: ModuleType, ours: Desk) -> None:
    sealed = str(ours.seal("a.yaml", PLAIN["yaml"]))
    with pytest.raises(module.SopsError, match="CouldNotRetrieveKey"):
        play.runner.decrypt(sealed, get_option_value=_given(age_keyfile="/dev/null"))
    with pytest.raises(module.SopsError, match="CouldNotRetrieveKey"):
        play.runner.decrypt(sealed, get_option_value=_given(enable_local_keyservice=False))
    with pytest.raises(module.SopsError, match="FileAlreadyEncrypted"):
        play.runner.encrypt(
            Path(sealed).read_bytes(),
            input_type="yaml",
            output_type="yaml",
            get_option_value=_given(age=[ours.stage.me.recipient]),
        )
    with pytest.raises(module.SopsError, match="NoFileSpecified"):
        play.runner.decrypt("nothing.yaml")
