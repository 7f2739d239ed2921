"""Importing leafseal, and reading one small file, loads nothing that it does not use."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import leafseal
from leafseal.formats import format_of
from leafseal.testing import ThrowawayIdentity, throwaway_identity

_HEAVY = {
    "azure", "boto3", "botocore", "google.api_core", "google.auth", "google.cloud", "google.protobuf", "grpc", "httpx",
    "huaweicloudsdkcore", "huaweicloudsdkkms",
    "requests", "ruamel", "urllib3",
}  # fmt: skip

_LIST = "import sys, json; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"


def _heavy(modules: list[str]) -> list[str]:
    return [name for name in modules if any(name == heavy or name.startswith(f"{heavy}.") for heavy in _HEAVY)]


def _modules(code: str, me: ThrowawayIdentity, *arguments: str) -> list[str]:
    environ = {**os.environ, "SOPS_AGE_KEY": me.identity}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, *arguments], env=environ, capture_output=True, text=True, check=True
    )
    modules: list[str] = json.loads(done.stderr.splitlines()[-1])
    return modules


def test_importing_the_package_loads_the_package_alone() -> None:
    before = _modules(_LIST, throwaway_identity())
    after = _modules(f"import leafseal; {_LIST}", throwaway_identity())
    assert [name for name in after if name not in before and name.startswith("leafseal")] == ["leafseal"]
    assert not _heavy(after)


def test_decrypting_loads_no_sdk_and_no_second_parser(tmp_path: Path) -> None:
    me = throwaway_identity()
    texts = {
        "yaml": b"a: 1\n# b\nc: [x]\n",
        "json": b'{"a": 1}\n',
        "env": b"A=1\n",
        "ini": b"[s]\na = 1\n",
        "": b"\0",
    }
    formats = {"env": "dotenv", "": "binary"}
    for suffix, text in texts.items():
        path = tmp_path / f"file.{suffix}"
        path.write_bytes(leafseal.encrypt(text, format=formats.get(suffix, suffix), recipients=[me.recipient]))
        code = f"from leafseal.cli.main import run; assert run(sys.argv[1:]) == 0; {_LIST}"
        modules = _modules(f"import sys; {code}", me, "decrypt", str(path))
        assert not _heavy(modules)
        unused = {"yaml"} - {suffix}
        assert not [name for name in modules if name in unused], f"{suffix} files are read without yaml"


def test_what_git_shows_of_a_plain_file_loads_nothing_that_opens_one(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: 1\n")
    code = f"import sys; from leafseal.cli.main import run; assert run(sys.argv[1:]) == 0; {_LIST}"
    modules = _modules(code, throwaway_identity(), "git", "textconv", str(tmp_path / "a.yaml"))
    assert not {"cryptography", "yaml", "leafseal.keys.ring", "leafseal.operations"} & set(modules)


_SOPS = f"from leafseal.sops.main import run; assert run(sys.argv[1:]) == 0; {_LIST}"


def test_under_the_name_of_sops_no_library_for_command_lines_is_loaded(tmp_path: Path) -> None:
    me = throwaway_identity()
    path = tmp_path / "file.json"
    path.write_bytes(leafseal.encrypt(b'{"a": 1}\n', format="json", recipients=[me.recipient]))
    for arguments in (["decrypt"], ["-d"], ["exec-env"], ["exec-file"], ["filestatus"]):
        command = ["true"] if arguments[0].startswith("exec") else []
        modules = _modules(f"import sys; {_SOPS}", me, *arguments, str(path), *command)
        assert not _heavy(modules)
        assert not {"click", "yaml"} & set(modules)


@pytest.mark.parametrize("argument", ["--version", "--help", "--generate-bash-completion"])
def test_what_needs_no_file_loads_no_library(argument: str) -> None:
    modules = _modules(f"import sys; {_SOPS}", throwaway_identity(), argument)
    assert not {"click", "cryptography", "re2", "yaml", "leafseal.operations.open"} & set(modules)


_FILES = {"a.yaml": b"a: 1\n# b\nc: [x]\n", "a.json": b'{"a": 1}\n', "a.env": b"A=1\n", "a.ini": b"[s]\na = 1\n"}


@pytest.mark.parametrize("name", _FILES)
def test_what_decrypt_loads_waits_for_no_dataclasses(tmp_path: Path, name: str) -> None:
    me = throwaway_identity()
    path = tmp_path / name
    path.write_bytes(leafseal.encrypt(_FILES[name], format=format_of(name), recipients=[me.recipient]))
    code = f"import sys; from leafseal.cli.main import run; assert run(sys.argv[1:]) == 0; {_LIST}"
    loaded = [name for name in _modules(code, me, "decrypt", str(path)) if name.startswith("leafseal")]
    assert "leafseal.providers.age" in loaded
    assert not [name for name in loaded if name.startswith("leafseal.run")]
    sources = {name: Path(importlib.import_module(name).__file__ or "").read_text("utf-8") for name in loaded}
    assert [name for name, source in sources.items() if "from dataclasses import" in source] == []


@pytest.mark.parametrize("variable", ["SOPS_AGE_KEY", "SOPS_AGE_KEY_FILE"])
def test_what_opens_a_file_imports_nothing_heavy(tmp_path: Path, variable: str) -> None:
    me = throwaway_identity()
    path = tmp_path / "keys.txt"
    path.write_text(me.identity)
    text = leafseal.encrypt(b"A=1\n", format="dotenv", recipients=[me.recipient])
    value = me.identity if variable == "SOPS_AGE_KEY" else str(path)
    code = f"""
import os
from leafseal.keys import Ambient
from leafseal.keys.ring import KeyRing
from leafseal.operations.open import Source, open_file
ring = KeyRing(Ambient({{{variable!r}: {value!r}}}, {str(tmp_path)!r}))
assert open_file(Source("", {text!r}, "dotenv"), ring).plaintext() == b"A=1\\n"
{_LIST}"""
    modules = set(_modules(code, me))
    needless = {"base64", "dataclasses", "inspect", "pathlib", "random", "secrets", "threading", "urllib.parse", "uuid"}
    assert not needless & modules
    layers = {name for name in modules if name.startswith("cryptography.hazmat.primitives")}
    assert not layers


NEEDLESS = {
    "argparse", "base64", "cffi", "click", "concurrent", "copy", "ctypes", "dataclasses", "email", "getpass",
    "importlib.metadata", "inspect", "json", "logging", "pathlib", "queue", "random", "secrets", "shutil", "socket",
    "ssl", "subprocess", "tempfile", "threading", "tomllib", "urllib", "uuid", "weakref", "xml",
}  # fmt: skip
"""What no command that opens one small file may load, for what it costs."""

BY_YAML = {"base64", "datetime", "weakref", "copy"}
"""What PyYAML loads, whose C module is not to be had without all of it."""

HOT = {
    "dotenv": (["leafseal", "decrypt", "small.env"], 80),
    "JSON": (["leafseal", "decrypt", "small.json"], 83),
    "YAML": (["leafseal", "decrypt", "small.yaml"], 91),
    "encrypt": (["leafseal", "encrypt", "--age", "RECIPIENT", "plain.env"], 102),
    "get": (["leafseal", "get", "small.yaml", "b"], 88),
    "exec": (["leafseal", "exec", "-e", "small.env", "--", "true"], 88),
    "exec-env": (["leafseal", "exec-env", "small.env", "--", "true"], 88),
    "krm": (["leafseal", "krm", "generator.yaml"], 107),
    "argocd": (["leafseal", "argocd", "discover"], 97),
    "kubectl": (["leafseal", "kubectl", "template", "-f", "manifest.yaml"], 122),
    "sops": (["sops", "-d", "small.yaml"], 94),
    "version": (["leafseal", "--version"], 5),
}
"""Command lines, and how many modules of ours they may load."""


def test_the_help_of_the_plugin_of_kubectl_loads_no_command_line() -> None:
    code = f"import sys; from leafseal.__main__ import kubectl; assert kubectl() == 0; {_LIST}"
    modules = set(_modules(code, throwaway_identity(), "--help"))
    assert not {"click", "cryptography", "re2", "yaml", "leafseal.cli", "leafseal.deploy.opening"} & modules
    assert len([module for module in modules if module.partition(".")[0] == "leafseal"]) <= 16


_STARTED = """
import atexit, json, os, sys
alone = set(sys.modules)
def tell():
    sys.stderr.write(json.dumps(sorted(set(sys.modules) - alone)))
    sys.stderr.flush()
os.execve = lambda *_: (tell(), os._exit(0))
sys.argv = sys.argv[1:]
del sys.modules["json"], sys.modules["json.decoder"], sys.modules["json.encoder"], sys.modules["json.scanner"]
alone -= {"json"}
from leafseal.__main__ import main
code = main()
tell()
sys.exit(code)
"""


@pytest.fixture(scope="module")
def small_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ThrowawayIdentity]:
    """Small files of the formats, with values in quotes and without, and who opens them."""
    folder, me = tmp_path_factory.mktemp("small"), throwaway_identity()
    texts = {"env": b"A=1\nB=two\n", "json": b'{"a": 1, "b": "two"}\n', "yaml": b"a: 1\nb: two\nc: 'three'\nd: [4]\n"}
    for suffix, text in texts.items():
        format_name = {"env": "dotenv"}.get(suffix, suffix)
        sealed = leafseal.encrypt(text, format=format_name, recipients=[me.recipient])
        (folder / f"small.{suffix}").write_bytes(sealed)
    (folder / "plain.env").write_bytes(texts["env"])
    manifest = b"apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {b: c}\n"
    (folder / "manifest.yaml").write_bytes(leafseal.encrypt(manifest, format="yaml", recipients=[me.recipient]))
    generator = "{apiVersion: leafseal/v1alpha1, kind: SecretGenerator, manifests: [manifest.yaml]}\n"
    (folder / "generator.yaml").write_text(generator)
    return folder, me


@pytest.mark.parametrize("name", HOT)
def test_hot_commands_load_few_modules_and_no_heavy_ones(
    small_files: tuple[Path, ThrowawayIdentity], name: str
) -> None:
    folder, me = small_files
    words, most = HOT[name]
    done = subprocess.run(
        [sys.executable, "-P", "-c", _STARTED, *(me.recipient if word == "RECIPIENT" else word for word in words)],
        env={**os.environ, "SOPS_AGE_KEY": me.identity},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    modules = set(json.loads(done.stderr))
    allowed = BY_YAML if "yaml" in modules else set()
    assert sorted(module for module in modules if module.partition(".")[0] in NEEDLESS - allowed) == []
    assert not [module for module in modules if module.startswith("leafseal.audit")], "nobody asks for an audit log"

    assert len([module for module in modules if module.partition(".")[0] == "leafseal"]) <= most
