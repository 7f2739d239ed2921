"""`kubectl leafseal`, with a kubectl that notes what it gets: everybody has that one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
import yaml

from leafseal.cli.kubectl.completing import complete
from leafseal.deploy.kubectl import process
from leafseal.deploy.kubectl.command_usage import text_of
from leafseal.deploy.kubectl.usage import COMMANDS, HANDED_ON, HELP
from leafseal.deploy.kubectl.words import CLIENT_SIDE, PLAIN_OK, read
from leafseal.testing import ThrowawayIdentity

from ..deploy.fake_kubectl import CONFIG_MAP, FakeKubectl, install
from ..deploy.traces import can_trace, refuse_traces, strace
from .conftest import Run

SECRET = """\
# of the shop
apiVersion: v1
kind: Secret
metadata:
    name: db
stringData:
    password: swordfish-and-chips
    on: n
data:
    user: c2hvcC11c2Vy
"""
RULE = "creation_rules: [{{age: {me}, encrypted_regex: '^(data|stringData)$'}}]\n"


@pytest.fixture
def kubectl(tmp_path: Path, work: Path, monkeypatch: pytest.MonkeyPatch) -> FakeKubectl:
    """The noting kubectl on PATH, and an encrypted manifest."""
    fake = install(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("SOPS_CONFIG", raising=False)
    return fake


@pytest.fixture
def secret(leafseal: Run, work: Path, me: ThrowawayIdentity) -> Path:
    """An encrypted Secret, and the rule for it."""
    (work / ".sops.yaml").write_text(RULE.format(me=me.recipient))
    path = work / "db.enc.yaml"
    path.write_text(SECRET)
    assert leafseal("encrypt", "-i", path.name).code == 0
    return path


Handed = Callable[..., tuple[int, list[str], bytes]]


@pytest.fixture
def handed(leafseal: Run, kubectl: FakeKubectl, monkeypatch: pytest.MonkeyPatch) -> Handed:
    """Run a command line in this process; return its exit code, what kubectl gets as words, and what it reads."""

    def call(*words: str) -> tuple[int, list[str], bytes]:
        got: list[tuple[list[str], bytes]] = []

        def become(arguments: Sequence[str], data: bytes, _folder: str = "") -> int:
            got.append((list(arguments), data))
            return 0

        monkeypatch.setattr(process, "become", become)
        monkeypatch.setattr(process, "run_in", become)
        code = leafseal("kubectl", *words).code
        return code, *(got[0] if got else ([], b""))

    return call


def _command(words: Sequence[str]) -> list[str]:
    code = "import sys; from leafseal.__main__ import kubectl; sys.exit(kubectl())"
    return [sys.executable, "-P", "-c", code, *words]


def _started(
    words: Sequence[str], work: Path, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run a command line as kubectl runs a plugin."""
    return subprocess.run(
        _command(words), cwd=work, env={**os.environ, **(environ or {})}, capture_output=True, check=False, timeout=120
    )


EXPECTED_PASSWORD = "c3dvcmRmaXNoLWFuZC1jaGlwcw=="
EXPECTED = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "db"},
    "data": {"user": "c2hvcC11c2Vy", "password": EXPECTED_PASSWORD, "on": "bg=="},
}


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands for kubectl")
def test_kubectl_reads_what_was_encrypted_and_its_exit_code_is_ours(
    secret: Path, kubectl: FakeKubectl, work: Path
) -> None:
    (kubectl.folder / "code").write_text("7")
    done = _started(["apply", "-n", "shop", "-f", secret.name], work)
    assert (done.returncode, done.stdout, done.stderr) == (7, b"", b"")
    assert kubectl.words == ["apply", "--server-side", "-n", "shop", "-f", "-"]
    assert yaml.safe_load(kubectl.stdin) == EXPECTED
    environ = (kubectl.folder / "environ").read_text()
    assert "SOPS_AGE_KEY" not in environ
    assert "AGE-SECRET-KEY" not in environ


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands for kubectl")
def test_what_kubectl_writes_to_files_goes_to_memory(secret: Path, kubectl: FakeKubectl, work: Path) -> None:
    (kubectl.folder / "code").write_text("1")
    done = _started(["diff", "-f", secret.name], work)
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")
    assert kubectl.words == ["diff", "--server-side", "-f", "-"]
    folder = (kubectl.folder / "tmpdir").read_text().strip()
    assert "leafseal-" in folder
    assert not os.path.exists(folder)


@pytest.mark.skipif(not can_trace(), reason="no strace, or it is not allowed here")
@pytest.mark.parametrize("verb", ["apply", "diff"])
def test_no_plaintext_reaches_a_file_system(secret: Path, kubectl: FakeKubectl, work: Path, verb: str) -> None:
    (kubectl.folder / "forget").touch()
    log = work.parent / "strace"
    command = [*strace(log), *_command([verb, "-f", secret.name])]
    done = subprocess.run(command, cwd=work, capture_output=True, check=False, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert kubectl.words == [verb, "--server-side", "-f", "-"]
    refuse_traces(log, ("swordfish-and-chips", EXPECTED_PASSWORD))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("apply -f db.enc.yaml", "apply --server-side -f -"),
        ("apply -f db.enc.yaml --server-side --force-conflicts", "apply --server-side --force-conflicts -f -"),
        ("apply -f db.enc.yaml --dry-run=client -o yaml", "apply --dry-run=client -o yaml -f -"),
        ("apply -f db.enc.yaml -- x", "apply --server-side -f - -- x"),
        ("create -f db.enc.yaml", "create -f -"),
        ("replace --force -Rf db.enc.yaml", "replace --force -f -"),
        ("diff -f db.enc.yaml", "diff --server-side -f -"),
    ],
)
def test_words_reach_kubectl(secret: Path, handed: Handed, line: str, words: str) -> None:
    code, got, data = handed(*line.split())
    assert (code, got) == (0, words.split())
    assert yaml.safe_load(data) == EXPECTED


def test_client_side_apply_is_warned_of(
    secret: Path, handed: Handed, leafseal: Run, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    for flag in ("--client-side", "--server-side=false", "--server-side=F"):
        handed("apply", flag, "-f", secret.name)  # what it says is read by the fixture
        said = leafseal("kubectl", "apply", flag, "-f", secret.name)
        assert "copies the values into the annotation" in said.err
        assert flag in said.err
        _, words, _ = handed("apply", flag, "-f", secret.name)
        assert words == ["apply", *([flag] if "=" in flag else []), "-f", "-"]


def test_delete_gets_names_and_no_values(secret: Path, handed: Handed) -> None:
    _, words, data = handed("delete", "-f", secret.name, "--wait=false")
    assert words == ["delete", "--wait=false", "-f", "-"]
    assert yaml.safe_load(data) == {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}}


def test_files_folders_and_lists_in_one_stream(secret: Path, handed: Handed, work: Path) -> None:
    (work / "cm.yaml").write_text(CONFIG_MAP)
    (work / "more" / "deep").mkdir(parents=True)
    secret.rename(work / "more" / "deep" / "a b%20,c.yaml")
    (work / "more" / "list.json").write_text('{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}')
    _, _, data = handed("apply", "-R", "-f", "cm.yaml,more", "-f", '"more/deep/a b%20,c.yaml"')
    assert [one["kind"] for one in yaml.safe_load_all(data)] == ["ConfigMap", "Secret", "Namespace"]


def test_standard_input(secret: Path, kubectl: FakeKubectl, work: Path) -> None:
    done = subprocess.run(
        _command(["template", "-f", "-"]), input=secret.read_bytes(), capture_output=True, check=False, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert yaml.safe_load(done.stdout) == EXPECTED
    assert kubectl.words == []


def test_template_prints_what_kubectl_would_read(secret: Path, leafseal: Run, kubectl: FakeKubectl) -> None:
    result = leafseal("kubectl", "template", "-f", secret.name)
    assert (result.code, result.err) == (0, "")
    assert result.out == (
        b'"apiVersion": "v1"\n"kind": "Secret"\n"metadata":\n  "name": "db"\n"data":\n'
        b'  "user": "c2hvcC11c2Vy"\n  "password": "c3dvcmRmaXNoLWFuZC1jaGlwcw=="\n  "on": "bg=="\n'
    )
    assert kubectl.words == []


def test_kustomize_is_asked_and_its_failure_is_ours(
    handed: Handed, leafseal: Run, kubectl: FakeKubectl, work: Path
) -> None:
    (work / "overlay").mkdir()
    _, words, data = handed("apply", "-k", "overlay")
    assert words == ["apply", "--server-side", "-f", "-"]
    assert data == CONFIG_MAP.encode()
    assert leafseal("kubectl", "apply", "-k", "gone").err == "error: must build at directory: gone\n"
    (kubectl.folder / "kustomized").write_text("")
    assert "kubectl kustomize printed nothing" in leafseal("kubectl", "apply", "-k", "overlay").err


def test_of_an_encrypted_file_that_kustomize_passes_on_what_is_wrong_is_said(
    secret: Path, leafseal: Run, kubectl: FakeKubectl, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (work / "overlay").mkdir()
    (kubectl.folder / "kustomized").write_bytes(secret.read_bytes())
    assert leafseal("kubectl", "template", "-k", "overlay").code == 0
    monkeypatch.delenv("SOPS_AGE_KEY", raising=False)
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", os.devnull)
    result = leafseal("kubectl", "template", "-k", "overlay")
    assert (result.code, "no key of yours can decrypt" in result.err) == (1, True)
    assert "kustomize passed on" not in result.err


# -- what is refused


@pytest.mark.parametrize("verb", ["apply", "delete", "template", "diff"])
def test_one_file_of_ten_that_fails_stops_all(
    secret: Path, handed: Handed, leafseal: Run, work: Path, verb: str
) -> None:
    good = secret.read_text()
    for number in range(9):
        (work / f"{number}.yaml").write_text(good)
    (work / "bad.yaml").write_text(
        good.replace("data:", "data:AAAA", 1).replace("ENC[AES256_GCM,data:", "ENC[AES256_GCM,data:AAAA", 1)
    )
    names = [name for number in range(9) for name in ("-f", f"{number}.yaml")]
    code, words, _ = handed(verb, *names, "-f", "bad.yaml")
    assert (code, words) == (2 if verb == "diff" else 1, [])
    said = leafseal("kubectl", verb, *names, "-f", "bad.yaml")
    assert said.out == b""
    assert said.err.startswith("leafseal: error: bad.yaml: ")
    assert "swordfish" not in said.err


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (("swordfish-and-chips", "5432"), "Secret db: stringData.password: is a number"),
        (("password:", "pass word:"), "the key name 'pass word' is not valid"),
        (("c2hvcC11c2Vy", "shop-user"), "data.user: is not base64"),
        (("kind: Secret", "kinds: Secret"), "not an object of Kubernetes: it has no kind"),
        (("swordfish-and-chips", "x" * ((1 << 20) + 1)), "a Secret can have 1048576 (1 MiB)"),
    ],
)
def test_what_the_server_would_refuse(
    handed: Handed, leafseal: Run, work: Path, me: ThrowawayIdentity, change: tuple[str, str], what: str
) -> None:
    (work / "db.yaml").write_text(SECRET.replace(*change))
    assert leafseal("encrypt", "-i", "--age", me.recipient, "db.yaml").code == 0
    code, words, _ = handed("apply", "-f", "db.yaml")
    assert (code, words) == (1, [])
    said = leafseal("kubectl", "apply", "-f", "db.yaml")
    assert said.out == b""
    assert said.err.count("\n") == 1
    assert said.err.startswith("leafseal: error: db.yaml: ")
    assert what in said.err


def test_a_plain_secret_under_a_rule_is_refused(secret: Path, handed: Handed, leafseal: Run, work: Path) -> None:
    (work / "plain.yaml").write_text(SECRET)
    (work / "cm.yaml").write_text(CONFIG_MAP + "data: {a: b}\n")
    code, words, _ = handed("apply", "-f", "plain.yaml,cm.yaml")
    assert (code, words) == (1, [])
    said = leafseal("kubectl", "apply", "-f", "plain.yaml").err
    assert said.startswith("leafseal: error: plain.yaml: not encrypted, and the rule for it in .sops.yaml encrypts")
    assert "stringData.password" in said
    assert handed("delete", "-f", "plain.yaml")[0] == 0
    _, words, data = handed("apply", "--leafseal-plain-ok", "-f", "plain.yaml,cm.yaml")
    assert words == ["apply", "--server-side", "-f", "-"]
    assert data.startswith(SECRET.encode())
    assert handed("apply", "-f", "cm.yaml")[2] == (CONFIG_MAP + "data: {a: b}\n").encode()  # which is no Secret


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: SecretList\nitems:\n- {metadata: {name: db}, stringData: {password: x}}\n",
        "x: &x {apiVersion: v1, kind: Secret}\n<<: *x\nmetadata: {name: db}\nstringData: {password: x}\n",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nx: &x {password: x}\nstringData: {<<: *x}\n",
        f"{SECRET}immutable: true\nimmutable: true\n",
    ],
)
def test_a_plain_secret_in_another_spelling_is_refused(
    text: str, secret: Path, handed: Handed, leafseal: Run, work: Path
) -> None:
    (work / "plain.yaml").write_text(text)
    code, words, _ = handed("apply", "-f", "plain.yaml")
    assert (code, words) == (1, [])
    said = leafseal("kubectl", "apply", "-f", "plain.yaml").err
    assert "plain.yaml: not encrypted, and the rule for it" in said


@pytest.mark.parametrize("words", [["apply"], ["apply", "-f", "x", "-k", "y"], ["apply", "-f", "http://e/x.yaml"],
                                   ["create", "--save-config", "-f", "x"], ["create", "--edit", "-f", "x"],
                                   ["apply", "set-last-applied", "-f", "x"], ["-n", "x", "apply"], ["aply"],
                                   ["apply", "-k", "x", "-k", "y"], ["apply", "-f", "gone.yaml"],
                                   ["create", "secret", "generic", "x"],
                                   ["template", "-o", "json", "-f", "x"]])  # fmt: skip
def test_wrong_command_lines(handed: Handed, words: list[str]) -> None:
    code, got, _ = handed(*words)
    assert code
    assert got == []


def test_without_kubectl(secret: Path, work: Path, leafseal: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(work))
    said = leafseal("kubectl", "apply", "-f", secret.name)
    assert said.code == 127
    assert said.err.startswith("leafseal: error: command not found: kubectl\n")


# -- edit, new, fetch


def _editor(work: Path, script: str) -> str:
    path = work.parent / "editor"
    path.write_text(f'#!/bin/sh\ncp "$1" {work.parent}/shown\n{script}\n')
    path.chmod(0o755)
    return str(path)


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands for the editor")
def test_edit_shows_data_decoded(secret: Path, leafseal: Run, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = secret.read_bytes()
    monkeypatch.setenv("EDITOR", _editor(work, ""))
    assert leafseal("kubectl", "edit", secret.name).code == 0
    assert (work.parent / "shown").read_text() == SECRET.replace("c2hvcC11c2Vy", "shop-user")
    assert secret.read_bytes() == before
    monkeypatch.setenv("EDITOR", _editor(work, 'sed \'s/shop-user/shop-admin/\' "$1" > "$1.new"; mv "$1.new" "$1"'))
    assert leafseal("kubectl", "edit", secret.name).code == 0
    assert leafseal("decrypt", secret.name).out == SECRET.replace("c2hvcC11c2Vy", "c2hvcC1hZG1pbg==").encode()
    kept = [line for line in before.splitlines() if b"ENC[" in line and b"user:" not in line]
    assert set(kept[:2]) <= set(secret.read_bytes().splitlines())  # password and on have their ciphertext


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands for the editor")
def test_a_text_that_was_not_saved_is_gone_on_with(
    secret: Path, leafseal: Run, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", _editor(work, "printf 'a: [' > \"$1\""))
    said = leafseal("kubectl", "edit", secret.name)
    assert said.code
    [kept] = work.glob("*.kept-1")
    assert f"kubectl leafseal edit --resume {kept} db.enc.yaml" in said.err
    monkeypatch.setenv("EDITOR", _editor(work, "printf 'data: {a: b}\\n' > \"$1\""))
    done = leafseal("kubectl", "edit", "--resume", kept, "--plaintext-ok", secret.name)
    assert done.code == 0, done.err
    assert (work.parent / "shown").read_text() == "a: ["


def test_new_writes_an_encrypted_manifest(leafseal: Run, secret: Path, work: Path) -> None:
    (work / "p.txt").write_text("swordfish")
    result = leafseal(
        "kubectl", "new", "secret", "app", "-n", "shop", "--from-file=password=p.txt", "-o", "app.enc.yaml"
    )
    assert result == (0, b"", "")
    written = (work / "app.enc.yaml").read_text()
    assert written.startswith("apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n  namespace: shop\ntype: Opaque\n")
    assert "swordfish" not in written
    plain = leafseal("decrypt", "app.enc.yaml").out
    assert yaml.safe_load(plain)["stringData"] == {"password": "swordfish"}
    again = leafseal("kubectl", "new", "secret", "app", "--from-literal=a=b", "-o", "app.enc.yaml")
    assert again.code == 220
    assert (work / "app.enc.yaml").read_text() == written


def test_new_under_a_rule_for_every_value_says_what_to_add(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    config = work / ".sops.yaml"
    config.write_text(f"creation_rules:\n  - age: {me.recipient}\n")
    words = ("kubectl", "new", "secret", "app", "--from-literal=a=swordfish", "-o")
    warned = leafseal(*words, "whole.yaml")
    assert warned.code == 0
    assert "whole.yaml: apiVersion, kind and metadata of this Kubernetes Secret are encrypted too" in warned.err
    line = "encrypted_regex: ^(data|stringData)$"
    assert warned.err.endswith(f"add {line} to its rule in .sops.yaml\n")
    config.write_text(config.read_text() + f"    {line}\n")
    assert leafseal(*words, "app.yaml") == (0, b"", "")
    assert (work / "app.yaml").read_text().startswith("apiVersion: v1\n")


def test_new_without_a_rule_encrypts_values_only(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    result = leafseal("kubectl", "new", "secret", "app", "--from-literal=a=swordfish", "--age", me.recipient)
    assert result.code == 0
    assert result.out.startswith(
        b"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\ntype: Opaque\nstringData:\n  a: ENC["
    )
    assert b"encrypted_regex: ^(data|stringData)$" in result.out
    (work / "labelled.yaml").write_bytes(result.out.replace(b"  name: app\n", b"  name: app\n  labels: {a: b}\n"))
    assert leafseal("kubectl", "template", "-f", "labelled.yaml").code == 0


def test_on_standard_output_the_rules_of_files_do_not_count(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    (work / ".sops.yaml").write_text(f"creation_rules: [{{path_regex: ^deploy/, age: {me.recipient}}}]\n")
    words = ("kubectl", "new", "secret", "app", "--from-literal=a=b")
    assert leafseal(*words).code == 8
    assert b"encrypted_regex: ^(data|stringData)$" in leafseal(*words, "--age", me.recipient).out


def test_new_of_other_kinds(leafseal: Run, work: Path, me: ThrowawayIdentity) -> None:
    trustme = pytest.importorskip("trustme", reason="trustme is not installed")
    certificate = trustme.CA().issue_cert("localhost")
    (work / "c.pem").write_bytes(certificate.cert_chain_pems[0].bytes())
    (work / "k.pem").write_bytes(certificate.private_key_pem.bytes())
    to = ("--age", me.recipient, "-o")
    assert leafseal("kubectl", "new", "secret", "tls", "web", "--cert=c.pem", "--key=k.pem", *to, "web.yaml").code == 0
    (work / "p.txt").write_text("swordfish\n")
    words = ("docker-registry", "hub", "--docker-username=me", "--from-file=password=p.txt")
    assert leafseal("kubectl", "new", "secret", *words, *to, "hub.yaml").code == 0
    shown = list(yaml.safe_load_all(leafseal("kubectl", "template", "-f", "web.yaml,hub.yaml").out))
    assert [one["type"] for one in shown] == ["kubernetes.io/tls", "kubernetes.io/dockerconfigjson"]
    assert list(shown[0]["data"]) == ["tls.crt", "tls.key"]
    assert list(shown[1]["data"]) == [".dockerconfigjson"]


def test_fetch_writes_a_secret_of_the_cluster(
    leafseal: Run, kubectl: FakeKubectl, work: Path, me: ThrowawayIdentity
) -> None:
    result = leafseal("kubectl", "fetch", "secret/db", "-n", "shop", "--age", me.recipient, "-o", "db.yaml")
    assert result == (0, b"", "")
    assert kubectl.words == ["get", "secret", "-o", "json", "--namespace=shop", "--", "db"]
    written = (work / "db.yaml").read_text()
    assert "swordfish" not in written
    assert "last-applied" not in written
    assert yaml.safe_load(leafseal("decrypt", "db.yaml").out)["stringData"] == {"password": "swordfish"}
    assert leafseal("kubectl", "fetch", "secret", "db", "--age", me.recipient, "-o", "two-words.yaml").code == 0
    assert leafseal("kubectl", "fetch", "secret/db", "other", "--age", me.recipient, "-o", "other.yaml").code == 8
    (kubectl.folder / "secret.json").unlink()
    assert leafseal("kubectl", "fetch", "secret/db", "--age", me.recipient, "-o", "other.yaml").code == 1
    assert not (work / "other.yaml").exists()


EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_example(leafseal: Run, handed: Handed, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOPS_AGE_KEY")
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(EXAMPLES / "throw-away.agekey"))
    _, words, data = handed("apply", "-f", str(EXAMPLES / "sealed" / "secret.yaml"))
    assert words == ["apply", "--server-side", "-f", "-"]
    plain = yaml.safe_load((EXAMPLES / "app" / "secret.yaml").read_bytes())
    found = yaml.safe_load(data)
    assert found["metadata"] == plain["metadata"]
    assert found["data"].keys() == {*plain.get("data", {}), *plain["stringData"]}


# -- help and completion


def test_help(leafseal: Run, work: Path) -> None:
    for words in (["--help"], ["help"]):
        assert leafseal("kubectl", *words) == (0, HELP.encode(), "")
    done = _started(["--help"], work)
    assert (done.returncode, done.stdout, done.stderr) == (0, HELP.encode(), b"")
    assert _started([], work).returncode == 1
    for name in COMMANDS:
        behind = [[name, "-n", "shop", "-h"]] if name in HANDED_ON else []
        for words in ([name, "--help"], ["help", name], *behind):
            assert leafseal("kubectl", *words).out.startswith(f"Usage: kubectl leafseal {name} ".encode())
    assert all(f"\n  {name} " in HELP for name in COMMANDS)


def test_the_help_of_a_command_has_its_flags_and_examples_that_can_be_typed() -> None:
    for name in (*HANDED_ON, "template"):
        text = text_of(name)
        assert all(len(line) <= 80 for line in text.splitlines())
        assert (CLIENT_SIDE in text, PLAIN_OK in text) == (name in ("apply", "diff"), name != "delete")
        assert (f'"kubectl {name} --help"' in text) == (name in HANDED_ON)
        examples = re.findall(r"^  kubectl leafseal (\S+) (.+)$", text.partition("Examples:\n")[2], re.MULTILINE)
        assert {command for command, _ in examples} == {name}
        for _, line in examples:
            words = read(line.split())
            assert words.files or words.kustomizations


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ([""], [*COMMANDS, ":4"]),
        (["te"], ["template", ":4"]),
        (["template", "-f", "x"], [":0"]),
        (["template", "--leaf"], ["--leafseal-plain-ok", ":4"]),
        (["new", "--from-l"], ["--from-literal", ":4"]),
        (["apply", "--c"], ["--client-side", "--server-side\tof kubectl", ":4"]),
    ],
)
def test_completion(
    kubectl: FakeKubectl, capfdbinary: pytest.CaptureFixture[bytes], words: list[str], answer: list[str]
) -> None:
    capfdbinary.readouterr()
    assert complete(words) == 0
    assert capfdbinary.readouterr().out.decode().splitlines() == answer
