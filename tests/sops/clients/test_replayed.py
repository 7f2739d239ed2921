"""What programs say to sops, word for word, and what they look at in its answer."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from .desk import PLAIN, TYPES, Desk

KINDS = sorted(TYPES)
DIALECTS = ("decrypt", "--decrypt")


# -- Ansible: community.sops


def test_ansible_reads_the_version(desk: Desk) -> None:
    answer = desk.sops("--version", "--disable-version-check")
    found = re.match(r"^sops ([0-9]+)\.([0-9]+)\.([0-9]+)", answer)
    assert found, answer
    assert tuple(map(int, found.groups())) >= (3, 9, 0)  # else it speaks the older dialect, without filestatus


@pytest.mark.parametrize("kind", KINDS)
def test_ansible_decrypts_a_file(desk: Desk, kind: str) -> None:
    path = desk.seal(f"secret.{kind}", PLAIN[kind])
    assert desk.sops("decrypt", path) == PLAIN[kind]
    assert desk.sops("decrypt", "--input-type", TYPES[kind], "--output-type", TYPES[kind], path) == PLAIN[kind]


def test_ansible_decrypts_with_all_its_options(desk: Desk) -> None:
    path, config = desk.seal("secret.yaml", PLAIN["yaml"]), desk.put("elsewhere.yaml", "creation_rules: []\n")
    words = ("--config", config, "decrypt", "--keyservice", "tcp://127.0.0.1:1", "--input-type", "yaml")
    assert desk.sops(*words, "--output-type", "json", "--extract", '["db"]["port"]', path).strip() == "5432"


def test_ansible_names_an_aws_profile(ours: Desk) -> None:
    """sops 3.13.2 knows the option before the command's name only, where this client does not put it."""
    path = ours.seal("secret.yaml", PLAIN["yaml"])
    assert ours.sops("decrypt", "--aws-profile", "work", path) == PLAIN["yaml"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_ansible_decrypts_content(desk: Desk, dialect: str) -> None:
    content = desk.seal("secret.yaml", PLAIN["yaml"]).read_bytes()
    types = ("--input-type", "yaml", "--output-type", "yaml")
    words = (dialect, *types) if dialect == "decrypt" else (*types, dialect)
    assert desk.sops(*words, "/dev/stdin", stdin=content) == PLAIN["yaml"]


def test_ansible_encrypts(desk: Desk) -> None:
    desk.rules("group_vars")
    target, types = "group_vars/all.sops.yaml", ("--input-type", "yaml", "--output-type", "yaml")
    words = ("encrypt", *types, "--filename-override", target, "/dev/stdin")
    desk.put(target, desk.sops(*words, stdin=PLAIN["yaml"], cwd="group_vars"))
    assert desk.opened(target) == PLAIN["yaml"]


@pytest.mark.parametrize("dialect", ["encrypt", "--encrypt"])
def test_ansible_encrypts_with_options(desk: Desk, dialect: str) -> None:
    options = ("--age", f"{desk.stage.me.recipient},{desk.stage.other.recipient}", "--encrypted-regex", "^password$")
    options += ("--shamir-secret-sharing-threshold", "1", "--input-type", "json", "--output-type", "yaml")
    words = (dialect, *options) if dialect == "encrypt" else (*options, dialect)
    sealed = desk.sops(*words, "/dev/stdin", stdin=PLAIN["json"])
    assert "port: 5432" in sealed
    assert sealed.count("recipient: age1") == 2
    desk.put("out.yaml", sealed)
    assert "s3cr3t" in desk.opened("out.yaml")


@pytest.mark.parametrize("kind", KINDS)
def test_ansible_asks_for_the_status(desk: Desk, kind: str) -> None:
    sealed, plain = desk.seal(f"sealed.{kind}", PLAIN[kind]), desk.put(f"plain.{kind}", PLAIN[kind])
    assert json.loads(desk.sops("filestatus", sealed)) == {"encrypted": True}
    if kind == "txt":  # no JSON: the envelope of a sealed file cannot be read
        assert desk.fails("filestatus", plain)
    else:
        assert json.loads(desk.sops("filestatus", plain)) == {"encrypted": False}


def test_ansible_maps_exit_codes(desk: Desk) -> None:
    sealed, key = desk.seal("secret.yaml", PLAIN["yaml"]), ("--age", desk.stage.me.recipient)
    partly = desk.put("partly.yaml", "clear: 1\nhidden: 2\n")
    partly.write_text(
        desk.sops("encrypt", *key, "--unencrypted-regex", "^clear$", partly).replace("clear: 1", "clear: 2")
    )
    assert desk.fails("decrypt", "nothing.yaml").code == 100  # NoFileSpecified, it says
    assert desk.fails("decrypt", sealed, SOPS_AGE_KEY_FILE="/dev/null").code == 128  # CouldNotRetrieveKey
    assert desk.fails("decrypt", partly).code == 51  # MacMismatch
    assert desk.fails("encrypt", *key, sealed).code == 203  # FileAlreadyEncrypted


# -- helm-secrets

HELM_TYPES = ("yaml", "json", "txt")


def _helm(kind: str) -> tuple[str, ...]:
    return ("--input-type", TYPES[kind], "--output-type", TYPES[kind])


@pytest.mark.parametrize("kind", HELM_TYPES)
def test_helm_secrets_decrypts(desk: Desk, kind: str) -> None:
    path = desk.seal(f"charts/secrets.{kind}", PLAIN[kind])
    assert desk.sops("--decrypt", *_helm(kind), path) == PLAIN[kind]
    assert desk.sops("--decrypt", *_helm(kind), "--output", f"{path}.dec", path) == ""
    assert Path(f"{path}.dec").read_text() == PLAIN[kind]
    assert desk.sops("--decrypt", *_helm(kind), "--in-place", path) == ""
    assert path.read_text() == PLAIN[kind]


def test_helm_secrets_decrypts_a_literal(desk: Desk) -> None:
    literal = desk.seal("secret.json", PLAIN["json"]).read_text().strip()
    plain = desk.sops("--decrypt", *_helm("json"), "/dev/stdin", stdin=literal)
    assert plain.rstrip("\n") == PLAIN["json"].rstrip("\n")  # sops writes a line break where the literal has none


@pytest.mark.parametrize("kind", HELM_TYPES)
def test_helm_secrets_encrypts(desk: Desk, kind: str) -> None:
    desk.rules("charts")
    name = f"charts/secrets.{kind}"
    desk.put(name, PLAIN[kind])
    desk.put(f"out.{kind}", desk.sops("--encrypt", *_helm(kind), f"secrets.{kind}", cwd="charts"))
    assert desk.opened(f"out.{kind}") == PLAIN[kind]
    assert desk.sops("--encrypt", *_helm(kind), "--in-place", f"secrets.{kind}", cwd="charts") == ""
    assert desk.opened(name) == PLAIN[kind]


@pytest.mark.parametrize("before", ["", "db: {}\n"])
def test_helm_secrets_edits(desk: Desk, before: str) -> None:
    desk.rules("charts")
    if before:
        desk.seal("charts/secrets.yaml", before)
    editor = desk.script("editor.sh", 'echo "hello: world" >"$1"')
    desk.sops("--input-type", "yaml", "--output-type", "yaml", "secrets.yaml", cwd="charts", EDITOR=editor)
    assert desk.opened("charts/secrets.yaml") == "hello: world\n"
    assert desk.strays() == []


def test_helm_secrets_splits_the_program_into_words(ours: Desk) -> None:
    """HELM_SECRETS_SOPS_PATH="leafseal sops" works, and so do arguments for every call."""
    path, program = ours.seal("secrets.yaml", PLAIN["yaml"]), Path(os.path.realpath(ours.bin / "sops"))
    script = 'set -- ${BACKEND_ARGS} --decrypt --input-type yaml --output-type yaml "$1"; $PROGRAM "$@"'
    done = ours.start(
        "sh", "-c", script, "sh", path, PROGRAM=f"{program} sops", BACKEND_ARGS="--verbose=false --ignore-mac"
    )
    assert done == (0, PLAIN["yaml"].encode(), "")


def test_helm_secrets_hears_of_the_key(desk: Desk) -> None:
    """Its own tests look for this text, to see that the arguments for every call arrive."""
    path = desk.seal("secrets.yaml", PLAIN["yaml"])
    done = desk.start("sops", "--verbose", "--decrypt", *_helm("yaml"), path)
    assert (done.code, done.text) == (0, PLAIN["yaml"])
    assert "Data key recovered successfully" in done.err


# -- mise


@pytest.mark.parametrize("kind", ["yaml", "json", "env"])
def test_mise_decrypts_its_input(desk: Desk, kind: str) -> None:
    content = desk.seal(f"secret.{kind}", PLAIN[kind]).read_bytes()
    identities = f"{desk.stage.other.identity}\n{desk.stage.me.identity}"
    words = ("decrypt", "--input-type", TYPES[kind], "--output-type", TYPES[kind])
    assert desk.sops(*words, stdin=content, SOPS_AGE_KEY=identities) == PLAIN[kind]


# -- secretspec


@pytest.mark.parametrize("kind", ["yaml", "json", "env", "ini"])
def test_secretspec_gets(desk: Desk, kind: str) -> None:
    path = desk.seal(f"{kind}.enc", PLAIN[kind], kind=f"x.{kind}")
    values = json.loads(desk.sops("decrypt", "--input-type", TYPES[kind], "--output-type", "json", path))
    assert values == {
        "env": {"DB_PASSWORD": "s3cr3t", "DB_PORT": "5432"},
        "ini": {"DEFAULT": {}, "db": {"password": "s3cr3t", "port": "5432"}},
    }.get(kind, {"db": {"password": "s3cr3t", "port": 5432}, "empty": ""})


@pytest.mark.parametrize("kind", ["yaml", "json", "env", "ini"])
def test_secretspec_sets(desk: Desk, kind: str) -> None:
    """A new file is made of an empty one; each value is set in a copy, which takes the file's place."""
    desk.rules()
    target, types = desk.folder / f"secrets.enc.{kind}", ("--input-type", TYPES[kind], "--output-type", TYPES[kind])
    index = {"env": '["API_KEY"]', "ini": '["default"]["API_KEY"]'}.get(kind, '["app"]["default"]["API_KEY"]')
    work = desk.put(f".secretspec-sops-x1.{kind}", "{}\n" if kind in ("yaml", "json") else "")
    desk.sops("encrypt", *types, "--filename-override", target, "--in-place", work)
    for value in ('first "value" = 1', "second\nvalue" if kind != "env" else "second"):
        desk.sops("set", *types, "--value-stdin", work, index, stdin=json.dumps(value))
        work.rename(target)
        assert value in json.dumps(_values(desk, target, types)).encode().decode("unicode_escape")
        target.rename(work)


def _values(desk: Desk, path: Path, types: tuple[str, ...]) -> object:
    return json.loads(desk.sops("decrypt", *types[:2], "--output-type", "json", path))


def test_secretspec_looks_for_a_text(desk: Desk) -> None:
    """A plain file is sealed first. That it is one shows in what sops says."""
    work = desk.put(".secretspec-sops-x1.json", PLAIN["json"])
    assert "sops metadata not found" in desk.fails("decrypt", "--output-type", "json", work).err


# -- shells and workflows


def test_direnv_evaluates(desk: Desk) -> None:
    desk.seal("secrets.yaml", 'TOKEN: "s3cr3t"\nPORT: 5432\n')
    desk.seal("secrets.env", "TOKEN=s3cr3t\nPORT=5432\n")
    for name in ("secrets.yaml", "secrets.env"):
        script = f'eval "$(sops -d --output-type dotenv {name})"; echo "$TOKEN $PORT"'
        assert desk.shell(script) == "s3cr3t 5432\n"


@pytest.mark.skipif(shutil.which("direnv") is None, reason="no direnv on PATH")
def test_direnv_itself(desk: Desk) -> None:
    desk.seal("secrets.yaml", 'TOKEN: "s3cr3t"\n')
    desk.put(
        ".envrc", 'watch_file secrets.yaml\neval "$(sops -d --output-type dotenv secrets.yaml | sed "s/^/export /")"\n'
    )
    quiet = {"DIRENV_LOG_FORMAT": "", "XDG_DATA_HOME": desk.stage.home}
    assert desk.shell("direnv allow . && direnv exec . sh -c 'echo $TOKEN'", **quiet) == "s3cr3t\n"


def test_workflows_run_commands(desk: Desk) -> None:
    desk.seal("secrets.env", "TOKEN=s3cr3t\n")
    desk.seal("key.json", PLAIN["json"])
    assert desk.shell("""sops exec-env secrets.env 'echo "$TOKEN"'""") == "s3cr3t\n"
    assert desk.shell("sops exec-file key.json 'cat {}'") == PLAIN["json"]
    assert desk.shell("sops exec-file --no-fifo --filename key.json key.json 'cat {} && basename {}'") == (
        PLAIN["json"] + "key.json\n"
    )
    assert desk.start("sops", "exec-env", "secrets.env", "exit 7").code == 7


# -- what is looked for in files

MARKS = {
    "yaml": [r"(?m)^.*mac.*,type:str\]", r"(?m)^sops:[ ]*$", r"mac: ENC\["],
    "json": [r"(?m)^.*mac.*,type:str\]", r'"mac": "ENC\['],
    "txt": [r"(?m)^.*mac.*,type:str\]", r'"mac": "ENC\[', r'"data": "ENC'],
    "env": [r"(?m)^sops_mac=ENC\[", r"(^|\n)sops_version="],
    "ini": [r"(?m)^\[sops\]$"],
}
"""helm-secrets ("is it encrypted", "of which type"), Flux, and the extensions of VS Code."""


@pytest.mark.parametrize("kind", KINDS)
def test_files_have_the_marks_that_programs_look_for(desk: Desk, kind: str) -> None:
    desk.rules()
    desk.put(f"file.{kind}", PLAIN[kind])
    sealed = desk.sops("encrypt", f"file.{kind}")
    for mark in MARKS[kind]:
        assert re.search(mark, sealed), mark
    tail = "\n".join(sealed.splitlines()[-50:])
    assert all(word in tail for word in ("ENC[AES256_GCM", "lastmodified", "mac", "version"))  # Neovim
    if kind in ("json", "txt"):
        assert isinstance(json.loads(sealed)["sops"]["version"], str)
