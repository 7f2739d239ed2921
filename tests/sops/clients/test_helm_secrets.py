"""The scripts of the Helm plugin helm-secrets, as they are. Of helm itself they want its version."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from .desk import PLAIN, Desk, Done, checkout

PROGRAMS = ("sops", "leafseal sops")


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest, ours: Desk) -> str:
    """The words that HELM_SECRETS_SOPS_PATH has, which the scripts split at blanks."""
    words = str(request.param)
    real = Path(os.path.realpath(ours.bin / "sops"))
    return words.replace("leafseal", str(real))


def _helm(desk: Desk, program: str, *words: object, **env: object) -> Done:
    """Run `helm secrets …`."""
    plugin = checkout("helm-secrets")
    helm = desk.script("helm", 'if [ "$1" = version ]; then echo v3.18.0; else printf "%s\\n" "$@"; fi')
    own = {"HELM_BIN": helm, "HELM_PLUGIN_DIR": plugin, "HELM_SECRETS_SOPS_PATH": program, "TMPDIR": desk.stage.home}
    return desk.start("sh", plugin / "scripts/run.sh", *words, **{**own, **env})


def _ok(done: Done) -> str:
    assert (done.code, done.err) == (0, "")
    return done.text


def test_encrypt_and_decrypt(ours: Desk, program: str) -> None:
    ours.rules("charts")
    path = ours.put("charts/secrets.yaml", PLAIN["yaml"])
    ours.put("out.yaml", _ok(_helm(ours, program, "encrypt", path)))
    assert ours.opened("out.yaml") == PLAIN["yaml"]
    _ok(_helm(ours, program, "encrypt", "-i", path))
    assert ours.opened(path) == PLAIN["yaml"]
    again = _helm(ours, program, "encrypt", "-i", path)
    assert (again.code, again.err) == (1, "[helm-secrets] Already encrypted: secrets.yaml\n")
    assert _ok(_helm(ours, program, "decrypt", path)) == PLAIN["yaml"]
    content = base64.b64encode(PLAIN["yaml"].encode()).decode()
    assert _ok(_helm(ours, program, "decrypt", "--terraform", path)) == f'{{"content_base64":"{content}"}}'
    _ok(_helm(ours, program, "decrypt", "-i", path))
    assert path.read_text() == PLAIN["yaml"]


@pytest.mark.parametrize("kind", ["json", "txt"])
def test_decrypt_guesses_the_type(ours: Desk, program: str, kind: str) -> None:
    path = ours.seal(f"secrets.{kind}", PLAIN[kind])
    assert _ok(_helm(ours, program, "decrypt", path)) == PLAIN[kind]


@pytest.mark.parametrize("before", ["", "db: {}\n"])
def test_edit(ours: Desk, program: str, before: str) -> None:
    ours.rules("charts")
    path = ours.folder / "charts/secrets.yaml"
    if before:
        ours.seal("charts/secrets.yaml", before)
    editor = ours.script("editor.sh", 'echo "hello: world" >"$1"')
    assert _ok(_helm(ours, program, "edit", path, EDITOR=editor)) == f"{path}\n"  # it says itself what it edits
    assert ours.opened(path) == "hello: world\n"


def test_edit_without_a_rule(ours: Desk, program: str) -> None:
    done = _helm(ours, program, "edit", "nonexists", EDITOR="true")
    assert done.code
    assert "config file not found, or has no creation rules, and no keys provided through command" in done.err


def test_helm_gets_decrypted_files(ours: Desk, program: str) -> None:
    path, plain = ours.seal("secrets.yaml", PLAIN["yaml"]), ours.put("values.yaml", "a: b\n")
    done = _helm(ours, program, "template", "x", "-f", path, "-f", plain, "--values", plain)
    assert done.code == 0
    assert done.text.split() == ["template", "x", "-f", f"{path}.dec", "-f", str(plain), "--values", str(plain)]
    assert done.err == f"[helm-secrets] Decrypt: {path}\n[helm-secrets] Removed: {path}.dec\n"


@pytest.mark.parametrize("scheme", ["secrets", "secrets+age-import"])
def test_getter(ours: Desk, program: str, scheme: str) -> None:
    path, keys = ours.seal("charts/secrets.yaml", PLAIN["yaml"]), ours.put("keys.txt", f"{ours.stage.me.identity}\n")
    url = f"secrets://{path}" if scheme == "secrets" else f"{scheme}://{keys}?{path}"
    given = {} if scheme == "secrets" else {"SOPS_AGE_KEY_FILE": "/dev/null"}
    assert _ok(_helm(ours, program, "downloader", "", "", "", url, **given)) == PLAIN["yaml"]


def test_getter_of_literals(ours: Desk, program: str) -> None:
    literal = ours.seal("secret.json", PLAIN["json"]).read_text()
    assert _ok(_helm(ours, program, "downloader", "", "", "", f"secrets+literal://{literal}")).rstrip() == (
        PLAIN["json"].rstrip()
    )


def test_arguments_for_every_call(ours: Desk, program: str) -> None:
    path = ours.seal("secrets.yaml", PLAIN["yaml"])
    found = _helm(ours, program, "--backend-args", "--verbose=false --ignore-mac", "decrypt", path)
    assert _ok(found) == PLAIN["yaml"]
