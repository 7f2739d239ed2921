"""The plugins of Helm: what is placed loads, in the Helm that it is for, and nothing is placed that harms another."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from leafseal.deploy.helm.plugins import SECRETS_PROTOCOLS, check, place, plugins
from leafseal.errors import RefusedError, WriteError

from .helm_plugins import ManifestError, load_3, load_4

pytestmark = pytest.mark.skipif(os.name == "nt", reason="programs are scripts of a shell")


def placed(folder: Path, major: int, *, with_secrets: bool = True, program: str = "/bin/echo") -> None:
    found = plugins(major, "1.2.0.dev3", program, with_secrets=with_secrets)
    check(str(folder), major, found, force=False)
    place(str(folder), found)


def test_helm_3_loads_them(tmp_path: Path) -> None:
    placed(tmp_path, 3)
    found = load_3(tmp_path)
    assert sorted(found) == ["leafseal", "leafseal-getter", "leafseal-secrets"]
    assert found["leafseal-secrets"]["downloaders"][0]["protocols"] == list(SECRETS_PROTOCOLS)
    assert (tmp_path / "leafseal" / "bin" / "leafseal-post-renderer").is_file()


def test_helm_4_loads_them(tmp_path: Path) -> None:
    placed(tmp_path, 4, with_secrets=False)
    kinds = {name: kind for name, (kind, _) in load_4(tmp_path).items()}
    assert kinds == {"leafseal": "cli/v1", "leafseal-getter": "getter/v1", "leafseal-post-renderer": "postrenderer/v1"}
    with pytest.raises(ManifestError, match="unknown field"):
        load_3(tmp_path)


def test_helm_4_too_loads_those_for_helm_3(tmp_path: Path) -> None:
    placed(tmp_path, 3)
    assert {kind for kind, _ in load_4(tmp_path).values()} == {"cli/v1", "getter/v1"}


def test_a_plugin_for_helm_4_is_not_left_beside_those_for_helm_3(tmp_path: Path) -> None:
    placed(tmp_path, 4)
    with pytest.raises(RefusedError, match="Helm 3 loads no plugin"):
        placed(tmp_path, 3)
    assert load_4(tmp_path)


def test_they_are_placed_again_and_a_link_is_replaced(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    placed(elsewhere, 3)
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "leafseal").symlink_to(elsewhere / "leafseal")
    for _ in range(2):
        placed(folder, 3)
    assert not (folder / "leafseal").is_symlink()
    assert load_3(elsewhere)
    assert sorted(os.listdir(folder)) == ["leafseal", "leafseal-getter", "leafseal-secrets"]


def test_what_somebody_else_placed_stays(tmp_path: Path) -> None:
    (tmp_path / "leafseal").mkdir()
    (tmp_path / "leafseal" / "plugin.yaml").write_text("name: leafseal\nversion: 9.0.0\ncommand: x\n")
    with pytest.raises(RefusedError, match="not placed by leafseal"):
        placed(tmp_path, 4)
    check(str(tmp_path), 4, plugins(4, "1.0", "x", with_secrets=False), force=True)


@pytest.mark.parametrize(
    "manifest",
    [
        'name: secrets\ndownloaders:\n  - command: x\n    protocols:\n      - "secrets"\n      - secrets+literal\n',
        "name: secrets\ndownloaders: [{command: x, protocols: [a, secrets, b]}]\n",
    ],
)
def test_another_plugin_for_secrets_is_noticed(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "helm-secrets").mkdir()
    (tmp_path / "helm-secrets" / "plugin.yaml").write_text(manifest)
    with pytest.raises(RefusedError, match="answers secrets:// already"):
        placed(tmp_path, 4)
    placed(tmp_path, 4, with_secrets=False)


def test_scripts_pass_every_word_on(tmp_path: Path) -> None:
    program = tmp_path / "a b" / "it's"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nfor word; do printf "[%s]" "$word"; done\n')
    program.chmod(0o755)
    placed(tmp_path / "p", 4, program=str(program))
    for path, words in (
        ("leafseal/bin/leafseal-helm", "[helm][run]"),
        ("leafseal-getter/bin/leafseal-getter", "[helm][getter]"),
        ("leafseal-post-renderer/bin/leafseal-post-renderer", "[helm][post-render]"),
    ):
        done = subprocess.run([tmp_path / "p" / path, "a b", "", "$x"], capture_output=True, text=True, check=True)
        assert done.stdout == f"{words}[a b][][$x]"


def test_a_script_says_that_leafseal_was_moved(tmp_path: Path) -> None:
    placed(tmp_path, 4, program=str(tmp_path / "gone"))
    done = subprocess.run(
        [tmp_path / "leafseal-getter/bin/leafseal-getter"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (127, "")
    assert done.stderr.endswith('leafseal: hint: run "leafseal helm plugins" again\n')


def test_a_plugin_of_the_same_name_in_another_folder_is_noticed(tmp_path: Path) -> None:
    placed(tmp_path / "a", 4)
    (tmp_path / "a" / "leafseal").rename(tmp_path / "a" / "leafseal-0.1")
    with pytest.raises(RefusedError, match="called leafseal too"):
        placed(tmp_path / "a", 4)


def test_what_cannot_be_replaced_stays_and_helm_sees_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed(tmp_path, 4)
    before = load_4(tmp_path)
    (tmp_path / "leafseal-getter" / "mark").write_text("")
    rename = os.rename

    def fails_at_the_second(source: str, target: str) -> None:
        assert not list(tmp_path.glob(".*/plugin.yaml"))  # which Helm would load
        if target == str(tmp_path / "leafseal-getter") and not source.endswith("old/leafseal-getter"):
            raise OSError(28, "no space left on device")
        rename(source, target)

    monkeypatch.setattr(os, "rename", fails_at_the_second)
    with pytest.raises(WriteError, match="no space left"):
        placed(tmp_path, 4)
    assert load_4(tmp_path) == before
    assert (tmp_path / "leafseal-getter" / "mark").exists()
    assert not list(tmp_path.glob(".*"))


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError, match="cannot write"):
        placed(tmp_path / "file", 4)
