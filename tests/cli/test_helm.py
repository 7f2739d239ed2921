"""`leafseal helm`, with a program in Helm's place: value files in memory, getters, and where plugins are placed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from leafseal.deploy.helm import process
from leafseal.system import lasting
from leafseal.testing import ThrowawayIdentity

from ..providers.gpg_home import gpg_home, needs_gpg
from .conftest import Run
from .fake_helm import fake_helm

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="files in memory are Linux's")

PASSWORD = "db:\n  password: swordfish\n"


@pytest.fixture
def helm(tmp_path: Path, work: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = fake_helm(tmp_path / "programs")
    monkeypatch.setenv("HELM_BIN", str(path))
    return path


@pytest.fixture
def values(leafseal: Run, work: Path, helm: Path, me: ThrowawayIdentity) -> Path:
    """Encrypted value files, and a plain one."""
    for name, text in {"s.yaml": PASSWORD, "a, b%.yaml": "a: 1\n", "tls.key": "PEM-swordfish"}.items():
        (work / name).write_text(text)
        assert leafseal("encrypt", "-i", "--age", me.recipient, name).code == 0
    (work / "plain.yaml").write_text("b: 2\n")
    return work


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "leafseal", "helm", "run", *arguments]
    return subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True, check=False)


def test_encrypted_files_are_handed_over_in_memory(values: Path) -> None:
    done = run(
        "upgrade", "-if", 'plain.yaml,"a, b%.yaml",?none.yaml', "r", ".", "--values=s.yaml,./s.yaml",
        "--set-file", "k=tls.key,x=plain.yaml", FAKE_EXIT="7",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (7, "")
    words = [line.removeprefix("word: ") for line in done.stdout.splitlines() if line.startswith("word: ")]
    first, same, key = (f"/proc/self/fd/{number}" for number in (200, 201, 202))
    assert words == [
        "upgrade", "-i", "-f", f"plain.yaml,{first}", "r", ".", "--values", f"{same},{same}",
        "--set-file", f"k={key},x=plain.yaml",
    ]  # fmt: skip
    read = done.stdout.split("file: ")[1:]
    assert read == ["a: 1\n"] * 2 + [PASSWORD] * 4 + ["PEM-swordfish"] * 2


def test_helm_has_our_place_and_our_environment(values: Path, helm: Path, me: ThrowawayIdentity) -> None:
    helm.write_text('#!/bin/sh\necho "$SOPS_AGE_KEY"; kill -TERM $$\n')
    done = run("template", "-f", "s.yaml")
    assert (done.returncode, done.stdout.strip()) == (-signal.SIGTERM, me.identity)  # a getter needs it


@pytest.mark.parametrize("way", ["/proc/self/environ", "../../key.txt"])
def test_a_chart_with_a_link_to_a_private_key_is_refused(way: str, values: Path) -> None:
    (values / "chart" / "files").mkdir(parents=True)
    (values / "chart" / "Chart.yaml").write_text("name: c\n")
    (values / "chart" / "values.yaml").symlink_to("../plain.yaml")
    (values / "chart" / "files" / "key").symlink_to(f"../{way}" if way.startswith(".") else way)
    done = run("template", "chart", "-f", "s.yaml")
    assert (done.returncode, done.stdout) == (1, "")
    assert "chart/files/key: a link leads out of the repository" in done.stderr
    assert "word: chart" in run("template", "chart", "-f", "s.yaml", LEAFSEAL_HELM_ALLOW="links").stdout


def test_nobody_can_change_what_helm_reads(values: Path, helm: Path) -> None:
    helm.write_text('#!/bin/sh\nstat -L -c %a "$3"; (echo more >> "$3") 2>/dev/null || echo refused\n')
    assert run("template", "-f", "s.yaml").stdout.split() == ["400", "refused"]


def test_nothing_encrypted_leaves_the_words_as_they_are(values: Path) -> None:
    words = ["lint", '-f="plain.yaml"', "-f", "leafseal:s.yaml", "--set-file=a={plain.yaml}", "--", "-f", "s.yaml"]
    assert run(*words).stdout == "".join(f"word: {word}\n" for word in words)


def test_files_of_an_unknown_command_are_touched_only_if_they_are_encrypted(values: Path) -> None:
    done = run("cm-push", "-f", "plain.yaml", "-f", "no file", "-f", "?x", "-f", "s.yaml")
    assert done.stdout.startswith(
        "word: cm-push\nword: -f\nword: plain.yaml\nword: -f\nword: no file\nword: -f\nword: ?x"
    )
    assert done.stdout.endswith(f"file: {PASSWORD}")


def test_copies_without_an_ending_are_read_as_what_they_are(values: Path) -> None:
    """helmfile gives Helm copies of value files, whose names end in letters and digits."""
    (values / "prod-shop-values-7d9f").write_bytes((values / "s.yaml").read_bytes())
    (values / "prod-shop-values-86c4").write_text("b: 2\n")
    done = run("template", "r", ".", "--values", "prod-shop-values-7d9f", "--values", "prod-shop-values-86c4")
    assert done.stdout.endswith(f"word: prod-shop-values-86c4\nfile: {PASSWORD}file: {PASSWORD}")


def test_a_stream_is_read_here_encrypted_or_not(values: Path) -> None:
    for name, text in (("s.yaml", PASSWORD), ("plain.yaml", "b: 2\n")):
        with open(name, "rb") as file:
            command = [sys.executable, "-P", "-m", "leafseal", "helm", "run", "lint", "-f", "-"]
            done = subprocess.run(command, stdin=file, capture_output=True, text=True, check=False)
        assert done.stdout == f"word: lint\nword: -f\nword: /proc/self/fd/200\nfile: {text}file: {text}"


_STARTED = """
import os, sys
def tell(path, *_):
    print(path, *sorted(sys.modules))
    sys.stdout.flush()
    os._exit(0)
os.execve = tell
sys.argv = sys.argv[1:]
from leafseal.__main__ import main
main()
"""


def test_without_files_nothing_is_loaded_that_opens_them(values: Path, helm: Path) -> None:
    loaded = {}
    for words in (["list"], ["lint", "-f", "s.yaml"]):
        command = [sys.executable, "-P", "-c", _STARTED, "leafseal", "helm", "run", *words]
        path, *modules = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        assert path == str(helm)
        assert not {"click", "subprocess", "concurrent.futures", "tempfile"} & set(modules)
        loaded[words[0]] = {name for name in modules if name.startswith(("leafseal", "cryptography", "yaml"))}
    opening = {"leafseal.operations.open", "leafseal.deploy.opening", "leafseal.providers.age", "yaml"}
    assert opening <= loaded["lint"]
    assert not opening & loaded["list"]


@pytest.fixture
def never(monkeypatch: pytest.MonkeyPatch) -> None:
    """Helm must not start."""

    def started(*_: object) -> int:
        raise AssertionError("Helm was started")

    monkeypatch.setattr(process, "become", started)
    monkeypatch.setattr(process, "supervise", started)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-f", "none.yaml"], "none.yaml: no such file"),
        (["-f", "."], ".: is a folder"),
        (["-f", "?torn.yaml"], "torn.yaml: "),
        (["--set-file", "a=none"], "none: no such file"),
        (["-f", '"s.yaml'], "quotation mark"),
        (["--values"], "--values needs a file"),
    ],
)
def test_with_anything_wrong_helm_does_not_start(
    leafseal: Run, values: Path, never: None, words: list[str], said: str
) -> None:
    (values / "torn.yaml").write_text((values / "s.yaml").read_text().replace("data:", "data:AAAA", 1))
    others = [word for number in range(8) for word in ("-f", f"{number}.yaml")]
    for number in range(8):
        (values / f"{number}.yaml").write_bytes((values / "s.yaml").read_bytes())
    result = leafseal("helm", "run", "template", ".", *others, *words)
    assert (result.code, result.out) == (1, b"")
    errors = [line for line in result.err.splitlines() if "error:" in line]
    assert len(errors) == 1
    assert said in errors[0]
    assert "swordfish" not in result.err


def test_a_plain_file_that_should_be_encrypted(
    leafseal: Run, values: Path, never: None, me: ThrowawayIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = f"creation_rules:\n  - path_regex: secret\n    age: {me.recipient}\n"
    (values / ".sops.yaml").write_text(rules)
    (values / "secret.yaml").write_text("password: swordfish\n")
    line = ["helm", "run", "lint", "-f", "plain.yaml", "-f", "secret.yaml"]
    result = leafseal(*line)
    assert result.code == 1
    assert "secret.yaml: not encrypted" in result.err
    assert "--leafseal-plain-ok" in result.err
    monkeypatch.setattr(process, "become", lambda words, _: int(words != line[2:]))
    assert leafseal(*line, "--leafseal-plain-ok").code == 0


def test_where_proc_is_hidden_files_are_in_a_folder_while_helm_runs(
    leafseal: Run, values: Path, helm: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "memory").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "memory"))
    monkeypatch.setattr(lasting, "can_have_open_files", lambda: False)
    helm.write_text('#!/bin/sh\necho "$3"; stat -c %a "$3" "${3%/*}"; cat "$3"; exit 3\n')
    result = leafseal("helm", "run", "lint", "-f", "s.yaml")
    path, mode, folder_mode, *lines = result.out.decode().splitlines()
    assert (result.code, mode, folder_mode, "\n".join(lines) + "\n") == (3, "600", "700", PASSWORD)
    assert f"in plain text in {os.path.dirname(path)} while Helm runs" in result.err
    assert not os.path.exists(os.path.dirname(path))


def test_help(leafseal: Run, work: Path) -> None:
    for words in (["-h"], ["--help"]):
        result = leafseal("helm", "run", *words)
        assert (result.code, result.err) == (0, "")
        assert b"Usage: leafseal helm run" in result.out
    assert leafseal("helm", "run").code == 1


def test_helm_in_the_working_tree_is_not_run(
    leafseal: Run, work: Path, monkeypatch: pytest.MonkeyPatch, values: Path
) -> None:
    monkeypatch.delenv("HELM_BIN")
    monkeypatch.setenv("PATH", str(fake_helm(work / "bin").parent))
    result = leafseal("helm", "run", "lint")
    assert (result.code, result.out) == (1, b"")
    assert "command not found: helm" in result.err
    monkeypatch.setenv("HELM_BIN", "helm")  # by which Helm, when it starts us, says that it was started so
    assert process.find(os.environ) == str(work / "bin" / "helm")


# -- getters


def test_the_getter_prints_one_file(leafseal: Run, values: Path) -> None:
    assert leafseal("helm", "getter", "", "", "", "leafseal:s.yaml") == (0, PASSWORD.encode(), "")
    assert leafseal("helm", "getter", "", "", "", "leafseal:?none.yaml") == (0, b"", "")
    assert leafseal("helm", "getter", "", "", "", "leafseal:plain-ok!plain.yaml") == (0, b"b: 2\n", "")
    assert leafseal("helm", "getter", "", "", "", "secrets://plain.yaml") == (0, b"b: 2\n", "")


@pytest.mark.parametrize(
    "url", ["leafseal:plain.yaml", "leafseal:none.yaml", "leafseal:../work/s.yaml", "leafseal:?torn"]
)
def test_the_getter_prints_nothing_else(leafseal: Run, values: Path, url: str) -> None:
    (values / "torn").write_text((values / "s.yaml").read_text()[:-60])
    result = leafseal("helm", "getter", "", "", "", url)
    assert (result.code, result.out) == (1, b"")
    assert result.err.startswith("leafseal: error: ")


def test_the_getter_of_helm_secrets(
    leafseal: Run, values: Path, me: ThrowawayIdentity, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    literal = '{"password": "swordfish"}\n'
    (values / "literal.json").write_text(literal)
    assert leafseal("encrypt", "-i", "--age", me.recipient, "literal.json").code == 0
    url = f"secrets+literal://{(values / 'literal.json').read_text()}"
    assert leafseal("helm", "getter", "", "", "", url) == (0, literal.encode(), "")
    assert leafseal("helm", "getter", "", "", "", "secrets+literal://plain") == (0, b"plain", "")
    monkeypatch.delenv("SOPS_AGE_KEY")
    key = tmp_path / "keys.txt"
    key.write_text(me.identity)
    key.chmod(0o600)
    assert leafseal("helm", "getter", "secrets://s.yaml").code == 1
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", "")
    assert leafseal("helm", "getter", f"secrets+age-import://{key}?{values}/s.yaml") == (0, PASSWORD.encode(), "")


@needs_gpg
def test_a_pgp_key_that_a_url_names_is_used_for_this_file_alone(
    leafseal: Run, values: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with gpg_home() as home:
        fingerprint = home.make_key("shop")
        (values / "key.asc").write_bytes(home.gpg("--export-secret-keys"))
        monkeypatch.setenv("GNUPGHOME", str(home.folder))
        (values / "p.yaml").write_text(PASSWORD)
        assert leafseal("encrypt", "-i", "--pgp", fingerprint, "p.yaml").code == 0
    monkeypatch.setenv("GNUPGHOME", str(tmp_path))
    assert leafseal("helm", "getter", "secrets://p.yaml").code == 1
    assert leafseal("helm", "getter", "secrets+gpg-import://key.asc?p.yaml") == (0, PASSWORD.encode(), "")
    assert not [name for name in os.listdir("/dev/shm") if name.startswith(f"leafseal-{os.geteuid()}-{os.getpid()}-")]
    result = leafseal("helm", "getter", "secrets+gpg-import://plain.yaml?p.yaml")
    assert (result.code, result.out) == (1, b"")
    assert "plain.yaml: gpg cannot import this key" in result.err


# -- plugins


def test_the_post_renderer_tells_in_a_file_what_helm_4_hides(
    leafseal: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "errors"
    monkeypatch.setenv("LEAFSEAL_ERROR_FILE", str(log))
    manifest = b"# Source: shop/a.yaml\nkind: Secret\ndata:\n  a: ENC[AES256_GCM,data:aa,iv:aa,tag:aa,type:str]\n"
    (tmp_path / "stream").write_bytes(b"---\n" + manifest)
    with open(tmp_path / "stream", encoding="utf-8") as stream:
        monkeypatch.setattr("sys.stdin", stream)
        result = leafseal("helm", "post-render")
    assert (result.code, result.out) == (1, b"")
    told = "shop/a.yaml: a value is still encrypted (ENC[…]) (hint: if it is from a value file, run "
    assert log.read_text().startswith(told)
    assert log.read_text().count("\n") == 1


def test_plugins_are_placed_where_helm_looks(
    leafseal: Run, helm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_PLUGINS", f"{tmp_path}/one:{tmp_path}/two")
    monkeypatch.setenv("FAKE_VERSION", "v3.21.4")
    result = leafseal("helm", "plugins")
    assert result.code == 0
    assert f"wrote {tmp_path}/one/leafseal\n" in result.err
    assert "secrets://" not in result.err
    assert f"--post-renderer {tmp_path}/one/leafseal/bin/leafseal-post-renderer" in result.err
    monkeypatch.setenv("FAKE_VERSION", "v4.0.0-rc.1")
    result = leafseal("helm", "plugins", "--helm", helm, "--dir", "here", "--secrets")
    assert (result.code, "-f leafseal:PATH or secrets://PATH" in result.err) == (0, True)
    assert sorted(os.listdir("here")) == ["leafseal", "leafseal-getter", "leafseal-post-renderer", "leafseal-secrets"]
    monkeypatch.setenv("PATH", f"{helm.parent}:{os.environ['PATH']}")
    assert leafseal("helm", "plugins", "--helm", "helm", "--dir", "there").code == 0
    monkeypatch.setenv("FAKE_VERSION", "v3.0.0")
    result = leafseal("helm", "plugins", "--dir", "here")
    assert (result.code, "Helm 3 loads no plugin" in result.err) == (220, True)


def test_plugins_for_helm_4_do_not_go_where_helm_3_looks(
    leafseal: Run, helm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, others = tmp_path / "shared", tmp_path / "others"
    others.mkdir()
    (others / "helm3").write_text(f"#!/bin/sh\ncase $1 in version) echo v3.21.4 ;; env) echo x:{shared} ;; esac\n")
    (others / "helm3").chmod(0o755)
    monkeypatch.setenv("FAKE_PLUGINS", str(shared))
    monkeypatch.setenv("FAKE_VERSION", "v4.2.4")
    path = os.environ["PATH"]
    monkeypatch.setenv("PATH", f"{others}:{path}")
    result = leafseal("helm", "plugins")
    assert (result.code, f"{others}/helm3 is Helm 3 and looks here too" in result.err) == (220, True)
    assert not shared.exists()
    assert leafseal("helm", "plugins", "--dir", "elsewhere").code == 0
    monkeypatch.setenv("PATH", path)
    monkeypatch.setenv("FAKE_VERSION", "v3.21.4")
    assert leafseal("helm", "plugins").code == 0
    monkeypatch.setenv("FAKE_VERSION", "v4.2.4")
    result = leafseal("helm", "plugins")  # a Helm 3 that became Helm 4, or one that nobody finds
    assert (result.code, "the plugins for Helm 3 are replaced" in result.err) == (0, True)
    assert "are replaced" not in leafseal("helm", "plugins").err


def test_plugins_that_helm_does_not_load_are_warned_of(
    leafseal: Run, helm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "does not load" not in leafseal("helm", "plugins", "--helm", helm, "--dir", "here").err
    helm.write_text(helm.read_text().replace('ls "$HELM_PLUGINS"', "exit 1"))
    result = leafseal("helm", "plugins", "--helm", helm, "--dir", "here")
    assert "warning: Helm does not load leafseal, leafseal-getter, leafseal-post-renderer; to see why" in result.err
    assert f"run: HELM_PLUGINS={os.getcwd()}/here {helm} plugin list" in result.err


def test_a_helm_that_is_named_and_not_found(leafseal: Run) -> None:
    result = leafseal("helm", "plugins", "--helm", "no-such-helm", "--dir", "here")
    assert (result.code, "command not found: no-such-helm" in result.err) == (127, True)


@pytest.mark.parametrize("version", ["v2.17.0", "v5.0.0", "", "Client: v3"])
def test_an_unknown_helm_gets_no_plugins(
    leafseal: Run, helm: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setenv("FAKE_VERSION", version)
    assert leafseal("helm", "plugins", "--dir", "here").code in (1, 220)
    assert not os.path.exists("here")
